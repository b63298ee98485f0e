"""Messages → Batches. Pure: nothing is read, sent or stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter

from bulksender.model import Batch, Message


def chunk(
    messages: Iterable[Message], size: int, run: str, first_number: int = 1
) -> Iterator[Batch]:
    """Split messages, in their order, into batches of at most `size`, numbered from `first_number`.

    `size` is 1 to 10,000 (8x8's limit). What 8x8 is to send at another time goes into another
    batch. Lazy: takes hardly more messages than the next batch needs.
    Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError("a batch holds at least one message")
    number = first_number
    for _, left in groupby(messages, attrgetter("due")):
        while messages_of_batch := list(islice(left, size)):
            yield Batch(run, number, messages_of_batch)
            number += 1

"""Messages → Batches. Pure: nothing is read, sent or stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from bulksender.model import Batch, Message


def chunk(
    messages: Iterable[Message], size: int, run: str, first_number: int = 1
) -> Iterator[Batch]:
    """Split messages, in their order, into batches of at most `size`, numbered from `first_number`.

    `size` is 1 to 10,000 (8x8's limit). Lazy: takes no more messages than the next batch needs.
    Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError("a batch holds at least one message")
    left = iter(messages)
    number = first_number
    while messages_of_batch := list(islice(left, size)):
        yield Batch(run, number, messages_of_batch)
        number += 1

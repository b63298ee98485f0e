"""Messages → batches: sizes, numbers, order, and no more taken than needed."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksender.chunker import chunk
from bulksender.model import Encoding, Message

RUN = "0123456789"


def messages(count: int) -> list[Message]:
    return [
        Message(row, f"+659123{row:04}", f"Hi {row}", 1, Encoding.GSM7)
        for row in range(2, count + 2)
    ]


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        *((0, 10, []), (1, 10, [1]), (9, 10, [9]), (10, 10, [10]), (11, 10, [10, 1])),
        *((30, 10, [10, 10, 10]), (3, 1, [1, 1, 1]), (25, 10, [10, 10, 5])),
    ],
)
def test_every_batch_is_full_but_the_last(count: int, size: int, sizes: list[int]) -> None:
    assert [len(batch.messages) for batch in chunk(messages(count), size, RUN)] == sizes


@given(st.integers(0, 60), st.integers(1, 70))
def test_no_message_is_lost_doubled_or_moved(count: int, size: int) -> None:
    batches = list(chunk(messages(count), size, RUN))
    assert [message for batch in batches for message in batch.messages] == messages(count)
    assert all(1 <= len(batch.messages) <= size for batch in batches)


def test_batches_are_numbered_from_one_and_carry_the_run() -> None:
    batches = list(chunk(messages(5), 2, RUN))
    assert [(batch.run, batch.number) for batch in batches] == [(RUN, 1), (RUN, 2), (RUN, 3)]
    assert [batch.client_batch_id for batch in batches] == [f"{RUN}-{n}" for n in (1, 2, 3)]


def test_a_resumed_run_goes_on_with_the_next_number() -> None:
    assert [batch.number for batch in chunk(messages(5), 2, RUN, 41)] == [41, 42, 43]


def test_a_client_batch_id_fits_8x8_up_to_the_billionth_batch() -> None:
    [batch] = chunk(messages(1), 1, RUN, 999_999_999)
    assert len(batch.client_batch_id) == 20


def test_no_message_is_taken_before_its_batch_is_asked_for() -> None:
    taken: list[int] = []

    def source() -> Iterator[Message]:
        for message in messages(9):
            taken.append(message.row)
            yield message

    batches = chunk(source(), 3, RUN)
    assert taken == []
    next(batches)
    assert taken == [2, 3, 4]
    next(batches)
    assert taken == [2, 3, 4, 5, 6, 7]


def test_a_text_that_all_share_is_told_once() -> None:
    one, two = messages(2)
    same = Message(3, two.destination, one.text, 1, Encoding.GSM7)
    [shared] = chunk([one, same], 5, RUN)
    [different] = chunk([one, two], 5, RUN)
    assert shared.shared_text == "Hi 2"
    assert different.shared_text is None


def due(*times: str) -> list[Message]:
    """Messages that are due at these times, in this order."""
    made = messages(len(times))
    return [msgspec.structs.replace(each, due=at) for each, at in zip(made, times, strict=True)]


MORNING, NOON = "2026-03-02T09:00:00.000+00:00", "2026-03-02T12:00:00.000+00:00"


def test_what_is_due_at_another_time_goes_into_another_batch() -> None:
    batches = list(chunk(due("", "", "", MORNING, NOON, NOON), 2, RUN))
    assert [(batch.number, batch.due, len(batch.messages)) for batch in batches] == [
        (1, "", 2), (2, "", 1), (3, MORNING, 1), (4, NOON, 2),
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["", MORNING, NOON]), max_size=40), st.integers(1, 10))
def test_no_batch_mixes_times_and_no_message_is_lost(times: list[str], size: int) -> None:
    batches = list(chunk(due(*times), size, RUN))
    assert [each for batch in batches for each in batch.messages] == due(*times)
    for batch in batches:
        assert {message.due for message in batch.messages} == {batch.due}
        assert len(batch.messages) <= size


def test_hardly_more_messages_are_taken_than_a_batch_needs() -> None:
    taken: list[int] = []

    def source() -> Iterator[Message]:
        for message in due(*[MORNING] * 3, *[NOON] * 6):
            taken.append(message.row)
            yield message

    batches = chunk(source(), 5, RUN)
    assert len(next(batches).messages) == 3
    assert len(taken) == 4
    assert len(next(batches).messages) == 5

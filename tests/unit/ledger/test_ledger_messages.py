"""What is to be sent comes out of the ledger as it went in, whatever people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulksender.model import CHUNK_ROWS, Encoding, Message

if TYPE_CHECKING:
    from conftest import Desk

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["a\x00b", '"]}\\', "\u2028\x1f\x7f", "\N{PARTY POPPER}e\u0301", "null", "\ufeff", "</"]
)
MESSAGES = st.lists(
    st.builds(
        Message,
        row=st.integers(2, 1_048_576),
        destination=st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
        text=TEXTS,
        parts=st.integers(1, 8),
        encoding=st.sampled_from(Encoding),
        reference=TEXTS,
        note=TEXTS,
    ),
    unique_by=(lambda message: message.row, lambda message: message.destination),
    min_size=1,
    max_size=5,
)


@given(MESSAGES)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_messages_are_the_same_when_they_are_read_again(
    desk: Desk, messages: list[Message]
) -> None:
    run = desk.plan(messages)

    in_order = sorted(messages, key=lambda message: message.row)
    assert list(run.ready()) == in_order
    assert run.previews(2) == in_order[:2]
    assert [(result.row, result.detail, result.destination) for result in run.outcomes()] == [
        (message.row, message.note, message.destination) for message in in_order
    ]


def test_all_pages_come_in_the_sheet_s_order(desk: Desk) -> None:
    run = desk.plan(CHUNK_ROWS + 3)

    assert [message.row for message in run.ready()] == list(range(2, CHUNK_ROWS + 5))

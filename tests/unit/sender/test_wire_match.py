"""An answer is matched to its batch message by message; what it does not say is UNKNOWN."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from bulksender.model import Batch, Encoding, Message, Outcome, RowStatus
from bulksender.sender.wire import (
    MAX_CLIENT_MESSAGE_ID,
    Settled,
    UnreadableError,
    client_message_id,
    error_of,
    match,
)

RUN = "abcdefghjk"


def all_of(settled: Settled) -> list[Outcome]:
    """Every message's outcome, in the order of the rows."""
    accepted = [Outcome(row, RowStatus.QUEUED, umid) for row, umid in settled.accepted.items()]
    return sorted([*accepted, *settled.others], key=lambda outcome: outcome.row)


def message(row: int, **fields: Any) -> Message:
    return Message(row, f"+65912{row:05}", f"Text {row}", 1, Encoding.GSM7, **fields)


BATCH = Batch(RUN, 1, [message(row) for row in range(2, 7)])


def answered(row: int, code: str = "QUEUED", **changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "umid": f"umid-{row}",
        "clientMessageId": f"{RUN}-{row}",
        "destination": f"+65912{row:05}",
        "encoding": "GSM7",
        "status": {"code": code, "description": f"said of {row}"},
    }
    return {name: value for name, value in (told | changes).items() if value != "left out"}


def answer(messages: Any, **changes: Any) -> bytes:
    whole = {"batchId": "batch", "acceptedCount": 5, "rejectedCount": 0, "messages": messages}
    return json.dumps(
        {name: value for name, value in (whole | changes).items() if value != "left out"}
    ).encode()


ALL = [answered(row) for row in range(2, 7)]


def statuses(body: bytes) -> list[str]:
    outcomes = all_of(match(BATCH, body))
    assert [outcome.row for outcome in outcomes] == [2, 3, 4, 5, 6]
    return [outcome.status.value for outcome in outcomes]


def test_every_message_gets_its_own_umid_and_the_batch_its_id() -> None:
    settled = match(BATCH, answer(ALL))
    assert settled.batch_id == "batch"
    assert [outcome.umid for outcome in all_of(settled)] == [f"umid-{row}" for row in range(2, 7)]
    assert {outcome.status for outcome in all_of(settled)} == {RowStatus.QUEUED}


def test_the_order_of_the_answer_does_not_matter() -> None:
    shuffled = random.Random(7).sample(ALL, len(ALL))
    assert shuffled != ALL
    assert match(BATCH, answer(shuffled)) == match(BATCH, answer(ALL))


def test_a_destination_may_come_without_its_plus() -> None:
    bare = [answered(row, destination=f"65912{row:05}") for row in range(2, 7)]
    assert statuses(answer(bare)) == ["QUEUED"] * 5


@pytest.mark.parametrize("destination", [None, "", "left out"])
def test_a_destination_may_be_left_out(destination: str | None) -> None:
    assert statuses(answer([answered(2, destination=destination), *ALL[1:]])) == ["QUEUED"] * 5


def test_a_message_that_is_left_out_is_unknown() -> None:
    assert statuses(answer(ALL[1:])) == ["UNKNOWN", *["QUEUED"] * 4]


@pytest.mark.parametrize("messages", [None, []])
def test_counts_alone_settle_nothing(messages: list[dict[str, Any]] | None) -> None:
    assert statuses(answer(messages)) == ["UNKNOWN"] * 5
    assert statuses(answer("left out")) == ["UNKNOWN"] * 5


def test_another_destination_is_unknown() -> None:
    other = answered(2, destination="+6599999999")
    assert statuses(answer([other, *ALL[1:]])) == ["UNKNOWN", *["QUEUED"] * 4]


def test_answers_that_swap_two_numbers_settle_neither() -> None:
    swapped = [answered(2, destination="+6591200003"), answered(3, destination="+6591200002")]
    assert statuses(answer([*swapped, *ALL[2:]])) == ["UNKNOWN"] * 2 + ["QUEUED"] * 3


@pytest.mark.parametrize("umid", ["umid-2", None, "", "left out"])
def test_a_rejected_message_needs_no_umid_and_keeps_its_reason(umid: str | None) -> None:
    outcome = all_of(match(BATCH, answer([answered(2, "REJECTED", umid=umid), *ALL[1:]])))[0]
    assert (outcome.status, outcome.detail) == (RowStatus.REJECTED, "said of 2")
    assert outcome.umid == ("umid-2" if umid == "umid-2" else "")


def test_a_rejection_without_a_reason_says_so() -> None:
    rejected = answered(2, status={"code": "REJECTED"})
    outcome = all_of(match(BATCH, answer([rejected, *ALL[1:]])))[0]
    assert outcome.status is RowStatus.REJECTED
    assert "no reason" in outcome.detail


@pytest.mark.parametrize("umid", [None, "", "left out"])
def test_queued_without_a_umid_is_unknown(umid: str | None) -> None:
    assert statuses(answer([answered(2, umid=umid), *ALL[1:]]))[0] == "UNKNOWN"


@pytest.mark.parametrize("status", [None, "left out", {"code": "SENT"}, {"code": "queued"}])
def test_another_status_is_unknown(status: object) -> None:
    assert statuses(answer([answered(2, status=status), *ALL[1:]])) == ["UNKNOWN", *["QUEUED"] * 4]


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_repeated_message_the_queued_one_counts(order: int) -> None:
    twice = [answered(2, "REJECTED"), answered(2)][::order]
    assert statuses(answer([*twice, *ALL[1:]])) == ["QUEUED"] * 5


def test_the_same_answer_twice_is_no_contradiction() -> None:
    assert match(BATCH, answer([*ALL, *ALL])) == match(BATCH, answer(ALL))


def test_messages_that_were_never_sent_are_passed_over() -> None:
    strangers = [answered(99), answered(2, clientMessageId=None), answered(2, clientMessageId="")]
    assert match(BATCH, answer([*strangers, *ALL])) == match(BATCH, answer(ALL))


def test_an_answer_for_another_run_settles_nothing() -> None:
    other = [answered(row, clientMessageId=f"zzzzzzzzzz-{row}") for row in range(2, 7)]
    assert statuses(answer(other)) == ["UNKNOWN"] * 5


def test_fields_that_8x8_may_add_are_passed_over() -> None:
    more = [each | {"price": {"total": 1}} for each in ALL]
    assert match(BATCH, answer(more, requestId="x")) == match(BATCH, answer(ALL))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"accepted"',
        b'["accepted", 5]',
        b"<html>502</html>",
        b"\x89\x00 not JSON \xff",
        b'{"batchId": "\xff"}',
        answer(ALL)[:-20],
        answer(ALL) + b"}",
        answer(ALL, batchId="left out"),
        answer(ALL, batchId=7),
        answer({"2": "QUEUED"}),
        answer(["QUEUED"] * 5),
        answer([answered(2, umid=7), *ALL[1:]]),
    ],
)
def test_a_body_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        match(BATCH, body)


def test_the_client_message_id_names_run_and_row_with_the_users_id_behind() -> None:
    assert client_message_id(RUN, message(7)) == f"{RUN}-7"
    assert client_message_id(RUN, message(7, reference="C-100")) == f"{RUN}-7-C-100"


def test_a_long_id_of_the_users_is_cut_and_stays_unique() -> None:
    long = "x" * 500
    ids = [client_message_id(RUN, message(row, reference=long)) for row in (1, 11, 111)]
    assert {len(each) for each in ids} == {MAX_CLIENT_MESSAGE_ID}
    assert len(set(ids)) == 3


def test_an_answer_to_messages_with_the_users_ids_is_matched() -> None:
    batch = Batch(RUN, 1, [message(2, reference="10"), message(21, reference="0")])
    told = [
        answered(21, clientMessageId=f"{RUN}-21-0"),
        answered(2, clientMessageId=f"{RUN}-2-10"),
    ]
    assert [o.umid for o in all_of(match(batch, answer(told)))] == ["umid-2", "umid-21"]


def test_an_error_says_message_code_and_id() -> None:
    body = b'{"code": 1200, "message": "Unauthorized", "errorId": "e-1", "timestamp": "now"}'
    assert error_of(body) == ("Unauthorized", "1200", "e-1")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"null"])
def test_a_gateways_error_says_nothing(body: bytes) -> None:
    assert error_of(body) == ("", "", "")

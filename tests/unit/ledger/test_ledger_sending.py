"""A batch in the ledger: claimed before it leaves, settled by its answer, UNKNOWN when orphaned."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bulksender import campaign
from bulksender.errors import LedgerError, Refused
from bulksender.ledger import Attempt, Ledger, Run, RunState
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.settings import Job, SheetOptions
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
STATES = "SELECT status, count(*) FROM message GROUP BY status ORDER BY status"


def batch_of(run: Run, rows: list[int], number: int = 1) -> Batch:
    found = {message.row: message for message in run.previews(100)}
    return Batch(run.id, number, [found[row] for row in rows])


def queued(batch: Batch) -> list[Outcome]:
    return [Outcome(m.row, RowStatus.QUEUED, f"umid-{m.row}") for m in batch.messages]


# Before the POST


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_batch_is_committed_as_sending_before_its_post_arrives(
    desk: Desk, raw_server: RawServers, concurrency: int
) -> None:
    seen: list[tuple[set[Any], set[Any], list[Any]]] = []

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            answer = request.queued()
            number = int(answer["clientBatchId"].rpartition("-")[2])
            posted = {each["destination"] for each in answer["messages"]}
            ask = "SELECT status, destination FROM message WHERE batch = ?"
            ledger = desk.query(ask, number)
            batch = desk.query("SELECT state, rows FROM batch WHERE number = ?", number)
            seen.append(({("SENDING", each) for each in posted}, set(ledger), batch))
            peer.answer(answer)

    run = desk.plan(25, concurrency=concurrency)
    assert desk.send(run, raw_server(serve).base_url) is None

    assert len(seen) == 5
    for posted, ledger, batch in seen:
        assert posted == ledger
        assert batch == [("SENDING", 5)]
    assert desk.counts(run) == {"QUEUED": 25}


def test_the_whole_sheet_is_in_the_ledger_before_the_first_post(
    desk: Desk, raw_server: RawServers
) -> None:
    numbers = [f"+65{91_000_000 + row}" for row in range(10_500)]  # more than one chunk
    sheet = desk.path.with_name("contacts.csv")
    sheet.write_text("Mobile\n" + "\n".join([*numbers, "nonsense"]) + "\n")
    seen: list[Any] = []

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            if not seen:
                seen.append((desk.query(STATES), desk.query("SELECT state, hash FROM run")))
            peer.answer(request.queued())

    job = Job(sheet=SheetOptions(path=str(sheet)), template="Hello", concurrency=1)
    run = campaign.plan(job, desk.ledger)
    run.approve()
    desk.send(run, raw_server(serve).base_url)

    [(states, runs)] = seen
    states = dict(states)
    assert states.pop("INVALID") == 1
    assert states.keys() <= {"READY", "SENDING"}
    assert sum(states.values()) == 10_500
    assert runs == [("SENDING", run.hash)]
    assert desk.counts(run) == {"INVALID": 1, "QUEUED": 10_500}


@pytest.mark.parametrize("status", ["SENDING", "QUEUED", "REJECTED", "UNKNOWN"])
def test_a_batch_with_a_row_that_is_not_ready_is_not_claimed(desk: Desk, status: str) -> None:
    run = desk.plan(6)
    first, batch = batch_of(run, [3]), batch_of(run, [2, 3, 4], 2)
    run.claim(first)
    if status != "SENDING":
        run.settle(first, [Outcome(3, RowStatus(status))], [], "")

    with pytest.raises(LedgerError, match="3 rows were to be claimed and 2 were READY"):
        run.claim(batch)

    assert desk.counts(run) == {"READY": 5, status: 1}
    assert run.last_batch() == 1


def test_a_batch_that_leaves_out_a_ready_row_between_its_rows_is_not_claimed(desk: Desk) -> None:
    run = desk.plan(6)
    with pytest.raises(LedgerError):
        run.claim(batch_of(run, [2, 4]))
    assert desk.counts(run) == {"READY": 6}


def test_a_batch_number_is_claimed_once(desk: Desk) -> None:
    run = desk.plan(6)
    run.claim(batch_of(run, [2, 3]))
    with pytest.raises(LedgerError):
        run.claim(Batch(run.id, 1, [desk.message(4), desk.message(5)]))
    assert desk.counts(run) == {"READY": 4, "SENDING": 2}


def test_a_run_claims_no_rows_of_another(desk: Desk) -> None:
    run, other = desk.plan(3), desk.plan(3, subaccount="other")
    run.claim(batch_of(run, [2, 3, 4]))
    assert desk.counts(run) == {"SENDING": 3}
    assert desk.counts(other) == {"READY": 3}


# After it


def test_a_settled_batch_keeps_each_rows_outcome_and_8x8s_batch_id(desk: Desk) -> None:
    run = desk.plan([desk.message(2, note="a note"), desk.message(3), desk.message(4)])
    batch = batch_of(run, [2, 3, 4])
    run.claim(batch)
    rejected = Outcome(3, RowStatus.REJECTED, "umid-3", "why")
    run.settle(batch, [queued(batch)[0], rejected, queued(batch)[2]], [], "8x8-batch")
    rows = desk.rows(run)
    assert [(r.umid, r.status, r.detail) for r in rows.values()] == [
        ("umid-2", "QUEUED", "a note"),
        ("umid-3", "REJECTED", "why"),
        ("umid-4", "QUEUED", ""),
    ]
    assert {(r.batch_id, bool(r.sent_at)) for r in rows.values()} == {("8x8-batch", True)}


def test_a_batch_that_was_settled_is_not_settled_another_way(desk: Desk) -> None:
    run = desk.plan(3)
    batch = batch_of(run, [2, 3, 4])
    run.claim(batch)
    run.settle(batch, queued(batch), [], "8x8-batch")
    run.release(batch, [])
    assert desk.counts(run) == {"QUEUED": 3}


def test_a_released_batch_is_ready_again_under_a_new_number(desk: Desk) -> None:
    run = desk.plan(3)
    run.claim(batch_of(run, [2, 3, 4]))
    run.release(Batch(run.id, 1, []), [])
    assert [(m.row, m.text) for m in run.ready()] == [(2, "Text of row 2"), (3, "Text of row 3"),
                                                      (4, "Text of row 4")]  # fmt: skip
    assert run.last_batch() == 1
    assert {(r.batch_id, r.sent_at) for r in desk.rows(run).values()} == {("", "")}


def test_attempts_are_kept_with_what_came_back(desk: Desk) -> None:
    run = desk.plan(3)
    batch = batch_of(run, [2, 3, 4])
    run.claim(batch)
    attempts = [
        Attempt("2026-01-01T00:00:00.000+00:00", "2026-01-01T00:00:01.000+00:00", 429, "1", "e-1"),
        Attempt("2026-01-01T00:00:02.000+00:00", "2026-01-01T00:00:03.000+00:00", 200),
    ]
    run.settle(batch, queued(batch), attempts, "8x8-batch")
    kept = desk.query("SELECT batch, number, http_status, error, error_id, ended_at FROM attempt")
    assert kept == [
        (1, 1, 429, "1", "e-1", "2026-01-01T00:00:01.000+00:00"),
        (1, 2, 200, "", "", "2026-01-01T00:00:03.000+00:00"),
    ]


def test_the_attempts_of_a_real_run_tell_status_and_error_id(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    faults = [Fault(FaultKind.TOO_MANY, post=1), Fault(FaultKind.CLOSE_AFTER, post=3),
              Fault(FaultKind.UNAUTHORIZED, post=4)]  # fmt: skip
    run = desk.plan(25)
    desk.send(run, simulated(faults=faults))
    kept = desk.query("SELECT batch, number, http_status, error, error_id <> '' FROM attempt")
    assert [(batch, number, status) for batch, number, status, *_ in kept] == [
        (1, 1, 429),
        (1, 2, 200),
        (2, 1, None),
        (3, 1, 401),
    ]
    assert [error for _, _, status, error, _ in kept if status != 429] == [
        "",
        "ConnectionError",
        "1200",
    ]
    assert [bool(has_id) for *_, has_id in kept] == [True, False, False, True]
    states = desk.query("SELECT state FROM batch ORDER BY number")
    assert [state for (state,) in states] == ["SETTLED", "UNKNOWN", "NOT_ACCEPTED"]


def test_ready_messages_come_in_the_sheets_order_while_they_are_claimed(desk: Desk) -> None:
    run = desk.plan(50)
    rows = []
    for number, message in enumerate(run.ready(), 1):
        run.claim(Batch(run.id, number, [message]))
        rows.append(message.row)
    assert rows == list(range(2, 52))


# A process that died


def test_what_a_dead_process_had_in_flight_is_unknown_when_the_run_is_reopened(desk: Desk) -> None:
    run = desk.plan(9)
    for number, rows in enumerate(([2, 3, 4], [5, 6, 7]), 1):
        run.claim(batch_of(run, rows, number))
    first = Batch(run.id, 1, [desk.message(row) for row in (2, 3, 4)])
    run.settle(first, queued(first), [], "8x8-batch")
    desk.ledger.close()  # as if it had died: nothing is ended

    with Ledger(desk.path) as ledger:
        found = campaign.resumable(None, ledger)
        assert found.id == run.id
        found.reopen(found.job)
        assert dict(found.counts()) == {"QUEUED": 3, "UNKNOWN": 3, "READY": 3}
        assert [m.row for m in found.ready()] == [8, 9, 10]
        assert found.last_batch() == 2
        assert {r.detail for r in found.outcomes() if r.status is RowStatus.UNKNOWN} == {
            "the program ended before 8x8's answer was recorded"
        }


def test_a_run_with_rows_left_is_stopped_and_one_without_is_finished(desk: Desk) -> None:
    run = desk.plan(3)
    run.end()
    assert desk.ledger.run(run.id).state is RunState.STOPPED
    batch = batch_of(run, [2, 3, 4])
    run.claim(batch)
    run.settle(batch, queued(batch), [], "")
    run.end()
    assert desk.ledger.run(run.id).state is RunState.FINISHED
    assert campaign.resumable(run.id, desk.ledger).id == run.id, "its report can be written again"
    with pytest.raises(Refused, match="No run"):
        campaign.resumable(None, desk.ledger)


def test_a_plan_that_nobody_approved_cannot_be_resumed(desk: Desk) -> None:
    run = desk.plan(3, approve=False)
    with pytest.raises(Refused):
        campaign.resumable(run.id, desk.ledger)
    run.decline()
    with pytest.raises(Refused):
        campaign.resumable(run.id, desk.ledger)

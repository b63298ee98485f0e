"""All runs: listed, purged, and a person forgotten in each of them, without a trace."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from ledger_steps import (
    Clock,
    bytes_beside,
    claimed,
    entry,
    lost,
    purged_all,
    queued,
    rejected,
    settle,
    tried_again,
)

from bulksender import campaign
from bulksender.errors import AlreadySent, LedgerError, Refused, RunBusy
from bulksender.ledger import (
    Attempt,
    Ledger,
    PurgedRuns,
    RunLine,
    RunState,
    Sent,
    copies,
    forget,
    iso,
    purge_runs,
    runs,
    sent_to,
)
from bulksender.model import Encoding, Outcome, RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk

ONE = "+6591111111"
SECRET = "Your balance is 819.19"


# Listing


def test_runs_are_listed_the_oldest_first_with_what_they_came_to(timed: Desk, clock: Clock) -> None:
    first = timed.plan(3)
    queued(first, 2)
    rejected(first)
    first.end()
    clock.wait(hours=1)
    second = tried_again(timed, first)
    third = timed.plan(1, approve=False, simulate=True)
    third.decline()
    assert list(runs(timed.ledger)) == [
        RunLine(first.id, RunState.FINISHED, "2026-03-02T09:00:00.000+00:00", "sheet.csv",
                {RowStatus.QUEUED: 1, RowStatus.REJECTED: 2}, None, False, False, True),
        RunLine(second.id, RunState.SENDING, "2026-03-02T10:00:00.000+00:00", "sheet.csv",
                {RowStatus.READY: 2}, first.id, False, False, True),
        RunLine(third.id, RunState.DECLINED, "2026-03-02T10:00:00.000+00:00", "sheet.csv",
                {}, None, True, False, False),
    ]  # fmt: skip


def test_an_empty_ledger_lists_nothing(desk: Desk) -> None:
    assert list(runs(desk.ledger)) == []


# Purging


def test_a_purged_run_keeps_its_counts_and_none_of_its_texts(timed: Desk, clock: Clock) -> None:
    rows = [timed.message(row, f"{SECRET}, customer {row}") for row in range(2, 1_002)]
    bad = RejectedRow(2_000, RowStatus.INVALID, "no number", "", None)
    run = timed.plan(rows, [bad], template=f"{SECRET}, customer {{{{ n }}}}")
    queued(run)
    run.end()
    counts, planned = run.counts(), run.planned()
    assert planned == {Encoding.GSM7: (1_000, 1_000)}

    assert purged_all(timed, clock) == PurgedRuns(1, 1_001, [])

    left = timed.ledger.run(run.id)
    assert (left.counts(), left.planned()) == (counts, planned)
    assert list(left.outcomes()) == []
    assert left.purged_at == "2026-03-03T09:00:00.000+00:00"
    assert left.job.template is None
    assert [(line.purged, line.counts) for line in runs(timed.ledger)] == [(True, counts)]
    assert [line.state for line in left.batch_lines()] == ["SETTLED"]
    timed.ledger.compact()
    file_bytes = bytes_beside(timed.path)
    assert SECRET.encode() not in file_bytes
    assert b"+65912" not in file_bytes


def test_a_run_is_purged_once(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    queued(run)
    run.end()
    assert purged_all(timed, clock).runs == 1
    assert purged_all(timed, clock) == PurgedRuns(0, 0, [])
    assert timed.ledger.run(run.id).counts() == {"QUEUED": 2}


def test_the_same_plan_is_refused_after_the_first_was_purged(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    queued(run)
    run.end()
    purged_all(timed, clock)
    with pytest.raises(AlreadySent, match=run.id):
        campaign.refuse_unsendable(timed.plan(2, approve=False), timed.ledger)


def test_a_purged_run_that_reached_nobody_refuses_nothing(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    rejected(run)
    run.end()
    purged_all(timed, clock)
    assert timed.ledger.sent_before(timed.plan(2, approve=False)) is None


def test_only_runs_from_before_the_time_are_purged(timed: Desk, clock: Clock) -> None:
    old = timed.plan(1)
    queued(old)
    clock.wait(seconds=1)
    young = timed.plan([timed.message(2, "Other")])
    queued(young)
    assert purge_runs(timed.ledger, iso(clock())) == PurgedRuns(1, 1, [])
    assert timed.ledger.run(young.id).purged_at is None
    assert len(timed.rows(young)) == 1


def test_a_run_whose_rows_wait_or_are_unsettled_is_kept(timed: Desk, clock: Clock) -> None:
    waiting, unsure, flying = timed.plan(3), timed.plan(2), timed.plan(1)
    queued(waiting, 2)
    lost(unsure)
    claimed(flying)
    assert purged_all(timed, clock) == PurgedRuns(
        0,
        0,
        [
            (waiting.id, f"rows of {waiting.id} wait to be sent or settled (2)"),
            (unsure.id, f"rows of {unsure.id} wait to be sent or settled (2)"),
            (flying.id, f"rows of {flying.id} wait to be sent or settled (1)"),
        ],
    )
    assert timed.query("SELECT count(*) FROM message") == [(6,)]


def test_a_plan_that_nobody_approved_goes_whole(timed: Desk, clock: Clock) -> None:
    run = timed.plan(3, approve=False)
    assert purged_all(timed, clock) == PurgedRuns(1, 3, [])
    with pytest.raises(LedgerError, match="There is no run"):
        timed.ledger.run(run.id)
    assert timed.query("SELECT count(*) FROM message") == [(0,)]


def test_a_run_that_somebody_works_on_is_kept(timed: Desk, clock: Clock) -> None:
    run = timed.plan(1)
    queued(run)
    with timed.ledger.owning(run.id):
        assert purged_all(timed, clock).kept == [(run.id, "another process is working on it")]
    assert purged_all(timed, clock).runs == 1


# Forgetting a person


def test_a_person_is_forgotten_in_all_runs_and_the_counts_stay(timed: Desk, clock: Clock) -> None:
    rows = [timed.message(2, SECRET, destination=ONE, reference="ref-819"), timed.message(3)]
    sent = timed.plan(rows)
    queued(sent)
    unsure = timed.plan(rows, subaccount="other")
    lost(unsure)
    waiting = timed.plan(rows, subaccount="third")
    other = timed.plan([timed.message(4)])

    forgotten = forget(timed.ledger, ONE)

    assert (forgotten.runs, forgotten.rows, forgotten.unknown) == (3, 3, 1)
    assert timed.counts(sent) == {"QUEUED": 2}
    assert timed.counts(unsure) == {"UNKNOWN": 2}
    assert timed.counts(waiting) == {"OPTED_OUT": 1, "READY": 1}
    assert [message.row for message in waiting.ready()] == [3]
    assert timed.counts(other) == {"READY": 1}
    for run in (sent, unsure, waiting):
        row = timed.rows(run)[2]
        assert (row.destination, row.umid, row.detail) == ("", "", "removed on request")
        assert timed.rows(run)[3].destination, "nobody else is forgotten"
    timed.ledger.compact()
    left = bytes_beside(timed.path)
    for secret in (ONE, SECRET, "ref-819"):
        assert secret.encode() not in left


def test_a_number_that_is_nowhere_changes_nothing(timed: Desk) -> None:
    timed.plan(2)
    assert forget(timed.ledger, ONE).rows == 0


def test_runs_that_are_named_keep_the_person(timed: Desk) -> None:
    first, second = timed.plan([timed.message(2)]), timed.plan([timed.message(2)])
    done = forget(timed.ledger, timed.message(2).destination, but={first.id})
    assert (done.runs, done.rows) == (1, 1)
    assert timed.rows(first)[2].destination
    assert not timed.rows(second)[2].destination


def test_nobody_is_forgotten_while_one_of_his_runs_is_worked_on(timed: Desk) -> None:
    first, second = timed.plan([timed.message(2)]), timed.plan([timed.message(2)])
    with timed.ledger.owning(second.id), pytest.raises(RunBusy, match=second.id):
        forget(timed.ledger, timed.message(2).destination)
    assert timed.rows(first)[2].destination


@pytest.mark.parametrize("what", ["forget", "purge"])
def test_while_another_process_reads_it_the_ledger_says_that_bytes_may_be_left(
    desk: Desk, clock: Clock, what: str
) -> None:
    run = desk.plan([desk.message(2, SECRET)])
    queued(run)
    run.end()

    def remove(ledger: Ledger) -> None:
        if what == "forget":
            forget(ledger, desk.message(2).destination)
        else:
            purge_runs(ledger, "2999-01-01")
        ledger.compact()

    desk.ledger.close()
    desk.ledger = Ledger(desk.path, durable=False, patience=0.05)
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN").close()
        other.execute("SELECT * FROM message").fetchall()
        with pytest.raises(LedgerError, match="is in use: what was removed is gone from it"):
            remove(desk.ledger)
    assert desk.query("SELECT text FROM message WHERE text <> ''") == []
    desk.ledger.compact()
    assert SECRET.encode() not in bytes_beside(desk.path)


def test_what_8x8_may_keep_of_a_person_is_told_by_account(timed: Desk) -> None:
    me: dict[str, Any] = {"destination": ONE}
    first = timed.plan([timed.message(2, **me)], subaccount="first")
    queued(first)
    second = timed.plan([timed.message(2, "Other", **me)], subaccount="second")
    lost(second)
    settle(second, timed.ledger, [entry(second, 2)])
    queued(timed.plan([timed.message(2, **me)], simulate=True))
    queued(timed.plan([timed.message(2)]))
    timed.plan([timed.message(2, **me)])
    assert sent_to(timed.ledger, ONE) == [
        Sent("umid-2", "https://sms.8x8.com", "first", first.id),
        Sent("log-2", "https://sms.8x8.com", "second", second.id),
    ]


def test_copies_of_the_ledger_that_were_put_aside_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "a [b]*"
    with Ledger(folder / "x[1].db") as ledger:
        theirs = ["x[1].db.schema-1", "x[1].db.schema-2", ".x[1].db.schema-1.ab.tmp"]
        for name in (*theirs, "x1.db.schema-1", "x[1].db-x", "x[1].db.bak", ".x1.db.schema-1.tmp"):
            (folder / name).touch()
        assert sorted(path.name for path in copies(ledger)) == sorted(theirs)


# Small things that are told of a run


def test_a_lock_that_cannot_be_taken_is_said_so(desk: Desk) -> None:
    run = desk.plan(1, approve=False)
    desk.path.with_name("other.db.locks").write_text("")
    with (
        Ledger(desk.path.with_name("other.db"), durable=False) as ledger,
        pytest.raises(LedgerError, match=r"The lock .*other\.db\.locks.* cannot be taken"),
        ledger.owning(run.id),
    ):
        pass


def test_whether_a_run_is_owned_can_be_asked(desk: Desk) -> None:
    run = desk.plan(1)
    assert desk.ledger.is_owned(run.id) is False
    with desk.ledger.owning(run.id):
        assert desk.ledger.is_owned(run.id) is True
    assert desk.ledger.is_owned(run.id) is False


def test_a_run_in_a_scratch_ledger_cannot_be_named_later(desk: Desk) -> None:
    assert desk.plan(1).kept
    with Ledger.scratch() as ledger, ledger.plan(desk.job()) as run:
        assert not run.kept


def test_rehearsals_are_told_apart(desk: Desk) -> None:
    pretended = desk.plan(1, simulate=True)
    desk.plan(1)
    assert desk.ledger.pretended() == {pretended.id}


def test_the_facts_of_a_sheet_that_was_replaced_are_kept(desk: Desk) -> None:
    run = desk.plan(1)
    new = msgspec.structs.replace(desk.facts(), fingerprint="new", width=9)
    run.rebase(new)
    assert run.facts == desk.ledger.run(run.id).facts == new


def test_problems_and_notes_are_told_in_groups(desk: Desk) -> None:
    rows = [desk.message(row, note="has €") for row in (2, 3)]
    rows += [desk.message(row, destination=ONE) for row in (4, 5, 6)]
    bad = [RejectedRow(row, RowStatus.INVALID, "no number") for row in range(40, 7, -1)]
    run = desk.plan(rows, bad)
    assert run.problems(2) == [
        (5, "DUPLICATE", "the same number as row 4"),
        (6, "DUPLICATE", "the same number as row 4"),
    ]
    invalid, duplicate = run.problem_groups(5)
    assert (invalid.status, invalid.detail, invalid.rows) == ("INVALID", "no number", 33)
    assert invalid.first == tuple(range(8, 8 + len(invalid.first)))
    assert (duplicate.detail, duplicate.first) == ("the same number as an earlier row", (5, 6))
    [note] = run.notes(5)
    assert (note.status, note.detail, note.rows, note.first) == ("", "has €", 2, (2, 3))


def test_batches_are_told_with_their_attempts(timed: Desk) -> None:
    run = timed.plan(2)
    batch = claimed(run, 2)
    attempts = (Attempt("a", "b", 429, "1", "e"), Attempt("c", "d", 200))
    run.release(batch, attempts[:1])
    again = claimed(run, 2)
    run.settle(again, [Outcome(2, RowStatus.QUEUED, "umid")], attempts, "8x8")
    claimed(run, 3)
    lines = list(run.batch_lines())
    assert [(line.number, line.state, line.attempts, line.batch_id) for line in lines] == [
        (1, "NOT_ACCEPTED", attempts[:1], ""),
        (2, "SETTLED", attempts, "8x8"),
        (3, "SENDING", (), ""),
    ]
    assert run.batches() == 2


def test_a_purged_run_refuses_what_needs_its_rows(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    queued(run)
    run.refuse_purged()
    purged_all(timed, clock)
    with pytest.raises(Refused, match=f"removed on 2026-03-03.*bulksender show {run.id}"):
        timed.ledger.run(run.id).refuse_purged()

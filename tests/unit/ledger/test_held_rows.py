"""Rows that another run may have sent: they wait until that one is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ledger_steps import Clock, claimed, ended, entry, lost, settle

from bulksender.errors import AlreadySent
from bulksender.ledger import Run, iso, purge_runs
from bulksender.model import Previous, RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk


def held(desk: Desk, first: Run, rows: int = 2) -> Run:
    """A later plan of the same rows and one more, which waits for the first to be settled."""
    run = desk.plan(rows + 1, approve=False)
    run.approve()
    told = desk.rows(run)
    for row in range(2, rows + 2):
        said = f"may have been sent in run {first.id}: settle that run first"
        assert (told[row].status, told[row].detail) == ("UNKNOWN", said)
    assert told[rows + 2].status is RowStatus.READY
    return run


@pytest.mark.parametrize("status", ["QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ"])
def test_a_row_that_the_other_run_has_sent_is_already_sent(timed: Desk, status: str) -> None:
    first = timed.plan(2)
    lost(first)
    run = held(timed, first)
    settle(first, timed.ledger, [entry(first, 2, status=RowStatus(status))])
    run.settle_held()
    rows = timed.rows(run)
    assert (rows[2].status, rows[2].umid) == ("ALREADY_SENT", "log-2")
    assert rows[2].detail == f"sent in run {first.id}"
    assert rows[3].status is RowStatus.UNKNOWN, "that one is still open"


def test_a_row_that_was_not_sent_elsewhere_is_not_called_so(timed: Desk, clock: Clock) -> None:
    first = timed.plan(2)
    lost(first)
    run = held(timed, first)
    clock.wait(hours=1)
    settling, _ = settle(first, timed.ledger, [entry(first, 2, status=RowStatus.REJECTED)])
    settling.send_anew()
    run.settle_held()
    assert "ALREADY_SENT" not in timed.counts(run)
    assert timed.rows(run)[3].status is RowStatus.UNKNOWN
    ended(first, claimed(first))
    run.settle_held()
    assert timed.rows(run)[3].status is RowStatus.ALREADY_SENT


def test_a_row_that_came_in_unsure_is_told_by_its_number(timed: Desk) -> None:
    first = timed.plan(2)
    lost(first)
    settle(first, timed.ledger, [entry(first, 2), entry(first, 3)])
    before = Previous("", "UNKNOWN", first.id)
    rows = [
        RejectedRow(2, RowStatus.UNKNOWN, "may have", timed.message(2).destination, before),
        RejectedRow(3, RowStatus.UNKNOWN, "may have", "+6598888888", before),
    ]
    run = timed.plan([timed.message(4)], rows, approve=False)
    told = timed.rows(run)
    assert (told[2].status, told[2].umid) == ("ALREADY_SENT", "log-2")
    assert told[3].status is RowStatus.UNKNOWN, "another number"


def test_a_row_that_became_unsure_while_somebody_thought_is_held_when_he_says_yes(
    timed: Desk,
) -> None:
    first = timed.plan(2)
    run = timed.plan(2, approve=False)
    batch = claimed(first)
    ended(first, batch, RowStatus.UNKNOWN)
    with pytest.raises(AlreadySent, match=first.id):
        run.approve()
    other = timed.plan(3, approve=False)
    assert timed.counts(other) == {"UNKNOWN": 2, "READY": 1}


def test_a_rehearsal_holds_nothing_back_from_people(timed: Desk) -> None:
    lost(timed.plan(2, simulate=True))
    assert timed.counts(timed.plan(2, approve=False)) == {"READY": 2}


def test_what_a_purged_run_has_sent_is_known_to_those_that_waited_for_it(
    timed: Desk, clock: Clock
) -> None:
    first = timed.plan(2)
    lost(first)
    run = held(timed, first)
    ended(run, claimed(run))
    settle(first, timed.ledger, [entry(first, 2), entry(first, 3)])
    clock.wait(days=100)
    assert purge_runs(timed.ledger, iso(clock())).runs == 2
    assert timed.counts(timed.ledger.run(run.id)) == {"ALREADY_SENT": 2, "QUEUED": 1}

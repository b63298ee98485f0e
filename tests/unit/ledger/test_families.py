"""A run and its tries again are one: in the report, in a purge, and in what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger_steps import Clock, purged_all, queued, rejected, tried_again

from bulksender.ledger import PurgedRuns, Run, iso, purge_runs, runs
from bulksender.model import RejectedRow, RowStatus

if TYPE_CHECKING:
    from conftest import Desk

ONE = "+6591111111"


def family(desk: Desk, clock: Clock) -> tuple[Run, Run, Run]:
    """A run of three rows; one is rejected twice and one once, each tried again a day later."""
    first = desk.plan(3)
    queued(first, 2)
    rejected(first)
    first.end()
    clock.wait(days=1)
    second = tried_again(desk, first)
    queued(second, 3)
    rejected(second)
    second.end()
    clock.wait(days=1)
    third = tried_again(desk, second)
    queued(third)
    third.end()
    return first, second, third


def test_each_rows_latest_result_stands_with_the_run_it_comes_from(
    timed: Desk, clock: Clock
) -> None:
    first, second, third = members = family(timed, clock)
    for member in members:
        assert member.family() == [first.id, second.id, third.id]
        assert [(r.row, r.status.value, r.run) for r in member.outcomes()] == [
            (2, "QUEUED", first.id),
            (3, "QUEUED", second.id),
            (4, "QUEUED", third.id),
        ]
        assert [r.row for r in member.results(3, 3)] == [3]


def test_a_try_again_that_nobody_approved_changes_no_result(timed: Desk, clock: Clock) -> None:
    first = timed.plan(2)
    rejected(first)
    with timed.ledger.plan(first.job, first) as run:
        assert run.retry_rejected(first) == 2
        run.seal(timed.facts())
    assert first.family() == [first.id]
    assert [r.status.value for r in first.outcomes()] == ["REJECTED"] * 2
    assert run.family() == [first.id, run.id], "but it sees itself"
    clock.wait(days=1)
    assert purge_runs(timed.ledger, iso(clock())) == PurgedRuns(2, 4, [])


def test_what_was_sent_or_is_opted_out_in_another_row_is_not_tried_again(timed: Desk) -> None:
    rows = [timed.message(2, destination=ONE), timed.message(3), timed.message(4)]
    out = [RejectedRow(9, RowStatus.OPTED_OUT, "said so", timed.message(5).destination)]
    first = timed.plan(rows, out)
    queued(first, 2)
    rejected(first)
    with timed.ledger.plan(first.job, first) as run:
        run.add([timed.message(3, destination=ONE), timed.message(5)], [])
        run.leave_out_family(first)
        run.seal(timed.facts())
    assert {row: r.detail for row, r in timed.rows(run).items() if r.run == run.id} == {
        3: "the same number as row 2",
        5: "the same number is opted out in row 9",
    }


def test_what_a_run_since_then_has_sent_is_not_tried_again(timed: Desk) -> None:
    first = timed.plan(2)
    rejected(first)
    since = timed.plan([timed.message(2)])
    queued(since)
    assert timed.counts(tried_again(timed, first)) == {"ALREADY_SENT": 1, "READY": 1}


def test_a_family_is_purged_as_a_whole_or_not_at_all(timed: Desk, clock: Clock) -> None:
    first, second, third = family(timed, clock)
    between = "2026-03-03T12:00:00.000+00:00"
    said = f"its rows were tried again in {third.id}, which is not that old"
    assert purge_runs(timed.ledger, between) == PurgedRuns(
        0, 0, [(first.id, said), (second.id, said)]
    )
    assert len(timed.rows(first)) == 3
    with timed.ledger.owning(third.id):
        why = "another process is working on it"
        kept = purged_all(timed, clock).kept
        assert kept == [(run.id, why) for run in (first, second, third)]
    assert purged_all(timed, clock) == PurgedRuns(3, 6, [])
    assert [line.purged for line in runs(timed.ledger)] == [True] * 3
    assert timed.query("SELECT count(*) FROM message") == [(0,)]


def test_a_family_with_a_row_that_waits_is_kept_as_a_whole(timed: Desk, clock: Clock) -> None:
    first = timed.plan(1)
    rejected(first)
    second = tried_again(timed, first)
    said = f"rows of {second.id} wait to be sent or settled (1)"
    assert purged_all(timed, clock) == PurgedRuns(0, 0, [(first.id, said), (second.id, said)])

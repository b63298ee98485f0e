"""When messages are due: who waits, what 8x8 was given before, the order, and the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from ledger_steps import (
    SETTLE,
    START,
    Clock,
    claimed,
    ended,
    entry,
    lost,
    queued,
    rejected,
    settle,
    tried_again,
)

from bulksender.errors import LedgerError
from bulksender.ledger import Run, due, iso
from bulksender.model import CHUNK_ROWS, Batch, RejectedRow, RowStatus
from bulksender.rules import Delivery

if TYPE_CHECKING:
    from conftest import Desk

TEN, NOON = START + timedelta(hours=1), START + timedelta(hours=3)
ANY_TIME = Delivery()


def timed_run(desk: Desk, **times: datetime | None) -> Run:
    """A run whose rows (`r2` and so on) are due at these times."""
    run = desk.plan(len(times), delivery=ANY_TIME)
    due.set_times(run, [(int(name[1:]), at) for name, at in times.items()])
    return run


def rows(run: Run) -> list[tuple[int, str]]:
    return [(message.row, message.due[11:16]) for message in run.ready()]


# Who waits


def test_the_numbers_that_wait_come_a_page_at_a_time(desk: Desk) -> None:
    run = desk.plan(CHUNK_ROWS + 5)
    claimed(run, 2, 3)
    pages = list(due.ready_numbers(run))
    assert [len(found) for found, _ in pages] == [CHUNK_ROWS, 3]
    assert [row for found, _ in pages for row in found] == [*range(4, CHUNK_ROWS + 7)]
    assert pages[0][1][:2] == ["+6591200004", "+6591200005"]


def test_whoever_gets_no_message_does_not_wait(desk: Desk) -> None:
    run = desk.plan([desk.message(2)], [RejectedRow(3, RowStatus.INVALID, "no number")])
    assert list(due.ready_numbers(run)) == [([2], ["+6591200002"])]
    queued(run)
    assert list(due.ready_numbers(run)) == []


# The times


def test_the_earliest_go_out_first_and_at_once_is_before_all(desk: Desk) -> None:
    run = timed_run(desk, r2=NOON, r3=None, r4=TEN, r5=NOON, r6=None, r7=TEN)
    assert rows(run) == [(3, ""), (6, ""), (4, "10:00"), (7, "10:00"), (2, "12:00"), (5, "12:00")]


def test_a_time_may_be_given_anew_or_taken_away(desk: Desk) -> None:
    run = timed_run(desk, r2=TEN, r3=TEN)
    due.set_times(run, [(2, NOON), (3, None)])
    assert rows(run) == [(3, ""), (2, "12:00")]
    due.set_times(run, [])
    assert rows(run) == [(3, ""), (2, "12:00")]


def test_messages_of_one_time_are_read_a_page_at_a_time(desk: Desk) -> None:
    run = desk.plan(CHUNK_ROWS + 4, delivery=ANY_TIME)
    due.set_times(run, [(row, TEN if row % 2 else None) for row in range(2, CHUNK_ROWS + 6)])
    found = [row for row, _ in rows(run)]
    last = CHUNK_ROWS + 6
    assert found == [*range(2, last, 2), *range(3, last, 2)]


def test_a_batch_is_claimed_among_rows_of_another_time(desk: Desk) -> None:
    run = timed_run(desk, r2=NOON, r3=TEN, r4=NOON, r5=None)
    noon = [message for message in run.ready() if message.due == iso(NOON)]
    run.claim(Batch(run.id, 1, noon))
    states = {row: result.status for row, result in desk.rows(run).items()}
    assert states == {2: "SENDING", 3: "READY", 4: "SENDING", 5: "READY"}
    assert desk.query("SELECT rows, scheduled FROM batch") == [(2, iso(NOON))]


def test_a_batch_is_not_claimed_once_its_rows_have_another_time(desk: Desk) -> None:
    run = timed_run(desk, r2=TEN, r3=TEN)
    batch = Batch(run.id, 1, list(run.ready()))
    due.set_times(run, [(3, NOON)])
    with pytest.raises(LedgerError, match="2 rows were to be claimed and 1 were READY"):
        run.claim(batch)
    assert desk.counts(run) == {"READY": 2}


def test_a_run_without_rules_is_scheduled_as_its_job_says(desk: Desk) -> None:
    run = desk.plan(2, scheduled="2026-03-05T09:00:00+08:00")
    claimed(run)
    assert desk.query("SELECT scheduled FROM batch") == [("2026-03-05T01:00:00.000+00:00",)]


# What 8x8 was given


def test_what_8x8_has_or_may_have_counts_by_its_time(timed: Desk, clock: Clock) -> None:
    run = timed_run(timed, r2=TEN, r3=TEN, r4=NOON, r5=NOON, r6=None, r7=NOON, r8=NOON)
    assert due.given(run) == {}
    queued(run, 6)
    lost(run, 2, 3)
    queued(run, 4)
    claimed(run, 5)
    run.release(claimed(run, 7), [])
    assert due.given(run) == {START: 1, TEN: 2, NOON: 2}


def test_what_the_runs_of_the_same_rows_have_given_counts_together(
    timed: Desk, clock: Clock
) -> None:
    run = timed_run(timed, r2=TEN, r3=NOON)
    queued(run, 2)
    rejected(run, 3)
    again = tried_again(timed, run)
    clock.wait(minutes=1)
    due.set_times(again, [(3, NOON)])
    queued(again)
    assert due.given(again) == due.given(run) == {TEN: 1, NOON: 2}
    assert due.given(timed_run(timed, r2=TEN)) == {}


def test_all_that_goes_out_is_told_by_its_time(timed: Desk, clock: Clock) -> None:
    run = timed_run(timed, r2=TEN, r3=NOON, r4=None, r5=TEN, r6=None)
    queued(run, 4)
    clock.wait(minutes=1)
    queued(run, 2)
    rejected(run, 5)
    assert due.times(run) == {START: 1, TEN: 1, NOON: 1, None: 1}


def test_what_waits_for_another_run_to_be_settled_is_told_of_no_time(timed: Desk) -> None:
    lost(timed.plan(2))
    run = timed.plan(3, again=False)
    assert timed.counts(run) == {"UNKNOWN": 2, "READY": 1}
    assert due.times(run) == {None: 1}


# What the log says of it


def test_a_batch_at_once_proves_nothing_about_what_was_to_be_sent_later(
    timed: Desk, clock: Clock
) -> None:
    run = timed_run(timed, r2=NOON, r3=None)
    lost(run, 2)
    clock.wait(seconds=1)
    queued(run, 3)
    clock.wait(seconds=1)
    shown = [entry(run, 3, batch=2)]
    assert settle(run, timed.ledger, shown)[1].absent == 0
    clock.now = NOON + SETTLE
    assert settle(run, timed.ledger, shown)[1].absent == 1


def test_a_batch_of_a_later_time_proves_that_an_earlier_one_is_absent(
    timed: Desk, clock: Clock
) -> None:
    run = timed_run(timed, r2=TEN, r3=NOON)
    lost(run, 2)
    clock.wait(seconds=1)
    queued(run, 3)
    clock.wait(seconds=1)
    assert settle(run, timed.ledger, [entry(run, 3, batch=2)])[1].absent == 1


def test_a_batch_that_left_after_its_time_proves_that_it_is_absent(
    timed: Desk, clock: Clock
) -> None:
    run = timed_run(timed, r2=TEN, r3=None)
    lost(run, 2)
    clock.now = TEN + timedelta(seconds=1)
    queued(run, 3)
    assert settle(run, timed.ledger, [entry(run, 3, batch=2)])[1].absent == 1


def test_what_is_to_be_sent_later_is_no_gap_in_the_log(timed: Desk, clock: Clock) -> None:
    run = timed_run(timed, r2=None, r3=None, r4=NOON)
    lost(run, 2)
    clock.wait(seconds=1)
    queued(run, 4)
    clock.wait(seconds=1)
    queued(run, 3)
    clock.wait(seconds=1)
    _, inquiry = settle(run, timed.ledger, [entry(run, 3, batch=3)])
    assert (inquiry.missing, inquiry.absent) == (0, 1)


def test_what_should_have_been_sent_is_a_gap_in_the_log(timed: Desk, clock: Clock) -> None:
    run = timed_run(timed, r2=None, r3=NOON, r4=TEN)
    lost(run, 2)
    clock.wait(seconds=1)
    queued(run, 4)
    clock.wait(seconds=1)
    queued(run, 3)
    clock.wait(seconds=1)
    _, inquiry = settle(run, timed.ledger, [entry(run, 3, batch=3)])
    assert (inquiry.missing, inquiry.absent) == (1, 0)


def test_what_is_sent_anew_gets_a_new_time(timed: Desk, clock: Clock) -> None:
    run = timed_run(timed, r2=TEN)
    lost(run)
    clock.now = TEN + SETTLE
    settling, inquiry = settle(run, timed.ledger)
    assert inquiry.absent == 1
    settling.send_anew()
    due.set_times(run, [(2, NOON)])
    [message] = run.ready()
    assert (message.due, message.attempt) == (iso(NOON), 2)
    ended(run, claimed(run))
    assert due.given(run) == {NOON: 1}
    assert datetime.fromisoformat(message.due).astimezone(UTC) == NOON

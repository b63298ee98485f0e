"""What would make an accepted message look absent: schedules, clocks, logs that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from ledger_steps import Clock, claimed, ended, entry, lost, settle

from bulksender.errors import LogUnavailable, Refused
from bulksender.ledger import newest_unsettled
from bulksender.model import RowStatus
from bulksender.sender import Patience
from bulksender.settings import Account
from bulksender.settling import reconcilable, reconcile
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

HASTY = Patience(first_wait=0.001, longest_wait=0.002)


def test_a_scheduled_message_is_not_absent_before_its_time(timed: Desk, clock: Clock) -> None:
    due = clock() + timedelta(days=3)
    run = timed.plan(2, scheduled=due.isoformat())
    lost(run)
    clock.wait(hours=5)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.open) == (0, 2)
    assert inquiry.settles_at == "2026-03-05T09:15:00.000+00:00"
    clock.wait(days=3)
    assert settle(run, timed.ledger)[1].absent == 2


def test_a_scheduled_message_is_absent_where_a_later_one_of_its_run_is_there(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(2, scheduled=(clock() + timedelta(days=3)).isoformat())
    lost(run, 2)
    clock.wait(seconds=1)
    ended(run, claimed(run, 3))
    assert settle(run, timed.ledger, [entry(run, 3, batch=2)])[1].absent == 1


def test_a_later_run_proves_nothing_about_what_was_scheduled(timed: Desk, clock: Clock) -> None:
    run = timed.plan(1, scheduled=(clock() + timedelta(days=3)).isoformat())
    lost(run)
    clock.wait(seconds=1)
    later = timed.plan([timed.message(9)])
    ended(later, claimed(later))
    assert settle(run, timed.ledger, [entry(later, 9)])[1].absent == 0


def test_an_earlier_batch_proves_nothing_after_the_clock_was_set_back(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(2)
    ended(run, claimed(run, 2))
    clock.wait(minutes=-3)
    lost(run, 3)
    _, inquiry = settle(run, timed.ledger, [entry(run, 2)])
    assert (inquiry.absent, inquiry.open) == (0, 1)


def test_a_log_that_cannot_be_read_does_not_keep_another_account_from_being_settled(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    sim.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    run = desk.plan(5)
    desk.send(run, sim)
    gone = desk.plan([desk.message(99)])
    with desk.ledger.transaction() as connection:  # as a run that was resumed by another account
        connection.exec_driver_sql("UPDATE batch SET base_url = ''")
    run.job = msgspec.structs.replace(run.job, subaccount="gone")
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET run = ?, status = 'READY' WHERE run = ?",
                                   (run.no, gone.no))  # fmt: skip
    ended(run, claimed(run), RowStatus.UNKNOWN)
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    inquiry = reconcile(run, desk.ledger, account, patience=HASTY)
    assert (inquiry.found, inquiry.open) == (5, 0)
    assert "8x8's log could not be asked for" in inquiry.failed
    assert desk.counts(run) == {"QUEUED": 5, "UNKNOWN": 1}
    with pytest.raises(LogUnavailable):  # where it is the only one, nothing can be said
        reconcile(run, desk.ledger, account, patience=HASTY)


def test_the_newest_run_with_batches_of_its_own_is_the_one_to_be_settled(timed: Desk) -> None:
    assert newest_unsettled(timed.ledger) is None
    first = timed.plan(2)
    lost(first)
    timed.plan(3, approve=False, again=False)  # it holds rows, and has none of its own
    assert newest_unsettled(timed.ledger) == first.id


def test_a_run_whose_rows_only_wait_for_another_can_be_settled_when_that_one_is(
    timed: Desk,
) -> None:
    with pytest.raises(Refused, match="UNKNOWN"):
        reconcilable(None, timed.ledger)
    first = timed.plan(2)
    lost(first)
    held = timed.plan(3, approve=False, again=False)
    held.approve()
    assert reconcilable(None, timed.ledger).id == first.id
    settle(first, timed.ledger, [entry(first, 2), entry(first, 3)])
    assert reconcilable(None, timed.ledger).id == held.id

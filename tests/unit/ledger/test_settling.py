"""UNKNOWN rows and 8x8's log: what it shows is taken over, what it lacks is proven or open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

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
    settle,
)

from bulksender.ledger import Inquiry, Run, RunState, Settling, forget, unsettled
from bulksender.model import RowStatus
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk

AT_ONCE = timedelta(0)
WHEN = "2026-03-02 09:00 UTC"


def batches(desk: Desk, run: Run) -> list[tuple[int, str, str]]:
    return [(line.number, line.state.value, line.batch_id) for line in run.batch_lines()]


def statuses(desk: Desk, run: Run) -> dict[int, str]:
    return {row: result.status.value for row, result in desk.rows(run).items()}


# What the log shows


@pytest.mark.parametrize(
    "status", ["QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ", "REJECTED"]
)
def test_a_row_that_the_log_shows_takes_its_state_from_there(timed: Desk, status: str) -> None:
    run = timed.plan(2)
    lost(run)
    said = {"status": RowStatus(status), "detail": "as the log has it"}
    _, inquiry = settle(run, timed.ledger, [entry(run, row, **said) for row in (2, 3)])
    rows = timed.rows(run)
    assert [(r.status, r.umid, r.detail, r.batch_id) for r in rows.values()] == [
        (status, "log-2", "as the log has it", "8x8-batch"),
        (status, "log-3", "as the log has it", "8x8-batch"),
    ]
    assert batches(timed, run) == [(1, "SETTLED", "8x8-batch")]
    assert inquiry == Inquiry("2026-03-02T09:00:00.000+00:00", 2, 0, 0)
    assert run.inquiries() == [inquiry]
    assert unsettled(run, timed.ledger) == []


def test_nothing_changes_before_the_log_was_read_to_its_end(timed: Desk) -> None:
    run = timed.plan(2)
    lost(run)
    before = timed.query("SELECT * FROM message"), timed.query("SELECT * FROM batch")
    [account] = unsettled(run, timed.ledger)
    Settling(run, timed.ledger, account).add([entry(run, 2)])
    assert before == (timed.query("SELECT * FROM message"), timed.query("SELECT * FROM batch"))
    assert run.inquiries() == []
    _, inquiry = settle(run, timed.ledger)  # what was read before does not count
    assert (inquiry.found, statuses(timed, run)) == (0, {2: "UNKNOWN", 3: "UNKNOWN"})


@pytest.mark.parametrize(("batch", "found"), [(1, True), (None, True), (2, False), (0, False)])
def test_an_entry_counts_where_its_client_batch_id_is_the_rows_own_or_blank(
    timed: Desk, clock: Clock, batch: int | None, found: bool
) -> None:
    run = timed.plan(1)
    lost(run)
    clock.wait(days=1)
    _, inquiry = settle(run, timed.ledger, [entry(run, 2, batch)])
    assert (inquiry.found, inquiry.absent) == (int(found), 0), "shown, it is not proven absent"
    assert statuses(timed, run) == {2: "DELIVERED" if found else "UNKNOWN"}


@pytest.mark.parametrize(
    ("attempt", "batch", "found"),
    [(1, 1, True), (1, None, True), (2, 2, True), (2, None, True), (1, 2, False), (2, 1, False),
     (1, 0, False)],
)  # fmt: skip
def test_an_earlier_attempt_that_turns_up_late_settles_the_row(
    timed: Desk, clock: Clock, attempt: int, batch: int | None, found: bool
) -> None:
    run = timed.plan(1)
    lost(run)
    clock.wait(hours=1)
    settling, _ = settle(run, timed.ledger)
    assert settling.send_anew() == 1
    assert claimed(run).messages[0].attempt == 2
    run.settle_orphans()
    settle(run, timed.ledger, [entry(run, 2, batch, attempt=attempt)])
    assert statuses(timed, run) == {2: "DELIVERED" if found else "UNKNOWN"}


def test_a_message_that_the_log_shows_twice_is_told(timed: Desk) -> None:
    run = timed.plan(3)
    lost(run)
    twice = [
        entry(run, 2, umid="b"),
        entry(run, 2, umid="a"),
        entry(run, 3, umid="a", status=RowStatus.REJECTED, detail="no"),
        entry(run, 3, umid="b", status=RowStatus.SENT),
        entry(run, 4, umid="once"),
        entry(run, 4, umid="once"),  # the same line, in another file
    ]
    _, inquiry = settle(run, timed.ledger, twice)
    rows = timed.rows(run)
    assert inquiry.found == 3
    said = "found in 8x8's log (8x8's log shows it 2 times)"
    assert [(rows[row].status, rows[row].umid, rows[row].detail) for row in (2, 3, 4)] == [
        ("DELIVERED", "a", said),
        ("SENT", "b", said),  # one of them went out
        ("DELIVERED", "once", "found in 8x8's log"),
    ]


def test_rows_of_another_run_and_rows_that_are_settled_are_left_alone(timed: Desk) -> None:
    run, other = timed.plan(3), timed.plan(3)
    queued(run, 2)
    lost(run)
    lost(other)
    shown = [entry(run, 2), entry(run, 3, 2), entry(other, 4), entry("zzzzzzzzzz", 4)]
    _, inquiry = settle(run, timed.ledger, shown)
    assert inquiry.found == 1
    assert statuses(timed, run) == {2: "QUEUED", 3: "DELIVERED", 4: "UNKNOWN"}
    assert statuses(timed, other) == {2: "UNKNOWN", 3: "UNKNOWN", 4: "UNKNOWN"}


def test_a_log_in_many_chunks_is_one_log(timed: Desk) -> None:
    run = timed.plan(4)
    lost(run)
    [account] = unsettled(run, timed.ledger)
    settling = Settling(run, timed.ledger, account)
    for row in (2, 3, 4, 5):
        settling.add([entry(run, row)])
        settling.add([])
    assert settling.conclude(SETTLE, timed.ledger.clock()).found == 4


# What it lacks, by the time that has passed


@pytest.mark.parametrize(("minutes", "absent"), [(0, 0), (14.99, 0), (15, 2), (600, 2)])
def test_a_row_is_absent_once_the_settle_time_has_passed(
    timed: Desk, clock: Clock, minutes: float, absent: int
) -> None:
    run = timed.plan(2)
    lost(run)
    clock.wait(minutes=minutes)
    _, inquiry = settle(run, timed.ledger)
    when = f"2026-03-02 {(START + timedelta(minutes=minutes)):%H:%M} UTC"
    said = f"not in 8x8's log at {when}" + ("" if absent else ", which may not have caught up")
    assert (inquiry.found, inquiry.absent, inquiry.open) == (0, absent, 2 - absent)
    assert inquiry.settles_at == ("" if absent else "2026-03-02T09:15:00.000+00:00")
    assert {(r.status, r.detail) for r in timed.rows(run).values()} == {("UNKNOWN", said)}
    assert batches(timed, run) == [(1, "UNKNOWN", "")], "it stays unsettled until somebody says"
    [kept] = run.inquiries()
    assert (kept.absent, kept.open) == (absent, 2 - absent)


def test_the_settle_time_runs_from_the_end_of_the_last_attempt(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    batch = claimed(run)
    clock.wait(minutes=20)  # so long the answer was waited for
    ended(run, batch, RowStatus.UNKNOWN)
    clock.wait(minutes=14)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.settles_at) == (0, "2026-03-02T09:35:00.000+00:00")


def test_what_a_dead_process_had_in_flight_may_have_left_until_it_was_found_dead(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(2)
    claimed(run)
    clock.wait(hours=1)
    run.settle_orphans()
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.open) == (0, 2)
    clock.wait(minutes=15)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.open) == (2, 0)


# What it lacks, by a witness


def test_a_later_batch_in_the_log_proves_that_an_earlier_one_was_never_accepted(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(4)
    lost(run, 2, 3)
    clock.wait(seconds=1)
    queued(run)
    _, inquiry = settle(run, timed.ledger, [entry(run, 4, 2), entry(run, 5, 2)])
    assert (inquiry.absent, inquiry.open) == (2, 0)


@pytest.mark.parametrize("order", ["before", "while it was in flight", "at the same moment"])
def test_a_batch_that_was_claimed_before_the_attempt_ended_proves_nothing(
    timed: Desk, clock: Clock, order: str
) -> None:
    run = timed.plan(4)
    if order == "before":
        witness = claimed(run, 2, 3)
        clock.wait(seconds=1)
        unsure = claimed(run)
    else:
        unsure = claimed(run, 4, 5)
        clock.wait(seconds=1)
        witness = claimed(run)
    clock.wait(seconds=order == "while it was in flight")
    ended(run, unsure, RowStatus.UNKNOWN)
    ended(run, witness)
    shown = [entry(run, row, witness.number) for row in (2, 3)]
    _, inquiry = settle(run, timed.ledger, shown)
    assert (inquiry.absent, inquiry.open) == (0, 2)


def another(timed: Desk, clock: Clock, **job: Any) -> tuple[Run, Run]:
    """A run with a lost batch, and one that sent something afterwards."""
    run = timed.plan(2)
    lost(run)
    clock.wait(seconds=1)
    other = timed.plan([timed.message(2, "Other text")], **job)
    queued(other)
    return run, other


def test_a_batch_of_another_run_of_the_same_account_is_a_witness(timed: Desk, clock: Clock) -> None:
    run, other = another(timed, clock)
    _, inquiry = settle(run, timed.ledger, [entry(other, 2)])
    assert (inquiry.absent, inquiry.open) == (2, 0)


@pytest.mark.parametrize("job", [{"subaccount": "another"}, {"base_url": "https://sms.8x8.uk"}])
def test_a_batch_of_another_account_is_no_witness(
    timed: Desk, clock: Clock, job: dict[str, str]
) -> None:
    run, other = another(timed, clock, **job)
    _, inquiry = settle(run, timed.ledger, [entry(other, 2)])
    assert (inquiry.absent, inquiry.open) == (0, 2)


@pytest.mark.parametrize("seen", [("zzzzzzzzzz", 1), ("", 7), ("", 0), ("", None)])
def test_an_entry_that_names_no_batch_of_ours_is_no_witness(
    timed: Desk, clock: Clock, seen: tuple[str, int | None]
) -> None:
    run, other = another(timed, clock)
    _, inquiry = settle(run, timed.ledger, [entry(seen[0] or other.id, 2, seen[1])])
    assert (inquiry.absent, inquiry.open) == (0, 2)


def test_a_batch_that_is_partly_in_the_log_was_accepted_whatever_the_witness(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(5)
    lost(run, 2, 3, 4)
    clock.wait(seconds=1)
    queued(run)
    shown = [entry(run, 3), *(entry(run, row, 2) for row in (5, 6))]
    _, inquiry = settle(run, timed.ledger, shown)
    assert (inquiry.found, inquiry.absent, inquiry.open) == (1, 0, 2)
    assert statuses(timed, run) == {2: "UNKNOWN", 3: "DELIVERED", 4: "UNKNOWN", 5: "QUEUED",
                                    6: "QUEUED"}  # fmt: skip
    clock.wait(minutes=15)
    settling, inquiry = settle(run, timed.ledger, shown)
    assert (inquiry.found, inquiry.absent, inquiry.open) == (0, 2, 0), "but time proves it"
    assert settling.send_anew() == 2
    assert batches(timed, run)[0] == (1, "SETTLED", "8x8-batch")


# A log with gaps


def test_a_log_that_lacks_what_8x8_has_accepted_proves_nothing(timed: Desk, clock: Clock) -> None:
    run = timed.plan(4)
    queued(run, 2, 3)
    lost(run)
    clock.wait(hours=1)
    settling, inquiry = settle(run, timed.ledger, [entry(run, 2)])
    assert (inquiry.absent, inquiry.open, inquiry.missing) == (0, 2, 1)
    assert inquiry.settles_at == "", "waiting alone will not do"
    said = "not in 8x8's log at 2026-03-02 10:00 UTC, which lacks others, too"
    assert {timed.rows(run)[row].detail for row in (4, 5)} == {said}
    assert settling.send_anew() == 0
    _, inquiry = settle(run, timed.ledger, [entry(run, 2), entry(run, 3)])
    assert (inquiry.absent, inquiry.missing) == (2, 0), "once it shows all, it does"


def test_what_a_log_with_gaps_does_show_is_taken_over(timed: Desk, clock: Clock) -> None:
    run = timed.plan(3)
    queued(run, 2)
    lost(run)
    clock.wait(hours=1)
    _, inquiry = settle(run, timed.ledger, [entry(run, 3, 2)])
    assert (inquiry.found, inquiry.missing, inquiry.open) == (1, 1, 1)


def test_messages_too_young_for_the_log_are_not_missed(timed: Desk, clock: Clock) -> None:
    run = timed.plan(4)
    lost(run, 2, 3)
    clock.wait(minutes=14)
    queued(run)
    clock.wait(minutes=1)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.missing) == (2, 0)


def test_messages_older_than_what_was_asked_for_are_not_missed(timed: Desk, clock: Clock) -> None:
    run = timed.plan(4)
    queued(run, 2, 3)
    run.end()
    clock.wait(days=5)  # the log is asked for from a day before the first lost batch
    run.reopen(run.job)
    lost(run)
    clock.wait(hours=1)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.missing) == (2, 0)


def test_messages_of_another_account_are_not_missed(timed: Desk, clock: Clock) -> None:
    run = timed.plan(4, subaccount="first")
    queued(run, 2, 3)
    run.end()
    run.reopen(timed.job(subaccount="second"))
    lost(run)
    clock.wait(hours=1)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.missing) == (2, 0)


# Sending anew


def test_what_is_absent_goes_out_under_a_new_attempt_and_a_new_batch(
    timed: Desk, clock: Clock, simulated: Callable[..., Simulator]
) -> None:
    run = timed.plan(2, base_url="http://127.0.0.1:1")
    lost(run)
    clock.wait(hours=1)
    settling, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, settling.send_anew()) == (2, 2)
    assert {(r.status, r.detail, r.batch_id) for r in timed.rows(run).values()} == {
        ("READY", "", "")
    }
    assert batches(timed, run) == [(1, "ABSENT", "")]
    assert timed.ledger.run(run.id).state is RunState.STOPPED
    assert [message.attempt for message in run.ready()] == [2, 2]

    sim = simulated()
    assert timed.send(timed.reopened(run), sim) is None
    assert [(m.client_message_id, m.client_batch_id) for m in sim.messages] == [
        (f"{run.id}-2.2", f"{run.id}-2"),
        (f"{run.id}-3.2", f"{run.id}-2"),
    ]
    assert batches(timed, run)[0][1] == "ABSENT"
    assert timed.counts(run) == {"QUEUED": 2}


def test_only_what_is_absent_is_sent_anew(timed: Desk, clock: Clock) -> None:
    run = timed.plan(6)
    lost(run, 2, 3)
    clock.wait(hours=1)
    lost(run, 4, 5)
    settling, inquiry = settle(run, timed.ledger, [entry(run, 2)])
    assert (inquiry.found, inquiry.absent, inquiry.open) == (1, 1, 2)
    assert settling.send_anew() == 1
    assert statuses(timed, run) == {
        2: "DELIVERED", 3: "READY", 4: "UNKNOWN", 5: "UNKNOWN", 6: "READY", 7: "READY"
    }  # fmt: skip
    assert [line[1] for line in batches(timed, run)] == ["SETTLED", "UNKNOWN"]


def test_what_a_later_run_has_sent_is_left_out(timed: Desk, clock: Clock) -> None:
    run = timed.plan(3)
    lost(run)
    clock.wait(hours=1)
    later = timed.plan([timed.message(2), timed.message(3)])
    queued(later, 2)
    lost(later)
    settling, inquiry = settle(run, timed.ledger)
    assert inquiry.absent == 3
    anew = settling.send_anew()
    assert statuses(timed, run) == {2: "ALREADY_SENT", 3: "UNKNOWN", 4: "READY"}
    assert timed.rows(run)[2].detail == f"sent meanwhile in run {later.id}"
    assert timed.rows(run)[3].detail == f"may be sent in run {later.id}: settle that run first"
    settle(later, timed.ledger, [entry(later, 3, batch=2), entry(later, 2)])
    run.settle_held()
    assert statuses(timed, run) == {2: "ALREADY_SENT", 3: "ALREADY_SENT", 4: "READY"}
    assert anew == 1, "those that are READY again"


def test_a_row_whose_text_was_removed_is_not_sent_anew(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    lost(run)
    forgotten = forget(timed.ledger, timed.message(2).destination)
    assert (forgotten.rows, forgotten.unknown) == (1, 1)
    clock.wait(hours=1)
    settling, inquiry = settle(run, timed.ledger)
    assert inquiry.absent == 1
    assert settling.send_anew() == 1
    assert statuses(timed, run) == {2: "OPTED_OUT", 3: "READY"}
    assert batches(timed, run) == [(1, "SETTLED", "")]


def test_a_row_whose_text_was_removed_is_still_settled_by_the_log(timed: Desk) -> None:
    run = timed.plan(1)
    lost(run)
    forget(timed.ledger, timed.message(2).destination)
    settle(run, timed.ledger, [entry(run, 2)])
    assert statuses(timed, run) == {2: "DELIVERED"}


def test_a_simulator_that_has_gone_is_not_a_log_with_gaps(timed: Desk, clock: Clock) -> None:
    run = timed.plan(4, simulate=True)
    queued(run, 2, 3)
    lost(run)
    clock.wait(hours=1)
    _, inquiry = settle(run, timed.ledger)
    assert (inquiry.absent, inquiry.missing) == (2, 0)


# Several accounts in one run


def test_rows_that_went_to_another_account_are_settled_by_its_own_log(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(4, subaccount="first")
    lost(run, 2, 3)
    run.end()
    clock.wait(hours=2)
    run.reopen(timed.job(subaccount="second", base_url="https://sms.8x8.uk"))
    lost(run)
    clock.wait(hours=1)

    second, first = sorted(unsettled(run, timed.ledger), key=lambda each: each.since, reverse=True)
    assert (first.base_url, first.subaccount, first.since) == (
        "https://sms.8x8.com", "first", START,
    )  # fmt: skip
    assert (second.base_url, second.subaccount, second.since) == (
        "https://sms.8x8.uk", "second", START + timedelta(hours=2),
    )  # fmt: skip

    settling = Settling(run, timed.ledger, first)
    settling.add([entry(run, 2), entry(run, 5, 2)])
    inquiry = settling.conclude(SETTLE, clock())
    assert (inquiry.found, inquiry.absent, inquiry.open) == (1, 1, 0)
    assert timed.rows(run)[4].detail == "said", "the others are not spoken of"
    assert settling.send_anew() == 1
    assert statuses(timed, run) == {2: "DELIVERED", 3: "READY", 4: "UNKNOWN", 5: "UNKNOWN"}
    assert unsettled(run, timed.ledger) == [second]


def test_every_look_into_the_log_is_kept(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    lost(run)
    settle(run, timed.ledger)
    clock.wait(hours=1)
    settle(run, timed.ledger, [entry(run, 2)])
    assert run.inquiries() == [
        Inquiry("2026-03-02T09:00:00.000+00:00", 0, 0, 2),
        Inquiry("2026-03-02T10:00:00.000+00:00", 1, 1, 0),
    ]

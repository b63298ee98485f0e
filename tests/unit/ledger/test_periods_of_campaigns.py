"""A campaign's runs by their periods: one of each goes out, whoever comes second."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ledger_steps import START, Clock, claimed, ended, lost, purged_all, queued, rejected

from bulksender.errors import AlreadySent, LedgerError
from bulksender.ledger import (
    Ledger,
    Run,
    RunState,
    note_missed,
    note_told,
    previous_run,
    run_of_period,
    runs,
    runs_of_period,
    texted_since,
    waiting_run,
)
from bulksender.model import RejectedRow, RowStatus
from bulksender.prices import Costs
from bulksender.rules import Variant, variant_of

if TYPE_CHECKING:
    from conftest import Desk

MARCH = ("news", "2026-03")
HERE = "http://127.0.0.1:1"


def of_period(desk: Desk, period: str = "2026-03", rows: int = 3, **changes: Any) -> Run:
    """A run of the campaign for a period; it is approved unless something else is said."""
    return desk.plan(rows, campaign="news", period=period, **changes)


def tried_again(desk: Desk, parent: Run) -> Run:
    with desk.ledger.plan(parent.job, parent) as run:
        run.retry_rejected(parent)
        run.seal(desk.facts())
    run.approve()
    return run


def name_of(run: Run | None) -> str | None:
    return run.id if run else None


# The run of a period


def test_the_run_of_a_period_is_the_one_that_somebody_approved(desk: Desk) -> None:
    assert run_of_period(desk.ledger, *MARCH, False) is None
    waiting = of_period(desk, approve=False)
    assert run_of_period(desk.ledger, *MARCH, False) is None
    run = of_period(desk)
    assert name_of(run_of_period(desk.ledger, *MARCH, False)) == run.id
    assert run_of_period(desk.ledger, "news", "2026-04", False) is None
    assert run_of_period(desk.ledger, "other", "2026-03", False) is None
    assert runs_of_period(desk.ledger, *MARCH) == {waiting.id, run.id}
    assert runs_of_period(desk.ledger, "news", "2026-04") == frozenset()


def test_rehearsals_have_periods_of_their_own(desk: Desk) -> None:
    rehearsal = of_period(desk, base_url=HERE)
    assert run_of_period(desk.ledger, *MARCH, False) is None
    assert name_of(run_of_period(desk.ledger, *MARCH, True)) == rehearsal.id
    real = of_period(desk)
    assert name_of(run_of_period(desk.ledger, *MARCH, False)) == real.id


def test_a_try_again_is_not_the_run_of_its_period(desk: Desk) -> None:
    run = of_period(desk)
    rejected(run)
    again = tried_again(desk, run)
    assert name_of(run_of_period(desk.ledger, *MARCH, False)) == run.id
    assert runs_of_period(desk.ledger, *MARCH) == {run.id, again.id}


def test_a_run_names_its_campaign_and_its_period(desk: Desk) -> None:
    of_period(desk)
    desk.plan(2)
    assert [(line.campaign, line.period) for line in runs(desk.ledger)] == [MARCH, (None, "")]


def test_a_second_run_of_a_period_is_not_approved(desk: Desk) -> None:
    second = of_period(desk, approve=False)
    first = of_period(desk)
    with pytest.raises(AlreadySent, match=f"news has run for 2026-03 meanwhile: run {first.id}"):
        second.approve()
    assert desk.ledger.run(second.id).approved_at is None
    other = of_period(desk, "2026-04")
    assert other.state is RunState.SENDING
    assert of_period(desk, base_url=HERE).state is RunState.SENDING


def test_the_same_run_is_not_its_own_rival(desk: Desk) -> None:
    run = of_period(desk, approve=False)
    run.approve()
    assert run.state is RunState.SENDING


def test_two_approved_runs_of_a_period_cannot_be_in_the_ledger(desk: Desk) -> None:
    of_period(desk)
    second = of_period(desk, approve=False)
    update = "UPDATE run SET approved_at = created_at, parent = ? WHERE no = ?"
    with (
        pytest.raises(LedgerError, match=r"UNIQUE constraint failed"),
        desk.ledger.transaction() as connection,
    ):
        connection.exec_driver_sql(update, (None, second.no))
    assert desk.ledger.run(second.id).approved_at is None
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql(update, ("a run before", second.no))
    assert desk.ledger.run(second.id).approved_at is not None


def test_runs_of_no_campaign_are_as_many_as_one_likes(desk: Desk) -> None:
    assert [desk.plan(1).state for _ in range(3)] == [RunState.SENDING] * 3


# The plan that waits


def test_the_newest_plan_that_waits_is_found(desk: Desk) -> None:
    assert waiting_run(desk.ledger, *MARCH, False) is None
    made = [of_period(desk, approve=False) for _ in range(3)]
    for run in made[:2]:
        run.wait_for_consent()
    assert name_of(waiting_run(desk.ledger, *MARCH, False)) == made[1].id
    assert waiting_run(desk.ledger, *MARCH, True) is None
    assert waiting_run(desk.ledger, "news", "2026-04", False) is None
    made[1].decline()
    assert name_of(waiting_run(desk.ledger, *MARCH, False)) == made[0].id


def test_a_plan_that_waits_is_approved_as_it_is(timed: Desk, clock: Clock) -> None:
    run = of_period(timed, approve=False)
    run.wait_for_consent()
    assert (run.state, run.consent_at) == (RunState.WAITING, None)
    clock.wait(days=1)
    run.consent()
    kept = timed.ledger.run(run.id)
    assert kept.state is RunState.WAITING
    assert kept.consent_at == run.consent_at == "2026-03-03T09:00:00.000+00:00"
    assert kept.approved_at is None
    kept.approve()
    assert waiting_run(timed.ledger, *MARCH, False) is None
    assert name_of(run_of_period(timed.ledger, *MARCH, False)) == run.id
    assert timed.counts(kept) == {"READY": 3}


def test_what_a_plan_costs_is_kept(desk: Desk) -> None:
    run = of_period(desk)
    assert run.costs is None
    costs = Costs(lines=(), totals={}, unpriced=("SG",))
    run.keep_costs(costs)
    assert desk.ledger.run(run.id).costs == costs
    run.keep_costs(None)
    assert desk.ledger.run(run.id).costs is None


# The run before


def test_the_previous_run_is_that_of_the_latest_other_period(desk: Desk) -> None:
    place = (desk.ledger, "news", "2026-03", False)
    assert previous_run(*place) is None
    january = of_period(desk, "2026-01")
    assert name_of(previous_run(*place)) == january.id
    of_period(desk, "2026-02", approve=False)
    of_period(desk, "2026-03")
    of_period(desk, "2026-02", base_url=HERE)
    assert name_of(previous_run(*place)) == january.id
    february = of_period(desk, "2026-02")
    rejected(february)
    tried_again(desk, february)
    assert name_of(previous_run(*place)) == february.id
    of_period(desk, "2025-12")  # made up later
    assert name_of(previous_run(*place)) == february.id


# Who has been texted


def test_whoever_was_texted_since_is_counted(timed: Desk, clock: Clock) -> None:
    queued(timed.plan(3))  # rows 2 to 4
    clock.wait(days=5)
    lost(timed.plan([timed.message(row) for row in (4, 5)]))
    clock.wait(days=1)
    plan = timed.plan([timed.message(row) for row in range(3, 9)], approve=False, again=True)
    counted = {
        days: texted_since(plan, timed.ledger, clock() - timedelta(days=days)) for days in (0, 2, 7)
    }
    assert counted == {0: 0, 2: 2, 7: 3}


def test_of_a_run_that_took_days_each_message_counts_by_its_own_time(
    timed: Desk, clock: Clock
) -> None:
    run = timed.plan(3)
    queued(run, 2, 3)
    clock.wait(days=5)
    queued(run, 4)
    plan = timed.plan(3, approve=False, again=True)
    assert texted_since(plan, timed.ledger, clock() - timedelta(days=2)) == 1
    assert texted_since(plan, timed.ledger, clock() - timedelta(days=6)) == 3


def test_whoever_was_not_reached_is_not_counted(timed: Desk, clock: Clock) -> None:
    other = timed.plan(
        [timed.message(row) for row in range(2, 7)],
        [RejectedRow(9, RowStatus.OPTED_OUT, "no", "+6591200009")],
    )
    rejected(other, 2)
    run = claimed(other, 3)
    ended(other, run, RowStatus.QUEUED, "8x8-1")
    with timed.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET status = 'CANCELLED' WHERE row = 3")
    timed.plan([timed.message(7)], base_url=HERE)
    claimed(other, 4)
    plan = timed.plan([timed.message(row) for row in range(2, 10)], approve=False, again=True)
    assert texted_since(plan, timed.ledger, START - timedelta(days=1)) == 1
    claim = START + timedelta(milliseconds=1)
    assert texted_since(plan, timed.ledger, claim) == 0, "the moment itself is not since then"


def test_whoever_is_going_to_be_texted_is_counted(timed: Desk, clock: Clock) -> None:
    due = START + timedelta(days=3)
    queued(timed.plan(2, scheduled=due.isoformat()))
    clock.wait(days=1)
    plan = timed.plan(3, approve=False, again=True)
    assert texted_since(plan, timed.ledger, START + timedelta(hours=1)) == 2


def test_a_rehearsal_counts_for_rehearsals_only(timed: Desk, clock: Clock) -> None:
    queued(timed.plan(2, base_url=HERE))
    since = START - timedelta(days=1)
    plan = timed.plan(3, approve=False, again=True)
    assert texted_since(plan, timed.ledger, since) == 0
    assert (
        texted_since(timed.plan(3, approve=False, again=True, base_url=HERE), timed.ledger, since)
        == 2
    )


def test_a_plan_is_compared_with_the_ledger_of_earlier_runs(timed: Desk, clock: Clock) -> None:
    queued(timed.plan(2))
    since = START - timedelta(days=1)
    with Ledger.scratch(clock) as scratch, scratch.plan(timed.job()) as plan:
        plan.add([timed.message(row) for row in (3, 4)], [])
        assert texted_since(plan, timed.ledger, since) == 1
        assert texted_since(plan, timed.ledger, since) == 1, "nothing is left of the look before"
        assert texted_since(plan, scratch, since) == 0


def test_what_was_purged_is_not_known_any_more(timed: Desk, clock: Clock) -> None:
    run = timed.plan(2)
    queued(run)
    run.end()
    purged_all(timed, clock)
    plan = timed.plan(2, approve=False, again=True)
    assert texted_since(plan, timed.ledger, START - timedelta(days=9)) == 0


# What was missed, and which text somebody got


def test_a_period_is_missed_once(desk: Desk) -> None:
    assert note_missed(desk.ledger, *MARCH, False)
    assert not note_missed(desk.ledger, *MARCH, False)
    assert note_missed(desk.ledger, *MARCH, True), "a rehearsal is another matter"
    assert note_missed(desk.ledger, "news", "2026-04", False)
    assert note_missed(desk.ledger, "other", "2026-03", False)
    with Ledger(desk.path) as other:
        assert not note_missed(other, *MARCH, False)


def test_an_owner_is_told_of_each_thing_once(desk: Desk) -> None:
    assert note_told(desk.ledger, *MARCH, "refused")
    assert note_told(desk.ledger, *MARCH, "unknown")
    assert not note_told(desk.ledger, *MARCH, "refused")


VARIANTS = (Variant(name="short", template="Hi"), Variant(name="long", template="Hello there"))


def test_results_name_the_variant_of_each_number(desk: Desk) -> None:
    run = desk.plan(20, [RejectedRow(50, RowStatus.INVALID, "no number")], variants=VARIANTS)
    rows = desk.rows(run)
    assert rows[50].variant == ""
    assert {rows[row].variant for row in range(2, 22)} == {"short", "long"}
    for row in range(2, 22):
        assert rows[row].variant == variant_of(rows[row].destination, VARIANTS).name
    assert {result.variant for result in desk.rows(desk.plan(3)).values()} == {""}


def test_results_of_a_family_name_the_variants_too(desk: Desk) -> None:
    run = desk.plan(3, variants=VARIANTS)
    rejected(run)
    again = tried_again(desk, run)
    assert [each.variant for each in again.outcomes()] == [each.variant for each in run.outcomes()]
    assert all(each.variant for each in again.outcomes())


def test_sender_ids_by_country_make_another_plan(desk: Desk) -> None:
    plain, one, same, other = (
        desk.plan(2, sources=sources)
        for sources in ({}, {"SG": "A", "GB": "B"}, {"GB": "B", "SG": "A"}, {"SG": "B"})
    )
    assert one.hash == same.hash
    assert len({plain.hash, one.hash, other.hash}) == 3

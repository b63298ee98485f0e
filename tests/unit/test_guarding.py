"""The guardrails by themselves: where each one's limit lies, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bulksender.chunker import chunk
from bulksender.errors import ExitCode
from bulksender.guarding import GuardrailTripped, guard, money, planned_messages
from bulksender.ledger import Ledger, Run
from bulksender.model import Batch, RejectedRow, RowStatus
from bulksender.prices import Balance, Costs, Price, PriceList, cost
from bulksender.rules import Guardrails

if TYPE_CHECKING:
    from conftest import Desk

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def costs(amounts: dict[str, str], *unpriced: str) -> Costs:
    """What one part to each country costs; the currency of XX is XXD."""
    prices = {
        country: Price(country, Decimal(0), Decimal(amount), f"{country}D")
        for country, amount in amounts.items()
    }
    parts = dict.fromkeys([*amounts, *unpriced], (1, 1))
    return cost(parts, PriceList(prices, "a test", "2026-11-20"))


def tripped(run: Run, history: Ledger, rules: Guardrails, **known: Any) -> str:
    """What the guardrails say; "" where they let the run pass."""
    try:
        guard(run, rules, history, **({"costs": None} | known))
    except GuardrailTripped as error:
        assert error.exit_code is ExitCode.REFUSED
        return str(error)
    return ""


@pytest.fixture
def run(desk: Desk) -> Run:
    desk.ledger.clock = lambda: NOON
    bad = [RejectedRow(row, RowStatus.INVALID, "no number") for row in (9, 10, 11)]
    return desk.plan(7, bad, approve=False)


def test_without_rules_nothing_is_refused(desk: Desk, run: Run) -> None:
    old = NOON - timedelta(days=999)
    assert tripped(run, desk.ledger, Guardrails(), exported_at=old) == ""


@pytest.mark.parametrize(("limit", "passes"), [(6, False), (7, True), (0, False)])
def test_recipients(desk: Desk, run: Run, limit: int, passes: bool) -> None:
    assert planned_messages(run) == 7
    said = tripped(run, desk.ledger, Guardrails(max_recipients=limit))
    assert (said == "") is passes


@pytest.mark.parametrize(("limit", "passes"), [(29.999, False), (30, True), (0, False)])
def test_invalid_rows_are_counted_among_all_rows(
    desk: Desk, run: Run, limit: float, passes: bool
) -> None:
    said = tripped(run, desk.ledger, Guardrails(max_invalid=limit))
    assert (said == "") is passes
    if not passes:
        assert said.startswith("3 of 10 rows cannot be used (30.0%)")


@pytest.mark.parametrize(
    ("amount", "limit", "passes"),
    [
        ("0.30", 0.3, True),  # which is less than 0.3 in binary
        ("0.300000000000000001", 0.3, False),
        ("150.01", 150, False),
        ("0", 0, True),
    ],
)
def test_costs_are_compared_exactly(
    desk: Desk, run: Run, amount: str, limit: float, passes: bool
) -> None:
    said = tripped(run, desk.ledger, Guardrails(max_cost=limit), costs=costs({"US": amount}))
    assert (said == "") is passes


def test_each_currency_is_held_against_the_limit_and_several_refuse_the_run(
    desk: Desk, run: Run
) -> None:
    both = costs({"US": "5", "SG": "7"})
    said = tripped(run, desk.ledger, Guardrails(max_cost=6), costs=both)
    assert "It may cost 7.00 SGD, more than max_cost = 6." in said
    assert "It may cost 5.00 USD" not in said
    assert "max_cost = 6 cannot be kept: the prices are in USD, SGD." in said


def test_a_limit_of_costs_needs_every_price(desk: Desk, run: Run) -> None:
    rules = Guardrails(max_cost=1000)
    assert "no prices are known" in tripped(run, desk.ledger, rules)
    some = costs({"US": "5"}, "ZW", "")
    said = tripped(run, desk.ledger, rules, costs=some)
    assert said == (
        "max_cost = 1,000 cannot be kept: there is no price for numbers of no country, ZW."
    )


@pytest.mark.parametrize(
    ("balance", "passes"),
    [
        (None, True),
        (Balance(Decimal("5.00"), "USD"), True),
        (Balance(Decimal("4.9999"), "USD"), False),
        (Balance(Decimal("-1"), "USD"), False),
        (Balance(Decimal("0"), "EUR"), True),
    ],
)
def test_a_balance_counts_without_being_asked_for(
    desk: Desk, run: Run, balance: Balance | None, passes: bool
) -> None:
    known = {"costs": costs({"US": "5"}), "balance": balance}
    assert (tripped(run, desk.ledger, Guardrails(), **known) == "") is passes
    assert tripped(run, desk.ledger, Guardrails(), balance=balance) == "", "the cost is not known"


@pytest.mark.parametrize(
    ("age", "passes"),
    [
        (timedelta(hours=36), True),
        (timedelta(hours=36, microseconds=1), False),
        (-timedelta(hours=1), True),  # another machine's clock
        (None, False),
    ],
)
def test_the_age_of_an_export(desk: Desk, run: Run, age: timedelta | None, passes: bool) -> None:
    made = None if age is None else NOON - age
    rules = Guardrails(max_age=timedelta(hours=36))
    assert (tripped(run, desk.ledger, rules, exported_at=made) == "") is passes


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (timedelta(days=2), "2d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=90), "90s"),
    ],
)
def test_a_length_of_time_is_said_as_it_is_written(
    desk: Desk, run: Run, length: timedelta, written: str
) -> None:
    said = tripped(run, desk.ledger, Guardrails(max_age=length), exported_at=NOON - length * 2)
    assert f"max_age = {written}." in said


def test_the_gap_ends_when_it_says(desk: Desk) -> None:
    now = NOON
    desk.ledger.clock = lambda: now
    first = desk.plan(3)
    [batch] = _batches(first)
    first.claim(batch)
    plan = desk.plan([desk.message(row, "Another") for row in range(2, 7)], approve=False)
    rules = Guardrails(min_gap=timedelta(hours=1))
    now = NOON + timedelta(hours=1, milliseconds=-1)
    assert tripped(plan, desk.ledger, rules).startswith("3 of these people were texted")
    now = NOON + timedelta(hours=1)
    assert tripped(plan, desk.ledger, rules) == ""


def test_a_rehearsal_has_texted_nobody(desk: Desk) -> None:
    rehearsal = desk.plan(3, simulate=True)
    [batch] = _batches(rehearsal)
    rehearsal.claim(batch)
    rules = Guardrails(min_gap=timedelta(days=1))
    others = [desk.message(row, "Another") for row in range(2, 5)]
    assert tripped(desk.plan(others, approve=False), desk.ledger, rules) == ""
    assert tripped(desk.plan(others, approve=False, simulate=True), desk.ledger, rules) != ""


def _batches(run: Run) -> list[Batch]:
    return list(chunk(run.ready(), 1_000, run.id, 1))


@pytest.mark.parametrize(("then", "now", "passes"), [(4, 5, True), (4, 6, False), (0, 1, False)])
def test_a_campaign_is_compared_with_its_latest_other_period(
    desk: Desk, then: int, now: int, passes: bool
) -> None:
    about: dict[str, Any] = {"campaign": "news", "approve": True}
    desk.plan(40, period="2026-09", **about)
    desk.plan(then, period="2026-10", **about)
    desk.plan(40, period="2026-10", campaign="other")
    desk.plan(40, period="2026-11", simulate=True, **about)
    desk.plan(40, period="2026-08", campaign="news", approve=False)
    run = desk.plan(now, period="2026-11", campaign="news", approve=False)
    said = tripped(run, desk.ledger, Guardrails(max_change=25))
    assert (said == "") is passes
    assert ("and 0 were in 2026-10: more than max_change" in said) is (then == 0)


def test_what_is_no_campaign_s_run_has_nothing_to_compare_with(desk: Desk, run: Run) -> None:
    assert tripped(run, desk.ledger, Guardrails(max_change=0)) == ""


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("12.3", "12.30"),
        ("1234567.891", "1,234,567.89"),
        ("0.1158", "0.1158"),
        ("0.50", "0.50"),
        ("1", "1.00"),
        ("0", "0.00"),
        ("1E+3", "1,000.00"),
    ],
)
def test_amounts_are_said_as_people_write_them(amount: str, said: str) -> None:
    assert money(Decimal(amount)) == said

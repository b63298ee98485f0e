"""Prices that the ledger keeps, and the numbers that a run's cost is reckoned from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ledger_steps import Clock, lost, purged_all, queued, rejected

from bulksender.ledger import Ledger, Run, forget, iso
from bulksender.ledger.pricing import CachedPrices, cached_prices, keep_prices, planned_destinations
from bulksender.model import Message, RejectedRow, RowStatus
from bulksender.prices import Price

if TYPE_CHECKING:
    from conftest import Desk

HERE = ("https://sms.8x8.com", "account", "simulator")
SG = Price("SG", Decimal("0.0312"), Decimal("0.03860"), "USD")
GB = Price("GB", Decimal("0.00991710000000000001"), Decimal("1E-7"), "SGD")
COUNTRIES = ["SG", "GB", "FR", "MY"]


def test_prices_are_kept_to_the_last_digit_and_that_there_is_none_as_well(
    timed: Desk, clock: Clock
) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG, "GB": GB, "FR": None})

    found = cached_prices(timed.ledger, *HERE, COUNTRIES)

    assert found == CachedPrices({"SG": SG, "GB": GB, "FR": None}, iso(clock()))
    assert str(found.prices["SG"]) == str(SG)  # the zero at its end included


def test_they_are_there_when_the_ledger_is_opened_again(timed: Desk) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG})
    with Ledger(timed.path) as other:
        assert cached_prices(other, *HERE, COUNTRIES).prices == {"SG": SG}


def test_a_price_is_known_for_its_own_server_account_and_sub_account(timed: Desk) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG})
    for place in range(len(HERE)):
        other = [*HERE]
        other[place] = "another"
        assert cached_prices(timed.ledger, *other, COUNTRIES) == CachedPrices({}, "")


def test_only_the_countries_that_are_asked_for_count(timed: Desk, clock: Clock) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG})
    clock.wait(hours=1)
    keep_prices(timed.ledger, *HERE, {"GB": GB})

    assert cached_prices(timed.ledger, *HERE, ["GB"]) == CachedPrices({"GB": GB}, iso(clock()))
    before = iso(clock() - timedelta(hours=1))
    assert cached_prices(timed.ledger, *HERE, COUNTRIES).fetched_at == before
    assert cached_prices(timed.ledger, *HERE, []) == CachedPrices({}, "")


def test_a_price_that_is_too_old_is_not_known_until_it_is_kept_anew(
    timed: Desk, clock: Clock
) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG, "FR": None})
    since = iso(clock())
    assert set(cached_prices(timed.ledger, *HERE, COUNTRIES, since).prices) == {"SG", "FR"}
    clock.wait(seconds=1)
    later = iso(clock())
    assert cached_prices(timed.ledger, *HERE, COUNTRIES, later).prices == {}

    dearer = Price("SG", Decimal("0.05"), Decimal("0.06"), "USD")
    keep_prices(timed.ledger, *HERE, {"SG": dearer})

    assert cached_prices(timed.ledger, *HERE, COUNTRIES, later).prices == {"SG": dearer}
    assert timed.query("SELECT count(*) FROM price") == [(2,)]


def test_a_country_may_lose_its_price_and_get_one(timed: Desk) -> None:
    keep_prices(timed.ledger, *HERE, {"SG": SG, "FR": None})
    keep_prices(timed.ledger, *HERE, {"SG": None, "FR": GB})
    found = cached_prices(timed.ledger, *HERE, COUNTRIES).prices
    assert found["SG"] is None
    assert found["FR"] is not None


def test_nothing_to_keep_changes_nothing(timed: Desk) -> None:
    before = timed.ledger.version()
    keep_prices(timed.ledger, *HERE, {})
    assert timed.ledger.version() == before


# A run's numbers


def told(run: Run) -> list[tuple[str, int]]:
    """(number, parts) of everything that goes out or went out."""
    return [
        pair
        for destinations, parts in planned_destinations(run)
        for pair in zip(destinations, parts, strict=True)
    ]


def of_parts(desk: Desk, *parts: int) -> list[Message]:
    return [desk.message(row, parts=count) for row, count in enumerate(parts, 2)]


def test_rows_that_never_go_out_cost_nothing(desk: Desk) -> None:
    messages = of_parts(desk, 1, 2, 3)
    refused = [
        RejectedRow(10, RowStatus.INVALID, "no number"),
        RejectedRow(11, RowStatus.OPTED_OUT, "opted out", "+6591299999"),
        RejectedRow(12, RowStatus.ALREADY_SENT, "sent", "+6591299998"),
        RejectedRow(13, RowStatus.UNKNOWN, "may have been sent", "+6591299997"),
    ]
    twin = desk.message(14, parts=9, destination=messages[0].destination)

    run = desk.plan([*messages, twin], refused)

    assert run.counts()[RowStatus.DUPLICATE] == 1
    assert told(run) == [("+6591200002", 1), ("+6591200003", 2), ("+6591200004", 3)]


def test_rows_count_whatever_became_of_them(desk: Desk) -> None:
    run = desk.plan(of_parts(desk, 1, 2, 3, 4))
    planned = told(run)
    queued(run, 2)
    lost(run, 3)
    rejected(run, 4)
    assert len(run.counts()) == 4
    assert told(run) == planned


def test_the_rows_are_those_that_the_run_counts_as_planned(desk: Desk) -> None:
    first = desk.plan(of_parts(desk, 2, 2))
    lost(first)  # its rows are held in the next run
    run = desk.plan(of_parts(desk, 2, 2, 3, 1), again=False)
    assert sum(parts for _, parts in told(run)) == 4
    assert [*run.planned().values()] == [(2, 4)]


def test_a_long_run_is_told_page_by_page(desk: Desk) -> None:
    rows = [2, 3, *range(40_000, 60_001)]
    run = desk.plan([desk.message(row, text="Hello", parts=row % 3 + 1) for row in rows])
    pages = [(len(numbers), len(parts)) for numbers, parts in planned_destinations(run)]
    assert pages == [(10_000, 10_000), (10_000, 10_000), (3, 3)]
    assert told(run) == [(f"+65912{row:05}", row % 3 + 1) for row in rows]


def test_a_run_without_a_row_and_a_purged_one_have_no_numbers(timed: Desk, clock: Clock) -> None:
    assert told(timed.plan(0)) == []
    run = timed.plan(2)
    queued(run)
    run.end()
    purged_all(timed, clock)
    assert told(timed.ledger.run(run.id)) == []


def test_a_number_that_was_forgotten_still_counts_its_parts(desk: Desk) -> None:
    run = desk.plan(of_parts(desk, 1, 2))
    queued(run)
    run.end()
    forget(desk.ledger, "+6591200003")
    assert told(run) == [("+6591200002", 1), ("", 2)]

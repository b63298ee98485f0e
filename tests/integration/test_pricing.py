"""What a run costs: its numbers in the ledger, the prices of 8x8 or of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bulksender.errors import Refused, SettingsError
from bulksender.ledger import Ledger
from bulksender.model import RejectedRow, RowStatus
from bulksender.prices import Costs, CountryCost, Price, PriceList, cost
from bulksender.pricing import parts_by_country, price_list
from bulksender.sender import Patience
from bulksender.settings import Account
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Desk

HASTY = Patience(attempts=2, first_wait=0.001, longest_wait=0.002)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT_NOON = "2026-11-20T12:00:00.000+00:00"
COUNTRIES = ("SG", "MY", "GB")

SG = Price("SG", Decimal("0.0312"), Decimal("0.0386"), "USD")  # of three operators
MY = Price("MY", Decimal("0.04"), Decimal("0.0410"), "USD")  # of two
GB = Price("GB", Decimal("0.0400"), Decimal("0.0400"), "USD")
OF_8X8 = {"SG": SG, "MY": MY, "GB": GB}


class Prices:
    """Asks for prices with a clock that is moved by hand."""

    def __init__(self, ledger: Ledger, simulator: Simulator) -> None:
        self.ledger = ledger
        self.account = Account(simulator.base_url, simulator.subaccount, simulator.api_key)
        self.account_id: str | None = simulator.account
        self.now = NOON
        ledger.clock = lambda: self.now

    def wait(self, **times: float) -> None:
        self.now += timedelta(**times)

    def __call__(self, *countries: str, file: Path | None = None) -> PriceList | None:
        return price_list(
            countries or COUNTRIES,
            account=self.account,
            account_id=self.account_id,
            prices_file=file,
            ledger=self.ledger,
            patience=HASTY,
        )


@pytest.fixture
def prices(desk: Desk, simulator: Simulator) -> Iterator[Prices]:
    return Prices(desk.ledger, simulator)


def test_a_run_costs_what_was_worked_out_by_hand(desk: Desk, prices: Prices) -> None:
    numbers = {
        "+6591234567": 1,
        "+60123456789": 2,
        "+6581234567": 3,
        "+447400123456": 1,
        "+6598765432": 1,
        "+447400654321": 2,
    }
    messages = [
        desk.message(row, parts=parts, destination=number)
        for row, (number, parts) in enumerate(numbers.items(), 2)
    ]
    twin = desk.message(8, parts=9, destination="+6591234567")
    run = desk.plan([*messages, twin], [RejectedRow(9, RowStatus.INVALID, "no number")])

    parts = parts_by_country(run)
    listed = prices(*parts)

    assert parts == {"SG": (3, 5), "MY": (1, 2), "GB": (2, 3)}
    assert listed is not None
    costs = cost(parts, listed)
    assert costs == Costs(
        lines=(
            CountryCost("SG", 3, 5, SG, Decimal("0.1560"), Decimal("0.1930")),
            CountryCost("GB", 2, 3, GB, Decimal("0.1200"), Decimal("0.1200")),
            CountryCost("MY", 1, 2, MY, Decimal("0.0800"), Decimal("0.0820")),
        ),
        totals={"USD": (Decimal("0.3560"), Decimal("0.3950"))},
        unpriced=(),
    )
    assert (costs.amount, costs.currency) == (Decimal("0.3950"), "USD")


def test_parts_are_counted_by_country_over_many_pages(desk: Desk) -> None:
    codes = ["+6591", "+60121", "+12125", "+14165"]
    messages = [
        desk.message(row, text="Hi", parts=row % 3 + 1, destination=f"{codes[row % 4]}{row:06}")
        for row in range(2, 24_002)
    ]
    run = desk.plan(messages)
    [(encoding_rows, encoding_parts)] = run.planned().values()

    counted = parts_by_country(run)

    assert counted["SG"][0] == 6_000  # Singapore has its code alone, whatever stands behind it
    assert sum(messages for messages, _ in counted.values()) == encoding_rows == 24_000
    assert sum(parts for _, parts in counted.values()) == encoding_parts == 48_000


def test_without_a_file_and_an_account_there_is_no_price_list(prices: Prices) -> None:
    prices.account_id = None
    assert prices() is None


def test_the_account_s_prices_are_kept_for_a_day(prices: Prices, simulator: Simulator) -> None:
    first = prices()
    assert first == PriceList(OF_8X8, "8x8's price list", AT_NOON)
    simulator.stop()
    prices.wait(hours=24)
    assert prices() == first


def test_after_a_day_they_are_asked_for_again(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    dear = [{
        "alpha2Code": "SG", "countryName": "Singapore", "dialingPrefix": "+65",
        "operators": [{"operatorName": "M1", "operatorId": 1, "hni": [],
                       "price": {"amount": 0.5, "currency": "USD"}}],
    }]  # fmt: skip
    sim = simulated()
    prices, port = Prices(desk.ledger, sim), int(sim.base_url.rpartition(":")[2])
    prices("SG")
    sim.stop()
    simulated(port=port, prices=dear)
    assert prices("SG") == PriceList({"SG": SG}, "8x8's price list", AT_NOON)
    prices.wait(hours=24, seconds=1)
    half = Price("SG", Decimal("0.5"), Decimal("0.5"), "USD")
    assert prices("SG") == PriceList(
        {"SG": half}, "8x8's price list", "2026-11-21T12:00:01.000+00:00"
    )


def test_only_what_is_missing_is_asked_for_and_the_list_is_as_old_as_its_oldest_price(
    prices: Prices,
) -> None:
    prices("SG")
    prices.wait(hours=1)
    assert prices() == PriceList(OF_8X8, "8x8's price list", AT_NOON)


def test_that_there_is_no_price_is_kept_as_well(prices: Prices, simulator: Simulator) -> None:
    expected = PriceList({"SG": SG}, "8x8's price list", AT_NOON)
    assert prices("SG", "ZW", "") == expected
    simulator.stop()
    assert prices("", "SG", "ZW") == expected


def test_a_run_without_a_country_has_an_empty_list(prices: Prices, simulator: Simulator) -> None:
    simulator.stop()
    assert prices("") == PriceList({}, "8x8's price list", AT_NOON)


def test_an_old_list_does_where_8x8_cannot_be_asked_and_says_its_date(
    prices: Prices, simulator: Simulator
) -> None:
    prices()
    simulator.stop()
    prices.wait(days=9)
    assert prices() == PriceList(OF_8X8, "8x8's price list of 2026-11-20", AT_NOON)


@pytest.mark.parametrize("known", [(), ("SG", "MY")])
def test_where_there_is_no_list_for_every_country_the_run_is_refused(
    prices: Prices, simulator: Simulator, known: tuple[str, ...]
) -> None:
    if known:
        prices(*known)
    simulator.stop()
    with pytest.raises(Refused) as raised:
        prices()
    assert str(raised.value) == (
        "8x8's price list could not be had: 8x8 cannot be reached (ConnectionError). Try again, or "
        "name a file of your own: a prices.csv with the columns country, price, currency."
    )


def test_a_key_that_8x8_does_not_take_is_told(prices: Prices, simulator: Simulator) -> None:
    prices.account = Account(simulator.base_url, simulator.subaccount, "another-key")
    with pytest.raises(Refused, match="8x8 does not accept the API key"):
        prices()


def test_a_file_of_one_s_own_comes_first_and_nobody_is_asked(
    prices: Prices, simulator: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "our prices.csv"
    file.write_text("country;price;currency\nSingapore;0,05;SGD\nFR;0,07;SGD\n", "utf-8")
    simulator.stop()
    found = prices(file=file)
    assert found is not None
    assert found.source == "our prices.csv"
    assert {country: str(each.dearest) for country, each in found.prices.items()} == {
        "SG": "0.05",
        "FR": "0.07",
    }


def test_a_file_that_cannot_be_used_is_no_reason_to_ask_8x8(prices: Prices, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"prices\.csv"):
        prices(file=tmp_path / "prices.csv")

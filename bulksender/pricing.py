"""What a run costs: prices from a file or from 8x8, and the run's parts by country."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bulksender.errors import Refused
from bulksender.ledger import Ledger, Run, iso
from bulksender.ledger.pricing import (
    CachedPrices,
    cached_prices,
    keep_prices,
    planned_destinations,
)
from bulksender.prices import Balance, PriceList, read_prices_csv
from bulksender.regions import Regions
from bulksender.sender.accounts import HASTE, fetch_balance, fetch_prices
from bulksender.sender.api import CallError, Patience
from bulksender.settings import Account

FROM_8X8 = "8x8's price list"
"""The `source` of a list that is of today."""


def price_list(
    countries: Iterable[str],
    *,
    account: Account,
    account_id: str | None,
    prices_file: Path | None,
    ledger: Ledger,
    max_age: timedelta = timedelta(days=1),
    patience: Patience = HASTE,
) -> PriceList | None:
    """The prices of a part for these countries (alpha-2; "" is none and has no price).

    They are those of `prices_file`, whole; else those of the account's list at 8x8, which the
    ledger keeps for `max_age`; None where neither is named. Where 8x8 cannot be asked an older list
    does, if it knows every country; its `source` tells its date (UTC). Else raises Refused;
    SettingsError for a file that cannot be used, LedgerError.
    """
    if prices_file is not None:
        return read_prices_csv(prices_file)
    if account_id is None:
        return None
    wanted = sorted(set(countries) - {""})
    place = (ledger, account.base_url, account_id, account.subaccount)
    known = cached_prices(*place, wanted, iso(ledger.clock() - max_age))
    missing = [country for country in wanted if country not in known.prices]
    if missing:
        try:
            fetched = fetch_prices(account, account_id, missing, patience=patience)
        except CallError as error:
            return _of_another_day(cached_prices(*place, wanted), wanted, error)
        found = {price.country: price for price in fetched}
        keep_prices(*place, {country: found.get(country) for country in missing})
        known = cached_prices(*place, wanted)
    return _listed(known, FROM_8X8, ledger.now())


def _of_another_day(known: CachedPrices, wanted: Iterable[str], error: CallError) -> PriceList:
    """What the ledger has kept too long, where it is all that there is."""
    if any(country not in known.prices for country in wanted):
        raise Refused(
            f"8x8's price list could not be had: {error}. Try again, or name a file of your own: a "
            "prices.csv with the columns country, price, currency."
        ) from error
    return _listed(known, f"{FROM_8X8} of {known.fetched_at[:10]}", known.fetched_at)


def _listed(known: CachedPrices, source: str, now: str) -> PriceList:
    prices = {country: price for country, price in known.prices.items() if price is not None}
    return PriceList(prices, source, known.fetched_at or now)


def balance_for(run: Run, account: Account | None, *, patience: Patience = HASTE) -> Balance | None:
    """What is left on the account that a planned run is to be paid from.

    None where it is not prepaid, where nobody knows the run's cost or the account's id, and where
    8x8 cannot be asked: a balance that is too low refuses a run, one that is not known does not.
    """
    if run.costs is None or run.job.account is None or account is None or run.job.simulate:
        return None
    with suppress(CallError):
        return fetch_balance(account, run.job.account, patience=patience)
    return None


def parts_by_country(run: Run) -> dict[str, tuple[int, int]]:
    """Country (alpha-2) → (messages, SMS parts) of the rows that go out or went out.

    Together they are what `run.planned()` counts, but for a purged run, whose numbers are gone. ""
    stands for numbers of no country, and for those that were removed for privacy. Raises
    LedgerError.
    """
    region = Regions().of
    counted: Counter[tuple[str, int]] = Counter()
    for destinations, parts in planned_destinations(run):
        counted.update(zip(map(region, destinations), parts, strict=True))
    found: dict[str, tuple[int, int]] = {}
    for (country, each), messages in counted.items():
        before = found.get(country, (0, 0))
        found[country] = before[0] + messages, before[1] + messages * each
    return found

"""What pricing needs of the ledger: price lists that were fetched before, and a run's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from bulksender.ledger import schema
from bulksender.ledger.run import Run
from bulksender.ledger.store import Ledger
from bulksender.model import CHUNK_ROWS
from bulksender.prices import Price

# Rows that go out or went out, as Telling.planned counts them: not those that another run has to
# settle first (UNKNOWN without a batch). A page of columns, like READY_PAGE.
_DESTINATIONS_PAGE = """
SELECT max(row), json_group_array(destination), json_group_array(parts)
FROM (
    SELECT row, destination, parts FROM message
    WHERE run = ? AND row > ? AND encoding <> ''
      AND status NOT IN ('INVALID', 'DUPLICATE', 'OPTED_OUT', 'ALREADY_SENT')
      AND NOT (status = 'UNKNOWN' AND batch IS NULL)
    ORDER BY row LIMIT ?
)
"""
_NUMBERS, _PARTS = msgspec.json.Decoder(list[str]), msgspec.json.Decoder(list[int])


class CachedPrices(NamedTuple):
    """What the ledger knows of a price list: country → price, or None where the list has none.

    `fetched_at` is when the oldest of it was fetched: ISO 8601, UTC; "" where nothing is known.
    """

    prices: dict[str, Price | None]
    fetched_at: str


def cached_prices(
    ledger: Ledger,
    base_url: str,
    account: str,
    subaccount: str,
    countries: Iterable[str],
    not_before: str = "",
) -> CachedPrices:
    """What was fetched of these countries' prices (alpha-2) at `not_before` (ISO, UTC) or later.

    A country that was never asked for is left out. Raises LedgerError.
    """
    table, wanted = schema.price.c, set(countries)
    query = select(schema.price).where(
        table.base_url == base_url,
        table.account == account,
        table.subaccount == subaccount,
        table.fetched_at >= not_before,
    )
    with ledger.reading() as connection:
        found = [line for line in connection.execute(query) if line.country in wanted]
    return CachedPrices(
        {line.country: _price(line) for line in found},
        min((line.fetched_at for line in found), default=""),
    )


def keep_prices(
    ledger: Ledger,
    base_url: str,
    account: str,
    subaccount: str,
    prices: Mapping[str, Price | None],
) -> None:
    """Remember what was fetched just now; None says that the list has no price for a country.

    Raises LedgerError.
    """
    where = {"base_url": base_url, "account": account, "subaccount": subaccount}
    lines = [
        where | {"country": country, "fetched_at": ledger.now()} | _columns(price)
        for country, price in prices.items()
    ]
    if not lines:
        return
    statement = insert(schema.price)
    renewed = {name: statement.excluded[name] for name in (*_columns(None), "fetched_at")}
    with ledger.transaction() as connection:
        connection.execute(statement.on_conflict_do_update(set_=renewed), lines)


def planned_destinations(run: Run) -> Iterator[tuple[list[str], list[int]]]:
    """The numbers (E.164 with +) and SMS parts of the rows that go out or went out, in pages.

    They are the rows that `run.planned()` counts; of a purged run there are none. A number is ""
    where it was removed for privacy. Raises LedgerError.
    """
    last = 0
    while True:
        with run._ledger.reading() as connection:
            page = connection.exec_driver_sql(_DESTINATIONS_PAGE, (run.no, last, CHUNK_ROWS)).one()
        if page[0] is None:
            return
        last = page[0]
        yield _NUMBERS.decode(page[1]), _PARTS.decode(page[2])


def _price(line: Any) -> Price | None:
    if not line.currency:
        return None
    return Price(line.country, Decimal(line.lowest), Decimal(line.dearest), line.currency)


def _columns(price: Price | None) -> dict[str, str]:
    """The columns of a price; empty where there is none."""
    lowest, dearest = ("", "") if price is None else (str(price.lowest), str(price.dearest))
    return {
        "lowest": lowest,
        "dearest": dearest,
        "currency": "" if price is None else price.currency,
    }

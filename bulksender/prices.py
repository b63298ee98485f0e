"""What messages cost: prices of a part, by country, and the sum over a run.

A price is for one SMS part. What it is depends on the operator that serves a number, which nobody
knows beforehand: so the dearest one of a country is reckoned with, and the cheapest is shown beside
it. Amounts are exact decimals throughout.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from io import StringIO
from pathlib import Path

from msgspec import Struct

from bulksender.errors import SettingsError, did_you_mean

EXACT = Context(prec=80)
"""No price times any number of parts, and no sum of them, has as many digits."""


class Price(Struct, frozen=True):
    """What one part costs to a country (ISO 3166-1 alpha-2), over all its operators.

    `currency` is ISO 4217, `lowest` and `dearest` are amounts of it.
    """

    country: str
    lowest: Decimal
    dearest: Decimal
    currency: str


class PriceList(Struct, frozen=True):
    """Prices by country (alpha-2), and in words where they are from.

    `fetched_at` is when they were read, or written to their file: ISO 8601, UTC; where they are of
    several times, the oldest.
    """

    prices: dict[str, Price]
    source: str
    fetched_at: str


class Balance(Struct, frozen=True):
    """What is left on a prepaid account; `currency` is ISO 4217."""

    amount: Decimal
    currency: str


class CountryCost(Struct, frozen=True):
    """What a country's messages cost: at its cheapest operator, and at its dearest.

    `country` is "" for numbers of no country. Price and amounts are None where there is no price.
    """

    country: str
    messages: int
    parts: int
    price: Price | None
    amount_low: Decimal | None
    amount: Decimal | None


class Costs(Struct, frozen=True):
    """What a run costs. `lines` have the dearest country first, those without a price last.

    `totals` are currency → (at the cheapest operators, at the dearest), over what has a price;
    `unpriced` the countries that have none.
    """

    lines: tuple[CountryCost, ...]
    totals: dict[str, tuple[Decimal, Decimal]]
    unpriced: tuple[str, ...]

    @property
    def amount(self) -> Decimal | None:
        """The most that it costs; None unless everything has a price, and in one currency."""
        return self.totals[self.currency][1] if self.currency else None

    @property
    def currency(self) -> str | None:
        """The currency of `amount`, or None as well."""
        return None if self.unpriced or len(self.totals) != 1 else next(iter(self.totals))


def cost(parts_by_country: Mapping[str, tuple[int, int]], prices: PriceList) -> Costs:
    """What (messages, SMS parts) by country cost. Nothing is rounded."""
    with localcontext(EXACT):
        lines = [
            _line(country, messages, parts, prices.prices.get(country))
            for country, (messages, parts) in parts_by_country.items()
        ]
        totals: dict[str, tuple[Decimal, Decimal]] = {}
        for line in lines:
            if line.price is not None and line.amount is not None and line.amount_low is not None:
                low, high = totals.get(line.price.currency, (Decimal(), Decimal()))
                totals[line.price.currency] = low + line.amount_low, high + line.amount
    lines.sort(key=_dearest_first)
    unpriced = tuple(line.country for line in lines if line.price is None)
    return Costs(tuple(lines), totals, unpriced)


def _line(country: str, messages: int, parts: int, price: Price | None) -> CountryCost:
    if price is None:
        return CountryCost(country, messages, parts, None, None, None)
    low, high = price.lowest * parts, price.dearest * parts
    return CountryCost(country, messages, parts, price, low, high)


def _dearest_first(line: CountryCost) -> tuple[bool, Decimal, int, str]:
    amount = Decimal() if line.amount is None else line.amount
    return line.amount is None, amount.copy_negate(), -line.parts, line.country


# A price list of the user's own -------------------------------------------------------------------

_NEEDED = ("country", "price", "currency")
_AMOUNT = re.compile(r"\d{1,9}(?:[.,]\d{1,20})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def read_prices_csv(path: Path) -> PriceList:
    """A price list from a CSV file in UTF-8, separated by commas or semicolons.

    Its columns, in any order and letters, are `country` (ISO 3166-1 alpha-2 or English name),
    `price` (of a part: `0.0386` or `0,0386`) and `currency` (ISO 4217); others, like `operator`,
    do not count. Of a country with several rows the lowest and the dearest are taken. Raises
    SettingsError that names file, row and column.
    """
    text, written_at = _text(path)
    prices: dict[str, Price] = {}
    for row, country, amount, currency in _priced(path, text):
        before = prices.get(country, Price(country, amount, amount, currency))
        if before.currency != currency:
            raise _wrong(
                path, row, "currency", f"{country} has prices in {before.currency} as well; use one"
            )
        lowest, dearest = min(before.lowest, amount), max(before.dearest, amount)
        prices[country] = Price(country, lowest, dearest, currency)
    if not prices:
        raise SettingsError(f"{path}: the price list has no prices, only a header; add a row.")
    return PriceList(prices, path.name, written_at)


def _text(path: Path) -> tuple[str, str]:
    """The file's text, and when it was written: ISO 8601, UTC."""
    try:
        text = path.read_text("utf-8-sig")
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path}: the price list is not a text in UTF-8; save it as CSV UTF-8."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The price list {path} cannot be read: {error.strerror}. Name another file."
        ) from error
    return text, written_at.isoformat(timespec="milliseconds")


def _priced(path: Path, text: str) -> Iterator[tuple[int, str, Decimal, str]]:
    """Each row's number, country, amount and currency; the header's columns are found first."""
    places: dict[str, int] | None = None
    width = 0
    for row, record in _records(path, text):
        if places is None:
            places, width = _places(path, row, record), len(record)
            continue
        if any(map(str.strip, record[width:])):
            raise SettingsError(
                f"{path}: row {row} has more cells than the header; put a price with a comma in "
                'quotes, like "0,0386", or separate the cells by semicolons.'
            )
        cells = record + [""] * (width - len(record))
        told = {name: cells[place].strip() for name, place in places.items()}
        yield row, *_checked(path, row, told)
    if places is None:
        raise SettingsError(f"{path}: the price list is empty; {_HOW}")


_HOW = "its first row names the columns: country, price, currency."


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers: the first one is 1."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = ";" if ";" in header else ","
    reader = csv.reader(StringIO(text), delimiter=delimiter, strict=True)
    try:
        for row, record in enumerate(reader, 1):
            if any(map(str.strip, record)):
                yield row, record
    except csv.Error as error:
        raise SettingsError(
            f"{path}: the price list is no CSV file that can be read, near line "
            f"{reader.line_num}: {error}."
        ) from error


def _places(path: Path, row: int, header: list[str]) -> dict[str, int]:
    """Where the columns are, by name."""
    names = [name.strip().lower() for name in header]
    for name in _NEEDED:
        if names.count(name) != 1:
            how = "has no column" if name not in names else "has several columns"
            raise SettingsError(f'{path}: row {row} {how} "{name}"; {_HOW}')
    return {name: names.index(name) for name in _NEEDED}


def _checked(path: Path, row: int, told: Mapping[str, str]) -> tuple[str, Decimal, str]:
    from bulksender.regions import country_names, region_named

    country = region_named(told["country"])
    if not country:
        meant = did_you_mean(told["country"], country_names())
        raise _wrong(
            path, row, "country",
            f'"{told["country"]}" is no country; write a code like SG or an English name', meant,
        )  # fmt: skip
    if not _AMOUNT.fullmatch(told["price"]):
        raise _wrong(
            path, row, "price",
            f'"{told["price"]}" is not the price of a part; write it like 0.0386',
        )  # fmt: skip
    currency = told["currency"].upper()
    if not _CURRENCY.fullmatch(currency):
        raise _wrong(
            path, row, "currency",
            f'"{told["currency"]}" is no currency; write its three letters, like USD',
        )  # fmt: skip
    return country, Decimal(told["price"].replace(",", ".")), currency


def _wrong(path: Path, row: int, column: str, what: str, meant: str = "") -> SettingsError:
    return SettingsError(f'{path}: row {row}, column "{column}": {what}.{meant}')

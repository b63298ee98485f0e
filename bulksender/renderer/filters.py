"""The filters that templates have besides Jinja's own: money, number, date, title; float, int."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from jinja2 import Undefined


class RowError(Exception):
    """A filter cannot use this row's cell; the message is for the sheet's owner."""


_NEEDS_A_DAY = re.compile(r"%[-#]?[^-#HIMSfpX%]")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}")  # as most texts have it, and exact as a float
_LONGEST = 100  # characters of a number
_CODES = (
    "AED|AUD|BDT|BND|BRL|CAD|CHF|CNY|CZK|DKK|EGP|EUR|GBP|GHS|HKD|HUF|IDR|ILS|INR|JPY|KES|KHR|KRW"
    "|LAK|LKR|MMK|MXN|MYR|NGN|NOK|NPR|NZD|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND"
    "|ZAR|[Rr][Mm]|[Rr][Pp]|[Rr][Ss]|Php|Kč|zł|kr|(?:S|US|A|NZ|HK|NT|R|C)?[$]|[€£¥₹฿₫₱₩]"
)
_CURRENCY = re.compile(rf"^(?:{_CODES})[.]?\s*(?=[-+]?[.]?\d)|(?<=\d)\s*(?:{_CODES})$")
_ENGLISH = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?|[+-]?[1-9]\d?(,\d\d)+,\d{3}(\.\d+)?")
_SPACED = re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u202f]\d{3})+([.,]\d{1,2})?")
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_CONTINENTAL = re.compile(
    r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d+,\d{1,2}|[+-]?[1-9]\d{0,2}(\.\d{3}){2,}"
)


def money(value: object, currency: str = "", places: int = 2) -> str:
    """`1234.5 | money("SGD")` → `SGD 1,234.50`; a sign such as `$` stands without a space."""
    if type(value) is str and _AMOUNT.fullmatch(value):
        value = float(value)
    if isinstance(value, float) and places == 2 and abs(value) < 1e12 and round(value, 2) == value:
        amount = f"{value:,.2f}"  # nothing to be rounded: as below, in a third of the time
    else:
        amount = _grouped(_decimal(value, "money"), places)
    return f"{currency}{' ' if currency[-1:].isalpha() else ''}{amount}"


def number(value: object, places: int | None = None) -> str:
    """`1234567 | number` → `1,234,567`; `places` fixes the digits after the point."""
    return _grouped(_decimal(value, "number"), places)


def float_(value: object, default: float | None = None) -> float:
    """A number, also from text such as `1,234.50`; `default` for what is none."""
    try:
        return float(_decimal(value, "float"))
    except RowError:
        if default is None:
            raise
        return default


def int_(value: object, default: int | None = None) -> int:
    """As `float_`, cut to a whole number."""
    try:
        return int(_decimal(value, "int"))
    except RowError:
        if default is None:
            raise
        return default


def date_(value: object, form: str = "%Y-%m-%d") -> str:
    """A date cell, or text that is an ISO date, by a `strftime` format: `date("%d %b")`."""
    if type(value) is str or type(value) is date:
        return _stamp(value, form)
    if isinstance(value, date):
        return value.strftime(form)
    if isinstance(value, time) and not _NEEDS_A_DAY.search(form):
        return value.strftime(form)
    raise RowError(f'the filter "date" needs a date, not {_kind(value)}')


@lru_cache(maxsize=4096)
def _stamp(value: date | str, form: str) -> str:
    """A date, or text that is one; both are dear, and the same dates come again and again."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise RowError("a date is not readable; write it like 2026-11-30") from None
    return value.strftime(form)


def title(value: object) -> str:
    """A name in capitals or in small letters as names are written; a mixed one stays as it is.

    `JASMINE O'BRIEN-TAN` → `Jasmine O'Brien-Tan`; `McDonald` stays.
    """
    return re.sub(r"[^\W_]+(?:['’][^\W_]+)*", _name, unicodedata.normalize("NFC", str(value)))


def _name(match: re.Match[str]) -> str:
    word = match.group()
    if not (word.isupper() or word.islower()):
        return word
    head, mark, rest = re.fullmatch(r"([^'’]+)(['’]?)(.*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
    tail = rest.capitalize() if len(head) == 1 else rest.lower()
    return f"{head.capitalize()}{mark}{tail}"


def looks_like_a_number(text: str) -> bool:
    """Whether a cell's text is a number that a template could mean to compute with."""
    return len(text) < _LONGEST and bool(
        _PLAIN.fullmatch(text.strip()) or _ENGLISH.fullmatch(text.strip())
    )


def _decimal(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise RowError(f'the filter "{name}" needs a number, not {_kind(value)}')
    if isinstance(value, float):
        return Decimal(f"{value:.15g}")  # as many digits as a spreadsheet shows
    text = str(value).strip()
    if len(text) > _LONGEST:
        raise RowError(f'the filter "{name}" needs a number, and the cell holds other text')
    text = _CURRENCY.sub("", text).strip().removesuffix("/-")
    if _SPACED.fullmatch(text):
        text = re.sub(r"\s", "", text)
    if isinstance(value, str) and _AMBIGUOUS.fullmatch(text):
        raise RowError(
            f'the filter "{name}" cannot tell 1.234 from 1,234 in text; write it with two digits '
            "behind the point, or as a number"
        )
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if _ENGLISH.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if _CONTINENTAL.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    raise RowError(f'the filter "{name}" needs a number, and the cell holds other text')


def _grouped(value: Decimal, places: int | None) -> str:
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{value:,f}"


def _kind(value: object) -> str:
    if isinstance(value, Undefined):
        return str(value)  # a blank cell: says so itself, by raising
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "a number; format the column as a date"
    names = {bool: "TRUE or FALSE", str: "text", time: "a time of day", timedelta: "a duration"}
    return names.get(type(value), "a date" if isinstance(value, date) else type(value).__name__)


FILTERS = {
    "money": money,
    "number": number,
    "date": date_,
    "title": title,
    "float": float_,  # Jinja's own turn what they cannot read into 0: "You owe 0"
    "int": int_,
}

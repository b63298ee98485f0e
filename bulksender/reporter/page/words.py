"""Numbers, money, times and reasons as people read them, and nothing that must not be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

MOST_DETAIL = 160
"""How many characters of a reason are shown."""

_NUMBER = re.compile(r"[+(]{0,2}\d(?:(?:[\s()+\-‐-―−]|\.(?=\d{3}))*\d){6,}")
"""Seven or more digits, written together or as phone numbers are: dots only before three digits,
so that 12000.00 stays. A plain date matches too, and is told apart by `_DATE`."""

_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:\s\d\d)?")
"""2026-11-01, with or without the hour behind it."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What neither HTML nor XML may contain, surrogates of an undecodable file name among it."""


def redacted(words: str) -> str:
    """The words without any run of seven or more digits that may be a phone number."""
    return _NUMBER.sub(lambda run: run[0] if _DATE.fullmatch(run[0]) else "…", words)


def reason(detail: str) -> str:
    """A problem's detail, redacted, in one line of at most MOST_DETAIL characters."""
    line = " ".join(redacted(detail).split())
    return line if len(line) <= MOST_DETAIL else line[: MOST_DETAIL - 1].rstrip() + "…"


def printable(page: str) -> str:
    """The page with � for each character that a document may not contain."""
    return _UNPRINTABLE.sub("\ufffd", page)


def count(number: int) -> str:
    """`1204` → `1,204`."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 batch`, `2 batches`: a number with its word."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(rows: int, of: int) -> str:
    """Percent with one digit; never 0% of something, nor 100% where something is missing."""
    if not of or not rows:
        return "0%"
    if rows == of:
        return "100%"
    percent = 100 * rows / of
    if percent < 0.1:
        return "< 0.1%"
    return "> 99.9%" if 99.9 < percent < 100 else f"{percent:.1f}%"


def money(amount: float, currency: str | None) -> str:
    """`SGD 1,234.50`; with four digits below one, where cents would hide most of it."""
    digits = 2 if abs(amount) >= 1 or amount == 0 else 4
    return f"{currency or ''} {amount:,.{digits}f}".strip()


def price_digits(prices: Iterable[float | None]) -> int:
    """How many digits (2 to 6) show all of these prices whole, so that they stand in line."""
    shown = (f"{price:.6f}".rstrip("0").partition(".")[2] for price in prices if price is not None)
    return max([2, *map(len, shown)])


def prices(lowest: float | None, dearest: float | None, digits: int) -> str:
    """`0.0412 – 0.0520`, one price where both are the same, "" where none is known."""
    known = sorted({price for price in (lowest, dearest) if price is not None})
    return " – ".join(f"{price:,.{digits}f}" for price in known)


def zone(name: str) -> tuple[str, tzinfo]:
    """A time zone and its name; UTC where this machine does not know it."""
    try:
        return name, ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of the database, no name at all
        return "UTC", UTC


def moment(iso: str, where: tzinfo) -> datetime | None:
    """An ISO 8601 time (UTC where it has no offset) in a time zone; None where it is none."""
    try:
        read = datetime.fromisoformat(iso)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(where)
    except (ValueError, OverflowError):
        return None


def day(date: datetime) -> str:
    """`1 November 2026`."""
    return f"{date.day} {date:%B} {date.year}"


def day_and_time(date: datetime) -> str:
    """`1 November 2026, 09:00`."""
    return f"{day(date)}, {date:%H:%M}"


def period(name: str) -> str:
    """`2026-11` → `November 2026`; weeks and days likewise, other names as they stand."""
    if week := re.fullmatch(r"(\d{4})-W(\d\d?)", name):
        return f"Week {int(week[2])} of {week[1]}"
    for form in ("%Y-%m", "%Y-%m-%d"):
        try:
            read = datetime.strptime(name, form)
        except ValueError:
            continue
        return f"{read:%B} {read.year}" if form == "%Y-%m" else day(read)
    return name


def duration(spent: timedelta) -> str:
    """`8 seconds`, `3 min 12 s`, `2 h 5 min`, `3 days 4 h`; "" for less than none."""
    seconds = round(spent.total_seconds())
    if seconds < 0:
        return ""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        return counted(seconds, "second") if seconds else "less than a second"
    if not hours:
        return f"{minutes} min {seconds % 60} s"
    if not days:
        return f"{hours} h {minutes % 60} min"
    return f"{counted(days, 'day')} {hours % 24} h"


def first_rows(first: tuple[int, ...], rows: int) -> str:
    """`3, 17, 29 and 5 more`."""
    named = ", ".join(str(row) for row in first)
    more = rows - len(first)
    return f"{named} and {more:,} more" if named and more > 0 else named

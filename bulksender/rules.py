"""What a campaign's owner has laid down: which export, when, how fast, how much, who is told.

Plain values, as `campaignfile` has read them out of a campaign's file; nothing here reads, sends or
stores. Times of day and dates are local to a time zone that stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import Struct

PeriodKind = Literal["monthly", "weekly", "daily", "once"]
"""How often a campaign runs: once in each such period."""

Unit = Literal["second", "minute", "hour", "day"]
"""What a pace counts in."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of the week as a campaign's file writes them; their places are datetime's weekday()."""


class Export(Struct, frozen=True, kw_only=True):
    """Where the recipients come from: a path, a glob, a URL, or a query to a database.

    Exactly one of `path` and `query` is set. `path` is a file, a glob (`exports/contacts-*.xlsx`,
    of which the newest is taken, by its name or by its time), or a URL that fsspec opens
    (`https://`, `s3://`, `sftp://`). `database` is an SQLAlchemy URL.
    """

    path: str | None = None
    newest: Literal["name", "time"] = "name"
    query: str | None = None
    database: str | None = None


class Timing(Struct, frozen=True, kw_only=True):
    """When a campaign is due, in its time zone.

    `time` is the time of day. `day` is the day of the month (monthly: 1 to 31; in a shorter month
    its last day), `weekday` 0 (Monday) to 6 (weekly), `date` the day of a campaign that runs once.
    A run that was missed is made up once, no later than `grace` after it was due.
    """

    period: PeriodKind
    timezone: str
    time: time
    day: int = 1
    weekday: int = 0
    date: date | None = None
    grace: timedelta = timedelta(days=1)


class Pace(Struct, frozen=True):
    """At most `messages` in any `unit` of time (half-open: [t, t + unit))."""

    messages: int
    unit: Unit


class Delivery(Struct, frozen=True, kw_only=True):
    """When people may get a message, in their own time zones.

    Between `opens` and `closes` (both None: at any time; `closes` is after `opens`, 24:00 is
    time.max), on `days` (0 is Monday), not on the public holidays of their country where
    `holidays` says so, never on a date in `closed`. `timezone` is the campaign's own, for numbers
    that no time zone is known of.
    """

    timezone: str = "UTC"
    opens: time | None = None
    closes: time | None = None
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    holidays: bool = False
    closed: tuple[date, ...] = ()
    pace: Pace | None = None

    @property
    def asks_where(self) -> bool:
        """Whether it matters in which time zone somebody is."""
        every_day = len(self.days) == len(WEEKDAYS) and not self.holidays and not self.closed
        return self.opens is not None or not every_day


class Variant(Struct, frozen=True, kw_only=True):
    """One of several texts that are tried on parts of the recipients; `weight` is its share."""

    name: str
    template: str
    weight: int = 1


def variant_of(number: str, variants: Sequence[Variant]) -> Variant:
    """The variant of a number (E.164): always the same one, as often as the weights say.

    The number's SHA-256, as a fraction of what it could be at most, is a place among the weights.
    """
    place = int.from_bytes(sha256(number.encode()).digest()[:8], "big")
    place = place * sum(variant.weight for variant in variants) >> 64
    for variant in variants:
        place -= variant.weight
        if place < 0:
            return variant
    raise ValueError("there is no variant")


class Guardrails(Struct, frozen=True, kw_only=True):
    """What refuses a run before anything is sent; None: not asked for. Percents are 0 to 100."""

    max_recipients: int | None = None
    max_cost: float | None = None
    max_invalid: float | None = None
    max_change: float | None = None
    max_age: timedelta | None = None
    min_gap: timedelta | None = None
    require_approval: bool = False


class Notify(Struct, frozen=True, kw_only=True):
    """Who is told, by Apprise URLs, and of what."""

    urls: tuple[str, ...] = ()
    on: tuple[str, ...] = ("finished", "refused", "rejected", "unknown")

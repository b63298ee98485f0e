"""The periods of a campaign and when each one's run is due.

A period is written as its key: `2026-11` (monthly), `2026-W48` (weekly, ISO 8601), `2026-11-23`
(daily), `once`. Each period has one key and one due time; the clock's changes (summer time) are
decided here. A local time that they skip is due at the first instant behind the gap, one that
comes twice is due the first time (PEP 495 calls it fold 0), and day 29, 30 or 31 is a shorter
month's last day.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bulksender.errors import SettingsError
from bulksender.rules import Timing

ONCE = "once"
"""The only key of a campaign that runs once."""

_WRITTEN = {
    "monthly": (r"(\d{4})-(\d{1,2})", "a month such as 2026-11"),
    "weekly": (r"(\d{4})-?W(\d{1,2})", "an ISO week such as 2026-W48"),
    "daily": (r"(\d{4})-(\d{1,2})-(\d{1,2})", "a day such as 2026-11-23"),
    ONCE: ("ONCE", 'the word "once"'),
}
_FIRST_YEAR, _LAST_YEAR = 1971, 2999
_LONGEST = {"monthly": timedelta(days=31), "weekly": timedelta(days=7), "daily": timedelta(days=1)}
"""From a period's first day, so long leads into the next one."""


def key(timing: Timing, moment: datetime) -> str:
    """The key of the period that an aware instant falls in, in the campaign's time zone.

    A period lasts from `begins` to the next one's: where clocks are put back over midnight, the
    hour that comes again belongs to the new day.
    """
    if timing.period == ONCE:
        return ONCE
    found = _key_of(timing, moment.astimezone(zone(timing)).date())
    behind = _key_of(timing, _first_day(timing, found) + _LONGEST[timing.period])
    return behind if moment >= begins(timing, behind) else found


def check_key(timing: Timing, text: str) -> str:
    """What `--period` was given, as keys are written; raises SettingsError where it is none."""
    pattern, such = _WRITTEN[timing.period]
    match = re.fullmatch(pattern, text.strip().upper(), re.ASCII)
    try:
        if match is None:
            raise ValueError
        day = _from_parts(timing, [int(part) for part in match.groups()])
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f'--period "{text}": a {timing.period} campaign\'s period is written as {such}.'
            if timing.period != ONCE
            else f'--period "{text}": a campaign that runs once has one period, {such}.'
        ) from None
    return ONCE if timing.period == ONCE else _key_of(timing, day)


def begins(timing: Timing, key: str) -> datetime:
    """The first instant of a period, aware, in UTC; that of "once" is the beginning of time."""
    if timing.period == ONCE:
        return datetime.min.replace(tzinfo=UTC)
    return instant(_first_day(timing, key), time.min, zone(timing))


def due(timing: Timing, key: str) -> datetime:
    """When the run of a period is due, aware, in UTC."""
    return instant(due_day(timing, key), timing.time, zone(timing))


def due_day(timing: Timing, key: str) -> date:
    """The local date on which the run of a period is due."""
    if timing.period == ONCE:
        if timing.date is None:
            raise SettingsError("A campaign that runs once needs the date on which it is due.")
        return timing.date
    first = _first_day(timing, key)
    if timing.period == "monthly":
        return first.replace(day=min(timing.day, monthrange(first.year, first.month)[1]))
    return first + timedelta(days=timing.weekday if timing.period == "weekly" else 0)


def last_due(timing: Timing, now: datetime) -> tuple[str, datetime] | None:
    """(key, due) of the newest run that is due at `now`; None where none has ever been.

    `now` is aware. Two days may be due at one instant, where the clocks skip the whole of the
    first one (Samoa in 2011); it is the later one then.
    """
    found: str | None = key(timing, now)
    while found is not None:
        if (when := due(timing, found)) <= now:
            return found, when
        found = previous(timing, found)
    return None


def next_due(timing: Timing, after: datetime, count: int) -> list[tuple[str, datetime]]:
    """(key, due) of the next `count` runs that are due after an aware instant, the first first.

    Fewer for a campaign that runs once.
    """
    now = key(timing, after)
    found: str | None = previous(timing, now) or now  # due behind its own end, in a gap
    runs: list[tuple[str, datetime]] = []
    while found is not None and len(runs) < count:
        if (when := due(timing, found)) > after:
            runs.append((found, when))
        found = following(timing, found)
    return runs


def following(timing: Timing, key: str) -> str | None:
    """The key of the period behind this one; None for "once"."""
    if timing.period == ONCE:
        return None
    return _key_of(timing, _first_day(timing, key) + _LONGEST[timing.period])


def previous(timing: Timing, key: str) -> str | None:
    """The key of the period before this one; None for "once"."""
    if timing.period == ONCE:
        return None
    return _key_of(timing, _first_day(timing, key) - timedelta(days=1))


def zone(timing: Timing) -> ZoneInfo:
    """The campaign's time zone; raises SettingsError where there is none of this name."""
    try:
        return ZoneInfo(timing.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f'There is no time zone "{timing.timezone}" on this machine: take a name of the IANA '
            "database, such as Asia/Singapore or Europe/Berlin."
        ) from None


def instant(day: date, at: time, where: ZoneInfo) -> datetime:
    """The instant, in UTC, at which clocks show a local time; the first one, or behind its gap."""
    local = datetime.combine(day, at, where)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # PEP 495: in a gap, fold 1 lies before it and fold 0 behind it
    offset = second.astimezone(where).utcoffset()
    seconds = range(int(second.timestamp()), ceil(first.timestamp()) + 1)
    moved = bisect_left(
        seconds, True, key=lambda at: datetime.fromtimestamp(at, where).utcoffset() != offset
    )
    return datetime.fromtimestamp(seconds[moved], UTC)


def _key_of(timing: Timing, day: date) -> str:
    """The key of the period that a local date lies in."""
    if timing.period == "monthly":
        return f"{day.year:04}-{day.month:02}"
    if timing.period == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return day.isoformat()


def _first_day(timing: Timing, key: str) -> date:
    """The first local date of a period, by its key."""
    return _from_parts(timing, [int(part) for part in re.findall(r"\d+", key)])


def _from_parts(timing: Timing, parts: Sequence[int]) -> date:
    """The first local date of a period, by the numbers in its key; raises ValueError."""
    if timing.period == ONCE:
        return date(_FIRST_YEAR, 1, 1)
    if timing.period == "weekly":
        return date.fromisocalendar(parts[0], parts[1], 1)
    return date(parts[0], parts[1], parts[2] if timing.period == "daily" else 1)

"""The small languages of a campaign's file: times of day, weekdays, windows, paces.

Each raises ValueError with what is wrong and how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bulksender.errors import did_you_mean
from bulksender.rules import WEEKDAYS, Pace, Unit

_MIDNIGHT = "24:00"


def time_of_day(said: str) -> time:
    """`"09:00"`."""
    try:
        found = time.fromisoformat(said.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(f'"{said}" is not a time of day; write it like "09:00".')
    return found


def weekday(said: str) -> int:
    """`"mon"` or `"Monday"`, as datetime's weekday()."""
    if said.lower()[:3] not in WEEKDAYS:
        raise ValueError(f'"{said}" is not a day of the week: {", ".join(WEEKDAYS)}.')
    return WEEKDAYS.index(said.lower()[:3])


def weekdays(said: Iterable[str]) -> tuple[int, ...]:
    """Days of the week, in their order."""
    days = tuple(sorted({weekday(day) for day in said}))
    if not days:
        raise ValueError("no day is left on which anybody may be texted.")
    return days


def window(said: str | None) -> tuple[time | None, time | None]:
    """`"09:00-20:00"`: when it opens and closes; 24:00 is time.max."""
    if said is None:
        return None, None
    found = re.fullmatch(r"\s*(\d{1,2}:\d\d)\s*[-–]\s*(\d{1,2}:\d\d)\s*", said)
    try:
        if found is None:
            raise ValueError
        opens, closes = _clock(found[1]), _clock(found[2])
    except ValueError:
        raise ValueError(f'"{said}" is not a window; write it like "09:00-20:00".') from None
    if opens >= closes:
        raise ValueError(f'"{said}" closes before it opens; it cannot reach over midnight.')
    return opens, closes


def _clock(text: str) -> time:
    return time.max if text == _MIDNIGHT else time(int(text[:-3]), int(text[-2:]))


def pace(said: str | None) -> Pace | None:
    """`"500/hour"`: so many messages in each second, minute, hour or day at most."""
    if said is None:
        return None
    found = re.fullmatch(r"\s*([\d_,]{1,12})\s*/\s*(second|minute|hour|day)\s*", said)
    number = int(re.sub("[_,]", "", found[1]) or 0) if found else 0
    if found is None or number < 1:
        raise ValueError(
            f'"{said}" is not a pace; write it like "500/hour" (or second, minute, day).'
        )
    return Pace(number, cast(Unit, found[2]))


def timezone(name: str) -> str:
    """A time zone's IANA name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, available_timezones())
        raise ValueError(
            f'there is no time zone "{name}".{near} Write it like "Asia/Singapore".'
        ) from None
    return name


def output(place: str, repeats: bool) -> str:
    """A path with placeholders; one of a campaign that `repeats` needs a name for each run."""
    try:
        filled = place.format_map({"campaign": "", "period": "", "date": date(2000, 1, 1)})
        other = place.format_map({"campaign": "", "period": "1", "date": date(2001, 2, 2)})
    except (KeyError, ValueError, IndexError, AttributeError):
        raise ValueError(
            "known placeholders are {campaign}, {period} and {date}, also as {date:%Y-%m}."
        ) from None
    if filled == other and repeats:
        raise ValueError(
            "each run would overwrite what the last one has written: put {period} into the name."
        )
    return place

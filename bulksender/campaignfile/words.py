"""The small languages of a campaign's file: times of day, weekdays, windows, paces.

Each raises ValueError with what is wrong and how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time, timedelta
from string import Formatter
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bulksender.errors import did_you_mean
from bulksender.rules import WEEKDAYS, Pace, PeriodKind, Unit

_MIDNIGHT = "24:00"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PLACEHOLDERS = ("campaign", "period", "date")
_DATE_FORM = re.compile(r"(?:%[aAbBdjmUwWyYVGu]|[^%{}])*")
"""How a date may be written: strftime's directives of days, which every platform has."""
_STEPS = {"daily": 1, "weekly": 7, "monthly": 31}
"""Days from a period to a later one."""


def time_of_day(said: str) -> time:
    """`"09:00"`."""
    found = re.fullmatch(r"\s*(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*", said, re.ASCII)
    try:
        if found is None:
            raise ValueError
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise ValueError(f'"{said}" is not a time of day; write it like "09:00".') from None


def weekday(said: str) -> int:
    """`"mon"` or `"Monday"`, as datetime's weekday()."""
    wanted = said.strip().lower()
    for place, name in enumerate(_DAYS):
        if len(wanted) >= 3 and name.startswith(wanted):
            return place
    near = did_you_mean(wanted, WEEKDAYS)
    raise ValueError(f'"{said}" is not a day of the week.{near} There are: {", ".join(WEEKDAYS)}.')


def run_day(said: date) -> date:
    """The day of a campaign that runs once, which a computer's clock may show some time."""
    if not 1971 <= said.year <= 2999:
        raise ValueError(f"{said} is not a day on which anything can run.")
    return said


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


def output(place: str, period: PeriodKind) -> str:
    """A path with placeholders; that of a campaign that repeats has a name for each run."""
    try:
        known = all(_is_placeholder(*parts[1:]) for parts in Formatter().parse(place))
    except ValueError:
        known = False
    if not known:
        raise ValueError(
            "known placeholders are {campaign}, {period} and {date}, also as {date:%Y-%m}."
        )
    if period in _STEPS:
        first, step = date(2000, 1, 1), _STEPS[period]
        days = [first + timedelta(days=passed) for passed in range(0, 800, step)]
        names = {
            place.format_map({"campaign": "", "period": str(day), "date": day}) for day in days
        }
        if len(names) < len(days):
            raise ValueError(
                "a run would overwrite what an earlier one has written: put {period} into the name."
            )
    return place


def _is_placeholder(name: str | None, form: str | None, conversion: str | None) -> bool:
    """Whether a part of a path is plain, or a placeholder that is known."""
    if name is None:
        return True
    dated = name == "date" and _DATE_FORM.fullmatch(form or "") is not None
    return name in _PLACEHOLDERS and not conversion and (not form or dated)

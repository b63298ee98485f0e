"""When a place is open: inside the window in all of its time zones, and on days that are allowed.

All instants are whole seconds of UTC since 1970.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from bulksender.rules import Delivery
from bulksender.timetable.places import Place, zone

DAY = 86_400
_STEP = 6 * 3_600  # no zone changes its clocks twice in as many hours
_EPOCH = date(1970, 1, 1).toordinal()

Stretch = tuple[int, int]
"""From an instant to another, which does not belong to it."""


def may_go(place: Place, rules: Delivery, when: datetime) -> bool:
    """Whether people in `place` may get a message at `when` (aware; its second counts)."""
    opens, closes = _window(rules)
    for one in _zones(place, rules):
        local = when.astimezone(one)
        second = local.hour * 3_600 + local.minute * 60 + local.second
        if not (opens <= second < closes and _allowed(local.date(), rules, place.country)):
            return False
    return True


class Openings:
    """The stretches of [start, end) in which places are open."""

    def __init__(self, rules: Delivery, start: int, end: int):
        self._rules = rules
        self._start = start
        self._end = end
        self._found: dict[tuple[ZoneInfo, str], list[Stretch]] = {}
        self._always = (
            rules.opens is None
            and set(rules.days) >= set(range(7))
            and not rules.holidays
            and not rules.closed
        )

    def of(self, place: Place) -> tuple[Stretch, ...]:
        """When a place is open; in order, apart from each other."""
        both: Sequence[Stretch] = [(self._start, self._end)]
        if not self._always:
            country = place.country if self._rules.holidays else ""
            for one in _zones(place, self._rules):
                if (one, country) not in self._found:
                    self._found[one, country] = self._in_zone(one, country)
                both = _intersection(both, self._found[one, country])
        return tuple(both)

    def _in_zone(self, one: ZoneInfo, country: str) -> list[Stretch]:
        opens, closes = _window(self._rules)
        found: list[Stretch] = []
        for start, end, offset in _offsets(one, self._start, self._end):
            for day in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1):
                if not _allowed(date.fromordinal(_EPOCH + day), self._rules, country):
                    continue
                midnight = day * DAY - offset
                first, last = max(midnight + opens, start), min(midnight + closes, end)
                if found and found[-1][1] == first < last:
                    first = found.pop()[0]
                if first < last:
                    found.append((first, last))
        return found


def _window(rules: Delivery) -> tuple[int, int]:
    """The window in seconds after midnight; the second does not belong to it."""
    if rules.opens is None or rules.closes is None:
        return 0, DAY
    return after_midnight(rules.opens), after_midnight(rules.closes)


def after_midnight(at: time) -> int:
    """The whole seconds after midnight, rounded up: time.max is 24:00."""
    return at.hour * 3_600 + at.minute * 60 + at.second + (at.microsecond > 0)


def _zones(place: Place, rules: Delivery) -> list[ZoneInfo]:
    """The zones of a place; the campaign's where this machine knows none of them."""
    known = [one for name in place.zones if (one := zone(name)) is not None]
    return known or [ZoneInfo(rules.timezone)]


def _allowed(day: date, rules: Delivery, country: str) -> bool:
    if day.weekday() not in rules.days or day in rules.closed:
        return False
    return not (rules.holidays and day in _holidays(country))


@cache
def _holidays(country: str) -> Container[date]:
    """A country's public holidays in any year, none where `holidays` does not know the country."""
    from holidays import country_holidays  # 0.05 s, for those who ask for it

    try:
        return country_holidays(country)
    except NotImplementedError:
        return ()


def _offsets(one: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The stretches of [start, end) between changes of the clocks: (from, to, seconds east)."""

    def offset(at: int) -> int:
        east = datetime.fromtimestamp(at, UTC).astimezone(one).utcoffset()
        return 0 if east is None else int(east.total_seconds())

    since, before = start, offset(start)
    for at in range(start, end, _STEP):
        later = min(at + _STEP, end - 1)
        if offset(later) != before:
            low, high = at, later
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            yield since, high, before
            since, before = high, offset(high)
    yield since, end, before


def _intersection(these: Sequence[Stretch], those: Sequence[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    this = that = 0
    while this < len(these) and that < len(those):
        start = max(these[this][0], those[that][0])
        end = min(these[this][1], those[that][1])
        if start < end:
            found.append((start, end))
        if these[this][1] == end:
            this += 1
        else:
            that += 1
    return found

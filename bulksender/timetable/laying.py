"""Spreads messages over the days that 8x8 schedules ahead. Works on counts, not on messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import gcd
from types import MappingProxyType
from typing import NamedTuple

from bulksender.rules import Delivery, Pace
from bulksender.timetable.openings import DAY, Openings, Stretch, after_midnight
from bulksender.timetable.pacing import Budget, even, most_open, united
from bulksender.timetable.places import Place
from bulksender.timetable.refusing import never_open, too_many

AHEAD = timedelta(days=7)
"""How far ahead 8x8 schedules: https://developer.8x8.com/connect/reference/send-many-sms"""

MARGIN = timedelta(minutes=10)
"""Kept off AHEAD for clocks that differ."""

LEAD = timedelta(minutes=5)
"""How long a message is scheduled before it is due: 8x8 refuses times that have passed."""

AT_ONCE_FOR = timedelta(minutes=15)
"""A place gets messages at once where it stays open this long: sending a million takes a while."""

_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": DAY}
_SLOTS = {"second": 1, "minute": 60, "hour": 300, "day": 900}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class Lot(NamedTuple):
    """How many messages are due at one instant: aware, UTC, in whole seconds; None for at once."""

    due: datetime | None
    messages: int


def lay(
    counts: Mapping[Place, int],
    rules: Delivery,
    now: datetime,
    taken: Mapping[datetime, int] = MappingProxyType({}),
) -> dict[Place, list[Lot]]:
    """When each place's messages go out, in the order of time; as many as `counts` says.

    `now` is aware. Without a pace messages go at once where the place is open and stays so for
    AT_ONCE_FOR, else at its first slot. With a pace they are spread evenly over the slots in which
    anybody may get one: no half-open unit of time sees more, those included that `taken` says are
    scheduled already (aware instants). Slots are counted from 1970 in UTC: a second, a minute, five
    minutes or a quarter of an hour by the pace's unit, a minute without one; shorter where the
    window does not begin and end on them. Places with the fewest slots left are served first.
    Raises DoesNotFit.
    """
    wanted = {place: messages for place, messages in counts.items() if messages > 0}
    grid = _Grid(rules, now)
    openings = Openings(rules, grid.now, grid.end)
    open_in = {place: openings.of(place) for place in wanted}
    at_once = {place for place in wanted if rules.pace is None and grid.at_once(open_in[place])}
    slots = {place: grid.slots(open_in[place]) for place in wanted if place not in at_once}
    if closed := [place for place, stretches in slots.items() if not stretches]:
        raise never_open(closed, wanted, rules, AHEAD.days)
    lots: dict[Place, list[Lot]] = {place: [] for place in counts}
    if rules.pace is not None:
        return lots | _paced(wanted, slots, rules, rules.pace, grid, taken)
    for place, messages in wanted.items():
        due = None if place in at_once else grid.instant(slots[place][0][0])
        lots[place].append(Lot(due, messages))
    return lots


class _Grid:
    """The slots, and between which instants messages may be due; in seconds since 1970."""

    def __init__(self, rules: Delivery, now: datetime):
        self.now = (now - _EPOCH) // _SECOND
        self.safe = self.now + AT_ONCE_FOR // _SECOND
        self.end = (now + AHEAD - MARGIN - _EPOCH) // _SECOND + 1
        self.length = _SLOTS[rules.pace.unit] if rules.pace else 60
        for bound in (rules.opens, rules.closes):
            if bound is not None:
                whole_minutes = -(-after_midnight(bound) // 60) * 60
                self.length = gcd(self.length, whole_minutes)
        self.first = -((_EPOCH - now - LEAD) // _SECOND // self.length)
        self.last = (self.end - 1) // self.length

    def at_once(self, stretches: Iterable[Stretch]) -> bool:
        """Whether it is open now and stays so for AT_ONCE_FOR."""
        return any(start <= self.now and self.safe <= end for start, end in stretches)

    def slots(self, stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
        """The slots that lie in stretches of seconds, as stretches of slots; none is empty."""
        found = []
        for start, end in stretches:
            first = max(-(-start // self.length), self.first)
            after = min(-(-end // self.length), self.last + 1)
            if first < after:
                found.append((first, after))
        return tuple(found)

    def instant(self, slot: int) -> datetime:
        return _EPOCH + timedelta(seconds=slot * self.length)


class _Group:
    """Places that are open at the same times, served in their order."""

    def __init__(self, waiting: Sequence[tuple[Place, int]], openings: Sequence[Stretch]):
        self.waiting = list(reversed(waiting))
        self.openings = openings
        self.left = sum(end - start for start, end in openings)

    def take(self, most: int, due: datetime, lots: Mapping[Place, list[Lot]]) -> int:
        """Let up to `most` messages be due; returns how many."""
        given = 0
        while self.waiting and given < most:
            place, messages = self.waiting[-1]
            part = min(messages, most - given)
            lots[place].append(Lot(due, part))
            given += part
            if part == messages:
                self.waiting.pop()
            else:
                self.waiting[-1] = (place, messages - part)
        return given


def _paced(
    counts: Mapping[Place, int],
    slots: Mapping[Place, tuple[Stretch, ...]],
    rules: Delivery,
    pace: Pace,
    grid: _Grid,
    taken: Mapping[datetime, int],
) -> dict[Place, list[Lot]]:
    """Spread evenly if everything fits so; else as closely as it takes, the pace being kept."""
    unit = _UNITS[pace.unit] // grid.length
    total = sum(counts.values())
    taken_slots: dict[int, int] = defaultdict(int)
    loose = False
    for due, messages in taken.items():
        slot, beside = divmod(due - _EPOCH, timedelta(seconds=grid.length))
        taken_slots[slot] += messages
        loose = loose or bool(beside)
    best, left_over = -1, list(counts)
    closeness = 1
    while True:
        lots: dict[Place, list[Lot]] = {place: [] for place in counts}
        budget = Budget(pace.messages, unit, taken_slots, loose)
        groups = _grouped(counts, slots)
        spread = _spread(groups, lots, pace.messages, unit, closeness, budget, grid)
        waiting = {place: messages for group in groups for place, messages in group.waiting}
        if not waiting:
            return lots
        if (fit := total - sum(waiting.values())) > best:
            best, left_over = fit, list(waiting)
        if spread == 1:
            raise too_many(best, total, left_over, rules, pace, AHEAD.days)
        closeness *= 2


def _grouped(
    counts: Mapping[Place, int], slots: Mapping[Place, tuple[Stretch, ...]]
) -> list[_Group]:
    alike: dict[tuple[Stretch, ...], list[tuple[Place, int]]] = defaultdict(list)
    for place, messages in counts.items():
        alike[slots[place]].append((place, messages))
    return [_Group(waiting, openings) for openings, waiting in alike.items()]


def _spread(
    groups: Sequence[_Group],
    lots: Mapping[Place, list[Lot]],
    most: int,
    unit: int,
    closeness: int,
    budget: Budget,
    grid: _Grid,
) -> int:
    """Give each slot its share, until nobody waits or nothing is open any more.

    The pace is spread over as many slots as are open in a unit, divided by `closeness`. Returns
    the most slots that it was spread over.
    """
    waiting = -1
    spread, number, widest = 1, 0, 1
    for start, end, open_groups in _pieces(groups):
        still = sum(1 for group in groups if group.waiting)
        if still != waiting:
            waiting, number = still, 0
            stretches = [one for group in groups if group.waiting for one in group.openings]
            spread = max(most_open(united(stretches), unit) // closeness, 1)
            widest = max(widest, spread)
        for slot in range(start, end):
            share, room = even(most, spread, number), budget.room(slot)
            if share <= 0 or room > 0:
                number += 1  # else what was taken stands in its way: the next slot has it
            if share > 0 and room > 0:
                budget.spend(_serve(open_groups, min(share, room), grid.instant(slot), lots))
            if not open_groups:
                break
    return widest


def _serve(
    open_groups: list[_Group], most: int, due: datetime, lots: Mapping[Place, list[Lot]]
) -> int:
    """Let up to `most` messages be due, the first group's first; drops groups that are done."""
    given = 0
    while open_groups and given < most:
        given += open_groups[0].take(most - given, due, lots)
        if not open_groups[0].waiting:
            open_groups.pop(0)
    return given


def _pieces(groups: Sequence[_Group]) -> Iterator[tuple[int, int, list[_Group]]]:
    """The stretches in which the same groups are open and wait; the scarcest groups first."""
    changes: dict[int, list[tuple[bool, _Group]]] = defaultdict(list)
    for group in groups:
        for start, end in group.openings:
            changes[start].append((True, group))
            changes[end].append((False, group))
    instants = sorted(changes)
    now_open: dict[int, _Group] = {}
    for start, end in pairwise(instants):
        for opens, group in changes[start]:
            if opens:
                now_open[id(group)] = group
            else:
                del now_open[id(group)]
        waiting = [group for group in now_open.values() if group.waiting]
        if waiting:
            yield start, end, sorted(waiting, key=lambda group: group.left)
        for group in waiting:
            group.left -= end - start

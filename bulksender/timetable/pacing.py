"""How many messages each slot may take, so that no unit of time sees more than the pace.

Slots are whole numbers: a slot's number times its length is its instant.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate


class Budget:
    """What is left of the pace: at most `most` messages in any `unit` slots' time.

    `taken` are messages scheduled before, by slot; `loose` if some of them lie between slots (each
    counts for the slot before it then, and a unit for one slot more). Ask for ascending slots.
    """

    def __init__(self, most: int, unit: int, taken: Mapping[int, int], loose: bool):
        self._most = most
        self._unit = unit
        self._loose = int(loose)
        self._taken_in = sorted(taken)
        self._taken = [0, *accumulate(taken[slot] for slot in self._taken_in)]
        self._next: int | None = None
        self._spent = 0
        # Units by their first slot, and for each what was taken in it less what was spent before
        # it: the highest of these decides. What a later unit exceeds makes an earlier one idle.
        self._units: deque[tuple[int, int]] = deque()

    def room(self, slot: int) -> int:
        """How many more messages the slot may take; below 0 where too many were taken before."""
        units, spent = self._units, self._spent
        oldest = slot - self._unit + 1
        start = oldest if self._next is None else max(self._next, oldest)
        if not self._taken_in:
            start = slot  # a unit that begins in a gap holds no more than one after it
        for unit in range(start, slot + 1):
            value = self._taken_before(unit) - spent
            while units and units[-1][1] <= value:
                units.pop()
            units.append((unit, value))
        self._next = slot + 1
        while units[0][0] < oldest:
            units.popleft()
        return self._most - spent - units[0][1]

    def spend(self, messages: int) -> None:
        """Count messages for the slot that was asked about last."""
        self._spent += messages

    def _taken_before(self, unit: int) -> int:
        """What was taken in a unit, by its first slot."""
        if not self._taken_in:
            return 0
        start = bisect_left(self._taken_in, unit - self._loose)
        end = bisect_left(self._taken_in, unit + self._unit)
        return self._taken[end] - self._taken[start]


def even(most: int, slots: int, number: int) -> int:
    """The share of slot `number` (from 0) where any `slots` slots in a row take `most` together."""
    return number * most // -slots - (number + 1) * most // -slots


def most_open(openings: Sequence[tuple[int, int]], unit: int) -> int:
    """How many slots are open in the `unit` slots in a row that have most of them; at least 1.

    `openings` are half-open, in order, and apart from each other.
    """
    starts = [start for start, _ in openings]
    before = [0, *accumulate(end - start for start, end in openings)]
    best = 1
    for number, start in enumerate(starts):  # one of the best begins where an opening does
        after = bisect_left(starts, start + unit)
        cut = max(openings[after - 1][1] - (start + unit), 0)
        best = max(best, before[after] - before[number] - cut)
    return best


def united(openings: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """All that is open in any of these openings, in order and apart from each other."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(openings):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found

"""When a run's messages go out: each is given its time, in its recipient's own time zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, repeat
from zoneinfo import ZoneInfo

from msgspec import Struct

from bulksender.ledger import Run, due
from bulksender.model import Batch
from bulksender.notices import Notice
from bulksender.timetable import AT_ONCE_FOR, Place, Places, lay

MOST_PLACES = 8
"""How many places (time zones that belong together) are told of."""
MOST_ZONES = 3
"""How many of a place's time zones are named."""
CLOSE = timedelta(minutes=1)
"""A batch that is due, or whose window may close, that soon is given another time: it might reach
8x8 too late for this one."""


class HourLoad(Struct, frozen=True):
    """How many messages go out in an hour, `2026-11-30 09:00`, of the campaign's time zone."""

    hour: str
    messages: int


def give_times(run: Run) -> list[Notice]:
    """Give each message that is still to be sent its time, by the run's rules for delivery.

    What 8x8 has been given before counts for the pace. Returns which time zones were kept to and
    why, the commonest first. Raises timetable.DoesNotFit where the rules cannot be kept within 7
    days; all is as it was then.
    """
    rules = run.job.delivery
    if rules is None:
        return []
    places = Places(rules.timezone)
    counts = Counter(
        places.of(number) for _, numbers in due.ready_numbers(run) for number in numbers
    )
    lots = lay(counts, rules, run.ledger.clock(), due.given(run))
    times = {
        place: chain.from_iterable(repeat(lot.due, lot.messages) for lot in found)
        for place, found in lots.items()
    }
    with run.together():
        for rows, numbers in due.ready_numbers(run):
            due.set_times(run, _timed(rows, numbers, places, times))
    if not rules.asks_where:
        return []
    return [_zones(place, rows) for place, rows in counts.most_common(MOST_PLACES)]


def _zones(place: Place, rows: int) -> Notice:
    first, others = place.zones[:MOST_ZONES], len(place.zones) - MOST_ZONES
    more = f" and {others} more" if others > 0 else ""
    return Notice(f"the window is that of {', '.join(first)}{more} ({place.how})", rows)


def _timed(
    rows: list[int],
    numbers: list[str],
    places: Places,
    times: Mapping[Place, Iterator[datetime | None]],
) -> list[tuple[int, datetime | None]]:
    """The next time of its place for each row."""
    return [
        (row, next(times[places.of(number)])) for row, number in zip(rows, numbers, strict=True)
    ]


def timed(run: Run) -> Callable[[Batch], bool]:
    """Give the run's messages their times; returns whether a batch can still keep its own.

    Any thread may ask that. Raises timetable.DoesNotFit.
    """
    if run.job.delivery is None:
        return lambda batch: True
    clock = run.ledger.clock
    until = clock() + AT_ONCE_FOR
    give_times(run)

    def in_time(batch: Batch) -> bool:
        last = datetime.fromisoformat(batch.due) if batch.due else until
        return clock() < last - CLOSE

    return in_time


def hours(run: Run) -> list[HourLoad]:
    """How many of a run's messages go out in which hour, those that have gone included."""
    zone = ZoneInfo(run.job.timezone)
    now = run.ledger.clock()
    found: Counter[str] = Counter()
    for when, messages in due.times(run).items():
        found[f"{(when or now).astimezone(zone):%Y-%m-%d %H:00}"] += messages
    return [HourLoad(hour, messages) for hour, messages in sorted(found.items())]

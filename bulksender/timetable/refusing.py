"""What is said of messages that do not fit into the days that 8x8 schedules ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bulksender.errors import Refused
from bulksender.rules import Delivery, Pace
from bulksender.timetable.openings import DAY, after_midnight
from bulksender.timetable.places import Place


class DoesNotFit(Refused):
    """Not all messages can be due within the days that 8x8 schedules ahead.

    `fit` of them can, `places` are those that would have messages left over.
    """

    def __init__(self, said: str, fit: int, places: Sequence[Place]):
        super().__init__(said)
        self.fit = fit
        self.places = tuple(places)


def never_open(
    closed: Sequence[Place], counts: Mapping[Place, int], rules: Delivery, days: int
) -> DoesNotFit:
    """For messages whose places have no slot at all; the place with most of them is named."""
    messages, total = sum(counts[place] for place in closed), sum(counts.values())
    worst = max(closed, key=lambda place: counts[place])
    if len(worst.zones) > 1:
        names = ", ".join(worst.zones[:5]) + (", …" if len(worst.zones) > 5 else "")
        why = (
            f"{counts[worst]:,} of them are for numbers that may be in any of {len(worst.zones)} "
            f"time zones ({names}), which are never allowed at the same time"
        )
    else:
        why = f"{counts[worst]:,} of them are for the time zone {worst.zones[0]}"
    return DoesNotFit(
        f"{messages:,} of {total:,} messages have no allowed time{_within(rules)} in the "
        f"{days} days that 8x8 schedules ahead: {why}. Widen the window, allow more days, or "
        "leave their rows out of the sheet.",
        total - messages,
        closed,
    )


def too_many(
    fit: int, total: int, places: Sequence[Place], rules: Delivery, pace: Pace, days: int
) -> DoesNotFit:
    """For messages that the pace leaves over."""
    window = ", widen the window" if _within(rules) else ""
    return DoesNotFit(
        f"At {pace.messages:,}/{pace.unit}{_within(rules)}, {fit:,} of {total:,} messages fit into "
        f"the {days} days that 8x8 schedules ahead. Raise the pace{window} or split the "
        "sheet.",
        fit,
        places,
    )


def _within(rules: Delivery) -> str:
    if rules.opens is None or rules.closes is None:
        return ""
    closes = "24:00" if after_midnight(rules.closes) == DAY else f"{rules.closes:%H:%M}"
    return f" within {rules.opens:%H:%M}-{closes}"

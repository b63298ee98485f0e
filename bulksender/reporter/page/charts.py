"""Plots as inline SVG: horizontal bars, and columns over hours or days.

Widths are percents of the page, so that a plot fits a phone as well as paper, and letters keep
their size. Colours are classes that the style sheet knows; nothing here is drawn by a script.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, floor, log10

from markupsafe import Markup
from msgspec import Struct

from bulksender.reporter.page.content import HourLine
from bulksender.reporter.page.states import Tone

LEAST = 0.4
"""Percent of the width that a bar of anything takes at least, so that one in a million is seen."""

MOST_NAME = 30
"""How many characters of a bar's name fit beside its value on a phone."""

MOST_HOURS = 240
"""A longer time is drawn by day."""

_ROW, _BAR, _GAP = 46, 12, 1
_PLOT, _TOP, _BELOW = 190, 24, 46
_FEWEST_SLOTS = 8
"""A single hour is drawn as wide as if it were one of so many."""

_MOST_FILLED = 4000
"""How many hours or days without messages are drawn; times further apart stand side by side."""


class Piece(Struct, frozen=True):
    """A part of a bar: how much, in which colour, and what it says when pointed at."""

    amount: int
    tone: Tone
    said: str


class Bar(Struct, frozen=True):
    """A bar: its name, what stands at its right end, and its pieces from left to right."""

    name: str
    value: str
    pieces: tuple[Piece, ...]


class Slot(Struct, frozen=True):
    """A column over an hour or a day."""

    begin: datetime
    messages: int


def bars(label: str, drawn: Sequence[Bar]) -> Markup:
    """Horizontal bars, all to the scale of the longest. `label` is read out instead of the plot."""
    longest = max((sum(piece.amount for piece in bar.pieces) for bar in drawn), default=0)
    return Markup(
        '<svg class="bars" role="img" aria-label="{}" width="100%" height="{}">{}</svg>'
    ).format(
        label,
        len(drawn) * _ROW - 8,
        Markup("").join(_bar(bar, place * _ROW, longest) for place, bar in enumerate(drawn)),
    )


def _bar(bar: Bar, top: int, longest: int) -> Markup:
    name = bar.name if len(bar.name) <= MOST_NAME else bar.name[: MOST_NAME - 1] + "…"
    pieces, left = [], 0.0
    for piece in bar.pieces:
        if not piece.amount:
            continue
        width = max(100 * piece.amount / longest, LEAST)
        left = min(left, 100 - width)  # where many small pieces were drawn larger than they are
        drawn = '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"><title>{}</title></rect>'
        figures = f"{left:.3f}", top + 22, f"{width:.3f}", _BAR
        pieces.append(Markup(drawn).format(piece.tone, *figures, piece.said))
        left += width
    return Markup(
        '<text x="0" y="{}">{}</text><text class="value" x="100%" y="{}">{}</text>'
        '<rect class="track" x="0" y="{}" width="100%" height="{}"/>{}'
    ).format(top + 14, name, top + 14, bar.value, top + 22, _BAR, Markup("").join(pieces))


def slots(hours: Sequence[HourLine]) -> tuple[list[Slot], bool]:
    """The columns of these hours, the empty ones between them too; whether they are days.

    An hour that is written in another way than `2026-11-01 09:00` is left out of the plot.
    """
    found: dict[datetime, int] = {}
    for line in hours:
        try:
            begin = datetime.strptime(line.hour, "%Y-%m-%d %H:%M")
        except ValueError:
            continue
        found[begin] = found.get(begin, 0) + line.messages
    if not found:
        return [], False
    by_day = max(found) - min(found) >= timedelta(hours=MOST_HOURS)
    if by_day:
        days: dict[datetime, int] = {}
        for begin, messages in found.items():
            midnight = begin.replace(hour=0, minute=0)
            days[midnight] = days.get(midnight, 0) + messages
        found = days
    step = timedelta(days=1) if by_day else timedelta(hours=1)
    begin = first = min(found)
    if (max(found) - first) / step <= _MOST_FILLED:
        while begin < max(found):
            begin += step
            found.setdefault(begin, 0)
    return [Slot(begin, found[begin]) for begin in sorted(found)], by_day


def columns(label: str, drawn: Sequence[Slot], by_day: bool) -> Markup:
    """Columns over time, with a scale at the left and times below."""
    most = max((slot.messages for slot in drawn), default=0)
    step = _step(most)
    top = step * max(ceil(most / step), 1)
    scale = range(0, top + 1, step)
    places = max(len(drawn), _FEWEST_SLOTS)
    left = (places - len(drawn)) / 2
    gutter = len(f"{top:,}")
    return Markup(
        '<svg class="columns" role="img" aria-label="{}" width="100%" height="{}" '
        'style="--gutter: {}ch">{}{}{}{}</svg>'
    ).format(
        label,
        _TOP + _PLOT + _BELOW,
        gutter,
        Markup("").join(_gridline(value, top) for value in scale),
        Markup("").join(
            _column(slot, (left + place) / places, 1 / places, top, by_day)
            for place, slot in enumerate(drawn)
        ),
        _values(drawn, left, places, top),
        _times(drawn, left, places, by_day),
    )


def _step(most: int) -> int:
    """A round step (1, 2 or 5, and zeros) that takes at most five of them to `most`."""
    if most <= 5:
        return 1
    power: int = 10 ** floor(log10(most / 5))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power * 5 >= most)


def _height(messages: int, top: int) -> float:
    return max(_PLOT * messages / top, 1.5) if messages else 0.0


def _gridline(value: int, top: int) -> Markup:
    y = f"{_TOP + _PLOT - _PLOT * value / top:.1f}"
    kind = "grid" if value else "base"
    return Markup(
        '<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>'
        '<text class="scale" x="-10" y="{}" dy="0.34em">{}</text>'
    ).format(kind, y, y, y, f"{value:,}")


def _column(slot: Slot, left: float, width: float, top: int, by_day: bool) -> Markup:
    if not slot.messages:
        return Markup("")
    height = _height(slot.messages, top)
    gap = 0.24 * width
    said = f"{when(slot.begin, by_day)}: {slot.messages:,}"
    return Markup(
        '<rect class="hour" x="{}%" y="{}" width="{}%" height="{}"><title>{}</title></rect>'
    ).format(
        f"{100 * (left + gap / 2):.3f}",
        f"{_TOP + _PLOT - height:.1f}",
        f"{100 * (width - gap):.3f}",
        f"{height:.1f}",
        said,
    )


def _values(drawn: Sequence[Slot], left: float, places: int, top: int) -> Markup:
    """What stands above columns: all of a few, else the highest one's."""
    highest = max(drawn, key=lambda slot: slot.messages, default=None)
    written = []
    for place, slot in enumerate(drawn):
        if slot.messages and (slot is highest or len(drawn) <= 8):
            x = f"{100 * (left + place + 0.5) / places:.3f}"
            y = f"{_TOP + _PLOT - _height(slot.messages, top) - 7:.1f}"
            kind = "above" if slot is highest else "above wide"
            text = Markup('<text class="{}" x="{}%" y="{}">{}</text>')
            written.append(text.format(kind, x, y, f"{slot.messages:,}"))
    return Markup("").join(written)


def _times(drawn: Sequence[Slot], left: float, places: int, by_day: bool) -> Markup:
    """The times below: hours with their date where it changes, or dates alone.

    Every second one is left out on a narrow screen, so those that stay carry the dates.
    """
    hourly = not by_day and len(drawn) <= 30
    marked = [
        place
        for place, slot in enumerate(drawn)
        if hourly or by_day or slot.begin.hour == 0 or place == 0
    ]
    if len(marked) > 1 and not hourly and marked[1] - marked[0] < len(drawn) / 12:
        marked = marked[1:]  # the first day is too short for its date to stand there
    marked = marked[:: ceil(len(marked) / 8)] if marked else []
    written, dated = [], ""
    for number, place in enumerate(marked):
        begin = drawn[place].begin
        date = f"{begin.day} {begin:%b}"
        x = f"{100 * (left + place + 0.5) / places:.3f}"
        lines = [f"{begin:%H:%M}" if hourly else date]
        if hourly and number % 2 == 0 and date != dated:
            lines.append(date)
            dated = date
        for line, said in enumerate(lines):
            written.append(
                Markup('<text class="{}" x="{}%" y="{}">{}</text>').format(
                    "time wide" if number % 2 else "time",
                    x,
                    _TOP + _PLOT + 20 + 17 * line,
                    said,
                )
            )
    return Markup("").join(written)


def when(begin: datetime, by_day: bool) -> str:
    """`1 November, 09:00`, or the day alone."""
    return f"{begin.day} {begin:%B}" + ("" if by_day else f", {begin:%H:%M}")

"""Draw the speeds, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from table import RATE

OURS, OTHERS, INK, PALE, MARK = "#1f5c4a", "#b8c4be", "#24302b", "#6b7772", "#c2571a"
SHADES = ("#12372c", "#1f5c4a", "#3a8068", "#62a388", "#93c2ab", "#bcd8c9", "#d9e8df", "#e9efec")
LETTER = 0.016
"""How much of the panel's width a letter takes: a name that is longer than its bar is left out."""

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bulksender",  # the same picture has the same bytes
    "svg.fonttype": "path",  # and looks the same wherever it is shown
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": PALE,
    "xtick.color": PALE,
    "ytick.color": INK,
    "figure.facecolor": "white",  # on dark pages, too
}


def draw(
    speeds: Mapping[str, float], stages: Mapping[str, Mapping[str, float]], target: Path
) -> None:
    """Write an SVG: `speeds` in rows/s, and beside them the seconds of `stages`, if there are any.

    The same numbers give the same file.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(11 if stages else 6.5, 2.9), layout="constrained")
        panels = figure.subplots(1, 2 if stages else 1, squeeze=False)[0]
        _speeds(panels[0], speeds)
        if stages:
            _stages(panels[1], stages)
        figure.savefig(target, format="svg", metadata={"Date": None})


def _bare(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _speeds(axes: Axes, speeds: Mapping[str, float]) -> None:
    colours = [OURS if name.startswith("bulksender") else OTHERS for name in speeds]
    drawn = axes.barh([*speeds], [*speeds.values()], color=colours, height=0.6)
    axes.bar_label(drawn, [f"{speed:,.0f}" for speed in speeds.values()], padding=4)
    axes.axvline(RATE, color=MARK, linewidth=1.2)
    axes.annotate(
        "8x8: 25,000 messages",
        (RATE, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -1),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=MARK,
    )
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(*speeds.values(), RATE))  # room for the figure behind the bar
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    _bare(axes, "Rows a second")


def _stages(axes: Axes, stages: Mapping[str, Mapping[str, float]]) -> None:
    names = dict.fromkeys(name for each in stages.values() for name in each if name != "total")
    longest = max(_total(each) for each in stages.values())
    left = dict.fromkeys(stages, 0.0)
    for place, name in enumerate(names):
        shade = SHADES[place % len(SHADES)]
        seconds = [each.get(name, 0.0) for each in stages.values()]
        drawn = axes.barh([*stages], seconds, left=[*left.values()], color=shade, height=0.5)
        dark = place % len(SHADES) < 3
        axes.bar_label(
            drawn,
            [name if each > LETTER * len(name) * longest else "" for each in seconds],
            label_type="center",
            color="white" if dark else INK,
            fontsize=8,
        )
        left = {kind: left[kind] + each for kind, each in zip(stages, seconds, strict=True)}
    axes.invert_yaxis()
    axes.set_xlabel("seconds", color=PALE)
    _bare(axes, "Where the time goes")


def _total(stages: Mapping[str, float]) -> float:
    return sum(seconds for name, seconds in stages.items() if name != "total")

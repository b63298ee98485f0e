"""What is measured, what it must be and what it should be, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

RATE = 25_000  # what 8x8's batch API takes, by its documentation: messages/s


class Goal(NamedTuple):
    """One measure; `must` and `aim` are None for what only has to work.

    In `what`, `{rows}` stands for the rows of a large sheet, `{tenth}` for a tenth of them,
    `{four}` and `{five}` for so many times as many.
    """

    what: str
    unit: str  # rows/s, messages/s, ×, MiB, % or s
    must: float | None = None
    aim: float | None = None
    more: bool = False  # whether more is better


class Row(NamedTuple):
    """A goal with what was measured, a value for each run."""

    goal: Goal
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The one that counts."""
        return median(self.values)


GOALS: Mapping[str, Goal] = {
    "xlsx": Goal("{rows} rows, XLSX → XLSX", "rows/s", RATE, 60_000, more=True),
    "csv": Goal("{rows} rows, CSV → CSV", "rows/s", 30_000, 70_000, more=True),
    "latency": Goal(
        "{rows} rows, XLSX, each answer after 250 ms, `--concurrency 32`",
        *("rows/s", RATE, 50_000),
        more=True,
    ),
    "xlsx-messages": Goal("messages of the first of these", "messages/s"),
    "csv-messages": Goal("messages of the second", "messages/s"),
    "latency-messages": Goal("messages of the third", "messages/s"),
    "openpyxl": Goal("{tenth} rows, XLSX, times faster than a plain script", "×", 8, 15, more=True),
    "openpyxl-speed": Goal("the plain script alone", "rows/s"),
    "xlsxwriter": Goal("times faster than the same script with XlsxWriter", "×"),
    "xlsxwriter-speed": Goal("the script with XlsxWriter alone", "rows/s"),
    "memory": Goal("{rows} rows, XLSX, peak memory", "MiB", 900, 300),
    "growth": Goal("{four} rows of CSV against {rows}, peak memory", "%", 25, 5),
    "scaling": Goal("{rows} rows against {tenth}, XLSX, times the seconds", "×", 11, 10),
    "small": Goal("100 rows, start to end", "s", 1.5, 0.8),
    "help": Goal("`bulksender --help`", "s", 0.4, 0.2),
    "default-latency": Goal(
        "{rows} rows, XLSX, each answer after 250 ms, 4 at a time (one run)", "rows/s"
    ),
    "batch": Goal("{rows} rows, XLSX, batches of 10,000 (one run)", "rows/s"),
    "huge": Goal("{five} rows, CSV → CSV (one run)", "rows/s"),
    "huge-memory": Goal("{five} rows, CSV → CSV, peak memory (one run)", "MiB"),
}


def met(goal: Goal, value: float) -> str:
    """`aim`, `must` or `no`; a value on the boundary is met. `works` where there is no boundary."""
    if goal.must is None or goal.aim is None:
        return "works"
    sign = 1 if goal.more else -1
    for name, bound in (("aim", goal.aim), ("must", goal.must)):
        if sign * value >= sign * bound:
            return name
    return "no"


def shown(value: float, unit: str) -> str:
    """A value as it is read: `25,000`, `8.3 ×`, `312 MiB`, `+4.1%`, `0.78 s`."""
    match unit:
        case "rows/s" | "messages/s":
            return f"{value:,.0f} {unit}"
        case "MiB":
            return f"{value:,.0f} MiB"
        case "%":
            return f"{value:+.1f}%"
        case "×":
            return f"{value:.1f} ×"
        case _:
            return f"{value:.2f} s"


def markdown(rows: Sequence[Row], large: int) -> str:
    """The table of all rows, where a large sheet has `large` rows."""
    lines = [
        "| what is measured | must | aim | measured (median) | all runs | met |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for goal, values in rows:
        sizes = {"rows": 1, "tenth": 0.1, "four": 4, "five": 5}
        what = goal.what.format(**{name: f"{large * by:,.0f}" for name, by in sizes.items()})
        cells = [
            what,
            *("" if bound is None else _bound(goal, bound) for bound in (goal.must, goal.aim)),
            shown(median(values), goal.unit),
            ", ".join(shown(value, goal.unit).split(" ")[0] for value in values),
            met(goal, median(values)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _bound(goal: Goal, bound: float) -> str:
    plain = f"{bound:+g}%" if goal.unit == "%" else f"{bound:,g} {goal.unit}"
    return f"{'≥' if goal.more else '≤'} {plain}"


def breakdown(stages: Mapping[str, Mapping[str, float]]) -> str:
    """Where the time went: a line a stage, and a column of seconds for each kind of run."""
    names = dict.fromkeys(name for each in stages.values() for name in each)
    lines = [
        f"| stage | {' | '.join(stages)} |",
        f"| --- |{' ---: |' * len(stages)}",
    ]
    for name in names:
        cells = (f"{each[name]:.2f} s" if name in each else "" for each in stages.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"

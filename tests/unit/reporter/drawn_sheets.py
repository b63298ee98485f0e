"""Sheets as hypothesis draws them: rows of any way and kind, blank ones, and results for some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handmade_books import BLANKS, Line
from handmade_cells import CODE, KINDS, NEXT, PLAIN, WAYS, Placed
from hypothesis import strategies as st

from bulksender.reporter.values import Values

KIND = st.sampled_from([kind for kind in KINDS if kind != CODE])
PLACED = st.dictionaries(st.integers(1, 14), KIND, max_size=7).map(
    lambda made: sorted(made.items())
)
TITLES = st.dictionaries(st.integers(1, 9), st.sampled_from(PLAIN)).map(lambda m: sorted(m.items()))
VALUE = st.one_of(
    *(st.none(), st.just(""), st.integers(0, 9)),
    st.sampled_from(["plain", " spaced ", "<&\"'>]]>", "a\nb", "=1", "+1", "Zoë 😀"]),
)
OWN = st.sampled_from([None, "", "umid-1", "+6590000001", "a <b>"])  # umid and destination
VALUES = st.none() | st.tuples(OWN, VALUE, VALUE, OWN, *[VALUE] * 5)
GAPS = st.sampled_from([0, 0, 0, 1, 90])
WAY = st.sampled_from(list(WAYS))


@dataclass
class Case:
    """A sheet as it is drawn: rows above the header, the header, and rows with results or none."""

    lines: list[Line] = field(default_factory=list)
    rows: dict[int, Values] = field(default_factory=dict)

    def add(self, way: str, placed: Sequence[Placed], gap: int, values: Values | None) -> None:
        number = self.lines[-1].number + 1 if self.lines else 1
        if way not in NEXT and way != "closed, without r":
            number += gap
        self.lines.append(Line(number, way, placed))
        if values is not None:
            self.rows[number] = values

    def repeat(self, times: int) -> None:
        """The same rows again, below."""
        lines, rows = list(self.lines), dict(self.rows)
        for _ in range(times):
            shift = self.lines[-1].number
            self.lines += [line._replace(number=line.number + shift) for line in lines]
            self.rows |= {number + shift: values for number, values in rows.items()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, int]:
    case = Case()
    for _ in range(draw(st.integers(0, 2))):
        case.add(draw(WAY), draw(PLACED), 0, None)
    case.add(draw(WAY), draw(TITLES), 0, None)
    header = case.lines[-1].number
    for _ in range(draw(st.integers(1, 5))):
        placed, values = draw(PLACED), draw(VALUES)
        for _ in range(draw(st.integers(0, 8))):
            case.add("plain", placed, 0, values)
        for _ in range(draw(st.integers(0, 2))):
            case.add(draw(st.sampled_from(list(BLANKS))), (), draw(GAPS), None)
        case.add(draw(WAY), draw(PLACED), draw(GAPS), draw(VALUES))
    case.repeat(draw(st.sampled_from([0, 2, 6])))
    return case, header

"""XLSX rows of any kind among rows of any other: what stands beside a row makes no difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from handmade_books import BLANKS, HIDDEN, MAIN, XML, Line, expected, raw, save, sheet
from handmade_cells import (
    EDITED,
    ERROR,
    KINDS,
    NEVER_COMPUTED,
    NEXT,
    PLAIN,
    SHARED,
    STRINGS,
    WAYS,
    Placed,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables_books import refusal

from bulksender.tables import Row, Spoilt, open_table, plain

READ = 1 << 20
"""Bytes of a sheet that are read at a time."""
LAST_ROW, WIDEST = 1_048_576, 16_000

Seen = dict[int, tuple[bool, list[object]]]
"""Row → whether it is hidden, and its values as the loader takes them, with their types."""


def seen(value: object) -> object:
    value = plain(value)
    if isinstance(value, Spoilt):
        value = ERROR if value.shown else NEVER_COMPUTED
    return type(value).__name__, value, str(value)


def filled(values: Sequence[object]) -> list[object]:
    """The values without a blank end."""
    width = max((n for n, value in enumerate(values, 1) if plain(value) is not None), default=0)
    return [seen(value) for value in values[:width]]


def read(path: Path) -> Seen:
    """The rows of a workbook's sheet that hold anything."""
    return seen_of(open_table(path).rows())


def seen_of(rows: Iterable[Row]) -> Seen:
    """Rows that hold anything; they are in order, or it fails."""
    found: Seen = {}
    last = 0
    for number, values, hidden in rows:
        assert number > last
        last = number
        if kept := filled(values):
            found[number] = (hidden, kept)
    return found


def wanted(lines: Iterable[Line]) -> Seen:
    made = {line.number: line.way in HIDDEN for line in lines}
    return {number: (made[number], filled(row)) for number, row in expected(lines).items()}


def plain_rows(first: int, count: int, *more: str) -> list[Line]:
    placed = list(enumerate((*PLAIN, *more), 1))
    return [Line(number, "plain", placed) for number in range(first, first + count)]


def among_plain_rows(way: str) -> list[Line]:
    """Rows written in this way with cells of all kinds, each between two plain ones."""
    lines = plain_rows(1, 60)
    for kind in KINDS:
        number = len(lines) + 1
        odd = [(1, kind), (2, "text"), (3, kind), (6, kind)]
        lines += [*plain_rows(number, 1), Line(number + 1, way, odd)]
    return lines


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("way", [*WAYS, *EDITED])
def test_a_row_of_every_way_and_kind_is_read_among_plain_ones(
    tmp_path: Path, way: str, prefix: str, codec: str
) -> None:
    lines = among_plain_rows(way)
    xml = sheet(lines, prefix=prefix).replace('encoding="UTF-8"', f'encoding="{codec[:6]}"')

    assert read(save(tmp_path / "a.xlsx", {"S": xml.encode(codec)})) == wanted(lines)


@pytest.mark.parametrize("between", ["", "\n", "\r\n\t", "<!-- <row r='9'> -->", "\n<!-- & -->\n"])
def test_rows_that_hold_nothing_are_counted(tmp_path: Path, between: str) -> None:
    lines = plain_rows(1, 60)
    for blank in BLANKS:
        number = lines[-1].number + 1
        lines += [Line(n, blank) for n in range(number, number + 3)]
        lines.append(Line(number + 3, NEXT[0], [(2, "text")]))
    lines += [*plain_rows(lines[-1].number + 90, 2), Line(lines[-1].number + 200, "closed")]

    found = read(save(tmp_path / "a.xlsx", {"S": sheet(lines, between=between)}))

    assert found == wanted(lines)


def test_a_sheet_ends_in_thousands_of_rows_that_hold_nothing(tmp_path: Path) -> None:
    lines = plain_rows(1, 100)
    blank = [Line(n, "closed, with its looks") for n in range(101, 20_000)]

    assert read(save(tmp_path / "a.xlsx", {"S": sheet([*lines, *blank])})) == wanted(lines)


@pytest.mark.parametrize("first", ["A", "F"])
def test_blank_cells_with_a_style_make_no_row_wider(tmp_path: Path, first: str) -> None:
    rows = f'<row r="1"><c r="{first}1" t="s"><v>0</v></c></row>'  # a title may be wider
    for n in range(2, 300):
        rows += f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" s="{n % 3}"/>'
        rows += f'<c r="C{n}" s="1"/>' + f'<c r="D{n}"/>' * (n % 2)
        rows += "</row>"
    xml = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'

    found = list(open_table(save(tmp_path / "a.xlsx", {"S": xml})).rows())

    assert {len(row.values) for row in found[1:]} == {1}


PLACED = st.dictionaries(st.integers(1, 14), st.sampled_from(list(KINDS)), max_size=7)
WAY = st.sampled_from([*WAYS, "markup in comments"])
GAPS = st.sampled_from([0, 0, 0, 1, 90])


@st.composite
def sheets(draw: st.DrawFn) -> list[Line]:
    """Runs of rows that look alike, with blank ones and odd ones between them."""
    lines: list[Line] = []

    def add(way: str, placed: Mapping[int, str], gap: int) -> None:
        number = lines[-1].number + 1 if lines else 1
        if way not in NEXT and way != "closed, without r":
            number += gap
        cells: list[Placed] = sorted(placed.items())
        lines.append(Line(number, way, cells))

    for _ in range(draw(st.integers(1, 5))):
        placed = draw(PLACED)
        for _ in range(draw(st.integers(0, 8))):
            add("plain", placed, 0)
        for _ in range(draw(st.integers(0, 2))):
            add(draw(st.sampled_from(list(BLANKS))), {}, draw(GAPS))
        add(draw(WAY), draw(PLACED), draw(GAPS))
    drawn = list(lines)
    for _ in range(draw(st.sampled_from([0, 2, 6]))):
        shift = lines[-1].number
        lines += [line._replace(number=line.number + shift) for line in drawn]
    return [Line(1, "plain", [(1, "text")]), *(line for line in lines if line.number > 1)]


@given(sheets(), st.sampled_from(["", "\n", " <!-- a row -->\r\n"]), st.sampled_from(["", "x:"]))
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_row_is_read_whatever_its_neighbours_are(
    tmp_path: Path, lines: list[Line], between: str, prefix: str
) -> None:
    xml = sheet(lines, between=between, prefix=prefix)

    assert read(save(tmp_path / "a.xlsx", {"S": xml}, stored=True)) == wanted(lines)


def test_where_the_rows_are_cut_in_reading_makes_no_difference(tmp_path: Path) -> None:
    lines = plain_rows(1, 60)
    for way in [*WAYS, *EDITED]:
        number = lines[-1].number + 1
        first = "CDATA" if way in WAYS else "text kept"
        odd = [(1, first), (2, "text with signs"), (4, "formula with >"), (6, "rich text")]
        lines += [Line(number, "closed"), Line(number + 1, way, odd), *plain_rows(number + 2, 1)]
    head, tag, rows = sheet(lines, between="\n").encode().partition(b"<sheetData>")
    right = wanted(lines)

    for place in range(rows.index(b'<row r="60"'), len(rows), 151):
        room = b" " * (READ - len(head + tag) - place)
        book = save(tmp_path / "a.xlsx", {"S": head + room + tag + rows}, stored=True)
        assert read(book) == right, place


def test_where_the_texts_are_cut_in_reading_makes_no_difference(tmp_path: Path) -> None:
    lines = [Line(n, "plain", [(1, "shared"), (2, "text")]) for n in range(1, len(SHARED) + 1)]
    xml, right = sheet(lines), wanted(lines)
    before = len(f'{XML}<sst xmlns="{MAIN}"><si><t></t></si>')
    for index in reversed(range(len(SHARED))):  # there is one more text, in front
        xml = xml.replace(f't="s"><v>{index}</v>', f't="s"><v>{index + 1}</v>')

    for place in range(0, len(STRINGS.encode()), 7):
        first = f"<si><t>{'z' * (READ - before - place)}</t></si>"
        book = save(tmp_path / "a.xlsx", {"S": xml}, strings=first + STRINGS, stored=True)
        assert read(book) == right, place


class Around(NamedTuple):
    """A million bytes of plain rows, with room for a row of any other way in their middle."""

    xml: str
    rows: list[Row]

    @property
    def number(self) -> int:
        return 402

    def holding(self, row: str) -> str:
        return self.xml.replace(f'<row r="{self.number}"/>', row)


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Around:
    before, behind = plain_rows(2, 400, "text, long"), plain_rows(403, 300, "text, long")
    before = [*plain_rows(1, 1), *before]
    xml = sheet([*before, Line(402, "closed"), *behind])
    assert len(xml) > READ
    book = save(tmp_path_factory.mktemp("around") / "a.xlsx", {"S": xml}, stored=True)
    assert read(book) == wanted([*before, *behind])
    return Around(xml, list(open_table(book).rows()))


@pytest.mark.parametrize("way", [*WAYS, *EDITED, *BLANKS])
def test_a_row_of_its_own_way_is_read_in_the_middle_of_a_million_bytes(
    tmp_path: Path, around: Around, way: str
) -> None:
    odd = [(1, "shared"), (2, "CDATA"), (6, "rich text")] if way not in BLANKS else []
    line = Line(around.number, way, odd)
    book = save(tmp_path / "a.xlsx", {"S": around.holding(line.xml)}, stored=True)

    rows = list(open_table(book).rows())

    among = [row for row in rows if row.number == around.number]
    assert seen_of(among) == wanted([line])
    others = [row for row in rows if row.number != around.number]
    assert [(n, list(values), hidden) for n, values, hidden in others] == [
        (n, list(values), hidden) for n, values, hidden in around.rows
    ]


DAMAGE = {
    "no number": '<row r="{n}"><c r="A{n}"><v>12x</v></c></row>',
    "no shared string": '<row r="{n}"><c r="A{n}" t="s"><v>{n}</v></c></row>',
    "no column": '<row r="{n}"><c r="XFE{n}"><v>1</v></c></row>',
    "no date": '<row r="{n}"><c r="A{n}" t="d"><v>2026-13-01</v></c></row>',
    "no number of a date": '<row r="{n}"><c r="A{n}" s="1"><v>x</v></c></row>',
    "the row before": '<row r="401"><c r="A401"><v>1</v></c></row>',
    "an earlier row": '<row r="7"><c r="A7"><v>1</v></c></row>',
    "no row": '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
    "an entity": '<row r="{n}"><c r="A{n}" t="str"><v>&who;</v></c></row>',
    "a row without its end": '<row r="{n}"><c r="A{n}"><v>1</v></c>',
    "a row without its beginning": '<c r="A{n}"><v>1</v></c></row>',
    "a cell without its end": '<row r="{n}"><c r="A{n}"><v>1</v><c r="B{n}"><v>1</v></c></row>',
    "a last cell without its end": '<row r="{n}"><c r="A{n}"><v>1</v></row>',
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_row_is_refused_wherever_it_stands(
    tmp_path: Path, around: Around, how: str
) -> None:
    xml = around.holding(DAMAGE[how].format(n=around.number))

    refusal(save(tmp_path / "a.xlsx", {"S": xml}, stored=True))


@pytest.mark.parametrize("how", [how for how in DAMAGE if " without its " in how])
@pytest.mark.parametrize("before", [0, 1, 49, 50, 60, 200])
def test_no_row_is_lost_where_a_tag_is_missing_in_the_last_one(
    tmp_path: Path, how: str, before: int
) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, before + 1))

    xml = raw(rows + DAMAGE[how].format(n=before + 1))

    refusal(save(tmp_path / "a.xlsx", {"S": xml}))


@pytest.mark.parametrize("count", [1, 60])
def test_rows_that_are_no_more_than_a_tag_may_come_last(tmp_path: Path, count: int) -> None:
    last = f'<row r="{count + 1}"/><row r="1048576" ht="12.8" customHeight="1"/>'
    xml = raw("".join(line.xml for line in plain_rows(1, count)) + last)

    assert read(save(tmp_path / "a.xlsx", {"S": xml})) == wanted(plain_rows(1, count))


@pytest.mark.parametrize("way", ["plain", "cells without r"])
def test_a_row_that_fills_the_sheet_from_side_to_side(tmp_path: Path, way: str) -> None:
    kinds = [*PLAIN, "text with signs", "CDATA", "empty"]
    wide = [(column, kinds[column % len(kinds)]) for column in range(1, WIDEST + 1)]
    lines = [*plain_rows(1, 3), Line(4, way, wide), *plain_rows(5, 3)]

    assert read(save(tmp_path / "a.xlsx", {"S": sheet(lines)})) == wanted(lines)


def test_texts_as_long_as_a_cell_may_hold(tmp_path: Path) -> None:
    texts = [sign * (32_767 // len(sign)) for sign in ("x", "é", "李", "😀", "_x000D_", "a&")]
    items = [text.replace("&", "&amp;").replace("_x", "_x005F_x") for text in texts]
    cell = '<c r="B{n}" t="inlineStr"><is><t>{item}</t></is></c>'
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>{n % len(texts)}</v></c>'
        + cell.format(n=n, item=items[n % len(texts)])
        + "</row>"
        for n in range(1, 90)
    )
    xml = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    strings = "".join(f"<si><t>{item}</t></si>" for item in items)
    assert len(xml) > 4 * READ

    found = list(open_table(save(tmp_path / "a.xlsx", {"S": xml}, strings=strings)).rows())

    assert [row.number for row in found] == list(range(1, 90))
    assert all(list(row.values) == [texts[row.number % len(texts)]] * 2 for row in found)


def test_the_longest_sheet_is_read_to_its_last_row(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, LAST_ROW + 1))
    xml = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    book = save(tmp_path / "a.xlsx", {"S": xml}, stored=True)

    count = 0
    for count, row in enumerate(open_table(book).rows(), 1):
        assert row.number == count and list(row.values) == [count]

    assert count == LAST_ROW

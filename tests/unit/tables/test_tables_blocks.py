"""Rows in blocks: the same rows, whole and in their order, however they are kept and cut."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, pairwise
from pathlib import Path

import pytest
from handmade_books import HIDDEN, Line, expected, plain_rows, save, sheet
from handmade_cells import ERROR, KINDS, NEVER_COMPUTED, WAYS
from hypothesis import given
from hypothesis import strategies as st

from bulksender.loader import open_sheet
from bulksender.model import Shown, formatted
from bulksender.settings import SheetOptions
from bulksender.tables import Block, Row, Spoilt, open_table, plain, plain_column
from bulksender.tables.formats import Amounts, reading
from bulksender.tables.table import MOST_CELLS, in_blocks

AMOUNT = reading("#,##0.00")
assert isinstance(AMOUNT, Amounts)

CELLS = st.none() | st.integers(0, 9) | st.sampled_from(["", "x"])
TEXTS = st.text(" \t\n\u00a0ab", max_size=4)
MIDNIGHTS = st.dates().map(lambda day: datetime.combine(day, time.min))
VALUES = (
    *(st.none(), TEXTS, st.integers(), st.floats(), st.integers(-999, 999).map(float)),
    *(st.booleans(), st.dates(), st.times(), st.datetimes(), MIDNIGHTS, st.just(float("nan"))),
    *(st.timedeltas(), st.decimals(allow_nan=False)),
    st.builds(Shown, st.floats(allow_nan=False), TEXTS),
    st.floats(-1e9, 1e9).map(formatted(AMOUNT)),
    st.builds(Spoilt, TEXTS, TEXTS),
)
"""Raw values of a cell, by kind; a column has one kind, or a few."""


@st.composite
def drawn_rows(draw: st.DrawFn) -> list[Row]:
    """Rows in order, of any length, blank ones and hidden ones among them."""
    numbers = sorted(draw(st.sets(st.integers(1, 50), max_size=12)))
    values = st.lists(CELLS, max_size=5)
    return [Row(number, tuple(draw(values)), draw(st.booleans())) for number in numbers]


@st.composite
def drawn_columns(draw: st.DrawFn) -> list[object]:
    kinds = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3))
    return draw(st.lists(st.one_of(kinds), max_size=12))


def filled(rows: Iterable[Row]) -> list[Row]:
    """The rows that hold anything, without their blank ends."""
    found = []
    for number, values, hidden in rows:
        width = max((n for n, value in enumerate(values, 1) if value is not None), default=0)
        if width:
            found.append(Row(number, tuple(values[:width]), hidden))
    return found


def block_of(rows: Sequence[Row]) -> Block:
    """The rows in one block; there may be none."""
    return next(in_blocks(rows, 100), Block([], []))


def rows_of(blocks: Iterable[Block]) -> list[Row]:
    return list(chain.from_iterable(block.rows() for block in blocks))


def seen(value: object) -> tuple[object, ...]:
    """A value with what == does not see: its type, and how it is shown."""
    return type(value), value, str(value)


@given(drawn_rows())
def test_a_block_gives_back_the_rows_that_hold_anything(rows: list[Row]) -> None:
    block = block_of(rows)
    assert list(block.numbers) == [row.number for row in rows]
    assert {len(column) for column in block.columns} <= {len(rows)}
    assert list(block.rows()) == filled(rows)
    assert block.hidden == {row.number for row in rows if row.hidden}


def test_a_row_is_cut_behind_its_last_cell_and_keeps_the_gaps_before() -> None:
    block = Block([2, 3, 5, 9], [[None, "a", None, 0], ["b", None, None, None]], frozenset({5, 9}))
    found = [Row(2, (None, "b")), Row(3, ("a",)), Row(9, (0,), True)]
    assert list(block.rows()) == found


@given(drawn_rows(), st.data())
def test_only_the_wanted_rows_are_left_each_whole(rows: list[Row], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    kept = [row for row, is_wanted in zip(rows, wanted, strict=True) if is_wanted]
    found = block_of(rows).only(wanted)
    assert list(found.numbers) == [row.number for row in kept]
    assert list(found.rows()) == filled(kept)
    assert len(found.columns) == max((len(row.values) for row in filled(kept)), default=0)


@given(drawn_rows(), st.integers(1, 15))
def test_parts_have_all_rows_in_their_order(rows: list[Row], size: int) -> None:
    parts = list(block_of(rows).parts(size))
    assert [number for part in parts for number in part.numbers] == [row.number for row in rows]
    assert all(len(part.numbers) == size for part in parts[:-1])
    assert all(1 <= len(part.numbers) <= size for part in parts)
    assert rows_of(parts) == filled(rows)


@given(drawn_rows(), st.integers(1, 15))
def test_rows_go_into_blocks_of_at_most_so_many(rows: list[Row], size: int) -> None:
    blocks = list(in_blocks(iter(rows), size))
    sizes = [len(block.numbers) for block in blocks]
    assert sizes == [min(size, len(rows) - start) for start in range(0, len(rows), size)]
    assert rows_of(blocks) == filled(rows)


def test_no_more_rows_are_taken_than_the_next_block_holds() -> None:
    rows = iter([Row(number, ("x",)) for number in range(1, 10)])
    assert next(in_blocks(rows, 4)).numbers == (1, 2, 3, 4)
    assert next(rows).number == 5


@given(drawn_columns())
def test_a_column_becomes_cells_as_each_of_its_values_does(values: list[object]) -> None:
    found = plain_column(values)
    assert [seen(cell) for cell in found] == [seen(plain(value)) for value in values]


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([" a ", "", "\u00a0", "b"], ["a", None, None, "b"]),
        ([1.0, 0.1 + 0.2, float("nan")], [1, 0.3, None]),
        ([" a ", 1.0, None], ["a", 1, None]),
        ([datetime(2026, 1, 2), None], [date(2026, 1, 2), None]),
        ([datetime(2026, 1, 2, 9), ""], [datetime(2026, 1, 2, 9), None]),
        ([True, 1, None], [True, 1, None]),
        ([Shown(42.0, "0042"), 42.0], [Shown(42.0, "0042"), 42]),
        ([timedelta(hours=36)], ["36:00:00"]),
    ],
)
def test_a_columns_values_become_what_the_sheet_shows(
    values: list[object], cells: list[object]
) -> None:
    assert [seen(cell) for cell in plain_column(values)] == [seen(cell) for cell in cells]


def meant(value: object) -> tuple[object, ...]:
    """A cell as it is expected of handmade ones."""
    cell = plain(value)
    if isinstance(cell, Spoilt):
        return seen(ERROR if cell.shown else NEVER_COMPUTED)
    return seen(cell)


def in_columns(blocks: Iterable[Block]) -> list[tuple[int, bool, list[object]]]:
    """Each filled row's number, whether it is hidden, and its cells, converted by columns."""
    found = []
    for block in blocks:
        cells = zip(*map(plain_column, block.columns), strict=True)
        for number, row in zip(block.numbers, cells, strict=False):
            found.append((number, number in block.hidden, cut(row)))
    return [row for row in found if row[2]]


def in_rows(rows: Iterable[Row]) -> list[tuple[int, bool, list[object]]]:
    """The same of rows, cell by cell."""
    made = ((row.number, row.hidden, cut([plain(value) for value in row.values])) for row in rows)
    return [row for row in made if row[2]]


def cut(cells: Sequence[object]) -> list[object]:
    width = max((n for n, cell in enumerate(cells, 1) if cell is not None), default=0)
    return [meant(cell) for cell in cells[:width]]


@pytest.mark.parametrize("way", WAYS)
def test_a_workbook_has_the_same_rows_in_blocks(tmp_path: Path, way: str) -> None:
    """Rows written in this way with cells of all kinds, each among plain ones."""
    lines = plain_rows(1, 60)
    for kind in KINDS:
        number = len(lines) + 1
        odd = Line(number, way, [(1, kind), (2, "text"), (3, kind), (8, kind)])
        lines += [odd, *plain_rows(number + 1, 2)]
    table = open_table(save(tmp_path / "a.xlsx", {"S": sheet(lines)}))
    hidden = {line.number for line in lines if line.way in HIDDEN}

    found = in_columns(table.blocks())

    assert found == in_rows(table.rows())
    assert found == in_rows(Row(n, row, n in hidden) for n, row in expected(lines).items())


def test_thousands_of_blank_rows_below_the_contacts_are_no_contacts(tmp_path: Path) -> None:
    """Left by an editor; there are more of them than one piece of the sheet's XML holds."""
    people = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        for n, text in enumerate(["Mobile", *["91234567"] * 70], 1)
    )
    blank = "".join(f'<row r="{n}" ht="15.75" customHeight="1"/>' for n in range(72, 60_000))
    ends = ("", '<row r="60000"></row>', '<row r="60000"><c r="A60000" s="1"/></row>')
    for end in ends:
        xml = sheet([]).replace("<sheetData>", f"<sheetData>{people}{blank}{end}")
        path = save(tmp_path / "a.xlsx", {"S": xml})
        found = open_sheet(SheetOptions(path=str(path), country="SG"))
        with found.reading([]) as reading:
            chunks = list(reading)
        assert sum(len(chunk.recipients) for chunk in chunks) == 70
        assert [row for chunk in chunks for row in chunk.refused] == []


def test_merged_cells_of_a_workbook_are_filled_in_blocks_too(tmp_path: Path) -> None:
    more = [Line(71, "plain", [(1, "whole")]), Line(72, "plain", [(2, "text")])]
    merged = '</sheetData><mergeCells><mergeCell ref="A71:A72"/></mergeCells>'
    xml = sheet([*plain_rows(1, 70), *more]).replace("</sheetData>", merged)
    table = open_table(save(tmp_path / "a.xlsx", {"S": xml}))
    found = in_columns(table.blocks())
    assert found == in_rows(table.rows())
    assert found[-1][2][0] == found[-2][2][0] != meant(None)


def test_a_text_file_has_the_same_rows_in_blocks(tmp_path: Path) -> None:
    odd = (["", ""], ["short"], ["two\nlines", " spaces "], ['a "quoted" one', "a;b", "more"], [])
    written = [[f"+65912{n:05}", f"Ann {n}"] for n in range(25_000)]
    for n, row in enumerate(odd):
        written[500 + 4_000 * n] = row
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(written)
    table = open_table(path)
    blocks = list(table.blocks())

    assert len(blocks) > 1
    assert all(one.numbers[-1] < other.numbers[0] for one, other in pairwise(blocks))
    assert in_columns(blocks) == in_rows(table.rows())
    assert in_columns(blocks) == in_rows(Row(n, row) for n, row in enumerate(written, 1))


@pytest.mark.parametrize("place", [0, 4_321, 9_999])
def test_one_wide_row_makes_few_others_wide(place: int) -> None:
    rows = [Row(n, (n,) * (20_000 if n == place else 2)) for n in range(10_000)]
    blocks = list(in_blocks(rows))
    assert all(len(block.numbers) * len(block.columns) <= MOST_CELLS for block in blocks)
    assert len(blocks) < 20
    assert rows_of(blocks) == rows


def test_wide_rows_are_not_held_by_the_thousand() -> None:
    taken = 0

    def wide() -> Iterator[Row]:
        nonlocal taken
        for taken in range(1, 10_001):
            yield Row(taken, ("x",) * 50_000)

    first = next(in_blocks(wide()))
    assert taken * 50_000 == MOST_CELLS
    assert len(first.numbers) == taken

"""OpenDocument sheets: values, repeats, hidden rows and sheets (OpenDocument 1.3 part 3)."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from tables_books import SOFFICE, cells, converted, hidden, ods, refusal, texts

from bulksender.tables import Spoilt, open_table


def text(content: str, more: str = "") -> str:
    value = f"<text:p>{content}</text:p>" if content else ""
    return f'<table:table-cell office:value-type="string" {more}>{value}</table:table-cell>'


def number(value: float, more: str = "", shown: str = "") -> str:
    said = f"<text:p>{shown}</text:p>" if shown else ""
    return f'<table:table-cell office:value-type="float" office:value="{value}" {more}>{said}</table:table-cell>'  # noqa: E501


def row(*content: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(content)}</table:table-row>"


def valued(kind: str, value: str, shown: str = "") -> str:
    name = {"percentage": "value", "currency": "value"}.get(kind, f"{kind}-value")
    said = f"<text:p>{shown}</text:p>" if shown else ""
    return (
        f'<table:table-cell office:value-type="{kind}" office:{name}="{value}">{said}'
        "</table:table-cell>"
    )


NOTE = "<office:annotation><text:p>n</text:p></office:annotation>"
CELLS: dict[str, tuple[str, object]] = {
    "a text": (text("x"), "x"),
    "paragraphs": (text("a</text:p><text:p>b"), "a\nb"),
    "spaces": (text('a<text:s text:c="3"/>b<text:s/>c'), "a   b c"),
    "a tab and a line break": (text("a<text:tab/>b<text:line-break/>c"), "a\tb\nc"),
    "spans and links": (text("a<text:span>b<text:a>c</text:a></text:span>d"), "abcd"),
    "a comment beside the text": (
        '<table:table-cell office:value-type="string"><office:annotation><text:p>note</text:p>'
        "</office:annotation><text:p>x</text:p></table:table-cell>", "x"),
    "a comment in the text": (text(f"x{NOTE}y"), "xy"),
    "a comment alone": (
        "<table:table-cell><office:annotation><text:p>n</text:p></office:annotation>"
        "</table:table-cell>", None),
    "a value of its own": (text("shown", 'office:string-value="meant"'), "meant"),
    "a table within": (
        '<table:table-cell office:value-type="string"><text:p>x</text:p><draw:frame><table:table '
        'table:name="T"><table:table-row><table:table-cell office:value-type="string"><text:p>in'
        "</text:p></table:table-cell></table:table-row></table:table></draw:frame>"
        "</table:table-cell>", "x"),
    "a number": (number(5, shown="5"), 5),
    "a number with noise": (number(819.1900000000002, shown="819.19"), 819.19),
    "a date": (valued("date", "2026-01-02", "02/01/26"), date(2026, 1, 2)),
    "a moment": (valued("date", "2026-01-02T09:30:00", "x"), datetime(2026, 1, 2, 9, 30)),
    "a time": (valued("time", "PT09H30M00S", "09:30"), time(9, 30)),
    "a time of seconds in parts": (valued("time", "PT10H59M59.999999999S", "11:00"), time(11)),
    "a long time": (valued("time", "PT36H00M00S", "36:00"), "36:00:00"),
    "TRUE": (valued("boolean", "true", "TRUE"), True),
    "FALSE": (valued("boolean", "false", "FALSE"), False),
}  # fmt: skip


@pytest.mark.parametrize("how", CELLS)
def test_a_cell_is_read_by_its_kind(tmp_path: Path, how: str) -> None:
    cell, expected = CELLS[how]
    found = cells(ods(tmp_path / "a.ods", row(cell, number(1))))[1][0]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "cell, shown",
    [(number(42, shown="00042"), "00042"), (valued("percentage", "0.15", "15%"), "15%"),
     (valued("currency", "1234.5", "€1,234.50"), "€1,234.50"),
     (number(1 / 3, shown="0.3333333333"), "0.333333333333333"),
     (number(6591234567, shown="6.59E+09"), "6591234567")],
)  # fmt: skip
def test_a_number_shows_as_its_cell_shows_it(tmp_path: Path, cell: str, shown: str) -> None:
    assert texts(ods(tmp_path / "a.ods", row(cell))) == {1: [shown]}


@pytest.mark.parametrize(
    "cell",
    [text("#REF!", f'table:formula="of:=[.A{1}]"'), text("Err:502", 'table:formula="of:=X"'),
     text("#N/A", 'calcext:value-type="error" table:formula="of:=NA()"')],
)  # fmt: skip
def test_an_error_is_no_value(tmp_path: Path, cell: str) -> None:
    assert isinstance(cells(ods(tmp_path / "a.ods", row(cell)))[1][0], Spoilt)


def test_a_text_that_reads_like_an_error_is_a_text(tmp_path: Path) -> None:
    assert cells(ods(tmp_path / "a.ods", row(text("#1"), text("Err:502")))) == {
        1: ["#1", "Err:502"]
    }


def test_repeated_cells_and_rows_are_read_as_often_as_they_stand(tmp_path: Path) -> None:
    rows = (
        row(text(""), more='table:number-rows-repeated="2"')
        + row(
            '<table:table-cell table:number-columns-repeated="2"/>',
            number(1, 'table:number-columns-repeated="2"'),
            '<table:table-cell table:number-columns-repeated="16000"/>',
            more='table:number-rows-repeated="2"',
        )
        + row(number(2))
        + row("<table:table-cell/>", more='table:number-rows-repeated="1048571"')
    )
    path = ods(tmp_path / "a.ods", rows)
    assert cells(path) == {3: [None, None, 1, 1], 4: [None, None, 1, 1], 5: [2]}
    assert open_table(path).reach(1) == 4


def test_covered_cells_are_blank_and_merged_ones_count_for_all_their_rows(tmp_path: Path) -> None:
    spanned = 'table:number-rows-spanned="2" table:number-columns-spanned="2"'
    covered = '<table:covered-table-cell office:value-type="float" office:value="7"/>'
    rows = row(number(1, spanned), covered, number(2)) + row(
        '<table:covered-table-cell table:number-columns-repeated="2"/>', number(3)
    )
    assert cells(ods(tmp_path / "a.ods", rows + row(number(4)))) == {
        1: [1, None, 2],
        2: [1, None, 3],
        3: [4],
    }


def test_rows_that_are_not_shown_are_said_to_be_hidden(tmp_path: Path) -> None:
    rows = (
        row(number(1))
        + row(number(2), more='table:visibility="collapse"')
        + row(number(3), more='table:visibility="filter" table:number-rows-repeated="2"')
        + '<table:table-row-group table:display="false">'
        + row(number(5))
        + f"<table:table-row-group>{row(number(6))}</table:table-row-group>"
        + "</table:table-row-group>"
        + f"<table:table-row-group>{row(number(7))}</table:table-row-group>"
        + row(number(8), more='table:visibility="visible"')
    )
    assert hidden(ods(tmp_path / "a.ods", rows)) == [2, 3, 4, 5, 6]


def test_header_rows_and_row_groups_hold_rows_like_others(tmp_path: Path) -> None:
    rows = (
        f"<table:table-header-rows>{row(text('a'))}</table:table-header-rows>"
        f"<table:table-rows>{row(text('b'))}</table:table-rows>"
        f"<table:table-row-group>{row(text('c'))}</table:table-row-group>"
    )
    assert cells(ods(tmp_path / "a.ods", rows)) == {1: ["a"], 2: ["b"], 3: ["c"]}


STYLES = (
    '<style:style style:name="out" style:family="table"><style:table-properties '
    'table:display="false"/></style:style><style:style style:name="in" style:family="table">'
    '<style:table-properties table:display="true"/></style:style>'
)


def tables(*named: tuple[str, str, str]) -> str:
    return "".join(
        f'<table:table table:name="{name}" table:style-name="{style}">{rows}</table:table>'
        for name, style, rows in named
    )


def test_the_first_sheet_that_is_shown_and_holds_anything_is_read(tmp_path: Path) -> None:
    named = tables(
        ("Old", "out", row(number(1))), ("Blank", "in", row("")), ("May", "in", row(number(3)))
    )
    path = ods(tmp_path / "a.ods", named, STYLES)
    table = open_table(path)
    assert (table.sheet, list(table.names)) == ("May", ["Old", "Blank", "May"])
    assert cells(path) == {1: [3]}
    assert cells(path, "Old") == {1: [1]}
    assert 'Did you mean "May"' in refusal(path, "Mai")


def test_a_workbook_of_hidden_sheets_only_is_refused(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", tables(("Old", "out", row(number(1)))), STYLES)
    assert "no visible sheet" in refusal(path)


def test_a_nested_table_is_no_sheet(tmp_path: Path) -> None:
    nested = f"<table:table-cell><table:table table:name='T'>{row(number(9))}</table:table>"
    path = ods(tmp_path / "a.ods", row(nested + "</table:table-cell>", number(1)) + row(number(2)))
    assert cells(path) == {1: [None, 1], 2: [2]}
    assert list(open_table(path).names) == ["S"]


@pytest.mark.parametrize("repeated", ["-1", "x", "0"])
def test_impossible_repeats_are_refused(tmp_path: Path, repeated: str) -> None:
    rows = row(number(1)) + row(number(2), more=f'table:number-rows-repeated="{repeated}"')
    refusal(ods(tmp_path / "a.ods", rows + row(number(3))))


@pytest.mark.skipif(not SOFFICE, reason="needs LibreOffice")
def test_what_libreoffice_writes_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([6591234567, "a  b\tc", 0.15, datetime(2026, 1, 2), True, time(9, 30), 42])
    sheet.append([1, "two\nlines", 1234.5, datetime(2026, 1, 2, 9, 30), False, None, "=1/0"])
    sheet.append([2, "hidden"])
    sheet["C1"].number_format, sheet["C2"].number_format = "0%", "#,##0.00"
    sheet["G1"].number_format = "00000"
    sheet.row_dimensions[3].hidden = True
    sheet.merge_cells("A4:A5")
    sheet["A4"], sheet["B5"] = "both", 1
    book.save(tmp_path / "a.xlsx")
    path = converted(tmp_path / "a.xlsx", "ods")
    found = cells(path)
    assert found[1] == [6591234567, "a  b\tc", 0.15, date(2026, 1, 2), True, time(9, 30), 42]
    assert found[2][:5] == [1, "two\nlines", 1234.5, datetime(2026, 1, 2, 9, 30), False]
    assert isinstance(found[2][6], Spoilt)
    assert (found[4], found[5]) == (["both"], ["both", 1])
    shown = texts(path)
    assert (shown[1][2], shown[1][6], shown[2][2]) == ("15%", "00042", "1,234.50")
    assert hidden(path) == [3]

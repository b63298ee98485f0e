"""XLSX rows as any program may write them: values, places, hidden rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from tables_books import MAIN, SOFFICE, cells, converted, hidden, texts, xlsx

from bulksender.tables import Spoilt

SHEET = '<?xml version="1.0"?>'
TEXT = '<c r="A1" t="inlineStr"><is><t>%s</t></is></c>'


def only(path: Path) -> object:
    """The value of the cell A1."""
    return cells(path)[1][0]


WRITTEN: list[list[object]] = [
    ["Mobile", "Name", "Points", "Since", "VIP", "At", "Left"],
    [
        6591234567,
        "Zoë & <Bø> \"x\" 'y' 李 😀",
        819.19,
        datetime(2026, 1, 2, 9, 30),
        True,
        None,
        "x",
    ],
    ["+6591234568", "two\nlines", -0.5, date(2026, 1, 2), False, time(9, 30), None],
    [None, "  spaces  ", 1e-7, None, None, None, 12345678901234],
]
READ = [["spaces" if value == "  spaces  " else value for value in row] for row in WRITTEN]
READ[2].pop()


def by_openpyxl(path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in WRITTEN:
        book.active.append(row)
    book.save(path)
    return path


def by_openpyxl_in_iso(path: Path) -> Path:
    book = openpyxl.Workbook(iso_dates=True)
    for row in WRITTEN:
        book.active.append(row)
    book.save(path)
    return path


def by_xlsxwriter(path: Path) -> Path:
    options = {"default_date_format": "d/m/yyyy h:mm", "in_memory": True}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        clock, day = (book.add_format({"num_format": code}) for code in ("h:mm", "d/m/yyyy"))
        for index, row in enumerate(WRITTEN):
            for column, value in enumerate(row):
                if value is not None:
                    form = {time: clock, date: day}.get(type(value))
                    sheet.write(index, column, value, *([form] if form else []))
    return path


def by_xlsxwriter_in_little_memory(path: Path) -> Path:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        clock, day, both = (
            book.add_format({"num_format": code}) for code in ("h:mm", "d/m/yyyy", "d/m/yy h:mm")
        )
        for index, row in enumerate(WRITTEN):
            for column, value in enumerate(row):
                if value is not None:
                    form = {time: clock, date: day, datetime: both}.get(type(value))
                    sheet.write(index, column, value, *([form] if form else []))
    return path


def by_libreoffice(path: Path) -> Path:
    source = path.with_name("source.xlsx")
    by_openpyxl(source)
    return converted(converted(source, "ods"), "xlsx")


WRITERS = [by_openpyxl, by_openpyxl_in_iso, by_xlsxwriter, by_xlsxwriter_in_little_memory]
WRITERS += [by_libreoffice] if SOFFICE else []


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_a_sheet_is_read_as_it_was_written(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    assert list(cells(write(tmp_path / "a.xlsx")).values()) == READ


FIVE = '<c r="A1"><v>5</v></c>'


def one(cells_of_it: str) -> str:
    return f'<row r="1">{cells_of_it}</row>'


ODD_CELLS: dict[str, tuple[str, object]] = {
    "single quotes": ("<row r='1'><c r='A1' t='inlineStr'><is><t>x</t></is></c></row>", "x"),
    "attributes in another order": (
        '<row spans="1:1" r="1"><c t="b" s="0" r="A1"><v>1</v></c></row>',
        True,
    ),
    "spaces in the tags": ('<row  r = "1" ><c  r = "A1" ><v >5</v ></c ></row >', 5),
    "a line break in the tags": ('<row\nr="1"><c\nr="A1"><v>5</v></c></row>', 5),
    "no references": ("<row><c><v>5</v></c></row>", 5),
    "a comment in the cell": (one('<c r="A1"><!-- a --><v>5</v></c>'), 5),
    "a comment before the cell": (one('<!-- <c r="A1"><v>6</v></c> --><c r="A1"><v>5</v></c>'), 5),
    "a cell that is a comment": (one('<c r="A1"><v>5</v></c><!--<c r="A1"><v>6</v></c>-->'), 5),
    "a row that is a comment": (f"<!--{one(FIVE.replace('5', '6'))}-->{one(FIVE)}", 5),
    "CDATA": (
        one('<c r="A1" t="str"><v><![CDATA[a<b>&amp;</row></c>]]></v></c>'),
        "a<b>&amp;</row></c>",
    ),
    "rich text": (
        one(
            '<c r="A1" t="inlineStr"><is><r><rPr><b/></rPr><t>a</t></r>'
            '<r><t xml:space="preserve"> b</t></r></is></c>'
        ),
        "a b",
    ),
    "phonetic hints": (
        one(
            '<c r="A1" t="inlineStr"><is><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh>'
            '<phoneticPr fontId="1"/></is></c>'
        ),
        "課",
    ),
    "an extension": (one('<c r="A1"><v>5</v><extLst><ext uri="x"/></extLst></c>'), 5),
    "a blank value": (one('<c r="A1"><v/></c><c r="B1"><v>1</v></c>'), None),
    "a blank shared string": (one('<c r="A1" t="s"><v></v></c><c r="B1"><v>1</v></c>'), None),
    "a blank boolean": (one('<c r="A1" t="n"></c><c r="B1"><v>1</v></c>'), None),
    "a carriage return by code": (f'<row r="1">{TEXT % "a_x000D_b"}</row>', "a\rb"),
    "a code that is meant": (f'<row r="1">{TEXT % "a_x005F_x000D_b"}</row>', "a_x000D_b"),
    "surrogates by code": (f'<row r="1">{TEXT % "_xD83D__xDE00_"}</row>', "😀"),
    "half a pair by code": (f'<row r="1">{TEXT % "a_xD83D_"}</row>', "a\ufffd"),
    "numbered characters": (f'<row r="1">{TEXT % "&#90;o&#xEB;&#x1F600;&#10;x"}</row>', "Zoë😀\nx"),
    "an escaped ampersand": (f'<row r="1">{TEXT % "&amp;lt; &amp;#65;"}</row>', "&lt; &#65;"),
    "an ISO date": (one('<c r="A1" t="d"><v>2026-01-02</v></c>'), date(2026, 1, 2)),
    "an ISO moment": (
        one('<c r="A1" t="d"><v>2026-01-02T09:30:00</v></c>'),
        datetime(2026, 1, 2, 9, 30),
    ),
    "an ISO time": (one('<c r="A1" t="d"><v>09:30:00</v></c>'), time(9, 30)),
    "TRUE": (one('<c r="A1" t="b"><v>1</v></c>'), True),
    "FALSE": (one('<c r="A1" t="b"><v>0</v></c>'), False),
    "a formula with a text": (
        one('<c r="A1" t="str"><f>B1&amp;"&lt;"</f><v>a&lt;b</v></c>'),
        "a<b",
    ),
    "a formula with a number": (
        one('<c r="A1"><f t="shared" ref="A1:A9" si="0">1+1</f><v>2</v></c>'),
        2,
    ),
    "a shared formula": (one('<c r="A1"><f t="shared" si="0"/><v>2</v></c>'), 2),
    "a formula with an empty text": (
        one('<c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c>'),
        None,
    ),
    "an exponent": (one('<c r="A1"><v>6.591234567E9</v></c>'), 6591234567),
    "noise": (one('<c r="A1"><v>819.19000000000005</v></c>'), 819.19),
    "spaces around a number": (one('<c r="A1"><v> 5 </v></c>'), 5),
    "a negative number": (one('<c r="A1"><v>-5</v></c>'), -5),
    "XFD": (one('<c r="A1"><v>1</v></c><c r="XFD1"><v>5</v></c>'), 1),
}


@pytest.mark.parametrize("how", ODD_CELLS)
def test_a_cell_is_read_however_it_is_written(tmp_path: Path, how: str) -> None:
    row, expected = ODD_CELLS[how]
    found = only(xlsx(tmp_path / "a.xlsx", row))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("how", ODD_CELLS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_cell_is_read_with_a_prefix_before_every_name(
    tmp_path: Path, how: str, codec: str
) -> None:
    rows, expected = ODD_CELLS[how]
    for name in [
        "row",
        "c",
        "v",
        "is",
        "t",
        "r",
        "f",
        "rPr",
        "b",
        "rPh",
        "phoneticPr",
        "extLst",
        "ext",
    ]:
        for before in ("<", "</"):
            for behind in (" ", ">", "/", "\n"):
                rows = rows.replace(f"{before}{name}{behind}", f"{before}x:{name}{behind}")
    if "CDATA" in rows:
        rows = rows.replace("</x:row></x:c>]]>", "</row></c>]]>").replace("<x:b>", "<b>")
    xml = f'{SHEET}<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    assert only(xlsx(tmp_path / "a.xlsx", xml.encode(codec))) == expected


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!"])
def test_an_error_is_no_value(tmp_path: Path, error: str) -> None:
    row = f'<row r="1"><c r="A1" t="e"><f>x</f><v>{error}</v></c></row>'
    found = only(xlsx(tmp_path / "a.xlsx", row))
    assert isinstance(found, Spoilt)
    assert (found.shown, error in found.why) == (error, True)


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>", "<v />"])
@pytest.mark.parametrize("formula", ["<f>B1+1</f>", '<f t="shared" si="0"/>'])
def test_a_formula_that_was_never_computed_is_no_value(
    tmp_path: Path, formula: str, value: str
) -> None:
    found = only(xlsx(tmp_path / "a.xlsx", f'<row r="1"><c r="A1">{formula}{value}</c></row>'))
    assert isinstance(found, Spoilt)
    assert "never computed" in found.why


def test_rows_and_cells_without_references_are_counted(tmp_path: Path) -> None:
    rows = (
        "<row/><row><c/><c><v>1</v></c></row><row></row><row r='7'/><row><c/></row>"
        "<row><c r='C9'><v>2</v></c><c><v>3</v></c></row><row/><row r='20'/>"
        "<row><c><v>4</v></c></row><row/>"
    )
    assert cells(xlsx(tmp_path / "a.xlsx", rows)) == {
        2: [None, 1],
        9: [None, None, 2, 3],
        21: [4],
    }


def test_cells_out_of_order_stand_where_they_say(tmp_path: Path) -> None:
    row = '<row r="1"><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    assert cells(xlsx(tmp_path / "a.xlsx", row)) == {1: [1, 2, 3]}


def test_hidden_rows_are_said_to_be_hidden(tmp_path: Path) -> None:
    rows = "".join(
        f"<row r='{number}' {more}><c r='A{number}'><v>{number}</v></c></row>"
        for number, more in enumerate(
            ["", 'hidden="1"', "hidden='true'", 'hidden="0"', 'hidden="false" ht="5"',
             'ht="0" hidden="on" customHeight="1"', 'collapsed="1"'], 1)
    )  # fmt: skip
    assert hidden(xlsx(tmp_path / "a.xlsx", rows)) == [2, 3, 6]


def test_a_date_follows_the_workbook_s_calendar(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1" s="1"><v>44561</v></c><c r="B1" s="2"><v>0.125</v></c></row>'
    path = xlsx(tmp_path / "a.xlsx", row, None, ("d/m/yyyy", "0.0%"), 'date1904="1"')
    assert cells(path)[1][0] == date(2026, 1, 1)
    assert texts(path)[1][1] == "12.5%"

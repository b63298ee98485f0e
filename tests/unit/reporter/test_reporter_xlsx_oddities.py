"""Sheets whose XML is legal and unusual: every row gets its outcome, nothing else changes."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
import python_calamine
from reporter_runs import COLUMNS, queued, sent
from sheet_xml import (
    MAIN,
    XML,
    cell,
    contacts_xml,
    make_book,
    parts,
    rows_having,
    sheet_xml,
    text,
    values,
    without,
)

from bulksender import reporter
from bulksender.ledger import Ledger

SHEET = "xl/worksheets/sheet1.xml"
HEAD = f'<row r="1">{text("A1", "Name")}{text("B1", "Phone")}</row>'


def row(number: int, name: str = "Ann", more: str = "") -> str:
    phone = text(f"B{number}", f"+659000{number:04}")
    return f'<row r="{number}">{text(f"A{number}", name)}{phone}{more}</row>'


PLAIN = sheet_xml(HEAD + row(2) + row(3), dimension="A1:B3")

ODDITIES: dict[str, str] = {
    "namespace prefix": (
        f'{XML}<x:worksheet xmlns:x="{MAIN}"><x:dimension ref="A1:B3"/><x:sheetData>'
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>Name</x:t></x:is></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:t>Phone</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"/><x:c r="B2"><x:v>90000002</x:v></x:c></x:row>'
        '<x:row r="3"><x:c r="B3"><x:v>90000003</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    ),
    "rows closed in themselves": sheet_xml(
        HEAD + row(2) + '<row r="3"/><row r="4" ht="30"/>' + row(5) + '<row r="6"/>'
    ),
    "rows without r": sheet_xml((HEAD + row(2) + row(3)).replace("<row r=", "<row ht=")),
    "cells without r": sheet_xml(
        f'<row r="1">{text("", "Name")}{text("", "Phone")}</row>'
        f'<row r="2">{text("", "Ann")}{text("", "90000002")}</row>'
        f'<row r="3"><c/>{text("", "90000003")}</row>'
    ),
    "neither with r": sheet_xml(
        f"<row>{text('', 'Name')}{text('', 'Phone')}</row><row/>"
        f"<row>{text('', 'Ann')}{text('', '90000003')}</row>"
    ),
    "rows partly without r": sheet_xml(HEAD + row(4) + row(5).replace(' r="5"', "", 1)),
    "rich text": sheet_xml(
        HEAD
        + row(2).replace("<t>Ann</t>", "<r><rPr><b/></rPr><t>An</t></r><r><t>n</t></r>")
        + row(3)
    ),
    "rows in an element with attributes": PLAIN.replace(
        "<sheetData>", '<sheetData xml:space="preserve" >'
    ),
    "no dimension": PLAIN.replace('<dimension ref="A1:B3"/>', ""),
    "dimension of one cell": PLAIN.replace("A1:B3", "A1"),
    "dimension with other attributes": PLAIN.replace("<dimension ", "<dimension  a='b'\n"),
    "single quotes": PLAIN.replace('"', "'"),
    "white space between rows": PLAIN.replace("<row", "\n\t<row").replace("</sh", "\r\n</sh"),
    "white space between cells": PLAIN.replace("<c", "\n    <c").replace("</row>", "\n  </row>"),
    "white space in tags": PLAIN.replace("<c r", "<c\n  r").replace("<sheetData>", "<sheetData >"),
    "attributes in another order": PLAIN.replace('"B2" t="inlineStr"', '"B2" s="1" t="inlineStr"')
    .replace('<c r="A2" t="inlineStr"', '<c t="inlineStr" s="1" r="A2"')
    .replace('<row r="2"', '<row spans="1:2" s="1" customFormat="1" r="2"'),
    "end of a row in a text": sheet_xml(HEAD + row(2, "&lt;/row>&lt;/c>&lt;c r='X9'/>") + row(3)),
    "end of a row in CDATA": sheet_xml(HEAD + row(2, '<![CDATA[</row><row r="9">]]>') + row(3)),
    "an r in a text": sheet_xml(
        HEAD + row(2, ' r="A1"') + row(3).replace("</row>", text("", ' r="Z9" ') + "</row>")
    ),
    "a greater-than sign in a formula": sheet_xml(
        HEAD + row(2, more='<c r="C2" t="b"><f>1>0</f><v>1</v></c>') + row(3)
    ),
    "comments": PLAIN.replace('<row r="3"', '<!-- row 3 --><row r="3"').replace(
        '<c r="B2"', '<!-- phone --><c r="B2"'
    ),
    "byte order mark": "\ufeff" + PLAIN,
    "markup behind the rows": sheet_xml(
        HEAD + row(2) + row(3), tail='<phoneticPr fontId="1"/><rowBreaks count="0"/>'
    ),
    "rows named only by their own attribute": sheet_xml(
        HEAD + row(20) + row(300) + row(5000), dimension="A1:B5000"
    ),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_rows_of_unusual_xml_get_their_outcomes_and_nothing_else_changes(
    ledger: Ledger, tmp_path: Path, oddity: str
) -> None:
    book = make_book(tmp_path / "book.xlsx", ODDITIES[oddity])
    run = sent(ledger, book)
    width = run.facts.width
    ours = range(width + 1, width + 10)

    result = reporter.write(run, tmp_path / "result.xlsx")

    outcomes = {found.row: found.destination for found in run.outcomes()}
    assert outcomes
    before, after = parts(book), parts(result)
    assert rows_having(after[SHEET], ours) == {1, *outcomes}
    assert without(after.pop(SHEET), ours) == without(before.pop(SHEET), ours)
    assert after == before
    by_openpyxl = values(result)
    assert by_openpyxl[0][width:] == COLUMNS
    for number, destination in outcomes.items():
        assert by_openpyxl[number - 1][width:] == queued(run, number, destination)


@pytest.mark.parametrize("oddity", ODDITIES)
def test_the_loader_s_reader_finds_the_outcomes_in_the_same_rows(
    ledger: Ledger, tmp_path: Path, oddity: str
) -> None:
    book = make_book(tmp_path / "book.xlsx", ODDITIES[oddity])
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    sheet = python_calamine.CalamineWorkbook.from_path(result).get_sheet_by_index(0)
    assert sheet.start is not None
    left = sheet.start[1]
    umids = {
        number: cells[run.facts.width - left]
        for number, cells in enumerate(sheet.iter_rows(), 1)
        if cells[run.facts.width - left] not in ("", "umid")
    }
    assert umids == {found.row: f"umid-{found.row}" for found in run.outcomes()}


def test_cells_partly_without_r_are_counted_on_from_their_neighbours(
    ledger: Ledger, tmp_path: Path
) -> None:
    # C2 stands where umid goes, and only its place says so
    rows = HEAD + f'<row r="2">{text("A2", "Ann")}<c><v>90000002</v></c><c s="1"/></row>'
    book = make_book(tmp_path / "book.xlsx", sheet_xml(rows))
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    assert b"umid-2" in cell(parts(result)[SHEET], 2, 3)
    assert values(result)[1] == ["Ann", 90000002, *queued(run, 2, "+6590000002")]


@pytest.mark.parametrize("target", ["worksheets/people.xml", "/xl/worksheets/people.xml"])
def test_the_sheet_is_found_by_its_relationship_in_whatever_order_the_sheets_stand(
    ledger: Ledger, tmp_path: Path, target: str
) -> None:
    book = make_book(
        tmp_path / "book.xlsx",
        *(contacts_xml("call me"), contacts_xml("+6590000002"), contacts_xml("no")),
        names=["Old", "A &amp; B", "New"],
        files=["xl/worksheets/sheet2.xml", "xl/worksheets/people.xml", "xl/sheet1.xml"],
        targets=["worksheets/sheet2.xml", target, "sheet1.xml"],
    )
    run = sent(ledger, book, sheet="A & B")

    result = reporter.write(run, tmp_path / "result.xlsx")

    before, after = parts(book), parts(result)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/people.xml"]
    assert values(result, "A & B")[1] == ["Ann", "+6590000002", *queued(run, 2, "+6590000002")]


def test_a_part_that_is_named_in_other_letters_gets_its_columns_all_the_same(
    ledger: Ledger, tmp_path: Path
) -> None:
    # part names are compared without regard to case (ECMA-376 part 2, 6.2.2.3)
    book = make_book(
        tmp_path / "book.xlsx",
        contacts_xml("+6590000002"),
        files=["xl/worksheets/sheet1.xml"],
        targets=["worksheets/Sheet1.xml"],
    )
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    assert rows_having(parts(result)[SHEET], range(3, 12)) == {1, 2}


def test_a_dimension_that_is_wide_enough_stays(ledger: Ledger, tmp_path: Path) -> None:
    book = make_book(tmp_path / "book.xlsx", contacts_xml("+6590000002", dimension="A1:AZ99"))

    result = reporter.write(sent(ledger, book), tmp_path / "result.xlsx")

    assert b'<dimension ref="A1:AZ99"/>' in parts(result)[SHEET]


@pytest.mark.parametrize(
    ("before", "after"), [("A1:B3", "A1:K3"), ("A1", "A1:K1"), ("B2:C9", "B2:K9")]
)
def test_the_dimension_is_widened_and_keeps_its_rows(
    ledger: Ledger, tmp_path: Path, before: str, after: str
) -> None:
    book = make_book(tmp_path / "book.xlsx", contacts_xml("+6590000002", dimension=before))

    result = reporter.write(sent(ledger, book), tmp_path / "result.xlsx")

    assert f'<dimension ref="{after}"/>'.encode() in parts(result)[SHEET]


def test_where_a_picture_is_packed_in_a_way_unknown_here_the_results_stand_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = make_book(tmp_path / "sheet.xlsx", PLAIN)
    with ZipFile(path, "a") as book:
        book.writestr("xl/media/image1.png", b"a picture")
    content = bytearray(path.read_bytes())
    for header, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = 0
        while (start := content.find(header, start)) >= 0:
            name = start + (30 if header.startswith(b"PK\x03") else 46)
            if content[name:].startswith(b"xl/media"):
                content[start + method : start + method + 2] = (9).to_bytes(2, "little")
            start += 4
    path.write_bytes(content)
    run = sent(ledger, path)

    output = reporter.write(run, tmp_path / "result.xlsx")

    assert output.suffix == ".csv"
    assert output.read_text("utf-8").count("QUEUED") == 2
    assert not list(tmp_path.glob(".*"))


def test_headers_that_somebody_has_tidied_up_stay_as_they_are(
    ledger: Ledger, tmp_path: Path
) -> None:
    names = [name.replace("_", " ").title() for name in COLUMNS]
    head = "".join(
        text(f"{letter}1", name) for letter, name in zip("CDEFGHIJK", names, strict=True)
    )
    sheet = sheet_xml(HEAD.replace("</row>", f"{head}</row>") + row(2) + row(3))
    path = make_book(tmp_path / "sheet.xlsx", sheet)

    found = values(reporter.write(sent(ledger, path), tmp_path / "result.xlsx"))

    assert found[0] == ["Name", "Phone", *names]
    assert [line[3] for line in found[1:]] == ["QUEUED", "QUEUED"]
    assert {len(line) for line in found} == {11}


def test_cells_come_before_what_a_row_has_of_extensions(ledger: Ledger, tmp_path: Path) -> None:
    extension = '<extLst><ext uri="x"><other/></ext></extLst>'
    path = make_book(tmp_path / "sheet.xlsx", sheet_xml(HEAD + row(2, more=extension) + row(3)))

    result = parts(reporter.write(sent(ledger, path), tmp_path / "result.xlsx"))[SHEET]

    assert result.count(f"</c>{extension}</row>".encode()) == 1
    assert result.count(b"QUEUED") == 2


FORMULA = '<c r="C{n}"><f t="shared" si="0"{more}/><v>1</v></c>'


@pytest.mark.parametrize("hidden", [False, True])
def test_a_formula_of_several_rows_is_replaced_in_all_of_them_or_in_none(
    ledger: Ledger, tmp_path: Path, hidden: bool
) -> None:
    master = FORMULA.format(n=2, more=' ref="C2:C3"').replace("/><v>", ">A2</f><v>")
    last = row(3, more=FORMULA.format(n=3, more="")).replace(
        '<row r="3"', '<row r="3" hidden="1"' if hidden else '<row r="3"'
    )
    head = HEAD.replace("</row>", f"{text('C1', 'status')}</row>")
    path = make_book(tmp_path / "sheet.xlsx", sheet_xml(head + row(2, more=master) + last))

    output = reporter.write(sent(ledger, path), tmp_path / "result.xlsx")

    assert output.suffix == (".csv" if hidden else ".xlsx")
    if not hidden:
        assert b"<f" not in parts(output)[SHEET]


def test_a_formula_of_several_rows_stays_where_its_text_stands(
    ledger: Ledger, tmp_path: Path
) -> None:
    master = FORMULA.format(n=2, more=' ref="C2:C3"').replace("/><v>", ">A2</f><v>")
    first = row(2, more=master).replace('<row r="2"', '<row r="2" hidden="1"')
    last = row(3, more=FORMULA.format(n=3, more=""))
    head = HEAD.replace("</row>", f"{text('C1', 'status')}</row>")
    path = make_book(tmp_path / "sheet.xlsx", sheet_xml(head + first + last))

    output = reporter.write(sent(ledger, path), tmp_path / "result.xlsx")

    assert output.suffix == ".xlsx"
    assert parts(output)[SHEET].count(b"<f ") == 1
    assert master.encode() in parts(output)[SHEET]

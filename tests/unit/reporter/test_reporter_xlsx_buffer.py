"""Sheets beyond what is read at once (1 MiB): where a row is cut makes no difference."""

from __future__ import annotations

from pathlib import Path

import python_calamine
from reporter_runs import queued, sent
from sheet_xml import make_book, parts, rows_having, sheet_xml, text, without

from bulksender import reporter
from bulksender.ledger import Ledger

SHEET = "xl/worksheets/sheet1.xml"
READ = 1 << 20


def rows_of(path: Path) -> list[list[object]]:
    """From A1 on; quicker than openpyxl on sheets of this size."""
    return list(python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())


def check(run_sheet: Path, result: Path, width: int, expected: set[int]) -> None:
    before, after = parts(run_sheet)[SHEET], parts(result)[SHEET]
    assert rows_having(after, range(width + 1, width + 10)) == expected
    assert without(after, range(width + 1, width + 10)) == without(before, range(width + 1, 99999))


def test_a_sheet_of_many_rows(ledger: Ledger, tmp_path: Path) -> None:
    rows = [f'<row r="1">{text("A1", "Name")}{text("B1", "Phone")}</row>']
    rows += [
        f'<row r="{n}">{text(f"A{n}", "Ann " * (n % 120))}'
        f'<c r="B{n}"><v>{90000000 + n}</v></c></row>'
        for n in range(2, 8_002)
    ]
    book = make_book(tmp_path / "book.xlsx", sheet_xml("\n".join(rows)))
    assert len(parts(book)[SHEET]) > 2 * READ
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    check(book, result, 2, set(range(1, 8_002)))
    read = rows_of(result)
    for number in (2, 5_555, 8_001):
        expected = queued(run, number, f"+65{90000000 + number}")
        assert read[number - 1][2:] == ["" if value is None else value for value in expected]


def test_the_buffer_s_edge_on_every_byte_of_a_row(ledger: Ledger, tmp_path: Path) -> None:
    def short(number: int) -> bytes:
        return b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (number, number, 90000000 + number)

    xml = bytearray(sheet_xml("ROWS").partition("ROWS")[0].encode())
    xml += f'<row r="1">{text("A1", "Phone")}{text("B1", "Note")}</row>'.encode()
    number, edges = 2, 0
    for offset in range(len(short(100)) + 1):
        # a long row up to `offset` bytes before the next edge, then a short one across it
        begin = b'<row r="%d"><c r="B%d" t="inlineStr"><is><t>' % (number, number)
        end = b"</t></is></c></row>"
        edge = (len(xml) // READ + 1) * READ
        xml += begin + b"n" * (edge - offset - len(xml) - len(begin) - len(end)) + end
        assert len(xml) == edge - offset
        xml += short(number + 1)
        number, edges = number + 2, edges + 1
    xml += b"</sheetData></worksheet>"
    book = make_book(tmp_path / "book.xlsx", bytes(xml).decode())
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    assert edges > 50
    check(book, result, 2, set(range(1, number)))
    read = rows_of(result)
    statuses = [row[3] for row in read[1:]]
    assert statuses == ["INVALID", "QUEUED"] * edges
    assert [row[2] for row in read[2::2]] == [f"umid-{row}" for row in range(3, number, 2)]


def test_a_row_of_thousands_of_cells(ledger: Ledger, tmp_path: Path) -> None:
    width = 3_000
    head = f'<row r="1"><c t="inlineStr"><is><t>Phone</t></is></c>{text("", "More") * (width - 1)}'
    wide = f'<row r="2">{text("", "90000002")}{text("", "y" * 500) * (width - 1)}</row>'
    near = f'<row r="3">{text("", "90000003")}</row>'
    book = make_book(tmp_path / "book.xlsx", sheet_xml(f"{head}</row>{wide}{near}"))
    assert len(wide) > READ
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    check(book, result, width, {1, 2, 3})
    for row in (2, 3):
        found = rows_of(result)[row - 1][width:]
        assert found[:2] == [f"umid-{row}", "QUEUED"]


def test_a_head_of_more_than_is_read_at_once(ledger: Ledger, tmp_path: Path) -> None:
    rows = f'<row r="1">{text("A1", "Phone")}</row><row r="2">{text("A2", "90000002")}</row>'
    xml = sheet_xml(rows, dimension="A1:A2")
    book = make_book(
        tmp_path / "book.xlsx", xml.replace("<sheetData>", "<cols/>" * (READ // 5) + "<sheetData>")
    )
    run = sent(ledger, book)

    result = reporter.write(run, tmp_path / "result.xlsx")

    check(book, result, 1, {1, 2})
    assert b'<dimension ref="A1:J2"/>' in parts(result)[SHEET]

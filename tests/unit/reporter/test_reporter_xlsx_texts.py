"""Whatever a text holds, it is that text in the workbook: for every program that opens it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import python_calamine
from reporter_runs import queued, sent
from sheet_xml import cell, contacts_xml, make_book, parts

from bulksender import reporter
from bulksender.ledger import Ledger, Run

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = [
    *("=1+1", "+1 guest", "-10%", "@handle", "\t=1+1", '=HYPERLINK("http://x","y")'),
    *("<b> & \"quotes\" 'too' ]]>", "</row></sheetData>", "&amp;", "&#65;"),
    *(" before", "after ", "  both  ", "two\nlines", "\n", "tab\there"),
    *("#N/A", "TRUE", "123", "1E5", "2026-01-02", "0012"),
    *("dœuf €", "你好", "🌸", "e\u0301", "\u200b", "\u00a0"),
]
CODES = ["_x000D_", "_x0041_", "a_x005F_b", "_x000d_", "__x0000_", "_X0041_", "_x41_"]
CONTROLS = ["\x00", "a\x0bb", "\x1b[0m", "\x7f", "\ufffe", "\x1f="]


def reported(ledger: Ledger, folder: Path, texts: list[str]) -> tuple[Run, Path]:
    numbers = [f"+6590000{row:03}" for row in range(2, len(texts) + 2)]
    book = make_book(folder / "book.xlsx", contacts_xml(*numbers))
    run = sent(ledger, book, dict(enumerate(texts, 2)))
    return run, reporter.write(run, folder / "result.xlsx")


def read_by_calamine(path: Path) -> list[list[object]]:
    return python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_openpyxl_reads_every_text_as_that_text(ledger: Ledger, tmp_path: Path) -> None:
    run, result = reported(ledger, tmp_path, TEXTS)

    sheet = openpyxl.load_workbook(result).worksheets[0]

    for row, said in enumerate(TEXTS, 2):
        cells = [sheet.cell(row, column) for column in range(3, 12)]
        assert [c.value for c in cells] == queued(run, row, f"+6590000{row:03}", said)
        assert cells[2].data_type == "s"


def test_calamine_reads_every_text_as_that_text(ledger: Ledger, tmp_path: Path) -> None:
    run, result = reported(ledger, tmp_path, TEXTS)

    rows = read_by_calamine(result)

    for row, said in enumerate(TEXTS, 2):
        assert rows[row - 1][2:] == queued(run, row, f"+6590000{row:03}", said)


def test_libreoffice_reads_every_text_as_that_text(
    ledger: Ledger, tmp_path: Path, convert: Callable[[Path, str], Path]
) -> None:
    texts = [*TEXTS, *CODES]
    run, result = reported(ledger, tmp_path, texts)

    # comma, quote, UTF-8, from row 1, every text quoted, cells as shown
    table = convert(result, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true")

    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[4] for row in rows[1:]] == texts
    assert rows[1] == ["Ann", "+6590000002"] + [
        str(value) for value in queued(run, 2, "+6590000002", texts[0])
    ]


@pytest.mark.parametrize("said", TEXTS + CODES)
def test_no_text_is_a_formula(ledger: Ledger, tmp_path: Path, said: str) -> None:
    _, result = reported(ledger, tmp_path, [said])

    made = cell(parts(result)[SHEET], 2, 5)

    assert b't="inlineStr"' in made
    assert b"<f" not in made


@pytest.mark.parametrize("said", CODES)
def test_a_text_like_excel_s_codes_is_not_read_as_a_character(
    ledger: Ledger, tmp_path: Path, said: str
) -> None:
    # ECMA-376 part 1, 22.9.2.19: _xHHHH_ is a character, and _x005F_ its underscore
    _, result = reported(ledger, tmp_path, [said])

    made = cell(parts(result)[SHEET], 2, 5).decode()

    (inside,) = re.findall("<t[^>]*>(.*)</t>", made)
    decoded = inside.replace("_x005F_", "\0")
    assert "_x" not in decoded.replace("_x41_", "")
    assert decoded.replace("\0", "_") == said


@pytest.mark.parametrize("said", CONTROLS)
def test_a_character_that_xml_cannot_hold_is_replaced(
    ledger: Ledger, tmp_path: Path, said: str
) -> None:
    run, result = reported(ledger, tmp_path, [said])

    expected = "".join("\ufffd" if c < " " or c == "\ufffe" else c for c in said)
    assert read_by_calamine(result)[1][2:] == queued(run, 2, "+6590000002", expected)


@pytest.mark.parametrize("said", ["two\r\nlines", "two\rlines", "\r=1+1"])
def test_a_text_with_carriage_returns_stays_in_its_lines(
    ledger: Ledger, tmp_path: Path, said: str
) -> None:
    _, result = reported(ledger, tmp_path, [said])

    found = str(read_by_calamine(result)[1][4])

    assert found.splitlines() == said.splitlines()


def test_a_text_longer_than_a_cell_may_be_is_cut(ledger: Ledger, tmp_path: Path) -> None:
    _, result = reported(ledger, tmp_path, ["x" * 40_000])

    assert len(str(read_by_calamine(result)[1][4])) == 32_767  # Excel's limit of a cell


def test_numbers_are_numbers_and_destinations_texts(ledger: Ledger, tmp_path: Path) -> None:
    _, result = reported(ledger, tmp_path, ["fine"])

    xml = parts(result)[SHEET]

    assert cell(xml, 2, 7) == b'<c r="G2"><v>1</v></c>'
    assert b"<t>+6590000002</t>" in cell(xml, 2, 6)

"""Where a workbook has something already where the result columns go, or columns of their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from reporter_runs import COLUMNS, SENT_AT, planned, queued, sent, settle
from sheet_xml import (
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
from bulksender.model import RowStatus

SHEET = "xl/worksheets/sheet1.xml"
# umid in A, sent_at (a formula) in C, status in E; the other six go after the last column, F
STANDING = sheet_xml(
    '<row r="1" spans="1:6">'
    + text("A1", "umid", ' s="1"')
    + text("B1", "Phone", ' s="1"')
    + text("C1", "sent_at")
    + text("D1", "Name")
    + text("E1", "status")
    + text("F1", "City", ' s="2"')
    + "</row>"
    + "".join(
        f'<row r="{n}"><c r="A{n}" s="2"/><c r="B{n}"><v>{90000000 + n}</v></c>'
        f'<c r="C{n}" s="1"><f>NOW()</f><v>46000.5</v></c>'
        + text(f"D{n}", "Ann")
        + text(f"E{n}", "old", ' s="2"')
        + text(f"F{n}", "Ipoh")
        + "</row>"
        for n in (2, 3)
    ),
    dimension="A1:F3",
)
NEW = range(7, 13)


def test_columns_that_stand_there_are_overwritten_and_the_others_appended(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = sent(ledger, make_book(tmp_path / "book.xlsx", STANDING))

    rows = values(reporter.write(run, tmp_path / "result.xlsx"))

    appended = ["status_detail", "destination", "parts", "encoding", "batch_id", "run"]
    assert rows[0] == ["umid", "Phone", "sent_at", "Name", "status", "City", *appended]
    for row in (2, 3):
        assert rows[row - 1] == [
            *(f"umid-{row}", 90000000 + row, SENT_AT, "Ann", "QUEUED", "Ipoh"),
            *(None, f"+6590000{row:03}", 1, "GSM7", "batch-1", run.id),
        ]


def test_an_overwritten_cell_keeps_its_style_and_loses_its_formula(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = sent(ledger, make_book(tmp_path / "book.xlsx", STANDING))

    xml = parts(reporter.write(run, tmp_path / "result.xlsx"))[SHEET]

    for column, style in ((1, b' s="2"'), (3, b' s="1"'), (5, b' s="2"')):
        assert style in cell(xml, 2, column)
        assert b"<f>" not in cell(xml, 2, column)


def test_beside_overwritten_columns_nothing_changes(ledger: Ledger, tmp_path: Path) -> None:
    book = make_book(tmp_path / "book.xlsx", STANDING)
    result = reporter.write(sent(ledger, book), tmp_path / "result.xlsx")

    ours = (1, 3, 5, *NEW)
    before, after = parts(book)[SHEET], parts(result)[SHEET]
    assert without(after, ours) == without(before, ours)
    for column in (1, 3, 5):  # the header's cells are the user's
        assert cell(after, 1, column) == cell(before, 1, column)


def test_white_space_and_comments_between_the_cells_stay(ledger: Ledger, tmp_path: Path) -> None:
    spaced = STANDING.replace("<c r", "\n  <c r").replace('<c r="D2"', '<!-- her name --><c r="D2"')
    book = make_book(tmp_path / "book.xlsx", spaced)
    result = reporter.write(sent(ledger, book), tmp_path / "result.xlsx")

    ours = (1, 3, 5, *NEW)
    assert without(parts(result)[SHEET], ours) == without(parts(book)[SHEET], ours)


def test_a_formula_that_is_replaced_leaves_the_calculation_chain(
    ledger: Ledger, tmp_path: Path
) -> None:
    # Excel offers to repair a workbook whose chain names a cell without a formula
    chain = (
        b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<c r="C2" i="1"/><c r="C3" i="1"/></calcChain>'
    )
    book = make_book(tmp_path / "book.xlsx", STANDING, more={"xl/calcChain.xml": chain})
    result = reporter.write(sent(ledger, book), tmp_path / "result.xlsx")

    assert b'r="C2"' not in parts(result).get("xl/calcChain.xml", b"")


def test_styled_blank_cells_where_the_columns_go_are_replaced_not_doubled(
    ledger: Ledger, tmp_path: Path
) -> None:
    blanks = "".join(f'<c r="{letter}2" s="2"/>' for letter in "CDEGKLM")
    xml = contacts_xml("+6590000002").replace("</row></sheetData>", f"{blanks}</row></sheetData>")
    book = make_book(tmp_path / "book.xlsx", xml)
    run = sent(ledger, book)
    result = reporter.write(run, tmp_path / "result.xlsx")

    before, after = parts(book)[SHEET], parts(result)[SHEET]
    assert values(result)[1][:11] == ["Ann", "+6590000002", *queued(run, 2, "+6590000002")]
    for column in (3, 4, 5, 7, 11):
        assert b' s="2"' in cell(after, 2, column)
    assert without(after, range(3, 12)) == without(before, range(3, 12))
    for column in (12, 13):  # right of ours
        assert cell(after, 2, column) == cell(before, 2, column)


def test_a_header_over_new_columns_looks_like_the_last_one(ledger: Ledger, tmp_path: Path) -> None:
    book = make_book(tmp_path / "book.xlsx", STANDING)
    xml = parts(reporter.write(sent(ledger, book), tmp_path / "result.xlsx"))[SHEET]

    assert all(b' s="2"' in cell(xml, 1, column) for column in NEW)


@pytest.mark.parametrize("header", [COLUMNS[::-1], COLUMNS[4:] + COLUMNS[:4], COLUMNS[::2]])
def test_result_columns_stand_left_of_the_others_in_any_order(
    ledger: Ledger, tmp_path: Path, header: list[str]
) -> None:
    names = [*header, "Phone"]
    letters = "ABCDEFGHIJ"
    rows = "".join(
        f'<row r="{n}">'
        + "".join(text(f"{letter}{n}", word) for letter, word in zip(letters, words, strict=False))
        + "</row>"
        for n, words in enumerate((names, ["x"] * len(header) + ["90000002"]), 1)
    )
    run = sent(ledger, make_book(tmp_path / "book.xlsx", sheet_xml(rows)), again=True)
    head, row = values(reporter.write(run, tmp_path / "result.xlsx"))

    expected = dict(zip(COLUMNS, queued(run, 2, "+6590000002"), strict=True))
    missing = [name for name in COLUMNS if name not in header]
    assert head == [*names, *missing]
    assert dict(zip(head, row, strict=True)) == {**expected, "Phone": "90000002"}


@pytest.mark.parametrize("note", [' r="A1"', " r='A1'", 'see <c r="A1"'])
def test_a_place_that_is_named_in_a_text_is_not_taken_for_a_cell_s(
    ledger: Ledger, tmp_path: Path, note: str
) -> None:
    rows = "".join(
        f'<row r="{n}">{text(f"A{n}", number)}{text(f"B{n}", umid)}'
        f"{text(f'C{n}', said.replace('<', '&lt;'))}</row>"
        for n, number, umid, said in ((1, "Phone", "umid", "Note"), (2, "90000002", "old", note))
    )
    run = sent(ledger, make_book(tmp_path / "book.xlsx", sheet_xml(rows)), again=True)
    result = reporter.write(run, tmp_path / "result.xlsx")

    assert b"umid-2" in cell(parts(result)[SHEET], 2, 2)
    assert values(result)[1][:4] == ["90000002", "umid-2", note, "QUEUED"]


def test_a_value_that_is_blank_now_empties_what_an_earlier_run_wrote(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = make_book(tmp_path / "book.xlsx", contacts_xml("+6590000002", "+6590000003"))
    run = planned(ledger, book)
    settle(run, {2: "no such number", 3: "no such number"}, RowStatus.REJECTED)
    first = reporter.write(run, tmp_path / "first.xlsx")
    assert [row[4] for row in values(first)[1:]] == ["no such number"] * 2

    run = sent(ledger, first)
    rows = values(reporter.write(run, tmp_path / "second.xlsx"))

    assert [row[2:] for row in rows[1:]] == [
        queued(run, 2, "+6590000002"),
        queued(run, 3, "+6590000003"),
    ]


def test_a_row_sent_before_keeps_its_cells_but_for_status_and_detail(
    ledger: Ledger, tmp_path: Path
) -> None:
    book = make_book(tmp_path / "book.xlsx", contacts_xml("+6590000002", "call me"))
    first = reporter.write(sent(ledger, book), tmp_path / "first.xlsx")

    second = reporter.write(planned(ledger, first), tmp_path / "second.xlsx")

    before, after = parts(first)[SHEET], parts(second)[SHEET]
    for column in (3, 6, 7, 8, 9, 10, 11):
        assert cell(after, 2, column) == cell(before, 2, column)
    assert values(second)[1][3] == "ALREADY_SENT"
    assert rows_having(after, [3]) == {1, 2}


def test_an_unusable_number_in_a_column_called_destination_is_not_wiped_out(
    ledger: Ledger, tmp_path: Path
) -> None:
    xml = contacts_xml("90000002", "9000 00").replace("<t>Phone</t>", "<t>destination</t>")
    run = sent(ledger, make_book(tmp_path / "book.xlsx", xml))

    rows = values(reporter.write(run, tmp_path / "result.xlsx"))

    assert [rows[0][1], rows[2][1]] == ["destination", "9000 00"]
    assert rows[2][3] == "INVALID"


def test_title_rows_and_rows_that_hold_nothing_get_no_cells(ledger: Ledger, tmp_path: Path) -> None:
    rows = (
        f'<row r="1">{text("A1", "Our people")}{text("Z1", "page 1")}</row><row r="2"/>'
        f'<row r="3">{text("A3", "Name")}{text("B3", "Phone")}</row>'
        f'<row r="4">{text("A4", " ")}<c r="B4" s="1"/></row>'
        f'<row r="6">{text("A6", "Ann")}{text("B6", "90000002")}</row><row r="7"><c r="A7"/></row>'
    )
    book = make_book(tmp_path / "book.xlsx", sheet_xml(rows, dimension="A1:Z7"))
    run = sent(ledger, book)
    result = reporter.write(run, tmp_path / "result.xlsx")

    first = run.facts.result_columns["umid"]
    before, after = parts(book)[SHEET], parts(result)[SHEET]
    assert rows_having(after, range(first, first + 9)) - rows_having(before, range(3, 99)) == {3, 6}
    assert without(after, range(first, first + 9)) == without(before, ())
    assert values(result)[5][first - 1 : first + 8] == queued(run, 6, "+6590000002")

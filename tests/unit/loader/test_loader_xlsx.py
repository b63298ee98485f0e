"""Workbooks, written by two libraries: cells, sheets, places and facts."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from loader_sheets import ANNA, BEN, CARL, read, refusal
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from bulksender.model import Cell

Rows = Sequence[Sequence[Cell]]
Write = Callable[[Path, dict[str, Rows]], Path]


def by_openpyxl(path: Path, sheets: dict[str, Rows]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def by_xlsxwriter(path: Path, sheets: dict[str, Rows]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        forms = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": "d mmm yyyy"}),
            time: book.add_format({"num_format": "hh:mm"}),
            timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(index, column, value, forms.get(type(value)))
    return path


@pytest.fixture(params=[by_openpyxl, by_xlsxwriter], ids=["openpyxl", "xlsxwriter"])
def write(request: pytest.FixtureRequest) -> Write:
    written: Write = request.param
    return written


@pytest.mark.parametrize(
    ("stored", "cell"),
    [
        *((5, 5), (5.0, 5), (-3.0, -3), (0, 0), (0.5, 0.5), (1234567.89, 1234567.89)),
        *((819.1900000000002, 819.19), (0.1 + 0.2, 0.3), (1e-7, 1e-7)),
        *((123456789012345.0, 123456789012345), (True, True), (False, False)),
        *(("text", "text"), ("  spaced  ", "spaced"), ("007", "007"), ("5.0", "5.0")),
        *(("NA", "NA"), ("nan", "nan"), ("null", "null"), ("   ", None), (None, None)),
        *(("Zoë 李 😀", "Zoë 李 😀"), ("one\ntwo", "one\ntwo"), ("<a & b>", "<a & b>")),
        (date(2026, 11, 30), date(2026, 11, 30)),
        (datetime(2026, 11, 30), date(2026, 11, 30)),
        (datetime(2026, 11, 30, 9, 30), datetime(2026, 11, 30, 9, 30)),
        (time(9, 30), time(9, 30)),
        (timedelta(hours=36, minutes=5), "36:05:00"),
    ],
)
def test_a_cell_is_read_as_the_sheet_shows_it(
    tmp_path: Path, write: Write, stored: Cell, cell: Cell
) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [["Mobile", "Value", "End"], [ANNA, stored, "x"]]})
    found = read(path).only.cells[1]
    assert (type(found), found) == (type(cell), cell)


@pytest.mark.parametrize("number", [6591234567, 6591234567.0, "+6591234567", "65 9123 4567"])
def test_a_number_kept_as_a_number_or_as_text_is_the_same(
    tmp_path: Path, write: Write, number: Cell
) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [["Mobile"], [number]]})
    assert read(path).only.destination == ANNA


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (6591234567.5, "a number with a fraction"),
        (True, "TRUE or FALSE"),
        (date(2026, 1, 2), "a date or a time"),
        (datetime(2026, 1, 2, 3, 4), "a date or a time"),
        (time(9, 30), "a date or a time"),
        (65912345676591234567.0, "too long"),
    ],
)
def test_a_phone_cell_of_another_kind_is_refused_as_what_it_is(
    tmp_path: Path, write: Write, cell: Cell, why: str
) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [["Mobile", "Name"], [cell, "Anna"]]})
    [row] = read(path).refused
    assert row.row == 2
    assert why in row.detail


@pytest.mark.parametrize(
    "form",
    [
        *(
            "[<=9999999]###-####;(###) ###-####",
            '"+"0',
            "[$SGD] #,##0.00",
            '#,##0 "days"',
            "[Red]0",
        ),
        *("0\\d", '"my "0', "_-* #,##0.00_-", '0"h"', "0.0E+00", "# ?/?", "@"),
    ],
)
def test_letters_in_a_number_format_make_no_date_of_the_number(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Mobile", "Amount"])
        sheet.write(1, 0, 6591234567, book.add_format({"num_format": form}))
        sheet.write(1, 1, 46000.5, book.add_format({"num_format": form}))
    recipient = read(path).only
    assert (recipient.destination, recipient.cells[1]) == (ANNA, 46000.5)


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904])
def test_a_date_is_the_same_in_workbooks_of_either_calendar(
    tmp_path: Path, epoch: datetime
) -> None:
    book = openpyxl.Workbook()
    book.epoch = epoch
    book.active.append(["Mobile", "Due"])
    book.active.append([ANNA, date(2026, 11, 30)])
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx").only.cells[1] == date(2026, 11, 30)


def test_a_formula_counts_as_what_it_last_showed(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Mobile", "Total", "Broken", "Gone", "Joined"])
        sheet.write_formula(1, 0, "=6591234560+7", None, 6591234567)
        sheet.write_formula(1, 1, "=A1*2", None, 12.5)
        sheet.write_formula(1, 2, "=NA()", None, "#N/A")
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 4, '="Anna"&" Lee"', None, "Anna Lee")
    recipient = read(path, needed=("Mobile", "Total", "Joined")).only
    assert recipient.destination == ANNA
    assert recipient.cells[1:] == (12.5, "Anna Lee")
    for header, error in (("Broken", "#N/A"), ("Gone", "#DIV/0!")):
        [row] = read(path, needed=("Mobile", header)).refused
        assert f"the cell shows the error {error}" in row.detail


def test_text_in_several_fonts_is_one_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Mobile", "Name"])
        sheet.write(1, 0, ANNA)
        sheet.write_rich_string(1, 1, "Anna ", book.add_format({"bold": True}), "Lee", " Ong")
    assert read(path).only.cells[1] == "Anna Lee Ong"


def test_a_line_break_pasted_from_elsewhere_is_a_line_break(tmp_path: Path) -> None:
    """Excel keeps a carriage return as `_x000D_`; nobody may get that in a text."""
    path = by_xlsxwriter(tmp_path / "a.xlsx", {"S": [["Mobile", "Note"], [ANNA, "one\r\ntwo"]]})
    assert read(path).column("Note") == ["one\r\ntwo"]


def test_the_text_column_is_kept_verbatim(tmp_path: Path, write: Write) -> None:
    rows = [["Mobile", "Note"], [ANNA, "  Hi {{ x }} "], [BEN, None], [CARL, 12.5]]
    loaded = read(write(tmp_path / "a.xlsx", {"S": rows}), text="note")
    assert [recipient.text for recipient in loaded.recipients] == ["  Hi {{ x }} ", None, "12.5"]


def test_an_own_text_of_true_reads_as_the_sheet_shows_it(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [["Mobile", "Note"], [ANNA, True]]})
    assert read(path, text="note").only.text == "TRUE"


def test_a_numeric_id_is_written_without_a_fraction(tmp_path: Path, write: Write) -> None:
    rows = [["Mobile", "ID"], [ANNA, 42.0], [BEN, "007"], [CARL, None]]
    loaded = read(write(tmp_path / "a.xlsx", {"S": rows}), reference="id")
    assert [recipient.reference for recipient in loaded.recipients] == ["42", "007", ""]


def test_the_first_visible_sheet_that_holds_anything_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Hidden"
    book.active.append(["Mobile"])
    book.active.append([CARL])
    book.active.sheet_state = "hidden"
    very = book.create_sheet("Very hidden")
    very.append(["Mobile"])
    very.append([BEN])
    very.sheet_state = "veryHidden"
    book.create_sheet("Empty")
    book.create_sheet("Contacts").append(["Mobile"])
    book["Contacts"].append([ANNA])
    book.active = 3
    book.save(tmp_path / "a.xlsx")
    loaded = read(tmp_path / "a.xlsx")
    assert loaded.sheet.facts.sheet == "Contacts"
    assert loaded.only.destination == ANNA


def test_a_sheet_can_be_named_even_a_hidden_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Mobile"])
    hidden = book.create_sheet("Old contacts")
    hidden.append(["Mobile"])
    hidden.append([BEN])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    for name in ("Old contacts", "old contacts", " OLD CONTACTS "):
        assert read(tmp_path / "a.xlsx", sheet=name).only.destination == BEN


def test_an_unknown_sheet_is_refused_with_the_nearest(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a.xlsx", {"Summary": [["x"]], "Contacts": [["Mobile"], [ANNA]]})
    said = refusal(path, sheet="Contcts")
    assert 'there is no sheet "Contcts". Did you mean "Contacts"?' in said
    assert '"Summary", "Contacts"' in said


def test_a_workbook_with_nothing_visible_in_it_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a.xlsx", {"One": [], "Two": []})
    assert "no visible sheet holds anything" in refusal(path)


def test_an_empty_sheet_that_was_named_is_refused(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a.xlsx", {"One": [["Mobile"], [ANNA]], "Two": []})
    said = refusal(path, sheet="Two")
    assert 'sheet "Two"' in said
    assert "empty" in said


def test_a_refusal_names_the_sheet_and_the_row(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a.xlsx", {"Contacts": [[], ["Name", "Kontakt"], ["Anna", "none"]]})
    assert 'sheet "Contacts", row 2' in refusal(path)


@pytest.mark.parametrize(("row", "column"), [(1, 3), (4, 1), (4, 3), (24, 30)])
def test_rows_and_columns_keep_their_places_wherever_the_data_begin(
    tmp_path: Path, row: int, column: int
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for index, values in enumerate([["Mobile", "Name"], [ANNA, "A"], [None, None], [BEN, "B"]]):
        for offset, value in enumerate(values):
            sheet.cell(row + index, column + offset, value)
    book.save(tmp_path / "a.xlsx")
    loaded = read(tmp_path / "a.xlsx")
    facts = loaded.sheet.facts
    assert loaded.rows == [row + 1, row + 3]
    assert loaded.column("Name") == ["A", "B"]
    assert facts.header_row == row
    assert facts.headers == (*[""] * (column - 1), "Mobile", "Name")
    assert facts.width == column + 1
    assert facts.result_columns["umid"] == column + 2


def test_blank_rows_are_counted_and_formatting_is_no_content(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["A2"], sheet["A5"], sheet["B4"] = "Mobile", ANNA, BEN, "   "
    sheet["A3"].font = sheet["D9"].font = Font(bold=True)
    book.save(tmp_path / "a.xlsx")
    loaded = read(tmp_path / "a.xlsx")
    assert dict(zip(loaded.rows, loaded.numbers, strict=True)) == {2: ANNA, 5: BEN}
    assert loaded.refused == []


def test_rows_that_the_sheet_does_not_show_are_left_out_and_counted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Mobile"], [ANNA], [BEN], [CARL]):
        book.active.append(row)
    book.active.auto_filter.ref = "A1:A4"
    book.active.row_dimensions[2].hidden = True
    book.save(tmp_path / "a.xlsx")
    loaded = read(tmp_path / "a.xlsx")
    assert loaded.numbers == [BEN, CARL]
    [notice] = loaded.sheet.notices
    assert (notice.rows, notice.first) == (1, (2,))
    assert "--include-hidden" in notice.what
    everything = read(tmp_path / "a.xlsx", include_hidden=True)
    assert everything.numbers == [ANNA, BEN, CARL]
    assert everything.sheet.notices == []


def test_the_facts_of_a_workbook(tmp_path: Path, write: Write) -> None:
    rows = [["Mobile", "Name", "umid"], [ANNA, "Anna", None, "note beside the table"]]
    path = write(tmp_path / "A.XLSX", {"Contacts": rows})
    facts = read(path).sheet.facts
    assert (facts.path, facts.suffix, facts.sheet) == (str(path.resolve()), ".xlsx", "Contacts")
    assert (facts.header_row, facts.headers) == (1, ("Mobile", "Name", "umid"))
    assert facts.width == 4
    assert facts.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.result_columns["umid"] == 3
    assert facts.result_columns["status"] == 5
    assert 'sheet "Contacts", header in row 1' in facts.described


@pytest.mark.parametrize("size", [1, 3, 50, 1000])
def test_reading_in_small_chunks_loses_nothing(tmp_path: Path, write: Write, size: int) -> None:
    rows: list[list[Cell]] = [["Mobile", "Index"]]
    for index in range(120):
        rows.append([6591230000 + index if index % 5 else "bad", index] if index % 9 else [])
    loaded = read(write(tmp_path / "a.xlsx", {"S": rows}), size=size)
    assert sorted(loaded.rows + [row.row for row in loaded.refused]) == [
        number for number, row in enumerate(rows, 1) if row and number > 1
    ]
    assert loaded.column("Index") == [recipient.row - 2 for recipient in loaded.recipients]

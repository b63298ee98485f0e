"""Sheets in which the easy reading is the wrong one: other people, consent, half quotes."""

from pathlib import Path

import openpyxl
import pytest
from loader_sheets import ANNA, BEN, CARL, read, refusal, written

from bulksender.source import column_letter
from bulksender.tables.encodings import encoding_of


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("Contact,Emergency Contact Mobile", "Contact"),
        ("Guarantor Mobile,Borrower Mobile", "Borrower Mobile"),
        ("Office Phone,Phone", "Phone"),
        ("Parent mobile,Tel", "Tel"),
    ],
)
def test_the_persons_own_number_goes_before_somebody_elses(
    tmp_path: Path, header: str, chosen: str
) -> None:
    loaded = read(written(tmp_path, f"{header}\n{ANNA},{BEN}\n{CARL},{BEN}\n"))
    index = header.split(",").index(chosen)
    assert loaded.numbers[0] == (ANNA, BEN)[index]
    line = next(line for line in loaded.sheet.described if line.startswith("phone column"))
    assert f'"{chosen}" ({column_letter(index + 1)}) (not "{header.split(",")[1 - index]}"' in line


@pytest.mark.parametrize(
    ("header", "cell", "out"),
    [
        *(("Opt-Out (Y/N)", cell, out) for cell, out in (("Y", True), ("N", False))),
        *(("PDPA Consent", cell, out) for cell, out in (("No", True), ("Yes", False))),
        *(("Marketing opt out", cell, out) for cell, out in (("Yes", True), ("no", False))),
        *(("DNC Registry", cell, out) for cell, out in (("DNC - listed", True), ("", False))),
        *(("Einwilligung SMS", cell, out) for cell, out in (("nein", True), ("ja", False))),
        *(("Abgemeldet", cell, out) for cell, out in (("ja", True), ("", False))),
        *(("Persetujuan", cell, out) for cell, out in (("tidak", True), ("ya", False))),
        *(("Consent", cell, True) for cell in ("Yes - not by text", "Yes (no SMS)", "yes, but")),
        *(("Consent", cell, True) for cell in ("agreement withdrawn", "Yes - email only", "☒")),
        *(("Consent", cell, False) for cell in ("Yes, Nov 2025", "yes 2026-01-05", "Agreed")),
        *(("Opt out", cell, True) for cell in ("☒", "❌", "✗")),
        *(("Stop date", cell, False) for cell in ("2026-01-05", "x")),
    ],
)
def test_consent_is_read_as_people_write_it(
    tmp_path: Path, header: str, cell: str, out: bool
) -> None:
    path = written(tmp_path, f'Mobile,{header}\n{ANNA},"{cell}"\n')
    assert read(path).only.opted_out is out


@pytest.mark.parametrize("name", ['"Tan "Jack" Ah Kow"', '"O"Neil"', '"a""b"c"'])
def test_quotes_inside_a_quoted_cell_are_refused_with_the_line(tmp_path: Path, name: str) -> None:
    said = refusal(written(tmp_path, f"Mobile,Name\n{ANNA},Anna\n{BEN},{name}\n{CARL},C\n"))
    assert "row 3 (line 3)" in said
    assert "quotes" in said


@pytest.mark.parametrize(
    "name", ['"say ""hi"""', '5" pipe', '""', '"a,b"', '"""x"""', '"well,""a"" b"', ' "x" y']
)
def test_quotes_that_are_written_as_they_should_be_stay(tmp_path: Path, name: str) -> None:
    loaded = read(written(tmp_path, f"Mobile,Name\n{ANNA},{name}\n{BEN},B\n"))
    assert loaded.numbers == [ANNA, BEN]


def test_the_most_doubtful_word_of_windows_1252_is_the_one_to_look_at(tmp_path: Path) -> None:
    content = f"Mobile,Name\n{ANNA},Müller\n{BEN},Łukasz Wiśniewski\n".encode("cp1250")
    [notice] = read(written(tmp_path, content)).sheet.notices
    assert "£ukasz" in notice.what


def test_a_comma_inside_names_does_not_hide_the_delimiter(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, f"Nachname, Vorname;Handynummer\nMüller, Hans;{ANNA}\n"))
    assert loaded.sheet.facts.delimiter == ";"
    assert loaded.numbers == [ANNA]


def test_a_japanese_long_mark_is_a_dash(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, "電話番号\n090ー1234ー5678\n"), country="JP")
    assert loaded.numbers == ["+819012345678"]


def test_a_header_of_two_rows_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, f"Name,Phone,\n,Home,Mobile\nAnna,{ANNA},{BEN}\n"))
    assert "row 1" in said
    assert "both look like the header" in said


def test_a_date_that_points_to_a_blank_cell_is_blank(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Mobile", "Due", "Paid"])
    book.active.append([ANNA, 0, 1])
    book.active["B2"].number_format = "dd/mm/yyyy"
    book.active["C2"].number_format = '"Yes";;"No"'
    book.save(tmp_path / "a.xlsx")
    due, paid = read(tmp_path / "a.xlsx").only.cells[1:]
    assert due is None
    assert (str(paid), paid) == ("Yes", 1)


def test_where_a_sheet_has_no_numbers_the_others_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["About", "this file"])
    book.create_sheet("Patients").append(["Mobile"])
    book["Patients"].append([ANNA])
    book.save(tmp_path / "a.xlsx")
    assert '--sheet: "Patients"' in refusal(tmp_path / "a.xlsx")


@pytest.mark.parametrize("letters", [b"a", b"ab\xe9", b'"a', b",a"])
def test_a_word_of_half_a_million_letters_holds_nobody_up(tmp_path: Path, letters: bytes) -> None:
    """It took minutes while an expression looked for its beginning again and again."""
    filling = letters * (500_000 // len(letters))
    path = written(tmp_path, b"Mobile;Name\n1;Zo\xe9\n" + filling + b"\n")
    assert encoding_of(path).name == "cp1252"
    assert '"Zoé"' in encoding_of(path).remarks[0]


def test_a_quote_that_is_never_closed_in_the_last_line_is_called_that(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, f'Mobile,Name\n{ANNA},Anna\n{BEN},"Ben'))
    assert "row 3 (line 3)" in said
    assert "never closed" in said

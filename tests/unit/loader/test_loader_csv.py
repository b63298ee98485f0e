"""Delimited files: what is read from them, and that rows keep the sheet's own numbers."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loader_sheets import ANNA, BEN, CARL, DORA, read, written

from bulksender.loader import open_sheet
from bulksender.settings import SheetOptions

NAMES = ["Anna", "Ben"]


def two_rows(delimiter: str) -> str:
    d = delimiter
    return f"Mobile{d}Name{d}City\n{ANNA}{d}Anna{d}Ipoh\n{BEN}{d}Ben{d}Johor\n"


@pytest.mark.parametrize("name", ["contacts.csv", "contacts.tsv", "contacts.txt", "CONTACTS.CSV"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_whatever_the_file_is_called(
    tmp_path: Path, delimiter: str, name: str
) -> None:
    loaded = read(written(tmp_path, two_rows(delimiter), name))
    assert loaded.numbers == [ANNA, BEN]
    assert loaded.column("Name") == NAMES
    assert loaded.column("City") == ["Ipoh", "Johor"]
    assert loaded.sheet.facts.delimiter == delimiter
    assert loaded.sheet.facts.suffix == Path(name).suffix.lower()


@pytest.mark.parametrize(("encoding", "named"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig")])
def test_utf8_is_read_with_and_without_a_byte_order_mark(
    tmp_path: Path, encoding: str, named: str
) -> None:
    path = written(tmp_path, f"Mobile,Prénom\n{ANNA},Zoë 李\n".encode(encoding))
    loaded = read(path)
    assert loaded.sheet.headers == ("Mobile", "Prénom")
    assert loaded.column("Prénom") == ["Zoë 李"]
    assert loaded.sheet.facts.encoding == named


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_sep_line_says_the_delimiter(tmp_path: Path, delimiter: str, mark: str) -> None:
    loaded = read(written(tmp_path, f"{mark}sep={delimiter}\n{two_rows(delimiter)}"))
    assert loaded.numbers == [ANNA, BEN]
    assert loaded.column("Name") == NAMES
    assert loaded.sheet.facts.delimiter == delimiter


def test_a_sep_line_wins_over_what_the_rows_look_like(tmp_path: Path) -> None:
    content = f"sep=;\nMobile;Names\n{ANNA};a,b,c\n{BEN};d,e,f\n{CARL};g,h,i\n"
    assert read(written(tmp_path, content)).column("Names") == ["a,b,c", "d,e,f", "g,h,i"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, newline: str) -> None:
    loaded = read(written(tmp_path, two_rows(",").replace("\n", newline)))
    assert loaded.rows == [2, 3]
    assert loaded.column("City") == ["Ipoh", "Johor"]
    assert loaded.sheet.facts.newline == newline


def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    assert read(written(tmp_path, f"Mobile\n{ANNA}\n{BEN}")).numbers == [ANNA, BEN]


def test_quoted_newlines_and_delimiters_stay_in_their_cell(tmp_path: Path) -> None:
    content = f'Mobile,Name\n{ANNA},"Lee, ""Anna""\nSecond line"\n{BEN},Ben\n'
    loaded = read(written(tmp_path, content))
    assert loaded.column("Name") == ['Lee, "Anna"\nSecond line', "Ben"]


def test_a_cell_of_several_lines_is_one_row_of_the_sheet(tmp_path: Path) -> None:
    content = f'Mobile,Name\n{ANNA},"one\ntwo\nthree"\n{BEN},Ben\n'
    assert read(written(tmp_path, content)).rows == [2, 3]


def test_commas_in_a_semicolon_file_do_not_split(tmp_path: Path) -> None:
    content = f"Mobile;Amount;Text\n{ANNA};12,50;Hi, you\n{BEN};1,00;Yes, you\n"
    loaded = read(written(tmp_path, content))
    assert loaded.column("Amount") == ["12,50", "1,00"]
    assert loaded.column("Text") == ["Hi, you", "Yes, you"]


def test_a_file_of_one_column_is_read(tmp_path: Path) -> None:
    assert read(written(tmp_path, f"Mobile\n{ANNA}\n{BEN}\n")).numbers == [ANNA, BEN]


def test_blank_lines_and_rows_of_blanks_are_passed_over_and_counted(tmp_path: Path) -> None:
    content = f"Mobile,Name\n\n{ANNA},Anna\n,\n  ,\t\n{BEN},Ben\n\n\n{CARL},Carl\n\n"
    loaded = read(written(tmp_path, content))
    assert dict(zip(loaded.rows, loaded.numbers, strict=True)) == {3: ANNA, 6: BEN, 9: CARL}
    assert loaded.refused == []


def test_a_row_that_holds_a_zero_is_not_blank(tmp_path: Path) -> None:
    [row] = read(written(tmp_path, "Mobile,Points\n,0\n")).refused
    assert (row.row, row.detail) == (2, '"Mobile" (A): the phone number is missing')


def test_short_rows_are_blank_at_their_end_and_long_ones_widen_the_sheet(tmp_path: Path) -> None:
    content = f"Mobile,Name,City\n{ANNA}\n{BEN},Ben\n{CARL},Carl,Ipoh,extra,more\n{DORA},,Johor\n"
    loaded = read(written(tmp_path, content))
    assert loaded.column("Name") == [None, "Ben", "Carl", None]
    assert loaded.column("City") == [None, None, "Ipoh", "Johor"]
    assert loaded.sheet.facts.width == 5
    assert loaded.sheet.facts.result_columns["umid"] == 6


def test_title_lines_and_blanks_above_the_header_are_passed_over(tmp_path: Path) -> None:
    content = f"Customers of May\n\nexported 2026-05-01\nMobile,Name\n{ANNA},Anna\n"
    loaded = read(written(tmp_path, content))
    assert loaded.sheet.header_row == 4
    assert loaded.sheet.facts.header_row == 4
    assert loaded.sheet.headers == ("Mobile", "Name")
    assert loaded.rows == [5]


@pytest.mark.parametrize("word", ["NA", "nan", "NaN", "null", "NULL", "None", "#N/A", "-", "inf"])
def test_words_that_programs_read_as_missing_stay_text(tmp_path: Path, word: str) -> None:
    assert read(written(tmp_path, f"Mobile,Name\n{ANNA},{word}\n")).column("Name") == [word]


@pytest.mark.parametrize("typed", ["007", "1e5", "5.0", "1,234.50", "TRUE", "2026-01-02", "+5"])
def test_what_looks_like_a_number_or_date_stays_as_typed(tmp_path: Path, typed: str) -> None:
    assert read(written(tmp_path, f'Mobile,Code\n{ANNA},"{typed}"\n')).column("Code") == [typed]


def test_spaces_around_a_cell_are_taken_off_and_a_cell_of_spaces_is_blank(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, f"Mobile,Name,City\n {ANNA} , Anna Lee ,   \n"))
    assert loaded.only.cells == (ANNA, "Anna Lee", None)


def test_the_text_column_is_kept_verbatim(tmp_path: Path) -> None:
    content = f'Mobile,Message\n{ANNA},"  Hi {{{{ name }}}},\n bye  "\n{BEN},   \n{CARL}\n'
    loaded = read(written(tmp_path, content), text="message")
    assert [recipient.text for recipient in loaded.recipients] == [
        "  Hi {{ name }},\n bye  ",
        None,
        None,
    ]


def test_without_a_text_column_no_row_has_a_text_of_its_own(tmp_path: Path) -> None:
    assert read(written(tmp_path, f"Mobile,Message\n{ANNA},Hi\n")).only.text is None


def test_the_id_column_is_the_reference(tmp_path: Path) -> None:
    content = f"Mobile,Customer no\n{ANNA}, 007 \n{BEN},\n"
    loaded = read(written(tmp_path, content), reference="customer_no")
    assert [recipient.reference for recipient in loaded.recipients] == ["007", ""]


def test_a_sheet_with_a_header_only_has_no_rows(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, "Mobile,Name\n"))
    assert loaded.recipients == loaded.refused == []
    assert loaded.sheet.facts.width == 2


def test_the_fingerprint_is_the_sha256_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, two_rows(","))
    assert read(path).sheet.facts.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_only_the_columns_asked_for_travel_in_the_order_asked(tmp_path: Path) -> None:
    sheet = open_sheet(SheetOptions(path=str(written(tmp_path, two_rows(",")))))
    with sheet.reading([2, 1]) as chunks:
        [chunk] = chunks
    assert [recipient.cells for recipient in chunk.recipients] == [
        ("Ipoh", "Anna"),
        ("Johor", "Ben"),
    ]


def test_a_bad_number_is_refused_beside_the_good_ones(tmp_path: Path) -> None:
    loaded = read(written(tmp_path, f"Name,Mobile\nAnna,{ANNA}\nBen,12\nCarl,\n"))
    assert loaded.rows == [2]
    assert [(row.row, row.status) for row in loaded.refused] == [(3, "INVALID"), (4, "INVALID")]
    assert all(row.detail.startswith('"Mobile" (B): ') for row in loaded.refused)


@pytest.mark.parametrize("size", [1, 2, 7, 60, 1000])
def test_reading_in_small_chunks_loses_nothing(tmp_path: Path, size: int) -> None:
    lines = ["Mobile,Name"]
    for index in range(60):
        lines += ["", f"+65912345{index:02},N{index}"] if index % 7 else [f"{index},bad"]
    path = written(tmp_path, "\n".join(lines))
    sheet = read(path).sheet
    loaded = read(path, size=size)
    found = sorted(loaded.rows + [row.row for row in loaded.refused])
    assert found == [number for number, line in enumerate(lines, 1) if line and number > 1]
    assert loaded.sheet.facts == sheet.facts


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_whatever_is_quoted_is_read_back(
    tmp_path: Path, pairs: list[tuple[str, str]], delimiter: str
) -> None:
    def line(*fields: str) -> str:
        return delimiter.join('"' + field.replace('"', '""') + '"' for field in fields) + "\r\n"

    content = line("Mobile", "One", "Two") + "".join(line(ANNA, *pair) for pair in pairs)
    loaded = read(written(tmp_path, content))
    assert loaded.rows == list(range(2, len(pairs) + 2))
    assert [recipient.cells[1:] for recipient in loaded.recipients] == [
        tuple(text.strip() or None for text in pair) for pair in pairs
    ]

"""Files that cannot be used are refused, and the refusal says what, where and what to do."""

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from loader_sheets import ANNA, BEN, CARL, DORA, read, refusal, written


def workbook(path: Path, rows: int = 200) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["Mobile", "Name"])
    for index in range(rows):
        book.active.append([6591234567 + index, f"Name {index}"])
    book.save(path)
    return path


def test_a_quote_that_is_never_closed_is_refused_with_its_row(tmp_path: Path) -> None:
    content = f'Mobile,Name\n{ANNA},Anna\n{BEN},"Ben\n{CARL},Carl\n{DORA},Dora\n'
    said = refusal(written(tmp_path, content))
    assert "row 3" in said
    assert "never closed" in said


def test_a_quote_left_open_far_down_is_refused_with_its_row(tmp_path: Path) -> None:
    content = "Mobile,Name\n" + f"{ANNA},Anna\n" * 500 + f'{BEN},"Ben\n{CARL},Carl\n'
    assert "row 502" in refusal(written(tmp_path, content))


def test_a_quote_left_open_that_a_later_quote_closes_loses_no_rows(tmp_path: Path) -> None:
    """The rows between would vanish into one cell: nobody may be lost without a word."""
    content = f'Mobile,Name\n{ANNA},"Anna\n{BEN},Ben\n{CARL},"Carl"\n{DORA},Dora\n'
    said = refusal(written(tmp_path, content))
    assert "row 2" in said
    assert "quote" in said


def test_a_quote_inside_a_cell_is_only_a_quote(tmp_path: Path) -> None:
    content = f'Mobile,Size\n{ANNA},5" screen\n{BEN},6" screen\n'
    assert read(written(tmp_path, content)).column("Size") == ['5" screen', '6" screen']


def test_a_cell_of_more_than_a_million_characters_is_a_damaged_quote(tmp_path: Path) -> None:
    content = f"Mobile,Name\n{ANNA},Anna\n{BEN}," + "x" * 1_000_001 + "\n"
    said = refusal(written(tmp_path, content))
    assert "row 3" in said
    assert "quote" in said


@pytest.mark.parametrize("above", [1, 998, 60_000])
def test_windows_1252_is_read_and_said_with_an_example(tmp_path: Path, above: int) -> None:
    content = f"Mobile,Name\n{f'{ANNA},Anna' + chr(10)}" * 1 + f"{ANNA},Anna\n" * (above - 1)
    loaded = read(written(tmp_path, (content + f"{BEN},Zoë’s\n").encode("cp1252")))
    assert loaded.column("Name")[-1] == "Zoë’s"
    [notice] = loaded.sheet.notices
    assert "Windows-1252" in notice.what
    assert '"Zoë’s"' in notice.what or '"Zoë"' in notice.what


@pytest.mark.parametrize("encoding", ["gbk", "cp1251", "shift-jis", "big5", "euc-kr", "koi8-r"])
def test_another_code_page_is_refused_and_never_sent_mangled(tmp_path: Path, encoding: str) -> None:
    names = {"gbk": "李小龙", "big5": "李小龍", "shift-jis": "山田太郎", "euc-kr": "김철수"}
    content = f"Mobile,Name\n{ANNA},Anna\n{BEN},{names.get(encoding, 'Наталья')}\n"
    said = refusal(written(tmp_path, content.encode(encoding)))
    assert "CSV UTF-8" in said
    assert re.search(r"\bline 3\b", said), said


def test_damaged_utf8_is_refused_and_not_read_as_windows_1252(tmp_path: Path) -> None:
    content = f"Mobile,Name\n{ANNA},Zoë Lefèvre\n{BEN},".encode() + b"Ben\xe9\n"
    said = refusal(written(tmp_path, content))
    assert re.search(r"\bline 3\b", said), said


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf16_is_read(tmp_path: Path, encoding: str, mark: str) -> None:
    mark = "" if encoding == "utf-16" else mark
    content = f'{mark}"Mobile";"Name"\r\n{ANNA};Zoë 李\r\n'.encode(encoding)
    loaded = read(written(tmp_path, content))
    assert (loaded.numbers, loaded.column("Name")) == ([ANNA], ["Zoë 李"])


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx", "a.parquet"])
def test_an_empty_file_is_refused_as_empty(tmp_path: Path, name: str) -> None:
    said = refusal(written(tmp_path, "", name))
    assert said.endswith(f"{name}: the file is empty.")


@pytest.mark.parametrize("content", ["\n\n\n", "\ufeff", " , ,\n,,\n", "\r\n"])
def test_a_file_of_blanks_is_refused_as_empty(tmp_path: Path, content: str) -> None:
    assert "the sheet is empty" in refusal(written(tmp_path, content))


def test_a_missing_file_is_refused_with_the_nearest_name_beside_it(tmp_path: Path) -> None:
    written(tmp_path, "Mobile\n", "customers-may.csv")
    said = refusal(tmp_path / "custmers-may.csv")
    assert "there is no such file" in said
    assert 'Did you mean "customers-may.csv"?' in said


def test_a_missing_file_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "there is no such file." in refusal(tmp_path / "nowhere" / "a.csv")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sheets.csv"
    folder.mkdir()
    assert "this is a folder" in refusal(folder)


@pytest.mark.parametrize("name", ["contacts.pdf", "contacts.docx", "contacts.numbers", "contacts"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    said = refusal(written(tmp_path, f"Mobile\n{ANNA}\n", name))
    assert "not a kind of sheet" in said
    assert ".csv" in said
    assert ".xlsx" in said


def test_a_sheet_name_for_a_text_file_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, f"Mobile\n{ANNA}\n"), sheet="Contacts")
    assert "has no sheets" in said
    assert "--sheet" in said


@pytest.mark.parametrize("country", ["SGP", "Singapore", "65", "XX", ""])
def test_an_impossible_country_is_refused(tmp_path: Path, country: str) -> None:
    said = refusal(written(tmp_path, f"Mobile\n{ANNA}\n"), country=country)
    assert "--country takes two letters" in said


def test_a_text_file_renamed_to_xlsx_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, f"Mobile\n{ANNA}\n", "contacts.xlsx"))
    assert "not a workbook that can be read" in said
    assert "save it again as .xlsx" in said


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_workbook_is_refused(tmp_path: Path, kept: float) -> None:
    whole = workbook(tmp_path / "whole.xlsx").read_bytes()
    path = written(tmp_path, whole[: int(len(whole) * kept)], "part.xlsx")
    assert "not a workbook that can be read" in refusal(path)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_workbook_with_half_a_part_inside_is_refused(
    tmp_path: Path, part: str, kept: float
) -> None:
    path = tmp_path / "half.xlsx"
    with (
        zipfile.ZipFile(workbook(tmp_path / "whole.xlsx")) as source,
        zipfile.ZipFile(path, "w") as target,
    ):
        for item in source.infolist():
            data = source.read(item)
            keep = int(len(data) * kept) if item.filename == part else len(data)
            target.writestr(item.filename, data[:keep])
    assert str(path) in refusal(path)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, b"PAR1" + b"\0" * 60 + b"PAR1", "contacts.parquet"))
    assert "not a Parquet file that can be read" in said


def test_a_refusal_shows_no_number_and_no_text_of_the_sheet(tmp_path: Path) -> None:
    content = f'Mobile,Name\n{ANNA},Anna\n{BEN},"Secret text\n{CARL},Carl\n'
    said = refusal(written(tmp_path, content))
    assert "9123" not in said
    assert "Secret" not in said

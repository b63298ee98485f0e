"""XLS, CSV and Parquet, what merged cells bring into rows, and how encodings are told."""

from __future__ import annotations

import random
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_books import SOFFICE, cells, converted, hidden, refusal, texts

from bulksender.ooxml import Area
from bulksender.tables import Row, Spoilt, open_table
from bulksender.tables.encodings import encoding_of
from bulksender.tables.merging import Merging


@pytest.mark.skipif(not SOFFICE, reason="needs LibreOffice")
@pytest.mark.parametrize("since_1904", [False, True])
def test_an_xls_workbook_is_read_as_it_shows(tmp_path: Path, since_1904: bool) -> None:
    book = openpyxl.Workbook()
    if since_1904:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.append([6591234567, "Zoë 李", 0.15, datetime(2026, 1, 2), True, time(9, 30), 42])
    sheet.append([1, "two\nlines", 1234.5, datetime(2026, 1, 2, 9, 30), False, 819.19, "=1/0"])
    sheet.append([2, "hidden"])
    sheet["C1"].number_format, sheet["C2"].number_format = "0%", "#,##0.00"
    sheet["G1"].number_format, sheet["H1"] = "00000", "=A2+1"
    sheet.row_dimensions[3].hidden = True
    sheet.merge_cells("A5:A6")
    sheet["A5"], sheet["B6"] = "both", 1
    other = book.create_sheet("Away")
    other["A1"], other.sheet_state = "x", "hidden"
    book.save(tmp_path / "a.xlsx")
    path = converted(tmp_path / "a.xlsx", "xls")
    found = cells(path)
    assert found[1] == [6591234567, "Zoë 李", 0.15, date(2026, 1, 2), True, time(9, 30), 42, 2]
    assert found[2][:6] == [1, "two\nlines", 1234.5, datetime(2026, 1, 2, 9, 30), False, 819.19]
    assert isinstance(found[2][6], Spoilt)
    assert found[2][6].shown == "#DIV/0!"
    assert (found[5], found[6]) == (["both"], ["both", 1])
    shown = texts(path)
    assert (shown[1][2], shown[1][6], shown[2][2]) == ("15%", "00042", "1,234.50")
    assert hidden(path) == [3]
    assert open_table(path).names == ["Sheet", "Away"]
    assert cells(path, "Away") == {1: ["x"]}


def merged(rows: list[Row], *areas: Area) -> dict[int, list[object]]:
    return {row.number: list(row.values) for row in Merging(areas)(rows)}


def test_a_merged_cell_s_value_goes_into_the_first_column_of_all_its_rows() -> None:
    rows = [Row(2, ["x", 1]), Row(3, [None, 2]), Row(4, []), Row(5, [None, 3])]
    found = merged(rows, Area(2, 1, 4, 1))
    assert found == {2: ["x", 1], 3: ["x", 2], 4: ["x"], 5: [None, 3]}


def test_a_merged_cell_replaces_no_value() -> None:
    assert merged([Row(1, ["x"]), Row(2, ["y"]), Row(3, [""])], Area(1, 1, 3, 1)) == {
        1: ["x"], 2: ["y"], 3: ["x"],
    }  # fmt: skip


def test_a_merge_whose_first_row_is_blank_brings_nothing() -> None:
    rows = [Row(2, [1, "z"]), Row(5, [None, 2])]
    assert merged(rows, Area(3, 1, 6, 1), Area(1, 2, 2, 2)) == {2: [1, "z"], 5: [None, 2]}


def test_several_merges_in_one_column_follow_each_other() -> None:
    rows = [Row(number, [f"v{number}" if number in (1, 3) else None, 0]) for number in range(1, 6)]
    found = merged(rows, Area(3, 1, 4, 1), Area(1, 1, 2, 2))
    assert [values[0] for values in found.values()] == ["v1", "v1", "v3", "v3", None]


def test_a_merge_within_a_row_changes_nothing() -> None:
    assert merged([Row(1, ["x", None])], Area(1, 1, 1, 9)) == {1: ["x", None]}


def test_a_hidden_row_stays_hidden_when_a_merge_fills_it() -> None:
    rows = [Row(1, ["x"]), Row(2, [None], True)]
    assert [row.hidden for row in Merging([Area(1, 1, 2, 1)])(rows)] == [False, True]


def csv(folder: Path, content: bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_a_text_file_is_read_in_any_dialect(
    tmp_path: Path, delimiter: str, newline: str, codec: str
) -> None:
    rows = [["Mobile", "Name"], ["+6591234567", f"Zoë {delimiter} x"], ["+6591234568", 'say "x"']]
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    text = "".join(delimiter.join(row) + newline for row in quoted)
    path = csv(tmp_path, text.encode(codec))
    table = open_table(path)
    assert list(cells(path).values()) == rows
    assert (table.dialect.delimiter, table.dialect.newline) == (delimiter, newline)
    assert bool(table.remarks) is (codec == "cp1252")


def test_rows_of_a_text_file_are_counted_by_records(tmp_path: Path) -> None:
    content = b'Mobile,Note\n\n1,"a\nb"\n\n2,c\n'
    assert cells(csv(tmp_path, content)) == {1: ["Mobile", "Note"], 3: ["1", "a\nb"], 5: ["2", "c"]}


@pytest.mark.parametrize("start", range(2_000, 2_001))
@pytest.mark.parametrize("character", ["é", "李", "😀"])
def test_a_character_across_the_end_of_what_is_read_at_a_time_is_whole(
    tmp_path: Path, start: int, character: str
) -> None:
    size = len(character.encode())
    for before in range(1, size):
        head = b"Mobile\n" + b"x\n" * start
        filling = b"y\n" * (((1 << 20) - len(head)) // 2 - 4)
        rest = (1 << 20) - len(head) - len(filling) - before
        path = csv(tmp_path, head + filling + b"z" * rest + character.encode() + b"\n")
        assert encoding_of(path).name == "utf-8"
        assert list(cells(path).values())[-1] == ["z" * rest + character]


def test_damage_beyond_the_first_megabyte_is_found_with_its_line(tmp_path: Path) -> None:
    content = "Zoë,1\n".encode() * 200_000 + b"\x81,1\n"
    assert "line 200001" in refusal(csv(tmp_path, content))


def test_windows_1252_split_at_the_end_of_what_is_read_is_still_itself(tmp_path: Path) -> None:
    row = "Zoë,Ångström,naïve\n".encode("cp1252")
    path = csv(tmp_path, row * ((3 << 20) // len(row)))
    assert encoding_of(path).name == "cp1252"


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    from bulksender.errors import SheetError

    path = csv(tmp_path_factory.getbasetemp(), content, "any.csv")
    try:
        for _ in open_table(path).rows():
            pass
    except SheetError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("suffix", [".xlsx", ".ods", ".parquet"])
def test_a_file_with_bytes_changed_is_read_or_refused(
    tmp_path: Path, suffix: str, seed: int
) -> None:
    from bulksender.errors import SheetError

    path = tmp_path / f"a{suffix}"
    frame = pandas.DataFrame({"Mobile": [6591234567 + i for i in range(50)], "Name": ["Zoë"] * 50})
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        from tables_books import ods

        ods(path, '<table:table-row><table:table-cell office:value-type="string"><text:p>x'
                  "</text:p></table:table-cell></table:table-row>" * 50)  # fmt: skip
    data = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(5):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    try:
        for _ in open_table(path).rows():
            pass
    except SheetError as error:
        assert str(path) in str(error)


def test_a_parquet_file_s_types_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pandas.DataFrame(
        {
            "Whole": pandas.array([1, None, 2**53 + 1], dtype="Int64"),
            "Part": [1.5, None, 819.1900000000002],
            "Single": pandas.Series([819.19, None, 0.1], dtype="float32"),
            "Text": ["a", None, " b "],
            "Due": [Decimal("12.50"), None, Decimal("1")],
            "Day": [date(2026, 1, 2), None, date(2026, 1, 3)],
            "Yes": pandas.array([True, None, False], dtype="boolean"),
        }
    ).to_parquet(path)
    found = cells(path)
    assert found[1] == ["Whole", "Part", "Single", "Text", "Due", "Day", "Yes"]
    assert found[2] == [1, 1.5, 819.19, "a", "12.50", date(2026, 1, 2), True]
    assert 3 not in found
    assert found[4] == [2**53 + 1, 819.19, 0.1, "b", "1.00", date(2026, 1, 3), False]


def test_a_parquet_file_longer_than_a_batch_loses_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pandas.DataFrame({"Mobile": range(25_001)}).to_parquet(path)
    found = cells(path)
    assert [found[number] for number in (2, 10_002, 25_002)] == [[0], [10_000], [25_000]]
    assert len(found) == 25_002

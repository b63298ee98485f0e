"""What a sheet's owner has written stays theirs: what the text reads, filters hide, is merged."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from handmade_books import inline, raw, save
from loader_sheets import ANNA, BEN, CARL, read, refusal, written

from bulksender.errors import SheetError
from bulksender.loader import open_sheet
from bulksender.settings import SheetOptions
from bulksender.source import RESULT_COLUMNS

UMID = "0a6a5e4d-0000-4b1c-8a7f-000000000001"
RESULT = f"{UMID},SENT,,{BEN},1,GSM7,b,2026-01-01T00:00:00.000+00:00,abcdefghjk"


@pytest.mark.parametrize("used", ["status", "destination", "run", "umid"])
def test_a_column_that_the_text_uses_is_no_earlier_result(tmp_path: Path, used: str) -> None:
    sheet = written(
        tmp_path, f"Phone,{','.join(RESULT_COLUMNS)}\n{ANNA},{RESULT}\n".replace(UMID, "x")
    )
    unused, own = (read(sheet, needed=needed).only.previous for needed in (("Phone",), (used,)))
    assert unused is not None and own is not None
    values = [getattr(unused, name) for name in ("umid", "status", "run", "destination")]
    kept = [getattr(own, name) for name in ("umid", "status", "run", "destination")]
    names = ("umid", "status", "run", "destination")
    assert values == ["x", "SENT", "abcdefghjk", BEN]
    assert kept == [
        "" if name == used else value for name, value in zip(names, values, strict=True)
    ]


@pytest.mark.parametrize("tidied", [str.title, str.upper, str.capitalize])
def test_an_earlier_result_is_known_in_other_letters(tmp_path: Path, tidied: object) -> None:
    assert callable(tidied)
    names = [tidied(name.replace("_", " ")) for name in RESULT_COLUMNS]
    found = read(written(tmp_path, f"Phone,{','.join(names)}\n{ANNA},{RESULT}\n"))
    previous = found.only.previous
    assert previous is not None
    assert (previous.umid, previous.status, previous.run, previous.destination) == (
        *(UMID, "SENT", "abcdefghjk", BEN),
    )
    columns = found.sheet.facts.result_columns
    assert columns == {name: place for place, name in enumerate(RESULT_COLUMNS, 2)}


def test_columns_of_such_names_are_the_owner_s_where_no_umid_stands_beside_a_status(
    tmp_path: Path,
) -> None:
    found = read(written(tmp_path, f"Phone,Status,Destination,Run\n{ANNA},SENT,Paris,10k\n"))
    assert found.only.previous is None
    assert min(found.sheet.facts.result_columns.values()) == 5


def test_the_result_stands_beside_what_a_filter_hides(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Phone"])
    sheet.append([ANNA])
    sheet.append([BEN, None, None, "ask her first"])
    sheet.row_dimensions[3].hidden = True
    book.save(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx")
    assert found.rows == [2]
    assert found.sheet.facts.width == 4


@pytest.mark.parametrize(
    ("merged", "width"),
    [("D1:G20", 7), ("D2:E2", 5), ("D1:G1", 2), ("A3:XFD3", 2), ("A4:B5", 2)],
)
def test_the_result_stands_beside_merged_cells_but_for_titles_and_headings(
    tmp_path: Path, merged: str, width: int
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["Customers"], ["Phone", "Name"], [ANNA, "Ann"], [BEN, "Ben"], [CARL, "Carl"]):
        sheet.append(cells)
    sheet.merge_cells(merged)
    book.save(tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx", needed=("Phone",)).sheet.facts.width == width


@pytest.mark.parametrize("how", ["swapped", "appended", "gone"])
def test_a_sheet_that_is_saved_while_it_is_read_is_refused(tmp_path: Path, how: str) -> None:
    path = written(tmp_path, f"Mobile,Home\n{ANNA},{BEN}\n")
    opened = open_sheet(SheetOptions(path=str(path)))
    match how:
        case "swapped":
            path.write_text(f"Home,Mobile\n{BEN},{ANNA}\n", "utf-8")
        case "appended":
            path.write_text(f"Mobile,Home\n{ANNA},{BEN}\n{CARL},{BEN}\n", "utf-8")
        case _:
            path.unlink()
    with (
        opened.reading([]) as chunks,
        pytest.raises((SheetError, FileNotFoundError)) as refused,
    ):
        list(chunks)
    if how != "gone":
        assert "somebody has saved or moved the sheet while it was read" in str(refused.value)


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", {"S": raw(f'<row r="1">{inline("A1", "Phone")}</row>')})
    with ZipFile(path, "a") as book, pytest.warns(UserWarning, match="Duplicate name"):
        book.writestr("xl/worksheets/sheet1.xml", raw(f'<row r="1">{inline("A1", "Tel")}</row>'))
    assert "sheet1.xml is in it 2 times" in refusal(path)


HEAD = f'<row r="1">{inline("A1", "Phone")}</row>'


def test_rows_and_cells_whose_numbers_have_spaces_around_them_are_in_their_places(
    tmp_path: Path,
) -> None:
    rows = HEAD + f'<row r = "3">{inline("A3", ANNA)}</row><row r="6">{inline("A6", BEN)}</row>'
    path = save(tmp_path / "a.xlsx", {"S": raw(rows.replace("<c r=", "<c r ="))})
    assert read(path).rows == [3, 6]


def test_a_row_without_a_number_whose_cells_have_another_one_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.xlsx", {"S": raw(f"{HEAD}<row>{inline('A3', ANNA)}</row>")})
    assert "the cells of row 2 say that they stand in row 3" in refusal(path)


@pytest.mark.parametrize("tag", ['<si xml:space="preserve">', "<si >", '<si\ta="/">'])
def test_shared_strings_with_attributes_count(tmp_path: Path, tag: str) -> None:
    strings = f"{tag}<t>Phone</t></si><si/><si a='b'/>{tag}<r><t>An</t></r><r><t>n</t></r></si>"
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{6590000000 + n}</t></is></c>'
        f'<c r="B{n}" t="s"><v>{n - 2}</v></c></row>'
        for n in range(2, 6)
    )
    head = f'<row r="1">{inline("A1", "Mobile")}{inline("B1", "Name")}</row>'
    path = save(tmp_path / "a.xlsx", {"S": raw(head + cells)}, strings=strings)
    assert read(path).column("Name") == ["Phone", None, None, "Ann"]


def test_a_million_rows_that_are_no_more_than_a_tag_are_passed_over(tmp_path: Path) -> None:
    row = '<row r="{}" spans="1:3" ht="15.75" customHeight="1" x14ac:dyDescent="0.25"/>'
    empty = "".join(map(row.format, range(3, 900_000)))
    first, last = inline("A2", ANNA), inline("A900000", BEN)
    rows = f'{HEAD}<row r="2">{first}</row>{empty}<row r="900000">{last}</row>'
    assert len(empty) > 64 << 20
    path = save(tmp_path / "a.xlsx", {"S": raw(rows)})
    assert read(path).rows == [2, 900_000]
    without_r = HEAD + "<row/>" * 899_998 + f"<row>{last}</row>"
    assert read(save(tmp_path / "b.xlsx", {"S": raw(without_r)})).rows == [900_000]

"""Parquet and OpenDocument sheets."""

import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pandas
import pytest
from loader_sheets import ANNA, BEN, CARL, read, refusal


def test_a_parquet_file_is_read_with_its_names_as_row_1(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pandas.DataFrame(
        {
            "Mobile": [ANNA, BEN, "12"],
            "Name": ["Anna", None, "NA"],
            "Points": [5.0, 819.1900000000002, None],
            "Since": pandas.to_datetime(["2026-01-02", "2026-01-02 09:30", None], format="mixed"),
            "VIP": [True, False, True],
            "Due": [Decimal("12.50"), None, Decimal("1")],
        }
    )
    frame.to_parquet(path)
    loaded = read(path)
    assert loaded.rows == [2, 3]
    assert [(row.row, row.status) for row in loaded.refused] == [(4, "INVALID")]
    assert [recipient.cells for recipient in loaded.recipients] == [
        (ANNA, "Anna", 5, date(2026, 1, 2), True, "12.50"),
        (BEN, None, 819.19, datetime(2026, 1, 2, 9, 30), False, None),
    ]
    facts = loaded.sheet.facts
    assert (facts.suffix, facts.header_row, facts.width, facts.sheet) == (".parquet", 1, 6, None)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "str", "object"])
def test_a_parquet_number_column_of_any_type_is_read(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.parquet"
    pandas.DataFrame({"Mobile": pandas.Series([6591234567, 6591234568]).astype(dtype)}).to_parquet(
        path
    )
    assert read(path).numbers == [ANNA, BEN]


def test_a_parquet_number_column_with_gaps_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pandas.DataFrame({"Mobile": [6591234567, None], "Name": ["A", "B"]}).to_parquet(path)
    loaded = read(path)
    assert loaded.numbers == [ANNA]
    assert loaded.refused[0].detail.endswith("the phone number is missing")


def test_a_parquet_column_of_single_floats_shows_no_noise(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    points = pandas.Series([819.19], dtype="float32")
    pandas.DataFrame({"Mobile": [ANNA], "Points": points}).to_parquet(path)
    assert read(path).column("Points") == [819.19]


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_parquet_file_in_small_chunks_loses_nothing(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.parquet"
    numbers = [6591234500 + index for index in range(25)]
    pandas.DataFrame({"Mobile": numbers}).to_parquet(path)
    assert read(path, size=size).numbers == [f"+{number}" for number in numbers]


def test_a_sheet_name_for_a_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pandas.DataFrame({"Mobile": [ANNA]}).to_parquet(path)
    assert "leave out --sheet" in refusal(path, sheet="S")


def ods(path: Path, *sheets: tuple[str, str]) -> Path:
    tables = "".join(
        f'<table:table table:name="{name}">{rows}</table:table>' for name, rows in sheets
    )
    oasis = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{oasis}office:1.0" '
        f'xmlns:table="{oasis}table:1.0" xmlns:text="{oasis}text:1.0">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return path


def ods_row(*cells: str | float | None) -> str:
    found = ""
    for cell in cells:
        if cell is None:
            found += "<table:table-cell/>"
        elif isinstance(cell, str):
            found += (
                '<table:table-cell office:value-type="string">'
                f"<text:p>{cell}</text:p></table:table-cell>"
            )
        else:
            found += f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return f"<table:table-row>{found}</table:table-row>"


def test_an_opendocument_sheet_is_read(tmp_path: Path) -> None:
    rows = ods_row("Mobile", "Name", "Points") + ods_row(6591234567, "Anna", 819.1900000000002)
    path = ods(tmp_path / "a.ods", ("Contacts", rows + ods_row(BEN, None, 5.0)))
    loaded = read(path)
    assert loaded.numbers == [ANNA, BEN]
    assert loaded.column("Points") == [819.19, 5]
    assert loaded.sheet.facts.sheet == "Contacts"


def test_repeated_blank_rows_of_an_opendocument_sheet_are_counted(tmp_path: Path) -> None:
    gap = '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    rows = gap + ods_row(None, "Mobile") + ods_row(None, ANNA) + gap + ods_row(None, CARL)
    loaded = read(ods(tmp_path / "a.ods", ("Contacts", rows)))
    assert loaded.sheet.header_row == 4
    assert dict(zip(loaded.rows, loaded.numbers, strict=True)) == {5: ANNA, 9: CARL}

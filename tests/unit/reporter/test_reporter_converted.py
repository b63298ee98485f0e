"""XLS, ODS and Parquet come back as a new XLSX: every sheet's values, and our columns."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas
import pytest
import python_calamine
from reporter_runs import COLUMNS, planned, queued, sent
from sheet_xml import values

from bulksender import reporter
from bulksender.ledger import Ledger

TEXTS = ["=1+1", "+65 text", "-5", "@home", "#N/A", "0012", " spaced ", "two\nlines", "Zoë 🌸"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workbook of values to be saved as another kind: a second sheet, gaps, a title."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "People"
    sheet["B2"] = "Our people"
    for column, name in enumerate(["Name", "Phone", "Amount", "Due", "Paid"], 2):
        sheet.cell(4, column, name)
    for row, text in enumerate(TEXTS, 5):
        sheet.cell(row, 2, text).data_type = "s"
        sheet.cell(row, 3, f"+6590000{row:03}")
        sheet.cell(row, 4, row * 1.5)
        sheet.cell(row, 5, date(2026, 1, row)).number_format = "yyyy-mm-dd"
        sheet.cell(row, 6, row % 2 == 0)
    other = book.create_sheet("Prices")
    other.append(["Phone", "umid"])
    other.append(["x", 2.5])
    book.create_sheet("Empty")
    path = tmp_path / "shop.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_every_sheet_s_values_come_back_with_the_columns(
    ledger: Ledger, shop: Path, tmp_path: Path, convert: Callable[[Path, str], Path], kind: str
) -> None:
    sheet = convert(shop, kind)
    run = sent(ledger, sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, False))

    assert result == sheet.with_name("shop-results.xlsx")
    assert openpyxl.load_workbook(result).sheetnames == ["People", "Prices", "Empty"]
    rows = values(result, "People")
    assert rows[1][:3] == [None, "Our people", None]
    assert rows[3][:15] == [None, "Name", "Phone", "Amount", "Due", "Paid", *COLUMNS]
    for row, text in enumerate(TEXTS, 5):
        due = datetime(2026, 1, row)
        assert rows[row - 1][1:6] == [text, f"+6590000{row:03}", row * 1.5, due, row % 2 == 0]
        assert rows[row - 1][6:15] == queued(run, row, f"+6590000{row:03}")
    assert values(result, "Prices") == [["Phone", "umid"], ["x", 2.5]]


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_a_text_that_looks_like_a_formula_stays_text(
    ledger: Ledger, shop: Path, tmp_path: Path, convert: Callable[[Path, str], Path], kind: str
) -> None:
    run = sent(ledger, convert(shop, kind), {5: "=2+2"})

    result = reporter.write(run, tmp_path / "result.xlsx")

    sheet = openpyxl.load_workbook(result)["People"]
    assert [sheet.cell(row, 2).data_type for row in range(5, 10)] == ["s"] * 5
    assert (sheet["I5"].data_type, sheet["I5"].value) == ("s", "=2+2")
    with zipfile.ZipFile(result) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_the_chosen_sheet_gets_the_columns_and_no_other(
    ledger: Ledger, shop: Path, tmp_path: Path, convert: Callable[[Path, str], Path], kind: str
) -> None:
    book = openpyxl.load_workbook(shop)
    book["Prices"]["A2"] = "+6590000002"
    book.save(shop)
    run = sent(ledger, convert(shop, kind), sheet="Prices", again=True)

    result = reporter.write(run, tmp_path / "result.xlsx")

    assert len(values(result, "People")[3]) == 6
    rest = [name for name in COLUMNS if name != "umid"]
    assert values(result, "Prices")[0] == ["Phone", "umid", *rest]
    assert values(result, "Prices")[1][:3] == ["+6590000002", "umid-2", "QUEUED"]


def parquet(folder: Path, **columns: list[object]) -> Path:
    path = folder / "people.parquet"
    pandas.DataFrame({name: pandas.Series(found) for name, found in columns.items()}).to_parquet(
        path
    )
    return path


PHONES: list[object] = ["+6590000002", "90000003", "12"]


def test_a_parquet_file_comes_back_with_its_values_and_the_columns(
    ledger: Ledger, tmp_path: Path
) -> None:
    sheet = parquet(
        tmp_path,
        Phone=PHONES,
        Name=["=1+1", None, "@Bo"],
        Amount=[1.5, float("nan"), 3.0],
        Count=[1, 2, 3],
        Due=[pandas.Timestamp(2026, 1, day) for day in (1, 2, 3)],
        Price=[Decimal("1.10"), Decimal("2.20"), None],
        Paid=[True, False, True],
    )
    run = sent(ledger, sheet)

    result = reporter.write(run, reporter.output_path(sheet, None, False))

    rows = values(result)
    days = [datetime(2026, 1, day) for day in (1, 2, 3)]
    own = ["Phone", "Name", "Amount", "Count", "Due", "Price", "Paid"]
    assert rows[0] == [*own, *COLUMNS]
    assert rows[1][:7] == ["+6590000002", "=1+1", 1.5, 1, days[0], 1.1, True]
    assert rows[2][:7] == ["90000003", None, None, 2, days[1], 2.2, False]
    assert rows[3][:7] == ["12", "@Bo", 3, 3, days[2], None, True]
    assert rows[1][7:] == queued(run, 2, "+6590000002")
    assert rows[2][7:] == queued(run, 3, "+6590000003")
    assert rows[3][8] == "INVALID"
    sheet_read = openpyxl.load_workbook(result).worksheets[0]
    assert sheet_read["B2"].data_type == "s"


@pytest.mark.parametrize(
    "cells",
    [
        [datetime(2026, 1, day, 9, tzinfo=UTC) for day in (1, 2, 3)],
        [["a", "b"], [], ["c"]],
        [{"a": 1}, {"a": 2}, {"a": 3}],
        [b"bytes", b"\xff", b""],
    ],
    ids=["times with a zone", "lists", "records", "bytes"],
)
def test_a_parquet_file_with_values_that_no_cell_holds_comes_back_all_the_same(
    ledger: Ledger, tmp_path: Path, cells: list[object]
) -> None:
    run = sent(ledger, parquet(tmp_path, Phone=PHONES, More=cells))

    rows = values(reporter.write(run, tmp_path / "result.xlsx"))

    assert [row[0] for row in rows] == ["Phone", *PHONES]
    assert rows[1][2:] == queued(run, 2, "+6590000002")


def test_a_parquet_file_s_named_index_comes_back_too(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pandas.DataFrame({"Name": ["Ann"], "Phone": ["90000002"]}).set_index("Name").to_parquet(path)

    rows = values(reporter.write(sent(ledger, path), tmp_path / "result.xlsx"))

    assert {"Name", "Phone"} <= set(rows[0])
    assert "Ann" in rows[1]


@pytest.mark.parametrize("text", ["_x0041_", "_x000D_", "a_x005F_b"])
def test_a_text_like_excel_s_codes_is_not_read_as_a_character(
    ledger: Ledger, tmp_path: Path, text: str
) -> None:
    result = reporter.write(
        sent(ledger, parquet(tmp_path, Phone=["90000002"], Name=[text])), tmp_path / "result.xlsx"
    )

    read = python_calamine.CalamineWorkbook.from_path(result).get_sheet_by_index(0).to_python()
    assert read[1][1] == text


def test_a_sheet_s_name_longer_than_xlsx_allows_is_cut(ledger: Ledger, tmp_path: Path) -> None:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    rows = "".join(
        '<table:table-row><table:table-cell office:value-type="string"><text:p>'
        f"{word}</text:p></table:table-cell></table:table-row>"
        for word in ("Phone", "+6590000002")
    )
    sheet = tmp_path / "long.ods"
    with zipfile.ZipFile(sheet, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}:office:1.0" '
            f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="{"Customers of the shop " * 2}">{rows}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    run = sent(ledger, sheet)

    result = reporter.write(run, tmp_path / "result.xlsx")

    (name,) = openpyxl.load_workbook(result).sheetnames
    assert len(name) <= 31  # Excel opens no longer one
    assert values(result)[1] == ["+6590000002", *queued(run, 2, "+6590000002")]


def test_result_columns_of_a_parquet_file_are_overwritten(ledger: Ledger, tmp_path: Path) -> None:
    sheet = parquet(tmp_path, status=["old", "old", "old"], Phone=PHONES, umid=[None, None, None])
    run = sent(ledger, sheet)

    rows = values(reporter.write(run, tmp_path / "result.xlsx"))

    rest = [name for name in COLUMNS if name not in ("status", "umid")]
    assert rows[0] == ["status", "Phone", "umid", *rest]
    assert [row[:3] for row in rows[1:]] == [
        ["QUEUED", "+6590000002", "umid-2"],
        ["QUEUED", "90000003", "umid-3"],
        ["INVALID", "12", None],
    ]


def test_a_converted_result_fed_in_again_sends_nothing_twice(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = sent(ledger, parquet(tmp_path, Phone=PHONES))
    result = reporter.write(run, tmp_path / "result.xlsx")

    again = planned(ledger, result)

    assert {found.row: found.status for found in again.outcomes()} == {
        2: "ALREADY_SENT",
        3: "ALREADY_SENT",
        4: "INVALID",
    }

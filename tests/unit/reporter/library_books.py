"""Workbooks as libraries write them: the same people in each, in rows 2 to 110."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pandas
import xlsxwriter
from handmade_books import BLANKS, Line, prefixed, save, sheet
from handmade_cells import WAYS
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table
from program_books import number_of

SHEET = "Contacts"
HEADER = ["Name", "Mobile", "Joined", "Points", "VIP", "Note"]
LAST = 110


def person(row: int) -> list[object]:
    """A row's values; in some rows the note is missing, in some there is no point."""
    note = f'line\nof "{row}" & <b>' if row % 4 == 0 else None
    points = None if row % 7 == 0 else row * 1.25
    joined = datetime(2026, 1, 1, 12) + timedelta(row)
    return [f"Zoë {row}", number_of(row), joined, points, row % 2 == 0, note]


def with_openpyxl(path: Path) -> None:
    """With a table on the sheet that reaches its last column."""
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    sheet = book.create_sheet(SHEET)
    sheet.append(HEADER)
    for row in range(2, LAST + 1):
        sheet.append(person(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.add_table(Table(displayName="People", ref=f"A1:F{LAST}"))
    sheet.row_dimensions[5].hidden = False
    sheet.row_dimensions[6].height = 30
    book.save(path)


def with_openpyxl_write_only(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    bold = [WriteOnlyCell(sheet, value=name) for name in HEADER]
    for cell in bold:
        cell.font = Font(bold=True)
    sheet.append(bold)
    for row in range(2, LAST + 1):
        sheet.append(person(row))
    book.save(path)


def with_xlsxwriter(path: Path, *, little_memory: bool = False) -> None:
    """`little_memory` writes texts into the cells themselves; else there is an autofilter."""
    with xlsxwriter.Workbook(path, {"constant_memory": little_memory}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        shaded = book.add_format({"bg_color": "#EEEEEE"})
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, HEADER, book.add_format({"bold": True}))
        for row in range(2, LAST + 1):
            for column, value in enumerate(person(row)):
                form = [moment] if isinstance(value, datetime) else []
                sheet.write(row - 1, column, value, *form)
            if row % 5 == 0:
                sheet.write_blank(row - 1, 7, None, shaded)
            if row % 6 == 0:
                sheet.set_row(row - 1, 30, shaded)
        if not little_memory:
            sheet.autofilter(0, 0, LAST - 1, 5)
            sheet.freeze_panes(1, 0)


def with_pandas(path: Path, engine: str = "openpyxl") -> None:
    frame = pandas.DataFrame([person(row) for row in range(2, LAST + 1)], columns=HEADER)
    frame.to_excel(path, sheet_name=SHEET, index=False, engine=engine)


def with_pandas_and_an_index(path: Path) -> None:
    """Its index stands in column A without a name, and so does not its header."""
    frame = pandas.DataFrame([person(row) for row in range(2, LAST + 1)], columns=HEADER)
    frame.to_excel(path, sheet_name=SHEET, engine="xlsxwriter")


def packed_by_hand(path: Path) -> None:
    """Unpacked and packed again as a folder: other order, entries for the folders, no sizes."""
    made = path.with_name("unpacked.xlsx")
    with_openpyxl(made)
    with zipfile.ZipFile(made) as source, path.open("wb") as file:
        stream = _Unseekable(file.write)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:  # type: ignore[arg-type]
            for folder in ("xl/", "xl/worksheets/"):
                target.writestr(zipfile.ZipInfo(folder), b"")
            for name in sorted(source.namelist(), reverse=True):
                target.writestr(name, source.read(name))


class _Unseekable:
    """A stream that can only be written to: zip archives then name sizes behind the data."""

    def __init__(self, write: Callable[[bytes], int]):
        self.write = write

    def flush(self) -> None:
        pass


def by_hand(path: Path, prefix: str = "") -> None:
    """A row in every way that there is, blank ones between them."""
    kinds = ("text with signs", "whole", "CDATA", "rich text", "day", "text")
    head = '<c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1" t="inlineStr"><is><t>Mobile'
    lines: list[Line] = []
    for way in (*WAYS, *BLANKS, *["plain"] * 60, *WAYS, *["plain"] * 9, *BLANKS, *WAYS):
        placed = list(enumerate(kinds, 1)) if way in WAYS else []
        lines.append(Line(len(lines) + 2, way, placed))
    xml = sheet(lines, between="\n").replace(
        "<sheetData>", f'<sheetData><row r="1">{head}</t></is></c></row>', 1
    )
    save(path, {SHEET: prefixed(xml, prefix)})

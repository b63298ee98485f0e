"""Workbooks with everything that a person puts into one, as two libraries write them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import openpyxl
import xlsxwriter
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as Picture
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table
from PIL import Image

SHEET = "Contacts"
HEADER = ["Name", "Phone", "Amount", "Due", "Total"]
ROWS = 12
"""How many people each workbook holds, in rows 2 to 13."""


def number_of(row: int) -> str:
    return f"+659000{row:04}"


def picture() -> BytesIO:
    data = BytesIO()
    Image.new("RGB", (8, 8), "navy").save(data, "png")
    data.seek(0)
    return data


def with_openpyxl(path: Path) -> None:
    book = openpyxl.Workbook()
    lists = book.active
    lists.title = "Lists"
    for amount in (3, 1, 2):
        lists.append([amount])
    lists.sheet_state = "hidden"
    sheet = book.create_sheet(SHEET)
    sheet.append(HEADER)
    for row in range(2, ROWS + 2):
        sheet.append([f"Name {row}", number_of(row), row * 1.1, date(2026, 1, row), f"=C{row}*2"])
        sheet[f"D{row}"].number_format = "dd mmm"
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFDDAA")
    sheet["A2"].comment = Comment("Call first", "Ann")
    sheet["A3"].hyperlink = "https://example.com/"
    sheet.conditional_formatting.add(
        "C2:C13",
        ColorScaleRule(start_type="min", start_color="FF0000", end_type="max", end_color="00FF00"),
    )
    choice = DataValidation(type="list", formula1="Lists!$A$1:$A$3")
    choice.add("C2:C13")
    sheet.add_data_validation(choice)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = "A1:E13"
    sheet.merge_cells("A15:C15")
    sheet.column_dimensions["D"].hidden = True
    sheet.row_dimensions[4].height = 40
    sheet.print_title_rows = "1:1"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=13), titles_from_data=True)
    sheet.add_chart(chart, "P2")
    sheet.add_image(Picture(picture()), "P20")
    other = book.create_sheet("Other")
    other.append(["Phone", "umid"])
    other.append([number_of(1), "not ours"])
    other.add_table(Table(displayName="OtherTable", ref="A1:B2"))
    book.defined_names["Amounts"] = DefinedName("Amounts", attr_text=f"{SHEET}!$C$2:$C$13")
    book.save(path)


def with_xlsxwriter(path: Path, *, macros: bool = False, inline: bool = False) -> None:
    # inline: constant_memory writes texts into the cells themselves
    with xlsxwriter.Workbook(path, {"constant_memory": inline}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "dd mmm"})
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, HEADER, bold)
        for row in range(1, ROWS + 1):
            sheet.write_row(row, 0, [f"Name {row + 1}", number_of(row + 1), row * 1.1])
            sheet.write_datetime(row, 3, date(2026, 1, row), day)
            sheet.write_formula(row, 4, f"=C{row + 1}*2", None, row * 2.2)
        if not inline:
            sheet.write_rich_string(2, 0, "Bo", bold, "bb", "y")
            sheet.add_table(
                0, 0, ROWS, 4, {"columns": [{"header": name} for name in HEADER], "name": "People"}
            )
        sheet.write_comment("A2", "Call first")
        sheet.conditional_format("C2:C13", {"type": "data_bar"})
        sheet.conditional_format("C2:C13", {"type": "icon_set", "icon_style": "3_arrows"})
        sheet.data_validation("C2:C13", {"validate": "decimal", "criteria": ">", "value": 0})
        sheet.freeze_panes(1, 1)
        sheet.set_column("H:H", None, None, {"hidden": True})
        sheet.add_sparkline("G2", {"range": f"{SHEET}!C2:C13"})
        sheet.insert_image("P20", "logo.png", {"image_data": picture()})
        charts = [book.add_chart({"type": kind}) for kind in ("line", "bar")]
        for chart in charts:
            chart.add_series({"values": f"={SHEET}!$C$2:$C$13"})
        sheet.insert_chart("P2", charts[0])
        sheet.set_header("&CPeople &G", {"image_center": "h.png", "image_data_center": picture()})
        hidden = book.add_worksheet("Hidden")
        hidden.hide()
        other = book.add_worksheet("Other")
        other.write_row(0, 0, ["Phone", "umid"])
        other.autofilter("A1:B1")
        book.define_name("Amounts", f"={SHEET}!$C$2:$C$13")
        book.add_chartsheet("Chart").set_chart(charts[1])
        if macros:
            book.add_vba_project(BytesIO(bytes(range(256)) * 40), is_stream=True)


def uncompressed(path: Path) -> None:
    """The same package as a program writes it that stores some parts and gives them dates."""
    made = path.with_name("first.xlsx")
    with_openpyxl(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w") as target:
        for number, entry in enumerate(source.infolist()):
            copy = zipfile.ZipInfo(entry.filename, (2001, 2, 3, 4, number % 60, 6))
            copy.external_attr = 0o640 << 16
            copy.compress_type = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2]
            target.writestr(copy, source.read(entry))


BOOKS: dict[str, Callable[[Path], None]] = {
    "openpyxl.xlsx": with_openpyxl,
    "xlsxwriter.xlsx": with_xlsxwriter,
    "inline.xlsx": lambda path: with_xlsxwriter(path, inline=True),
    "macros.xlsm": lambda path: with_xlsxwriter(path, macros=True),
    "stored.XLSX": uncompressed,
}

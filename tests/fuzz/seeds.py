"""Real files to mutate: one of every kind, made on the spot or taken from the samples."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import openpyxl
import pandas
import xlsxwriter

ROOT = Path(__file__).parents[2]
ROWS = [
    ["Mobile", "Name", "Amount", "Note", "SMS?"],
    ["+6591234567", "Anna Lee", 819.19, "Hello Anna", "yes"],
    [6591234568, "Zoë 李 😀", 5, None, "no"],
    ["9123 4569 / 9123 4570", None, None, 'two "numbers"', ""],
    ["6.591234571E9", "Dora\nOng", -1.5, "x" * 300, "yes"],
]


def seeds() -> list[tuple[str, bytes]]:
    """(ending, bytes) of the files to begin with."""
    text = "\r\n".join(
        ",".join(f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in row) for row in ROWS
    )
    found = [
        (".csv", text.encode()),
        (".csv", b"\xef\xbb\xbf" + text.replace(",", ";").encode()),
        (".tsv", text.replace(",", "\t").encode("utf-16")),
        (".txt", text.replace("李", "").replace("😀", "").replace(",", "|").encode("cp1252")),
        (".csv", (ROOT / "samples" / "contacts.csv").read_bytes()),
        (".xlsx", (ROOT / "samples" / "shop.xlsx").read_bytes()),
        (".xlsx", _by_openpyxl()),
        (".xlsm", _by_xlsxwriter()),
        (".parquet", _parquet()),
    ]
    return found + _by_libreoffice()


def _by_openpyxl() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active.merge_cells("E3:E5")
    book.active["C6"] = "=1/0"
    book.active.row_dimensions[4].hidden = True
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _by_xlsxwriter() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        money = book.add_format({"num_format": '[$SGD] #,##0.00;(0.0%);"-"'})
        for number, row in enumerate(ROWS):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell, money if isinstance(cell, float) else None)
    return made.getvalue()


def _parquet() -> bytes:
    made = io.BytesIO()
    frame = pandas.DataFrame(ROWS[1:], columns=ROWS[0]).astype({"Mobile": str, "Amount": float})
    frame.to_parquet(made)
    return made.getvalue()


def _by_libreoffice() -> list[tuple[str, bytes]]:
    """ODS and XLS, where LibreOffice is installed."""
    office = shutil.which("soffice")
    if office is None:
        return []
    found = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "seed.xlsx")
        source.write_bytes(_by_openpyxl())
        for kind in ("ods", "xls"):
            subprocess.run(
                [office, f"-env:UserInstallation=file://{folder}/profile", "--headless",
                 "--convert-to", kind, "--outdir", folder, str(source)],
                check=True, capture_output=True, timeout=120,
            )  # fmt: skip
            found.append((f".{kind}", Path(folder, f"seed.{kind}").read_bytes()))
    return found

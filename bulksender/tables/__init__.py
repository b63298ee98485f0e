"""Spreadsheet file → numbered rows of raw cells, for the loader and the reporter.

What a file is, is seen by its first bytes; its name has to agree, or the owner would look for it in
the wrong program.
"""

from __future__ import annotations

from pathlib import Path

from bulksender import ooxml
from bulksender.errors import SheetError
from bulksender.source import DELIMITED
from bulksender.tables.choosing import protected
from bulksender.tables.csv import DELIMITERS
from bulksender.tables.table import Block, Dialect, Row, Spoilt, Table, plain, plain_column

__all__ = [
    "DELIMITERS",
    "WORKBOOKS",
    "Block",
    "Dialect",
    "Row",
    "Spoilt",
    "Table",
    "open_table",
    "plain",
    "plain_column",
]

ZIPPED = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods"})
WORKBOOKS = ZIPPED | {".xls"}
SUFFIXES = sorted(DELIMITED | WORKBOOKS | {".parquet"})

_ZIP, _OLE, _PARQUET = b"PK", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
_OLD_EXCEL = (b"\x09\x00\x04", b"\x09\x02\x06", b"\x09\x04\x06", b"\x09\x08")


def open_table(path: Path, sheet: str | None = None) -> Table:
    """Open a file; `sheet` names one of a workbook's, else the first visible one with data is it.

    Raises SheetError for what cannot be read, OSError for what the operating system refuses.
    """
    if not path.is_file() and path.exists() and not path.is_dir():
        raise SheetError(f"{path}: this is not a file; give the sheet's own file.")
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise SheetError(f"{path}: the file is empty.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SheetError(
            f'{path}: "{suffix}" is not a kind of sheet that can be read. Save it as one of: '
            f"{', '.join(SUFFIXES)}."
        )
    _refuse_renamed(path, suffix, head)
    if suffix in WORKBOOKS:
        return _workbook(path, suffix, sheet)
    if sheet is not None:
        raise SheetError(f"{path}: a {suffix} file has no sheets; leave out --sheet.")
    if suffix == ".parquet":
        from bulksender.tables.parquet import ParquetTable

        return ParquetTable(path)
    from bulksender.tables.csv import DelimitedTable

    return DelimitedTable(path)


def _workbook(path: Path, suffix: str, sheet: str | None) -> Table:
    match suffix:
        case ".xls":
            from bulksender.tables.xls import XlsTable

            return XlsTable(path, sheet)
        case ".xlsb":
            from bulksender.tables.xlsb import XlsbTable

            return XlsbTable(path, sheet)
        case ".ods":
            from bulksender.tables.ods import OdsTable

            return OdsTable(path, sheet)
        case _:
            from bulksender.tables.xlsx import XlsxTable

            return XlsxTable(path, sheet)


def _refuse_renamed(path: Path, suffix: str, head: bytes) -> None:
    """Raise SheetError where the file is something else than its name says."""
    zipped, ole = head.startswith(_ZIP), head.startswith(_OLE)
    if suffix in ZIPPED and not zipped:
        if ole and ooxml.encrypted(path):
            raise protected(path)
        raise _renamed(path, ".xls" if ole else _text_kind(head))
    if suffix == ".xls" and not ole and not head.startswith(_OLD_EXCEL):
        raise _renamed(path, ".xlsx" if zipped else _text_kind(head))
    if suffix == ".xls" and ooxml.encrypted(path):
        raise protected(path)
    if suffix in DELIMITED and (zipped or ole):
        raise _renamed(path, ".xlsx" if zipped else ".xls")
    if suffix == ".parquet" and not head.startswith(_PARQUET):
        raise SheetError(f"{path}: this is not a Parquet file that can be read.")


def _text_kind(head: bytes) -> str:
    """What a text file that is named like a workbook is; empty where it is no text either."""
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"<div")):
        return "<"
    return "" if b"\0" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff") else ".csv"


def _renamed(path: Path, kind: str) -> SheetError:
    if kind == "<":
        said = "it is a web page (or XML) that was named so. Open it in Excel or LibreOffice"
    elif kind:
        said = f"it looks like a {kind} file: name it {path.stem}{kind}, or open it in Excel"
    else:
        said = "open it in Excel or LibreOffice"
    return SheetError(
        f"{path}: this is not a workbook that can be read ({path.suffix}): {said} and save it "
        "again as .xlsx."
    )

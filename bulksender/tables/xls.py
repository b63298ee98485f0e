"""XLS workbooks (Excel 97 to 2003, and older), read by xlrd."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import olefile
import xlrd

from bulksender.ooxml import Area
from bulksender.tables.choosing import chosen, unreadable
from bulksender.tables.formats import Reading, reading
from bulksender.tables.merging import Merging
from bulksender.tables.table import Dialect, InRows, Row, spoilt_by


class _Entry(NamedTuple):
    name: str
    visible: bool
    sheet: xlrd.sheet.Sheet


def _records(path: Path) -> bytes:
    """The workbook's records, out of the OLE file that holds them since Excel 5.

    xlrd's own way there follows a circle of sectors without end; olefile knows their number.
    """
    if not olefile.isOleFile(str(path)):
        return path.read_bytes()
    with olefile.OleFileIO(str(path)) as compound:
        name = "Workbook" if compound.exists("Workbook") else "Book"
        with compound.openstream(name) as stream:
            records: bytes = stream.read()
    return records


class XlsTable(InRows):
    """One sheet of a workbook: the one named, else the first visible one that holds anything."""

    dialect = Dialect()
    remarks: Sequence[str] = ()

    def __init__(self, path: Path, name: str | None):
        with unreadable(path):
            self._book = xlrd.open_workbook(
                file_contents=_records(path), logfile=io.StringIO(), formatting_info=True
            )
            entries = [
                _Entry(sheet.name, sheet.visibility == 0, sheet) for sheet in self._book.sheets()
            ]
            self.names = [entry.name for entry in entries]
            self._sheet = chosen(path, name, entries, lambda entry: entry.sheet.nrows > 0).sheet
        self.path = path
        self.sheet = self._sheet.name
        self._merges = [
            Area(top + 1, left + 1, bottom, right)
            for top, bottom, left, right in self._sheet.merged_cells
        ]

    def reach(self, header_row: int) -> int:
        """The last column in use."""
        return int(self._sheet.ncols)

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        with unreadable(self.path):
            yield from Merging(self._merges)(self._rows())

    def _rows(self) -> Iterator[Row]:
        readings = {
            index: reading(self._book.format_map[style.format_key].format_str,
                           bool(self._book.datemode))
            for index, style in enumerate(self._book.xf_list)
            if style.format_key in self._book.format_map
        }  # fmt: skip
        for index in range(self._sheet.nrows):
            info = self._sheet.rowinfo_map.get(index)
            values = [self._value(cell, readings) for cell in self._sheet.row(index)]
            yield Row(index + 1, values, bool(info is not None and info.hidden))

    def _value(self, cell: xlrd.sheet.Cell, readings: Mapping[int, Reading | None]) -> object:
        match cell.ctype:
            case xlrd.XL_CELL_ERROR:
                return spoilt_by(xlrd.error_text_from_code.get(int(cell.value), "#N/A"))
            case xlrd.XL_CELL_BOOLEAN:
                return bool(cell.value)
            case xlrd.XL_CELL_NUMBER | xlrd.XL_CELL_DATE:
                value = float(cell.value)
                meaning = readings.get(cell.xf_index or 0)
                return meaning(value) if meaning else value
            case _:
                return cell.value

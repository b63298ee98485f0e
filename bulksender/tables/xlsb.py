"""XLSB workbooks, read record by record.

MS-XLSB: records 2.1.4, BrtRowHdr 2.4.740, the cells 2.4.296 ff. (BrtBlank to BrtFmlaError),
BrtSSTItem, BrtBundleSh, BrtFmt and BrtXF by their names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple
from zipfile import ZipFile

from bulksender import ooxml
from bulksender.ooxml import MOST_COLUMNS, MOST_ROWS, Area
from bulksender.tables.choosing import ZippedWorkbook, chosen
from bulksender.tables.formats import BUILT_IN, Reading, reading
from bulksender.tables.merging import Merging
from bulksender.tables.table import InRows, Row, spoilt_by

_READ = 1 << 20  # bytes at a time
_MOST_RECORD = 4 << 20
_ROW, _STRING, _FORMAT, _STYLE, _MERGE = 0, 19, 44, 47, 176
_ROWS_END, _BOOK, _SHEET, _STYLES, _STYLES_END = 146, 153, 156, 617, 618
_RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED, _RICH_TEXT = 2, 3, 4, 5, 6, 7, 62
_FORMULAS = {8: _TEXT, 9: _REAL, 10: _BOOL, 11: _ERROR}
_SHORT = {13: _RK, 14: _ERROR, 15: _BOOL, 16: _REAL, 17: _TEXT, 18: _SHARED}
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
           0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA"}  # fmt: skip


class _Entry(NamedTuple):
    name: str
    visible: bool
    part: str


class XlsbTable(ZippedWorkbook, InRows):
    """One sheet of a workbook: the one named, else the first visible one that holds anything."""

    def __init__(self, path: Path, name: str | None):
        self.path = path
        with self._opened() as archive:
            ooxml.refuse_tricks(archive)
            book = ooxml.book(archive)
            self._strings = _strings(archive, book.part("/sharedStrings"))
            entries, since_1904 = _sheets(archive, book)
            self.names = [entry.name for entry in entries]
            self._readings = _readings(archive, book.part("/styles"), since_1904)
            self._entry = chosen(path, name, entries, lambda entry: self._filled(archive, entry))
            with archive.open(self._entry.part) as stream:
                self._merges = [_area(data) for kind, data in _records(stream) if kind == _MERGE]
        self.sheet = self._entry.name

    def reach(self, header_row: int) -> int:
        """The last column that merged cells beside the rows reach."""
        return ooxml.beside_rows(self._merges, header_row)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold anything."""
        with self._opened() as archive, archive.open(self._entry.part) as stream:
            yield from Merging(self._merges)(self._rows(stream))

    def _filled(self, archive: ZipFile, entry: _Entry) -> bool:
        with archive.open(entry.part) as stream:
            return any(self._rows(stream))

    def _rows(self, stream: IO[bytes]) -> Iterator[Row]:
        number, hidden, column = 0, False, -1
        values: list[object] = []
        for kind, data in _records(stream):
            if kind in (_ROW, _ROWS_END):
                if values:
                    yield Row(number, values, hidden)
                if kind == _ROWS_END:
                    return
                before, number = number, int.from_bytes(data[:4], "little") + 1
                if not before < number <= MOST_ROWS:
                    raise ValueError(f"row {number} stands behind row {before}")
                hidden, column, values = bool(data[11] & 0x10), -1, []
            elif 1 <= kind <= 18 or kind == _RICH_TEXT:
                short = kind >= 12 and kind != _RICH_TEXT
                column = column + 1 if short else int.from_bytes(data[:4], "little")
                if column >= MOST_COLUMNS:
                    raise ValueError(f"row {number} has a cell in a column that no sheet has")
                kind = _SHORT.get(kind, _FORMULAS.get(kind, kind))
                start = 4 if short else 8
                style = int.from_bytes(data[start - 4 : start - 1], "little")
                value = self._value(kind, data[start:], style)
                if value is not None:
                    values += [None] * (column + 1 - len(values))
                    values[column] = value
        raise ValueError("it ends in the middle of its rows")

    def _value(self, kind: int, data: bytes, style: int) -> object:
        match kind:
            case 2 | 5:
                value = _rk(data) if kind == _RK else struct.unpack_from("<d", data)[0]
                meaning = self._readings.get(style)
                return meaning(value) if meaning else value
            case 3:
                return spoilt_by(_ERRORS.get(data[0], "#N/A"))
            case 4:
                return bool(data[0])
            case 6:
                return _text(data)[0]
            case 7:
                return self._strings[int.from_bytes(data[:4], "little")]
            case 62:
                return _text(data[1:])[0]
            case _:
                return None


def _records(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """(type, data) of each record of a part."""
    buffer, position = stream.read(_READ), 0
    while True:
        if len(buffer) - position < 6:
            buffer, position = buffer[position:] + stream.read(_READ), 0
            if not buffer:
                return
        kind, position = buffer[position], position + 1
        if kind & 0x80:
            kind, position = (kind & 0x7F) | (buffer[position] & 0x7F) << 7, position + 1
        size = shift = 0
        while True:
            byte, position = buffer[position], position + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift == 28:
                break
        if size > _MOST_RECORD:
            raise ValueError("one of its records is too large")
        while len(buffer) - position < size:
            more = stream.read(_READ)
            if not more:
                raise ValueError("it ends in the middle of a record")
            buffer, position = buffer[position:] + more, 0
        yield kind, buffer[position : position + size]
        position += size


def _text(data: bytes, start: int = 0) -> tuple[str, int]:
    """A string with its length in front, and where it ends; empty where there is none."""
    length = int.from_bytes(data[start : start + 4], "little")
    if length == 0xFFFFFFFF:
        return "", start + 4
    end = start + 4 + 2 * length
    if end > len(data):
        raise ValueError("one of its texts is cut off")
    return data[start + 4 : end].decode("utf-16-le", "replace"), end


def _rk(data: bytes) -> float:
    """A number in 30 bits, and whether it is whole and divided by 100. (2.5.123, RkNumber)"""
    stored = int.from_bytes(data[:4], "little")
    if stored & 2:
        value: float = int.from_bytes(data[:4], "little", signed=True) >> 2
    else:
        value = struct.unpack("<d", struct.pack("<Q", (stored & ~3) << 32))[0]
    return value / 100 if stored & 1 else value


def _area(data: bytes) -> Area:
    top, bottom, left, right = struct.unpack_from("<4I", data)
    return Area(top + 1, left + 1, bottom + 1, right + 1)


def _strings(archive: ZipFile, part: str | None) -> list[str]:
    if part is None:
        return []
    with archive.open(part) as stream:
        return [_text(data, 1)[0] for kind, data in _records(stream) if kind == _STRING]


def _sheets(archive: ZipFile, book: ooxml.Book) -> tuple[list[_Entry], bool]:
    """The workbook's worksheets, and whether its days are counted from 1904."""
    sheets, since_1904 = [], False
    with archive.open(book.path) as stream:
        for kind, data in _records(stream):
            if kind == _BOOK:
                since_1904 = bool(data[0] & 1)
            elif kind == _SHEET:
                relation, end = _text(data, 8)
                part = book.worksheet(relation)
                if part is not None:
                    sheets.append(_Entry(_text(data, end)[0], data[0] == 0, part))
    return sheets, since_1904


def _readings(archive: ZipFile, part: str | None, since_1904: bool) -> Mapping[int, Reading]:
    """Style → how its numbers are read, for styles whose numbers are more than that."""
    if part is None:
        return {}
    codes: dict[int, str] = dict(BUILT_IN)
    readings: dict[int, Reading] = {}
    style, inside = 0, False
    with archive.open(part) as stream:
        for kind, data in _records(stream):
            if kind == _FORMAT:
                codes[int.from_bytes(data[:2], "little")] = _text(data, 2)[0]
            elif kind in (_STYLES, _STYLES_END):
                inside = kind == _STYLES
            elif kind == _STYLE and inside:
                code = codes.get(int.from_bytes(data[2:4], "little"), "")
                if (meaning := reading(code, since_1904)) is not None:
                    readings[style] = meaning
                style += 1
    return readings

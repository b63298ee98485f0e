"""ODS workbooks, read row by row from their XML (OpenDocument 1.3 part 3, chapters 9 and 19)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from defusedxml.ElementTree import iterparse

from bulksender import ooxml
from bulksender.model import Shown
from bulksender.ooxml import MOST_COLUMNS, MOST_ROWS, Area
from bulksender.tables.choosing import ZippedWorkbook, chosen, protected
from bulksender.tables.formats import shortened
from bulksender.tables.merging import Merging
from bulksender.tables.table import ERRORS, InRows, Row, spoilt_by

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_DURATION = re.compile(r"PT(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,7}(?:[.,]\d+)?)S)?")
_EXPONENT = re.compile(r"\dE[+-]?\d", re.IGNORECASE)
_OTHER_ERRORS = re.compile(r"(Err:|#)\S+")
MOST_TEXT = 131_072
"""Characters of a cell; programs allow 32,767."""
MOST_OTHERS, MOST_INSIDE = 1_000_000, 500_000
"""Elements outside all rows and styles, and inside one of them."""
MOST_CELLS = 50_000_000
"""Cells of a sheet, those that repeats stand for included."""


class _Entry(NamedTuple):
    """A sheet of the workbook, and what has to be known before its rows are read."""

    name: str
    visible: bool
    number: int
    filled: bool
    width: int
    merges: list[Area]


class OdsTable(ZippedWorkbook, InRows):
    """One sheet of a workbook: the one named, else the first visible one that holds anything."""

    def __init__(self, path: Path, name: str | None):
        self.path = path
        with self._opened() as archive:
            ooxml.refuse_tricks(archive)
            _refuse_encrypted(path, archive)
            with archive.open("content.xml") as stream:
                entries = _entries(stream)
            self.names = [entry.name for entry in entries]
            self._entry = chosen(path, name, entries, lambda entry: entry.filled)
        self.sheet = self._entry.name

    def reach(self, header_row: int) -> int:
        """The last column in use, merged cells beside the rows included."""
        return max(self._entry.width, ooxml.beside_rows(self._entry.merges, header_row))

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold anything."""
        with self._opened() as archive, archive.open("content.xml") as stream:
            yield from Merging(self._entry.merges)(self._rows(stream))

    def _rows(self, stream: IO[bytes]) -> Iterator[Row]:
        rows = (row for table, row in _walk(stream, {}, []) if table == self._entry.number)
        for row in rows:
            if row.cells:
                for number in range(row.number, row.number + row.repeated):
                    yield Row(number, row.cells, row.hidden)


class _Found(NamedTuple):
    """A row element: the first row that it stands for, and how many."""

    number: int
    repeated: int
    cells: list[object]
    hidden: bool


def _entries(stream: IO[bytes]) -> list[_Entry]:
    """The workbook's sheets; one whose style says that it is not displayed is hidden."""
    hidden: dict[str, bool] = {}
    tables: list[tuple[str, str, list[Area]]] = []
    widths: dict[int, int] = {}
    for table, row in _walk(stream, hidden, tables):
        if row.cells:
            widths[table] = max(widths.get(table, 0), len(row.cells))
    return [
        _Entry(name, not hidden.get(style), number, number in widths, widths.get(number, 0), merges)
        for number, (name, style, merges) in enumerate(tables)
    ]


def _walk(
    stream: IO[bytes], hidden_styles: dict[str, bool], tables: list[tuple[str, str, list[Area]]]
) -> Iterator[tuple[int, _Found]]:
    """(sheet, row) for every row element; what is read is forgotten at once.

    Fills `hidden_styles`, and `tables` with (name, style, merged areas).
    """
    depth = hidden_groups = number = filled = 0
    for starting, element in _elements(stream):
        match element.tag:
            case _Tag.TABLE:
                depth += 1 if starting else -1
                if starting and depth == 1:  # a table in a cell is none of the sheets
                    number = 0
                    name = element.get(f"{_TABLE}name", "")
                    tables.append((name, element.get(f"{_TABLE}style-name", ""), []))
            case _Tag.GROUP:
                closed = element.get(f"{_TABLE}display") == "false"
                hidden_groups += closed * (1 if starting else -1)
            case _Tag.ROW if not starting and depth == 1:
                repeated = _repeated(element, "rows")
                cells = _cells(element, number + 1, tables[-1][2])
                filled += repeated * len(cells)
                if cells and (number + repeated > MOST_ROWS or filled > MOST_CELLS):
                    raise ValueError("it has more cells than any program can show")
                hidden = element.get(f"{_TABLE}visibility", "visible") != "visible"
                found = _Found(number + 1, repeated, cells, hidden or hidden_groups > 0)
                yield len(tables) - 1, found
                number = min(number + repeated, MOST_ROWS)
            case _Tag.STYLE if not starting:
                for properties in element:
                    if properties.get(f"{_TABLE}display") == "false":
                        hidden_styles[element.get(f"{_STYLE}name", "")] = True


def _elements(stream: IO[bytes]) -> Iterator[tuple[bool, Element]]:
    """(whether it starts, element) in the order of the file; only rows and styles come whole."""
    above: list[Element] = []
    whole = others = inside = 0
    for event, element in iterparse(stream, events=("start", "end")):
        kept = element.tag in (_Tag.ROW, _Tag.STYLE)
        if event == "start":
            above.append(element)
            whole += kept
            inside = inside + 1 if whole else 0
            others += not whole
            if inside > MOST_INSIDE or others > MOST_OTHERS:
                raise ValueError("it holds too much that is no row of a sheet")
            yield True, element
            continue
        yield False, element
        whole -= kept
        above.pop()
        if not whole and above:
            del above[-1][:]  # what has been read of it


class _Tag:
    TABLE, GROUP, ROW = f"{_TABLE}table", f"{_TABLE}table-row-group", f"{_TABLE}table-row"
    STYLE = f"{_STYLE}style"
    SPACES, TAB, LINE_BREAK = f"{_TEXT}s", f"{_TEXT}tab", f"{_TEXT}line-break"


def _repeated(element: Element, what: str) -> int:
    """How many rows or columns an element stands for."""
    times = int(element.get(f"{_TABLE}number-{what}-repeated", "1"))
    if times < 1:
        raise ValueError(f"it repeats {what} {times} times")
    return times


def _cells(row: Element, number: int, merges: list[Area]) -> list[object]:
    """A row's values by column, without the blank ones at its end; merged areas are noted."""
    values: list[object] = []
    waiting = 0  # blank cells, put in only when another follows
    for cell in row:
        covered = cell.tag == f"{_TABLE}covered-table-cell"
        if not covered and cell.tag != f"{_TABLE}table-cell":
            continue
        repeated = _repeated(cell, "columns")
        value = None if covered else _value(cell)
        if value is None or value == "":
            waiting += repeated
            continue
        if len(values) + waiting + repeated > MOST_COLUMNS:
            raise ValueError(f"row {number} has more cells than any program can show")
        values += [None] * waiting
        waiting = 0
        down = int(cell.get(f"{_TABLE}number-rows-spanned", "1"))
        across = int(cell.get(f"{_TABLE}number-columns-spanned", "1"))
        if down > 1 or across > 1:
            left = len(values) + 1
            merges.append(Area(number, left, number + down - 1, left + across - 1))
        values += [value] * repeated
    return values


def _value(cell: Element) -> object:
    """A cell's value; a number shows as its sheet shows it."""
    shown = "\n".join(_paragraph(child) for child in cell if child.tag == f"{_TEXT}p")
    kind = cell.get(f"{_OFFICE}value-type", "")
    if cell.get(f"{_CALC}value-type") == "error" or (
        cell.get(f"{_TABLE}formula") and (shown in ERRORS or _OTHER_ERRORS.fullmatch(shown))
    ):
        return spoilt_by(shown)
    match kind:
        case "float" | "percentage" | "currency":
            value = float(cell.get(f"{_OFFICE}value", "nan"))
            return _number(value, shown)
        case "date":
            moment = cell.get(f"{_OFFICE}date-value", "")
            return (
                None if moment.startswith("1899-12-30") and "T" not in moment else _moment(moment)
            )
        case "time":
            found = _DURATION.fullmatch(cell.get(f"{_OFFICE}time-value", ""))
            hours, minutes, seconds = found.groups() if found else (None, None, None)
            whole = round(float((seconds or "0").replace(",", ".")))
            elapsed = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=whole)
            return (datetime.min + elapsed).time() if elapsed < timedelta(days=1) else elapsed
        case "boolean":
            return cell.get(f"{_OFFICE}boolean-value") == "true"
        case "string":
            return cell.get(f"{_OFFICE}string-value") or shown
        case _:
            return shown


def _number(value: float, shown: str) -> object:
    """The number; in the form that the sheet shows, where that says more than rounded digits."""
    plain = f"{value:.15g}"
    general = f"{value:.10g}"
    if _EXPONENT.search(shown):
        return shortened(value)
    return value if shown in ("", plain, general) else Shown(value, shown)


def _moment(text: str) -> date | datetime | str:
    try:
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text


def _paragraph(element: Element) -> str:
    """A paragraph's characters: spaces, tabs and line breaks are elements of their own."""
    text = element.text or ""
    for child in element:
        match child.tag:
            case _Tag.SPACES:
                text += " " * min(max(int(child.get(f"{_TEXT}c", "1")), 0), 32_767)
            case _Tag.TAB:
                text += "\t"
            case _Tag.LINE_BREAK:
                text += "\n"
            case _ if not child.tag.endswith("}annotation"):
                text += _paragraph(child)
        text += child.tail or ""
        if len(text) > MOST_TEXT:
            raise ValueError(f"one of its cells holds more than {MOST_TEXT:,} characters")
    return text


def _refuse_encrypted(path: Path, archive: ZipFile) -> None:
    manifest = "META-INF/manifest.xml"
    if manifest in archive.NameToInfo:
        with archive.open(manifest) as stream:
            if b"encryption-data" in stream.read(ooxml.MOST_UNPARSED):
                raise protected(path)

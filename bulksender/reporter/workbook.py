"""XLSX and XLSM: cells are added to the sheet's XML as it streams by; every other part is copied.

Nothing is parsed and written again, so nothing is lost: styles, formulas, charts, pictures, macros
and what no library knows yet. The sheet's own bytes stay too, but for the result columns and the
`<dimension>` (ECMA-376 part 1, 18.3.1).
"""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from defusedxml.ElementTree import fromstring

from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, SheetFacts, column_letter

_READ = 1 << 20  # bytes at a time
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_ATTRIBUTE_R = re.compile(rb"""\sr=["']([A-Z]*)(\d*)["']""")
_ATTRIBUTE_S = re.compile(rb"""\ss=["'](\d+)["']""")
_DIMENSION = re.compile(rb"""(<(?:\w+:)?dimension\s[^>]*?ref=["'])([A-Z]+\d+)(?::([A-Z]+)(\d+))?""")
_SHEET_DATA = re.compile(rb"<(\w+:)?sheetData\s*(/?)>")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x000D_ as a character
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(facts: SheetFacts, rows: Iterator[tuple[int, Values]], target: Path) -> None:
    """Copy the workbook `facts.path` to `target` with the result columns in its sheet.

    `rows` come in the sheet's order. Raises OSError, zipfile.BadZipFile, and ValueError where the
    sheet or one of the rows is not in the workbook.
    """
    with ZipFile(facts.path) as source, ZipFile(target, "w", ZIP_DEFLATED, True, 1) as output:
        part = sheet_part(source, facts.sheet or "")
        for entry in source.infolist():
            with source.open(entry) as reading, output.open(_same(entry), "w") as writing:
                if entry.filename == part:
                    _SheetWriter(facts, rows, reading, writing).write()
                else:
                    shutil.copyfileobj(reading, writing, _READ)


def _same(entry: ZipInfo) -> ZipInfo:
    """A new entry of the same name, date, attributes and compression."""
    copy = ZipInfo(entry.filename, entry.date_time)
    copy.compress_type = entry.compress_type
    copy.external_attr = entry.external_attr
    copy.comment = entry.comment
    copy.file_size = entry.file_size  # tells zipfile whether ZIP64 is needed
    return copy


def sheet_part(archive: ZipFile, name: str) -> str:
    """The archive's member that holds the sheet `name`. Raises ValueError where there is none."""
    book_path = _target(archive, "_rels/.rels", "", "/officeDocument")
    book = fromstring(archive.read(book_path))
    for sheet in book.iter():
        if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name") == name:
            relation = sheet.get(_RELATIONSHIP) or sheet.get(_STRICT_RELATIONSHIP)
            folder, file = posixpath.split(book_path)
            return _target(
                archive, f"{folder}/_rels/{file}.rels".lstrip("/"), folder, relation_id=relation
            )
    raise ValueError(f'the workbook has no sheet "{name}"')


def _target(
    archive: ZipFile, rels: str, folder: str, kind: str = "", relation_id: str | None = None
) -> str:
    """The part that a relationship points to, by its type's end or its id."""
    for relation in fromstring(archive.read(rels)):
        by_id = relation_id is not None and relation.get("Id") == relation_id
        if by_id or (kind and str(relation.get("Type")).endswith(kind)):
            target = str(relation.get("Target"))
            whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            return posixpath.normpath(whole)
    raise ValueError("the workbook's parts do not name each other")


class _Cell(NamedTuple):
    """A cell of a row's XML: its column (from 1) and where it stands in the row."""

    column: int
    start: int
    end: int


class _SheetWriter:
    """Streams one sheet's XML through, adding each row's cells."""

    def __init__(
        self,
        facts: SheetFacts,
        rows: Iterator[tuple[int, Values]],
        reading: IO[bytes],
        writing: IO[bytes],
    ):
        self._facts = facts
        self._columns = list(facts.result_columns.values())
        self._letters = [column_letter(column).encode() for column in self._columns]
        self._new_from = min(self._columns)
        self._rows = rows
        self._expected = next(rows, None)
        self._reading = reading
        self._writing = writing

    def write(self) -> None:
        """Stream the whole part through."""
        buffer = b""
        while not (found := _SHEET_DATA.search(buffer)):
            more = self._reading.read(_READ)
            if not more:
                raise ValueError("the sheet holds no rows")
            buffer += more
        self._prefix = prefix = found[1] or b""
        self._writing.write(self._with_dimension(buffer[: found.end()]))
        rest = buffer[found.end() :]
        if not found[2]:
            rest = self._write_rows(rest, prefix)
        if self._expected is not None:
            raise ValueError(f"row {self._expected[0]} is not in the sheet")
        self._writing.write(rest)
        shutil.copyfileobj(self._reading, self._writing, _READ)

    def _write_rows(self, buffer: bytes, prefix: bytes) -> bytes:
        """Write all rows; returns what was read beyond them."""
        row = re.compile(
            rb"<%brow(?=[\s/>])[^>]*?(?:/>|>.*?</%brow>)" % (prefix, prefix), re.DOTALL
        )
        end = b"</%bsheetData>" % prefix
        self._cell = re.compile(
            rb"<%bc(?=[\s/>])[^>]*?(?:/>|>.*?</%bc>)" % (prefix, prefix), re.DOTALL
        )
        self._close = b"</%brow>" % prefix
        number = 0
        while True:
            written = 0
            pieces = []
            for match in row.finditer(buffer):
                pieces.append(buffer[written : match.start()])
                written = match.end()
                number = _row_number(match.group()) or number + 1
                pieces.append(self._row(number, match.group()))
            self._writing.write(b"".join(pieces))
            buffer = buffer[written:]
            if end in buffer:
                return buffer
            more = self._reading.read(_READ)
            if not more:
                raise ValueError("the sheet's XML ends in the middle of its rows")
            buffer += more

    def _row(self, number: int, row: bytes) -> bytes:
        """The row with its result cells, or the row itself where it has none."""
        if number == self._facts.header_row:
            return self._header(number, row)
        if self._expected is None or number < self._expected[0]:
            return row
        if number > self._expected[0]:
            raise ValueError(f"row {self._expected[0]} is not in the sheet")
        values = self._expected[1]
        self._expected = next(self._rows, None)
        return self._merged(number, row, values)

    def _header(self, number: int, row: bytes) -> bytes:
        """Names over the new columns, in the style of the header's last cell."""
        styles = _ATTRIBUTE_S.findall(row[row.find(b">") :])
        names = tuple(None if name in self._facts.headers else name for name in RESULT_COLUMNS)
        return self._merged(number, row, names, styles[-1] if styles else b"")

    def _merged(self, number: int, row: bytes, values: Values, style: bytes = b"") -> bytes:
        if row.endswith(b"/>"):
            row = row[:-2] + b">" + self._close
        cells = self._cells_from(row, self._new_from)
        at = b"%d" % number
        if not cells:
            made = [
                self._made(letters + at, value, style)
                for letters, value in zip(self._letters, values, strict=True)
                if value not in (None, "")
            ]
            return row[: -len(self._close)] + b"".join(made) + self._close
        return self._inserted(at, row, cells, values, style)

    def _cells_from(self, row: bytes, column: int) -> list[_Cell]:
        """The row's cells, where any stands in the first result column or right of it."""
        last = row.rfind(b' r="')
        in_tag = row.rfind(b"<", 0, last) > row.rfind(b">", 0, last) >= 0
        named = _ATTRIBUTE_R.match(row, last) if in_tag else None
        if named and named[1] and column_number(named[1]) < column:
            return []
        cells, position = [], 0
        for match in self._cell.finditer(row, row.find(b">")):
            found = _ATTRIBUTE_R.search(row, match.start(), row.find(b">", match.start()) + 1)
            position = column_number(found[1]) if found and found[1] else position + 1
            cells.append(_Cell(position, match.start(), match.end()))
        return cells if cells and cells[-1].column >= column else []

    def _inserted(
        self, at: bytes, row: bytes, cells: list[_Cell], values: Values, style: bytes
    ) -> bytes:
        """The row with result cells among its others, in the order of the columns."""
        standing = {cell.column: cell for cell in cells}
        pieces: list[tuple[int, bytes]] = [
            (cell.column, row[cell.start : cell.end]) for cell in cells
        ]
        kept = dict(pieces)
        for column, letters, value in zip(self._columns, self._letters, values, strict=True):
            if value is None:
                continue
            old = standing.get(column)
            found = (
                _ATTRIBUTE_S.search(row[old.start : row.find(b">", old.start) + 1]) if old else None
            )
            own = found[1] if found else style
            if value != "" or old is not None:
                kept[column] = self._made(letters + at, value, own)
        body = b"".join(kept[column] for column in sorted(kept))
        return row[: cells[0].start] + body + row[cells[-1].end :]

    def _made(self, reference: bytes, value: str | int | None, style: bytes) -> bytes:
        """A cell's XML: a number, or text that no spreadsheet program takes for a formula."""
        prefix = self._prefix
        look = b' s="%b"' % style if style else b""
        if value == "" or value is None:
            return b'<%bc r="%b"%b/>' % (prefix, reference, look)
        if isinstance(value, int):
            return b'<%bc r="%b"%b><%bv>%d</%bv></%bc>' % (
                prefix, reference, look, prefix, value, prefix, prefix,
            )  # fmt: skip
        space = b' xml:space="preserve"' if value != value.strip() or "\n" in value else b""
        text = escape(_ESCAPED.sub("_x005F_", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)))
        return b'<%bc r="%b"%b t="inlineStr"><%bis><%bt%b>%b</%bt></%bis></%bc>' % (
            prefix, reference, look, prefix, prefix, space, text.encode(), prefix, prefix, prefix,
        )  # fmt: skip

    def _with_dimension(self, head: bytes) -> bytes:
        """The part before the rows, its `<dimension>` widened to the last result column."""
        last = max(self._columns)

        def widened(match: re.Match[bytes]) -> bytes:
            start, first, column, row = match.groups()
            top = re.fullmatch(rb"([A-Z]+)(\d+)", first)
            assert top is not None  # the pattern itself demands it
            column, row = column or top[1], row or top[2]
            if column_number(column) >= last:
                return match.group()
            return b"%b%b:%b%b" % (start, first, column_letter(last).encode(), row)

        return _DIMENSION.sub(widened, head, count=1)


def _row_number(row: bytes) -> int | None:
    found = _ATTRIBUTE_R.search(row, 0, row.find(b">") + 1)
    return int(found[2]) if found and found[2] else None


def column_number(letters: bytes) -> int:
    """`A` → 1, `AA` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

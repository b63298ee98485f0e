"""A worksheet's XML, with cells added to its rows as it streams by.

Nothing is parsed and written again: what is not a result cell or the `<dimension>` goes out byte
for byte as it came in (ECMA-376 part 1, 18.3.1; rows, cells and inline strings are 18.3.1.73,
18.3.1.4 and 18.4.8).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

from bulksender.ooxml import column_number
from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, SheetFacts, column_letter

READ = 1 << 20  # bytes at a time

_SHEET_DATA = re.compile(rb"<(\w+:)?sheetData\s*(/?)>")
_DIMENSION = re.compile(rb"""(<(?:\w+:)?dimension\s[^>]*?ref=["'])([A-Z]+\d+)(?::([A-Z]+)(\d+))?""")
_REFERENCE = re.compile(rb"""\sr=["']([A-Z]*)(\d*)["']""")
_STYLE = re.compile(rb"""\ss=["'](\d+)["']""")

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
MOST_CHARACTERS = 32_767  # in a cell, Excel's limit

_PLAIN_TEXT = re.compile(r"(?!\s)[^&<>\x00-\x1f_\ud800-\udfff\ufffe\uffff]*(?<!\s)")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x000D_ as a character
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Cell(NamedTuple):
    """A cell of a row's XML: its column (from 1) and where it stands in the row."""

    column: int
    start: int
    end: int


class SheetWriter:
    """Streams one sheet's XML from `reading` to `writing`; `rows` come in the sheet's order.

    `write` raises OSError, and ValueError where one of the rows is not in the sheet.
    """

    def __init__(
        self,
        facts: SheetFacts,
        rows: Iterator[tuple[int, Values]],
        reading: IO[bytes],
        writing: IO[bytes],
    ):
        self._facts = facts
        self._columns = list(facts.result_columns.values())
        self._first_column = min(self._columns)
        self._letters = [column_letter(column) for column in self._columns]
        self._rows = rows
        self._expected = next(rows, None)
        self._reading = reading
        self._writing = writing
        self.replaced_formulas = False
        """Whether a formula stood where a result stands now."""
        self._use_prefix("")

    def write(self) -> None:
        """Stream the whole part through."""
        buffer = b""
        while not (found := _SHEET_DATA.search(buffer)):
            buffer += self._more("the sheet holds no rows")
        self._use_prefix((found[1] or b"").decode())
        self._writing.write(self._with_dimension(buffer[: found.end()]))
        rest = buffer[found.end() :]
        if not found[2]:
            rest = self._write_rows(rest)
        if self._expected is not None:
            raise ValueError(f"row {self._expected[0]} is not in the sheet")
        self._writing.write(rest)
        shutil.copyfileobj(self._reading, self._writing, READ)

    def _use_prefix(self, prefix: str) -> None:
        """Prepare the patterns and the pieces of a cell for the document's namespace prefix."""
        p = prefix.encode()
        self._row_pattern = re.compile(
            rb"<%brow(?=[\s/>])[^>]*?(?:/>|>.*?</%brow>)" % (p, p), re.DOTALL
        )
        self._cell_pattern = re.compile(
            rb"<%bc(?=[\s/>])[^>]*?(?:/>|>.*?</%bc>)" % (p, p), re.DOTALL
        )
        self._cell_tag = re.compile(rb"<%bc[\s/>]" % p)
        self._row_end = b"</%brow>" % p
        self._data_end = b"</%bsheetData>" % p
        self._cell_start = f"<{prefix}c r="
        self._number = (f"><{prefix}v>", f"</{prefix}v></{prefix}c>")
        self._text = (
            f' t="inlineStr"><{prefix}is><{prefix}t',
            f"</{prefix}t></{prefix}is></{prefix}c>",
        )

    def _more(self, otherwise: str) -> bytes:
        more = self._reading.read(READ)
        if not more:
            raise ValueError(otherwise)
        return more

    def _write_rows(self, buffer: bytes) -> bytes:
        """Write all rows; returns what was read beyond them."""
        number = 0
        while True:
            written = 0
            pieces: list[bytes] = []
            for start, end in self._rows_in(buffer):
                row = buffer[start:end]
                number = _row_number(row) or number + 1
                pieces += (buffer[written:start], self._row(number, row))
                written = end
            self._writing.write(b"".join(pieces))
            buffer = buffer[written:]
            if self._data_end in buffer:
                return buffer
            buffer += self._more("the sheet's XML ends in the middle of its rows")

    def _rows_in(self, buffer: bytes) -> Iterator[tuple[int, int]]:
        """Where each whole row begins and ends. A row's end inside CDATA is text, not an end."""
        position = 0
        while match := self._row_pattern.search(buffer, position):
            start, position = match.span()
            while buffer.count(b"<![CDATA[", start, position) > buffer.count(
                b"]]>", start, position
            ):
                position = buffer.find(self._row_end, position) + len(self._row_end)
                if position < len(self._row_end):
                    return
            yield start, position

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
        styles = _STYLE.findall(row, row.find(b">"))
        names = tuple(None if name in self._facts.headers else name for name in RESULT_COLUMNS)
        return self._merged(number, row, names, styles[-1].decode() if styles else "")

    def _merged(self, number: int, row: bytes, values: Values, style: str = "") -> bytes:
        if row.endswith(b"/>"):
            row = row[:-2] + b">" + self._row_end
        cells = self._cells_if_in_the_way(row)
        if cells:
            return self._inserted(number, row, cells, values, style)
        made = [
            self._made(f"{letters}{number}", value, style)
            for letters, value in zip(self._letters, values, strict=True)
            if value is not None and value != ""
        ]
        return b"%b%b%b" % (row[: -len(self._row_end)], "".join(made).encode(), self._row_end)

    def _cells_if_in_the_way(self, row: bytes) -> list[_Cell]:
        """All the row's cells, where one stands in the first result column or right of it."""
        last = row.rfind(b' r="')
        if row.rfind(b"<", 0, last) > row.rfind(b">", 0, last) >= 0:  # in a tag, not in a text
            named = _REFERENCE.match(row, last)
            left = named and named[1] and column_number(named[1]) < self._first_column
            if left and not self._cell_tag.search(row, last):  # and no cell without r behind it
                return []
        cells, column = [], 0
        for match in self._cell_pattern.finditer(row, row.find(b">")):
            found = _REFERENCE.search(row, match.start(), row.find(b">", match.start()) + 1)
            column = column_number(found[1]) if found and found[1] else column + 1
            cells.append(_Cell(column, match.start(), match.end()))
        return cells if cells and cells[-1].column >= self._first_column else []

    def _inserted(
        self, number: int, row: bytes, cells: list[_Cell], values: Values, style: str
    ) -> bytes:
        """The row with result cells among its others, in the order of the columns."""
        standing = {cell.column: row[cell.start : cell.end] for cell in cells}
        gaps = {  # white space and comments in front of a cell
            cell.column: row[before.end : cell.start] for before, cell in pairwise(cells)
        }
        merged = dict(standing)
        for column, letters, value in zip(self._columns, self._letters, values, strict=True):
            old = standing.get(column)
            if value is None or (value == "" and old is None):
                continue
            if old is not None and _FORMULA.search(old):
                self.replaced_formulas = True
            own = _STYLE.search(old, 0, old.find(b">") + 1) if old else None
            made = self._made(f"{letters}{number}", value, own[1].decode() if own else style)
            merged[column] = made.encode()
        body = b"".join(gaps.get(column, b"") + merged[column] for column in sorted(merged))
        return row[: cells[0].start] + body + row[cells[-1].end :]

    def _made(self, reference: str, value: str | int, style: str) -> str:
        """A cell's XML: a number, or text that no spreadsheet program takes for a formula."""
        start = f'{self._cell_start}"{reference}"'
        if style:
            start += f' s="{style}"'
        if value == "":
            return f"{start}/>"
        if isinstance(value, int):
            return f"{start}{self._number[0]}{value}{self._number[1]}"
        value = value[:MOST_CHARACTERS]
        if _PLAIN_TEXT.fullmatch(value):
            return f"{start}{self._text[0]}>{value}{self._text[1]}"
        return (
            f'{start}{self._text[0]} xml:space="preserve">{escape(literal(value))}{self._text[1]}'
        )

    def _with_dimension(self, head: bytes) -> bytes:
        """The part before the rows, its `<dimension>` widened to the last result column."""
        last = max(self._columns)

        def widened(match: re.Match[bytes]) -> bytes:
            start, first, column, row = match.groups()
            if column is None:
                column, row = re.match(rb"([A-Z]+)(\d+)", first).groups()  # type: ignore[union-attr]
            if column_number(column) >= last:
                return match.group()
            return b"%b%b:%b%b" % (start, first, column_letter(last).encode(), row)

        return _DIMENSION.sub(widened, head, count=1)


def literal(text: str) -> str:
    """Text that Excel reads back as it is: no `_x000D_` code, no character that XML forbids."""
    return _ESCAPED.sub("_x005F_", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _row_number(row: bytes) -> int | None:
    found = _REFERENCE.search(row, 0, row.find(b">") + 1)
    return int(found[2]) if found and found[2] else None

"""A worksheet's XML, with cells added to its rows as it streams by.

Nothing is parsed and written again: what is not a result cell or the `<dimension>` goes out byte
for byte as it came in (ECMA-376 part 1, 18.3.1; rows, cells and inline strings are 18.3.1.73,
18.3.1.4 and 18.4.8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from bulksender.ooxml import column_number
from bulksender.reporter.cellxml import ResultCells
from bulksender.reporter.pages import Page, Waiting
from bulksender.reporter.values import Values
from bulksender.source import SheetFacts, column_letter, earlier_results
from bulksender.zipping import Blocks, Packing, copy

_TWO_LETTERS = 702  # columns, up to ZZ

_SHEET_DATA = re.compile(rb"<(\w+:)?sheetData(?:\s[^<>]*?)?\s*(/?)>")
_DIMENSION = re.compile(rb"""(<(?:\w+:)?dimension\s[^>]*?ref=["'])([A-Z]+\d+)(?::([A-Z]+)(\d+))?""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Z]*)(\d*)["']""")
_STYLE = re.compile(rb"""\ss\s*=\s*["'](\d+)["']""")

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_SHARED = re.compile(rb"""<(?:\w+:)?f\s[^<>]*?\bsi\s*=\s*["'](\d+)["']""")
_MASTER = re.compile(rb"""%b[^<>]*(?<!/)>(?!\s*</)""" % _SHARED.pattern)
_EXTENSION = re.compile(rb"<(?:\w+:)?extLst[\s/>]")
_ASIDE = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)


class _Cell(NamedTuple):
    """A cell of a row's XML: its column (from 1) and where it stands in the row."""

    column: int
    start: int
    end: int


class SheetWriter:
    """Streams one sheet's XML from `reading` to `writing`; `pages` come in the sheet's order.

    `write` raises OSError, and ValueError where one of the rows is not in the sheet.
    """

    def __init__(
        self,
        facts: SheetFacts,
        pages: Iterator[Page],
        reading: Blocks,
        writing: Packing,
    ):
        self._facts = facts
        self._columns = list(facts.result_columns.values())
        self._first_column = min(self._columns)
        self._results = Waiting(pages, lambda page: self._cells.page(page))
        self._reading = reading
        self._writing = writing
        self._number = 0  # of the row that was seen last
        self._shared: set[bytes] = set()  # formulas of several rows that stood in a replaced cell
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
        self._results.end()
        self._writing.write(rest)
        copy(self._reading, self._writing)

    def _use_prefix(self, prefix: str) -> None:
        """Prepare the patterns and the pieces of a cell for the document's namespace prefix."""
        p = prefix.encode()
        self._row_pattern = re.compile(
            rb"<%brow(?=[\s/>])[^>]*?(?:/>|>.*?</%brow\s*>)" % (p, p), re.DOTALL
        )
        self._cell_pattern = re.compile(
            rb"<%bc(?=[\s/>])[^>]*?(?:/>|>.*?</%bc\s*>)" % (p, p), re.DOTALL
        )
        self._cell_tag = re.compile(rb"<%bc[\s/>]" % p)
        self._row_end = b"</%brow>" % p
        self._data_end = re.compile(rb"</%bsheetData\s*>" % p)
        self._cell_style = re.compile(rb"""<%bc\s(?:[^>]*?\s)?s=["'](\d+)["']""" % p)
        self._plain_row = _plain_row(p, self._first_column - 1)
        self._cells = ResultCells(self._columns, prefix)

    def _more(self, otherwise: str) -> bytes:
        more = self._reading.read()
        if not more:
            raise ValueError(otherwise)
        return more

    def _write_rows(self, buffer: bytes) -> bytes:
        """Write all rows; returns what was read beyond them."""
        while True:
            if b"<!" in buffer or self._plain_row is None:
                done = self._write_singly(buffer)
            else:
                done = self._write_at_once(buffer, self._plain_row)
            buffer = buffer[done:]
            if self._data_end.search(_masked(buffer)):
                return buffer
            buffer += self._more("the sheet's XML ends in the middle of its rows")

    def _write_at_once(self, buffer: bytes, plain_row: re.Pattern[bytes]) -> int:
        """Write the whole rows of a buffer without comments and CDATA; returns where they end.

        One expression finds the rows whose cells all stand left of the result.
        """
        ended = self._data_end.search(buffer)
        data_end = ended.start() if ended else -1
        last = buffer.rfind(self._row_end, 0, data_end if data_end >= 0 else len(buffer))
        if last < 0:
            return self._write_singly(buffer)
        end = last + len(self._row_end)
        header, made, row_end = self._facts.header_row, self._results.made, self._row_end
        pieces: list[bytes] = []
        number = self._number
        for plain, digits, other in plain_row.findall(buffer, 0, end):
            if other:
                self._writing.write(b"".join(pieces))
                pieces.clear()
                self._number = number
                self._writing.write(other[self._write_singly(other) :])
                number = self._number
                continue
            number = int(digits)
            if number == header:
                self._number = number
                pieces.append(self._header(plain + row_end))
            else:
                pieces += (plain, made(number) or b"", row_end)
        self._number = number
        self._writing.write(b"".join(pieces))
        return end + (self._write_singly(buffer[end:data_end]) if data_end >= 0 else 0)

    def _write_singly(self, buffer: bytes) -> int:
        """Write the whole rows of a buffer, one by one; returns where they end."""
        written = 0
        pieces: list[bytes] = []
        for found in self._row_pattern.finditer(_masked(buffer)):
            start, end = found.span()
            row = buffer[start:end]
            self._number = _row_number(row) or self._number + 1
            pieces += (buffer[written:start], self._row(row))
            written = end
        self._writing.write(b"".join(pieces))
        return written

    def _row(self, row: bytes) -> bytes:
        """The row `self._number` with its result cells, or the row itself where it has none."""
        if self._number == self._facts.header_row:
            return self._header(row)
        values = self._results.values(self._number)
        if values is not None:
            return self._merged(row, values)
        if self._shared and not self._shared.isdisjoint(_SHARED.findall(row)):
            raise ValueError("a row without a result shares a formula that a result has replaced")
        return row

    def _header(self, row: bytes) -> bytes:
        """Names over the new columns, in the style of the header's last cell."""
        styles = self._cell_style.findall(_masked(row))
        there = earlier_results(self._facts.headers)
        names = tuple(None if name in there else name for name in self._facts.added)
        return self._merged(row, names, styles[-1].decode() if styles else "")

    def _merged(self, row: bytes, values: Values, style: str = "") -> bytes:
        if row.endswith(b"/>"):
            row = row[:-2] + b">" + self._row_end
        cells = self._cells_if_in_the_way(row)
        if cells:
            return self._inserted(row, cells, values, style)
        made = self._cells.styled(self._number, values, style)
        behind = _EXTENSION.search(_masked(row)) if b"extLst" in row else None  # the schema's order
        end = behind.start() if behind else row.rindex(b"</")
        return b"%b%b%b" % (row[:end], made, row[end:])

    def _cells_if_in_the_way(self, row: bytes) -> list[_Cell]:
        """All the row's cells, where one stands in the first result column or right of it."""
        row = _masked(row)
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

    def _inserted(self, row: bytes, cells: list[_Cell], values: Values, style: str) -> bytes:
        """The row with result cells among its others, in the order of the columns."""
        standing = {cell.column: row[cell.start : cell.end] for cell in cells}
        gaps = {  # white space and comments in front of a cell
            cell.column: row[before.end : cell.start] for before, cell in pairwise(cells)
        }
        merged = dict(standing)
        for column, letters, value in zip(self._columns, self._cells.letters, values, strict=True):
            old = standing.get(column)
            if value is None or (value == "" and old is None):
                continue
            if old is not None and _FORMULA.search(old):
                self.replaced_formulas = True
                self._shared.update(_MASTER.findall(old))
            own = _STYLE.search(old, 0, old.find(b">") + 1) if old else None
            reference = f"{letters}{self._number}"
            made = self._cells.cell(reference, value, own[1].decode() if own else style)
            merged[column] = made.encode()
        body = b"".join(gaps.get(column, b"") + merged[column] for column in sorted(merged))
        return row[: cells[0].start] + body + row[cells[-1].end :]

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


def _masked(xml: bytes) -> bytes:
    """The XML with its comments and CDATA blotted out, all else in its place: to search in."""
    return _ASIDE.sub(lambda found: b"-" * len(found[0]), xml) if b"<!" in xml else xml


def _plain_row(prefix: bytes, last_column: int) -> re.Pattern[bytes] | None:
    """Rows whose cells stand in columns up to `last_column`, without comments and CDATA.

    Groups: such a row up to its end tag, its number; else whatever ends with the next end tag of a
    row. None where there is no such column, or too many for an expression.
    """
    if not 0 < last_column <= _TWO_LETTERS:
        return None
    last = column_letter(last_column).encode()
    if len(last) == 1:
        letters = rb"[A-%b]" % last
    else:
        before = b"|[A-%c][A-Z]" % (last[0] - 1) if last[0] > ord("A") else b""
        letters = rb"(?:[A-Z]%b|%c[A-%c])" % (before, last[0], last[1])
    p = prefix
    inner = rb"(?:[^<]*+<(?!/%bc>|%bc[\s>/]|!)[^>]*+>)*+[^<]*+" % (p, p)
    value = rb"<%bv>[^<]*+</%bv>" % (p, p)  # as most cells have
    cell = rb'<%bc r="%b[0-9]++"[^>]*+>(?:%b</%bc>|(?<=/>)|%b</%bc>)'
    cell %= (p, letters, value, p, inner, p)
    return re.compile(
        rb'(<%brow r="([0-9]{1,7}+)"[^>]*+(?<!/)>(?:%b)*+)</%brow>|([\s\S]*?</%brow>)'
        % (p, cell, p, p)
    )


def _row_number(row: bytes) -> int | None:
    found = _REFERENCE.search(row, 0, row.find(b">") + 1)
    return int(found[2]) if found and found[2] else None

"""What every kind of file looks like from the loader: numbered rows of raw cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import compress, zip_longest
from typing import Any, NamedTuple, Protocol

from bulksender.model import Cell, Formatted


class Row(NamedTuple):
    """A row as the file has it; `hidden` where the sheet does not show it.

    `number` counts from 1 as the sheet does, blank rows included; `values` begin with column A.
    """

    number: int
    values: Sequence[object]
    hidden: bool = False


class Block(NamedTuple):
    """Rows of a sheet, column by column: what many rows have alike is looked at once.

    `columns` begin with column A and are as long as `numbers`; where a row does not reach a column,
    its cell is None. `hidden` are the numbers of the rows that the sheet does not show.
    """

    numbers: Sequence[int]
    columns: Sequence[Sequence[Any]]
    hidden: frozenset[int] = frozenset()

    def rows(self) -> Iterator[Row]:
        """The rows that hold anything, each up to its last cell."""
        values = zip(*self.columns, strict=True)
        for number, row in zip(self.numbers, values, strict=False):  # no columns, no rows
            reach = len(row)
            while reach and row[reach - 1] is None:
                reach -= 1
            if reach:
                yield Row(number, row[:reach], number in self.hidden)

    def only(self, wanted: Sequence[bool]) -> Block:
        """The wanted rows, up to the last column that any of them reaches."""
        columns = [list(compress(column, wanted)) for column in self.columns]
        while columns and all(cell is None for cell in columns[-1]):
            columns.pop()
        return Block(list(compress(self.numbers, wanted)), columns, self.hidden)

    def parts(self, size: int) -> Iterator[Block]:
        """The rows, at most `size` at a time."""
        for start in range(0, len(self.numbers), size):
            some = slice(start, start + size)
            yield Block(self.numbers[some], [column[some] for column in self.columns], self.hidden)


MOST_CELLS = 1_000_000
"""Cells of a block, but for one of a single row: a wide row makes all others as wide."""


def blocks_of(
    numbers: Sequence[int],
    values: Sequence[Sequence[object]],
    hidden: frozenset[int] = frozenset(),
) -> Iterator[Block]:
    """Rows of any widths as one block, or as several where that is more than MOST_CELLS."""
    if len(numbers) > 1 and len(numbers) * max(map(len, values)) > MOST_CELLS:
        middle = len(numbers) // 2
        yield from blocks_of(numbers[:middle], values[:middle], hidden)
        yield from blocks_of(numbers[middle:], values[middle:], hidden)
    elif numbers:
        yield Block(numbers, list(zip_longest(*values)), hidden)


def in_blocks(rows: Iterable[Row], size: int = 10_000) -> Iterator[Block]:
    """The rows as blocks of at most `size`; no more of them are held than a block may have."""
    some: list[Row] = []
    cells = 0
    for row in rows:
        some.append(row)
        cells += len(row.values)
        if len(some) == size or cells >= MOST_CELLS:
            yield from _together(some)
            some, cells = [], 0
    yield from _together(some)


def _together(rows: Sequence[Row]) -> Iterator[Block]:
    numbers, values, hidden = list(zip(*rows, strict=True)) or [()] * 3
    return blocks_of(numbers, values, frozenset(compress(numbers, hidden)))


class Table(Protocol):
    """An opened sheet."""

    @property
    def sheet(self) -> str | None:
        """The sheet's name in its workbook; None for a file that has no sheets."""

    @property
    def dialect(self) -> Dialect:
        """How the file's text is written; the default for a file that is not text."""

    @property
    def names(self) -> Sequence[str]:
        """The names of all sheets of a workbook; none for a file that has no sheets."""

    @property
    def remarks(self) -> Sequence[str]:
        """What the sheet's owner should know about the file, as far as it has been read."""

    def reach(self, header_row: int) -> int:
        """The last column (from 1) that anything reaches, as far as that is known beforehand."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in order; blank ones may be left out.

        Raises SheetError, naming the place, for damaged data.
        """

    def blocks(self) -> Iterator[Block]:
        """The same rows in blocks, none of them empty; blank rows may be among them."""


class InRows:
    """A table that is read row by row."""

    def rows(self) -> Iterator[Row]:
        """As in `Table`."""
        raise NotImplementedError

    def blocks(self) -> Iterator[Block]:
        """As in `Table`."""
        return in_blocks(self.rows())


class Dialect(NamedTuple):
    """How a delimited file is written; `encoding` is what `source.opened` takes."""

    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\n"


class Spoilt(NamedTuple):
    """A cell that has no value that could be used: an error, or a formula never computed."""

    why: str
    shown: str = ""


ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA")
NEVER_COMPUTED = Spoilt(
    "the cell's formula was never computed; open the sheet in Excel or LibreOffice and save it"
)


def spoilt_by(error: str) -> Spoilt:
    """A cell that shows an error of the spreadsheet program, such as `#REF!`."""
    return Spoilt(f"the cell shows the error {error}; correct its formula", error)


def plain(value: object) -> Cell:
    """A raw value as a cell: as the sheet shows it, blank as None, text without outer spaces.

    Spreadsheets keep every number as a float of 15 good digits: whole ones become int, others are
    rounded to 15 digits (819.1900000000001 → 819.19). A date-time at midnight is a date.
    """
    kind = type(value)
    if kind is str:
        return value.strip() or None  # type: ignore[attr-defined]
    if kind is float:
        return _number(value)  # type: ignore[arg-type]
    if value is None or kind in _PLAIN:
        return value  # type: ignore[return-value]
    if isinstance(value, Formatted):
        return value
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min and value.tzinfo is None else value
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value).strip() or None


def plain_column(values: Sequence[Any]) -> list[Cell]:
    """A column of raw values as cells."""
    kinds = set(map(type, values))
    if all(kind in _AS_THEY_ARE or issubclass(kind, Formatted) for kind in kinds):
        return list(values)
    if kinds == {str}:
        return [value.strip() or None for value in values]
    return [
        (value.strip() or None)
        if type(value) is str
        else value
        if type(value) in _AS_THEY_ARE
        else plain(value)
        for value in values
    ]


_PLAIN = frozenset({int, bool, date, time, Spoilt})
_AS_THEY_ARE = _PLAIN | {type(None)}


def _number(value: float) -> int | float | None:
    if value != value:  # a NaN is a blank cell, wherever it comes from
        return None
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.15g}")

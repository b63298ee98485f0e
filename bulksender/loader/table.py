"""What every kind of file looks like from the loader: rows of plain cells, from row 1 on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Protocol

from bulksender.model import Cell


class Table(Protocol):
    """An opened sheet. `rows()` yields every row from the first on, blank ones included."""

    @property
    def sheet(self) -> str | None:
        """The sheet's name in its workbook; None for a file that has no sheets."""

    @property
    def dialect(self) -> Dialect:
        """How the file's text is written; the default for a file that is not text."""

    def reach(self, header_row: int) -> int:
        """The last column (from 1) that anything reaches, as far as that is known beforehand."""

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the rows' raw values. Raises SheetError, naming the place, for damaged data."""


class Dialect:
    """How a delimited file is written: Python codec, delimiter, line end."""

    def __init__(self, encoding: str = "utf-8", delimiter: str = ",", newline: str = "\n"):
        self.encoding = encoding
        self.delimiter = delimiter
        self.newline = newline


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
    if value is None or kind in (int, bool, date, time):
        return value  # type: ignore[return-value]
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min and value.tzinfo is None else value
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value).strip() or None


def _number(value: float) -> int | float | None:
    if value != value:  # a NaN is a blank cell, wherever it comes from
        return None
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.15g}")

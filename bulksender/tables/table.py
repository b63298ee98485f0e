"""What every kind of file looks like from the loader: numbered rows of raw cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from bulksender.model import Cell, Shown


class Row(NamedTuple):
    """A row as the file has it; `hidden` where the sheet does not show it.

    `number` counts from 1 as the sheet does, blank rows included; `values` begin with column A.
    """

    number: int
    values: Sequence[object]
    hidden: bool = False


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
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min and value.tzinfo is None else value
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value).strip() or None


_PLAIN = frozenset({int, bool, date, time, Shown, Spoilt})


def _number(value: float) -> int | float | None:
    if value != value:  # a NaN is a blank cell, wherever it comes from
        return None
    if value.is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{value:.15g}")

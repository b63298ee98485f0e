"""How a case is written down, and the writers that make its sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas
import xlsxwriter

from bulksender.errors import Refused, SheetError

ANNA, BEN, CARL, DORA = "+6591234567", "+6591234568", "+6591234569", "+6591234570"

Maker = Callable[[Path], Path]
"""Writes the sheet into a folder and returns its path."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A sheet, how it is read, and everything that becomes of it.

    `sent` and `kept` together are all rows of the plan: row → number, and row → status and words
    that its status_detail has to hold. `texts` are rows' texts, `notices` words of a notice → how
    many rows it counts, `silent` words that no notice holds. A sheet with `refusal` is refused
    whole, with these words. With `office`, LibreOffice converts what `sheet` makes to that suffix.
    """

    name: str
    sheet: Maker
    country: str | None = None
    tab: str | None = None
    phone: tuple[str, ...] = ()
    include_hidden: bool = False
    text_column: str | None = None
    template: str = "Hello"
    sent: Mapping[int, str] = field(default_factory=dict)
    kept: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    refusal: tuple[str, ...] = ()
    error: type[Refused] = SheetError
    office: str | None = None


class Styled(NamedTuple):
    """A value with a number format."""

    value: Any
    code: str


class Formula(NamedTuple):
    """A formula, and the value that the program has kept with it."""

    text: str
    kept: Any = 0


def text(content: str | bytes, name: str = "contacts.csv", encoding: str = "utf-8") -> Maker:
    """A text file of exactly this content."""
    data = content if isinstance(content, bytes) else content.encode(encoding)

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def delimited(*rows: Sequence[str], delimiter: str = ",", name: str = "contacts.csv") -> Maker:
    """Rows as any program writes them, quoted where they need it."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return text(file.getvalue(), name)


def by_openpyxl(
    *rows: Sequence[Any], then: Callable[[Any, Any], None] | None = None, title: str = "Contacts"
) -> Maker:
    """A workbook of openpyxl, formulas without their values; `then` gets it and its sheet."""

    def make(folder: Path) -> Path:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        sheet.title = title
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                if value is None:
                    continue
                cell = sheet.cell(number, column)
                cell.value = value[0] if isinstance(value, Styled | Formula) else value
                if isinstance(value, Styled):
                    cell.number_format = value.code
        if then is not None:
            then(book, sheet)
        path = folder / "contacts.xlsx"
        book.save(path)
        book.close()
        return path

    return make


def by_xlsxwriter(
    *rows: Sequence[Any],
    then: Callable[[Any, Any], None] | None = None,
    title: str = "Contacts",
    options: Mapping[str, Any] | None = None,
) -> Maker:
    """A workbook of xlsxwriter, formulas with their values; `then` gets it and its sheet."""

    def make(folder: Path) -> Path:
        path = folder / "contacts.xlsx"
        with xlsxwriter.Workbook(path, dict(options or {})) as book:
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    _write(book, sheet, number, column, value)
            if then is not None:
                then(book, sheet)
        return path

    return make


def _write(book: Any, sheet: Any, row: int, column: int, value: Any) -> None:
    match value:
        case Formula(formula, kept):
            sheet.write_formula(row, column, formula, None, kept)
        case Styled(stored, code):
            sheet.write(row, column, stored, book.add_format({"num_format": code}))
        case datetime():
            shown = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            sheet.write_datetime(row, column, value, shown)
        case date():
            sheet.write_datetime(row, column, value, book.add_format({"num_format": "yyyy-mm-dd"}))
        case time():
            sheet.write_datetime(row, column, value, book.add_format({"num_format": "h:mm:ss"}))
        case str():
            sheet.write_string(row, column, value)
        case _ if value is not None:
            sheet.write(row, column, value)


def by_pandas(columns: Mapping[str, Any], name: str, **options: Any) -> Maker:
    """A Parquet file or a workbook, as pandas writes a frame."""

    def make(folder: Path) -> Path:
        path = folder / name
        frame = pandas.DataFrame(dict(columns))
        if path.suffix == ".parquet":
            frame.to_parquet(path, **options)
        else:
            frame.to_excel(path, **options)
        return path

    return make


def all_rows(first: int, *numbers: str) -> dict[int, str]:
    """Consecutive rows from `first` on, with their numbers."""
    return dict(enumerate(numbers, first))

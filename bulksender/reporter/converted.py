"""What cannot be written back as it is (XLS, XLSB, ODS, Parquet) comes back as a new XLSX.

Every sheet's values come along; formats, formulas and pictures do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from bulksender.model import Formatted
from bulksender.reporter.cellxml import MOST_CHARACTERS, literal
from bulksender.reporter.pages import Page, Waiting
from bulksender.reporter.values import Values
from bulksender.source import SheetFacts
from bulksender.tables import Row, Spoilt, open_table


def write(facts: SheetFacts, pages: Iterator[Page], target: Path) -> None:
    """Write the source's values and the result columns to the new workbook `target`.

    Raises OSError, and ValueError where a row of the run is not in the source.
    """
    book = openpyxl.Workbook(write_only=True)
    results = Waiting(pages, lambda page: list(map(page.values, range(len(page.rows)))))
    with ExitStack() as sheets:
        for name, source_rows in _sheets(facts):
            sheet = book.create_sheet(_title(name, book.sheetnames))
            sheets.callback(sheet.close)  # its temporary file, also where a row cannot be written
            chosen = name == facts.sheet or facts.sheet is None
            for values in _with_results(facts, source_rows, results) if chosen else source_rows:
                sheet.append([_cell(sheet, value) for value in values])
    book.save(target)


def _sheets(facts: SheetFacts) -> Iterator[tuple[str, Iterable[Sequence[Any]]]]:
    """Each sheet's name and rows, from row 1 and column A on."""
    path = Path(facts.path)
    first = open_table(path, facts.sheet)
    for name in first.names or ("Sheet1",):
        table = first if name == facts.sheet or not first.names else open_table(path, name)
        yield name, _without_gaps(table.rows())


def _without_gaps(rows: Iterable[Row]) -> Iterator[Sequence[Any]]:
    """The rows' values, with the blank rows that are left out between them."""
    next_number = 1
    for number, values, _ in rows:
        yield from repeat((), number - next_number)
        yield values
        next_number = number + 1


def _with_results(
    facts: SheetFacts, source_rows: Iterable[Sequence[Any]], results: Waiting[Values]
) -> Iterator[list[Any]]:
    columns = list(facts.result_columns.values())
    for number, values in enumerate(source_rows, 1):
        cells = [*values, *[None] * (max(*columns, facts.width) - len(values))]
        added = facts.added if number == facts.header_row else results.made(number)
        for column, value in zip(columns, added or (), strict=False):
            if value is not None:
                cells[column - 1] = value
        yield cells
    results.end()


def _title(name: str, taken: list[str]) -> str:
    """A sheet's name as XLSX allows it: 31 characters at most, none of []:*?/\\ and no other's."""
    title = re.sub(r"[\[\]:*?/\\]", "_", name)[:31] or "Sheet"
    number = 2
    while title.lower() in {other.lower() for other in taken}:
        title = f"{name[:27]} ({number})"
        number += 1
    return title


def _cell(sheet: Any, value: Any) -> Any:
    """A value as openpyxl takes it; text stays text, also where it looks like a formula."""
    if isinstance(value, datetime | time) and value.tzinfo is not None:
        value = value.isoformat()  # Excel knows no time zones
    if isinstance(value, Spoilt):
        value = value.shown
    elif isinstance(value, Formatted):
        value = float(value)
    if value is None or isinstance(value, bool | int | float | Decimal | date | time | timedelta):
        return value
    if isinstance(value, str) and not value:
        return None
    cell = WriteOnlyCell(sheet, literal(str(value))[:MOST_CHARACTERS])
    cell.data_type = "s"
    return cell

"""Spreadsheet → Recipient | RejectedRow, a chunk at a time.

`open_sheet` finds the sheet, its header and its columns; `Sheet.chunks` reads the rows. What was
chosen is told by `Sheet.described`, so that nobody has to guess what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from bulksender.errors import SheetError, did_you_mean
from bulksender.loader import columns as finding
from bulksender.loader import excel, frame
from bulksender.loader.columns import Columns
from bulksender.loader.csv import DELIMITERS, DelimitedTable
from bulksender.loader.msisdn import BadNumber, known_country, to_e164
from bulksender.loader.table import Table, plain
from bulksender.model import CHUNK_ROWS, Cell, Previous, Recipient, RejectedRow, RowStatus
from bulksender.settings import SheetOptions
from bulksender.source import DELIMITED, RESULT_COLUMNS, SheetFacts, column_letter, fingerprint

__all__ = ["Chunk", "Sheet", "open_sheet"]


class Chunk(NamedTuple):
    """Up to 10,000 rows of the sheet: those with a valid number, and the others."""

    recipients: list[Recipient]
    refused: list[RejectedRow]


class Sheet:
    """An opened sheet, its header found. `chunks` reads it once; `facts` is whole after that."""

    def __init__(self, options: SheetOptions, table: Table, path: Path):
        self._options = options
        self._path = path
        self._table = table
        self._rows = enumerate(table.rows(), 1)
        self._first = list(islice(self._rows, finding.HEADER_WITHIN))
        plain_rows = [[plain(value) for value in values] for _, values in self._first]
        index = self._header_index(plain_rows)
        self.header_row = index + 1
        texts = finding.texts_of(plain_rows[index])
        self.columns: Columns = finding.resolve(
            texts, options, f"{self.where}, row {self.header_row}"
        )
        self._refuse_contacts_above(plain_rows[:index])
        self._width = max(len(self._first[index][1]), table.reach(self.header_row))
        self._fingerprint = fingerprint(path)
        chosen = (*self.columns.phone, self.columns.text, self.columns.reference)
        self._inputs = {column for column in chosen if column is not None}

    def _header_index(self, rows: Sequence[Sequence[Cell]]) -> int:
        """The header's place among the first rows, even where it lacks what was asked for."""
        index = finding.header_index(rows, self._options)
        if index is None:  # a mistyped --phone-column is told with the columns that are there
            unnamed = msgspec.structs.replace(self._options, phone_columns=())
            index = finding.header_index(rows, unnamed)
        if index is None:
            index = finding.first_filled(rows)
        if index is None:
            raise SheetError(f"{self.where}: the sheet is empty.")
        return index

    @property
    def where(self) -> str:
        """The file, and the sheet where the file has several."""
        return (
            f'{self._path}, sheet "{self._table.sheet}"' if self._table.sheet else f"{self._path}"
        )

    @property
    def headers(self) -> tuple[str, ...]:
        """The header's texts as written."""
        return self.columns.headers

    @property
    def facts(self) -> SheetFacts:
        """What the report needs to find its way in the file again."""
        dialect = self._table.dialect
        return SheetFacts(
            path=str(self._path.resolve()),
            suffix=self._path.suffix.lower(),
            sheet=self._table.sheet,
            header_row=self.header_row,
            headers=self.headers,
            width=self._width,
            fingerprint=self._fingerprint,
            encoding=dialect.encoding,
            delimiter=dialect.delimiter,
            newline=dialect.newline,
            described=self.described,
            inputs=tuple(sorted(index + 1 for index in self._inputs)),
        )

    @property
    def described(self) -> tuple[str, ...]:
        """What was read and chosen, a line each, for people."""
        dialect, columns = self._table.dialect, self.columns
        if self._path.suffix.lower() in DELIMITED:
            names = dict(zip(DELIMITERS, ("comma", "semicolon", "tab", "pipe"), strict=True))
            kind = f"{names[dialect.delimiter]}-separated, {dialect.encoding.removesuffix('-sig')}"
        else:
            kind = f'sheet "{self._table.sheet}"' if self._table.sheet else "table"
        country = self._options.country
        numbers = (
            f"numbers without + belong to {country}"
            if country
            else "no --country given, so numbers without + begin with their country code"
        )
        above = self.header_row - 1
        skipped = (
            f" (row{'s 1 to' if above > 1 else ''} {above} above it not read)" if above else ""
        )
        lines = [
            f"{kind}, header in row {self.header_row}{skipped}",
            f"phone column {self._named(*columns.phone)}; {numbers}",
        ]
        chosen = [
            ("text column", columns.text),
            ("id column", columns.reference),
            *(("opt-out column", index) for index in columns.opt_out),
            *(("opt-in column", index) for index in columns.opt_in),
        ]
        lines += [f"{role} {self._named(index)}" for role, index in chosen if index is not None]
        if columns.umid is None:
            mine = [index for index, text in enumerate(self.headers) if text in RESULT_COLUMNS]
            lines += [
                f"{self._named(index)} will hold the result instead"
                for index in mine
                if index not in self._inputs
            ]
        return tuple(lines)

    def chunks(self, needed: Sequence[int], size: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Read the rows below the header; a recipient's `cells` are the `needed` columns only.

        Blank rows are passed over. Raises SheetError where the file turns out to be damaged.
        """
        self._inputs |= set(needed)
        self.columns = msgspec.structs.replace(  # what the text uses is text, whatever its name
            self.columns,
            opt_out=tuple(index for index in self.columns.opt_out if index not in needed),
            opt_in=tuple(index for index in self.columns.opt_in if index not in needed),
        )
        rows = chain(self._first[self.header_row :], self._rows)
        filled = ((number, self._padded(values)) for number, values in rows if _filled(values))
        while chunk := list(islice(filled, size)):
            yield self._chunk(chunk, needed)

    def _refuse_contacts_above(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Raise SheetError where what looks like title lines looks like contacts."""
        columns = sum(map(bool, self.headers))
        contacts = [
            number for number, row in enumerate(rows, 1) if finding.like_a_contact(row, columns)
        ]
        if len(contacts) > 1 and not self._options.phone_columns:
            raise SheetError(
                f"{self.where}: row {self.header_row} looks like the header, but rows "
                f"{contacts[0]} to {contacts[-1]} above it hold phone numbers. Put the header "
                "above all contacts, or name the column with --phone-column."
            )

    def _padded(self, values: Sequence[object]) -> Sequence[object]:
        missing = len(self.columns.headers) - len(values)
        self._width = max(self._width, len(values))
        return [*values, *[None] * missing] if missing > 0 else values

    def _chunk(self, rows: list[tuple[int, Sequence[object]]], needed: Sequence[int]) -> Chunk:
        chunk = Chunk([], [])
        columns = self.columns
        phones = [self._phone(values) for _, values in rows]
        numbers = to_e164([phone for phone, _ in phones], self._options.country)
        previous = columns.umid is not None or columns.status is not None
        opting = bool(columns.opt_out or columns.opt_in)
        for (row, values), (_, column), number in zip(rows, phones, numbers, strict=True):
            before = self._previous(values) if previous else None
            if isinstance(number, BadNumber):
                detail = f"{self._named(column)}: {number.why}"
                chunk.refused.append(RejectedRow(row, RowStatus.INVALID, detail, previous=before))
                continue
            chunk.recipients.append(
                Recipient(
                    row,
                    number,
                    tuple([plain(values[index]) for index in needed]),
                    self._own_text(values) if columns.text is not None else None,
                    self._reference(values) if columns.reference is not None else "",
                    opting and columns.opted_out([plain(value) for value in values]),
                    before,
                )
            )
        return chunk

    def _phone(self, values: Sequence[object]) -> tuple[Cell, int]:
        """The first phone column that is not blank in this row: its cell and its index."""
        for index in self.columns.phone:
            cell = plain(values[index])
            if cell is not None:
                return cell, index
        return None, self.columns.phone[0]

    def _own_text(self, values: Sequence[object]) -> str | None:
        """The row's own text, verbatim; None where it is blank."""
        value = values[self.columns.text or 0]
        if isinstance(value, str):
            return value if value.strip() else None
        cell = plain(value)
        if isinstance(cell, bool):
            return "TRUE" if cell else "FALSE"
        return None if cell is None else str(cell)

    def _reference(self, values: Sequence[object]) -> str:
        cell = plain(values[self.columns.reference or 0])
        return "" if cell is None else str(cell)

    def _previous(self, values: Sequence[object]) -> Previous | None:
        columns = self.columns
        found = [
            str(plain(values[index]) or "") if index is not None else ""
            for index in (columns.umid, columns.status, columns.run, columns.destination)
        ]
        return Previous(*found) if found[0] or found[1] else None

    def _named(self, *indexes: int) -> str:
        return ", then ".join(f'"{self.headers[i]}" ({column_letter(i + 1)})' for i in indexes)


def open_sheet(options: SheetOptions) -> Sheet:
    """Open a sheet and find its header and columns. Raises SheetError with what to do next."""
    if options.country is not None and not known_country(options.country):
        raise SheetError(
            f'"{options.country}" is not a country code: --country takes two letters, such as SG.'
        )
    path = Path(options.path)
    try:
        return Sheet(options, _table(path, options.sheet), path)
    except FileNotFoundError as error:
        raise SheetError(f"{path}: there is no such file.{_neighbour(path)}") from error
    except IsADirectoryError as error:
        raise SheetError(f"{path}: this is a folder; name the sheet's file in it.") from error
    except PermissionError as error:
        raise SheetError(f"{path}: no permission to read it.") from error
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror or error}.") from error


def _table(path: Path, sheet: str | None) -> Table:
    with path.open("rb") as file:  # says at once what the operating system has against it
        if not file.read(1):
            raise SheetError(f"{path}: the file is empty.")
    suffix = path.suffix.lower()
    if suffix in excel.SUFFIXES:
        return excel.WorkbookTable(path, sheet)
    if sheet is not None:
        raise SheetError(f"{path}: a {suffix or 'text'} file has no sheets; leave out --sheet.")
    if suffix in frame.SUFFIXES:
        return frame.FrameTable(path)
    if suffix in DELIMITED:
        return DelimitedTable(path)
    known = sorted(DELIMITED | excel.SUFFIXES | frame.SUFFIXES)
    raise SheetError(
        f'{path}: "{suffix}" is not a kind of sheet that can be read. Save it as one of: '
        f"{', '.join(known)}."
    )


def _filled(values: Sequence[object]) -> bool:
    """Whether a row holds anything; 0 and FALSE are something, spaces are not."""
    return any(
        value is not None and not (isinstance(value, str) and not value.strip()) for value in values
    )


def _neighbour(path: Path) -> str:
    try:
        names = [entry.name for entry in path.resolve().parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)

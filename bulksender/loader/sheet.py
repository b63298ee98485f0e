"""An opened sheet: its rows as recipients, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat, starmap
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bulksender.beside import beside, can_fork
from bulksender.errors import SheetError, did_you_mean, listed
from bulksender.loader.cells import BadNumber
from bulksender.loader.columns import Columns
from bulksender.loader.describing import chosen_columns, kind, named
from bulksender.loader.layout import SAMPLE_ROWS, Layout, find_layout
from bulksender.loader.numbers import Numbers
from bulksender.loader.plans import known_country
from bulksender.model import CHUNK_ROWS, Cell, Previous, Recipient, RejectedRow, RowStatus
from bulksender.notices import Notice, Notices
from bulksender.ooxml import MOST_COLUMNS
from bulksender.settings import SheetOptions
from bulksender.source import DELIMITED, RESULT_COLUMNS, SheetFacts, fingerprint
from bulksender.tables import Spoilt, Table, open_table, plain

_HIDDEN = (
    "left out, because the sheet does not show them (a filter, or hidden by hand); "
    "--include-hidden sends them too"
)
_LONGER = "more cells than the header has: a cell with the delimiter in it needs quotes around it"


LARGE = 2 << 20
"""Bytes of a file that is worth a second process to read it."""


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
        self._first = list(islice(table.rows(), SAMPLE_ROWS))
        layout = self._layout()
        self.header_row = layout.header_row
        self.columns: Columns = layout.columns
        self._chosen_by = layout.chosen_by
        self._delimited = path.suffix.lower() in DELIMITED
        self._header_cells = layout.header_cells
        self._width = max(self._header_cells, table.reach(self.header_row))
        self._fingerprint = fingerprint(path)
        self._large = path.stat().st_size >= LARGE
        chosen = (*self.columns.phone, self.columns.text, self.columns.reference)
        self._inputs = {column for column in chosen if column is not None}
        self._notices = Notices()

    def _layout(self) -> Layout:
        """Find the header; where there is none, the workbook's other sheets are named."""
        try:
            return find_layout(self._first, self._options, self.where)
        except SheetError as error:
            others = [name for name in self._table.names if name != self._table.sheet]
            if not others or self._options.sheet is not None:
                raise
            raise SheetError(
                f"{error} Or read another sheet with --sheet: {listed(others)}."
            ) from error

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
        return (
            kind(self._table, self._path, self.header_row),
            *chosen_columns(self.columns, self._options.country, self._chosen_by, self._inputs),
        )

    @property
    def notices(self) -> list[Notice]:
        """What the owner should know about the rows that were read so far."""
        return [*map(Notice, self._table.remarks), *self._notices.listed()]

    def chunks(self, needed: Sequence[int], size: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """Read the rows below the header; a recipient's `cells` are the `needed` columns only.

        Blank rows are passed over, hidden ones left out. Raises SheetError where the file turns
        out to be damaged.
        """
        self._inputs |= set(needed)
        self.columns = msgspec.structs.replace(  # what the text uses is text, whatever its name
            self.columns,
            opt_out=tuple(index for index in self.columns.opt_out if index not in needed),
            opt_in=tuple(index for index in self.columns.opt_in if index not in needed),
        )
        if self._large and can_fork():
            yield from self._read_beside(needed, size)
        else:
            yield from self._read(needed, size)
        self._refuse_too_wide()

    def _read(self, needed: Sequence[int], size: int) -> Iterator[Chunk]:
        numbers = Numbers(self.columns, self._options.country, self._notices)
        rows = self._below(reach=max(0, *self.columns.read, *needed) + 1)
        while chunk := list(islice(rows, size)):
            yield self._chunk(chunk, numbers(chunk), needed)

    def _read_beside(self, needed: Sequence[int], size: int) -> Iterator[Chunk]:
        """The same in a process of its own, which opens the file anew and tells what it has seen.

        Plain columns of values travel at a fraction of what structs cost.
        """

        def made() -> Iterator[tuple[Any, ...]]:
            for chunk in self._read(needed, size):
                yield tuple(map(msgspec.structs.astuple, chunk.refused)), _columns(chunk.recipients)
            yield self._width, self._notices

        try:
            for refused, recipients in beside(made):
                if isinstance(refused, int):
                    self._width, self._notices = refused, recipients
                    return
                yield Chunk(
                    list(starmap(Recipient, zip(*recipients, strict=True))),
                    list(starmap(RejectedRow, refused)),
                )
        except ChildProcessError as error:
            raise SheetError(f"{self._path}: {error} Nothing was sent; try again.") from error

    def _below(self, reach: int) -> Iterator[tuple[int, Sequence[object]]]:
        """The rows below the header that hold anything, their cells up to the column `reach`."""
        first = (row for row in self._first if row.number > self.header_row)
        rest = islice(self._table.rows(), len(self._first), None)
        for row in chain(first, rest):
            values = row.values
            if not _filled(values):
                continue
            if row.hidden and not self._options.include_hidden:
                self._notices.add(_HIDDEN, row.number)
                continue
            if len(values) > self._width:
                self._width = len(values)
            beyond = self._delimited and len(values) > self._header_cells
            if beyond and _filled(values[self._header_cells :]):
                self._notices.add(_LONGER, row.number)
            missing = reach - len(values)
            yield row.number, [*values, *[None] * missing] if missing > 0 else values

    def _refuse_too_wide(self) -> None:
        """Raise SheetError where no room is left for the result's columns."""
        widest = max(self.facts.result_columns.values())
        if self._table.sheet is not None and widest > MOST_COLUMNS:
            raise SheetError(
                f"{self.where}: a cell stands in one of the last columns that a sheet has, so "
                f"there is no room for the {len(RESULT_COLUMNS)} columns of the result. Delete "
                "what stands far to the right, and save."
            )

    def _chunk(
        self,
        rows: Sequence[tuple[int, Sequence[object]]],
        numbers: Sequence[str | BadNumber],
        needed: Sequence[int],
    ) -> Chunk:
        chunk = Chunk([], [])
        columns = self.columns
        earlier = columns.umid is not None or columns.status is not None
        opting = bool(columns.opt_out or columns.opt_in)
        used = sorted({*columns.read, *needed} - set(columns.phone))
        spoiling = any(type(values[index]) is Spoilt for index in used for _, values in rows)
        for (row, values), number, cells in zip(rows, numbers, _cells(rows, needed), strict=True):
            before = self._previous(values) if earlier else None
            spoilt = self._spoilt(values, used) if spoiling else None
            if spoilt is not None or isinstance(number, BadNumber):
                why = number.why if isinstance(number, BadNumber) else spoilt or ""
                chunk.refused.append(RejectedRow(row, RowStatus.INVALID, why, previous=before))
                continue
            chunk.recipients.append(
                Recipient(
                    row,
                    number,
                    cells,
                    self._own_text(values) if columns.text is not None else None,
                    self._reference(values) if columns.reference is not None else "",
                    opting and columns.opted_out(values),
                    before,
                )
            )
        return chunk

    def _spoilt(self, values: Sequence[object], used: Sequence[int]) -> str | None:
        """Why the row cannot be used, where one of the cells that it needs has no value."""
        for index in used:
            value = values[index]
            if isinstance(value, Spoilt):
                return f"{named(self.columns, index)}: {value.why}"
        return None

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


def open_sheet(options: SheetOptions) -> Sheet:
    """Open a sheet and find its header and columns. Raises SheetError with what to do next."""
    if options.country is not None and not known_country(options.country):
        raise SheetError(
            f'"{options.country}" is not a country code: --country takes two letters, such as SG.'
        )
    path = Path(options.path)
    try:
        return Sheet(options, open_table(path, options.sheet), path)
    except FileNotFoundError as error:
        raise SheetError(f"{path}: there is no such file.{_neighbour(path)}") from error
    except IsADirectoryError as error:
        raise SheetError(f"{path}: this is a folder; name the sheet's file in it.") from error
    except PermissionError as error:
        raise SheetError(f"{path}: no permission to read it.") from error
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror or error}.") from error


def _columns(recipients: Sequence[Recipient]) -> list[list[Any]]:
    return [
        [getattr(recipient, name) for recipient in recipients]
        for name in Recipient.__struct_fields__
    ]


def _cells(
    rows: Sequence[tuple[int, Sequence[object]]], needed: Sequence[int]
) -> Iterable[tuple[Cell, ...]]:
    """The cells of the `needed` columns, row by row; made column by column, which is faster."""
    if not needed:
        return repeat((), len(rows))
    columns = [[plain(values[index]) for _, values in rows] for index in needed]
    return zip(*columns, strict=True)


def _filled(values: Sequence[object]) -> bool:
    """Whether a row holds anything; 0 and FALSE are something, spaces are not."""
    for value in values:  # the first cell tells, most often
        if value is not None and not (isinstance(value, str) and not value.strip()):
            return True
    return False


def _neighbour(path: Path) -> str:
    try:
        names = [entry.name for entry in path.resolve().parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)

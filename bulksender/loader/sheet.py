"""An opened sheet: its rows as recipients, or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import compress, islice, starmap
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from bulksender.beside import NoProcess, beside, can_fork
from bulksender.errors import SheetError, did_you_mean, listed
from bulksender.loader.cells import BadNumber
from bulksender.loader.columns import Columns
from bulksender.loader.describing import chosen_columns, kind, named
from bulksender.loader.layout import SAMPLE_ROWS, Layout, find_layout
from bulksender.loader.numbers import Numbers
from bulksender.loader.plans import known_country
from bulksender.model import (
    CHUNK_ROWS,
    Previous,
    Recipient,
    Recipients,
    RejectedRow,
    RowStatus,
)
from bulksender.notices import Notice, Notices
from bulksender.ooxml import MOST_COLUMNS
from bulksender.settings import SheetOptions
from bulksender.source import DELIMITED, RESULT_COLUMNS, VARIANT, SheetFacts, fingerprint
from bulksender.tables import Block, Spoilt, Table, open_table, plain, plain_column

_HIDDEN = (
    "left out, because the sheet does not show them (a filter, or hidden by hand); "
    "--include-hidden sends them too"
)
_LONGER = "more cells than the header has: a cell with the delimiter in it needs quotes around it"


LARGE = 2 << 20
"""Bytes of a file that is worth a second process to read it."""


class Chunk(NamedTuple):
    """Up to 10,000 rows of the sheet: those with a valid number, and the others."""

    recipients: Sequence[Recipient]
    refused: list[RejectedRow]


class Sheet:
    """An opened sheet, its header found. `reading` reads it once; `facts` is whole after that.

    `read_from` is the fingerprint of the file that `table` was opened from; where the run is
    `varied`, the result has a column for the variant.
    """

    def __init__(
        self,
        options: SheetOptions,
        table: Table,
        path: Path,
        read_from: str,
        varied: bool = False,
    ):
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
        self._fingerprint = read_from
        self._large = path.stat().st_size >= LARGE
        chosen = (*self.columns.phone, self.columns.text, self.columns.reference)
        self._inputs = {column for column in chosen if column is not None}
        self._notices = Notices()
        self._added = (*RESULT_COLUMNS, VARIANT) if varied else RESULT_COLUMNS

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
            added=self._added,
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

    @contextmanager
    def reading(self, needed: Sequence[int], size: int = CHUNK_ROWS) -> Iterator[Iterator[Chunk]]:
        """Read the rows below the header; a recipient's `cells` are the `needed` columns only.

        A large sheet is read from now on, by a process of its own that ends with the block. Blank
        rows are passed over, hidden ones left out. The chunks raise SheetError where the file turns
        out to be damaged.
        """
        self._inputs |= set(needed)
        single = ("umid", "status", "run", "destination")
        own: dict[str, Any] = {
            name: None for name in single if getattr(self.columns, name) in needed
        }
        if self._options.opt_out_columns is None:
            own["opt_out"] = tuple(each for each in self.columns.opt_out if each not in needed)
        if self._options.opt_in_columns is None:
            own["opt_in"] = tuple(each for each in self.columns.opt_in if each not in needed)
        # what the text uses is text, whatever its name, but for what a campaign calls consent
        self.columns = msgspec.structs.replace(self.columns, **own)
        with ExitStack() as process:
            chunks = self._read(needed, size)
            if self._large and can_fork():
                with suppress(NoProcess):
                    made = process.enter_context(beside(lambda: self._packed(needed, size)))
                    chunks = self._unpacked(made)
            yield self._checked(chunks)

    def _checked(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """The chunks, and then what can only be said of the whole sheet."""
        yield from chunks
        self._refuse_changed()
        self._refuse_too_wide()

    def _read(self, needed: Sequence[int], size: int) -> Iterator[Chunk]:
        numbers = Numbers(self.columns, self._options.country, self._notices)
        reach = max(0, *self.columns.read, *needed) + 1
        for block in self._below(reach):
            for part in block.parts(size):
                yield self._chunk(part, numbers(part), needed)

    def _packed(self, needed: Sequence[int], size: int) -> Iterator[tuple[Any, ...]]:
        """The chunks as they travel from a process of its own, and what it has seen in the end.

        It opens the file anew. Plain columns of values travel at a fraction of what structs cost.
        """
        for chunk in self._read(needed, size):
            refused = tuple(map(msgspec.structs.astuple, chunk.refused))
            yield refused, Recipients.of(chunk.recipients).packed()
        yield self._width, self._notices

    def _unpacked(self, made: Iterator[tuple[Any, ...]]) -> Iterator[Chunk]:
        try:
            for refused, recipients in made:
                if isinstance(refused, int):
                    self._width, self._notices = refused, recipients
                    return
                yield Chunk(Recipients.unpacked(recipients), list(starmap(RejectedRow, refused)))
        except ChildProcessError as error:
            raise SheetError(f"{self._path}: {error} Nothing was sent; try again.") from error

    def _below(self, reach: int) -> Iterator[Block]:
        """The rows below the header that hold anything, their cells up to the column `reach`."""
        for found in self._table.blocks():
            block = self._shown_and_filled(found)
            if not block.numbers:
                continue
            self._width = max(self._width, len(block.columns))
            if self._delimited and len(block.columns) > self._header_cells:
                beyond = zip(*block.columns[self._header_cells :], strict=True)
                for number, values in zip(block.numbers, beyond, strict=True):
                    if _filled(values):
                        self._notices.add(_LONGER, number)
            blank = [[None] * len(block.numbers)] * (reach - len(block.columns))
            yield block._replace(columns=[*block.columns, *blank])

    def _shown_and_filled(self, block: Block) -> Block:
        """The block without the rows above, those that are hidden, and blank ones."""
        perhaps_blank = self._without_phone(block)
        hidden = frozenset() if self._options.include_hidden else block.hidden
        if not perhaps_blank and not hidden and block.numbers[0] > self.header_row:
            return block
        wanted = [number > self.header_row for number in block.numbers]
        for row in perhaps_blank:
            wanted[row] = wanted[row] and _filled([column[row] for column in block.columns])
        if hidden:
            for row, number in enumerate(block.numbers):
                if wanted[row] and number in hidden:
                    wanted[row] = False
                    self._notices.add(_HIDDEN, number)
                    self._width = max(self._width, _reach(block, row))  # of the result's place
        return block if all(wanted) else block.only(wanted)

    def _without_phone(self, block: Block) -> Sequence[int]:
        """The indexes of the rows whose first phone cell is blank: the whole row may be."""
        phone = self.columns.phone[0]
        if phone >= len(block.columns):
            return range(len(block.numbers))
        return [
            row
            for row, cell in enumerate(block.columns[phone])
            if cell is None or cell == "" or (type(cell) is str and cell.isspace())
        ]

    def _refuse_changed(self) -> None:
        """Raise SheetError where the header may be another file's than the rows."""
        if not self._path.is_file() or fingerprint(self._path) != self._fingerprint:
            raise SheetError(
                f"{self._path}: somebody has saved or moved the sheet while it was read, so nobody "
                "can tell which columns its rows have. Try again."
            )

    def _refuse_too_wide(self) -> None:
        """Raise SheetError where no room is left for the result's columns."""
        widest = max(self.facts.result_columns.values())
        if self._table.sheet is not None and widest > MOST_COLUMNS:
            raise SheetError(
                f"{self.where}: a cell stands in one of the last columns that a sheet has, so "
                f"there is no room for the {len(self._added)} columns of the result. Delete "
                "what stands far to the right, and save."
            )

    def _chunk(
        self, block: Block, numbers: Sequence[str | BadNumber], needed: Sequence[int]
    ) -> Chunk:
        columns = self.columns
        earlier = columns.umid is not None or columns.status is not None
        previous = self._each(self._previous, block) if earlier else None
        why = self._refusals(block, numbers, sorted({*columns.read, *needed} - {*columns.phone}))
        good = [index not in why for index in range(len(numbers))]

        def of_the_good(values: Sequence[Any] | None) -> list[Any] | None:
            return None if values is None else [*compress(values, good)]

        others = (
            None if columns.text is None else self._each(self._own_text, block),
            None if columns.reference is None else self._each(self._reference, block),
            self._each(columns.opted_out, block) if columns.opt_out or columns.opt_in else None,
            previous,
        )
        recipients = Recipients(
            [*compress(block.numbers, good)],
            [*compress(cast(Sequence[str], numbers), good)],
            [[*compress(plain_column(block.columns[index]), good)] for index in needed],
            *map(of_the_good, others),
        )
        refused = [
            RejectedRow(
                block.numbers[index],
                RowStatus.INVALID,
                said,
                previous=previous[index] if previous else None,
            )
            for index, said in why.items()
        ]
        return Chunk(recipients, refused)

    def _refusals(
        self, block: Block, numbers: Sequence[str | BadNumber], used: Sequence[int]
    ) -> dict[int, str]:
        """Why rows cannot be used: by their number, or a cell that is needed and has no value."""
        why = {
            index: number.why for index, number in enumerate(numbers) if type(number) is BadNumber
        }
        for column in used:
            cells = block.columns[column]
            if Spoilt in set(map(type, cells)):
                for index, cell in enumerate(cells):
                    if isinstance(cell, Spoilt):
                        why.setdefault(index, f"{named(self.columns, column)}: {cell.why}")
        return dict(sorted(why.items()))

    @staticmethod
    def _each(value: Callable[[Sequence[object]], Any], block: Block) -> list[Any]:
        """A value of each row's cells."""
        return list(map(value, zip(*block.columns, strict=True)))

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


def open_sheet(options: SheetOptions, varied: bool = False) -> Sheet:
    """Open a sheet and find its header and columns. Raises SheetError with what to do next.

    `varied` is a run with several texts: its result says which one each row has.
    """
    if options.country is not None and not known_country(options.country):
        raise SheetError(
            f'"{options.country}" is not a country code: --country takes two letters, such as SG.'
        )
    path = Path(options.path)
    try:
        read_from = fingerprint(path) if path.is_file() else ""  # before anything is read of it
        return Sheet(options, open_table(path, options.sheet), path, read_from, varied)
    except FileNotFoundError as error:
        raise SheetError(f"{path}: there is no such file.{_neighbour(path)}") from error
    except IsADirectoryError as error:
        raise SheetError(f"{path}: this is a folder; name the sheet's file in it.") from error
    except PermissionError as error:
        raise SheetError(f"{path}: no permission to read it.") from error
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror or error}.") from error


def _reach(block: Block, row: int) -> int:
    """The last column (from 1) in which a row holds anything."""
    columns = range(len(block.columns), 0, -1)
    return next((column for column in columns if block.columns[column - 1][row] is not None), 0)


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

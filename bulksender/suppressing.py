"""People who must not be texted: numbers as they are typed or as sheets hold them, to and fro.

The list itself is the ledger's (`ledger.suppression`). A number of a sheet of opt-outs is read as
it would be to be texted, so that both are the same number.
"""

from __future__ import annotations

import csv
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bulksender.errors import SettingsError
from bulksender.ledger import Ledger, Scheduled, Suppressed
from bulksender.ledger.store import flush
from bulksender.ledger.suppression import scheduled_to, suppress, suppressed, unsuppress
from bulksender.notices import Notice
from bulksender.settings import SheetOptions

if TYPE_CHECKING:
    from bulksender.loader import Chunk, Sheet
    from bulksender.model import Recipient

MOST_PROBLEMS = 100
"""How many rows without a usable number are told one by one."""
MOST_TOLD = 20
"""How many typed numbers that are none are told."""
MOST_ROWS = (1 << 20) - 1
"""Rows below the header in a sheet of a workbook (Excel's specifications and limits)."""
_IN_FULL = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164, as `forget` takes it
COLUMNS = ("number", "source", "added_at")
"""The header of an exported list."""


class Added(Struct, frozen=True):
    """How many numbers are new on the list, and how many stood there already.

    `scheduled` are messages to them that 8x8 has been given already, and sends later.
    """

    added: int
    present: int
    scheduled: list[Scheduled]


class Removed(Struct, frozen=True):
    """How many numbers were taken off the list, and how many were not on it."""

    removed: int
    absent: int


class Problem(Struct, frozen=True):
    """A row of a sheet of opt-outs that holds no number that can be used, and why."""

    row: int
    detail: str


class OptOuts(Struct, frozen=True):
    """What a sheet says of who must not be texted.

    `numbers` are E.164 with `+`. `rows` is how many rows hold one; of these, `left_out` have not
    opted out, by the sheet's own columns; `refused` is how many hold none. `rule` tells in words
    which rows count. Of `problem_count` rows, and cells of further phone columns, that hold no
    number the first MOST_PROBLEMS are in `problems`. `described` says what was read, a line each.
    `notices` may show numbers.
    """

    numbers: frozenset[str]
    rows: int
    left_out: int
    refused: int
    rule: str
    problem_count: int
    problems: list[Problem]
    described: tuple[str, ...]
    notices: list[Notice]


def numbers_of(typed: Sequence[str], country: str | None, listed: bool = False) -> list[str]:
    """Numbers as people write them → E.164 with `+`, each once.

    `country` (ISO 3166-1 alpha-2) is where those without `+` belong. With `listed`, what is written
    in full counts although no numbering plan has it (any more): it may be on the list all the same.
    Raises SettingsError, which names wrong ones by their places and never shows them.
    """
    from bulksender.loader.msisdn import to_e164
    from bulksender.loader.plans import known_country

    if country is not None and not known_country(country):
        raise SettingsError(
            f'"{country}" is not a country code: --country takes two letters, such as SG.'
        )
    found, wrong = [], []
    for place, (text, number) in enumerate(zip(typed, to_e164(typed, country), strict=True), 1):
        if isinstance(number, str):
            found.append(number)
        elif listed and _IN_FULL.fullmatch(in_full := re.sub(r"[\s().\-]", "", text)):
            found.append(in_full)
        else:
            wrong.append(f"The {_ordinal(place)} number: {number.why}.")
    if wrong:
        raise SettingsError(" ".join(["Nothing was changed.", *wrong[:MOST_TOLD]]))
    return [*dict.fromkeys(found)]


def add(ledger: Ledger, numbers: Iterable[str], source: str) -> Added:
    """Put numbers (E.164 with +) on the list. Raises LedgerError."""
    wanted = frozenset(numbers)
    added = suppress(ledger, wanted, source)
    return Added(added, len(wanted) - added, scheduled_to(ledger, wanted))


def remove(ledger: Ledger, numbers: Iterable[str]) -> Removed:
    """Take numbers (E.164 with +) off the list. Raises LedgerError."""
    wanted = frozenset(numbers)
    removed = unsuppress(ledger, wanted)
    return Removed(removed, len(wanted) - removed)


def opt_outs_of(options: SheetOptions) -> OptOuts:
    """Read a sheet of opt-outs to its end; every number in every phone column counts.

    Where the sheet has an opt-out or opt-in column of its own, only the rows count that opted out
    by it. Raises SheetError.
    """
    from bulksender import loader
    from bulksender.loader.cells import FIXED_LINE

    sheet = loader.open_sheet(options)
    found = _Found(sheet, options.country)
    with sheet.reading(found.further) as chunks:
        for chunk in chunks:
            found.take(chunk)
    return OptOuts(
        numbers=frozenset(found.numbers),
        rows=found.rows,
        left_out=found.left_out,
        refused=found.refused,
        rule=_rule(sheet),
        problem_count=found.problem_count,
        problems=found.problems,
        described=sheet.described[:2],  # the others are about sending
        notices=[notice for notice in sheet.notices if notice.what != FIXED_LINE],
    )


class _Found:
    """Gathers what the chunks of a sheet of opt-outs hold."""

    def __init__(self, sheet: Sheet, country: str | None):
        self._sheet = sheet
        self._country = country
        phone = sheet.columns.phone
        self.further = phone if len(phone) > 1 else ()
        """The columns whose cells have to come along: the loader takes one number a row."""
        self.numbers: set[str] = set()
        self.problems: list[Problem] = []
        self.problem_count = self.rows = self.left_out = self.refused = 0

    def take(self, chunk: Chunk) -> None:
        """Add a chunk's numbers, and what the matter is with its other rows."""
        columns = self._sheet.columns
        decided = columns.opt_out or columns.opt_in
        out = [row for row in chunk.recipients if row.opted_out or not decided]
        self.rows += len(chunk.recipients)
        self.left_out += len(chunk.recipients) - len(out)
        self.refused += len(chunk.refused)
        self.numbers.update(row.destination for row in out)
        problems = [Problem(row.row, row.detail) for row in chunk.refused]
        problems += self._from_further(out)
        problems.sort(key=lambda problem: problem.row)
        self.problem_count += len(problems)
        self.problems += problems[: MOST_PROBLEMS - len(self.problems)]

    def _from_further(self, rows: Sequence[Recipient]) -> Iterator[Problem]:
        """Add the numbers of all phone columns; yields the cells that hold something else."""
        from bulksender.loader.describing import named
        from bulksender.loader.msisdn import to_e164

        for place, column in enumerate(self.further):
            cells = [row.cells[place] for row in rows]
            numbers = to_e164(cells, self._country)
            for row, cell, number in zip(rows, cells, numbers, strict=True):
                if isinstance(number, str):
                    self.numbers.add(number)
                elif cell is not None:
                    where = named(self._sheet.columns, column)
                    yield Problem(row.row, f"{where}: {number.why}")


def _rule(sheet: Sheet) -> str:
    """Which rows count as opt-outs, in words."""
    from bulksender.loader.describing import named

    columns = sheet.columns
    said = [f"anything but a no in {named(columns, index)}" for index in columns.opt_out]
    said += [f"anything but a clear yes in {named(columns, index)}" for index in columns.opt_in]
    if not said:
        return "every row is an opt-out: the sheet has no opt-out or opt-in column"
    return f"only rows that opted out count: {', or '.join(said)}; a blank cell says nothing"


def export(ledger: Ledger, path: Path) -> int:
    """Write the list as a sheet (.csv, .xlsx), all or nothing; returns how many numbers it has.

    A file that is there is replaced. Raises SettingsError where it cannot be, LedgerError.
    """
    if path.is_dir():
        raise SettingsError(f"{path}: this is a folder; name a file in it.")
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise SettingsError(
            f'{path}: "{path.suffix}" is not a kind of file that the list can be written as. Name '
            f"it {' or '.join(_WRITERS)}."
        )
    target = path.resolve()  # through a link, to the file itself
    half = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        half.touch(mode=0o600)  # they are people's numbers
        try:
            written = write(suppressed(ledger), half)
            if target.exists():
                shutil.copymode(target, half)
            flush(half)
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)
        flush(target.parent)
    except OSError as error:
        raise SettingsError(
            f"{path} could not be written: {error.strerror or error}. Name another place."
        ) from error
    return written


def _write_csv(lines: Iterable[Suppressed], target: Path) -> int:
    """UTF-8 with a byte order mark, which Excel needs to know it."""
    written = 0
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines:
            written += 1
            formula = line.source.startswith(("=", "+", "-", "@"))  # to a spreadsheet program
            writer.writerow((line.number, "'" * formula + line.source, line.added_at))
    return written


def _write_xlsx(lines: Iterable[Suppressed], target: Path) -> int:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    written = 0
    book = Workbook(write_only=True)
    with closing(book.create_sheet("suppression")) as sheet:

        def text(value: str) -> Any:
            cell = WriteOnlyCell(sheet, value)
            cell.data_type = "s"  # also where it looks like a formula
            cell.number_format = "@"  # so that it stays text when somebody edits it
            return cell

        sheet.append(COLUMNS)
        for line in lines:
            written += 1
            if written > MOST_ROWS:
                raise SettingsError(
                    f"The list has more than {MOST_ROWS:,} numbers, which no sheet of a workbook "
                    "holds. Write it as .csv."
                )
            sheet.append([text(value) for value in line])
    book.save(target)
    return written


_WRITERS: dict[str, Callable[[Iterable[Suppressed], Path], int]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}


def _ordinal(number: int) -> str:
    """`1` → `1st`, `12` → `12th`, `22` → `22nd`."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"

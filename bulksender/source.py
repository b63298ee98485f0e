"""What a sheet's file is: the facts that the loader finds and the reporter needs again.

Loader and reporter must agree on where a record ends and which row is which; whatever both need
is here, once.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain, repeat
from pathlib import Path
from typing import Literal, NamedTuple, TextIO, cast

from msgspec import Struct

from bulksender.headers import key

RESULT_COLUMNS = (
    "umid",
    "status",
    "status_detail",
    "destination",
    "parts",
    "encoding",
    "batch_id",
    "sent_at",
    "run",
)
"""The columns that are added to a sheet, in their order."""

VARIANT = "variant"
"""The column behind them where a campaign tries several texts."""

DELIMITED = frozenset({".csv", ".tsv", ".txt"})
ZIPPED_WORKBOOKS = frozenset({".xlsx", ".xlsm"})
"""Workbooks whose every other part can be carried over as it is."""


def earlier_results(headers: Sequence[str]) -> dict[str, int]:
    """The result columns that stand in a header already, by name: their indexes (from 0).

    As they are written. Where `umid` and `status` are there in other letters ("Status Detail"),
    somebody has tidied up a result, and so are the others. A column `variant` that does not stand
    behind `run` is the sheet's own.
    """
    found = {name: headers.index(name) for name in RESULT_COLUMNS if name in headers}
    keys = [key(header) for header in headers]
    if not {"umid", "status"} <= found.keys() and {"umid", "status"} <= {*keys}:
        for name in RESULT_COLUMNS:
            if key(name) in keys:
                found.setdefault(name, keys.index(key(name)))
    if {"umid", "status", "run"} <= found.keys() and VARIANT in headers[found["run"] :]:
        found[VARIANT] = headers.index(VARIANT, found["run"])
    return found


class SheetFacts(Struct, frozen=True, kw_only=True):
    """What was found in a sheet's file; kept with the run, so that the report needs no guess.

    Rows and columns count from 1; `width` is the last column that holds anything. `encoding`,
    `delimiter` and `newline` are those of a delimited file. `fingerprint` is the file's SHA-256,
    `described` what was chosen, in lines for people. `inputs` are the columns that the run reads
    (number, text, id, what the template uses); they are never written to. `added` are the columns
    that the result adds.
    """

    path: str
    suffix: str
    header_row: int
    headers: tuple[str, ...]
    width: int
    fingerprint: str
    sheet: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\n"
    described: tuple[str, ...] = ()
    inputs: tuple[int, ...] = ()
    added: tuple[str, ...] = RESULT_COLUMNS

    @property
    def result_columns(self) -> dict[str, int]:
        """Where each result column goes: where it stands already, else after the last column."""
        found = {name: index + 1 for name, index in earlier_results(self.headers).items()}
        column = self.width
        for name in self.added:
            if name not in found:
                column += 1
                found[name] = column
        return {name: found[name] for name in self.added}


BIGGEST_FIELD = 1_000_000
"""Characters of a field; far beyond any text, so a longer one is a quote gone wrong."""
BIGGEST_LINE = 1 << 23
"""Characters of a line; a longer one is no line of a sheet."""
LARGE_PIECE = 1 << 22
"""Characters of lines that are looked at together; ten thousand of 400 each."""

_BOM = "\ufeff"


@contextmanager
def opened(path: Path, encoding: str, mode: Literal["r", "w"] = "r") -> Iterator[TextIO]:
    """A delimited file's text, line ends as they stand.

    `encoding` is a Python codec; with `-sig` behind it, the file begins with a byte order mark,
    which is passed over in reading and put in writing.
    """
    codec = encoding.removesuffix("-sig")
    with path.open(mode, encoding=codec, newline="") as file:
        if codec != encoding:
            if mode == "w":
                file.write(_BOM)
            elif file.read(1) != _BOM:
                file.seek(0)
        yield cast(TextIO, file)


def lines(file: TextIO) -> Iterator[str]:
    """A file's lines, their ends kept. Raises csv.Error for a line beyond BIGGEST_LINE."""
    for line in iter(partial(file.readline, BIGGEST_LINE), ""):
        if len(line) == BIGGEST_LINE and line[-1] not in "\r\n":
            raise csv.Error(f"a line is longer than {BIGGEST_LINE:,} characters")
        yield line


def pieces(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """The lines, up to `size` at a time, and no more than some megabytes of them."""
    piece: list[str] = []
    characters = 0
    for line in lines:
        piece.append(line)
        characters += len(line)
        if len(piece) == size or characters >= LARGE_PIECE:
            yield piece
            piece, characters = [], 0
    if piece:
        yield piece


class Record(NamedTuple):
    """A record of a delimited file: its fields, its text exactly as it stands, and its lines."""

    fields: list[str]
    raw: str
    lines: int


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """Split lines (their ends kept) into records; a quoted field may span several lines.

    Lines that are a record each are split many at a time, all others one by one. Raises csv.Error
    for a field beyond csv's limit.
    """
    left = iter(lines)
    for piece in pieces(left, 1_000):
        fields = split_at_once(piece, delimiter)
        if fields is not None:
            yield from map(Record, fields, piece, repeat(1))
            continue
        still = len(piece)
        for record in one_by_one(chain(piece, left), delimiter):
            yield record
            still -= record.lines
            if still <= 0:
                break


def split_at_once(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    """The fields of lines that are a record each; None where one of them may be something else."""
    csv.field_size_limit(BIGGEST_FIELD)
    try:
        fields = list(csv.reader(lines, delimiter=delimiter))
        if '"' in lines[-1]:  # it may go on behind these lines
            list(csv.reader(lines[-1:], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return fields if len(fields) == len(lines) else None


def one_by_one(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The same, one by one: no more lines are taken than a record needs.

    So what `csv` took for a record is its own text.
    """
    taken: list[str] = []
    csv.field_size_limit(BIGGEST_FIELD)

    def tapped() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    for fields in csv.reader(tapped(), delimiter=delimiter):
        lines_taken = len(taken)
        raw = taken[0] if lines_taken == 1 else "".join(taken)
        taken.clear()
        yield Record(fields, raw, lines_taken)


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def column_letter(column: int) -> str:
    """`1` → `A`, `27` → `AA`: a column as spreadsheet programs name it."""
    letters = ""
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(65 + remainder) + letters
    return letters

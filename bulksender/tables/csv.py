"""CSV, TSV and TXT files: comma, semicolon, tab or pipe; UTF-8, UTF-16 or Windows-1252."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from bulksender.errors import SheetError
from bulksender.headers import like_a_number
from bulksender.model import CHUNK_ROWS
from bulksender.source import Record, lines, one_by_one, opened, pieces, records, split_at_once
from bulksender.tables.encodings import Encoding, encoding_of
from bulksender.tables.table import Block, Dialect, Row, blocks_of

DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 25


class _Read:
    """How far a file has been read, and its last record."""

    rows = 0
    lines = 0
    last: Record | None = None


class DelimitedTable:
    """A delimited text file. Raises SheetError where its encoding is none that can be read."""

    sheet = None
    names: tuple[str, ...] = ()

    def __init__(self, path: Path):
        self.path = path
        self._encoding: Encoding = encoding_of(path)
        self.remarks = self._encoding.remarks
        sample = self._sample()
        delimiter = self._delimiter(sample)
        self._width = _evenness(sample, delimiter)[1]
        ends = (end for end in ("\r\n", "\n", "\r") if sample and sample[0].endswith(end))
        self.dialect = Dialect(self._encoding.name, delimiter, next(ends, "\n"))
        mark = re.escape(delimiter)
        field = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{mark}\r\n][^{mark}\r\n]*+|)'
        self._whole = re.compile(rf"{field}(?:{mark}{field})*+[\r\n]*+")

    def reach(self, header_row: int) -> int:
        """Known only when all is read."""
        return 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows that hold anything; else as `blocks`."""
        for block in self.blocks():
            yield from block.rows()

    def blocks(self) -> Iterator[Block]:
        """Yield the records' fields; raises SheetError with the line for damaged text."""
        read = _Read()
        try:
            with opened(self.path, self.dialect.encoding) as file:
                for piece in pieces(lines(file), CHUNK_ROWS):
                    before = read.rows
                    fields = self._at_once(piece, read) or self._singly(piece, file, read)
                    yield from blocks_of(range(before + 1, read.rows + 1), fields)
        except csv.Error as error:
            raise SheetError(
                f"{self.path}, row {read.rows + 1} (line {read.lines + 1}): {error}. Look for a "
                "quote that is never closed."
            ) from error
        if read.last is not None:
            self._refuse_swallowed(read.rows, read.lines - read.last.lines + 1, read.last)

    def _at_once(self, piece: list[str], read: _Read) -> list[list[str]] | None:
        """The fields of records that are a line each; None where one of them may be damaged."""
        fields = split_at_once(piece, self.dialect.delimiter)
        quoted = (line for line in piece if '"' in line)
        if fields is None or not all(map(self._whole.fullmatch, quoted)):
            return None
        read.rows += len(fields)
        read.lines += len(piece)
        read.last = Record(fields[-1], piece[-1], 1)
        return fields

    def _singly(self, piece: list[str], file: TextIO, read: _Read) -> list[list[str]]:
        """The fields of records of several lines, or damaged ones; the last may end behind `piece`.

        Raises csv.Error, and SheetError with the place.
        """
        fields: list[list[str]] = []
        end = read.lines + len(piece)
        for record in one_by_one(chain(piece, lines(file)), self.dialect.delimiter):
            row, line = read.rows + 1, read.lines + 1
            if record.lines > 1:
                self._refuse_swallowed(row, line, record)
            elif '"' in record.raw and not self._whole.fullmatch(record.raw):
                raise self._half_quoted(row, line, record)
            fields.append(record.fields)
            read.rows, read.lines, read.last = row, read.lines + record.lines, record
            if read.lines >= end:
                break
        return fields

    def _refuse_swallowed(self, number: int, line: int, record: Record) -> None:
        """Raise SheetError where a stray quote has made one cell of several rows."""
        try:
            list(csv.reader([record.raw], delimiter=self.dialect.delimiter, strict=True))
        except csv.Error as error:
            open_ended = "unexpected end of data" in str(error)
            if record.lines > 1 or open_ended:
                raise self._swallowed(number, line) from error
        inside = (text for field in record.fields for text in field.splitlines()[1:])
        if record.lines > 1 and any(map(self._like_a_row, inside)):
            raise self._swallowed(number, line)

    def _like_a_row(self, line: str) -> bool:
        """Whether a line inside a cell would be a contact by itself: as wide, with a number."""
        if self._width < 2:
            return False
        fields = next(csv.reader([line], delimiter=self.dialect.delimiter), [])
        return len(fields) >= self._width and any(
            like_a_number(field.strip(' "')) for field in fields
        )

    def _half_quoted(self, number: int, line: int, record: Record) -> SheetError:
        if record.raw.count('"') % 2:
            return self._swallowed(number, line)
        return SheetError(
            f"{self.path}, row {number} (line {line}): a cell in quotes has more quotes inside it, "
            'so nobody can tell where it ends. Write them twice ("") or remove them.'
        )

    def _swallowed(self, number: int, line: int) -> SheetError:
        return SheetError(
            f'{self.path}, row {number} (line {line}): a quote (") is opened and never closed '
            "where its cell ends, so the rows below it would become part of it. Close or remove it."
        )

    def _sample(self) -> list[str]:
        with opened(self.path, self._encoding.name) as file:
            try:
                return list(islice(lines(file), 4 * _SAMPLE_RECORDS))
            except csv.Error as error:
                raise SheetError(f"{self.path}: {error}; this is no sheet.") from error

    def _delimiter(self, sample: list[str]) -> str:
        """The delimiter that splits the first records into the most even columns."""
        said = re.fullmatch(r'"?sep=(.)"?', sample[0].strip(" \r\n"), re.I) if sample else None
        if said and said[1] in DELIMITERS:
            return said[1]
        order = "\t;|," if self.path.suffix.lower() == ".tsv" else ";\t|,"  # "Lee, Ann;+65…"
        return max(order, key=lambda char: _evenness(sample, char))


def _evenness(sample: list[str], delimiter: str) -> tuple[int, int]:
    """How many sample records share the commonest width above one, and that width."""
    try:
        found = islice(records(sample, delimiter), _SAMPLE_RECORDS)
        widths = [len(record.fields) for record in found if record.fields]
    except csv.Error:
        return (0, 0)
    counts = {width: widths.count(width) for width in set(widths) if width > 1}
    return max(((count, width) for width, count in counts.items()), default=(0, 0))

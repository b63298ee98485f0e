"""CSV, TSV and TXT files: comma, semicolon, tab or pipe; UTF-8 with or without BOM."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from bulksender.errors import SheetError
from bulksender.loader.table import Dialect
from bulksender.source import Record, records

DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 25


class DelimitedTable:
    """A delimited text file."""

    sheet = None

    def __init__(self, path: Path):
        self.path = path
        encoding = _encoding(path)
        self.dialect = Dialect(encoding)
        self.dialect = Dialect(encoding, self._delimiter(), self._newline())

    def reach(self, header_row: int) -> int:
        """Known only when all is read."""
        return 0

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the records' fields; raises SheetError with the line for damaged text."""
        number, record = 0, None
        try:
            with self.path.open(encoding=self.dialect.encoding, newline="") as file:
                for number, record in enumerate(records(file, self.dialect.delimiter), 1):
                    if record.lines > 1:
                        self._refuse_swallowed(number, record)
                    yield record.fields
        except UnicodeDecodeError as error:
            raise self._not_utf8() from error
        except csv.Error as error:
            raise SheetError(
                f"{self.path}, row {number + 1}: {error}. Look for a quote that is never closed."
            ) from error
        if record is not None:
            self._refuse_swallowed(number, record)

    def _refuse_swallowed(self, number: int, record: Record) -> None:
        """Raise SheetError where a stray quote has made one cell of several rows."""
        try:
            list(csv.reader([record.raw], delimiter=self.dialect.delimiter, strict=True))
        except csv.Error as error:
            open_ended = "unexpected end of data" in str(error)
            if record.lines > 1 or open_ended:
                raise SheetError(
                    f'{self.path}, row {number}: a quote (") is opened and never closed where its '
                    "cell ends, so the rows below it would become part of it. Close or remove it."
                ) from error

    def _not_utf8(self) -> SheetError:
        line = undecodable_line(self.path)
        return SheetError(
            f'{self.path}, line {line}: the text is not UTF-8. Save the sheet as "CSV UTF-8" and '
            "try again."
        )

    def _delimiter(self) -> str:
        """The delimiter that splits the first records into the most even columns."""
        with self.path.open(encoding=self.dialect.encoding, newline="") as file:
            try:
                lines = list(islice(file, 4 * _SAMPLE_RECORDS))
            except UnicodeDecodeError as error:
                raise self._not_utf8() from error
        if lines and lines[0].strip().lower() in {f"sep={char}" for char in DELIMITERS}:
            return lines[0].strip()[-1]
        preferred = "\t" if self.path.suffix.lower() == ".tsv" else ","
        return max(DELIMITERS, key=lambda char: (_evenness(lines, char), char == preferred))

    def _newline(self) -> str:
        with self.path.open(encoding=self.dialect.encoding, newline="") as file:
            first = file.readline()
        return next((end for end in ("\r\n", "\n", "\r") if first.endswith(end)), "\n")


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-8-sig" if file.read(3) == codecs.BOM_UTF8 else "utf-8"


def _evenness(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many sample records share the commonest width above one, and that width."""
    try:
        sample = islice(records(lines, delimiter), _SAMPLE_RECORDS)
        widths = [len(record.fields) for record in sample if record.fields]
    except csv.Error:
        return (0, 0)
    counts = {width: widths.count(width) for width in set(widths) if width > 1}
    return max(((count, width) for width, count in counts.items()), default=(0, 0))


def undecodable_line(path: Path) -> int:
    """The first line (from 1) that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    number = 1
    with path.open("rb") as file:
        for line in file:
            try:
                decoder.decode(line)
            except UnicodeDecodeError:
                break
            number += 1
    return number

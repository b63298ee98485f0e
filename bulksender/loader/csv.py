"""CSV, TSV and TXT files: comma, semicolon, tab or pipe; UTF-8 with or without BOM."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from bulksender.errors import SheetError
from bulksender.loader.table import Dialect
from bulksender.source import records

DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 25
_BIGGEST_FIELD = 1_000_000  # characters; far beyond any text, so a longer one is a damaged quote


class DelimitedTable:
    """A delimited text file."""

    sheet = None

    def __init__(self, path: Path):
        self.path = path
        csv.field_size_limit(_BIGGEST_FIELD)
        encoding = _encoding(path)
        self.dialect = Dialect(encoding)
        self.dialect = Dialect(encoding, self._delimiter(), self._newline())

    def rows(self) -> Iterator[Sequence[object]]:
        """Yield the records' fields; raises SheetError with the line for damaged text."""
        number, record = 0, None
        try:
            with self.path.open(encoding=self.dialect.encoding, newline="") as file:
                for number, record in enumerate(records(file, self.dialect.delimiter), 1):  # noqa: B007
                    yield record.fields
        except UnicodeDecodeError as error:
            raise SheetError(
                f"{self.path}, below row {number}: the text is not UTF-8. Save the sheet as "
                '"CSV UTF-8" and try again.'
            ) from error
        except csv.Error as error:
            raise SheetError(
                f"{self.path}, row {number + 1}: {error}. Look for a quote that is never closed."
            ) from error
        if record is not None and _unclosed(record.raw, self.dialect.delimiter):
            raise SheetError(
                f'{self.path}, row {number}: a quote (") is opened and never closed, so the rest '
                "of the file would be one cell. Close or remove it."
            )

    def _delimiter(self) -> str:
        """The delimiter that splits the first records into the most even columns."""
        with self.path.open(encoding=self.dialect.encoding, newline="") as file:
            try:
                lines = list(islice(file, 4 * _SAMPLE_RECORDS))
            except UnicodeDecodeError as error:
                raise SheetError(
                    f"{self.path}: the text is not UTF-8. Save the sheet as "
                    '"CSV UTF-8" and try again.'
                ) from error
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


def _unclosed(raw: str, delimiter: str) -> bool:
    """Whether the file's last record ends inside a quoted field."""
    try:
        list(csv.reader([raw], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False

"""CSV and TSV: the file's own text as it stands, with fields added or replaced in each record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bulksender.reporter.pages import Page, Waiting
from bulksender.reporter.values import DESTINATION, Values
from bulksender.source import SheetFacts, lines, opened, records

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_UMIDS = re.compile(r"(?:[0-9A-Za-z][0-9A-Za-z-]*+)?(?:\n(?:[0-9A-Za-z][0-9A-Za-z-]*+)?)*+")
"""As 8x8 makes them: they need neither quotes nor an apostrophe."""
_NUMBERS = re.compile(r"[0-9+]*")


def write(facts: SheetFacts, pages: Iterator[Page], target: Path) -> None:
    """Copy `facts.path` to `target` with the result columns; `pages` come in the sheet's order.

    Encoding, delimiter, line ends and quoting of the user's own fields stay. Raises OSError, and
    ValueError where a row of the run is not in the file.
    """
    columns = list(facts.result_columns.values())
    appending = columns[0] == facts.width + 1 and columns == sorted(columns)
    fields = _Fields(facts.delimiter, facts.encoding)
    results = Waiting(pages, fields.joined if appending else fields.apart)
    header = facts.delimiter.join(facts.added) if appending else facts.added
    with (
        opened(Path(facts.path), facts.encoding) as source,
        opened(target, facts.encoding, "w") as output,
    ):
        for number, record in enumerate(records(lines(source), facts.delimiter), 1):
            raw = record.raw
            made = header if number == facts.header_row else results.made(number)
            if made is None:
                output.write(raw)
                continue
            body = raw.rstrip("\r\n")
            if isinstance(made, str):
                missing = facts.delimiter * (facts.width - len(record.fields) + 1)
                output.write(f"{body}{missing}{made}{raw[len(body) :]}")
            else:
                output.write(_replaced(body, facts, columns, made) + raw[len(body) :])
    results.end()


class _Fields:
    """Makes fields of values: quoted where needed, never a formula in a spreadsheet program.

    What the file's encoding does not have (a name of another script in Windows-1252) becomes "?".
    """

    def __init__(self, delimiter: str, encoding: str):
        self._delimiter = delimiter
        self._encoding = None if encoding.startswith("utf") else encoding
        self._to_quote = re.compile(f'[{re.escape(delimiter)}"\r\n]')

    def apart(self, page: Page) -> list[list[str | None]]:
        """Each row's fields; None where the value is None."""
        return [self._row(values) for _, values in page.lines()]

    def joined(self, page: Page) -> list[str]:
        """Each row's fields in one text, blank where the value is blank or None.

        Most rows differ in their umid and destination alone: the rest is made once.
        """
        umids, numbers = "\n".join(page.umids), "".join(page.destinations)
        lines = umids.count("\n") + 1
        if lines > len(page.rows) or not (_UMIDS.fullmatch(umids) and _NUMBERS.fullmatch(numbers)):
            return [self._text(self._row(values)) for _, values in page.lines()]
        kinds = [self._row(kind) for kind in page.kinds]
        between = [self._text(["", *kind[1:DESTINATION], ""]) for kind in kinds]
        behind = [self._text(["", *kind[DESTINATION + 1 :]]) for kind in kinds]
        return [
            f"{umid}{between[place]}{destination}{behind[place]}"
            for umid, destination, place in zip(
                page.umids, page.destinations, page.places, strict=True
            )
        ]

    def _row(self, values: Values) -> list[str | None]:
        return [
            None if value is None else self._field(place, value)
            for place, value in enumerate(values)
        ]

    def _text(self, fields: Sequence[str | None]) -> str:
        return self._delimiter.join([field or "" for field in fields])

    def _field(self, place: int, value: str | int) -> str:
        text = str(value)
        if self._encoding is not None:
            text = text.encode(self._encoding, "replace").decode(self._encoding)
        if place != DESTINATION and text.startswith(_FORMULA_STARTS):
            text = "'" + text
        if self._to_quote.search(text):
            text = '"' + text.replace('"', '""') + '"'
        return text


def _replaced(
    body: str, facts: SheetFacts, columns: Sequence[int], fields: Sequence[str | None]
) -> str:
    """The record with `fields` put where the result columns stand."""
    parts = split_raw(body, facts.delimiter)
    parts += [""] * (max(*columns, facts.width) - len(parts))
    for column, field in zip(columns, fields, strict=True):
        if field is not None:
            parts[column - 1] = field
    return facts.delimiter.join(parts)


def split_raw(body: str, delimiter: str) -> list[str]:
    """A record's fields as they stand in the file, quotes included, split as `csv` splits them."""
    if '"' not in body:
        return body.split(delimiter)
    parts, start, position = [], 0, 0
    while True:
        if body.startswith('"', position):
            position = _after_quoted(body, position)
        position = body.find(delimiter, position)
        if position < 0:
            parts.append(body[start:])
            return parts
        parts.append(body[start:position])
        position += len(delimiter)
        start = position


def _after_quoted(body: str, position: int) -> int:
    """The position behind the quote that closes the field that is opened at `position`."""
    while True:
        position = body.find('"', position + 1)
        if position < 0:
            return len(body)
        if not body.startswith('""', position):
            return position + 1
        position += 1


def write_alone(facts: SheetFacts, pages: Iterator[Page], target: Path) -> None:
    """Write the rows' numbers and values as a CSV of their own (UTF-8 with BOM, for Excel)."""
    fields = _Fields(",", "utf-8")
    with target.open("w", encoding="utf-8-sig", newline="") as output:
        output.write(",".join(("row", *facts.added)) + "\r\n")
        for page in pages:
            for number, made in zip(page.rows, fields.joined(page), strict=True):
                output.write(f"{number},{made}\r\n")

"""CSV and TSV: the file's own text as it stands, with fields added or replaced in each record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, SheetFacts, lines, opened, records

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DESTINATION = RESULT_COLUMNS.index("destination")
_OWN = (RESULT_COLUMNS.index("umid"), _DESTINATION)  # each row has its own
_FEW = 5_000  # values that are kept


def write(facts: SheetFacts, rows: Iterator[tuple[int, Values]], target: Path) -> None:
    """Copy `facts.path` to `target` with the result columns; `rows` come in the sheet's order.

    Encoding, delimiter, line ends and quoting of the user's own fields stay. Raises OSError, and
    ValueError where a row of the run is not in the file.
    """
    columns = list(facts.result_columns.values())
    appending = columns[0] == facts.width + 1 and columns == sorted(columns)
    made = _Fields(facts.delimiter, facts.encoding)
    expected = next(rows, None)
    with (
        opened(Path(facts.path), facts.encoding) as source,
        opened(target, facts.encoding, "w") as output,
    ):
        for number, record in enumerate(records(lines(source), facts.delimiter), 1):
            if number == facts.header_row:
                fields: list[str | None] = list(RESULT_COLUMNS)
            elif expected is not None and number == expected[0]:
                fields = made.of(expected[1])
                expected = next(rows, None)
            else:
                output.write(record.raw)
                continue
            body = record.raw.rstrip("\r\n")
            end = record.raw[len(body) :]
            if appending:
                missing = facts.width - len(record.fields)
                added = [field or "" for field in fields]
                body += facts.delimiter.join(["", *[""] * missing, *added])
            else:
                body = _replaced(body, facts, columns, fields)
            output.write(body + end)
    if expected is not None:
        raise ValueError(f"row {expected[0]} is not in the file")


class _Fields:
    """Makes fields of values: quoted where needed, never a formula in a spreadsheet program.

    What the file's encoding does not have (a name of another script in Windows-1252) becomes "?".
    """

    def __init__(self, delimiter: str, encoding: str):
        self._encoding = None if encoding.startswith("utf") else encoding
        self._to_quote = re.compile(f'[{re.escape(delimiter)}"\r\n]')
        self._known: dict[str | int, str] = {"": ""}  # most values come again and again

    def of(self, values: Values) -> list[str | None]:
        """A row's fields; None where the value is None."""
        return [
            None if value is None else self._made(place, value)
            for place, value in enumerate(values)
        ]

    def _made(self, place: int, value: str | int) -> str:
        if value in self._known and place not in _OWN:
            return self._known[value]
        text = str(value)
        if self._encoding is not None:
            text = text.encode(self._encoding, "replace").decode(self._encoding)
        if place != _DESTINATION and text.startswith(_FORMULA_STARTS):
            text = "'" + text
        if self._to_quote.search(text):
            text = '"' + text.replace('"', '""') + '"'
        if place not in _OWN and len(self._known) < _FEW:
            self._known[value] = text
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


def write_alone(rows: Iterator[tuple[int, Values]], target: Path) -> None:
    """Write the rows' numbers and values as a CSV of their own (UTF-8 with BOM, for Excel)."""
    made = _Fields(",", "utf-8")
    with target.open("w", encoding="utf-8-sig", newline="") as output:
        output.write(",".join(("row", *RESULT_COLUMNS)) + "\r\n")
        for number, values in rows:
            fields = [field or "" for field in made.of(values)]
            output.write(",".join([str(number), *fields]) + "\r\n")

"""CSV and TSV: the file's own text as it stands, with fields added or replaced in each record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, SheetFacts, lines, opened, records

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DESTINATION = RESULT_COLUMNS.index("destination")


def write(facts: SheetFacts, rows: Iterator[tuple[int, Values]], target: Path) -> None:
    """Copy `facts.path` to `target` with the result columns; `rows` come in the sheet's order.

    Encoding, delimiter, line ends and quoting of the user's own fields stay. Raises OSError, and
    ValueError where a row of the run is not in the file.
    """
    columns = list(facts.result_columns.values())
    appending = columns[0] == facts.width + 1 and columns == sorted(columns)
    expected = next(rows, None)
    with (
        opened(Path(facts.path), facts.encoding) as source,
        opened(target, facts.encoding, "w") as output,
    ):
        for number, record in enumerate(records(lines(source), facts.delimiter), 1):
            if number == facts.header_row:
                fields: list[str | None] = list(RESULT_COLUMNS)
            elif expected is not None and number == expected[0]:
                fields = _fields(expected[1], facts.delimiter, facts.encoding)
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


def _fields(values: Values, delimiter: str, encoding: str) -> list[str | None]:
    """The values as fields: quoted where needed, never a formula in a spreadsheet program.

    What the file's encoding does not have (a name of another script in Windows-1252) becomes "?".
    """
    unicode = encoding.startswith("utf")
    fields: list[str | None] = []
    for index, value in enumerate(values):
        if value is None:
            fields.append(None)
            continue
        text = str(value) if unicode else str(value).encode(encoding, "replace").decode(encoding)
        if index != _DESTINATION and text.startswith(_FORMULA_STARTS):
            text = "'" + text
        fields.append(_quoted(text, delimiter))
    return fields


def _quoted(text: str, delimiter: str) -> str:
    if any(char in text for char in (delimiter, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
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
    with target.open("w", encoding="utf-8-sig", newline="") as output:
        output.write(",".join(("row", *RESULT_COLUMNS)) + "\r\n")
        for number, values in rows:
            fields = [field or "" for field in _fields(values, ",", "utf-8")]
            output.write(",".join([str(number), *fields]) + "\r\n")

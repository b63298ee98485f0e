"""What was read, and which column is what, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path

from bulksender.loader.columns import Columns
from bulksender.source import DELIMITED, column_letter, earlier_results
from bulksender.tables import DELIMITERS, Table

_DELIMITERS = dict(zip(DELIMITERS, ("comma", "semicolon", "tab", "pipe"), strict=True))
_ENCODINGS = {"cp1252": "Windows-1252", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}


def kind(table: Table, path: Path, header_row: int) -> str:
    """What kind of file it is, and where its header stands."""
    if path.suffix.lower() in DELIMITED:
        encoding = table.dialect.encoding.removesuffix("-sig")
        said = f"{_DELIMITERS[table.dialect.delimiter]}-separated, "
        said += _ENCODINGS.get(encoding, encoding)
    else:
        said = f'sheet "{table.sheet}"' if table.sheet else "table"
    above = header_row - 1
    skipped = f" (row{'s 1 to' if above > 1 else ''} {above} above it not read)" if above else ""
    return f"{said}, header in row {header_row}{skipped}"


def chosen_columns(
    columns: Columns, country: str | None, chosen_by: str, inputs: Set[int]
) -> Iterator[str]:
    """Which columns were chosen, and what for; `chosen_by` says how the phone column was found."""
    numbers = (
        f"numbers without + belong to {country}"
        if country
        else "no --country given, so numbers without + begin with their country code"
    )
    yield f"phone column {named(columns, *columns.phone)}{chosen_by}; {numbers}"
    chosen = [
        ("text column", columns.text),
        ("id column", columns.reference),
        *(("opt-out column", index) for index in columns.opt_out),
        *(("opt-in column", index) for index in columns.opt_in),
    ]
    for role, index in chosen:
        if index is not None:
            yield f"{role} {named(columns, index)}"
    if columns.umid is None:
        for index in sorted(earlier_results(columns.headers).values()):
            if index not in inputs:
                yield f"{named(columns, index)} will hold the result instead"


def named(columns: Columns, *indexes: int) -> str:
    """`"Mobile" (B)`: columns as the sheet's owner finds them."""
    return ", then ".join(f'"{columns.headers[i]}" ({column_letter(i + 1)})' for i in indexes)

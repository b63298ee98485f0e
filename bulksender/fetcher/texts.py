"""Values of a database → the texts of a CSV file's cells, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from bulksender.errors import SheetError

_AS_THEY_ARE = frozenset({str, int, type(None)})  # the csv module writes None as an empty cell


def texts(values: Sequence[object], where: str) -> Sequence[object]:
    """A column's values as `csv.writer` takes them.

    A blank (None, not a number, infinite) is empty; TRUE and FALSE; whole numbers plain, floats
    with the 15 digits that a sheet shows and no exponent, decimals with their own; dates and times
    in ISO 8601; a length of time as 1 day, 2:30:00. Raises SheetError, beginning with `where`,
    where a value has no such text: bytes, lists.
    """
    kinds = set(map(type, values))
    if kinds <= _AS_THEY_ARE:
        return values
    by_kind = {kind: _writer(kind, where) for kind in kinds}
    return [by_kind[type(value)](value) for value in values]


def _writer(kind: type, where: str) -> Callable[[Any], object]:
    for known, written in _WRITERS:
        if issubclass(kind, known):
            return written
    binary = issubclass(kind, bytes | bytearray | memoryview)
    held = "bytes" if binary else f"values of the kind {kind.__name__}"
    raise SheetError(
        f"{where} holds {held}, which have no text in a sheet. Leave it out of the query, or cast "
        "it to text there."
    )


def _float(value: float) -> str:
    return format(Decimal(format(value, ".15g")), "f") if isfinite(value) else ""


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else ""


def _same(value: object) -> object:
    return value


_WRITERS: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (type(None), _same),
    (bool, lambda value: "TRUE" if value else "FALSE"),
    (str, str),
    (int, int.__str__),
    (float, _float),
    (Decimal, _decimal),
    (datetime, datetime.isoformat),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, str),
    (UUID, str),
)

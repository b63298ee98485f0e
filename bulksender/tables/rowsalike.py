"""The rows that are written alike, many at a time: a column is converted in one go.

Nearly all rows of a sheet have their cells in the same order and of the same kinds. One expression
takes all such rows out of a megabyte of XML; what it cannot take is read row by row (`sheetrows`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time
from itertools import groupby
from operator import lt
from typing import NamedTuple

from bulksender.model import formatted
from bulksender.ooxml import MOST_ROWS
from bulksender.source import column_letter
from bulksender.tables.formats import Amounts, Reading
from bulksender.tables.table import NEVER_COMPUTED, Block, spoilt_by
from bulksender.tables.xmlstream import unescaped

MOST_ALIKE = 256
"""Columns; a row with a cell further right is read by itself."""

ROW_END = "</row>"
_CELL = (
    r'(?:<c r="{letters}[0-9]++"([^>]*+)>'
    r"(?:(?:<f[^>]*+>(?:(?<=/>)|[^<]*+</f>))?+"
    r"(?:<v>|<is><t[^>]*+>)([^<]++)(?:</v>|</t></is>)</c>|(?<=/>)))?+"
)
_ATTRIBUTES = re.compile(r'(?: (?:s="(\d++)"|t="(\w++)"))*/?')

Found = tuple[str, ...]
"""A row's number, attributes and value of each cell, and the XML of a row that is not alike."""


class Readings(dict[str, object]):
    """Stored number → what it means in its format; the same dates come again and again."""

    def __init__(self, reading: Reading):
        super().__init__()
        self._reading = reading
        self.form = reading if isinstance(reading, Amounts) and reading.places else None
        """Of amounts, of which nearly all differ: their form, which makes a text when asked."""

    def __missing__(self, stored: str) -> object:
        if len(self) > 50_000:
            self.clear()
        self[stored] = meant = self._reading(float(stored))
        return meant


class Unlike(Exception):
    """These rows have to be read one by one."""


class RowsAlike:
    """Reads rows of up to `width` columns; `strings` and `readings` are those of `sheetrows`."""

    def __init__(self, width: int, strings: Sequence[str], readings: Mapping[str, Readings]):
        self.width = width
        self._strings = strings
        self._readings = readings
        self._kinds: dict[str, _Reader] = {}
        cells = "".join(_CELL.format(letters=column_letter(n)) for n in range(1, width + 1))
        self._row = re.compile(
            rf'<row r="([0-9]{{1,7}}+)"(?![^>]*hidden)[^>]*+>{cells}</row>|([\s\S]*?</row>)'
        )

    def runs(self, text: str) -> Iterator[list[Found] | list[str]]:
        """Split XML that ends with a row: rows that are alike, the XML of rows that are not, …"""
        last = text.rfind(ROW_END)
        end = last + len(ROW_END) if last >= 0 else 0  # what is behind would be searched in vain
        found = self._row.findall(text, 0, end)
        for unlike, run in groupby(found, key=lambda found: bool(found[-1])):
            rows = list(run)
            yield [found[-1] for found in rows] if unlike else rows
        if "<row" in (rest := text[end:]) or "</row" in rest:  # `<row/>`; `</row >`, by an editor
            yield [rest]

    def read(self, found: Sequence[Found], behind: int) -> Block:
        """The rows, the first of which stands below row `behind`. Raises Unlike."""
        columns = list(zip(*found, strict=True))
        numbers = list(map(int, columns[0]))
        rising = behind < numbers[0] and all(map(lt, numbers, numbers[1:]))
        if not rising or numbers[-1] > MOST_ROWS:
            raise Unlike
        try:
            cells = [
                self._column(*columns[place : place + 2]) for place in range(1, len(columns) - 1, 2)
            ]
        except (ValueError, IndexError, OverflowError) as error:
            raise Unlike from error
        while cells and cells[-1] is None:
            cells.pop()
        blank = (None,) * len(numbers)
        return Block(numbers, [blank if column is None else column for column in cells])

    def _column(self, attributes: Sequence[str], stored: Sequence[str]) -> Sequence[object] | None:
        """A column's values; None where nothing stands in it. `stored` is "" where a cell has none.

        Raises Unlike, ValueError, IndexError, OverflowError.
        """
        if not any(stored):
            return None
        readers = {kind: self._kinds.get(kind) or self._kind(kind) for kind in set(attributes)}
        if len(readers) == 1:
            return readers[attributes[0]].all(stored)
        if (
            len(readers) == 2
            and "" in readers
            and not any(value for kind, value in zip(attributes, stored, strict=True) if not kind)
        ):  # cells of one kind, and rows without one
            [reader] = (reader for kind, reader in readers.items() if kind)
            return reader.all(stored)
        one = {kind: reader.one for kind, reader in readers.items()}
        return [one[kind](value) for kind, value in zip(attributes, stored, strict=True)]

    def _kind(self, attributes: str) -> _Reader:
        """How the values of cells with such attributes are read."""
        found = _ATTRIBUTES.fullmatch(attributes)
        if found is None:
            raise Unlike
        style, kind = found.groups()
        if kind == "s":
            reader = _Reader(self._shared, self._all_shared)
        elif kind not in (None, "n"):
            reader = _Reader.of(lambda value: of_kind(kind, "", value))
        elif style in self._readings:
            reading = self._readings[style]
            form = reading.form
            reader = _amounts(form) if form else _Reader.of(reading.__getitem__)
        else:
            reader = _Reader(_number, _numbers)
        self._kinds[attributes] = reader
        return reader

    def _shared(self, index: str) -> str | None:
        if not index:
            return None
        if index[0] == "-":
            raise Unlike
        return self._strings[int(index)]

    def _all_shared(self, indexes: Sequence[str]) -> list[object]:
        if "-" in "".join(indexes):
            raise Unlike
        strings = self._strings
        if "" in indexes:
            return [strings[int(index)] if index else None for index in indexes]
        return list(map(strings.__getitem__, map(int, indexes)))


class _Reader(NamedTuple):
    """Makes one cell's value, or those of a column; "" is a cell without any."""

    one: Callable[[str], object]
    all: Callable[[Sequence[str]], list[object]]

    @classmethod
    def of(cls, read: Callable[[str], object]) -> _Reader:
        """A reader of one value that is there."""
        return cls(
            lambda value: read(value) if value else None,
            lambda stored: [read(value) if value else None for value in stored],
        )


def _amounts(form: Amounts) -> _Reader:
    """Reads amounts, of 15 digits at most, as spreadsheets compute."""

    made = formatted(form)

    def all_of(column: Sequence[str]) -> list[object]:
        return [
            made(stored if len(stored) < 16 else f"{float(stored):.15g}") if stored else None
            for stored in column
        ]

    return _Reader(lambda stored: all_of((stored,))[0], all_of)


def _number(stored: str) -> int | float | None:
    if stored.isdigit():
        return int(stored)
    return float(stored) if stored else None


def _numbers(column: Sequence[str]) -> list[object]:
    return [
        int(stored) if stored.isdigit() else float(stored) if stored else None for stored in column
    ]


def of_kind(kind: str, formula: str, value: str) -> object:
    """What a cell that is neither a number nor a shared string holds. Raises ValueError."""
    match kind:
        case "inlineStr" | "str":
            return unescaped(value)
        case "b":
            return value.strip() in ("1", "true")
        case "e":
            return spoilt_by(unescaped(value) or "#N/A")
        case "d" if value:
            moment = value.strip().removesuffix("Z")
            is_time = re.fullmatch(r"T?\d\d:.*", moment)
            return time.fromisoformat(moment) if is_time else datetime.fromisoformat(moment)
        case _:
            return NEVER_COMPUTED if formula and not value else unescaped(value)

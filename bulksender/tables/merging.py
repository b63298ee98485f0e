"""Merged cells: what stands in the first row of one counts for all rows that it spans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bulksender.ooxml import Area
from bulksender.tables.table import Row


class Merging:
    """Puts the value of a merged area into each row that it spans, in the area's first column."""

    def __init__(self, areas: Sequence[Area]):
        self._coming = sorted((area for area in areas if area.bottom > area.top), reverse=True)
        self._open: dict[int, tuple[int, object]] = {}  # column → last row, value

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, with the values that merged cells above bring into them."""
        if not self._coming:
            yield from rows
            return
        for row in rows:
            values = self._filled(row.number, row.values) if self._open else row.values
            while self._coming and self._coming[-1].top <= row.number:
                area = self._coming.pop()
                if area.top == row.number and area.left <= len(values):
                    self._open[area.left - 1] = area.bottom, values[area.left - 1]
            yield row._replace(values=values)

    def _filled(self, number: int, values: Sequence[object]) -> Sequence[object]:
        filled = list(values)
        for column, (last, value) in list(self._open.items()):
            if number > last:
                del self._open[column]
                continue
            filled += [None] * (column + 1 - len(filled))
            if filled[column] is None or filled[column] == "":
                filled[column] = value
        return filled

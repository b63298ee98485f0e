"""The phone cells of a chunk: which column counts in each row, what was mended, what is refused."""

from __future__ import annotations

from collections.abc import Sequence

from bulksender.loader.cells import FIXED_LINE, ROUND, BadNumber
from bulksender.loader.columns import Columns
from bulksender.loader.describing import named
from bulksender.loader.msisdn import Seen, to_e164
from bulksender.model import Cell
from bulksender.notices import Notices
from bulksender.tables import plain


class Numbers:
    """Finds each row's number: the first phone column that has a valid one.

    Raises nothing: what is no number is a BadNumber that names the column.
    """

    def __init__(self, columns: Columns, country: str | None, notices: Notices):
        self._columns = columns
        self._country = country
        self._notices = notices

    def __call__(self, rows: Sequence[tuple[int, Sequence[object]]]) -> list[str | BadNumber]:
        """The number of each row (its own number and its values), in the same order."""
        cells = [self._first(values) for _, values in rows]
        seen: list[Seen] = []
        found = to_e164([cell for cell, _ in cells], self._country, seen)
        for index, remark in seen:
            self._note(rows[index][0], remark, cells[index][0], found[index])
        for index, number in enumerate(found):
            if isinstance(number, BadNumber):
                found[index] = self._another(rows[index], cells[index][1], number)
        return found

    def _first(self, values: Sequence[object]) -> tuple[Cell, int]:
        """The first phone column that is not blank in this row: its cell and its index."""
        for index in self._columns.phone:
            cell = plain(values[index])
            if cell is not None:
                return cell, index
        return None, self._columns.phone[0]

    def _another(
        self, row: tuple[int, Sequence[object]], tried: int, bad: BadNumber
    ) -> str | BadNumber:
        """The number of the next phone column, where the one before holds none."""
        number, values = row
        columns = self._columns.phone
        for column in columns[columns.index(tried) + 1 :]:
            seen: list[Seen] = []
            cell = plain(values[column])
            [found] = to_e164([cell], self._country, seen)
            if isinstance(found, str):
                for _, remark in seen:
                    self._note(number, remark, cell, found)
                first, then = named(self._columns, tried), named(self._columns, column)
                self._notices.add(f"{first} holds no number, so that of {then} was taken", number)
                return found
        return BadNumber(f"{named(self._columns, tried)}: {bad.why}")

    def _note(self, row: int, remark: str, before: Cell, after: str | BadNumber) -> None:
        if isinstance(after, BadNumber):
            return
        if remark in (FIXED_LINE, ROUND):
            self._notices.add(remark, row)
        else:
            self._notices.add(remark, row, f"{_visible(str(before))} → {after}", repair=True)


def _visible(text: str) -> str:
    """A text in which characters that cannot be seen are named."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)

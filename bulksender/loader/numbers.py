"""The phone cells of a chunk: which column counts in each row, what was mended, what is refused."""

from __future__ import annotations

from bulksender.loader.cells import FIXED_LINE, ROUND, BadNumber
from bulksender.loader.columns import Columns
from bulksender.loader.describing import named
from bulksender.loader.msisdn import Seen, to_e164
from bulksender.model import Cell
from bulksender.notices import Notices
from bulksender.tables import Block, plain_column


class Numbers:
    """Finds each row's number: the first phone column that has a valid one.

    Raises nothing: what is no number is a BadNumber that names the column.
    """

    def __init__(self, columns: Columns, country: str | None, notices: Notices):
        self._columns = columns
        self._country = country
        self._notices = notices

    def __call__(self, block: Block) -> list[str | BadNumber]:
        """The number of each row, in the same order."""
        cells = {index: plain_column(block.columns[index]) for index in self._columns.phone}
        chosen, tried = self._first(cells)
        seen: list[Seen] = []
        found = to_e164(chosen, self._country, seen)
        for row, remark in seen:
            self._note(block.numbers[row], remark, chosen[row], found[row])
        for row, number in enumerate(found):
            if isinstance(number, BadNumber):
                column = self._columns.phone[0] if tried is None else tried[row]
                found[row] = self._another(block.numbers[row], row, cells, column, number)
        return found

    def _first(self, cells: dict[int, list[Cell]]) -> tuple[list[Cell], list[int] | None]:
        """Each row's first phone cell that is not blank, and its column (None: the first one)."""
        first, *others = cells
        chosen = cells[first]
        if not others or None not in chosen:
            return chosen, None
        tried = [
            next((index for index in cells if cells[index][row] is not None), first)
            for row in range(len(chosen))
        ]
        return [cells[index][row] for row, index in enumerate(tried)], tried

    def _another(
        self, number: int, row: int, cells: dict[int, list[Cell]], tried: int, bad: BadNumber
    ) -> str | BadNumber:
        """The number of the next phone column, where the one before holds none."""
        columns = self._columns.phone
        for column in columns[columns.index(tried) + 1 :]:
            seen: list[Seen] = []
            cell = cells[column][row]
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

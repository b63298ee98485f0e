"""What the sheet's owner should know and that stops nothing: repairs, oddities, what was left out.

Counted by kind, with the first rows and one example each. An example may show a number or a text,
so notices are shown and never stored.
"""

from __future__ import annotations

from msgspec import Struct

MOST_ROWS = 5
"""How many rows a notice names."""


class Notice(Struct, frozen=True):
    """One thing worth knowing.

    `rows` counts the rows it is about (0: the whole sheet), `first` are the first of them.
    `example` is one of them, before and after. `repair` where a phone number was mended.
    """

    what: str
    rows: int = 0
    first: tuple[int, ...] = ()
    example: str = ""
    repair: bool = False


class Notices:
    """Counts notices while rows go by."""

    def __init__(self) -> None:
        self._found: dict[str, Notice] = {}

    def add(self, what: str, row: int, example: str = "", repair: bool = False) -> None:
        """Count a row under `what`; the first example of each kind is kept."""
        before = self._found.get(what)
        if before is None:
            self._found[what] = Notice(what, 1, (row,), example, repair)
            return
        first = before.first if len(before.first) == MOST_ROWS else (*before.first, row)
        self._found[what] = Notice(what, before.rows + 1, first, before.example, repair)

    def listed(self) -> list[Notice]:
        """All notices, the commonest first."""
        return sorted(self._found.values(), key=lambda notice: -notice.rows)

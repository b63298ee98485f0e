"""Results many at a time: what rows have in common is made, sent and written out once."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from bulksender.ledger import Result, Run
from bulksender.reporter.values import DESTINATION, UMID, Values, values_of
from bulksender.source import VARIANT

Made = TypeVar("Made")


class Page(NamedTuple):
    """The results of up to 10,000 rows, in the sheet's order.

    `kinds` are the values of rows that are alike but for their own umid and destination; `places`
    says which kind each row is of. Where its kind leaves out the umid or the destination (None), or
    leaves it blank, the row's own is "".
    """

    rows: Sequence[int]
    umids: Sequence[str]
    destinations: Sequence[str]
    places: Sequence[int]
    kinds: Sequence[Values]

    def values(self, index: int) -> Values:
        """The values of the page's row `index` (from 0)."""
        kind = list(self.kinds[self.places[index]])
        kind[UMID] = self.umids[index] or kind[UMID]
        kind[DESTINATION] = self.destinations[index] or kind[DESTINATION]
        return tuple(kind)

    def lines(self) -> Iterator[tuple[int, Values]]:
        """Each row's number and its values."""
        return zip(self.rows, map(self.values, range(len(self.rows))), strict=True)


def pages_of(
    run: Run, beside: bool = True, before_each: Callable[[int, int], None] | None = None
) -> Iterator[Page]:
    """A run's results; a column that the run reads from is left as it is.

    `beside` is False where they are written without their sheet. `before_each` is called with the
    first and last row of a page before it is read.
    """
    facts = run.facts
    columns = list(facts.result_columns.values())
    varied = VARIANT in facts.added
    left = {index for index, column in enumerate(columns) if beside and column in facts.inputs}

    def values(result: Result) -> Values:
        made = values_of(result, run.kept, beside, varied)
        return tuple(None if index in left else value for index, value in enumerate(made))

    for results in run.result_pages(before_each):
        yield _page(values, *results)


def _page(
    values: Callable[[Result], Values],
    rows: Sequence[int],
    umids: Sequence[str],
    statuses: Sequence[Any],
    details: Sequence[str],
    destinations: Sequence[str],
    *others: Sequence[Any],
) -> Page:
    """A page, of the columns of its Results."""
    kinds = _Kinds(values)
    has_umid, has_destination = map(bool, umids), map(bool, destinations)
    alike = zip(has_umid, statuses, details, has_destination, *others, strict=True)
    places = list(map(kinds.__getitem__, alike))
    if any(kinds.without_own):
        umids, destinations = (
            [
                text if kinds.made[place][own] else ""
                for text, place in zip(texts, places, strict=True)
            ]
            for own, texts in ((UMID, umids), (DESTINATION, destinations))
        )
    return Page(rows, umids, destinations, places, kinds.made)


class _Kinds(dict[tuple[Any, ...], int]):
    """What is alike in Results → the index of their values in `made`, which are made when needed.

    `without_own` says of each kind whether it leaves out a umid or a destination that is there.
    """

    def __init__(self, values: Callable[[Result], Values]):
        super().__init__()
        self._values = values
        self.made: list[Values] = []
        self.without_own: list[bool] = []

    def __missing__(self, alike: tuple[Any, ...]) -> int:
        has_umid, status, detail, has_destination, *others = alike
        own, to = "?" * has_umid, "?" * has_destination
        values = self._values(Result(0, own, status, detail, to, *others))
        self.made.append(values)
        self.without_own.append(values[UMID] != own or values[DESTINATION] != to)
        self[alike] = place = len(self.made) - 1
        return place


class Waiting(Generic[Made]):
    """The results of a run that wait for the rows of its sheet; `make` is what is made of a page.

    Raises ValueError where a row that has a result does not come.
    """

    def __init__(self, pages: Iterator[Page], make: Callable[[Page], Sequence[Made]]):
        self._pages = pages
        self._make = make
        self._left: dict[int, Made] = {}
        self._last = 0  # row of the page

    def made(self, number: int) -> Made | None:
        """What was made of the next row's result; None where it has none. To be asked once."""
        if number > self._last:
            self._turn(number)
        return self._left.pop(number, None)

    def values(self, number: int) -> Values | None:
        """The values of the next row, instead."""
        if self.made(number) is None:
            return None
        return self._page.values(bisect_left(self._page.rows, number))

    def end(self) -> None:
        """No more rows come."""
        self._turn(sys.maxsize)

    def _turn(self, number: int) -> None:
        """Go on to the page in which the row stands, if it has a result."""
        while number > self._last:
            for left in self._left:
                raise ValueError(f"row {left} is not in the sheet")
            page = next(self._pages, None)
            if page is None:
                self._last = sys.maxsize
                break
            self._page, self._last = page, page.rows[-1]
            self._left = dict(zip(page.rows, self._make(page), strict=True))

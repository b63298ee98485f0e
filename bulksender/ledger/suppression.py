"""The suppression list: numbers that must not be texted by any run, whatever its sheet says.

Numbers are E.164 with `+` here; one in another form would keep nobody from being texted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Struct

from bulksender.ledger import sql_suppression as sql
from bulksender.ledger.sql_suppression import LEAVE_OUT_SUPPRESSED
from bulksender.model import CHUNK_ROWS

if TYPE_CHECKING:
    from bulksender.ledger.store import Ledger

__all__ = [
    "LEAVE_OUT_SUPPRESSED",
    "LONGEST_SOURCE",
    "Scheduled",
    "Suppressed",
    "anything_suppressed",
    "scheduled_to",
    "suppress",
    "suppressed",
    "suppressed_among",
    "unsuppress",
]

LONGEST_SOURCE = 200
"""Characters of a source; what is longer is cut off."""


class Suppressed(NamedTuple):
    """A number (E.164 with +) on the list, where it comes from, and since when (ISO, UTC)."""

    number: str
    source: str
    added_at: str

    @property
    def why(self) -> str:
        """Why a row of this number is OPTED_OUT, in the words of LEAVE_OUT_SUPPRESSED."""
        return f"on the suppression list since {self.added_at[:10]} ({self.source})"


class Scheduled(Struct, frozen=True):
    """How many messages of a run wait at 8x8 for the time at which they are to be sent."""

    run: str
    messages: int


def suppress(ledger: Ledger, numbers: Iterable[str], source: str, at: str | None = None) -> int:
    """Put numbers on the list, all or none; returns how many were not there yet.

    Those that are there keep their first source and date. `source` says in words where they come
    from (it is shown beside each row that they keep from being sent), `at` since when (ISO, UTC;
    now, where it is not given). Raises LedgerError.
    """
    added_at, said = at or ledger.now(), _tidy(source)
    added = 0
    pages = _pages(numbers)
    with ledger.transaction() as connection:
        for page in pages:
            rows = [(number, said, added_at) for number in page]
            added += connection.exec_driver_sql(sql.ADD_SUPPRESSED, rows).rowcount
    return added


def unsuppress(ledger: Ledger, numbers: Iterable[str]) -> int:
    """Take numbers off the list, all or none; returns how many were on it. Raises LedgerError."""
    removed = 0
    pages = _pages(numbers)
    with ledger.transaction() as connection:
        for page in pages:
            place = {"numbers": _json(page)}
            removed += connection.exec_driver_sql(sql.REMOVE_SUPPRESSED, place).rowcount
    return removed


def suppressed(ledger: Ledger) -> Iterator[Suppressed]:
    """The whole list, the newest last; read a page at a time. Raises LedgerError."""
    last = Suppressed("", "", "")
    while True:
        place = {"added_at": last.added_at, "number": last.number, "most": CHUNK_ROWS}
        with ledger.reading() as connection:
            page = connection.exec_driver_sql(sql.SUPPRESSED_PAGE, place).all()
        for found in page:
            last = Suppressed(*found)
            yield last
        if len(page) < CHUNK_ROWS:
            return


def suppressed_among(ledger: Ledger, numbers: Sequence[str]) -> dict[str, Suppressed]:
    """Those of up to 10,000 numbers that are on the list, by number. Raises LedgerError."""
    if not anything_suppressed(ledger):
        return {}
    with ledger.reading() as connection:
        place = {"numbers": _json(numbers)}
        found = connection.exec_driver_sql(sql.SUPPRESSED_AMONG, place).all()
    return {line[0]: Suppressed(*line) for line in found}


def anything_suppressed(ledger: Ledger) -> bool:
    """Whether any number is on the list. Raises LedgerError."""
    with ledger.reading() as connection:
        return bool(connection.exec_driver_sql(sql.ANYTHING_SUPPRESSED).scalar_one())


def scheduled_to(ledger: Ledger, numbers: Collection[str]) -> list[Scheduled]:
    """Messages to these numbers that 8x8 has accepted and is to send later than now, by run.

    Rehearsals of `--simulate` do not count. Raises LedgerError.
    """
    place = {"now": ledger.now(), "numbers": _json(numbers)}
    with ledger.reading() as connection:
        found = connection.exec_driver_sql(sql.SCHEDULED_TO, place).all()
    return [Scheduled(*line) for line in found]


def _pages(numbers: Iterable[str]) -> list[list[str]]:
    """The numbers in order, each once: a million in any other take three times as long.

    They are all at hand before the ledger is locked.
    """
    ordered = sorted(set(numbers))
    return [ordered[first : first + CHUNK_ROWS] for first in range(0, len(ordered), CHUNK_ROWS)]


def _json(numbers: Collection[str]) -> str:
    return msgspec.json.encode(list(numbers)).decode()


def _tidy(source: str) -> str:
    """A source on one line, without what no spreadsheet, terminal or database would take."""
    plain = "".join(char if char.isprintable() else " " for char in source)
    return " ".join(plain.split())[:LONGEST_SOURCE]

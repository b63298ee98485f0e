"""What people would get: one text a number, and whether another plan would give them the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import compress
from operator import eq
from typing import Any

import msgspec
from sqlalchemy import Connection

from bulksender.ledger import sql
from bulksender.model import CHUNK_ROWS, RowStatus
from bulksender.settings import Job


def leave_out_twins(connection: Connection, run: int, job: Job) -> tuple[str | None, str | None]:
    """Make all READY rows of a number but one DUPLICATE; return the hashes of what is left.

    A number that is opted out in one row is OPTED_OUT in all of them. Both need the rows sorted by
    their numbers, which takes longest, and so do the hashes: they are read once. No hash where
    nobody gets anything. The second hash is that of schema 1, which told plans for different
    sub-accounts apart.
    """
    content = _Content(job)
    connection.exec_driver_sql(sql.TWINS)
    found = connection.exec_driver_sql(sql.BY_NUMBER, (run,)).cursor
    first: Any = ("", 0, "", "")  # the first row of its number
    while page := found.fetchmany(CHUNK_ROWS):
        numbers = [row[0] for row in page]
        again = list(map(eq, numbers, [first[0], *numbers]))
        content.add(
            [
                (destination, text)
                for (destination, _, status, text), twin in zip(page, again, strict=True)
                if not twin and status == "READY"
            ]
        )
        twins = []
        for place in compress(range(len(page)), again):
            if place and not again[place - 1]:
                first = page[place - 1]
            if page[place][2] == "READY":
                twins.append((page[place][1], *_as_twin_of(first[1], first[2])))
        if not again[-1]:
            first = page[-1]
        if twins:
            connection.exec_driver_sql(sql.ADD_TWIN, twins)
    connection.exec_driver_sql(sql.MARK_TWINS, (run,))
    connection.exec_driver_sql(sql.NO_TWINS)
    return content.hashes()


def _as_twin_of(row: int, status: str) -> tuple[RowStatus, str]:
    """What becomes of a row that has the number of another one, and why."""
    if status == RowStatus.OPTED_OUT:
        return RowStatus.OPTED_OUT, f"the same number is opted out in row {row}"
    sent = {"READY": "", "UNKNOWN": ", which may have been sent"}
    said = f"the same number as row {row}{sent.get(status, ', which was already sent')}"
    return RowStatus.DUPLICATE, said


class _Content:
    """Destinations and texts, in whatever order of the sheet, as hashes.

    What makes two plans with the same texts and numbers different plans all the same goes in first.
    Not the batch size, the schedule or the like: the same text to the same people is the same plan.
    What went to a server on this machine (the simulator) has reached nobody.
    """

    def __init__(self, job: Job):
        self._encoder = msgspec.json.Encoder()
        new = [job.pretended, job.source or "", job.encoding]
        old = [job.pretended, job.subaccount, job.source or "", job.encoding]
        if job.sources:
            new.append(sorted(job.sources.items()))
        self._hashes = [hashlib.sha256(self._encoder.encode(settings)) for settings in (new, old)]
        self._nothing = True

    def add(self, content: Sequence[tuple[str, str]]) -> None:
        """Add destinations and texts, which come sorted."""
        written = self._encoder.encode_lines(content).replace(b"\n", b"")  # a text has it escaped
        for each in self._hashes:
            each.update(written)
        self._nothing = self._nothing and not content

    def hashes(self) -> tuple[str | None, str | None]:
        """Both; None where nobody gets anything."""
        new, old = (None if self._nothing else each.hexdigest() for each in self._hashes)
        return new, old

"""When a run's messages are due: who waits, what was given a time before, and the times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from bulksender.ledger.records import iso
from bulksender.ledger.run import Run
from bulksender.model import CHUNK_ROWS

# Who is still to be sent to, a page at a time.
_READY_NUMBERS = """
SELECT json_group_array(row), json_group_array(destination)
FROM (SELECT row, destination FROM message
      WHERE run = ? AND row > ? AND status = 'READY' ORDER BY row LIMIT ?)
"""

# What 8x8 was given, or may have been given, to send at which time.
_GIVEN = """
SELECT iif(scheduled = '', claimed_at, scheduled), sum(rows) FROM batch
WHERE run IN (SELECT value FROM json_each(?)) AND state IN ('SENDING', 'SETTLED', 'UNKNOWN')
GROUP BY 1
"""

_SET_DUE = "UPDATE message SET due = ? WHERE run = ? AND row = ? AND due <> ?"

# How many messages are due when, sent ones included.
_DUES = """
SELECT coalesce(nullif(batch.scheduled, ''), nullif(message.due, ''), batch.claimed_at, ''),
       count(*)
FROM message LEFT JOIN batch ON batch.run = message.run AND batch.number = message.batch
WHERE message.run = ?
  AND status NOT IN ('INVALID', 'DUPLICATE', 'OPTED_OUT', 'ALREADY_SENT', 'REJECTED', 'CANCELLED')
  AND NOT (status = 'UNKNOWN' AND message.batch IS NULL)  -- another run has to be settled first
GROUP BY 1 ORDER BY 1
"""


def ready_numbers(run: Run) -> Iterator[tuple[list[int], list[str]]]:
    """Rows and numbers (E.164) of the messages that are still to be sent, a page at a time."""
    last = 0
    while True:
        with run.ledger.reading() as connection:
            values = (run.no, last, CHUNK_ROWS)
            found = connection.exec_driver_sql(_READY_NUMBERS, values).one()
        rows, numbers = (msgspec.json.decode(column) for column in found)
        if not rows:
            return
        yield rows, numbers
        last = rows[-1]


def given(run: Run) -> dict[datetime, int]:
    """How many messages 8x8 has, or may have, by the time at which it sends them.

    Those of the run, and of the runs that it tries again, or that try it again.
    """
    with run.ledger.reading() as connection:
        found = connection.exec_driver_sql(_GIVEN, (run.family_json(),)).all()
    return {datetime.fromisoformat(when): int(rows) for when, rows in found}


def set_times(run: Run, dues: Iterable[tuple[int, datetime | None]]) -> None:
    """Give each row its time; None is at once. In one transaction."""
    values = [(iso(due) if due else "", row) for row, due in dues]
    with run.ledger.transaction() as connection:
        if values:
            placed = [(due, run.no, row, due) for due, row in values]
            connection.exec_driver_sql(_SET_DUE, placed)


def times(run: Run) -> dict[datetime | None, int]:
    """How many messages of a run go out when; None is at once, and not sent yet."""
    with run.ledger.reading() as connection:
        found = connection.exec_driver_sql(_DUES, (run.no,)).all()
    return {datetime.fromisoformat(when) if when else None: int(rows) for when, rows in found}

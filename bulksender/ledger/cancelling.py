"""What of a run can be cancelled, and what was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from bulksender.ledger.run import Run
from bulksender.model import RowStatus


class ScheduledBatch(NamedTuple):
    """A batch that 8x8 has accepted and is to send at `due` (ISO, UTC).

    `umids` are row → umid of its messages that are QUEUED; of `unknown` more it is not known
    whether 8x8 has them.
    """

    number: int
    batch_id: str
    base_url: str
    subaccount: str
    due: str
    umids: dict[int, str]
    unknown: int

    @property
    def messages(self) -> int:
        """How many of its messages 8x8 has, or may have."""
        return len(self.umids) + self.unknown


_SCHEDULED = """
SELECT number, batch_id, base_url, subaccount, scheduled AS due,
       (SELECT count(*) FROM message
        WHERE message.run = batch.run AND batch = number AND status = 'UNKNOWN') AS unknown
FROM batch
WHERE run = ? AND state <> 'NOT_ACCEPTED' AND batch_id <> '' AND scheduled > ? ORDER BY scheduled
"""

_UMIDS = "SELECT row, umid FROM message WHERE run = ? AND batch = ? AND status = 'QUEUED'"

_CANCEL_BATCH = (
    """
    UPDATE message SET status = 'CANCELLED', detail = 'cancelled before it was sent'
    WHERE run = ? AND batch = ? AND status IN ('QUEUED', 'UNKNOWN')
    """,
    "UPDATE batch SET state = 'SETTLED' WHERE run = ? AND number = ?",
)

_SET_STATE = """
UPDATE message SET status = ?, detail = iif(? = '', detail, ?) WHERE run = ? AND row = ?
"""

_CANCEL_WAITING = """
UPDATE message SET status = 'CANCELLED', detail = 'cancelled before 8x8 was given it'
WHERE run = ? AND status = 'READY'
"""

_UNSETTLED = """
SELECT count(*) FROM message WHERE run = ? AND status IN ('UNKNOWN', 'SENDING')
"""


def scheduled_batches(run: Run) -> list[ScheduledBatch]:
    """The batches that 8x8 has accepted and not sent yet, the earliest first."""
    with run.ledger.reading() as connection:
        found = connection.exec_driver_sql(_SCHEDULED, (run.no, run.ledger.now())).all()
        waiting = {
            known.number: connection.exec_driver_sql(_UMIDS, (run.no, known.number)).all()
            for known in found
        }
    return [
        ScheduledBatch(**known._mapping, umids=dict(map(tuple, waiting[known.number])))
        for known in found
        if waiting[known.number]
    ]


def cancel_whole(run: Run, batch: ScheduledBatch) -> None:
    """8x8 has cancelled every message of the batch; so it had the `unknown` ones as well."""
    with run.ledger.transaction() as connection:
        for statement in _CANCEL_BATCH:
            connection.exec_driver_sql(statement, (run.no, batch.number))


def set_states(run: Run, states: Iterable[tuple[int, RowStatus, str]]) -> None:
    """What 8x8 says of single messages: (row, status, detail).

    A blank detail leaves the old one.
    """
    values = [(status.value, detail, detail, run.no, row) for row, status, detail in states]
    if values:
        with run.ledger.transaction() as connection:
            connection.exec_driver_sql(_SET_STATE, values)


def cancel_waiting(run: Run) -> int:
    """What was never given to 8x8 is not going to be; returns how many messages that were."""
    with run.ledger.transaction() as connection:
        return connection.exec_driver_sql(_CANCEL_WAITING, (run.no,)).rowcount


def unsettled_rows(run: Run) -> int:
    """Of how many messages nobody knows whether 8x8 has them."""
    with run.ledger.reading() as connection:
        return int(connection.exec_driver_sql(_UNSETTLED, (run.no,)).scalar_one())

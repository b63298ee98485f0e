"""What 8x8's log says of a run's UNKNOWN rows: found, provably absent, or still open.

The log is read into a temporary table, beside the ledger's own; only when it was read to its end do
the rows change, in one transaction. So a broken download changes nothing, and memory stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from bulksender.ledger import sql_history as sql
from bulksender.ledger.records import Inquiry, LogEntry, iso
from bulksender.ledger.run import Run
from bulksender.ledger.store import Ledger

MARGIN = timedelta(days=1)
"""The log is asked for so much on both sides of the attempts: this machine's clock may have been
wrong."""
_EDGE = timedelta(minutes=10)
"""At the window's edges two clocks may differ about what is inside."""


class Unsettled(Struct, frozen=True):
    """UNKNOWN rows of one run that went to one account: which log to ask, from when on.

    `base_url` and `subaccount` are blank where an older ledger did not keep them.
    """

    base_url: str
    subaccount: str
    since: datetime


def unsettled(run: Run, ledger: Ledger) -> list[Unsettled]:
    """The accounts whose logs have to be asked; empty where nothing of the run's own is UNKNOWN."""
    with ledger.reading() as connection:
        found = connection.exec_driver_sql(sql.UNSETTLED, {"run": run.no}).all()
    return [
        Unsettled(base_url, subaccount, datetime.fromisoformat(since))
        for base_url, subaccount, since in found
    ]


def newest_unsettled(ledger: Ledger) -> str | None:
    """The newest run with batches of its own whose outcome is not known."""
    with ledger.reading() as connection:
        return connection.exec_driver_sql(sql.NEWEST_UNSETTLED).scalar()


class Settling:
    """Settles the UNKNOWN rows that a run sent to one account; the run's owner uses it.

    `add` the log's entries, `conclude` once all of them were added, then `send_anew` what is absent
    where somebody has said so.
    """

    def __init__(self, run: Run, ledger: Ledger, account: Unsettled):
        self._run = run
        self._ledger = ledger
        self._place = {
            "run": run.no,
            "base_url": account.base_url,
            "subaccount": account.subaccount,
            "since": iso(account.since - MARGIN + _EDGE),
        }
        self._newest_claim = ""
        with ledger.reading() as connection:
            for statement in sql.BEGIN_SETTLING:
                connection.exec_driver_sql(statement)

    def add(self, entries: Sequence[LogEntry]) -> None:
        """Keep what the log shows: this run's entries, and the newest batch of ours in it."""
        own = [
            (e.row, e.attempt, e.batch, e.umid, e.status.value, e.detail, e.batch_id)
            for e in entries
            if e.run == self._run.id
        ]
        batches = {(e.run, e.batch) for e in entries if e.batch is not None}
        place = {**self._place, "seen": msgspec.json.encode(list(batches)).decode()}
        with self._ledger.reading() as connection:
            if own:
                connection.exec_driver_sql(sql.ADD_LOGGED, own)
            claim = connection.exec_driver_sql(sql.NEWEST_CLAIM, place).scalar()
        self._newest_claim = max(self._newest_claim, claim or "")

    def conclude(self, settle: timedelta, asked_at: datetime) -> Inquiry:
        """Settle the rows that the log shows, and tell which others it will not show any more.

        Absent is what is not in the log although the log shows a message that was submitted after
        the attempt had ended, or although `settle` has passed since. A log that lacks messages
        which 8x8 has accepted proves nothing. `asked_at` is when the log was asked for.
        """
        with self._ledger.reading() as connection:
            own = connection.exec_driver_sql(sql.NEWEST_OWN, self._place).first()
        number, claim, due = own or (0, "", "")
        settled_before = iso(asked_at - settle)
        place = self._place | {
            "newest_claim": self._newest_claim,
            "own_claim": claim,
            "own_number": number,
            "shown_until": max(claim, due),
            "settled_before": settled_before,
            "horizon": max(self._newest_claim, claim, settled_before),
        }
        with self._ledger.transaction() as connection:
            found = connection.exec_driver_sql(sql.SETTLE_FOUND, place).rowcount
            missing = int(connection.exec_driver_sql(sql.COUNT_MISSING, place).scalar_one())
            if self._run.job.simulate:  # the simulator that has accepted them is gone
                missing = 0
            absent = 0
            if not missing:
                absent = connection.exec_driver_sql(sql.FIND_ABSENT, place).rowcount
                absent -= connection.exec_driver_sql(sql.CLOSE_FORGOTTEN, place).rowcount
            open_rows, ended_at = connection.exec_driver_sql(sql.COUNT_OPEN, place).one()
            self._note(connection, asked_at, bool(missing))
            self._close(connection)
            inquiry = Inquiry(iso(asked_at), found, absent, int(open_rows), missing)
            connection.exec_driver_sql(sql.ADD_INQUIRY, {"run": self._run.no} | inquiry._asdict())
        if ended_at and not missing:
            settles_at = iso(datetime.fromisoformat(ended_at) + settle)
            return inquiry._replace(settles_at=settles_at)
        return inquiry

    def send_anew(self) -> int:
        """Make the absent rows READY, under a new attempt; returns how many.

        The run can be resumed from here on. What a later run has sent meanwhile stays out.
        """
        with self._ledger.transaction() as connection:
            place = {"run": self._run.no}
            connection.exec_driver_sql(sql.SEND_ANEW, place)
            self._run.leave_out_overtaken(connection)
            self._close(connection)
            self._run.stand_still()
            return int(connection.exec_driver_sql(sql.COUNT_ANEW, place).scalar_one())

    def _note(self, connection: Connection, asked_at: datetime, gaps: bool) -> None:
        """Say beside the rows that the log lacks them, and what that means."""
        when = f"{iso(asked_at)[:16].replace('T', ' ')} UTC"
        proven = f"not in 8x8's log at {when}"
        waiting = "which lacks others, too" if gaps else "which may not have caught up"
        for said, flag in ((proven, 1), (f"{proven}, {waiting}", 0)):
            place = self._place | {"detail": said, "proven": flag}
            connection.exec_driver_sql(sql.NOTE_ABSENT, place)

    def _close(self, connection: Connection) -> None:
        connection.exec_driver_sql(sql.NAME_BATCHES, {"run": self._run.no})
        connection.exec_driver_sql(sql.CLOSE_BATCHES, {"run": self._run.no})

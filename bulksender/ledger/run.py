"""One run in the ledger: its plan, its batches, and each row's state."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, update

from bulksender.errors import AlreadySent, LedgerError
from bulksender.ledger import schema, sql
from bulksender.ledger.content import leave_out_twins
from bulksender.ledger.records import Attempt, BatchState, RunState, iso
from bulksender.ledger.sql_suppression import LEAVE_OUT_ROWS, LEAVE_OUT_SUPPRESSED
from bulksender.ledger.suppression import anything_suppressed, suppressed_among
from bulksender.ledger.telling import Telling
from bulksender.model import CHUNK_ROWS, Batch, Encoding, Message, Outcome, RejectedRow, RowStatus
from bulksender.prices import Costs
from bulksender.settings import Job
from bulksender.source import SheetFacts


def new_run_id() -> str:
    """Ten letters and digits, without those that look alike: 49 bits, fit for clientBatchId."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstvwxyz") for _ in range(10))


class Run(Telling):
    """A run in the ledger. Everything it says has been committed."""

    # Planning

    def add(self, messages: Sequence[Message], refused: Sequence[RejectedRow]) -> None:
        """Add a chunk's rows: those that can go out, and those that cannot."""
        with self._ledger.transaction() as connection:
            if messages:
                connection.exec_driver_sql(
                    sql.ADD_MESSAGES,
                    [
                        (self.no, m.row, m.destination, m.text, m.parts, _PLAIN[m.encoding],
                         m.reference, m.note, m.oddities, m.saving)
                        for m in messages
                    ],
                )  # fmt: skip
            if refused:
                connection.exec_driver_sql(
                    sql.ADD_REFUSED,
                    [
                        (self.no, r.row, r.status.value, r.destination, r.detail,
                         r.previous.umid if r.previous else "",
                         r.previous.run if r.previous and r.status is RowStatus.UNKNOWN else "")
                        for r in refused
                    ],
                )  # fmt: skip

    def seal(self, facts: SheetFacts) -> None:
        """End the planning: duplicates and opt-outs across the whole sheet, the plan's hash."""
        self._facts = msgspec.json.encode(facts).decode()
        self.state = RunState.PLANNED
        with self._ledger.transaction() as connection:
            self._leave_out_suppressed(connection)
            self.hash, self.old_hash = leave_out_twins(connection, self.no, self.job)
            self._hold_unsettled(connection)
            connection.exec_driver_sql(sql.SETTLE_HELD, {"run": self.no})
            self._update(facts=self._facts, hash=self.hash, state=self.state)

    def waiting_elsewhere(self) -> tuple[str, int] | None:
        """A stopped run in which rows of this plan still wait, and how many of them."""
        for place in self._open_runs():
            rows = int(self._all(sql.COUNT_WAITING, place)[0][0])
            if rows:
                return place["other_id"], rows
        return None

    def _hold_unsettled(self, connection: Connection) -> None:
        if not self.job.again:
            for place in self._open_runs():
                connection.exec_driver_sql(sql.HOLD_UNSETTLED, place)

    def _open_runs(
        self, statement: str = sql.OPEN_RUNS, since: int | None = None
    ) -> list[dict[str, Any]]:
        """Other runs of the same kind, as the values of a statement that compares with them."""
        place = {"run": self.no, "since": since, "pretended": int(self.job.pretended)}
        period = {"campaign": self.job.campaign, "period": self.job.period}
        found = self._all(statement, place | period)
        return [{"run": self.no, "other": no, "other_id": run_id} for no, run_id in found]

    def _leave_out_suppressed(self, connection: Connection) -> None:
        """Whoever is on the suppression list by now is OPTED_OUT."""
        connection.exec_driver_sql(LEAVE_OUT_SUPPRESSED, {"run": self.no})

    def retry_rejected(self, parent: Run) -> int:
        """Add the rows of `parent` whose latest try was REJECTED; returns how many."""
        place = {"run": self.no, "family": parent.family_json()}
        with self._ledger.transaction() as connection:
            return connection.exec_driver_sql(sql.ADD_REJECTED, place).rowcount

    def leave_out_family(self, parent: Run) -> None:
        """Numbers that another row of the sheet has had a text sent to, and what went out since."""
        place = {"run": self.no, "family": parent.family_json()}
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.LEAVE_OUT_FAMILY, place)
            self.leave_out_overtaken(connection, since=parent.first_of_family())

    def settle_held(self) -> None:
        """Rows that waited for another run to be settled, and that it has sent: ALREADY_SENT."""
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.SETTLE_HELD, {"run": self.no})

    def discard(self) -> None:
        """The planning failed: forget the run."""
        with self._ledger.transaction() as connection:
            connection.execute(schema.run.delete().where(schema.run.c.no == self.no))

    def decline(self) -> None:
        """Nobody said yes: keep that the plan was made, forget its texts and numbers."""
        self.state = RunState.DECLINED
        with self._ledger.transaction() as connection:
            connection.execute(schema.message.delete().where(schema.message.c.run == self.no))
            self._update(state=self.state, ended_at=self._ledger.now())

    def keep_costs(self, costs: Costs | None) -> None:
        """What the plan costs, by the prices of now."""
        self.costs = costs
        self._save(costs=None if costs is None else msgspec.json.encode(costs).decode())

    def wait_for_consent(self) -> None:
        """The plan stays as it is until somebody has approved it."""
        self.state = RunState.WAITING
        self._save(state=self.state)

    def consent(self) -> None:
        """Somebody has approved a plan that waits for that; it may be sent as it is."""
        self.consent_at = self._ledger.now()
        self._save(consent_at=self.consent_at)

    # Sending

    def approve(self) -> None:
        """Somebody said yes; from here on the plan can be resumed.

        Raises AlreadySent where another process has begun to send the same messages meanwhile, or
        the same period of the campaign.
        """
        with self._ledger.transaction() as connection:
            self._leave_out_suppressed(connection)
            self._refuse_second_of_period()
            if not self.job.again:
                self._hold_unsettled(connection)
                twin = self._ledger.sent_before(self)
                other = twin.id if twin else (self.waiting_elsewhere() or [None])[0]
                if other is not None:
                    raise AlreadySent(
                        f"Run {other} has begun to send the same texts to the same numbers "
                        "meanwhile."
                    )
            self.state = RunState.SENDING
            self._update(state=self.state, approved_at=self._ledger.now())

    def _refuse_second_of_period(self) -> None:
        if self.job.campaign is None or self.parent is not None:
            return
        place = {"run": self.no, "pretended": int(self.job.pretended)}
        period = {"campaign": self.job.campaign, "period": self.job.period}
        for other in self._all(sql.RUN_OF_PERIOD, place | period):
            raise AlreadySent(
                f"{self.job.campaign} has run for {self.job.period} meanwhile: run {other.id}."
            )

    def settle_orphans(self) -> None:
        """What a dead process had in flight becomes UNKNOWN; only the run's owner may say so."""
        with self._ledger.transaction() as connection:
            place = {"run": self.no, "now": self._ledger.now()}
            connection.exec_driver_sql(sql.ORPHANED_ROWS, place)
            connection.exec_driver_sql(sql.ORPHANED_BATCHES, place)

    def reopen(self, job: Job) -> None:
        """Go on with a stopped run, with `job`'s settings.

        What a later run has sent meanwhile, or still may, does not go out again.
        """
        self.settle_orphans()
        with self._ledger.transaction() as connection:
            self._leave_out_suppressed(connection)
            self.leave_out_overtaken(connection)
        self.job = job
        self.state = RunState.SENDING
        self._save(state=self.state, job=msgspec.json.encode(job).decode())

    def leave_out_overtaken(self, connection: Connection, since: int | None = None) -> None:
        """What a run later than this one (or than number `since`) has sent, or still may.

        It is not READY here any more.
        """
        for place in self._open_runs(sql.LATER_RUNS, since or self.no):
            connection.exec_driver_sql(sql.OVERTAKEN, place)

    def stand_still(self) -> None:
        """Rows have become READY again, in the caller's transaction, and nobody sends them yet."""
        self.state = RunState.STOPPED
        self._update(state=self.state)

    def end(self) -> None:
        """No process sends any more: STOPPED where rows are READY or SENDING, else FINISHED."""
        left = {RowStatus.READY, RowStatus.SENDING} & self.counts().keys()
        self.state = RunState.STOPPED if left else RunState.FINISHED
        self._save(state=self.state, ended_at=self._ledger.now())

    def ready(self) -> Iterator[Message]:
        """The messages that are still to be sent, in the sheet's order; read a page at a time.

        Where they are due at different times, the earliest ones first.
        """
        dues = [(None,)] if self.job.delivery is None else self._all(sql.DUES, self.no)
        for (due,) in dues:
            last = 0
            while page := self._ready_after(last, CHUNK_ROWS, due):
                last = page[-1].row
                yield from page

    def still_wanted(self, batch: Batch) -> Batch | None:
        """A batch without those who were put on the suppression list meanwhile; None if all were.

        Their rows are OPTED_OUT.
        """
        if not anything_suppressed(self._ledger):
            return batch
        numbers = [message.destination for message in batch.messages]
        with self._ledger.transaction() as connection:
            unwanted = suppressed_among(self._ledger, numbers)
            out = [each.row for each in batch.messages if each.destination in unwanted]
            place = {"run": self.no, "rows": msgspec.json.encode(out).decode()}
            connection.exec_driver_sql(LEAVE_OUT_ROWS, place)
        left = [message for message in batch.messages if message.destination not in unwanted]
        return Batch(batch.run, batch.number, left) if left else None

    def last_batch(self) -> int:
        """The highest batch number so far; 0 where there is none."""
        statement = "SELECT coalesce(max(number), 0) FROM batch WHERE run = ?"
        return int(self._all(statement, self.no)[0][0])

    def together(self) -> AbstractContextManager[object]:
        """What is claimed, settled and released inside the block is committed at once, or not."""
        return self._ledger.transaction()

    def claim(self, batch: Batch) -> None:
        """Commit the batch's rows as SENDING; only after that may its POST leave."""
        rows, due = len(batch.messages), batch.due or self.job.scheduled
        with self._ledger.transaction() as connection:
            now = self._ledger.now(later_than=self.last_end)
            where = self.job.base_url, self.job.subaccount
            when = iso(datetime.fromisoformat(due)) if due else ""
            connection.exec_driver_sql(
                sql.ADD_BATCH, (self.no, batch.number, rows, now, *where, when)
            )
            place = self._place(batch) | {"due": batch.due if self.job.delivery else None}
            claimed = connection.exec_driver_sql(sql.CLAIM_ROWS, place).rowcount
            if claimed != rows:
                raise LedgerError(
                    f"Run {self.id}, batch {batch.number}: {rows} rows were to be claimed and "
                    f"{claimed} were READY. Nothing of it was sent."
                )

    def settle(
        self,
        batch: Batch,
        outcomes: Iterable[Outcome],
        attempts: Sequence[Attempt],
        batch_id: str,
        queued: Mapping[int, str] | None = None,
    ) -> None:
        """Record what became of each message of a claimed batch.

        `queued` are the umids of messages that were QUEUED, by row, besides `outcomes`.
        """
        accepted = dict(queued or {})
        others: list[Outcome] = []
        for outcome in outcomes:
            if outcome.status is _QUEUED and not outcome.detail:
                accepted[outcome.row] = outcome.umid
            else:
                others.append(outcome)
        with self._ledger.transaction() as connection:
            if others:
                connection.exec_driver_sql(
                    sql.SETTLE_ROW,
                    [
                        (_PLAIN[o.status], o.umid, o.detail, o.detail, self.no, o.row)
                        for o in others
                    ],
                )
            if accepted:
                self._ledger.driver.create_function("umid_of", 1, accepted.__getitem__)
                connection.exec_driver_sql(sql.SETTLE_ACCEPTED, self._place(batch))
            unknown = RowStatus.UNKNOWN in {outcome.status for outcome in others}
            state = BatchState.UNKNOWN if unknown else BatchState.SETTLED
            self._end_batch(batch, state, attempts, batch_id)

    def _place(self, batch: Batch) -> dict[str, Any]:
        """Where a batch's rows stand, as the statements take it."""
        first, last = batch.messages[0].row, batch.messages[-1].row
        return {"run": self.no, "batch": batch.number, "first": first, "last": last}

    def release(self, batch: Batch, attempts: Sequence[Attempt]) -> None:
        """Record that a claimed batch was certainly not accepted: its rows are READY again."""
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.RELEASE_ROWS, {"run": self.no, "batch": batch.number})
            self._end_batch(batch, BatchState.NOT_ACCEPTED, attempts, "")

    def _end_batch(
        self, batch: Batch, state: BatchState, attempts: Sequence[Attempt], batch_id: str
    ) -> None:
        self.last_end = self._ledger.now()
        with self._ledger.reading() as connection:  # inside the caller's transaction
            connection.exec_driver_sql(
                sql.END_BATCH, (state.value, self.last_end, batch_id, self.no, batch.number)
            )
            if attempts:
                connection.exec_driver_sql(
                    sql.ADD_ATTEMPT,
                    [
                        (self.no, batch.number, number, *msgspec.structs.astuple(attempt))
                        for number, attempt in enumerate(attempts, 1)
                    ],
                )

    def rebase(self, facts: SheetFacts) -> None:
        """The sheet was replaced by its own report: remember the file as it is now.

        So do the other runs about its rows.
        """
        self._facts = msgspec.json.encode(facts).decode()
        with self._ledger.transaction() as connection:
            place = {"facts": self._facts, "family": self.family_json()}
            connection.exec_driver_sql(sql.REBASE, place)

    def _save(self, **values: object) -> None:
        with self._ledger.transaction():
            self._update(**values)

    def _update(self, **values: object) -> None:
        """Change the run's own row, inside the caller's transaction: its messages stay counted."""
        tallied = self._kept_tally()
        with self._ledger.reading() as connection:
            connection.execute(
                update(schema.run).where(schema.run.c.no == self.no).values(**values)
            )
        if tallied is not None:
            self._tallied = self._ledger.version(), tallied


_QUEUED = RowStatus.QUEUED
_PLAIN = {name: name.value for name in (*RowStatus, *Encoding)}
"""Enumerations' values, at a tenth of what asking each member takes."""

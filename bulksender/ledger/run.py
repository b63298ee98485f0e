"""One run in the ledger: its plan, its batches, and each row's state."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, insert, update

from bulksender.errors import AlreadySent, LedgerError
from bulksender.ledger import schema, sql
from bulksender.ledger.records import Attempt, Group, Result, RunState
from bulksender.model import CHUNK_ROWS, Batch, Encoding, Message, Outcome, RejectedRow, RowStatus
from bulksender.notices import MOST_ROWS, Notice
from bulksender.settings import Job
from bulksender.source import SheetFacts

if TYPE_CHECKING:
    from bulksender.ledger.store import Ledger


def new_run_id() -> str:
    """Ten letters and digits, without those that look alike: 49 bits, fit for clientBatchId."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstvwxyz") for _ in range(10))


class Run:
    """A run in the ledger. Everything it says has been committed."""

    def __init__(self, ledger: Ledger, found: Any):
        self._ledger = ledger
        self.no: int = found.no
        self.id: str = found.id
        self.created_at: str = found.created_at
        self.state = RunState(found.state)
        self.job: Job = msgspec.json.decode(found.job, type=Job)
        self.hash: str | None = found.hash
        self._facts: str | None = found.facts
        self.notices: tuple[Notice, ...] = ()
        """What planning has noticed; they may show a number, and are not kept."""

    @property
    def kept(self) -> bool:
        """Whether the run can be named later; a plan that is only looked at cannot."""
        return self._ledger.kept

    @property
    def facts(self) -> SheetFacts:
        """What was found in the sheet. Raises LedgerError where planning never ended."""
        if self._facts is None:
            raise LedgerError(f"Run {self.id} was never planned to its end; nothing was sent.")
        return msgspec.json.decode(self._facts, type=SheetFacts)

    # Planning

    def add(self, messages: Sequence[Message], refused: Sequence[RejectedRow]) -> None:
        """Add a chunk's rows: those that can go out, and those that cannot."""
        with self._ledger.transaction() as connection:
            if messages:
                connection.exec_driver_sql(
                    sql.ADD_MESSAGES,
                    [
                        (self.no, m.row, m.destination, m.text, m.parts, m.encoding.value,
                         m.reference, m.note, m.oddities, m.saving)
                        for m in messages
                    ],
                )  # fmt: skip
            if refused:
                connection.exec_driver_sql(
                    sql.ADD_REFUSED,
                    [
                        (self.no, r.row, r.status.value, r.destination, r.detail,
                         r.previous.umid if r.previous else "")
                        for r in refused
                    ],
                )  # fmt: skip

    def seal(self, facts: SheetFacts) -> None:
        """End the planning: duplicates and opt-outs across the whole sheet, the plan's hash."""
        self._facts = msgspec.json.encode(facts).decode()
        self.state = RunState.PLANNED
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.OPT_OUT_SAME_NUMBER, {"run": self.no})
            connection.exec_driver_sql(sql.MARK_DUPLICATES, {"run": self.no})
            self.hash = self._content_hash(connection)
            self._hold_unsettled(connection)
            self._update(facts=self._facts, hash=self.hash, state=self.state)

    def _content_hash(self, connection: Connection) -> str | None:
        """What people would get, in whatever order; None where nobody gets anything."""
        content, nothing = hashlib.sha256(_content_settings(self.job)), True
        for pair in connection.exec_driver_sql(sql.CONTENT, (self.no,)):
            content.update(msgspec.json.encode(tuple(pair)))
            nothing = False
        return None if nothing else content.hexdigest()

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

    def _open_runs(self, statement: str = sql.OPEN_RUNS) -> list[dict[str, Any]]:
        """Other runs of the same kind, as the values of a statement that compares with them."""
        found = self._all(statement, {"run": self.no, "pretended": int(self.job.pretended)})
        return [{"run": self.no, "other": no, "other_id": run_id} for no, run_id in found]

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

    # Sending

    def approve(self) -> None:
        """Somebody said yes; from here on the plan can be resumed.

        Raises AlreadySent where another process has begun to send the same messages meanwhile.
        """
        with self._ledger.transaction() as connection:
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

    def settle_orphans(self) -> None:
        """What a dead process had in flight becomes UNKNOWN; only the run's owner may say so."""
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.ORPHANED_ROWS, {"run": self.no})
            connection.exec_driver_sql(sql.ORPHANED_BATCHES, {"run": self.no})

    def reopen(self, job: Job) -> None:
        """Go on with a stopped run, with `job`'s settings.

        What a later run has sent meanwhile, or still may, does not go out again.
        """
        self.settle_orphans()
        with self._ledger.transaction() as connection:
            for place in self._open_runs(sql.LATER_RUNS):
                connection.exec_driver_sql(sql.OVERTAKEN, place)
        self.job = job
        self.state = RunState.SENDING
        self._save(state=self.state, job=msgspec.json.encode(job).decode())

    def end(self) -> None:
        """No process sends any more: STOPPED where rows are READY or SENDING, else FINISHED."""
        left = {RowStatus.READY, RowStatus.SENDING} & self.counts().keys()
        self.state = RunState.STOPPED if left else RunState.FINISHED
        self._save(state=self.state, ended_at=self._ledger.now())

    def ready(self) -> Iterator[Message]:
        """The messages that are still to be sent, in the sheet's order; read a page at a time."""
        last = 0
        while True:
            with self._ledger.reading() as connection:
                page = connection.exec_driver_sql(sql.READY_PAGE, (self.no, last, CHUNK_ROWS)).all()
            if not page:
                return
            last = page[-1][0]
            for row, destination, text, parts, encoding, reference, note in page:
                yield Message(row, destination, text, parts, Encoding(encoding), reference, note)

    def last_batch(self) -> int:
        """The highest batch number so far; 0 where there is none."""
        statement = "SELECT coalesce(max(number), 0) FROM batch WHERE run = ?"
        return int(self._all(statement, self.no)[0][0])

    def claim(self, batch: Batch) -> None:
        """Commit the batch's rows as SENDING; only after that may its POST leave."""
        rows = len(batch.messages)
        place = {
            "run": self.no,
            "batch": batch.number,
            "first": batch.messages[0].row,
            "last": batch.messages[-1].row,
        }
        with self._ledger.transaction() as connection:
            connection.execute(
                insert(schema.batch).values(
                    run=self.no,
                    number=batch.number,
                    state="SENDING",
                    rows=rows,
                    claimed_at=self._ledger.now(),
                    batch_id="",
                )
            )
            claimed = connection.exec_driver_sql(sql.CLAIM_ROWS, place).rowcount
            if claimed != rows:
                raise LedgerError(
                    f"Run {self.id}, batch {batch.number}: {rows} rows were to be claimed and "
                    f"{claimed} were READY. Nothing of it was sent."
                )

    def settle(
        self, batch: Batch, outcomes: Iterable[Outcome], attempts: Sequence[Attempt], batch_id: str
    ) -> None:
        """Record what became of each message of a claimed batch."""
        outcomes = list(outcomes)
        unknown = any(outcome.status is RowStatus.UNKNOWN for outcome in outcomes)
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(
                sql.SETTLE_ROW,
                [(o.status.value, o.umid, o.detail, o.detail, self.no, o.row) for o in outcomes],
            )
            self._end_batch(batch, "UNKNOWN" if unknown else "SETTLED", attempts, batch_id)

    def release(self, batch: Batch, attempts: Sequence[Attempt]) -> None:
        """Record that a claimed batch was certainly not accepted: its rows are READY again."""
        with self._ledger.transaction() as connection:
            connection.exec_driver_sql(sql.RELEASE_ROWS, {"run": self.no, "batch": batch.number})
            self._end_batch(batch, "NOT_ACCEPTED", attempts, "")

    def _end_batch(
        self, batch: Batch, state: str, attempts: Sequence[Attempt], batch_id: str
    ) -> None:
        with self._ledger.reading() as connection:  # inside the caller's transaction
            connection.execute(
                update(schema.batch)
                .where(schema.batch.c.run == self.no, schema.batch.c.number == batch.number)
                .values(state=state, ended_at=self._ledger.now(), batch_id=batch_id)
            )
            if attempts:
                connection.execute(
                    insert(schema.attempt),
                    [
                        {"run": self.no, "batch": batch.number, "number": number}
                        | msgspec.structs.asdict(attempt)
                        for number, attempt in enumerate(attempts, 1)
                    ],
                )

    # Telling

    def counts(self) -> dict[RowStatus, int]:
        """Status → rows, for the states that occur."""
        return {RowStatus(status): rows for status, rows in self._all(sql.COUNTS, self.no)}

    def planned(self) -> dict[Encoding, tuple[int, int]]:
        """Encoding → (rows, SMS parts) of what was planned to go out."""
        return {
            Encoding(name): (rows, parts) for name, rows, parts in self._all(sql.PLANNED, self.no)
        }

    def problems(self, most: int) -> list[tuple[int, str, str]]:
        """(row, status, detail) of the first rows that did not go out as they should."""
        return [
            (row, status, detail) for row, status, detail in self._all(sql.PROBLEMS, self.no, most)
        ]

    def problem_groups(self, most: int) -> list[Group]:
        """The problems, the commonest first."""
        return [_group(*found) for found in self._all(sql.PROBLEM_GROUPS, self.no, most)]

    def notes(self, most: int) -> list[Group]:
        """What is worth knowing about rows that go out: what forced them into UCS-2."""
        return [_group("", *found) for found in self._all(sql.NOTES, self.no, most)]

    def oddities(self) -> Iterator[tuple[int, int, int]]:
        """(row, oddities, saving) of the rows that go out and have any."""
        yield from map(tuple, self._all(sql.ODDITIES, self.no))

    def batches(self) -> int:
        """How many batches left, but for those that were certainly not accepted."""
        return int(
            self._all(
                "SELECT count(*) FROM batch WHERE run = ? AND state <> 'NOT_ACCEPTED'", self.no
            )[0][0]
        )

    def previews(self, most: int) -> list[Message]:
        """The first messages that would go out."""
        return [
            Message(row, destination, text, parts, Encoding(encoding), reference, note)
            for row, destination, text, parts, encoding, reference, note in self._all(
                sql.READY_PAGE, self.no, 0, most
            )
        ]

    def outcomes(self) -> Iterator[Result]:
        """Every row's result, in the sheet's order; read a page at a time."""
        last = 0
        while page := self._all(sql.RESULT_PAGE, self.no, last, CHUNK_ROWS):
            last = page[-1][0]
            for found in page:
                yield Result(found[0], found[1], RowStatus(found[2]), *found[3:])

    def rebase(self, facts: SheetFacts) -> None:
        """The sheet was replaced by its own report: remember the file as it is now."""
        self._facts = msgspec.json.encode(facts).decode()
        self._save(facts=self._facts)

    def _all(self, statement: str, *values: Any) -> Sequence[Any]:
        """All rows of a statement, with its values in order or as one dict of names."""
        named = len(values) == 1 and isinstance(values[0], dict)
        with self._ledger.reading() as connection:
            return connection.exec_driver_sql(statement, values[0] if named else values).all()

    def _save(self, **values: object) -> None:
        with self._ledger.transaction():
            self._update(**values)

    def _update(self, **values: object) -> None:
        with self._ledger.reading() as connection:
            connection.execute(
                update(schema.run).where(schema.run.c.no == self.no).values(**values)
            )


def _group(status: str, detail: str, rows: int, numbers: str) -> Group:
    first = nsmallest(MOST_ROWS, map(int, numbers.split(",")))
    return Group(status, detail, rows, tuple(first))


def _content_settings(job: Job) -> bytes:
    """What makes two plans with the same texts and numbers different plans all the same.

    Not the batch size, the schedule or the like: the same text to the same people is the same
    plan. What went to a server on this machine (the simulator) has reached nobody.
    """
    return msgspec.json.encode([job.pretended, job.subaccount, job.source or "", job.encoding])

"""What the tests of the ledger share: a clock, batches that are lost or queued, log entries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulksender.ledger import (
    Inquiry,
    Ledger,
    LogEntry,
    PurgedRuns,
    Run,
    Settling,
    iso,
    purge_runs,
    unsettled,
)
from bulksender.model import Batch, Outcome, RowStatus

if TYPE_CHECKING:
    from conftest import Desk

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTLE = timedelta(minutes=15)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **times: float) -> None:
        self.now += timedelta(**times)


def claimed(run: Run, *rows: int) -> Batch:
    """The next batch of the run, with these rows (all that are READY, if none are given)."""
    messages = [message for message in run.ready() if not rows or message.row in rows]
    batch = Batch(run.id, run.last_batch() + 1, messages)
    run.claim(batch)
    return batch


def ended(run: Run, batch: Batch, status: RowStatus = RowStatus.QUEUED, batch_id: str = "") -> None:
    umid = "umid-{}" if status is RowStatus.QUEUED else ""
    run.settle(
        batch,
        [Outcome(m.row, status, umid.format(m.row), "said") for m in batch.messages],
        [],
        batch_id,
    )


def queued(run: Run, *rows: int) -> Batch:
    batch = claimed(run, *rows)
    ended(run, batch, RowStatus.QUEUED, "8x8-queued")
    return batch


def lost(run: Run, *rows: int) -> Batch:
    batch = claimed(run, *rows)
    ended(run, batch, RowStatus.UNKNOWN)
    return batch


def entry(run: Run | str, row: int, batch: int | None = 1, **fields: Any) -> LogEntry:
    """A line of the log about a row."""
    name = run if isinstance(run, str) else run.id
    values = {
        "attempt": 1,
        "umid": f"log-{row}",
        "status": RowStatus.DELIVERED,
        "detail": "found in 8x8's log",
        "batch_id": "8x8-batch",
    } | fields
    return LogEntry(name, row, batch=batch, **values)


def settle(
    run: Run, ledger: Ledger, entries: Iterable[LogEntry] = (), wait: timedelta = SETTLE
) -> tuple[Settling, Inquiry]:
    """Settle what a run sent to its only account, by a log that shows these entries."""
    [account] = unsettled(run, ledger)
    settling = Settling(run, ledger, account)
    settling.add(list(entries))
    return settling, settling.conclude(wait, ledger.clock())


def bytes_beside(path: Path) -> bytes:
    """Everything that stands in the ledger's folder, however it is called."""
    return b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file())


def rejected(run: Run, *rows: int) -> None:
    ended(run, claimed(run, *rows), RowStatus.REJECTED)


def tried_again(desk: Desk, parent: Run) -> Run:
    """The rows that 8x8 rejected, as a run that names its parent; approved."""
    with desk.ledger.plan(parent.job, parent) as run:
        run.retry_rejected(parent)
        run.leave_out_family(parent)
        run.seal(desk.facts())
    run.approve()
    return run


def purged_all(desk: Desk, clock: Clock) -> PurgedRuns:
    clock.wait(days=1)
    return purge_runs(desk.ledger, iso(clock()))

"""What the log of events is told of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bulksender.errors import ExitCode
from bulksender.eventlog import RunEnded, RunPlanned, RunStarted
from bulksender.model import RowStatus

if TYPE_CHECKING:
    from bulksender.ledger import Run
    from bulksender.reporter import Summary


def planned_event(run: Run, summary: Summary) -> RunPlanned:
    """All rows were read and rendered."""
    return RunPlanned(
        run=run.id,
        rows=summary.rows,
        counts=run.counts(),
        batches=_batches(run),
        parts=summary.parts,
        cost=summary.cost.amount if summary.cost else None,
        currency=summary.cost.currency if summary.cost else "",
    )


def started_event(run: Run) -> RunStarted:
    """Sending begins, or goes on."""
    return RunStarted(
        run=run.id,
        rows=run.counts().get(RowStatus.READY, 0),
        batches=_batches(run),
        concurrency=run.job.concurrency,
        rehearsal=run.job.pretended,
        scheduled=run.job.scheduled,
    )


def ended_event(run: Run, summary: Summary, code: ExitCode) -> RunEnded:
    """A run has ended, or stopped early."""
    return RunEnded(
        run=run.id,
        exit_code=code,
        rows=summary.rows,
        counts=run.counts(),
        batches=summary.batches,
        parts=summary.parts,
        seconds=summary.seconds,
    )


def _batches(run: Run) -> int:
    """How many batches the rows that wait make, where all go out at one time."""
    return -(-run.counts().get(RowStatus.READY, 0) // run.job.batch_size)

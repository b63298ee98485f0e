"""A run as `runs` lists it."""

from __future__ import annotations

from msgspec import Struct

from bulksender.campaign import next_command
from bulksender.ledger import Ledger, RunLine
from bulksender.model import RowStatus


class ListedRun(Struct, frozen=True):
    """A run in the JSON object of `runs`; `next` is the command to type next, or empty."""

    run: str
    state: str
    created_at: str
    sheet: str
    rows: int
    counts: dict[str, int]
    parent: str | None
    rehearsal: bool
    purged: bool
    next: str
    campaign: str | None
    period: str


def listed_run(line: RunLine, ledger: Ledger, retried: bool) -> ListedRun:
    """A run with what to do about it; `retried` says that another run has tried its rows again."""
    counts = {status.value: line.counts[status] for status in RowStatus if status in line.counts}
    return ListedRun(
        run=line.id,
        state=line.state,
        created_at=line.created_at,
        sheet=line.sheet,
        campaign=line.campaign,
        period=line.period,
        rows=sum(counts.values()),
        counts=counts,
        parent=line.parent,
        rehearsal=line.pretended,
        purged=line.purged,
        next=next_command(line, ledger, retried),
    )

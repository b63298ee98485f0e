"""Runs as the reporter's tests need them: planned from a real sheet, settled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bulksender import campaign
from bulksender.ledger import Ledger, Run
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.settings import Job, SheetOptions

COLUMNS = [
    *("umid", "status", "status_detail", "destination", "parts", "encoding"),
    *("batch_id", "sent_at", "run"),
]
SENT_AT = "2026-01-02T03:04:05.000+00:00"


def planned(
    ledger: Ledger,
    path: Path,
    *,
    template: str = "Hello",
    sheet: str | None = None,
    again: bool = False,
) -> Run:
    """Plan a sheet; numbers written without + are Singapore's."""
    where = SheetOptions(path=str(path), country="SG", sheet=sheet)
    return campaign.plan(
        Job(sheet=where, template=template, subaccount="test", again=again), ledger
    )


def settle(
    run: Run,
    details: Mapping[int, str] | None = None,
    status: RowStatus = RowStatus.QUEUED,
    umid: str = "umid-{row}",
) -> None:
    """Record an outcome for each row that is ready, all in one batch."""
    batch = Batch(run.id, run.last_batch() + 1, list(run.ready()))
    run.claim(batch)
    outcomes = [
        Outcome(m.row, status, umid.format(row=m.row), (details or {}).get(m.row, ""))
        for m in batch.messages
    ]
    run.settle(batch, outcomes, [], "batch-1")


def sent(
    ledger: Ledger,
    path: Path,
    details: Mapping[int, str] | None = None,
    *,
    template: str = "Hello",
    sheet: str | None = None,
    again: bool = False,
) -> Run:
    """Plan a sheet and settle it: every row that is ready becomes QUEUED."""
    run = planned(ledger, path, template=template, sheet=sheet, again=again)
    settle(run, details)
    return run


def queued(run: Run, row: int, number: str, detail: str | None = None) -> list[object]:
    """What a QUEUED row's nine cells hold; a blank cell is None."""
    return [
        *(f"umid-{row}", "QUEUED", detail, number, 1, "GSM7"),
        *("batch-1", SENT_AT, run.id),
    ]

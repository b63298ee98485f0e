"""Trying again what 8x8 rejected, or what a corrected sheet has mended: a run of its own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bulksender.delivering import give_times
from bulksender.errors import Refused
from bulksender.ledger import Ledger, Result, Run
from bulksender.model import Recipient, RejectedRow, RowStatus
from bulksender.reading import reading
from bulksender.screening import Screen
from bulksender.settings import Job
from bulksender.source import SheetFacts


def retriable(run_id: str, ledger: Ledger) -> Run:
    """The run whose rows may be tried again. Raises Refused."""
    run = ledger.run(run_id)
    if run.approved_at is None:
        raise Refused(f"Run {run.id} was never approved, so nothing of it was rejected.")
    run.refuse_purged()
    return run


def retry(parent: Run, job: Job, ledger: Ledger, *, also_invalid: bool = False) -> Run:
    """Plan the rows of a run that 8x8 REJECTED once more, as a run that names its parent.

    `job` is the parent's, with what is overridden today; the caller owns the parent's family, so
    that nobody tries the same rows meanwhile. With `also_invalid`, rows that were INVALID are
    planned anew from the sheet as it is now; the texts of the others are those of the ledger.
    Raises Refused where nothing is left to try, and where the sheet's rows have moved.
    """
    with ledger.plan(msgspec.structs.replace(job, strict=False), parent) as run:
        run.retry_rejected(parent)
        facts = _plan_mended(parent, run, ledger) if also_invalid else parent.facts
        run.leave_out_family(parent)
        run.seal(facts)
        run.notices = tuple(give_times(run))
        if not run.counts():
            raise Refused(
                f"Run {parent.id} has no row left that 8x8 rejected"
                + (" or that was INVALID." if also_invalid else ".")
            )
    return run


def _plan_mended(parent: Run, run: Run, ledger: Ledger) -> SheetFacts:
    """Add the rows that were INVALID as the sheet has them now; all others must stand in place."""
    with reading(parent.job) as (sheet, renderer, chunks):
        screen = Screen(parent.job, ledger)
        for chunk in chunks:
            recipients, refused = screen(chunk)
            rows: list[Recipient | RejectedRow] = [*recipients, *refused]
            numbers = sorted(row.row for row in rows)
            before = {each.row: each for each in parent.results(numbers[0], numbers[-1])}
            _refuse_moved(rows, before, parent.job.sheet.path)
            bad = {row for row, then in before.items() if then.status is RowStatus.INVALID}
            messages, unrenderable = renderer.render([row for row in recipients if row.row in bad])
            run.add(messages, [row for row in refused if row.row in bad] + unrenderable)
        return sheet.facts


def _refuse_moved(
    rows: Iterable[Recipient | RejectedRow], before: dict[int, Result], path: str
) -> None:
    for row in rows:
        then = before.get(row.row)
        if then and then.destination and row.destination not in ("", then.destination):
            raise Refused(
                f"{path}, row {row.row}: there is another number than when the run was planned, "
                "so rows were moved or changed. Mend the result sheet instead, and send that."
            )

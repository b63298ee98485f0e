"""Settling what is UNKNOWN: ask 8x8's log, and send again only what it provably never had."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bulksender.errors import LogUnavailable, Refused
from bulksender.ledger import (
    Inquiry,
    Ledger,
    Run,
    RunState,
    Settling,
    newest_unsettled,
    runs,
    unsettled,
)
from bulksender.model import RowStatus
from bulksender.sender import Api, Patience, log_entries
from bulksender.settings import Account

SETTLE = timedelta(minutes=15)
"""How long after an attempt 8x8's log is believed to be complete. How far it lags behind is not
documented; minutes are what other providers name."""


def reconcile(
    run: Run,
    ledger: Ledger,
    account: Account,
    *,
    settle: timedelta = SETTLE,
    resend: Callable[[int], bool] = lambda rows: False,
    patience: Patience | None = None,
) -> Inquiry:
    """Settle the UNKNOWN rows of a run that this process owns by 8x8's log.

    What the log shows takes the log's state. What it provably lacks is READY again, under a new
    attempt id, where `resend(rows)` says so; else it stays UNKNOWN. Rows that went to different
    accounts are settled account by account; raises LogUnavailable where no log could be read, and
    nothing was changed.
    """
    run.settle_orphans()
    run.settle_held()
    total, failed, settled = Inquiry(ledger.now(), 0, 0, 0), None, False
    for group in unsettled(run, ledger):
        settling, asked_at = Settling(run, ledger, group), ledger.clock()
        asked = account if run.job.simulate else account.of_batch(group.base_url, group.subaccount)
        try:
            with Api(asked, patience) as api:
                for entries in log_entries(api, group.since, asked_at):
                    settling.add(entries)
        except LogUnavailable as error:
            failed = error
            continue
        found = settling.conclude(settle, asked_at)
        total, settled = _sum(total, found), True
        if found.absent and resend(found.absent):
            total = total._replace(resent=total.resent + settling.send_anew())
    if failed is None:
        return total
    if not settled:
        raise failed
    return total._replace(failed=str(failed))


def _sum(total: Inquiry, found: Inquiry) -> Inquiry:
    return total._replace(
        found=total.found + found.found,
        absent=total.absent + found.absent,
        open=total.open + found.open,
        missing=total.missing + found.missing,
        settles_at=max(total.settles_at, found.settles_at),
    )


def reconcilable(run_id: str | None, ledger: Ledger) -> Run:
    """The run to settle: the one named, else the newest with UNKNOWN rows. Raises Refused."""
    run_id = run_id or newest_unsettled(ledger)
    if run_id is None:
        waiting = [
            line.id
            for line in runs(ledger)
            if line.approved and not line.purged and RowStatus.UNKNOWN in line.counts
        ]
        if not waiting:
            raise Refused("No run in the ledger has messages that are UNKNOWN.")
        return ledger.run(waiting[-1])
    run = ledger.run(run_id)
    if run.state in (RunState.PLANNING, RunState.PLANNED, RunState.DECLINED):
        raise Refused(f"Run {run.id} was never approved, so nothing of it is UNKNOWN.")
    run.refuse_purged()
    return run

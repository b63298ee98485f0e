"""Cancelling a run: what waits is not sent, what is scheduled at 8x8 is called back."""

from __future__ import annotations

from msgspec import Struct

from bulksender.errors import ExitCode, Refused
from bulksender.ledger import Run, RunState
from bulksender.ledger import cancelling as ledger
from bulksender.model import RowStatus
from bulksender.sender import Api, Patience
from bulksender.sender.api import CallError
from bulksender.sender.cancel import cancel_batch, state_of
from bulksender.settings import Account


class Cancelled(Struct, frozen=True, kw_only=True):
    """What a cancellation has caught, in messages, and what it has not.

    `caught` were scheduled at 8x8, which has cancelled them; `waiting` were never given to it.
    `missed` go out all the same, since their time was too near; of `unsure` 8x8 did not say, and
    of `unknown` it is not known whether it has them. `batches` counts those asked about, `reason`
    says why some could not be.
    """

    run: str
    caught: int
    waiting: int
    missed: int
    unsure: int
    unknown: int
    batches: int
    reason: str = ""


def cancellable(run: Run) -> None:
    """Raise Refused where nothing of a run can be cancelled."""
    run.refuse_purged()
    if run.approved_at is None and run.state is not RunState.WAITING:
        raise Refused(f"Run {run.id} was never approved, so nothing of it was sent.")
    if run.state is RunState.WAITING or RowStatus.READY in run.counts():
        return
    if not _scheduled(run):
        unknown = ledger.unsettled_rows(run)
        first = f" Of {unknown:,} messages nobody knows whether 8x8 has them: settle them first, "
        raise Refused(
            f"Nothing of run {run.id} is scheduled at 8x8 any more."
            + (f"{first}with `bulksender reconcile {run.id}`." if unknown else "")
        )


def _scheduled(run: Run) -> list[ledger.ScheduledBatch]:
    """What 8x8 has and has not sent yet; the simulator of a rehearsal has ended with it."""
    return [] if run.job.simulate else ledger.scheduled_batches(run)


def drop_plan(run: Run) -> bool:
    """Drop a plan that waits for approval; False where the run is another one."""
    if run.state is RunState.WAITING:
        run.decline()
        return True
    return False


def ending(cancelled: Cancelled) -> ExitCode:
    """The exit code: whether everything was caught that was asked for."""
    if cancelled.unsure:
        return ExitCode.STOPPED
    if cancelled.unknown:
        return ExitCode.UNKNOWN
    return ExitCode.REJECTED if cancelled.missed else ExitCode.DONE


def cancel(run: Run, account: Account, patience: Patience | None = None) -> Cancelled:
    """Cancel a run that this process owns, batch by batch; each row says what became of it.

    8x8 cancels what is still scheduled, some minutes before its time at the latest, and says how
    many messages that were. Where that is a part of a batch, each message is asked for.
    """
    run.settle_orphans()
    waiting = ledger.cancel_waiting(run)
    batches = _scheduled(run)
    caught = missed = unsure = 0
    reason = ""
    for batch in batches:
        try:
            with Api(account.of_batch(batch.base_url, batch.subaccount), patience) as api:
                taken = _taken(run, batch, api)
        except CallError as error:
            reason = reason or str(error)
            unsure += len(batch.umids)
            continue
        caught += taken
        missed += max(len(batch.umids) - taken, 0)
    run.end()
    return Cancelled(
        run=run.id,
        caught=caught,
        waiting=waiting,
        missed=missed,
        unsure=unsure,
        unknown=ledger.unsettled_rows(run),
        batches=len(batches),
        reason=reason,
    )


def _taken(run: Run, batch: ledger.ScheduledBatch, api: Api) -> int:
    """Cancel a batch, and record what became of it; how many of its messages were cancelled.

    8x8's count of none may also be what a repeated request was told, after the answer to the first
    was lost. A look takes a second, so the first and the last message stand for all then.
    """
    counted = cancel_batch(api, batch.batch_id)
    if counted >= batch.messages:
        ledger.cancel_whole(run, batch)
        return batch.messages
    umids = list(batch.umids.values())
    ends = {umids[0], umids[-1]}
    if counted == 0 and not any(state_of(api, end) is RowStatus.CANCELLED for end in ends):
        return 0
    states = {row: state_of(api, umid) for row, umid in batch.umids.items()}
    ledger.set_states(
        run,
        [
            (row, state, "cancelled before it was sent" * (state is RowStatus.CANCELLED))
            for row, state in states.items()
            if state is not None
        ],
    )
    return sum(state is RowStatus.CANCELLED for state in states.values())

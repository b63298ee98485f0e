"""The conversation around a run: show the plan, ask, send, show what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from bulksender.cli.costs import of_money, reckon, show_delivery
from bulksender.cli.desk import Desk, Watchers
from bulksender.cli.events import ended_event, planned_event, started_event
from bulksender.cli.interrupting import interruptible
from bulksender.cli.opening import opened_account, opened_ledger
from bulksender.cli.output import Output, next_step
from bulksender.errors import (
    BulksenderError,
    ExitCode,
    LedgerError,
    LogUnavailable,
    NoConsent,
    ReportError,
    SettingsError,
    Stopped,
    WaitsForApproval,
)
from bulksender.eventlog import RunRefused
from bulksender.timing import timed, watched

if TYPE_CHECKING:
    from bulksender.ledger import Ledger, Run
    from bulksender.reporter import Draft, Summary
    from bulksender.settings import Account, Defaults, Job


def plan_and_send(
    job: Job,
    defaults: Defaults,
    api_key_file: Path | None,
    ledger: str | None,
    output: Output,
    yes: bool,
    started: float,
    reconcile: bool = False,
    watchers: Watchers | None = None,
) -> ExitCode:
    """Plan a job, show the plan, ask, send it, and write the result."""
    job.check()
    with ExitStack() as opened:
        run, account, book = _planned(job, defaults, api_key_file, ledger, opened)
        desk = Desk(book, account, output, started, reconcile, watchers or Watchers())
        return decide_and_send(run, desk, asking(run, desk, yes))


def _planned(
    job: Job, defaults: Defaults, api_key_file: Path | None, ledger: str | None, opened: ExitStack
) -> tuple[Run, Account, Ledger]:
    """Plan a job; the account and the ledger are open as long as `opened` is."""
    from bulksender.reading import reading

    with reading(job) as begun:
        from bulksender import campaign  # it takes a while, in which a large sheet is being read

        campaign.require_writable(job)
        account = opened.enter_context(opened_account(job, defaults, api_key_file))
        book = opened.enter_context(opened_ledger(ledger, defaults))
        return campaign.plan(job, book, begun=begun), account, book


def asking(run: Run, desk: Desk, yes: bool) -> Callable[[], float]:
    """The decision is that of whoever sits there: asks, and returns the seconds that took."""
    return lambda: _consent(run, desk.account, desk.output, yes)


def decide_and_send(run: Run, desk: Desk, decide: Callable[[], float]) -> ExitCode:
    """Show a plan, have it decided upon, send it, and write the result.

    `decide` raises where it is not to be sent, WaitsForApproval where not yet; it returns the
    seconds that somebody thought about it.
    """
    from bulksender import campaign

    with desk.book.owning(run.id):
        summary, asked = None, 0.0
        try:
            with timed("show"):
                reckon(run, desk.account, desk.book, desk.output)
                summary = show_plan(run, desk.output, desk.started)
            desk.watchers.events.event(planned_event(run, summary))
            campaign.refuse_unsendable(run, desk.book)
            asked = decide()
            run.approve()
        except BaseException as error:
            if not isinstance(error, WaitsForApproval):
                run.decline()
            if summary is not None and isinstance(error, BulksenderError):
                desk.output.object(summary)
            if isinstance(error, BulksenderError):
                desk.watchers.events.event(RunRefused.of(error, run.id))
            raise
        thinking_is_not_working = msgspec.structs.replace(desk, started=desk.started + asked)
        return send_and_report(run, thinking_is_not_working)


def show_plan(run: Run, output: Output, started: float, checked: Path | None = None) -> Summary:
    """What was read, and what would go out; `checked` is where the checked sheet went."""
    from bulksender.reporter.summary import details, summarise

    summary = summarise(run, seconds=time.monotonic() - started, output=checked)
    output.chosen(run.job.sheet.path, run.facts.described)
    output.plan(summary, details(run))
    show_delivery(run, output)
    if checked is not None:
        output.say()
        output.say(f"Checked sheet: {checked}", style="bold")
    return summary


def _consent(run: Run, account: Account, output: Output, yes: bool) -> float:
    """Ask, unless told not to; returns the seconds that took. Raises NoConsent."""
    from bulksender.model import RowStatus

    ready = run.counts().get(RowStatus.READY, 0)
    if yes or not ready:
        return 0.0
    if not output.interactive:
        raise NoConsent("Nothing was sent: there is no terminal to ask on. Add --yes to send.")
    where = "the simulator" if run.job.simulate else f"{account.subaccount} at {account.base_url}"
    output.say()
    asked = time.monotonic()
    cost = f" for at most {of_money(run.costs)}" if run.costs and run.costs.totals else ""
    if not output.ask(f"Send {ready:,} message{'s' if ready > 1 else ''} to {where}{cost}?"):
        raise NoConsent("Nothing was sent.")
    return time.monotonic() - asked


def send_and_report(run: Run, desk: Desk) -> ExitCode:
    """Send an approved run, settle what is UNKNOWN where somebody says so, write the result."""
    from bulksender.model import RowStatus

    output = desk.output
    if not run.counts().get(RowStatus.READY):
        output.say()
        output.say("Nothing is left to send (--again sends what was sent before once more).")
    ended = _send(run, desk)
    unknown = ended.summary.counts.get(RowStatus.UNKNOWN, 0)
    try:
        if unknown and ended.unwritten is None and _may_reconcile(unknown, desk):
            ended = _settle(run, desk, run.job, stopped=ended.stopped)
    except LogUnavailable as error:
        output.error(str(error))
    except KeyboardInterrupt:
        ended = _interrupted(run, desk)
    return _said(run, ended, desk)


def reconcile_and_report(
    run: Run, desk: Desk, job: Job, settle: timedelta, resend_absent: bool
) -> ExitCode:
    """Settle a run's UNKNOWN rows by 8x8's log, send what it lacks where somebody says so.

    `job` is the run's, with what is overridden today.
    """
    from bulksender.reporter import summarise

    try:
        ended = _settle(run, desk, job, settle, resend_absent)
    except LogUnavailable as error:
        desk.output.error(f"{error} Nothing was changed.")
        ended = _Ended(summarise(run, seconds=time.monotonic() - desk.started))
    except KeyboardInterrupt:
        ended = _interrupted(run, desk)
    return _said(run, ended, desk)


class _Ended(Struct, frozen=True):
    """How sending ended: the counts, why it stopped, why the result could not be written."""

    summary: Summary
    stopped: str | None = None
    unwritten: ReportError | None = None


def _interrupted(run: Run, desk: Desk) -> _Ended:
    """Ctrl-C while a question or 8x8's log was waited for: what the ledger says holds."""
    from bulksender.reporter import summarise

    summary = summarise(run, seconds=time.monotonic() - desk.started)
    return _Ended(summary, "Stopped. What was sent stays sent; nothing more was.")


def _send(run: Run, desk: Desk) -> _Ended:
    from bulksender import campaign
    from bulksender.model import RowStatus
    from bulksender.sender import Sender

    with ExitStack() as both, campaign.drafting(run) as draft:
        with desk.output.progress(run.counts().get(RowStatus.READY, 0)) as progress:
            events = desk.watchers.events
            events.event(started_event(run))
            sender = Sender(run, desk.account, progress=progress, events=events)
            both.enter_context(interruptible(sender, run, desk.output))
            try:
                campaign.send(run, sender)
            except LedgerError as error:
                raise Stopped(f"{error} Go on with: bulksender resume {run.id}") from error
        try:
            summary, unwritten = _written(run, desk.started, draft)
        except KeyboardInterrupt:
            raise Stopped(
                f"The result was not written. Write it with: bulksender report {run.id}"
            ) from None
    desk.output.done(summary)
    return _Ended(summary, sender.stopped, unwritten)


def _may_reconcile(unknown: int, desk: Desk) -> bool:
    if desk.reconcile or not desk.output.interactive:
        return desk.reconcile
    desk.output.say()
    return desk.output.ask(
        f"Of {unknown:,} messages nobody knows whether 8x8 has them. Ask 8x8's log?"
    )


def _settle(
    run: Run,
    desk: Desk,
    job: Job,
    settle: timedelta | None = None,
    resend_absent: bool = False,
    stopped: str | None = None,
) -> _Ended:
    """Ask 8x8's log, and send what it lacks; `stopped` is why sending has stopped before."""
    from bulksender import settling
    from bulksender.model import RowStatus

    def resend(rows: int) -> bool:
        if not (resend_absent or desk.output.interactive):
            return False
        try:
            job.check_times(desk.book.clock())
        except SettingsError as error:
            desk.output.error(f"What 8x8 never had is not sent again: {error}")
            return False
        if resend_absent:
            return True
        waiting = run.counts().get(RowStatus.READY, 0)
        more = f" (and the {waiting:,} that still wait)" if waiting else ""
        return desk.output.ask(
            f"8x8 never had {rows:,} of them: its log has caught up without them. "
            f"Send them again{more}?"
        )

    desk.output.say()
    desk.output.say("Asking 8x8's log …")
    wait = settling.SETTLE if settle is None else settle
    try:
        inquiry = settling.reconcile(run, desk.book, desk.account, settle=wait, resend=resend)
    except LedgerError as error:
        raise Stopped(f"{error} Go on with: bulksender reconcile {run.id}") from error
    try:
        counts = run.counts()
        ready, unknown = counts.get(RowStatus.READY, 0), counts.get(RowStatus.UNKNOWN, 0)
        own = inquiry.open + inquiry.absent - inquiry.resent
        desk.output.inquiry(inquiry, held=0 if inquiry.failed else unknown - own)
        if inquiry.resent:
            run.reopen(job)
        else:
            run.end()
    except LedgerError as error:
        raise Stopped(f"{error} Go on with: bulksender resume {run.id}") from error
    if inquiry.resent:
        return _send(run, desk)
    summary, unwritten = _written(run, desk.started)
    desk.output.done(summary)
    if ready and stopped is None:
        stopped = f"{ready:,} messages of this run still wait to be sent."
    return _Ended(summary, stopped, unwritten)


def _said(run: Run, ended: _Ended, desk: Desk) -> ExitCode:
    """Say what is left to do, and print the object."""
    from bulksender import campaign

    summary, output = ended.summary, desk.output
    say_where(run, summary, output)
    tried_again = run.family()[-1] != run.id
    code = campaign.ending(summary, ended.stopped, tried_again)
    for line in (ended.stopped, next_step(code, run.id)):
        if line:
            output.error(line)
    desk.watchers.ended(run, summary, code, ended.stopped or str(ended.unwritten or ""))
    desk.watchers.events.event(ended_event(run, summary, code))
    output.object(summary)
    if ended.unwritten is not None:
        raise ended.unwritten
    return code


def say_where(run: Run, summary: Summary, output: Output, wanted: Path | None = None) -> None:
    """Say where the results are, when that is not where they were wanted."""
    from bulksender import campaign

    if summary.output and Path(summary.output) != (wanted or campaign.output_of(run.job)):
        output.error(
            "The sheet is gone, was changed after it was read, or cannot be copied, so the results "
            "stand in a file of their own, by row number."
        )


def _written(
    run: Run, started: float, draft: Draft | None = None
) -> tuple[Summary, ReportError | None]:
    """The run's summary, with the result written; without it, and why, where that failed."""
    from bulksender import campaign
    from bulksender.reporter import summarise

    try:
        return campaign.report(run, started=started, draft=draft), None
    except (ReportError, SettingsError) as error:  # its place was free when the run began
        said = f"{error} Everything is in the ledger: bulksender report {run.id} -o FILE"
        unwritten = error if isinstance(error, ReportError) else ReportError(said)
        return summarise(run, seconds=time.monotonic() - started), unwritten


@contextmanager
def timed_where(wanted: bool, output: Output) -> Iterator[None]:
    """Say after the block, where that is `wanted`, where its time went."""
    if not wanted:
        yield
        return
    with watched() as timings:
        yield
        output.timings(timings.spent())

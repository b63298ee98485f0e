"""The conversation around a run: show the plan, ask, send, show what became of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulksender.cli.opening import opened_account, opened_ledger
from bulksender.cli.output import Output, next_step
from bulksender.errors import (
    BulksenderError,
    ExitCode,
    LedgerError,
    NoConsent,
    ReportError,
    Stopped,
)

if TYPE_CHECKING:
    from bulksender.ledger import Run
    from bulksender.reporter import Summary
    from bulksender.sender import Sender
    from bulksender.settings import Account, Defaults, Job


def plan_and_send(
    job: Job,
    defaults: Defaults,
    api_key_file: Path | None,
    ledger: str | None,
    output: Output,
    yes: bool,
    started: float,
) -> ExitCode:
    """Plan a job, show the plan, ask, send it, and write the result."""
    from bulksender import campaign

    job.check()
    campaign.require_writable(job)
    with (
        opened_account(job, defaults, api_key_file) as account,
        opened_ledger(ledger, defaults) as book,
    ):
        run = campaign.plan(job, book)
        with book.owning(run.id):
            summary = None
            try:
                summary = show_plan(run, output, started)
                campaign.refuse_unsendable(run, book)
                started += _consent(run, account, output, yes)  # thinking is not working
                run.approve()
            except BaseException as error:
                run.decline()
                if summary is not None and isinstance(error, BulksenderError):
                    output.object(summary)
                raise
            return send_and_report(run, account, output, started)


def show_plan(run: Run, output: Output, started: float, checked: Path | None = None) -> Summary:
    """What was read, and what would go out; `checked` is where the checked sheet went."""
    from bulksender.reporter.summary import details, summarise

    summary = summarise(run, seconds=time.monotonic() - started, output=checked)
    output.chosen(run.job.sheet.path, run.facts.described)
    output.plan(summary, details(run))
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
    if not output.ask(f"Send {ready:,} message{'s' if ready > 1 else ''} to {where}?"):
        raise NoConsent("Nothing was sent.")
    return time.monotonic() - asked


def send_and_report(run: Run, account: Account, output: Output, started: float) -> ExitCode:
    """Send an approved run, write the result sheet, say how it ended."""
    from bulksender import campaign
    from bulksender.model import RowStatus
    from bulksender.sender import Sender

    ready = run.counts().get(RowStatus.READY, 0)
    if not ready:
        output.say()
        output.say("Nothing is left to send (--again sends what was sent before once more).")
    with output.progress(ready) as progress:
        sender = Sender(run, account, progress=progress)
        with _interruptible(sender, run, output):
            try:
                campaign.send(run, sender)
            except LedgerError as error:
                raise Stopped(f"{error} Go on with: bulksender resume {run.id}") from error
            summary, unwritten = _written(run, started)
    output.done(summary)
    if summary.output and Path(summary.output) != campaign.output_of(run.job):
        output.error(
            "The sheet is gone, was changed after it was read, or cannot be copied, so the results "
            "stand in a file of their own, by row number."
        )
    code = campaign.ending(summary, sender.stopped)
    for line in (sender.stopped, next_step(code, run.id)):
        if line:
            output.error(line)
    output.object(summary)
    if unwritten is not None:
        raise unwritten
    return code


def _written(run: Run, started: float) -> tuple[Summary, ReportError | None]:
    """The run's summary, with the result written; without it, and why, where that failed."""
    from bulksender import campaign
    from bulksender.reporter import summarise

    try:
        return campaign.report(run, started=started), None
    except ReportError as error:
        return summarise(run, seconds=time.monotonic() - started), error


@contextmanager
def _interruptible(sender: Sender, run: Run, output: Output) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) ends the sending in good order; a second one ends it at once."""

    def stop(*_: object) -> None:
        if sender.stopped is not None:
            output.error("Stopped at once; what was in flight is UNKNOWN when it is resumed.")
            output.error(next_step(ExitCode.STOPPED, run.id) or "")
            os._exit(ExitCode.STOPPED)  # as safe as a kill, which the ledger is made for
        sender.stop("Stopped: what was in flight was finished, nothing new was sent.")
        output.error("Stopping when what is in flight has been answered. Once more: at once.")

    with handling(stop):
        yield


@contextmanager
def handling(handler: Callable[..., None]) -> Iterator[None]:
    """Install a handler for SIGINT and SIGTERM while the block runs."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)

"""The conversation around a run: show the plan, ask, send, show what became of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bulksender.cli.opening import opened_account, opened_ledger
from bulksender.cli.output import Output, next_step
from bulksender.errors import BulksenderError, ExitCode, NoConsent, Stopped

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
    campaign.check_output(job)
    with (
        opened_account(job, defaults, api_key_file) as account,
        opened_ledger(ledger, defaults) as book,
    ):
        run = campaign.plan(job, book)
        with book.owning(run.id):
            summary = show_plan(run, output, started)
            try:
                campaign.refuse_unsendable(run, book)
                started += _consent(run, account, output, yes)  # thinking is not working
            except BaseException as error:
                run.decline()
                if isinstance(error, BulksenderError):
                    output.object(summary)
                raise
            run.approve()
            return send_and_report(run, account, output, started)


def show_plan(run: Run, output: Output, started: float, kept: bool = True) -> Summary:
    """What was read, and what would go out; `kept` as in `summarise`."""
    from bulksender.reporter.summary import details, summarise

    summary = summarise(run, seconds=time.monotonic() - started, kept=kept)
    output.chosen(run.job.sheet.path, run.facts.described)
    output.plan(summary, details(run))
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

    with output.progress(run.counts().get(RowStatus.READY, 0)) as progress:
        sender = Sender(run, account, progress=progress)
        with _interruptible(sender, output):
            campaign.send(run, sender)
    summary = campaign.report(run, started=started)
    output.done(summary)
    code = campaign.ending(summary, sender.stopped)
    hint = next_step(code, run.id)
    if sender.stopped is not None:
        output.error(sender.stopped)
    if hint:
        output.error(hint)
    output.object(summary)
    return code


@contextmanager
def _interruptible(sender: Sender, output: Output) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) ends the sending in good order; a second one ends it at once."""

    def stop(*_: object) -> None:
        if sender.stopped is not None:
            raise Stopped("Stopped at once; what was in flight is UNKNOWN when it is resumed.")
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

"""The commands that go on with a run that exists: resume, reconcile, retry, report."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Annotated, Literal

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.cli.desk import Desk
from bulksender.cli.opening import defaults_here, opened_account, opened_ledger, overridden
from bulksender.cli.sending import (
    asking,
    decide_and_send,
    reconcile_and_report,
    say_where,
    send_and_report,
)
from bulksender.errors import ExitCode


@app.command()
@ending
def resume(
    run: o.RunId = None,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    schedule: o.Schedule = None,
    expiry: o.Expiry = None,
    reconcile: o.Reconcile = False,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Go on with a run that stopped, from the ledger; nothing is sent twice."""
    started = time.monotonic()
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import campaign
    from bulksender.model import RowStatus

    with opened_ledger(given.url(ledger), defaults) as book:
        found = campaign.resumable(run, book)
        job = overridden(found.job, base_url, schedule, expiry)
        campaign.refuse_crossing(found.job, job)
        if found.counts().get(RowStatus.READY):
            job.check_times(book.clock())
        with opened_account(job, defaults, api_key_file) as account, book.owning(found.id):
            found = book.run(found.id)  # another process may have gone on with it meanwhile
            campaign.resumable(found.id, book)
            found.reopen(job)
            output.say(f"Run {found.id}: {job.sheet.path}", style="bold")
            return send_and_report(found, Desk(book, account, output, started, reconcile))


@app.command()
@ending
def reconcile(
    run: o.RunId = None,
    settle: o.Settle = "15m",
    resend_absent: o.ResendAbsent = False,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    schedule: o.Schedule = None,
    expiry: o.Expiry = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Settle UNKNOWN messages by 8x8's log; what it never had can be sent again."""
    started = time.monotonic()
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import campaign, settling
    from bulksender.settings import duration

    wait = duration("--settle", settle)
    with opened_ledger(given.url(ledger), defaults) as book:
        found = settling.reconcilable(run, book)
        job = overridden(found.job, base_url, schedule, expiry)
        campaign.refuse_crossing(found.job, job)
        with opened_account(job, defaults, api_key_file) as account, book.owning(found.id):
            found = book.run(found.id)  # another process may have gone on with it meanwhile
            output.say(f"Run {found.id}: {job.sheet.path}", style="bold")
            desk = Desk(book, account, output, started)
            return reconcile_and_report(found, desk, job, wait, resend_absent)


@app.command()
@ending
def retry(
    run: o.Run,
    also: Annotated[
        Literal["invalid"] | None,
        typer.Option(metavar="invalid", help="Also rows that the corrected sheet has mended."),
    ] = None,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    schedule: o.Schedule = None,
    expiry: o.Expiry = None,
    yes: o.Yes = False,
    reconcile: o.Reconcile = False,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Try again what 8x8 rejected, as a run of its own."""
    started = time.monotonic()
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import campaign, retrying

    with opened_ledger(given.url(ledger), defaults) as book:
        parent = retrying.retriable(run, book)
        job = overridden(parent.job, base_url, schedule, expiry)
        campaign.refuse_crossing(parent.job, job)
        job.check_times(book.clock())
        campaign.require_writable(job)
        with (
            opened_account(job, defaults, api_key_file) as account,
            ExitStack() as family,  # nobody tries the same rows again, or goes on with them
        ):
            for member in parent.family():
                family.enter_context(book.owning(member))
            parent = book.run(parent.id)
            made = retrying.retry(parent, job, book, also_invalid=also is not None)
            desk = Desk(book, account, output, started, reconcile)
            return decide_and_send(made, desk, asking(made, desk, yes))


@app.command()
@ending
def report(
    run: o.Run,
    output_file: o.Output = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Write a run's result sheet again from the ledger."""
    started = time.monotonic()
    output = given.output(json, verbose)
    from bulksender import campaign

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        found = campaign.reportable(run, book)
        summary = campaign.report(found, output_file, started=started)
        output.done(summary)
        say_where(found, summary, output, output_file)
        output.object(summary)
    return ExitCode.DONE

"""The commands of campaigns: new, run, approve, cancel."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.cli.opening import defaults_here, opened_account, opened_ledger, overridden
from bulksender.errors import BulksenderError, ExitCode, SettingsError

if TYPE_CHECKING:
    from bulksender.cli.output import Output
    from bulksender.ledger import Run


@app.command()
@ending
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name.")],
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Write a commented campaign file, campaigns/NAME.toml, to start from."""
    output = given.output(json, verbose)
    from bulksender.campaignfile.starter import starter

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name):
        raise SettingsError(
            "A campaign's name has up to 63 letters a-z, digits and - _ . and begins with a letter "
            "or a digit."
        )
    file = Path("campaigns", f"{name}.toml")
    try:
        if not file.parent.is_dir():
            file.parent.mkdir()
        with file.open("x", encoding="utf-8") as made:
            made.write(starter(name, _local_timezone()))
    except FileExistsError as error:
        there = Path(error.filename)
        raise SettingsError(f"{there} is there already; it was left as it is.") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error
    output.say(f"Written: {file}", style="bold")
    output.say(f"Fill it in, then look at it with: bulksender check {file}")
    output.object({"campaign": name, "file": str(file)})
    return ExitCode.DONE


def _local_timezone() -> str:
    """This machine's time zone by its IANA name; UTC where nobody knows it."""
    from tzlocal import get_localzone_name

    from bulksender.campaignfile.words import timezone

    try:
        return timezone(get_localzone_name())
    except Exception:  # a machine whose settings contradict each other
        return "UTC"


@app.command()
@ending
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="campaigns/NAME.toml")],
    period: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Another period than today's, such as 2026-12."),
    ] = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="For timers: do nothing unless it is due.")
    ] = False,
    subaccount: o.Subaccount = None,
    region: o.Region = None,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    simulate: o.Simulate = False,
    log_format: o.LogFormat = None,
    metrics_file: o.MetricsFile = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Run a campaign for its period: once, without asking; what stopped goes on."""
    started = time.monotonic()
    output = given.output(json, verbose)
    if scheduled and period is not None:
        raise SettingsError("--scheduled and --period exclude each other: leave out one.")
    from bulksender.cli.running import Asked, run_campaign
    from bulksender.eventlog import EventLog

    asked = Asked(
        period=period,
        scheduled=scheduled,
        subaccount=subaccount,
        region=region,
        base_url=base_url,
        api_key_file=api_key_file,
        simulate=simulate,
        metrics_file=metrics_file,
    )
    log = EventLog(sys.stderr, log_format == "json") if log_format else None
    return run_campaign(file, asked, given.url(ledger), output, started, log)


@app.command()
@ending
def approve(
    run: o.Run,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Approve a campaign's plan that waits for it; the next `run` sends it as it is."""
    started = time.monotonic()
    output = given.output(json, verbose)
    from bulksender import periodic
    from bulksender.cli.sending import show_plan

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        found = book.run(run)
        with book.owning(found.id):
            found = periodic.approvable(found.id, book)
            command = periodic.command_of(found, book)
            summary = show_plan(found, output, started)
            found.consent()
        output.say()
        output.say("Approved: exactly this goes out.", style="bold")
        output.say(f"Send it with: {command}")
        output.object(summary)
    return ExitCode.DONE


def _report_again(run: Run, output: Output) -> None:
    """Write a run's result and its page anew, now that rows were cancelled."""
    from bulksender import campaign, periodic, runpage
    from bulksender.campaignfile import read_campaign

    try:
        summary = campaign.report(run)
        output.say(f"Result: {summary.output}", style="bold")
        if run.job.campaign_file:
            file = read_campaign(Path(run.job.campaign_file))
            place = periodic.page_of(file, run.job.period, run.ledger.clock())
            runpage.write_run_page(run, summary, place)
            output.say(f"Report: {periodic.seen_from_here(place)}", style="bold")
    except (BulksenderError, OSError) as error:
        output.error(f"What was cancelled is in the ledger, and not in the result: {error}")


@app.command()
@ending
def cancel(
    run: o.Run,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Cancel what of a run is still scheduled at 8x8, or waits here."""
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import cancelling

    with opened_ledger(given.url(ledger), defaults) as book:
        found = book.run(run)
        with book.owning(found.id):
            found = book.run(found.id)
            cancelling.cancellable(found)
            if cancelling.drop_plan(found):
                output.say(f"The plan {found.id} was dropped; nothing of it was sent.")
                output.object({"run": found.id, "dropped": True})
                return ExitCode.DONE
            job = overridden(found.job, base_url, None, None)
            with opened_account(job, defaults, api_key_file) as account:
                cancelled = cancelling.cancel(found, account)
            output.cancelled(cancelled)
            _report_again(found, output)
        output.object(cancelled)
    return cancelling.ending(cancelled)

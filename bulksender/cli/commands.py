"""The commands that begin a run, and the simulator."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.cli.costs import reckon
from bulksender.cli.opening import (
    chosen_base_url,
    chosen_subaccount,
    defaults_here,
    job_from,
    known_account,
    opened_history,
)
from bulksender.cli.sending import plan_and_send, say_where, show_plan, timed_where
from bulksender.errors import ExitCode, SettingsError
from bulksender.stopping import listening


@app.command()
@ending
def check(
    sheet: o.SheetFile,
    template: o.TemplateFile = None,
    text: o.Text = None,
    source: o.Source = None,
    subaccount: o.Subaccount = None,
    country: o.Country = None,
    sheet_name: o.SheetName = None,
    phone_column: o.PhoneColumn = None,
    text_column: o.TextColumn = None,
    id_column: o.IdColumn = None,
    include_hidden: o.IncludeHidden = False,
    encoding: o.EncodingChoice = "AUTO",
    max_parts: o.MaxParts = 10,
    plain_punctuation: o.PlainPunctuation = False,
    output_file: o.Checked = None,
    strict: o.Strict = False,
    again: o.Again = False,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Plan only: counts, problems, repairs, previews, parts, cost. Nothing is sent.

    SHEET may be a campaign's file, which says everything else itself.
    """
    started = time.monotonic()
    output = given.output(json, verbose)
    if sheet.suffix.lower() == ".toml":
        said = (template, text, source, country, sheet_name, phone_column, text_column, id_column)
        if any(said) or output_file or include_hidden or plain_punctuation or strict or again:
            raise SettingsError(f"{sheet}: a campaign's file says itself what is to be done.")
        from bulksender.cli.running import Asked, check_campaign

        asked = Asked(subaccount=subaccount)
        return check_campaign(sheet, asked, given.url(ledger), output, started)
    defaults = defaults_here()
    job = job_from(
        defaults, sheet, template, text, source=source, country=country, sheet_name=sheet_name,
        phone_column=phone_column, text_column=text_column, id_column=id_column,
        include_hidden=include_hidden,
        encoding=encoding, max_parts=max_parts, plain_punctuation=plain_punctuation,
        output=str(output_file) if output_file else None, strict=strict, again=again,
        subaccount=chosen_subaccount(subaccount, defaults),
        base_url=chosen_base_url(None, None, defaults),
    )  # fmt: skip
    from bulksender import campaign
    from bulksender.ledger import Ledger

    with (
        Ledger.scratch() as scratch,
        opened_history(given.url(ledger), defaults) as history,
    ):
        if job.output is not None:
            campaign.require_writable(job, or_else="")
        run = campaign.plan(job, scratch, history)
        reckon(run, known_account(job, defaults), history or scratch, output)
        checked = campaign.report_check(run) if job.output is not None else None
        summary = show_plan(run, output, started, checked)
        say_where(run, summary, output)
        output.object(summary)
        campaign.refuse_unsendable(run, scratch)
        before = history.sent_before(run) if history is not None else None
        if before is not None:
            output.say()
            output.say(f"The same texts to the same numbers were sent before: run {before.id}.")
    return ExitCode.DONE


@app.command()
@ending
def send(
    sheet: o.SheetFile,
    template: o.TemplateFile = None,
    text: o.Text = None,
    source: o.Source = None,
    subaccount: o.Subaccount = None,
    region: o.Region = None,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    simulate: o.Simulate = False,
    country: o.Country = None,
    sheet_name: o.SheetName = None,
    phone_column: o.PhoneColumn = None,
    text_column: o.TextColumn = None,
    id_column: o.IdColumn = None,
    include_hidden: o.IncludeHidden = False,
    encoding: o.EncodingChoice = "AUTO",
    max_parts: o.MaxParts = 10,
    plain_punctuation: o.PlainPunctuation = False,
    batch_size: o.BatchSize = 1_000,
    concurrency: o.Concurrency = 4,
    schedule: o.Schedule = None,
    expiry: o.Expiry = None,
    output_file: o.Output = None,
    in_place: o.InPlace = False,
    strict: o.Strict = False,
    again: o.Again = False,
    yes: o.Yes = False,
    reconcile: o.Reconcile = False,
    timings: o.Timings = False,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Check, ask, send, report: the sheet comes back with each row's umid and status."""
    started = time.monotonic()
    output = given.output(json, verbose)
    defaults = defaults_here()
    job = job_from(
        defaults, sheet, template, text, source=source, country=country, sheet_name=sheet_name,
        phone_column=phone_column, text_column=text_column, id_column=id_column,
        include_hidden=include_hidden,
        encoding=encoding, max_parts=max_parts, plain_punctuation=plain_punctuation,
        batch_size=batch_size, concurrency=concurrency, scheduled=schedule, expiry=expiry,
        output=str(output_file) if output_file else None, in_place=in_place, strict=strict,
        again=again, simulate=simulate, subaccount=chosen_subaccount(subaccount, defaults),
        base_url=chosen_base_url(base_url, region, defaults),
    )  # fmt: skip
    with timed_where(timings, output):
        return plan_and_send(
            job, defaults, api_key_file, given.url(ledger), output, yes, started, reconcile
        )


@app.command()
@ending
def demo(
    yes: o.Yes = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """The sample campaign against the built-in simulator, in a folder `demo` of its own."""
    started = time.monotonic()
    output = given.output(json, verbose)
    from bulksender.cli.samples import unpack

    job = unpack(Path("demo"))
    output.say("A shop's sheet, to a simulated 8x8 on this machine: no text leaves it.\n")
    ledger = str(Path("demo", "ledger.db"))
    return plan_and_send(
        job, defaults_here(), None, ledger, output, yes or not output.interactive, started
    )


@app.command()
@ending
def simulator(
    port: Annotated[int, typer.Option(metavar="N", help="The port; 0 takes a free one.")] = 8088,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND[@POST]", help="A fault on demand, e.g. close-after@3."),
    ] = None,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Serve the simulated 8x8 API on this machine, until Ctrl-C."""
    from bulksender.simulator import Fault, Simulator

    try:
        faults = [Fault.parse(text) for text in fault or []]
    except ValueError as error:
        raise SettingsError(f"--fault: {error}") from error
    try:
        with Simulator(port=port, faults=faults) as served:
            typer.echo(f"Serving 8x8's SMS API, simulated, at {served.base_url}")
            typer.echo(
                f"API key {served.api_key}, sub-account {served.subaccount}. Ctrl-C ends it."
            )
            sys.stdout.flush()
            _wait_for_interrupt()
    except OSError as error:
        raise SettingsError(f"--port {port}: {error}") from error
    return ExitCode.DONE


def _wait_for_interrupt() -> None:
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    with listening(stop):
        while not stopped:
            signal.pause()

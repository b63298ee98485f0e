"""The commands. Heavy packages are imported where they are used: `--help` answers at once."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from bulksender.cli import options as o
from bulksender.cli.opening import (
    chosen_base_url,
    chosen_subaccount,
    defaults_here,
    job_from,
    opened_account,
    opened_history,
    opened_ledger,
    overriding_base_url,
)
from bulksender.cli.output import Output
from bulksender.cli.sending import handling, plan_and_send, send_and_report, show_plan
from bulksender.errors import BulksenderError, ExitCode, SettingsError

app = typer.Typer(
    name="bulksender",
    help="One SMS to each row of a spreadsheet, through 8x8's batch API.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Parameters = ParamSpec("Parameters")


class _Global:
    """The options before the command; the same ones behind it count as well."""

    ledger: str | None = None
    json: bool = False
    verbose: bool = False

    def output(self, json: bool, verbose: bool) -> Output:
        return Output(self.json or json, self.verbose or verbose)

    def url(self, ledger: str | None) -> str | None:
        return ledger or self.ledger


_given = _Global()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bulksender {version('bulksender')}")
        raise typer.Exit


@app.callback()
def _before(
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    _given.ledger, _given.json, _given.verbose = ledger, json, verbose


def _ending(command: Callable[Parameters, ExitCode]) -> Callable[Parameters, None]:
    """Turn what a command returns or raises into the exit code that its class stands for."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        verbose = _given.verbose or bool(kwargs.get("verbose"))
        output = Output(json=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        try:
            code = command(*args, **kwargs)
        except BulksenderError as error:
            if verbose and error.__cause__ is not None:
                output.error(f"caused by {type(error.__cause__).__name__}: {error.__cause__}")
            output.error(str(error))
            code = error.exit_code
        except KeyboardInterrupt:  # once a run is approved, its own handlers are in force
            output.error("Stopped; nothing was sent.")
            code = ExitCode.STOPPED
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if verbose:
                raise
            output.error(
                f"A bug in bulksender ({type(error).__name__}). Run it with -v, and report what it "
                "prints."
            )
            code = ExitCode.BUG
        raise typer.Exit(code)

    return run


@app.command()
@_ending
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
    """Plan only: counts, problems, repairs, previews, parts. Nothing is sent."""
    started = time.monotonic()
    output = _given.output(json, verbose)
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
        opened_history(_given.url(ledger), defaults) as history,
    ):
        if job.output is not None:
            campaign.require_writable(job, or_else="")
        run = campaign.plan(job, scratch, history)
        checked = campaign.report_check(run) if job.output is not None else None
        summary = show_plan(run, output, started, checked)
        output.object(summary)
        campaign.refuse_unsendable(run, scratch)
        before = history.sent_before(run) if history is not None else None
        if before is not None:
            output.say()
            output.say(f"The same texts to the same numbers were sent before: run {before.id}.")
    return ExitCode.DONE


@app.command()
@_ending
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
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Check, ask, send, report: the sheet comes back with each row's umid and status."""
    started = time.monotonic()
    output = _given.output(json, verbose)
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
    return plan_and_send(job, defaults, api_key_file, _given.url(ledger), output, yes, started)


@app.command()
@_ending
def resume(
    run: o.RunId = None,
    base_url: o.BaseUrl = None,
    api_key_file: o.ApiKeyFile = None,
    schedule: o.Schedule = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Go on with a run that stopped, from the ledger; nothing is sent twice."""
    started = time.monotonic()
    output = _given.output(json, verbose)
    defaults = defaults_here()
    import msgspec

    from bulksender import campaign
    from bulksender.model import RowStatus
    from bulksender.settings import Defaults

    with opened_ledger(_given.url(ledger), defaults) as book:
        found = campaign.resumable(run, book)
        changes = {
            "base_url": overriding_base_url(base_url),
            "subaccount": chosen_subaccount(None, Defaults()) or None,
            "scheduled": schedule,
        }
        job = msgspec.structs.replace(
            found.job, **{name: value for name, value in changes.items() if value is not None}
        )
        campaign.refuse_crossing(found.job, job)
        if found.counts().get(RowStatus.READY):
            job.check_times(book.clock())
        with opened_account(job, defaults, api_key_file) as account, book.owning(found.id):
            found = book.run(found.id)  # another process may have gone on with it meanwhile
            campaign.resumable(found.id, book)
            found.reopen(job)
            output.say(f"Run {found.id}: {job.sheet.path}", style="bold")
            return send_and_report(found, account, output, started)


@app.command()
@_ending
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning.")],
    output_file: o.Output = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Write a run's result sheet again from the ledger."""
    started = time.monotonic()
    output = _given.output(json, verbose)
    from bulksender import campaign

    with opened_ledger(_given.url(ledger), defaults_here()) as book:
        found = campaign.reportable(run, book)
        summary = campaign.report(found, output_file, started=started)
        output.done(summary)
        output.object(summary)
    return ExitCode.DONE


@app.command()
@_ending
def demo(
    yes: o.Yes = False,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """The sample campaign against the built-in simulator, in a folder `demo` of its own."""
    started = time.monotonic()
    output = _given.output(json, verbose)
    from bulksender.cli.samples import unpack

    job = unpack(Path("demo"))
    output.say("A shop's sheet, to a simulated 8x8 on this machine: no text leaves it.\n")
    ledger = str(Path("demo", "ledger.db"))
    return plan_and_send(
        job, defaults_here(), None, ledger, output, yes or not output.interactive, started
    )


@app.command()
@_ending
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

    with handling(stop):
        while not stopped:
            signal.pause()

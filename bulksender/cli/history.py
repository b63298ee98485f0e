"""The commands that look at all runs, and forget: runs, show, purge, forget."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.cli.opening import defaults_here, opened_ledger
from bulksender.errors import ExitCode


@app.command()
@ending
def runs(
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """All runs: state, counts, age, and what to do next."""
    output = given.output(json, verbose)
    from bulksender.cli.listing import listed_run
    from bulksender.ledger import runs as all_runs

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        lines = list(all_runs(book))
        retried = {line.parent for line in lines if line.parent and line.approved}
        listed = [listed_run(line, book, line.id in retried) for line in lines]
        for each in listed:
            output.run_line(each, book.clock())
        if not listed:
            output.say(f"There are no runs in the ledger {book.path}.")
        output.object({"runs": listed})
    return ExitCode.DONE


@app.command()
@ending
def show(
    run: o.Run,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """One run whole: what was asked, counts, every batch and every attempt."""
    started = time.monotonic()
    output = given.output(json, verbose)
    from bulksender.ledger import runs as all_runs
    from bulksender.reporter import summarise

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        found = book.run(run)
        children = [line.id for line in all_runs(book) if line.parent == found.id]
        summary = summarise(found, seconds=time.monotonic() - started)
        output.whole_run(found, summary, children)
        output.object(summary)
    return ExitCode.DONE


@app.command()
@ending
def purge(
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="Runs that were made longer ago, such as 90d.")
    ],
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Remove texts and numbers of finished runs; counts stay."""
    output = given.output(json, verbose)
    from bulksender import forgetting
    from bulksender.settings import duration

    age = duration("--older-than", older_than)
    with opened_ledger(given.url(ledger), defaults_here()) as book:
        removed = forgetting.purge(book, age)
        output.purged(removed)
        output.object(removed)
    return ExitCode.DONE


@app.command()
@ending
def forget(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The person's number, written with +.")
    ],
    at_8x8: Annotated[
        bool, typer.Option("--at-8x8", help="Ask 8x8 to remove it from each message, too.")
    ] = False,
    api_key_file: o.ApiKeyFile = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Remove one person's number and texts from every run."""
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender.forgetting import forget_person
    from bulksender.settings import api_key

    key = api_key(api_key_file, defaults) if at_8x8 else None
    with opened_ledger(given.url(ledger), defaults) as book:
        removed = forget_person(book, number, key)
        output.forgotten(removed)
        output.object(removed)
    return ExitCode.STOPPED if removed.failed_at_8x8 else ExitCode.DONE

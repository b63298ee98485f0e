"""`suppress`: the people who must not be texted, whatever a sheet says."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bulksender.cli import options as o
from bulksender.cli.base import app, ending, given
from bulksender.cli.opening import defaults_here, opened_ledger
from bulksender.errors import ExitCode

if TYPE_CHECKING:
    from bulksender.cli.output import Output
    from bulksender.settings import Defaults
    from bulksender.suppressing import Added, OptOuts

MOST_LINES = 20
"""How many rows without a usable number are listed; the JSON object has more."""

suppression = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(
    suppression, name="suppress", help="The suppression list: numbers that are never texted."
)

_Numbers = Annotated[
    list[str], typer.Argument(metavar="NUMBER…", help="Phone numbers, as people write them.")
]
_Source = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Where they come from, in words; kept beside each number."),
]
_PhoneColumns = Annotated[
    str | None,
    typer.Option(
        "--phone-column",
        metavar="NAME[,NAME…]",
        help="The columns of numbers; each of them counts.",
    ),
]


@suppression.command()
@ending
def add(
    numbers: _Numbers,
    country: o.Country = None,
    source: _Source = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Put numbers on the list."""
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import suppressing

    found = suppressing.numbers_of(numbers, _country(country, defaults))
    with opened_ledger(given.url(ledger), defaults) as book:
        added = suppressing.add(book, found, _words(source) or "typed")
    _say_added(added, output)
    output.object(added)
    return ExitCode.DONE


@suppression.command()
@ending
def remove(
    numbers: _Numbers,
    country: o.Country = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Take numbers off the list."""
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import suppressing

    found = suppressing.numbers_of(numbers, _country(country, defaults), listed=True)
    with opened_ledger(given.url(ledger), defaults) as book:
        removed = suppressing.remove(book, found)
    output.object(removed)
    if not removed.removed:
        output.error("None of these numbers is on the suppression list; nothing was removed.")
        return ExitCode.REFUSED
    were = "was" if removed.absent == 1 else "were"
    absent = f" {removed.absent:,} {were} not on it." if removed.absent else ""
    output.say(f"{_numbers(removed.removed)} removed from the suppression list.{absent}")
    return ExitCode.DONE


@suppression.command("import")
@ending
def import_(
    sheet: o.SheetFile,
    country: o.Country = None,
    sheet_name: o.SheetName = None,
    phone_column: _PhoneColumns = None,
    include_hidden: Annotated[
        bool, typer.Option("--include-hidden", help="Take rows that a filter hides as well.")
    ] = False,
    source: _Source = None,
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Put the numbers of a sheet of opt-outs on the list."""
    output = given.output(json, verbose)
    defaults = defaults_here()
    from bulksender import suppressing
    from bulksender.settings import SheetOptions

    options = SheetOptions(
        path=str(sheet),
        sheet=sheet_name,
        country=_country(country, defaults),
        phone_columns=tuple(filter(None, map(str.strip, (phone_column or "").split(",")))),
        include_hidden=include_hidden,
    )
    found = suppressing.opt_outs_of(options)
    output.chosen(str(sheet), (*found.described, found.rule))
    output.say()
    said = _words(source) or f"sheet {sheet.name}"
    added = suppressing.Added(0, 0, [])
    if found.rows:
        with opened_ledger(given.url(ledger), defaults) as book:
            added = suppressing.add(book, found.numbers, said)
        _say_added(added, output)
    _say_found(found, output)
    output.object(_imported(str(sheet), said, found, added))
    if not found.rows:
        output.error(f"{sheet}: no row of it holds a number that can be used; nothing was added.")
        return ExitCode.REFUSED
    return ExitCode.DONE


@suppression.command("list")
@ending
def list_(
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Show every number, its date and source, the newest last."""
    output = given.output(json, verbose)
    from bulksender.cli.output import local_time
    from bulksender.ledger import suppressed

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        if output.json:
            whole = [line._asdict() for line in suppressed(book)]
            output.object({"suppressed": whole, "count": len(whole)})
            return ExitCode.DONE
        count, lines = 0, iter(suppressed(book))
        while page := list(islice(lines, 1_000)):
            count += len(page)
            shown = [
                f"{line.number:<16}  {local_time(line.added_at, 'minutes')}  {line.source}"
                for line in page
            ]
            output.say("\n".join(shown))
    output.say(f"{_numbers(count)} on the suppression list.")
    return ExitCode.DONE


@suppression.command()
@ending
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: .csv or .xlsx.")],
    ledger: o.LedgerUrl = None,
    json: o.Json = False,
    verbose: o.Verbose = False,
) -> ExitCode:
    """Write the list as a sheet, which can be imported again."""
    output = given.output(json, verbose)
    from bulksender import suppressing

    with opened_ledger(given.url(ledger), defaults_here()) as book:
        written = suppressing.export(book, file)
    output.say(f"{_numbers(written)} written to {file}.")
    output.object({"output": str(file), "count": written})
    return ExitCode.DONE


def _country(option: str | None, defaults: Defaults) -> str | None:
    country = option or defaults.country
    return country.upper() if country else None


def _words(source: str | None) -> str:
    return (source or "").strip()


def _numbers(count: int) -> str:
    return f"{count:,} number{'' if count == 1 else 's'}"


def _say_added(added: Added, output: Output) -> None:
    """What is new, and what 8x8 would still send to these people."""
    stood = f" {added.present:,} stood there already." if added.present else ""
    output.say(f"{_numbers(added.added)} added to the suppression list.{stood}")
    for each in added.scheduled:
        one = each.messages == 1
        output.say(
            f"{'A message' if one else f'{each.messages:,} messages'} to them of run {each.run} "
            f"{'is' if one else 'are'} scheduled at 8x8 and not sent yet. To stop the whole run "
            f"there: bulksender cancel {each.run}",
            style="bold red",
        )


def _imported(sheet: str, source: str, found: OptOuts, added: Added) -> dict[str, object]:
    """The JSON object of `suppress import`."""
    return {
        "sheet": sheet,
        "source": source,
        "rule": found.rule,
        "rows": found.rows + found.refused,
        "added": added.added,
        "present": added.present,
        "left_out": found.left_out,
        "refused": found.refused,
        "problems": found.problems,
        "scheduled": added.scheduled,
    }


def _say_found(found: OptOuts, output: Output) -> None:
    """Rows of the sheet that were left out or could not be used, and what was mended.

    An example of that is a number: it is shown to somebody who looks, not to another program's log.
    """
    if found.left_out:
        rows = "row has" if found.left_out == 1 else "rows have"
        output.say(f"{found.left_out:,} {rows} not opted out: not taken.")
    for notice in found.notices:
        shown = notice.example and not output.json
        example = f", as in row {notice.first[0]}: {notice.example}" if shown else ""
        what = notice.what.replace("sends them too", "takes them too")  # the loader thinks of runs
        rows = f"{notice.rows:,} row{'' if notice.rows == 1 else 's'}: " if notice.rows else ""
        output.say(f"{rows}{what}{example}")
    if found.problem_count:
        cells = "cell" if found.problem_count == 1 else "cells"
        output.say(f"{found.problem_count:,} {cells} could not be used:")
    for problem in found.problems[:MOST_LINES]:
        output.say(f"row {problem.row}: {problem.detail}", indent=2)
    if found.problem_count > MOST_LINES:
        output.say(f"and {found.problem_count - MOST_LINES:,} more", indent=2)

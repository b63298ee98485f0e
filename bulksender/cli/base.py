"""What all commands share: the options before the command, and how each one ends.

Heavy packages are imported where they are used: `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, ParamSpec

import typer

from bulksender.cli import options as o
from bulksender.cli.output import Output
from bulksender.errors import BulksenderError, ExitCode
from bulksender.stopping import listen, stop_once, stopped_in_good_order

app = typer.Typer(
    name="bulksender",
    help="One SMS to each row of a spreadsheet, through 8x8's batch API.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Parameters = ParamSpec("Parameters")


class Global:
    """The options before the command; the same ones behind it count as well."""

    ledger: str | None = None
    json: bool = False
    verbose: bool = False

    def output(self, json: bool, verbose: bool) -> Output:
        """Where a command speaks, by its own options and those before it."""
        return Output(self.json or json, self.verbose or verbose)

    def url(self, ledger: str | None) -> str | None:
        """The ledger that was named, behind the command or before it."""
        return ledger or self.ledger


given = Global()


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
    given.ledger, given.json, given.verbose = ledger, json, verbose


def ending(command: Callable[Parameters, ExitCode]) -> Callable[Parameters, None]:
    """Turn what a command returns or raises into the exit code that its class stands for."""

    @wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        verbose = given.verbose or bool(kwargs.get("verbose"))
        output = Output(json=True)
        listen(stop_once)
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
        if code == ExitCode.STOPPED:
            stopped_in_good_order()
        raise typer.Exit(code)

    return run

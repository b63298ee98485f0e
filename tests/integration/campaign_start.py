"""Starts a campaign in this process, by a clock that is so many seconds ahead of this machine's.

    python campaign_start.py FILE LEDGER AHEAD [--scheduled] [--period KEY] [--hours N]

It ends as `bulksender run` does. With --hours it is started N times, each an hour after the one
before, until a start finds something to do; the exit codes are printed as a JSON list.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from bulksender.campaignfile import read_campaign
from bulksender.cli.base import ending
from bulksender.cli.output import Output
from bulksender.cli.running import Asked, Conductor
from bulksender.errors import ExitCode
from bulksender.ledger import Ledger


@ending
def start(
    file: Path, ledger: Path, clock: Callable[[], datetime], asked: Asked, verbose: bool
) -> ExitCode:
    """What `bulksender run` does, by another clock."""
    with Ledger(ledger, clock=clock) as book:
        output = Output(json=False, verbose=verbose)
        return Conductor(read_campaign(file), asked, book, output, time.monotonic()).run()


def ended(file: Path, ledger: Path, asked: Asked, ahead: float) -> int:
    """The exit code of one start."""
    try:
        start(file, ledger, lambda: datetime.now(UTC) + timedelta(seconds=ahead), asked, True)
    except typer.Exit as error:
        return int(error.exit_code)
    raise AssertionError("a command ends with a code")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("ledger", type=Path)
    options.add_argument("ahead", type=float)
    options.add_argument("--scheduled", action="store_true")
    options.add_argument("--period")
    options.add_argument("--hours", type=int)
    given = options.parse_args()
    asked = Asked(period=given.period, scheduled=given.scheduled)
    if given.hours is None:
        raise SystemExit(ended(given.file, given.ledger, asked, given.ahead))
    codes: list[int] = []
    while len(codes) < given.hours and set(codes) <= {ExitCode.ALREADY_SENT}:
        hours_on = given.ahead + 3_600 * len(codes)
        codes.append(ended(given.file, given.ledger, asked, hours_on))
    print(json.dumps(codes))


if __name__ == "__main__":
    main()

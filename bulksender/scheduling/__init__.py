"""Campaigns that run by themselves: by a systemd timer, by cron, or by a process of their own.

Each of them starts `bulksender run FILE --scheduled` when a run is due, and that command decides:
it does nothing unless the campaign is due and not sent yet. So a timer that fires too often, or
two of them, do no harm.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from bulksender.errors import ExitCode
from bulksender.rules import Timing

__all__ = ["GOES_ON", "GO_ON_AFTER", "GO_ON_TIMES", "Scheduled", "command", "executable"]

GOES_ON = (ExitCode.UNKNOWN, ExitCode.STOPPED, ExitCode.BUSY)
"""The exit codes after which the same command, later on, settles or sends what is left."""
GO_ON_AFTER = timedelta(minutes=20)
"""When it is given again: 8x8's log has caught up by then (`settling.SETTLE`)."""
GO_ON_TIMES = 30
"""How often, at most."""


class Scheduled(Struct, frozen=True, kw_only=True):
    """What a timer has to know of a campaign.

    `file` is the absolute path of its file, `folder` the absolute path in which its command is to
    run, `ledger` what `--ledger` named, if anything.
    """

    name: str
    file: Path
    folder: Path
    timing: Timing
    ledger: str | None = None


def executable() -> list[str]:
    """The words that start this very bulksender from anywhere: absolute paths, no PATH needed."""
    python = Path(sys.executable).absolute()
    script = python.with_name("bulksender")
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script)]
    return [str(python), "-P", "-m", "bulksender"]  # -P: the folder's own files are no modules


def command(scheduled: Scheduled, program: Sequence[str] | None = None) -> list[str]:
    """The words of the command that a campaign's timer starts; `program` is `executable()`."""
    ledger = [] if scheduled.ledger is None else ["--ledger", scheduled.ledger]
    words = executable() if program is None else program
    return [*words, *ledger, "run", str(scheduled.file), "--scheduled"]

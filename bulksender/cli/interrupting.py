"""Ctrl-C while a run is being sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bulksender.cli.output import Output, next_step
from bulksender.errors import ExitCode
from bulksender.stopping import listening, stop_once

if TYPE_CHECKING:
    from bulksender.ledger import Run
    from bulksender.sender import Sender


@contextmanager
def interruptible(sender: Sender, run: Run, output: Output) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) ends the sending in good order; a second one ends it at once.

    Where it comes while the result is written, that is finished first.
    """
    from bulksender.ledger import RunState

    told = False

    def stop(*_: object) -> None:
        nonlocal told
        sending = run.state is RunState.SENDING
        if told and not sending:
            stop_once()  # of the result nothing is left
        if told:
            output.error("Stopped at once; what was in flight is UNKNOWN when it is resumed.")
            output.error(next_step(ExitCode.STOPPED, run.id) or "")
            os._exit(ExitCode.STOPPED)  # as safe as a kill, which the ledger is made for
        told = True
        if sending:
            sender.stop("Stopped: what was in flight was finished, nothing new was sent.")
            output.error("Stopping when what is in flight has been answered. Once more: at once.")
        else:
            output.error("Nothing is in flight. The result is being written. Once more: at once.")

    with listening(stop):
        yield

"""What a conversation around a run needs, and who listens to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from bulksender.cli.output import Output
from bulksender.errors import ExitCode
from bulksender.eventlog import Events, Silent

if TYPE_CHECKING:
    from bulksender.ledger import Ledger, Run
    from bulksender.reporter import Summary
    from bulksender.settings import Account


class Watchers(Struct, frozen=True):
    """Who is told of a run: the log of events, and what is called with the run when it has ended.

    `ended` gets the run, its summary, the exit code and why it stopped, or why there is no result.
    """

    events: Events = Silent()
    ended: Callable[[Run, Summary, ExitCode, str], None] = lambda *_: None


class Desk(Struct, frozen=True):
    """What a conversation needs: the ledger, the account, where to speak, when it began.

    `reconcile` says that 8x8's log is asked without asking first.
    """

    book: Ledger
    account: Account
    output: Output
    started: float
    reconcile: bool = False
    watchers: Watchers = Watchers()

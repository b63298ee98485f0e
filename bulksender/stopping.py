"""How a process is told to end (Ctrl-C, the system, a closed terminal), and who hears it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = tuple(told for told in signal.Signals if told.name in ("SIGINT", "SIGTERM", "SIGHUP"))


def listen(handler: Callable[..., None]) -> dict[int, Any]:
    """Let `handler` hear it from now on; returns the handlers of before, by signal.

    A terminal that is closed says nothing to a process that was started to outlive it (`nohup`).
    """
    heard = [
        told
        for told in SIGNALS
        if told.name != "SIGHUP" or signal.getsignal(told) is not signal.SIG_IGN
    ]
    return {told: signal.signal(told, handler) for told in heard}


@contextmanager
def listening(handler: Callable[..., None]) -> Iterator[None]:
    """Let `handler` hear it while the block runs."""
    before = listen(handler)
    try:
        yield
    finally:
        for told, old in before.items():
            signal.signal(told, old)


def listen_no_more() -> None:
    """Hear nothing of it; a second process does not, as it is told to both and its parent decides.

    Python's own handlers are gone before a process is, and these stay to its end.
    """
    for told in SIGNALS:
        signal.signal(told, signal.SIG_IGN)


def stop_once(*_: object) -> None:
    """A handler: end as Ctrl-C does, and let what is taken back then not be cut off by the next."""
    listen_no_more()
    raise KeyboardInterrupt


def stopped_in_good_order() -> None:
    """A KeyboardInterrupt was dealt with: the process has an exit code, and does not die of SIGINT.

    `python -m` notes one that has cut off an `exec` of a text, by which namedtuples are made and
    SQLAlchemy makes functions while they are imported; it drops the note at the next one.
    """
    exec("")

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


def stop_once(*_: object) -> None:
    """A handler: end as Ctrl-C does, and let what is taken back then not be cut off by the next."""
    listen(lambda *_: None)
    raise KeyboardInterrupt


def leave_to_parent() -> None:
    """In a second process: it is told to both, and the one that has started it decides."""
    for told in SIGNALS:
        signal.signal(told, signal.SIG_IGN)

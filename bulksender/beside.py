"""A second process: it makes values for the caller, or works on those that the caller makes.

Where the system can fork, and nothing else runs in this process: a thread's locks would be copied
as they stand. The child inherits all it needs, and only what it makes is sent.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, TypeVar

Item = TypeVar("Item")


def can_fork() -> bool:
    """Whether a second process is possible here, and has a processor to run on."""
    return hasattr(os, "fork") and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


def beside(make: Callable[[], Iterable[Item]]) -> Iterator[Item]:
    """Yield what `make` yields in a child process; what it raises is raised here.

    The child is at most one item ahead, and ends with this process or as soon as nobody listens.
    Raises ChildProcessError where somebody has killed it.
    """
    yield from _Child(make).items()


def work_beside(work: Callable[[Iterator[Item]], None], items: Iterable[Item]) -> None:
    """Let `work` go through the items in a child process; what it raises is raised here.

    The child gives up where this process ends before all items were handed over. Raises
    ChildProcessError where somebody has killed it.
    """
    taken, given = Pipe(duplex=False)

    def received() -> Iterator[Item]:
        while True:
            item, more = pickle.loads(taken.recv_bytes())  # EOFError where nobody gives any more
            if not more:
                return
            yield item

    def worked() -> Iterator[None]:
        given.close()  # the child's own end of what it reads
        work(received())
        yield from ()

    child = _Child(worked)
    taken.close()
    try:
        with suppress(BrokenPipeError):  # the child has ended early, and says why
            for item in items:
                given.send_bytes(pickle.dumps((item, True), pickle.HIGHEST_PROTOCOL))
            given.send_bytes(pickle.dumps((None, False)))
        given.close()
        list(child.items())
    finally:
        given.close()
        child.leave()


class _Child:
    """A process that makes items. It is left when all were taken, or when `leave` is called."""

    def __init__(self, make: Callable[[], Iterable[object]]):
        self._receiver, sender = Pipe(duplex=False)
        self._process: int | None = os.fork()
        if not self._process:
            self._receiver.close()
            _serve(make, sender)
        sender.close()

    def items(self) -> Iterator[Any]:
        """What it makes; raises what it raises, and ChildProcessError where it was killed."""
        try:
            while True:
                try:
                    item, error = pickle.loads(self._receiver.recv_bytes())
                except EOFError:
                    raise ChildProcessError(
                        "a process of its own that works on the sheet was ended from outside; is "
                        "the memory short?"
                    ) from None
                if error is not None:
                    raise error
                if item is None:
                    return
                yield item
        finally:
            self.leave()

    def leave(self) -> None:
        """End it where it has not ended: nobody wants any more of it."""
        self._receiver.close()
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self._process = None


def _serve(make: Callable[[], Iterable[object]], sender: Connection) -> None:
    """The child's whole life: make, send, and leave without a trace of the parent's affairs."""
    try:
        for told in (signal.SIGINT, signal.SIGTERM):  # told to both, and the parent decides
            signal.signal(told, signal.SIG_IGN)
        last: tuple[None, BaseException | None] = (None, None)
        try:
            for item in make():
                sender.send_bytes(pickle.dumps((item, None), pickle.HIGHEST_PROTOCOL))
        except Exception as error:
            last = (None, error)
        with suppress(BrokenPipeError):
            sender.send_bytes(pickle.dumps(last))
    finally:
        os._exit(0)

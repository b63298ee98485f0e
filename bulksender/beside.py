"""Values that are made in a process of their own while the caller works on those before.

Where the system can fork, and nothing else runs in this process: a thread's locks would be copied
as they stand. The child inherits all it needs, and only what it makes is sent.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TypeVar

from bulksender.errors import SheetError

Item = TypeVar("Item")


def can_fork() -> bool:
    """Whether a second process is possible here, and has a processor to run on."""
    return hasattr(os, "fork") and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


def beside(make: Callable[[], Iterable[Item]]) -> Iterator[Item]:
    """Yield what `make` yields in a child process; what it raises is raised here.

    The child is at most one item ahead, and ends with this process or as soon as nobody listens.
    """
    receiver, sender = Pipe(duplex=False)
    child = os.fork()
    if not child:
        receiver.close()
        _serve(make, sender)
    sender.close()
    try:
        while True:
            try:
                item, error = pickle.loads(receiver.recv_bytes())
            except EOFError:
                raise SheetError(
                    "The process that reads the sheet was ended from outside (is the memory "
                    "short?). Nothing was sent; try again."
                ) from None
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        receiver.close()
        os.waitpid(child, 0)


def _serve(make: Callable[[], Iterable[Item]], sender: Connection) -> None:
    """The child's whole life: make, send, and leave without a trace of the parent's affairs."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides, and closes the pipe
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            for item in make():
                sender.send_bytes(pickle.dumps((item, None), pickle.HIGHEST_PROTOCOL))
            last: tuple[None, BaseException | None] = (None, None)
        except OSError as error:
            last = (None, None if isinstance(error, BrokenPipeError) else error)
        except Exception as error:
            last = (None, error)
        sender.send_bytes(pickle.dumps(last))
    finally:
        os._exit(0)

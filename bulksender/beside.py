"""A second process that makes values for the caller.

Where the system can fork, and nothing else runs in this process: a thread's locks would be copied
as they stand. The child inherits all it needs, and only what it makes is sent.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Queue
from typing import Any, TypeVar

from bulksender.stopping import listen_no_more

Item = TypeVar("Item")

AHEAD = 2
"""Items that wait to be sent, so that neither process waits for the other at every item."""


class NoProcess(OSError):
    """The system has no room for another process; nothing was made."""


def can_fork() -> bool:
    """Whether a second process is possible here, and has a processor to run on."""
    return hasattr(os, "fork") and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


@contextmanager
def beside(make: Callable[[], Iterable[Item]]) -> Iterator[Iterator[Item]]:
    """Let a child process make the values from now on; what it raises is raised by the iterator.

    The child is a few items ahead at most, and ends with the block, or with this process. Raises
    NoProcess where there can be no child; the iterator raises ChildProcessError where somebody has
    killed it.
    """
    receiver, sender = Pipe(duplex=False)
    try:
        child = os.fork()
    except OSError as full:
        receiver.close()
        sender.close()
        raise NoProcess from full
    if not child:
        receiver.close()
        _serve(make, sender)
    sender.close()
    try:
        yield _received(receiver)
    finally:
        receiver.close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _received(receiver: Connection) -> Iterator[Any]:
    while True:
        try:
            received = receiver.recv_bytes()
        except (EOFError, OSError):  # between two items, or in the middle of one
            raise ChildProcessError(
                "a process of its own that works on the sheet was ended from outside; is the "
                "memory short?"
            ) from None
        item, error = pickle.loads(received)
        if error is not None:
            raise error
        if item is None:
            return
        yield item


def _serve(make: Callable[[], Iterable[object]], sender: Connection) -> None:
    """The child's whole life: make, send, and leave without a trace of the parent's affairs."""
    try:
        listen_no_more()
        gc.freeze()  # it would copy whatever of the parent's its collector looks at
        made: Queue[bytes | None] = Queue(AHEAD)
        sending = threading.Thread(target=_send, args=(made, sender))
        sending.start()
        last: tuple[None, BaseException | None] = (None, None)
        try:
            for item in make():
                made.put(pickle.dumps((item, None), pickle.HIGHEST_PROTOCOL))
        except Exception as error:
            last = (None, error)
        made.put(pickle.dumps(last))
        made.put(None)
        sending.join()
    finally:
        os._exit(0)


def _send(made: Queue[bytes | None], sender: Connection) -> None:
    """Send what was made, until nobody listens any more."""
    try:
        while (item := made.get()) is not None:
            sender.send_bytes(item)
    except OSError:
        os._exit(0)

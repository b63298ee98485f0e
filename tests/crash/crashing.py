"""Runs the real command in this process, and kills it at its n-th durable step of a name.

    python crashing.py NAME N RECORD COMMAND…

A durable step is what another process or a disk would remember: a commit of the ledger (before it
and after it), a piece of a request that leaves (before it, and a moment after its body), a file
that is written, renamed or removed. Nothing of the program is patched: SQLAlchemy's events and
Python's audit events tell what it is about to do. The step's name is appended to RECORD. Steps
are counted by name: how many commits a run makes differs, that a file is renamed does not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

OUTSTANDING = 0.05
"""Seconds after a request's body has left at which its answer is still on its way."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Steps:
    """Counts durable steps, in whatever thread; the fatal one is this process's last."""

    def __init__(self, fatal: str, nth: int, record: Path) -> None:
        self._fatal = fatal
        self._left = nth
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._folder = Path.cwd()

    def reached(self, name: str) -> None:
        with self._lock:
            os.write(self._record, f"{name}\n".encode())
            self._left -= name == self._fatal
            if name == self._fatal and not self._left:
                os.kill(os.getpid(), signal.SIGKILL)

    def before_statement(self, *said: Any) -> None:
        if said[2] == "COMMIT":
            self.reached("before a commit")

    def after_statement(self, *said: Any) -> None:
        if said[2] == "COMMIT":
            self.reached("after a commit")

    def audit(self, name: str, said: tuple[Any, ...]) -> None:
        if name == "http.client.send":
            body = not bytes(said[1]).startswith((b"POST", b"GET"))
            self.reached("before a body" if body else "before a head")
            if body:
                waiting = threading.Timer(OUTSTANDING, self.reached, ["while it is answered"])
                waiting.daemon = True
                waiting.start()
        elif name in ("os.rename", "os.remove", "os.mkdir") and self._is_here(said[0]):
            self.reached(f"before {name}")
        elif name == "open" and self._is_here(said[0]) and said[2] & WRITING:
            self.reached("before a file is written")

    def _is_here(self, path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return Path(os.fsdecode(path)).absolute().is_relative_to(self._folder)


def main() -> None:
    fatal, nth, record, *command = sys.argv[1:]
    steps = Steps(fatal, int(nth), Path(record))
    event.listen(Engine, "before_cursor_execute", steps.before_statement)
    event.listen(Engine, "after_cursor_execute", steps.after_statement)
    sys.addaudithook(steps.audit)
    sys.argv = ["bulksender", *command]
    from bulksender.cli import main as bulksender

    bulksender()


if __name__ == "__main__":
    main()

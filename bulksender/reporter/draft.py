"""A result that another process writes while its run is still being sent.

Rows are sent in the sheet's order, so the first pages of a large result can be written long before
the last batch is answered, by a processor that has nothing else to do. That process only reads the
ledger, and follows it: a page is taken when none of its rows waits any more.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bulksender.ledger import Ledger, Run
from bulksender.model import RowStatus
from bulksender.reporter.pages import pages_of
from bulksender.reporter.writers import writer_of
from bulksender.stopping import listen_no_more

LARGE = 20_000
"""Messages of a run that is worth a second process to write its result."""

PAUSE = 0.1
"""Seconds between two looks at a page that is not finished."""

_ALL_SENT, _WHOLE = b"sent", b"whole"
"""What the one that sends tells the one that writes, and is told by it."""


class Draft:
    """The file `path`, which a process of its own writes. `leave` it in the end, used or not.

    Raises OSError where there can be no such file or process.
    """

    def __init__(self, run: Run, path: Path):
        self.path = path
        self._run = run
        self._writes_of_others = run.writes_of_others()
        self._sheet = _stamp(run)
        path.touch(mode=0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, str(run.ledger_path), run.id, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the one that sends
            )
        except OSError:
            path.unlink()
            raise

    def moved_to(self, target: Path) -> bool:
        """Nothing more is sent: wait until all is written, and move it; False where it is no use.

        That is where the process has failed, or another one has written to the ledger or the
        sheet: what was taken from them may no longer be true. Then nothing is left of it.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(_ALL_SENT)
            self._process.stdin.flush()
        whole = self._process.stdout.read(len(_WHOLE)) == _WHOLE
        same = self._run.writes_of_others() == self._writes_of_others
        if whole and same and _stamp(self._run) == self._sheet:
            self.path.replace(target)
            return True
        self.leave()
        return False

    def leave(self) -> None:
        """End the process, and remove what it has written where nobody has taken it."""
        if self._process.returncode is None:
            self._process.kill()
            with suppress(BrokenPipeError):
                self._process.communicate()
        self.path.unlink(missing_ok=True)


@contextmanager
def drafting(run: Run, output: Path) -> Iterator[Draft | None]:
    """Let the result be written beside `output` while the block sends the run, where that pays."""
    draft = None
    waiting = run.counts().get(RowStatus.READY, 0)
    if waiting >= LARGE and run.kept and (os.cpu_count() or 1) > 1:
        with suppress(OSError):  # then it is written when all is sent
            path = temporary(output.resolve())
            if shutil.disk_usage(path.parent).free > _room_for(run):
                draft = Draft(run, path)
    try:
        yield draft
    finally:
        if draft is not None:
            draft.leave()


def _stamp(run: Run) -> tuple[int, ...]:
    """What differs once anybody has written to the sheet, though it were as it was again."""
    with suppress(OSError):
        found = Path(run.facts.path).stat()
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return ()


def _room_for(run: Run) -> int:
    """Bytes that must be free, so that a draft takes none that the sending may need.

    A result and the ledger's rows as they grow take less than twice the sheet and the ledger.
    """
    ledger = run.ledger_path
    there = (Path(run.facts.path), ledger, ledger.with_name(f"{ledger.name}-wal"))
    return 2 * sum(path.stat().st_size for path in there if path.exists())


def temporary(output: Path) -> Path:
    """Where a result stands until it is whole: beside `output`, which it then replaces."""
    return output.with_name(f".{output.name}.{secrets.token_hex(4)}.tmp")


_PROGRAM = """
from bulksender.garbage import collect_rarely; collect_rarely()
from bulksender.reporter.draft import main; main()
"""


def main() -> None:
    """The other process: it ends with the one that has started it, whatever becomes of that."""
    listen_no_more()
    ledger, run, target = sys.argv[1:]
    all_sent = threading.Event()
    threading.Thread(target=_listen, args=(all_sent, Path(target)), daemon=True).start()
    try:
        with Ledger(Path(ledger)) as book:
            follow(book.run(run), Path(target), all_sent)
    except BaseException:
        Path(target).unlink(missing_ok=True)  # the ledger may need the room that it takes
        raise
    os.write(1, _WHOLE)
    threading.Event().wait()  # until the file has been taken


def follow(run: Run, target: Path, all_sent: threading.Event) -> None:
    """Write the result of a run that is being sent: no faster than it is, until `all_sent`.

    Raises what the writers raise.
    """

    def wait_for(first: int, last: int) -> None:
        while not all_sent.is_set() and run.waits_between(first, last):
            all_sent.wait(PAUSE)

    writer_of(run.facts)(run.facts, pages_of(run, before_each=wait_for), target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _listen(all_sent: threading.Event, target: Path) -> None:
    """Hear that all was sent, and then that nobody is there any more."""
    while os.read(0, len(_ALL_SENT)):
        all_sent.set()
    target.unlink(missing_ok=True)
    os._exit(1)

"""One owner a run, by a lock of the operating system that dies with its process."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from bulksender.errors import LedgerError


class RunLock:
    """The lock of one run, in a file of its own beside the ledger. The file itself stays.

    `patience` is for how many seconds it is waited for.
    """

    def __init__(self, ledger: Path, run_id: str, patience: float = 0.0):
        ledger = ledger.resolve()  # one file, one lock, whatever it is called
        self._folder = ledger.with_name(ledger.name + ".locks")
        self._path = self._folder / f"{run_id}.lock"
        self._lock = FileLock(self._path, timeout=patience)

    def acquire(self) -> bool:
        """Take the lock; False where another process has it. Raises LedgerError."""
        try:
            self._folder.mkdir(exist_ok=True)
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise LedgerError(
                f"The lock {self._path} cannot be taken: {error.strerror}."
            ) from error
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

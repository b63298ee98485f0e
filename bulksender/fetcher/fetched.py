"""What fetching ends with, how long and how much it may take, and files that arrive whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from bulksender.errors import SheetError

_T = TypeVar("_T")


class Fetched(Struct, frozen=True, kw_only=True):
    """An export that is on this machine's disk.

    `path` is the sheet's file. `name` is what people call it: the path as it was matched, the
    address without credentials and query, or "query to" the database. `modified_at` is when the
    export was made, aware, UTC; None where nobody says.
    """

    path: Path
    name: str
    modified_at: datetime | None


class Limits(Struct, frozen=True, kw_only=True):
    """What a download may take.

    `size` in bytes; `connect` (to get a connection), `silence` (between two pieces) and `total` in
    seconds, for each of the `tries`; `pause` is the wait before the second try, doubled after each.
    A cloud's own library has its own limits for connections and silence, and only the web `total`.
    """

    size: int = 2 << 30
    connect: float = 10.0
    silence: float = 60.0
    total: float = 3600.0
    tries: int = 3
    pause: float = 1.0


class Trouble(Exception):
    """Something that may be over when it is tried again; says what, without any address."""


def tried(name: str, limits: Limits, once: Callable[[], _T]) -> _T:
    """What `once` gives, tried again after Trouble; raises SheetError when the last try has it."""
    import tenacity

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Trouble),
        stop=tenacity.stop_after_attempt(limits.tries),
        wait=tenacity.wait_exponential(multiplier=limits.pause, max=30.0),
        reraise=True,
    )
    try:
        return retrying(once)
    except Trouble as trouble:
        times = "once" if limits.tries == 1 else f"{limits.tries} times"
        raise SheetError(
            f"{name}: {trouble} (tried {times}), so the export is not here whole and is not used. "
            "Look whether the server and the network are well, then try again."
        ) from None


@contextmanager
def arriving(into: Path, name: str) -> Iterator[Path]:
    """A private file to write to, which becomes `into / name` only if the block ends well.

    Raises SheetError where the operating system refuses to write there.
    """
    try:
        handle, made = tempfile.mkstemp(".part", ".", into)
        os.close(handle)
    except OSError as error:
        raise unwritable(into, error) from None
    temporary = Path(made)
    try:
        yield temporary
        try:
            temporary.replace(into / name)
        except OSError as error:
            raise unwritable(into, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def unwritable(into: Path, error: OSError) -> SheetError:
    """The error of a disk that is full or a folder that is not ours."""
    said = error.strerror or type(error).__name__
    return SheetError(f"{into}: what is fetched cannot be written here: {said}. Make room for it.")


def too_large(name: str, limits: Limits) -> SheetError:
    """The error of a file that is no sheet of contacts any more."""
    return SheetError(
        f"{name}: the file is larger than {limits.size:,} bytes, the most that is fetched. "
        "Look whether it is the right one, or split the export."
    )

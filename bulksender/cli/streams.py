"""Standard output and error that may go away: a pipe's reader ends, a terminal is closed.

What is said then is lost; what is done is not.
"""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO


class _Forgiving(io.FileIO):
    """A file whose reader may be gone, or whose disk may be full."""

    def write(self, data: Any, /) -> int:
        """Write what can be written, and say that it was all; wait for a slow reader."""
        with suppress(OSError):
            while (written := super().write(data)) is None:
                select.select((), (self,), ())
            return written
        return len(data)


def forgive() -> None:
    """Let what this process prints never be the reason why it ends.

    A character that the terminal cannot show becomes a question mark.
    """
    sys.stdout, sys.stderr = _forgiving(sys.stdout), _forgiving(sys.stderr)


def _forgiving(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever has started this process
        return Path(os.devnull).open("w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    if os.name != "posix":  # a console of Windows' takes no bytes
        stream.reconfigure(errors="replace")
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Forgiving(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
    )

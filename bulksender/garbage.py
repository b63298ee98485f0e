"""Python's garbage collector: what it costs a process that lives for one command."""

from __future__ import annotations

import atexit
import gc


def collect_rarely() -> None:
    """Let the collector look rarely from now on, and not at all when the process ends.

    Rows travel in millions of small values without cycles, and looking for those costs a quarter.
    At the end Python would look three times at all that was ever imported: 0.15 s of a send, and
    the system takes the memory back anyway.
    """
    gc.set_threshold(200_000, 20, 100)
    atexit.register(gc.freeze)

"""Where the time of a command goes: what its main thread works on or waits for, stage by stage."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
START, REST = "start", "the rest"


class Timings:
    """Seconds by stage, in the order in which the stages began; together, all that has passed.

    A stage inside another one counts for itself alone. One thread uses it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, before: float = 0.0):
        self._clock = clock
        self._spent = {START: before, REST: 0.0}
        self._open = [REST]
        self._since = clock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what the block takes as `name`."""
        self._charge()
        self._spent.setdefault(name, 0.0)
        self._open.append(name)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def spent(self) -> dict[str, float]:
        """Stage → seconds so far; the start first, what belongs to none of them last."""
        self._charge()
        rest = self._spent.pop(REST)
        self._spent[REST] = rest
        return dict(self._spent)

    def _charge(self) -> None:
        now = self._clock()
        self._spent[self._open[-1]] += now - self._since
        self._since = now


_watching: ContextVar[Timings | None] = ContextVar("timings", default=None)


@contextmanager
def watched() -> Iterator[Timings]:
    """Count the stages of what happens inside the block."""
    timings = Timings(before=_since_the_process_began())
    token = _watching.set(timings)
    try:
        yield timings
    finally:
        _watching.reset(token)


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Count what the block takes, where somebody watches."""
    timings = _watching.get()
    if timings is None:
        yield
        return
    with timings.stage(name):
        yield


def each_timed(name: str, items: Iterable[Item]) -> Iterator[Item]:
    """The items; making each of them counts as `name`."""
    left = iter(items)
    while True:
        with timed(name):
            try:
                item = next(left)
            except StopIteration:
                return
        yield item


def _since_the_process_began() -> float:
    """Seconds of this process's life, where the system tells (Linux); else 0."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    except (OSError, ValueError, AttributeError, IndexError):
        return 0.0

"""Killed at every durable step there is: nobody is texted twice, nobody is lost.

A real process, SIGKILL at its n-th durable step for n = 1, 2, 3 … until one survives. After each
kill new processes resume, reconcile and report, and the simulator's own record is the judge.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, takewhile
from pathlib import Path

import pytest
from judging import Case

from bulksender.simulator import Fault, FaultKind, Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

LATENCY = 0.15  # seconds an answer takes: some are on their way when the process dies
AT_ONCE = 3
RESEND = ("reconcile", "--resend-absent", "--settle", "0s")


def case(folder: Path, simulator: Simulator) -> Case:
    """Twelve rows in four batches, on two threads."""
    return Case(folder, simulator, rows=12, batch_size=3, threads=2)


def sweep(one: Callable[[int], list[str] | None]) -> list[str]:
    """The names of the fatal steps: `one(n)` gives the steps done, None where it survived."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [steps[-1] for steps in takewhile(bool, _in_order(pool, one)) if steps]


def _in_order(
    pool: ThreadPoolExecutor, one: Callable[[int], list[str] | None]
) -> Iterator[list[str] | None]:
    """The results for 1, 2, 3 …, a few of them made ahead."""
    steps = count(1)
    ahead = [pool.submit(one, next(steps)) for _ in range(AT_ONCE)]
    while True:
        yield ahead.pop(0).result()
        ahead.append(pool.submit(one, next(steps)))


def test_a_send_that_is_killed_at_any_step_ends_true(tmp_path: Path) -> None:
    def one(step: int) -> list[str] | None:
        with Simulator(latency=LATENCY) as simulator:
            sending = case(tmp_path / str(step), simulator)
            killed, steps = sending.killed_at(step, *sending.send)
            sending.judge_messages()
            if killed:
                sending.recover()
            sending.judge()
            return steps if killed else None

    fatal = Counter(sweep(one))
    assert fatal.keys() >= {
        *("before a commit", "after a commit", "before a head", "before a body"),
        *("while it is answered", "before a file is written", "before os.rename"),
    }
    assert fatal.total() >= 45


def test_a_reconciliation_that_is_killed_at_any_step_ends_true(tmp_path: Path) -> None:
    lost = [Fault(FaultKind.CLOSE_BEFORE, post=1), Fault(FaultKind.CLOSE_AFTER, post=2)]

    def one(step: int) -> list[str] | None:
        with Simulator(faults=lost, latency=LATENCY) as simulator:
            settling = case(tmp_path / str(step), simulator)
            sent = settling.shell.run(*settling.send)
            assert sent.code == 5, sent.err
            killed, steps = settling.killed_at(step, *RESEND)
            settling.judge_messages()
            if killed:
                settling.recover()
            settling.judge()
            return steps if killed else None

    fatal = Counter(sweep(one))
    assert fatal.keys() >= {"before a commit", "before a head", "before a body", "before os.rename"}
    assert fatal.total() >= 35

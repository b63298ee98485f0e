"""Killed at every durable step there is: nobody is texted twice, nobody is lost.

A whole run tells which durable steps there are; then a real process is SIGKILLed at each of them.
After each kill new processes resume, reconcile and report, and the simulator's own record is the
judge.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


def sweep(one: Callable[[str, int], tuple[bool, list[str]]]) -> tuple[set[str], Counter[str]]:
    """The names of a whole run's steps, and how often each was fatal.

    `one(name, nth)` is a run that is killed at its nth step of that name: whether it was, and the
    steps it did.
    """
    _, whole = one("none", 0)
    steps = [(name, nth) for name, many in Counter(whole).items() for nth in range(1, many + 1)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        killed = list(pool.map(lambda step: one(*step)[0], steps))
    return set(whole), Counter(name for (name, _), was in zip(steps, killed, strict=True) if was)


def test_a_send_that_is_killed_at_any_step_ends_true(tmp_path: Path) -> None:
    def one(step: str, nth: int) -> tuple[bool, list[str]]:
        with Simulator(latency=LATENCY) as simulator:
            sending = case(tmp_path / f"{step} {nth}", simulator)
            killed, steps = sending.killed_at(step, nth, *sending.send)
            sending.judge_messages()
            if killed:
                sending.recover()
            sending.judge()
            return killed, steps

    steps, fatal = sweep(one)
    assert steps >= {
        *("before a commit", "after a commit", "before a head", "before a body"),
        *("while it is answered", "before a file is written", "before os.rename"),
    }
    assert fatal.keys() == steps
    assert fatal.total() >= 45


def test_a_reconciliation_that_is_killed_at_any_step_ends_true(tmp_path: Path) -> None:
    lost = [Fault(FaultKind.CLOSE_BEFORE, post=1), Fault(FaultKind.CLOSE_AFTER, post=2)]

    def one(step: str, nth: int) -> tuple[bool, list[str]]:
        with Simulator(faults=lost, latency=LATENCY) as simulator:
            settling = case(tmp_path / f"{step} {nth}", simulator)
            sent = settling.shell.run(*settling.send)
            assert sent.code == 5, sent.err
            killed, steps = settling.killed_at(step, nth, *RESEND)
            settling.judge_messages()
            if killed:
                settling.recover()
            settling.judge()
            return killed, steps

    steps, fatal = sweep(one)
    assert steps >= {"before a commit", "before a head", "before a body", "before os.rename"}
    assert fatal.keys() == steps
    assert fatal.total() >= 35

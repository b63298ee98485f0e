"""The power fails while a run is sent: what the disk has is enough to text nobody twice.

The model. With `synchronous = FULL` a commit is over when its pages stand in the -wal file and
fsync has returned; nothing else is written while a run is sent, since the -wal is not carried over
into the ledger's file before the command ends (which is checked here). So a disk that loses its
power has all bytes up to the end of the last commit, and anything whatever behind it: nothing, a
part of the next pages, or garbage. The -shm file is no part of it; SQLite makes it anew.

A snapshot is taken while the command stands still (SIGSTOP), cut off or spoilt behind its last
commit, and opened as after the failure. What was POSTed by then must be claimed in it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import full_disk as fd
import pytest
from shell import Shell

from bulksender.simulator import Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

SEND = (*fd.SEND[:4], "--batch-size", "1", "--concurrency", "2", "-y")
LATENCY = 0.1
ARRIVAL = 0.03  # seconds in which a POST that has left is recorded
MOMENTS = 6
PAGE = 4096


class Snapshot(NamedTuple):
    """What the ledger's files hold, and which batches had been POSTed when they did."""

    ledger: bytes
    wal: bytes
    posts: frozenset[tuple[str, int]]

    def restore(self, ledger: Path, wal: bytes) -> None:
        """As the disk has it when the machine starts again."""
        for path in ledger.parent.glob(f"{ledger.name}-*"):
            path.unlink()
        ledger.write_bytes(self.ledger)
        ledger.with_name(f"{ledger.name}-wal").write_bytes(wal)


def stand_still(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it has ended too soon"


def snapshot(shell: Shell, sim: Simulator) -> Snapshot:
    """Of a command that stands still; what it has POSTed arrives all the same."""
    known = -1
    while known < (known := len(sim.posts)):
        time.sleep(ARRIVAL)
    ledger = fd.ledger_of(shell)
    wal = ledger.with_name(f"{ledger.name}-wal")
    return Snapshot(ledger.read_bytes(), wal.read_bytes(), frozenset(fd.posted_batches(sim)))


def remains(taken: Snapshot, dice: random.Random) -> list[bytes]:
    """What may be left of the -wal: all up to the last commit, and anything behind it."""
    end = fd.commits(taken.wal)[-1]
    whole, after = taken.wal[:end], taken.wal[end:]
    frame = taken.wal[end - fd.FRAME_HEADER - PAGE : end]  # again, with sums that are not right
    return [
        whole,
        taken.wal,
        taken.wal[: dice.randint(end, len(taken.wal))],
        whole + after + dice.randbytes(dice.randint(1, 3 * PAGE)),
        whole + bytes(dice.randint(1, 3 * PAGE)),
        whole + frame,
        whole + frame[: dice.randint(1, len(frame))],
    ]


def moments(shell: Shell, sim: Simulator, dice: random.Random) -> list[Snapshot]:
    """Snapshots at random moments of a `send`, which is killed after the last of them."""
    child = shell.start(*SEND)
    taken: list[Snapshot] = []
    try:
        while not sim.posts and child.poll() is None:
            time.sleep(0.002)
        for _ in range(MOMENTS):
            time.sleep(dice.uniform(0, 0.02))
            stand_still(child)
            taken.append(snapshot(shell, sim))
            if len(taken) < MOMENTS:
                child.send_signal(signal.SIGCONT)
    finally:
        child.kill()
        child.communicate()
    return taken


@pytest.mark.parametrize("seed", range(3))
def test_what_was_posted_is_claimed_on_the_disk_whatever_stands_behind_the_last_commit(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    with Simulator(latency=LATENCY) as sim:
        shell = fd.shell_for(tmp_path / "sending", sim)
        taken = moments(shell, sim, dice)
        restored = tmp_path / "restored" / "ledger.db"
        restored.parent.mkdir()
        for each in taken:
            assert each.posts
            assert each.ledger == taken[0].ledger  # nothing was carried over meanwhile
            for wal in remains(each, dice):
                each.restore(restored, wal)
                fd.assert_sound(restored)
                fd.assert_claimed(restored, each.posts)

        last = taken[-1]
        assert frozenset(fd.posted_batches(sim)) == last.posts  # it was killed as it stood
        last.restore(fd.ledger_of(shell), dice.choice(remains(last, dice)))
        fd.assert_nobody_waits_who_was_reached(fd.ledger_of(shell), sim)
        fd.finish(shell, sim)
        assert fd.judge(shell, sim) == (0, 0)


def test_a_disk_that_forgets_a_claim_would_be_noticed(tmp_path: Path) -> None:
    """The judge can tell: without the last commits, a batch that left is not claimed."""
    with Simulator(latency=LATENCY) as sim:
        shell = fd.shell_for(tmp_path / "sending", sim)
        last = moments(shell, sim, random.Random(0))[-1]
        lost = fd.commits(last.wal)[4]  # schema, run, rows, seal, approve
        last.restore(fd.ledger_of(shell), last.wal[:lost])
        with pytest.raises(AssertionError, match="a batch left that the ledger does not know"):
            fd.assert_claimed(fd.ledger_of(shell), last.posts)

"""A thousand random kills over bigger sheets: nobody is texted twice, nobody is lost.

    python soak.py [--kills 1000] [--seed N]

Each case is a sheet of 50 to 2,000 rows, with faults of the simulator's own. Every command
(send, resume, reconcile, report) may be killed at a random moment; after enough kills of a case,
the commands are left alone until nothing is left to do. Then the simulator's own record is the
judge. Ends with 1 and the case's seed at the first finding.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from judging import Case

from bulksender.simulator import Fault, FaultKind, Simulator

AT_ONCE = 3
LOST = [
    FaultKind.CLOSE_AFTER,
    FaultKind.CLOSE_BEFORE,
    FaultKind.INTERNAL_AFTER,
    FaultKind.TRUNCATED,
]
RESEND = ("reconcile", "--resend-absent", "--settle", "0s")
KILLS_OF_A_CASE = 15
LONGEST = 2.0  # seconds until a command is killed


def killed(case: Case, command: tuple[str, ...], after: float) -> bool:
    """Start a command and kill it after so many seconds; whether it was still alive."""
    child = case.shell.start(*command)
    try:
        _, err = child.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return True
    assert "Traceback" not in err, err
    assert child.returncode != 1, err
    return False


def one_case(seed: int, folder: Path) -> Counter[str]:
    """Torment one sheet; returns how often which command was killed."""
    chance = random.Random(seed)
    rows, batch_size = chance.randint(50, 2_000), chance.choice([10, 25, 100])
    posts = -(-rows // batch_size)
    faults = [
        Fault(chance.choice(LOST), post=chance.randint(1, posts))
        for _ in range(chance.randint(0, 3))
    ]
    kills: Counter[str] = Counter()
    latency = chance.choice([0.0, 0.05, 0.2])
    with Simulator(faults=faults, latency=latency) as simulator:
        case = Case(
            folder, simulator, rows=rows, batch_size=batch_size, threads=chance.randint(1, 4)
        )
        commands = [case.send, ("resume",), RESEND, ("resume", "--reconcile")]
        while kills.total() < KILLS_OF_A_CASE:
            command = chance.choice(commands)
            if killed(case, command, chance.uniform(0.3, LONGEST)):
                kills[command[0]] += 1
            case.judge_messages()
        case.recover()
        case.judge()
    return kills


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    given = options.parse_args()
    kills: Counter[str] = Counter()
    cases, began = 0, time.monotonic()
    seeds = iter(range(given.seed, sys.maxsize))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[Future[Counter[str]], int] = {}
        while kills.total() < given.kills or running:
            while len(running) < AT_ONCE and kills.total() < given.kills:
                seed = next(seeds)
                running[pool.submit(one_case, seed, Path(folder, str(seed)))] = seed
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                seed = running.pop(future)
                try:
                    kills += future.result()
                except BaseException:
                    print(f"seed {seed} ended untrue", file=sys.stderr)
                    raise
                cases += 1
                if cases % 10 == 0:
                    print(f"{kills.total():,} kills in {cases:,} cases", flush=True)
    by = ", ".join(f"{number:,} of {name}" for name, number in kills.most_common())
    print(
        f"{kills.total():,} kills ({by}) in {cases:,} cases and {time.monotonic() - began:,.0f} s: "
        "0 twice, 0 lost"
    )


if __name__ == "__main__":
    main()

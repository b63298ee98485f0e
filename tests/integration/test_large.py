"""A run that is large enough for a second process to write its result meanwhile."""

from __future__ import annotations

import csv
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from shell import Shell

from bulksender.reporter.draft import LARGE
from bulksender.simulator import Fault, FaultKind, Simulator

ROWS = LARGE + 1_500
SEND = ("send", "large.csv", "--text", "Hi {{ name }}", "--yes", "--json")


def large_sheet(shell: Shell) -> Path:
    lines = [f"Person {n},+65{90000000 + n}" for n in range(ROWS)]
    return shell.write("large.csv", "\n".join(["Name,Mobile", *lines, ""]))


def result(shell: Shell) -> list[dict[str, str]]:
    with (shell.folder / "large-results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shell_at(simulator: Simulator, folder: Path) -> Shell:
    return Shell(
        folder,
        BULKSENDER_BASE_URL=simulator.base_url,
        BULKSENDER_API_KEY=simulator.api_key,
        BULKSENDER_SUBACCOUNT=simulator.subaccount,
    )


def test_every_row_has_what_became_of_it(tmp_path: Path) -> None:
    with Simulator(faults=[Fault(FaultKind.CLOSE_AFTER, post=3)]) as simulator:
        shell = shell_at(simulator, tmp_path)
        large_sheet(shell)
        ended = shell.run(*SEND)
        umids = {message.destination: message.umid for message in simulator.messages}
    assert ended.code == 5, ended.err
    assert len(umids) == ROWS
    rows = result(shell)
    assert len(rows) == ROWS
    assert Counter(row["status"] for row in rows) == {"QUEUED": ROWS - 1_000, "UNKNOWN": 1_000}
    assert all(row["umid"] == umids[row["Mobile"]] for row in rows if row["status"] == "QUEUED")
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_which_rows_still_wait(
    tmp_path: Path, told: signal.Signals
) -> None:
    with Simulator(latency=0.5) as simulator:
        shell = shell_at(simulator, tmp_path)
        large_sheet(shell)
        sending = shell.start(*SEND, "--concurrency", "2")
        ends = time.monotonic() + 60
        while not simulator.messages and time.monotonic() < ends:
            time.sleep(0.05)
        sending.send_signal(told)
        _, said = sending.communicate(timeout=60)
        assert sending.returncode == 6, said
        sent = {message.destination for message in simulator.messages}
        rows = result(shell)
        assert len(rows) == ROWS
        assert {row["Mobile"] for row in rows if row["status"] == "QUEUED"} == sent
        assert {row["Mobile"] for row in rows if row["status"] == "READY"}.isdisjoint(sent)
        assert Counter(row["status"] for row in rows).keys() == {"QUEUED", "READY"}

        resumed = shell.run("resume")
        assert resumed.code == 0, resumed.err
        assert (
            Counter(message.destination for message in simulator.messages).most_common(1)[0][1] == 1
        )
    assert {row["status"] for row in result(shell)} == {"QUEUED"}
    assert not list(tmp_path.glob(".*.tmp"))

"""A sheet that is sent by processes that die, and the simulator's own record as the judge."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from shell import Ended, Shell

from bulksender.simulator import Simulator

CRASHING = Path(__file__).with_name("crashing.py")
ACCEPTED = {"QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ"}


class Case:
    """A sheet in a folder of its own, a simulator of its own, and what is typed."""

    def __init__(
        self, folder: Path, simulator: Simulator, *, rows: int, batch_size: int, threads: int
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.simulator = simulator
        self.rows = rows
        self.shell = Shell(
            folder,
            BULKSENDER_BASE_URL=simulator.base_url,
            BULKSENDER_API_KEY=simulator.api_key,
            BULKSENDER_SUBACCOUNT=simulator.subaccount,
        )
        lines = [f"Person {n},+65{91230000 + n}" for n in range(rows)]
        self.shell.write("sheet.csv", "\n".join(["Name,Mobile", *lines]) + "\n")
        sizes = ("--batch-size", str(batch_size), "--concurrency", str(threads))
        self.send = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--yes", *sizes)

    def killed_at(self, step: str, nth: int, *command: str) -> tuple[bool, list[str]]:
        """Run a command, killed at its nth step of a name; whether it was, and the steps it did."""
        record = self.shell.folder / "steps.txt"
        record.unlink(missing_ok=True)
        ended = subprocess.run(
            [sys.executable, CRASHING, step, str(nth), record, *command],
            cwd=self.shell.folder,
            env=self.shell.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.returncode == -signal.SIGKILL, record.read_text().splitlines()

    def recover(self) -> None:
        """What somebody types after a crash: resume, else send; reconcile; report."""
        resumed = self.shell.run("resume")
        if resumed.code == 3:  # nothing waits: it was never approved, or it was all sent
            resumed = self.shell.run(*self.send)
            assert resumed.code in (0, 5, 8), resumed.err
        assert resumed.code in (0, 5, 8), resumed.err
        self.judge_messages()
        (run,) = [run for run in self.runs() if run["state"] == "FINISHED"]
        if "UNKNOWN" in run["counts"]:
            settled = self.shell.run("reconcile", "--resend-absent", "--settle", "0s")
            assert settled.code == 0, settled.err
        reported: Ended = self.shell.run("report", run["run"])
        assert reported.code == 0, reported.err

    def runs(self) -> list[dict[str, Any]]:
        """What `runs --json` lists."""
        found: list[dict[str, Any]] = json.loads(self.shell.run("runs", "--json").out)["runs"]
        return found

    def judge_messages(self) -> None:
        """Nobody was texted twice."""
        times = Counter(message.destination for message in self.simulator.messages)
        assert not times or max(times.values()) == 1, "somebody was texted twice"

    def judge(self) -> None:
        """Nobody twice, nobody lost, and the sheet says of every row what is true."""
        self.judge_messages()
        umids = {message.destination: message.umid for message in self.simulator.messages}
        with (self.shell.folder / "sheet-results.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == self.rows
        for row in rows:
            assert row["status"] in ACCEPTED, row
            assert row["umid"] == umids[row["Mobile"]], row
        assert len(umids) == self.rows, "somebody was lost"

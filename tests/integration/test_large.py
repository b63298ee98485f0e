"""A run that is large enough for a second process to write its result meanwhile."""

from __future__ import annotations

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
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


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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


def test_a_large_run_has_its_sheet_read_and_its_result_written_by_other_processes(
    tmp_path: Path,
) -> None:
    with Simulator(latency=0.1) as simulator:
        shell = shell_at(simulator, tmp_path)
        path = large_sheet(shell)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{'x' * 2_000},n/a\n" for _ in range(2_000))  # enough to be worth it
        sending = shell.start(*SEND)
        children = Path(f"/proc/{sending.pid}/task/{sending.pid}/children")
        commands: set[str] = set()
        drafts: set[int] = set()
        while sending.poll() is None:
            with suppress(OSError):
                for child in children.read_text().split():
                    commands.add(Path(f"/proc/{child}/cmdline").read_text())
                drafts |= {draft.stat().st_ino for draft in tmp_path.glob(".large-results*.tmp")}
            time.sleep(0.01)
        assert sending.communicate()[1] is not None
    reading, writing = ([name in said for said in commands] for name in ("send", "draft"))
    assert any(reading) and any(writing), commands
    assert (tmp_path / "large-results.csv").stat().st_ino in drafts


def test_a_run_that_is_killed_with_its_draft_going_on_is_resumed(tmp_path: Path) -> None:
    with Simulator(latency=0.3) as simulator:
        shell = shell_at(simulator, tmp_path)
        large_sheet(shell)
        sending = shell.start(*SEND)
        ends = time.monotonic() + 60
        while len(simulator.messages) < 8_000 and time.monotonic() < ends:
            time.sleep(0.02)
        sending.kill()
        sending.communicate()
        resumed = shell.run("resume")
        assert resumed.code == 5, resumed.err  # what was in flight is UNKNOWN
        reached = Counter(message.destination for message in simulator.messages)
    assert reached.most_common(1)[0][1] == 1
    rows = result(shell)
    assert len(rows) == ROWS
    assert {row["status"] for row in rows} == {"QUEUED", "UNKNOWN"}
    assert {row["Mobile"] for row in rows if row["status"] == "QUEUED"} <= reached.keys()
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("again", [False, True])
def test_ctrl_c_while_the_result_is_written_says_what_is_true(tmp_path: Path, again: bool) -> None:
    with Simulator() as simulator:
        shell = shell_at(simulator, tmp_path)
        large_sheet(shell)
        sending = shell.start(*SEND)
        drafting = _drafting(sending.pid)
        os.kill(drafting, signal.SIGSTOP)  # so the result is not finished before it may be
        ends = time.monotonic() + 60
        while _state(tmp_path) != "FINISHED" and time.monotonic() < ends:
            time.sleep(0.05)
        for _ in range(1 + again):
            sending.send_signal(signal.SIGINT)
            time.sleep(0.3)
        if not again:
            os.kill(drafting, signal.SIGCONT)
        _, said = sending.communicate(timeout=60)
        assert len(simulator.messages) == ROWS
    assert "Nothing is in flight. The result is being written." in said
    assert "nothing new was sent" not in said
    assert "UNKNOWN" not in said
    if again:
        assert sending.returncode == 6
        assert "bulksender report " in said
        assert not (tmp_path / "large-results.csv").exists()
    else:
        assert sending.returncode == 0
        assert {row["status"] for row in result(shell)} == {"QUEUED"}
    assert not list(tmp_path.glob(".*.tmp"))


def _drafting(process: int) -> int:
    """The process that writes the result, once it is there."""
    children = Path(f"/proc/{process}/task/{process}/children")
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for child in children.read_text().split():
            if "reporter.draft" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        time.sleep(0.01)
    raise AssertionError("the result is written by no process of its own")


def _state(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        return str(ledger.execute("SELECT state FROM run").fetchone()[0])


CUT_OFF = """
from bulksender.cli import main, sending

def cut_off(*arguments):
    exec("raise KeyboardInterrupt")  # as where a namedtuple is made

sending._planned = cut_off
main()
"""


def test_ctrl_c_while_something_is_imported_ends_with_the_exit_code_of_ctrl_c(
    tmp_path: Path,
) -> None:
    shell = Shell(tmp_path)
    shell.write("cut_off.py", CUT_OFF)
    ended = subprocess.run(
        [sys.executable, "-m", "cut_off", *SEND],
        cwd=tmp_path,
        env=shell.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (6, "bulksender: Stopped; nothing was sent.\n")


@pytest.mark.parametrize("later", [0.1, 0.4, 0.8])
def test_ctrl_c_twice_while_a_large_sheet_is_planned_leaves_nothing(
    tmp_path: Path, later: float
) -> None:
    shell = Shell(tmp_path, BULKSENDER_API_KEY="key", BULKSENDER_SUBACCOUNT="bench")
    path = large_sheet(shell)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{'x' * 500},+65{80000000 + n}\n" for n in range(90_000))
    sending = shell.start(*SEND, "--base-url", "http://127.0.0.1:9")
    children = Path(f"/proc/{sending.pid}/task/{sending.pid}/children")
    ledger = shell.folder / "ledger.db"
    while sending.poll() is None and not (children.read_text().split() and ledger.exists()):
        time.sleep(0.01)
    time.sleep(later)
    for _ in range(2):
        sending.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, said = sending.communicate(timeout=25)
    assert (sending.returncode, said) == (6, "bulksender: Stopped; nothing was sent.\n")
    assert "There are no runs" in shell.run("runs").out


@pytest.mark.parametrize("options", [(), ("-o", "contacts-results.csv")])
def test_where_a_folder_has_taken_the_result_s_place_what_was_sent_is_said(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with Simulator(latency=0.5) as simulator:
        shell = shell_at(simulator, tmp_path)
        send = ("send", "contacts.csv", "--text", "Hi", "--country", "SG", "--yes")
        sending = shell.start(*send, *options)
        ends = time.monotonic() + 60
        while not simulator.messages and time.monotonic() < ends:
            time.sleep(0.02)
        (tmp_path / "contacts-results.csv").mkdir()
        out, said = sending.communicate(timeout=60)
        assert f"{len(simulator.messages)} QUEUED" in out
    assert sending.returncode == 6, said
    assert ("this is a folder" if options else "Is a directory") in said
    assert "-o FILE" in said

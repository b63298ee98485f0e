"""`runs`, `show`, `report`, `purge` and `forget`: what the ledger tells, and what it forgets.

Real processes against a simulator in this one, which remembers what people would have received.
"""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from shell import Ended, Shell
from test_reconcile import (
    KEYS,
    ROWS,
    SHEET,
    assert_nobody_twice,
    assert_quiet,
    on_terminal,
    results,
    sent,
    states,
)

from bulksender import campaign
from bulksender.ledger import Ledger
from bulksender.settings import Job, SheetOptions
from bulksender.simulator import Simulator
from bulksender.simulator.faults import Fault, FaultKind

SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--yes")
RUN_KEYS = [
    "run", "state", "created_at", "sheet", "rows", "counts", "parent", "rehearsal", "purged",
    "next", "campaign", "period",
]  # fmt: skip


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def listed(shell: Shell) -> list[dict[str, Any]]:
    found = shell.run("runs", "--json").json
    assert list(found) == ["runs"]
    runs: list[dict[str, Any]] = found["runs"]
    assert all(list(run) == RUN_KEYS for run in runs)
    return runs


def planned(shell: Shell, approve: bool = False, **changes: Any) -> str:
    """A run that a process has planned, and perhaps approved, and then it died."""
    job = Job(
        sheet=SheetOptions(path=str(shell.folder / "sheet.csv")),
        template="Hi {{ name }}",
        subaccount="simulator",
        base_url=shell.environ["BULKSENDER_BASE_URL"],
        **changes,
    )
    with Ledger(shell.folder / "ledger.db") as ledger:
        run = campaign.plan(job, ledger)
        if approve:
            run.approve()
        return run.id


def left_of(shell: Shell, words: Iterable[str]) -> list[tuple[str, str]]:
    """Which of the words stand anywhere in the files of the ledger, as raw bytes."""
    files = [path for path in shell.folder.glob("ledger.db*") if path.is_file()]
    assert files
    return [
        (path.name, word) for path in files for word in words if word.encode() in path.read_bytes()
    ]


def rows_of(shell: Shell, run: str) -> dict[str, int]:
    counts: dict[str, int] = shell.run("show", run, "--json").json["counts"]
    return counts


def test_an_empty_ledger_has_no_runs(shell: Shell) -> None:
    ended = shell.run("runs")
    assert ended.code == 0
    assert "no runs" in ended.out
    assert listed(shell) == []
    assert stat.S_IMODE((shell.folder / "ledger.db").stat().st_mode) == 0o600


def test_runs_are_listed_with_their_state_and_what_to_type_next(
    shell: Shell, simulator: Simulator
) -> None:
    done = sent(shell, simulator, size=ROWS)
    shell.write("two.csv", SHEET.replace("P", "Q"))
    simulator.inject(Fault(FaultKind.PARTLY))
    rejected = sent(shell, simulator, "two.csv", size=ROWS)
    shell.write("three.csv", SHEET.replace("P", "R"))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER))
    unknown = sent(shell, simulator, "three.csv", size=ROWS)
    shell.write("four.csv", SHEET.replace("P", "S"))
    simulator.inject(Fault(FaultKind.UNAUTHORIZED))
    stopped = sent(shell, simulator, "four.csv", size=ROWS)
    declined = shell.run("send", "sheet.csv", "--text", "Bye {{ name }}", "--json").json["run"]
    died = planned(shell)

    found = {run["run"]: run for run in listed(shell)}

    assert list(found) == [done, rejected, unknown, stopped, declined, died]
    assert {run: each["next"] for run, each in found.items()} == {
        done: "",
        rejected: f"bulksender retry {rejected}",
        unknown: f"bulksender reconcile {unknown}",
        stopped: f"bulksender resume {stopped}",
        declined: "",
        died: found[died]["next"],
    }
    assert found[died]["next"] == ""
    assert found[rejected]["counts"] == {"QUEUED": 3, "REJECTED": 3}
    assert found[stopped]["counts"] == {"READY": ROWS}
    assert {each["rehearsal"] for each in found.values()} == {True}, "to this very machine"
    assert found[declined]["rows"] == 0

    said = shell.run("runs")
    assert said.code == 0
    assert_quiet(said)
    assert "9123000" not in said.out
    for run, each in found.items():
        assert run in said.out
        assert each["next"] in said.out
    assert "3 QUEUED, 3 REJECTED" in said.out
    assert "just now" in said.out


def test_of_a_plan_that_nobody_approved_there_is_nothing_to_do(
    shell: Shell, simulator: Simulator
) -> None:
    planned(shell)
    assert listed(shell)[0]["next"] == ""


def test_a_run_whose_process_was_killed_can_be_resumed(shell: Shell, simulator: Simulator) -> None:
    run = planned(shell, approve=True)
    with Ledger(shell.folder / "ledger.db") as ledger, ledger.owning(run):
        assert "wait" in listed(shell)[0]["next"]
    (killed,) = listed(shell)
    assert (killed["state"], killed["next"]) == ("SENDING", f"bulksender resume {run}")
    assert shell.run("resume").code == 0
    assert listed(shell)[0]["next"] == ""
    assert_nobody_twice(simulator)


def test_a_plan_whose_process_died_while_it_asked_was_not_sent(
    shell: Shell, simulator: Simulator
) -> None:
    terminal, inner = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "bulksender", *SEND[:-1]],
        cwd=shell.folder, env=shell.environ, stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    try:
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        waiting = listed(shell)
    finally:
        asking.kill()
        asking.wait()
        os.close(terminal)
    assert "wait" in waiting[0]["next"]
    run = waiting[0]["run"]
    assert listed(shell)[0]["next"] == ""
    assert "never approved, nothing was sent" in shell.run("runs").out
    for command in (("resume", run), ("report", run)):
        refused = shell.run(*command)
        assert refused.code == 3, (command, refused)
    assert shell.run("purge", "--older-than", "0s").code == 0
    assert listed(shell) == []
    assert left_of(shell, [f"+659123000{n}" for n in range(ROWS)]) == []
    assert simulator.posts == []


def test_a_run_is_shown_with_every_try_of_every_batch_and_nobodys_data(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.TOO_MANY, post=1, retry_after=0))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=3))
    simulator.inject(Fault(FaultKind.INTERNAL, post=4))
    run = sent(shell, simulator)
    assert states(shell) == {"QUEUED": 2, "UNKNOWN": 4}
    with closing(sqlite3.connect(shell.folder / "ledger.db")) as connection:
        tries = connection.execute(
            "SELECT batch, number, http_status, error, error_id FROM attempt ORDER BY 1, 2"
        ).fetchall()
    assert len(tries) == 4

    shown, told = shell.run("show", run), shell.run("show", run, "--json")

    assert shown.code == told.code == 0
    assert list(told.json) == KEYS
    assert re.findall(r"^Batch (\d)", shown.out, re.MULTILINE) == ["1", "2", "3"]
    for _, _, status, error, error_id in tries:
        assert f"HTTP {status}" in shown.out if status else error in shown.out
        assert error_id in shown.out
    assert "HTTP 429" in shown.out
    assert "HTTP 500" in shown.out
    assert any(error_id for *_, error_id in tries), "8x8's errorId is what its support asks for"
    for said in (shown.out, shown.err, told.out, told.err):
        assert "9123000" not in said
        assert "Hi " not in said
        assert simulator.api_key not in said


def test_a_report_can_be_written_again_at_any_time(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.PARTLY, post=1))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    run = sent(shell, simulator)
    before = (shell.folder / "sheet-results.csv").read_bytes()
    (shell.folder / "sheet-results.csv").unlink()
    ended = shell.run("report", run, "--json")
    assert ended.code == 0
    assert list(ended.json) == KEYS
    assert (shell.folder / "sheet-results.csv").read_bytes() == before
    named = shell.run("report", run[:6], "-o", "named.csv")
    assert named.code == 0
    assert (shell.folder / "named.csv").read_bytes() == before
    (shell.folder / "folder.csv").mkdir()
    for output in ("other.xlsx", "folder.csv"):
        refused = shell.run("report", run, "-o", output)
        assert refused.code == 3, output
        assert output in refused.err
        assert_quiet(ended, named, refused)
    assert not (shell.folder / "other.xlsx").exists()
    assert (shell.folder / "sheet.csv").read_text() == SHEET


def test_a_report_is_never_written_over_the_sheet_itself(
    shell: Shell, simulator: Simulator
) -> None:
    run = sent(shell, simulator)
    ended = shell.run("report", run, "-o", "sheet.csv")
    assert (shell.folder / "sheet.csv").read_text() == SHEET, "only --in-place says so"
    assert ended.code == 3


def test_a_report_stands_alone_where_the_sheet_is_gone(shell: Shell, simulator: Simulator) -> None:
    run = sent(shell, simulator)
    umids = [row["umid"] for row in results(shell)]
    (shell.folder / "sheet.csv").unlink()
    (shell.folder / "sheet-results.csv").unlink()
    ended = shell.run("report", run, "--json")
    assert ended.code == 0
    alone = Path(ended.json["output"])
    assert run in alone.name
    with alone.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(n) for n in range(2, ROWS + 2)]
    assert [row["umid"] for row in rows] == umids
    assert "file of their own" in ended.err, "it says why the result is not where it was"
    assert_quiet(ended)


def test_a_report_that_is_killed_leaves_the_old_output_or_the_new_one_whole(
    shell: Shell, simulator: Simulator
) -> None:
    rows = "".join(f"Person {n},+6591{n:06}\n" for n in range(230000, 233000))
    shell.write("sheet.csv", "Name,Mobile\n" + rows)
    run = sent(shell, simulator, size=1000)
    result = shell.folder / "sheet-results.csv"
    whole, old = result.read_bytes(), b"an older result\n"
    began = time.monotonic()
    shell.run("report", run)
    took = time.monotonic() - began
    chance = random.Random(8)
    seen = set()
    for number in range(15):
        result.write_bytes(old)
        child = shell.start("report", run)
        time.sleep(took * chance.uniform(0.4 + 0.02 * number, 1.0))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        seen.add(result.read_bytes())
        assert seen <= {old, whole}
    assert shell.run("report", run).code == 0
    assert result.read_bytes() == whole


def test_what_is_purged_leaves_its_counts_and_none_of_its_texts_and_numbers(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("sheet.csv", SHEET + "Broken,12\n")
    simulator.inject(Fault(FaultKind.PARTLY))
    parent = sent(shell, simulator, size=ROWS)
    assert shell.run("retry", parent, "--yes").code == 0
    umids = [message.umid for message in simulator.messages]
    personal = [f"9123000{n}" for n in range(ROWS)] + [f"Hi P{n}" for n in range(ROWS)] + umids
    assert {word for _, word in left_of(shell, personal)} == set(personal)
    young = shell.run("purge", "--older-than", "90d", "--json")
    assert young.code == 0
    assert young.json["runs"] == 0
    before = {run["run"]: run["counts"] for run in listed(shell)}

    purged = shell.run("purge", "--older-than", "0s")

    assert purged.code == 0
    assert "2 runs" in purged.out
    assert left_of(shell, personal) == []
    assert left_of(shell, ["Hi {{"]) == [], "the template is a text, too"
    after = listed(shell)
    assert {run["run"]: run["counts"] for run in after} == before
    assert {run["purged"] for run in after} == {True}
    assert {run["next"] for run in after} == {""}
    assert rows_of(shell, parent) == before[parent]
    result = (shell.folder / "sheet-results.csv").read_bytes()
    for command in (("report", parent), ("resume", parent), ("retry", parent, "--yes")):
        refused = shell.run(*command)
        assert refused.code == 3, command
        assert "removed" in refused.err
        assert f"bulksender show {parent}" in refused.err
        assert_quiet(refused)
    assert (shell.folder / "sheet-results.csv").read_bytes() == result
    assert_quiet(young, purged)


def test_a_sheet_whose_run_was_purged_is_still_not_sent_twice(
    shell: Shell, simulator: Simulator
) -> None:
    sent(shell, simulator)
    assert shell.run("purge", "--older-than", "0s").code == 0
    again = shell.run(*SEND)
    assert again.code == 8
    assert len(simulator.messages) == ROWS
    result = shell.run("send", "sheet-results.csv", "--text", "Another {{ name }}", "--yes")
    assert result.code == 0
    assert len(simulator.messages) == ROWS


def test_runs_that_are_not_finished_are_kept_by_a_purge(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    unknown = sent(shell, simulator)
    shell.write("sheet.csv", SHEET.replace("P", "Q"))
    waiting = planned(shell, approve=True)
    shell.write("sheet.csv", SHEET.replace("P", "R"))
    owned, never = planned(shell), planned(shell)
    with Ledger(shell.folder / "ledger.db") as ledger, ledger.owning(owned):
        ended = shell.run("purge", "--older-than", "0s", "--json")
    assert ended.code == 0, ended.err
    kept = {each["run"]: each["reason"] for each in ended.json["kept"]}
    assert kept.keys() == {unknown, waiting, owned}
    assert "another process" in kept[owned]
    for run in kept:
        assert f"Run {run} was kept" in ended.err
    assert [run["run"] for run in listed(shell)] == [unknown, waiting, owned]
    assert never not in ended.err
    settled = shell.run("reconcile", unknown)
    assert settled.code == 0, "what is kept can still be settled"
    assert_quiet(ended, settled)


@pytest.mark.parametrize("age", ["90", "999999d"])
def test_an_age_that_is_none_is_refused(shell: Shell, age: str) -> None:
    ended = shell.run("purge", f"--older-than={age}")
    assert ended.code == 3 or (ended.code == 0 and age == "999999d"), ended.err
    assert_quiet(ended)


def test_a_person_is_forgotten_in_every_run(shell: Shell, simulator: Simulator) -> None:
    shell.write("sheet.csv", SHEET + "P0 again,+6591230000\n")
    simulator.inject(Fault(FaultKind.PARTLY))
    first = sent(shell, simulator, size=ROWS)
    assert shell.run("retry", first, "--yes").code == 0
    simulator.inject(Fault(FaultKind.UNAUTHORIZED))
    waits = sent(shell, simulator, size=ROWS, again=True)
    theirs = ["91230001", "Hi P1"] + [
        message.umid for message in simulator.messages if message.destination == "+6591230001"
    ]
    assert {word for _, word in left_of(shell, theirs)} == set(theirs)
    before = {run["run"]: run["rows"] for run in listed(shell)}

    ended = shell.run("forget", "+65 9123-0001", "--json")

    assert ended.code == 0
    assert (ended.json["runs"], ended.json["rows"]) == (3, 3)
    assert left_of(shell, theirs) == []
    assert left_of(shell, ["91230002"]) != [], "nobody else"
    assert {run["run"]: run["rows"] for run in listed(shell)} == before, "no row is lost"
    assert shell.run("resume", waits).code == 0
    assert "+6591230001" not in {m.destination for m in simulator.messages[ROWS:]}
    assert shell.run("report", first).code == 0
    row = results(shell)[1]
    assert (row["umid"], row["destination"]) == ("", "")
    assert row["status_detail"] == "removed on request"
    nobody = shell.run("forget", "+6591230001", "--json")
    assert nobody.code == 0
    assert nobody.json["rows"] == 0
    assert_quiet(ended, nobody)


def test_8x8_is_asked_to_forget_each_message_of_a_person(
    shell: Shell, simulator: Simulator
) -> None:
    sent(shell, simulator)
    sent(shell, simulator, again=True)
    ended = shell.run("forget", "+6591230001", "--at-8x8", "--json")
    assert ended.code == 0
    assert ended.json["removed_at_8x8"] == 2
    gone = [message for message in simulator.messages if message.destination == ""]
    assert [message.text for message in gone] == ["", ""]
    assert len(simulator.messages) == 2 * ROWS
    assert left_of(shell, ["91230001"]) == []
    assert_quiet(ended)


def test_a_person_whom_8x8_has_not_removed_is_kept_until_it_has(
    shell: Shell, simulator: Simulator
) -> None:
    sent(shell, simulator, size=ROWS)
    simulator.stop()
    failed = shell.run("forget", "+6591230001", "--at-8x8")
    assert failed.code == 6
    assert "Give the command again" in failed.err
    assert left_of(shell, ["91230001"]) != []
    simulator.start()
    refused = shell.run("forget", "+6591230001", "--at-8x8", BULKSENDER_API_KEY="another-key")
    assert refused.code == 6
    again = shell.run("forget", "+6591230001", "--at-8x8")
    assert again.code == 0
    assert left_of(shell, ["91230001"]) == []
    assert [message.destination for message in simulator.messages].count("") == 1
    assert_quiet(failed, refused, again)
    assert "another-key" not in refused.err


@pytest.mark.parametrize("number", ["6591230001", "+65", "everybody"])
def test_a_number_that_is_not_written_with_its_country_is_refused(
    shell: Shell, number: str
) -> None:
    ended = shell.run("forget", number)
    assert ended.code == 3
    assert "with +" in ended.err
    assert number not in ended.err or len(number) < 4, "it may be a person's"


def test_the_files_of_the_ledger_are_their_owners_alone(shell: Shell, simulator: Simulator) -> None:
    assert shell.run(*SEND).code == 0
    with closing(sqlite3.connect(shell.folder / "ledger.db")) as connection:
        connection.execute("SELECT count(*) FROM run").fetchall()
        for path in shell.folder.glob("ledger.db*"):
            if path.is_file():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def all_commands(shell: Shell, ledger: str) -> list[Ended]:
    commands = [
        ("runs",), ("report", "abc"), ("reconcile",), ("purge", "--older-than", "0s"),
        ("forget", "+6591230001"),
    ]  # fmt: skip
    return [shell.run(*command, "--ledger", ledger) for command in commands]


@pytest.mark.parametrize("kind", ["garbage", "newer", "folder"])
def test_a_ledger_that_cannot_be_used_is_named_without_a_traceback(shell: Shell, kind: str) -> None:
    path = shell.folder / "odd.db"
    if kind == "garbage":
        path.write_bytes(b"SMS,Mobile\n" * 500)
    elif kind == "newer":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    else:
        path.mkdir()
    commands = (
        all_commands(shell, "odd.db")
        if kind == "garbage"
        else [shell.run("runs", "--ledger", "odd.db")]
    )
    for ended in commands:
        assert ended.code == 3, ended
        assert "odd.db" in ended.err
        assert_quiet(ended)
        assert ended.out == ""


def test_runs_that_are_not_there_are_named(shell: Shell, simulator: Simulator) -> None:
    first, second = sent(shell, simulator), sent(shell, simulator, again=True)
    for command in ("show", "report", "resume"):
        none = shell.run(command, "zzz")
        assert none.code == 3
        assert "There is no run zzz" in none.err
        assert_quiet(none)
    if first[0] == second[0]:
        assert "Several runs" in shell.run("show", first[0]).err
    blank = shell.run("show", "")
    assert blank.code == 3


def test_a_person_is_not_shown_by_any_command(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.PARTLY, post=1))
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=2))
    run = sent(shell, simulator)
    code, said = on_terminal(shell, "reconcile", run, answers="n")
    assert code == 5
    assert "9123000" not in said
    for command in (("runs", "-v"), ("report", run, "-v")):
        ended = shell.run(*command)
        assert "9123000" not in ended.out + ended.err, command
    gone = shell.run("forget", "+6591230000", "-v", "--json")
    assert "9123000" not in gone.out + gone.err
    assert json.loads(gone.out)["rows"] == 1

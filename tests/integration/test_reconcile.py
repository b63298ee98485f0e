"""`bulksender reconcile`: what is UNKNOWN is settled by 8x8's log, and nobody is texted twice.

Real processes against a simulator in this one, which remembers what people would have received.
"""

from __future__ import annotations

import csv
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shell import Ended, Shell

from bulksender import campaign
from bulksender.chunker import chunk
from bulksender.ledger import Ledger
from bulksender.sender import Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.simulator import Simulator
from bulksender.simulator.faults import ExportFaultKind, Fault, FaultKind

ROWS = 6
SHEET = "Name,Mobile\n" + "".join(f"P{n},+659123000{n}\n" for n in range(ROWS))
SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--yes", "--json")
PAIRS = ("--batch-size", "2", "--concurrency", "1")
KEYS = [
    "run", "campaign", "sheet", "output", "rows", "counts", "batches", "parts", "encodings",
    "cost", "seconds", "rows_per_second", "problems",
]  # fmt: skip


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def sent(
    shell: Shell, simulator: Simulator, sheet: str = "sheet.csv", size: int = 2, **changes: Any
) -> str:
    """What `bulksender send` does, in this process: most of a test's time is to start another."""
    job = Job(
        sheet=SheetOptions(path=str(shell.folder / sheet)),
        template="Hi {{ name }}",
        subaccount=simulator.subaccount,
        base_url=simulator.base_url,
        batch_size=size,
        concurrency=1,
        **changes,
    )
    with Ledger(shell.folder / "ledger.db") as ledger:
        run = campaign.plan(job, ledger)
        run.approve()
        account = Account(simulator.base_url, simulator.subaccount, simulator.api_key)
        campaign.send(run, Sender(run, account))
        campaign.report(run)
        return run.id


def results(shell: Shell, name: str = "sheet-results.csv") -> list[dict[str, str]]:
    with (shell.folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def states(shell: Shell, name: str = "sheet-results.csv") -> Counter[str]:
    return Counter(row["status"] for row in results(shell, name))


def kept(shell: Shell) -> list[Any]:
    """All that the ledger holds of rows and batches, and the result sheet, byte by byte."""
    with closing(sqlite3.connect(shell.folder / "ledger.db")) as connection:
        rows = connection.execute("SELECT * FROM message ORDER BY run, row").fetchall()
        batches = connection.execute("SELECT * FROM batch ORDER BY run, number").fetchall()
    return [rows, batches, (shell.folder / "sheet-results.csv").read_bytes()]


def assert_nobody_twice(*simulators: Simulator) -> None:
    got = Counter(m.destination for simulator in simulators for m in simulator.messages)
    assert set(got.values()) <= {1}, got


def assert_true(shell: Shell, simulator: Simulator, name: str = "sheet-results.csv") -> None:
    """Nobody got it twice, and each row that says so was sent under its own umid."""
    assert_nobody_twice(simulator)
    umids = {message.umid: message for message in simulator.messages}
    for row in results(shell, name):
        if row["status"] == "QUEUED":
            assert umids[row["umid"]].destination == row["Mobile"]
            assert umids[row["umid"]].batch_id == row["batch_id"]
        elif row["status"] != "UNKNOWN":
            assert row["Mobile"] not in {message.destination for message in simulator.messages}


def assert_quiet(*ended: Ended) -> None:
    """No number of the sheet and no trace of the program on standard error."""
    for each in ended:
        assert "9123000" not in each.err, each.err
        assert "Traceback" not in each.err, each.err
        assert "A bug in" not in each.err, each.err


def on_terminal(shell: Shell, *arguments: str, answers: str = "") -> tuple[int, str]:
    """Run a command on a terminal and answer each of its questions by a letter of `answers`."""
    terminal, inner = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "bulksender", *arguments],
        cwd=shell.folder, env=shell.environ, stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    shown, answered = b"", 0
    try:
        while True:
            if shown.count(b"[y/N]") > answered:
                assert answered < len(answers), f"one more question: {shown.decode()}"
                os.write(terminal, answers[answered].encode() + b"\n")
                answered += 1
            assert select.select([terminal], [], [], 60)[0], shown.decode()
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the terminal ends with the command
                break
            if not piece:
                break
            shown += piece
        code = child.wait(30)
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
    said = " ".join(shown.decode().split())
    assert answered == len(answers), said
    return code, said


def test_a_batch_whose_answer_was_lost_is_found_in_the_log(
    shell: Shell, simulator: Simulator
) -> None:
    nothing = shell.run("reconcile")
    assert nothing.code == 3
    assert "UNKNOWN" in nothing.err
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    sent = shell.run(*SEND, *PAIRS)
    assert sent.code == 5
    assert f"bulksender reconcile {sent.json['run']}" in sent.err
    assert states(shell) == {"UNKNOWN": 2, "QUEUED": 4}

    ended = shell.run("reconcile", "--json")

    assert ended.code == 0, ended.err
    assert list(ended.json) == KEYS
    assert ended.json["counts"] == {"QUEUED": ROWS}
    assert ended.json["problems"] == []
    assert states(shell) == {"QUEUED": ROWS}
    assert all(row["umid"] and row["batch_id"] and row["sent_at"] for row in results(shell))
    assert_true(shell, simulator)
    assert simulator.download_headers
    for headers in simulator.download_headers:
        assert "authorization" not in headers
        assert simulator.api_key not in str(headers)
    again = shell.run("reconcile", sent.json["run"], "--resend-absent", "--json")
    assert again.code == 0, "of a run that is settled, nothing is left to do"
    assert len(simulator.posts) == 3
    assert_quiet(nothing, sent, ended, again)


def test_a_row_takes_the_state_that_the_log_shows(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    sent(shell, simulator, size=ROWS)
    for message, state in zip(
        simulator.messages, ("delivered", "undelivered", "read"), strict=False
    ):
        simulator.deliver(message.umid, state)
    simulator.deliver(simulator.messages[3].umid, "rejected", error_message="Spam")
    ended = shell.run("reconcile", "--json")
    assert ended.code == 4
    assert f"bulksender retry {ended.json['run']}" in ended.err
    found = [(row["status"], row["umid"]) for row in results(shell)]
    expected = ["DELIVERED", "UNDELIVERED", "READ", "REJECTED", "QUEUED", "QUEUED"]
    assert found == [
        (state, message.umid) for state, message in zip(expected, simulator.messages, strict=True)
    ]
    assert "Spam" in results(shell)[3]["status_detail"]


def test_what_never_arrived_stays_unknown_until_somebody_sends_it_again(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator)

    looked = shell.run("reconcile")

    assert looked.code == 5
    assert "--resend-absent" in looked.out
    assert states(shell) == {"UNKNOWN": 2, "QUEUED": 4}
    today = datetime.now(UTC).date().isoformat()
    for row in results(shell)[:2]:
        assert row["status_detail"].startswith(f"not in 8x8's log at {today}")
        assert "caught up" not in row["status_detail"], "later batches of ours are in the log"
    assert len(simulator.posts) == 3

    ended = shell.run("reconcile", run, "--resend-absent", "--json")

    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"QUEUED": ROWS}
    assert states(shell) == {"QUEUED": ROWS}
    assert_true(shell, simulator)
    assert [post.client_batch_id for post in simulator.posts] == [
        f"{run}-{number}" for number in range(1, 5)
    ]
    ids = [message.client_message_id for message in simulator.messages]
    assert ids == [f"{run}-{n}" for n in (4, 5, 6, 7)] + [f"{run}-2.2", f"{run}-3.2"]
    shown = shell.run("show", run)
    assert shown.code == 0
    assert "Look 2 into 8x8's log" in shown.out
    assert "no answer" in shown.out
    assert_quiet(looked, ended, shown)


def test_a_run_of_one_lost_batch_is_settled_once_it_has_been_waited_for_long_enough(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    sent(shell, simulator, size=ROWS)

    early = shell.run("reconcile", "--resend-absent")

    assert early.code == 5
    assert "may not have caught up" in early.out
    assert "try again after 20" in early.out, "it says when"
    assert all("may not have caught up" in row["status_detail"] for row in results(shell))
    assert len(simulator.posts) == 1

    waited = shell.run("reconcile", "--settle", "0s")
    assert waited.code == 5
    assert "--resend-absent" in waited.out
    assert all("caught up" not in row["status_detail"] for row in results(shell))
    assert len(simulator.posts) == 1

    settled = shell.run("reconcile", "--settle", "0s", "--resend-absent", "--json")
    assert settled.code == 0, settled.err
    assert settled.json["counts"] == {"QUEUED": ROWS}
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_a_log_that_lags_behind_proves_nothing(
    shell: Shell, simulated: Callable[..., Simulator]
) -> None:
    late = simulated(export_lag=3600)
    at = {"BULKSENDER_BASE_URL": late.base_url}
    late.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    sent(shell, late)
    for settle in ("15m", "0s"):
        ended = shell.run("reconcile", "--resend-absent", "--settle", settle, "--json", **at)
        assert ended.code == 5
        assert ended.json["counts"] == {"QUEUED": 4, "UNKNOWN": 2}
        assert "again" in ended.err
        assert_quiet(ended)
    assert len(late.posts) == 3
    assert_nobody_twice(late)


def test_a_log_that_is_said_to_be_empty_proves_nothing(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(ExportFaultKind.EMPTY))
    sent(shell, simulator)
    ended = shell.run("reconcile", "--resend-absent", "--settle", "0s", "--json")
    assert ended.code == 5
    assert "lacks 4 messages that 8x8 has accepted" in ended.err
    assert "which lacks others, too" in results(shell)[0]["status_detail"]
    assert len(simulator.posts) == 3


def test_a_log_with_gaps_proves_nothing(shell: Shell, simulator: Simulator) -> None:
    shell.write("sheet.csv", "Name,Mobile\n" + "".join(f"P{n},+6591230{n:03}\n" for n in range(9)))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=3))
    simulator.inject(Fault(ExportFaultKind.GAPS))  # without the third, sixth and ninth message
    sent(shell, simulator, size=1)
    gaps = shell.run("reconcile", "--resend-absent")
    assert gaps.code == 5
    assert len(simulator.posts) == 9
    assert shell.run("reconcile", "--resend-absent").code == 0
    assert_true(shell, simulator)
    assert len(simulator.posts) == 9


def test_a_terminal_is_asked_before_anything_is_sent_again(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=2))
    sent(shell, simulator)
    code, said = on_terminal(shell, "reconcile", answers="n")
    assert code == 5
    assert "8x8 never had 2" in said
    assert states(shell) == {"UNKNOWN": 2, "QUEUED": 4}
    assert len(simulator.posts) == 3
    code, said = on_terminal(shell, "reconcile", answers="y")
    assert code == 0, said
    assert states(shell) == {"QUEUED": ROWS}
    assert_true(shell, simulator)


def test_sending_on_a_terminal_offers_to_look_and_to_send_again(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    arguments = [each for each in SEND if each not in ("--yes", "--json")]
    code, said = on_terminal(shell, *arguments, *PAIRS, answers="yyy")
    assert code == 0, said
    assert "Of 2 messages nobody knows" in said
    assert states(shell) == {"QUEUED": ROWS}
    assert_true(shell, simulator)


def test_resuming_on_a_terminal_offers_to_look_and_takes_no_for_an_answer(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=3))
    run = sent(shell, simulator)
    code, said = on_terminal(shell, "resume", answers="n")
    assert code == 5, said
    assert f"bulksender reconcile {run}" in said
    assert simulator.download_headers == []
    assert states(shell) == {"UNKNOWN": 2, "QUEUED": 4}
    code, said = on_terminal(shell, "resume", run, answers="y")
    assert code == 0, said
    assert_true(shell, simulator)


def test_sending_and_resuming_look_by_themselves_where_they_are_told_to(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=3))
    stopped = shell.run(*SEND, *PAIRS, "--reconcile")
    assert stopped.code == 6, "the rest still waits"
    assert stopped.json["counts"] == {"READY": 4, "QUEUED": 2}
    assert "bulksender resume" in stopped.err
    resumed = shell.run("resume", "--reconcile", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["counts"] == {"QUEUED": ROWS}
    assert_true(shell, simulator)


def test_looking_by_itself_sends_nothing_again(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    ended = shell.run(*SEND, *PAIRS, "--reconcile")
    assert ended.code == 5
    assert ended.json["counts"] == {"QUEUED": 4, "UNKNOWN": 2}
    assert len(simulator.posts) == 3


FAILURES = {
    ExportFaultKind.FAILED: "failed",
    ExportFaultKind.ERROR: "error",
    ExportFaultKind.CANCELLED: "cancelled",
    ExportFaultKind.EXPIRED: "expired",
    ExportFaultKind.ELSEWHERE: "another host",
    ExportFaultKind.REDIRECT: "another host",
    ExportFaultKind.TRUNCATED: "downloaded whole",
    ExportFaultKind.GARBAGE: "8x8's log export is no",
    ExportFaultKind.UNAVAILABLE: "HTTP 503",
}


def test_a_log_that_cannot_be_read_changes_nothing_and_says_why(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(FaultKind.PARTLY, post=2))
    run = sent(shell, simulator)
    before, shown = kept(shell), shell.run("show", run, "--json").json
    wrong = []
    for kind, words in FAILURES.items():
        simulator.inject(Fault(kind, times=6 if kind is ExportFaultKind.UNAVAILABLE else 1))
        ended = shell.run("reconcile", "--settle", "0s", "--resend-absent")
        assert_quiet(ended)
        if ended.code != 5 or words not in ended.err or kept(shell) != before:
            wrong.append((kind, ended))
    assert wrong == []
    refused = shell.run("reconcile", BULKSENDER_API_KEY="another-key")
    assert refused.code == 5
    assert "key" in refused.err
    assert "another-key" not in refused.err
    assert kept(shell) == before
    after = shell.run("show", run, "--json").json
    volatile = {"seconds": 0, "rows_per_second": 0}
    assert after | volatile == shown | volatile
    assert len(simulator.posts) == 3
    assert all("authorization" not in headers for headers in simulator.download_headers)


def test_a_log_that_has_moved_on_the_same_host_is_read(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(ExportFaultKind.MOVED))
    ended = shell.run(*SEND, "--reconcile")
    assert ended.code == 0, ended.err
    assert all("authorization" not in headers for headers in simulator.download_headers)


def test_a_failing_log_at_the_end_of_a_send_leaves_its_result_and_the_command(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(ExportFaultKind.FAILED))
    ended = shell.run(*SEND, *PAIRS, "--reconcile")
    assert ended.code == 5
    assert "failed" in ended.err
    assert f"bulksender reconcile {ended.json['run']}" in ended.err
    assert states(shell) == {"UNKNOWN": 2, "QUEUED": 4}


def test_waiting_for_a_log_that_never_comes_can_be_interrupted(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(ExportFaultKind.STUCK))
    run = sent(shell, simulator)
    before = kept(shell)
    child = shell.start("reconcile", run)
    try:
        assert child.stdout is not None
        while "Asking" not in child.stdout.readline():
            assert child.poll() is None
        time.sleep(0.7)
        child.send_signal(signal.SIGTERM)  # SIGINT may be ignored where tests run in the background
        _, err = child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 5
    assert "Stopped. What was sent stays sent" in err
    assert f"bulksender reconcile {run}" in err
    assert "Traceback" not in err
    assert kept(shell) == before
    assert shell.run("reconcile", run).code == 0


def test_a_run_that_another_process_owns_is_left_alone(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(FaultKind.PARTLY, post=2))
    run = sent(shell, simulator)
    before = kept(shell)
    with Ledger(shell.folder / "ledger.db") as ledger, ledger.owning(run):
        for command in (
            ("resume", run), ("reconcile", run, "--resend-absent"),
            ("retry", run, "--yes"), ("forget", "+6591230003"),
        ):  # fmt: skip
            ended = shell.run(*command)
            assert ended.code == 7, (command, ended)
            assert "Another process" in ended.err
            assert_quiet(ended)
        looked = shell.run("show", run, "--json")
        assert looked.code == 0, "to look is allowed"
    assert kept(shell) == before
    assert len(simulator.posts) == 3


def test_of_a_lost_batch_that_was_rejected_in_part_only_the_rest_is_sent_again(
    shell: Shell, simulated: Callable[..., Simulator]
) -> None:
    picky = simulated(reject={"+6591230001": "Blocked", "+6591230005": "Blocked"})
    at = {"BULKSENDER_BASE_URL": picky.base_url}
    picky.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    sent(shell, picky)
    assert states(shell) == {"QUEUED": 3, "REJECTED": 1, "UNKNOWN": 2}
    looked = shell.run("reconcile", "--resend-absent", "--json", **at)
    assert looked.code == 5, "a part of the batch in the log says that it was accepted"
    assert looked.json["counts"] == {"QUEUED": 4, "REJECTED": 1, "UNKNOWN": 1}
    ended = shell.run("reconcile", "--resend-absent", "--settle", "0s", "--json", **at)
    assert ended.code == 4, ended.err
    assert ended.json["counts"] == {"QUEUED": 4, "REJECTED": 2}
    assert "bulksender retry" in ended.err
    assert results(shell)[1]["status_detail"] == "Blocked"
    assert_true(shell, picky)


@pytest.mark.parametrize("settle", ["15", "-5m"])
def test_a_settle_time_that_is_none_is_refused(shell: Shell, settle: str) -> None:
    ended = shell.run("reconcile", f"--settle={settle}")
    assert ended.code == 3
    assert "--settle" in ended.err
    assert "15m" in ended.err
    assert not (shell.folder / "ledger.db").exists()


def test_a_settle_time_beyond_all_calendars_is_no_bug(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    sent(shell, simulator, size=ROWS)
    ended = shell.run("reconcile", "--settle", "999999d")
    assert ended.code in (0, 3), ended.err
    assert_quiet(ended)


def test_a_rehearsal_that_was_killed_is_reconciled_without_asking_anybody_else(
    shell: Shell, simulator: Simulator
) -> None:
    elsewhere = "https://127.0.0.2:1"  # nobody is there; a rehearsal has no reason to ask
    job = Job(
        sheet=SheetOptions(path=str(shell.folder / "sheet.csv")),
        template="Hi {{ name }}",
        subaccount="my_shop",
        base_url=elsewhere,
        simulate=True,
        batch_size=2,
    )
    with Ledger(shell.folder / "ledger.db") as ledger:
        run = campaign.plan(job, ledger)
        run.approve()
        run.claim(next(chunk(run.ready(), 2, run.id, 1)))  # and here the process dies
    environ = {"BULKSENDER_BASE_URL": elsewhere, "BULKSENDER_SUBACCOUNT": "my_shop"}
    ended = shell.run("reconcile", run.id, "--settle", "0s", "--resend-absent", "--json", **environ)
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"QUEUED": ROWS}
    assert simulator.posts == []


def test_a_rehearsal_whose_simulator_is_gone_does_not_stay_unknown_for_ever(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    run = sent(shell, simulator, simulate=True)
    assert states(shell) == {"QUEUED": 4, "UNKNOWN": 2}
    ended = shell.run("reconcile", run, "--settle", "0s", "--resend-absent", "--json")
    assert ended.json["counts"] == {"QUEUED": ROWS}, "nobody was reached, so nobody is twice"
    assert ended.code == 0, ended.err


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def test_a_scheduled_run_is_settled_and_sent_again_for_the_same_time(
    shell: Shell, simulator: Simulator
) -> None:
    when = ahead(3600)
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=2))
    sent(shell, simulator, scheduled=when)
    ended = shell.run("reconcile", "--resend-absent", "--settle", "0s", "--json")
    assert ended.code == 0, ended.err
    assert_true(shell, simulator)
    due = {message.scheduled for message in simulator.messages}
    assert due == {datetime.fromisoformat(when)}


def test_what_was_scheduled_for_a_time_that_has_passed_is_not_sent_again_for_it(
    shell: Shell, simulator: Simulator
) -> None:
    soon = ahead(2)
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator, size=ROWS, scheduled=soon)
    while datetime.now(UTC) <= datetime.fromisoformat(soon):
        time.sleep(0.1)
    again = ("reconcile", run, "--settle", "0s")
    refused = shell.run(*again, "--resend-absent")
    assert refused.code == 5
    assert "--schedule" in refused.err
    code, said = on_terminal(shell, *again)
    assert code == 5
    assert "--schedule" in said
    assert simulator.messages == [], "nobody said that it should go out at once"
    later = ahead(3600)
    ended = shell.run(*again, "--resend-absent", "--schedule", later)
    assert ended.code == 0, ended.err
    due = {message.scheduled for message in simulator.messages}
    assert due == {datetime.fromisoformat(later)}
    assert_nobody_twice(simulator)


def stopped_with_unknown(shell: Shell, simulator: Simulator, kind: FaultKind) -> str:
    """A run of which two rows went out, two are UNKNOWN by a fault, and two still wait."""
    simulator.inject(Fault(kind, post=1))
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=3))
    run = sent(shell, simulator)
    assert states(shell) == {"READY": 2, "QUEUED": 2, "UNKNOWN": 2}
    return run


def test_settling_a_stopped_run_does_not_claim_that_everything_went_out(
    shell: Shell, simulator: Simulator
) -> None:
    run = stopped_with_unknown(shell, simulator, FaultKind.CLOSE_AFTER)
    ended = shell.run("reconcile", run, "--json")
    assert ended.json["counts"] == {"READY": 2, "QUEUED": 4}
    assert f"bulksender resume {run}" in ended.err, "it says what is left to do"
    assert ended.code == 6, "two rows were never sent"
    assert shell.run("resume").code == 0
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_settling_a_stopped_run_does_not_say_that_it_sends_what_it_does_not_send(
    shell: Shell, simulator: Simulator
) -> None:
    run = stopped_with_unknown(shell, simulator, FaultKind.CLOSE_BEFORE)
    ended = shell.run("reconcile", run, "--settle", "0s")
    assert ended.code == 6
    assert len(simulator.posts) == 3
    assert "go out with them" not in ended.out


def test_sending_again_takes_along_what_still_waits_in_the_run(
    shell: Shell, simulator: Simulator
) -> None:
    run = stopped_with_unknown(shell, simulator, FaultKind.CLOSE_BEFORE)
    ended = shell.run("reconcile", run, "--settle", "0s", "--resend-absent", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"QUEUED": ROWS}
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_two_that_reconcile_at_once_send_nothing_twice(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator)
    simulator.inject(Fault(FaultKind.SLOW, post=4, seconds=1.5))
    both = [shell.start("reconcile", run, "--resend-absent") for _ in range(2)]
    codes = []
    for child in both:
        _, err = child.communicate(timeout=60)
        codes.append(child.returncode)
        assert "Traceback" not in err
    assert sorted(codes) == [0, 7]
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_a_run_cannot_be_reconciled_while_it_is_resumed(shell: Shell, simulator: Simulator) -> None:
    run = stopped_with_unknown(shell, simulator, FaultKind.CLOSE_BEFORE)
    simulator.inject(Fault(FaultKind.SLOW, post=4, seconds=3))
    child = shell.start("resume", run)
    try:
        deadline = time.monotonic() + 30
        while len(simulator.posts) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        beside = shell.run("reconcile", run, "--settle", "0s", "--resend-absent")
        child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    assert beside.code == 7
    assert child.returncode == 5
    assert shell.run("reconcile", run, "--settle", "0s", "--resend-absent").code == 0
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_sending_again_that_is_killed_is_found_by_the_next_look(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator)
    simulator.inject(Fault(FaultKind.SLOW, post=4, seconds=20))
    child = shell.start("reconcile", run, "--resend-absent")
    try:
        deadline = time.monotonic() + 30
        while len(simulator.messages) < ROWS:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        child.kill()
        child.communicate()
    assert shell.run("resume").code == 5
    ended = shell.run("reconcile", run, "--settle", "0s", "--resend-absent", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"QUEUED": ROWS}
    assert_true(shell, simulator)
    assert len(simulator.messages) == ROWS


def test_a_person_who_was_forgotten_is_not_sent_anything_by_reconciling(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator)
    forgotten = shell.run("forget", "+6591230000")
    assert forgotten.code == 0
    assert "1 message" in forgotten.out
    ended = shell.run("reconcile", run, "--resend-absent", "--json")
    assert_quiet(forgotten, ended)
    assert ended.code == 0
    assert ended.json["counts"] == {"OPTED_OUT": 1, "QUEUED": 5}
    assert [post.client_batch_id for post in simulator.posts][3:] == [f"{run}-4"]
    assert {m.destination for m in simulator.messages} == {f"+659123000{n}" for n in range(1, 6)}


def test_nothing_is_offered_that_cannot_be_done_for_a_person_who_was_forgotten(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("sheet.csv", "Name,Mobile\nP0,+6591230000\n")
    simulator.inject(Fault(FaultKind.CLOSE_BEFORE, post=1))
    run = sent(shell, simulator)
    assert shell.run("forget", "+6591230000").code == 0
    ended = shell.run("reconcile", run, "--settle", "0s", "--resend-absent")
    assert len(simulator.posts) == 1
    assert "--resend-absent sends them again" not in ended.out, "their text is gone"


def test_looking_does_not_bring_back_the_id_of_a_person_who_was_forgotten(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    run = sent(shell, simulator)
    assert shell.run("forget", "+6591230000").code == 0
    ended = shell.run("reconcile", run, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"QUEUED": ROWS}, "that it was sent is true, and no secret"
    assert results(shell)[0]["umid"] == "", "with it, 8x8 tells who it was"
    assert results(shell)[0]["destination"] == ""


def longer_sheet_that_waits(shell: Shell, simulator: Simulator, rejected: bool) -> tuple[str, str]:
    """A run whose answer was lost, and one of the same rows and another, which waits for it.

    Whether one of the six was rejected is for the log to say.
    """
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    first = sent(shell, simulator, size=ROWS)
    if rejected:
        simulator.deliver(simulator.messages[0].umid, "rejected", error_message="Spam")
    shell.write("longer.csv", SHEET + "New,+6591230009\n")
    second = sent(shell, simulator, "longer.csv")
    assert states(shell, "longer-results.csv") == {"QUEUED": 1, "UNKNOWN": ROWS}
    return first, second


def test_rows_that_wait_for_another_run_are_settled_with_it(
    shell: Shell, simulator: Simulator
) -> None:
    first, second = longer_sheet_that_waits(shell, simulator, rejected=False)
    waiting = shell.run("reconcile", second, "--settle", "0s", "--resend-absent")
    assert waiting.code == 5
    assert "another run" in waiting.out
    assert all(first in row["status_detail"] for row in results(shell, "longer-results.csv")[:ROWS])
    assert shell.run("reconcile", first).code == 0
    ended = shell.run("reconcile", second, "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"ALREADY_SENT": ROWS, "QUEUED": 1}
    assert len(simulator.posts) == 2
    umids = {message.destination: message.umid for message in simulator.messages}
    for row in results(shell, "longer-results.csv"):
        assert row["umid"] == umids[row["Mobile"]], "the sheet tells each message's id"


def test_rows_that_wait_for_another_run_are_not_unknown_once_8x8_has_rejected_them_there(
    shell: Shell, simulator: Simulator
) -> None:
    first, second = longer_sheet_that_waits(shell, simulator, rejected=True)
    assert shell.run("reconcile", first).code == 4
    ended = shell.run("reconcile", second, "--json")
    assert ended.json["counts"]["ALREADY_SENT"] == ROWS - 1
    assert "UNKNOWN" not in ended.json["counts"], "or nothing will ever settle it"
    assert_nobody_twice(simulator)


def test_rows_that_wait_for_another_run_are_settled_although_that_was_purged(
    shell: Shell, simulator: Simulator
) -> None:
    first, second = longer_sheet_that_waits(shell, simulator, rejected=False)
    assert shell.run("reconcile", first).code == 0
    assert shell.run("purge", "--older-than", "0s").code == 0
    shown = shell.run("show", second, "--json")
    assert shown.json["counts"] == {"ALREADY_SENT": ROWS, "QUEUED": 1}


def test_the_result_of_settling_goes_into_a_file_of_its_own_where_the_sheet_has_changed(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    run = sent(shell, simulator, size=ROWS)
    edited = SHEET.replace("P0", "Q0")
    shell.write("sheet.csv", edited)
    ended = shell.run("reconcile", "--json")
    assert ended.code == 0
    assert "changed" in ended.err
    alone = Path(ended.json["output"])
    assert alone.name == f"sheet-results-{run}.csv"
    with (shell.folder / alone).open(encoding="utf-8-sig", newline="") as file:
        assert {row["status"] for row in csv.DictReader(file)} == {"QUEUED"}
    assert (shell.folder / "sheet.csv").read_text() == edited


def test_runs_that_cannot_be_reconciled_are_named(shell: Shell, simulator: Simulator) -> None:
    unknown = shell.run("reconcile", "zzzzzzzzzz")
    assert unknown.code == 3
    assert "There is no run zzzzzzzzzz" in unknown.err
    declined = shell.run("send", "sheet.csv", "--text", "Hi {{ name }}", "--json")
    assert declined.code == 3
    run = declined.json["run"]
    never = shell.run("reconcile", run)
    assert never.code == 3
    assert "never approved" in never.err
    assert not (shell.folder / "sheet-results.csv").exists()


def test_reconciling_a_purged_run_does_not_empty_its_result(
    shell: Shell, simulator: Simulator
) -> None:
    run = sent(shell, simulator, size=ROWS)
    assert shell.run("purge", "--older-than", "0s").code == 0
    before = (shell.folder / "sheet-results.csv").read_bytes()
    ended = shell.run("reconcile", run)
    assert (shell.folder / "sheet-results.csv").read_bytes() == before
    assert ended.code == 3
    assert "removed" in ended.err
    assert json.loads(shell.run("show", run, "--json").out)["counts"] == {"QUEUED": ROWS}

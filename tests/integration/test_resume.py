"""A run that was interrupted or killed: nobody is texted twice, nobody is lost.

Real processes against a simulator in this one, which remembers what really went out.
"""

from __future__ import annotations

import csv
import os
import pty
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from shell import Shell

from bulksender.simulator import Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

ROWS, BATCH, CONCURRENCY = 40, 5, 2
LATENCY = 0.4  # seconds an answer takes, so that there is always something in flight
SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--batch-size", str(BATCH),
        "--concurrency", str(CONCURRENCY))  # fmt: skip
LOST = "the program ended before 8x8's answer was recorded"


@pytest.fixture
def sim(simulated: Callable[..., Simulator]) -> Simulator:
    return simulated(latency=LATENCY)


@pytest.fixture
def shell(tmp_path: Path, sim: Simulator) -> Shell:
    made = Shell(
        tmp_path,
        BULKSENDER_BASE_URL=sim.base_url,
        BULKSENDER_API_KEY="simulator-key",
        BULKSENDER_SUBACCOUNT="simulator",
    )
    rows = [f"Person {row},+6591230{row:03}" for row in range(ROWS)]
    made.write("sheet.csv", "\n".join(["Name,Mobile", *rows]) + "\n")
    return made


def results(shell: Shell) -> list[dict[str, str]]:
    with (shell.folder / "sheet-results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def states(shell: Shell) -> Counter[str]:
    return Counter(row["status"] for row in results(shell))


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def started(shell: Shell, sim: Simulator, posts: int = 4, *more: str) -> subprocess.Popen[str]:
    """A `send` of which so many POSTs have arrived."""
    child = shell.start(*SEND, "-y", *more)
    try:
        wait_for(lambda: len(sim.posts) >= posts or child.poll() is not None)
        assert child.poll() is None, child.communicate()
    except BaseException:
        child.kill()
        child.communicate()
        raise
    return child


def ended(child: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, str, str]:
    for number in signals:
        child.send_signal(number)
    try:
        out, err = child.communicate(timeout=60)
    except BaseException:
        child.kill()
        child.communicate()
        raise
    return child.returncode, out, err


def assert_nobody_twice_and_nobody_lost(shell: Shell, sim: Simulator) -> None:
    accepted = [message.destination for message in sim.messages]
    assert len(accepted) == len(set(accepted))
    rows = results(shell)
    assert len(rows) == ROWS
    umids = {message.umid: message.destination for message in sim.messages}
    for row in rows:
        if row["status"] == "QUEUED":
            assert umids[row["umid"]] == row["Mobile"]
        else:
            assert row["status"] in ("UNKNOWN", "READY")
            assert row["status"] == "UNKNOWN" or row["Mobile"] not in accepted
    unknown = {row["Mobile"] for row in rows if row["status"] == "UNKNOWN"}
    ready = {row["Mobile"] for row in rows if row["status"] == "READY"}
    assert {row["Mobile"] for row in rows} == set(accepted) | unknown | ready
    assert max(Counter(post.client_batch_id for post in sim.posts).values()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on_and_resume_sends_the_rest(
    shell: Shell, sim: Simulator, number: signal.Signals
) -> None:
    code, _, err = ended(started(shell, sim), number)
    assert code == 6
    assert "bulksender resume" in err
    told = states(shell)
    assert told.keys() == {"QUEUED", "READY"}  # what was in flight was waited for
    assert told["QUEUED"] == len(sim.messages)
    assert_nobody_twice_and_nobody_lost(shell, sim)

    command = err[err.index("bulksender resume") :].split()[1:3]
    resumed = shell.run(*command)
    assert resumed.code == 0, resumed.err
    assert states(shell) == {"QUEUED": ROWS}
    assert_nobody_twice_and_nobody_lost(shell, sim)
    assert shell.run("resume").code == 3  # nothing is left to go on with


def test_a_second_interrupt_ends_it_at_once_and_resume_calls_the_rest_unknown(
    tmp_path: Path, simulated: Callable[..., Simulator], shell: Shell, sim: Simulator
) -> None:
    slow = simulated(latency=20)
    child = started(shell, slow, CONCURRENCY, "--base-url", slow.base_url)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    time.sleep(0.5)  # two presses, not one
    code, _, err = ended(child, signal.SIGINT)
    assert time.monotonic() - began < 10  # not the 20 seconds that an answer takes
    assert code == 6
    assert "bulksender resume" in err

    resumed = shell.run("resume", "--base-url", sim.base_url)
    assert resumed.code == 5, resumed.err
    in_flight = BATCH * CONCURRENCY
    assert states(shell) == {"UNKNOWN": in_flight, "QUEUED": ROWS - in_flight}
    first = {message.destination for message in slow.messages}
    assert first == {row["Mobile"] for row in results(shell) if row["status"] == "UNKNOWN"}
    assert not first & {message.destination for message in sim.messages}


def test_a_killed_run_is_resumed_with_its_batches_in_flight_unknown(
    shell: Shell, sim: Simulator
) -> None:
    code, _, _ = ended(started(shell, sim), signal.SIGKILL)
    assert code == -signal.SIGKILL

    resumed = shell.run("resume")

    assert resumed.code == 5, resumed.err
    assert states(shell).keys() == {"QUEUED", "UNKNOWN"}
    unknown = [row for row in results(shell) if row["status"] == "UNKNOWN"]
    assert 0 < len(unknown) <= BATCH * CONCURRENCY
    assert {row["status_detail"] for row in unknown} == {LOST}
    assert_nobody_twice_and_nobody_lost(shell, sim)


def test_the_report_of_a_killed_run_calls_its_batches_in_flight_unknown(
    shell: Shell, sim: Simulator
) -> None:
    ended(started(shell, sim), signal.SIGKILL)
    run = (sim.posts[0].client_batch_id or "").partition("-")[0]

    reported = shell.run("report", run)

    assert reported.code == 0, reported.err
    assert "SENDING" not in states(shell)
    assert_nobody_twice_and_nobody_lost(shell, sim)


def test_sending_the_sheet_anew_after_a_kill_is_refused(shell: Shell, sim: Simulator) -> None:
    ended(started(shell, sim), signal.SIGKILL)
    accepted = len(sim.messages)
    again = shell.run(*SEND, "-y")
    assert again.code == 8
    assert "bulksender resume" in again.err
    assert len(sim.messages) == accepted


def test_a_run_that_is_still_being_sent_cannot_be_resumed_beside_it(
    shell: Shell, sim: Simulator
) -> None:
    child = started(shell, sim, 2)
    child.send_signal(signal.SIGSTOP)  # alive, and not done before the other has looked
    beside = shell.run("resume")
    code, _, _ = ended(child, signal.SIGCONT)
    assert beside.code == 7, beside.err
    assert code == 0
    assert_nobody_twice_and_nobody_lost(shell, sim)


def test_a_sheet_that_was_edited_meanwhile_does_not_change_what_is_sent(
    shell: Shell, sim: Simulator
) -> None:
    ended(started(shell, sim), signal.SIGINT)
    sheet = shell.folder / "sheet.csv"
    edited = sheet.read_text("utf-8").replace("Person", "Stranger").splitlines()
    sheet.write_text("\n".join([*edited[:20], "Newcomer,+6598887777"]) + "\n", "utf-8")

    resumed = shell.run("resume")

    assert resumed.code == 0, resumed.err
    assert {(message.destination, message.text) for message in sim.messages} == {
        (f"+6591230{row:03}", f"Hi Person {row}") for row in range(ROWS)
    }
    assert len(sim.messages) == ROWS
    assert sheet.read_text("utf-8").count("Stranger") == 19


def test_a_sheet_that_is_gone_does_not_stop_the_rest(shell: Shell, sim: Simulator) -> None:
    ended(started(shell, sim), signal.SIGKILL)
    (shell.folder / "sheet.csv").unlink()
    resumed = shell.run("resume", "--json")
    assert resumed.code == 5
    assert {message.text for message in sim.messages} == {f"Hi Person {n}" for n in range(ROWS)}
    assert len(sim.messages) == ROWS
    assert sum(resumed.json["counts"].values()) == ROWS
    with (shell.folder / resumed.json["output"]).open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == ROWS


def test_a_plan_that_waits_for_an_answer_is_refused_when_it_was_sent_meanwhile(
    shell: Shell, sim: Simulator
) -> None:
    terminal, inner = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "bulksender", *SEND],
        cwd=shell.folder, env=shell.environ, stdin=inner, stdout=inner, stderr=inner,
    )  # fmt: skip
    os.close(inner)
    try:
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        meanwhile = shell.run(*SEND, "-y")
        assert meanwhile.code == 0, meanwhile.err
        os.write(terminal, b"y\n")
        with suppress(OSError):  # the terminal ends with the command
            while rest := os.read(terminal, 4096):
                shown += rest
        code = asking.wait(30)
    finally:
        asking.kill()
        asking.wait()
        os.close(terminal)
    accepted = Counter(message.destination for message in sim.messages)
    assert set(accepted.values()) == {1}, "everybody was texted twice"
    assert code == 8

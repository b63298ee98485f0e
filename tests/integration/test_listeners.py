"""Who reads what is printed may go away: the run goes on, and ends as it would have ended."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shell import Shell

from bulksender.simulator import Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")

SEND = "bulksender send contacts.csv --text 'Hi {{ name }}' --country SG --yes"


@pytest.mark.parametrize("reader", ["true", "head -1", "sleep 0.2"])
def test_a_reader_that_goes_away_ends_no_run(
    shell: Shell, simulator: Simulator, reader: str
) -> None:
    script = f"set +o pipefail; {SEND} | {reader} >&2; echo ${{PIPESTATUS[0]}}"
    ended = shell.bash(script)
    assert ended.out.strip() == "0"
    assert "Traceback" not in ended.err and "rror" not in ended.err, ended.err
    sent = {message.destination for message in simulator.messages}
    assert len(sent) == len(simulator.messages) > 0
    results = (shell.folder / "contacts-results.csv").read_text("utf-8")
    assert results.count(",QUEUED,") == len(sent)


def test_a_reader_of_errors_that_goes_away_takes_no_object_away(
    shell: Shell, simulator: Simulator
) -> None:
    ended = shell.bash(f"{SEND} --json 2> >(true)")
    assert ended.code == 0
    assert json.loads(ended.out)["counts"]["QUEUED"] == len(simulator.messages)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full"])
@pytest.mark.parametrize("also", ["", "--json"])
def test_streams_that_are_closed_end_no_run(
    shell: Shell, simulator: Simulator, closed: str, also: str
) -> None:
    ended = shell.bash(f"{SEND} {also} {closed}")
    assert ended.code == 0, ended.err
    assert simulator.messages
    assert (shell.folder / "contacts-results.csv").exists()


def test_a_terminal_that_is_closed_does_not_end_a_run_that_was_started_to_outlive_it(
    tmp_path: Path,
) -> None:
    with Simulator(latency=1) as simulator:
        shell = Shell(
            tmp_path,
            BULKSENDER_BASE_URL=simulator.base_url,
            BULKSENDER_API_KEY=simulator.api_key,
            BULKSENDER_SUBACCOUNT=simulator.subaccount,
        )
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "bulksender", *SEND.split()[1:3]]
        sending = subprocess.Popen(
            [*command, "--text", "Hi", "--country", "SG", "--yes"],
            cwd=shell.folder,
            env=shell.environ | {"TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # as nohup does
        )
        os.close(theirs)
        ends = time.monotonic() + 30
        while not simulator.messages and time.monotonic() < ends:
            time.sleep(0.02)
        os.close(ours)
        assert sending.wait(60) == 0
        assert simulator.messages
    results = (shell.folder / "contacts-results.csv").read_text("utf-8")
    assert results.count(",QUEUED,") == len(simulator.messages)


def test_a_reader_that_is_slow_gets_everything() -> None:
    script = "from bulksender.cli.streams import forgive; forgive(); print('x' * 300_000)"
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with subprocess.Popen([sys.executable, "-c", script], stdout=theirs) as writing:
        os.close(theirs)
        time.sleep(0.5)
        with os.fdopen(ours, "rb") as read:
            assert read.read() == b"x" * 300_000 + b"\n"
    assert writing.returncode == 0

"""The command from outside: exit codes, `--json`, the question, and what is said where."""

from __future__ import annotations

import csv
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Shell

from bulksender.simulator import Fault, FaultKind, Simulator

KEYS = {
    *("run", "campaign", "sheet", "output", "rows", "counts", "batches", "parts", "encodings"),
    *("cost", "seconds", "rows_per_second", "problems"),
}
SHEET = "Name,Mobile\nAnn,+6591230001\nBob,+6591230002\nCyd,+6591230003\nDot,123\n"


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def results(shell: Shell, name: str = "sheet-results.csv") -> list[dict[str, str]]:
    with (shell.folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}")


def test_a_send_says_what_happened_in_one_json_object(shell: Shell, simulator: Simulator) -> None:
    ended = shell.run(*SEND, "--yes", "--json")
    said = ended.json
    assert ended.code == 0
    assert said.keys() == KEYS
    assert said["counts"] == {"INVALID": 1, "QUEUED": 3}
    assert said["rows"] == 4
    assert said["sheet"] == "sheet.csv"
    assert said["output"] == "sheet-results.csv"
    assert said["batches"] == 1
    assert said["parts"] == 3
    assert said["encodings"] == {"GSM7": 3, "UCS2": 0}
    assert said["cost"] is None
    assert said["problems"] == [
        {
            "row": 5,
            "status": "INVALID",
            "detail": '"Mobile" (B): the number is too short for United States; '
            "write it with + and the country code, or say --country",
        }
    ]
    by_number = {message.destination: message for message in simulator.messages}
    assert by_number["+6591230001"].text == "Hi Ann"
    rows = results(shell)
    assert [row["status"] for row in rows] == ["QUEUED", "QUEUED", "QUEUED", "INVALID"]
    assert rows[0]["umid"] == by_number["+6591230001"].umid
    assert {row["run"] for row in rows} == {said["run"]}


def test_json_is_the_same_wherever_the_global_option_stands(shell: Shell) -> None:
    before = shell.run("--json", "check", "sheet.csv", "--text", "Hi").json
    behind = shell.run("check", "sheet.csv", "--text", "Hi", "--json").json
    assert before["counts"] == behind["counts"] == {"INVALID": 1, "READY": 3}


def test_check_sends_writes_and_keeps_nothing(shell: Shell, simulator: Simulator) -> None:
    before = {path.name for path in shell.folder.iterdir()}
    ended = shell.run("check", "sheet.csv", "--text", "Hi", "--json")
    assert ended.code == 0
    assert ended.json["run"] is None
    assert simulator.posts == []
    assert {path.name for path in shell.folder.iterdir()} - before <= {"ledger.db", "home"}
    assert shell.run("resume").code == 3


def test_without_a_terminal_and_without_yes_nothing_is_sent(
    shell: Shell, simulator: Simulator
) -> None:
    ended = shell.run(*SEND)
    assert ended.code == 3
    assert "--yes" in ended.err
    assert simulator.posts == []
    assert not (shell.folder / "sheet-results.csv").exists()
    assert shell.run(*SEND, "--yes").code == 0, "the declined plan must not count as sent"


def test_the_same_plan_is_refused_until_again(shell: Shell, simulator: Simulator) -> None:
    assert shell.run(*SEND, "--yes").code == 0
    ended = shell.run(*SEND, "--yes")
    assert ended.code == 8
    assert "--again" in ended.err
    assert len(simulator.messages) == 3
    assert shell.run(*SEND, "--yes", "--again").code == 0
    assert len(simulator.messages) == 6


def test_rejected_messages_end_with_4(shell: Shell, tmp_path: Path) -> None:
    with Simulator(reject={"+6591230002": "Invalid MSISDN format"}) as simulator:
        ended = shell.run(*SEND, "--yes", "--json", BULKSENDER_BASE_URL=simulator.base_url)
    assert ended.code == 4
    assert ended.json["counts"] == {"INVALID": 1, "QUEUED": 2, "REJECTED": 1}
    assert results(shell)[1]["status_detail"] == "Invalid MSISDN format"


def test_a_lost_answer_ends_with_5_and_is_never_repeated(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    ended = shell.run(*SEND, "--yes", "--json")
    assert ended.code == 5
    assert ended.json["counts"] == {"INVALID": 1, "UNKNOWN": 3}
    assert len(simulator.posts) == 1
    assert shell.run("resume").code == 3
    assert len(simulator.posts) == 1


def test_a_wrong_key_stops_with_6_and_resume_goes_on_with_the_right_one(
    shell: Shell, simulator: Simulator
) -> None:
    ended = shell.run(*SEND, "--yes", "--json", BULKSENDER_API_KEY="wrong")
    assert ended.code == 6
    assert ended.json["counts"] == {"INVALID": 1, "READY": 3}
    assert f"bulksender resume {ended.json['run']}" in ended.err
    assert "wrong" not in ended.err.replace("wrong key", "")
    resumed = shell.run("resume", "--json")
    assert resumed.code == 0
    assert resumed.json["counts"] == {"INVALID": 1, "QUEUED": 3}
    assert len(simulator.messages) == 3


def test_report_writes_the_result_again(shell: Shell) -> None:
    run = shell.run(*SEND, "--yes", "--json").json["run"]
    first = (shell.folder / "sheet-results.csv").read_bytes()
    ended = shell.run("report", run, "-o", "again.csv", "--json")
    assert ended.code == 0
    assert ended.json["output"] == "again.csv"
    assert (shell.folder / "again.csv").read_bytes() == first


def test_in_place_writes_into_the_sheet_itself(shell: Shell) -> None:
    ended = shell.run(*SEND, "--yes", "--in-place", "--json")
    assert ended.json["output"] == "sheet.csv"
    assert [row["status"] for row in results(shell, "sheet.csv")][-1] == "INVALID"


def test_a_sheet_of_nothing_but_problems_is_refused_with_them(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("sheet.csv", "Name,Mobile\nAnn,12\nBob,call me\n")
    ended = shell.run(*SEND, "--yes", "--json")
    assert ended.code == 3
    assert "listed as problems" in ended.err
    assert [problem["row"] for problem in ended.json["problems"]] == [2, 3]
    assert simulator.posts == []


def test_strict_refuses_the_whole_sheet(shell: Shell, simulator: Simulator) -> None:
    ended = shell.run(*SEND, "--yes", "--strict", "--json")
    assert ended.code == 3
    assert "--strict" in ended.err
    assert ended.json["counts"] == {"INVALID": 1, "READY": 3}
    assert simulator.posts == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("send",), 2, "SHEET"),
        (("send", "sheet.csv", "--nonsense"), 2, "--nonsense"),
        (("send", "sheet.csv", "-t", "none.txt"), 3, "none.txt"),
        (("send", "sheet.csv"), 3, "--text"),
        (("send", "shet.csv", "--text", "Hi"), 3, 'Did you mean "sheet.csv"?'),
        (("send", "sheet.csv", "--text", "Hi {{ nam }}"), 3, 'Did you mean "name"?'),
        (("send", "sheet.csv", "--text", "Hi {{ name"), 3, "line 1"),
        (("send", "sheet.csv", "--text", "Hi", "--region", "aisa"), 3, 'Did you mean "asia"?'),
        (("send", "sheet.csv", "--text", "Hi", "--country", "ZZ"), 3, "two letters"),
        (("send", "sheet.csv", "--text", "Hi", "--batch-size", "0"), 3, "1 to 10,000"),
        (("send", "sheet.csv", "--text", "Hi", "--source", "much too long a name"), 3, "--source"),
        (("send", "sheet.csv", "--text", "Hi", "--schedule", "tomorrow"), 3, "+08:00"),
        (("send", "sheet.csv", "--text", "Hi", "-o", "x.xlsx"), 3, "x.xlsx"),
        (("send", "sheet.csv", "--text", "Hi", "-o", "no/such/x.csv"), 3, "no folder"),
        (("send", "sheet.csv", "--text", "Hi", "--base-url", "http://8x8.com"), 3, "https"),
        (("report", "nosuchrun"), 3, "nosuchrun"),
        (("--ledger", "sheet.csv", "resume"), 3, "sheet.csv"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, simulator: Simulator, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = shell.run(*arguments, *(["--yes"] if arguments[0] == "send" else []))
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert simulator.posts == []


def test_without_a_key_it_says_how_to_get_one(shell: Shell) -> None:
    ended = shell.run(*SEND, "--yes", BULKSENDER_API_KEY="")
    assert ended.code == 3
    assert "BULKSENDER_API_KEY" in ended.err
    assert "--simulate" in ended.err


def test_the_key_is_read_from_a_file_that_the_settings_name(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("key.txt", simulator.api_key + "\n")
    shell.write("bulksender.toml", 'api_key_file = "key.txt"\nsubaccount = "simulator"\n')
    ended = shell.run(*SEND, "--yes", BULKSENDER_API_KEY="", BULKSENDER_SUBACCOUNT="")
    assert ended.code == 0, ended.err


def test_without_a_terminal_lines_are_plain(shell: Shell) -> None:
    ended = shell.run(*SEND, "--yes")
    assert "\x1b" not in ended.out + ended.err
    assert "3 QUEUED" in ended.out
    assert "Result: sheet-results.csv" in ended.out


def test_a_person_at_a_terminal_is_asked_and_no_means_no(
    shell: Shell, simulator: Simulator
) -> None:
    code, screen = at_a_terminal(shell, SEND, "n\n")
    assert code == 3
    assert "Send 3 messages to simulator at" in screen
    assert simulator.posts == []
    code, screen = at_a_terminal(shell, SEND, "y\n")
    assert code == 0
    assert "Sending" in screen
    assert len(simulator.messages) == 3


def at_a_terminal(shell: Shell, arguments: tuple[str, ...], typed: str) -> tuple[int, str]:
    """Run the command at a pseudo-terminal, with somebody typing."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bulksender", *arguments]
    child = subprocess.Popen(
        command,
        cwd=shell.folder,
        env=shell.environ | {"TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    screen = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the terminal's other end was closed
            break
        if not piece:
            break
        screen += piece
    os.close(ours)
    return child.wait(timeout=60), screen.decode(errors="replace")

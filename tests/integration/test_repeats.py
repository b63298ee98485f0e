"""Nobody twice across runs: what waits, what is unsettled, what was sent meanwhile, rehearsals."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Shell

from bulksender.ledger import Ledger
from bulksender.simulator import Fault, FaultKind, Simulator

SHEET = "Name,Mobile\n" + "".join(f"P{n},+659123000{n}\n" for n in range(6))
SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--yes", "--json")
SLOWLY = ("--batch-size", "2", "--concurrency", "1")


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def most_often(simulator: Simulator) -> int:
    """How often the same text went to the same number, at the most."""
    return max(Counter((m.destination, m.text) for m in simulator.messages).values())


def statuses(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row["status"] for row in csv.DictReader(file)]


def test_a_sheet_with_a_row_more_is_refused_while_its_rows_wait_in_a_stopped_run(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    stopped = shell.run(*SEND, *SLOWLY)
    assert stopped.code == 6
    shell.write("sheet.csv", SHEET + "New,+6591230009\n")
    refused = shell.run(*SEND)
    assert refused.code == 3
    assert f"bulksender resume {stopped.json['run']}" in refused.err
    assert shell.run("resume").code == 0
    assert most_often(simulator) == 1
    assert len(simulator.messages) == 6


def test_what_may_have_been_sent_is_not_sent_by_a_sheet_with_a_row_more(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=1))
    assert shell.run(*SEND, "--batch-size", "6").code == 5
    shell.write("sheet.csv", SHEET + "New,+6591230009\n")
    second = shell.run(*SEND)
    assert second.code == 5
    assert second.json["counts"] == {"QUEUED": 1, "UNKNOWN": 6}
    assert second.json["parts"] == 1
    assert most_often(simulator) == 1
    found = statuses(shell.folder / "sheet-results.csv")
    assert found == ["UNKNOWN"] * 6 + ["QUEUED"], "the sheet says what the ledger says"
    again = shell.run("send", "sheet-results.csv", "--text", "Another {{ name }}", "--yes")
    assert again.code == 5
    assert len(simulator.messages) == 7


def test_a_stopped_run_does_not_send_what_a_later_one_has_sent(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    first = shell.run(*SEND, *SLOWLY)
    assert first.json["counts"] == {"READY": 4, "QUEUED": 2}
    assert shell.run(*SEND, "--again").json["counts"] == {"QUEUED": 6}
    before = len(simulator.messages)
    resumed = shell.run("resume", first.json["run"], "--json")
    assert resumed.code == 0
    assert resumed.json["counts"] == {"ALREADY_SENT": 4, "QUEUED": 2}
    assert len(simulator.messages) == before


def test_two_plans_that_share_messages_are_not_both_approved(
    desk_plans: Callable[[int], str], shell: Shell, simulator: Simulator
) -> None:
    run_id = desk_plans(3)  # planned, and waiting for somebody's yes
    assert shell.run(*SEND).code == 0
    with Ledger(shell.folder / "ledger.db") as ledger, pytest.raises(Exception, match="meanwhile"):
        ledger.run(run_id).approve()


@pytest.fixture
def desk_plans(shell: Shell) -> Callable[[int], str]:
    """Plan the same sheet in another process's place, without approving it."""
    from bulksender import campaign
    from bulksender.settings import Job, SheetOptions

    def plan(_: int) -> str:
        job = Job(
            sheet=SheetOptions(path=str(shell.folder / "sheet.csv")),
            template="Hi {{ name }}",
            subaccount=shell.environ["BULKSENDER_SUBACCOUNT"],
            base_url=shell.environ["BULKSENDER_BASE_URL"],
        )
        with Ledger(shell.folder / "ledger.db") as ledger:
            return campaign.plan(job, ledger).id

    return plan


def test_a_rehearsal_does_not_keep_anybody_from_the_real_thing(
    shell: Shell, simulator: Simulator
) -> None:
    rehearsed = shell.run(*SEND, "--simulate", "--in-place", BULKSENDER_BASE_URL="")
    assert rehearsed.json["counts"] == {"QUEUED": 6}
    checked = shell.run("check", "sheet.csv", "--text", "Hi {{ name }}", "--json")
    assert checked.json["counts"] == {"ALREADY_SENT": 6}, "a second rehearsal, by its address"
    with Ledger(shell.folder / "ledger.db") as ledger:
        assert ledger.pretended() == {rehearsed.json["run"]}
    real = shell.run(
        "check", "sheet.csv", "--text", "Hi {{ name }}", "--json", BULKSENDER_BASE_URL=""
    )
    assert real.json["counts"] == {"READY": 6}


def test_a_run_that_was_planned_for_people_is_not_resumed_at_a_simulator(
    shell: Shell, simulator: Simulator
) -> None:
    real = {"BULKSENDER_BASE_URL": "https://127.0.0.2:1", "BULKSENDER_API_KEY": "key"}
    shell.write("one.csv", "Name,Mobile\nP0,+6591230000\n")
    from bulksender import campaign
    from bulksender.settings import Job, SheetOptions

    job = Job(
        sheet=SheetOptions(path=str(shell.folder / "one.csv")),
        template="Hi",
        subaccount="simulator",
        base_url=real["BULKSENDER_BASE_URL"],
    )
    with Ledger(shell.folder / "ledger.db") as ledger:
        run = campaign.plan(job, ledger)
        run.approve()
        run.end()
    crossed = shell.run("resume")
    assert crossed.code == 3
    assert "a simulator" in crossed.err
    assert simulator.posts == []


def test_a_result_sheet_whose_rows_all_went_out_sends_nothing_and_says_so(
    shell: Shell, simulator: Simulator
) -> None:
    assert shell.run(*SEND).code == 0
    ended = shell.run("send", "sheet-results.csv", "--text", "Hi {{ name }}", "--yes")
    assert ended.code == 0
    assert "Nothing is left to send" in ended.out
    assert len(simulator.messages) == 6


def test_the_sheet_is_not_overwritten_by_naming_it_as_the_output(shell: Shell) -> None:
    ended = shell.run(*SEND, "-o", "./sheet.csv")
    assert ended.code == 3
    assert "--in-place" in ended.err
    assert (shell.folder / "sheet.csv").read_text() == SHEET


def test_a_finished_run_can_be_resumed_to_write_its_result_again(shell: Shell) -> None:
    run = shell.run(*SEND).json["run"]
    (shell.folder / "sheet-results.csv").unlink()
    ended = shell.run("resume", run, "--json")
    assert ended.code == 0
    assert ended.json["counts"] == {"QUEUED": 6}
    assert (shell.folder / "sheet-results.csv").is_file()


def test_paths_are_those_of_the_folder_where_they_were_typed(shell: Shell) -> None:
    run = shell.run(*SEND).json["run"]
    other = shell.folder / "other"
    other.mkdir()
    (other / "sheet.csv").write_text("Name,Mobile\nZed,+6598765432\n")
    (shell.folder / "sheet-results.csv").unlink()
    ended = shell.bash(f"cd other && bulksender report {run} --json")
    assert ended.code == 0, ended.err
    assert (shell.folder / "sheet-results.csv").is_file()
    assert [path.name for path in other.iterdir()] == ["sheet.csv"]

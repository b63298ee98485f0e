"""`bulksender retry`: what 8x8 rejected, or a corrected sheet has mended, goes out once.

Real processes against simulators in this one, which remember what people would have received.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from shell import Shell
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
from bulksender.simulator import Simulator
from bulksender.simulator.faults import Fault, FaultKind

BLOCKED = {"+6591230001": "Blocked", "+6591230003": "Blocked", "+6591230005": "Blocked"}
MENDABLE = "Name,Mobile\nP0,+6591230000\nP1,123\nP2,+6591230002\nP3,call me\nP4,+6591230004\n"


@pytest.fixture(autouse=True)
def sheet(shell: Shell) -> None:
    shell.write("sheet.csv", SHEET)


def half_rejected(shell: Shell, simulator: Simulator) -> str:
    """A run in one batch of which the messages to P1, P3 and P5 were rejected, this time."""
    simulator.inject(Fault(FaultKind.PARTLY))
    run = sent(shell, simulator, size=ROWS)
    assert states(shell) == {"QUEUED": 3, "REJECTED": 3}
    return run


def reported(shell: Shell, run: str, name: str) -> bytes:
    """What `bulksender report RUN -o NAME` writes."""
    with Ledger(shell.folder / "ledger.db") as ledger:
        told = campaign.report(campaign.reportable(run, ledger), shell.folder / name)
    assert told.output == str(shell.folder / name), "it stands beside the sheet's rows"
    return (shell.folder / name).read_bytes()


def parents(shell: Shell) -> dict[str, str | None]:
    return {each["run"]: each["parent"] for each in shell.run("runs", "--json").json["runs"]}


def numbers(*rows: int) -> list[str]:
    return [f"+659123000{row}" for row in rows]


def test_what_8x8_rejected_goes_out_as_a_run_of_its_own(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.PARTLY))
    first = shell.run("send", "sheet.csv", "--text", "Hi {{ name }}", "--yes", "--json")
    assert first.code == 4
    parent = first.json["run"]
    assert f"bulksender retry {parent}" in first.err

    ended = shell.run("retry", parent, "--yes", "--json")

    assert ended.code == 0, ended.err
    assert list(ended.json) == KEYS
    assert ended.json["counts"] == {"QUEUED": 3}
    child = ended.json["run"]
    assert parents(shell) == {parent: None, child: parent}
    assert_nobody_twice(simulator)
    assert {(m.destination, m.text) for m in simulator.messages} == {
        (f"+659123000{n}", f"Hi P{n}") for n in range(ROWS)
    }
    umids = {message.destination: message.umid for message in simulator.messages}
    for row, run in zip(results(shell), [parent, child] * 3, strict=True):
        assert (row["status"], row["run"]) == ("QUEUED", run)
        assert row["umid"] == umids[row["Mobile"]]
        assert row["batch_id"]
    assert reported(shell, parent, "a.csv") == reported(shell, child, "b.csv")
    assert reported(shell, child, "b.csv") == (shell.folder / "sheet-results.csv").read_bytes()

    for run in (parent, child):
        again = shell.run("retry", run, "--yes")
        assert again.code == 3
        assert "no row left" in again.err
        assert_quiet(again)
    assert parents(shell) == {parent: None, child: parent}, "nothing to do leaves no run"
    assert len(simulator.posts) == 2


def test_what_is_rejected_again_can_be_tried_a_third_time(
    shell: Shell, simulator: Simulator, simulated: Callable[..., Simulator]
) -> None:
    picky = simulated(reject=BLOCKED)
    first = sent(shell, picky, size=ROWS)
    second = shell.run("retry", first, "--yes", "--json", BULKSENDER_BASE_URL=picky.base_url)
    assert second.code == 4
    assert second.json["counts"] == {"REJECTED": 3}
    assert f"bulksender retry {second.json['run']}" in second.err
    assert states(shell) == {"QUEUED": 3, "REJECTED": 3}
    listed = {each["run"]: each["next"] for each in shell.run("runs", "--json").json["runs"]}
    assert listed[first] == "", "the newest try is the one to go on with"
    assert listed[second.json["run"]] == f"bulksender retry {second.json['run']}"
    third = shell.run("retry", second.json["run"], "--yes", "--json")
    assert third.code == 0, third.err
    assert states(shell) == {"QUEUED": ROWS}
    assert_nobody_twice(picky, simulator)
    assert len(picky.messages) + len(simulator.messages) == ROWS
    said = {reported(shell, run, "a.csv") for run in listed} | {
        reported(shell, third.json["run"], "a.csv")
    }
    assert len(said) == 1, "every run of them tells the same"


def test_a_batch_that_was_refused_as_a_whole_is_tried_again(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.BAD_REQUEST))
    parent = sent(shell, simulator, size=ROWS)
    assert states(shell) == {"REJECTED": ROWS}
    ended = shell.run("retry", parent, "--yes")
    assert ended.code == 0, "the same plan as before, of which nothing went out"
    assert states(shell) == {"QUEUED": ROWS}
    assert len(simulator.messages) == ROWS


def test_trying_again_asks_and_a_no_leaves_no_trace(shell: Shell, simulator: Simulator) -> None:
    parent = half_rejected(shell, simulator)
    before = (shell.folder / "sheet-results.csv").read_bytes()

    silent = shell.run("retry", parent)
    assert silent.code == 3
    assert "--yes" in silent.err
    code, said = on_terminal(shell, "retry", parent, answers="n")
    assert code == 3
    assert "Send 3 messages" in said

    assert len(simulator.posts) == 1
    assert (shell.folder / "sheet-results.csv").read_bytes() == before
    assert reported(shell, parent, "again.csv") == before
    with closing(sqlite3.connect(shell.folder / "ledger.db")) as connection:
        assert connection.execute("SELECT count(*) FROM message").fetchone() == (ROWS,)
    code, said = on_terminal(shell, "retry", parent, answers="y")
    assert code == 0, said
    assert states(shell) == {"QUEUED": ROWS}
    assert_nobody_twice(simulator)


def test_runs_that_have_nothing_to_try_again_are_refused(
    shell: Shell, simulator: Simulator
) -> None:
    run = sent(shell, simulator)
    for arguments, words in (
        ((run, "--yes"), "no row left that 8x8 rejected"),
        ((run, "--yes", "--also", "invalid"), "INVALID"),
    ):
        refused = shell.run("retry", *arguments)
        assert refused.code == 3
        assert words in refused.err
        assert_quiet(refused)
    assert len(parents(shell)) == 1
    declined = shell.run("send", "sheet.csv", "--text", "Hello {{ name }}", "--json")
    never = shell.run("retry", declined.json["run"], "--yes")
    assert never.code == 3
    assert "never approved" in never.err


def test_rows_that_went_out_meanwhile_by_the_result_sheet_are_not_sent_again(
    shell: Shell, simulator: Simulator
) -> None:
    parent = half_rejected(shell, simulator)
    sent(shell, simulator, "sheet-results.csv", size=ROWS)
    assert len(simulator.messages) == ROWS
    ended = shell.run("retry", parent, "--yes", "--json")
    assert ended.code in (0, 3)
    assert len(simulator.posts) == 2
    assert_nobody_twice(simulator)


def test_two_of_the_same_retry_cannot_run_at_once(shell: Shell, simulator: Simulator) -> None:
    parent = half_rejected(shell, simulator)
    simulator.inject(Fault(FaultKind.SLOW, seconds=1.5))
    both = [shell.start("retry", parent, "--yes") for _ in range(2)]
    codes = []
    for child in both:
        _, err = child.communicate(timeout=60)
        assert "Traceback" not in err
        codes.append(child.returncode)
    assert sorted(codes) in ([0, 7], [0, 3]), "the other one waits its turn, or finds nothing"
    assert_nobody_twice(simulator)
    assert len(simulator.messages) == ROWS


def test_a_retry_that_was_killed_is_resumed_and_settled(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.PARTLY, post=1, times=3))
    parent = sent(shell, simulator)
    assert states(shell) == {"QUEUED": 3, "REJECTED": 3}
    simulator.inject(Fault(FaultKind.SLOW, post=4, seconds=20))
    child = shell.start("retry", parent, "--yes")
    try:
        deadline = time.monotonic() + 30
        while len(simulator.messages) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        child.kill()
        child.communicate()
    beside = shell.run("retry", parent, "--yes")
    assert beside.code == 3, "its rows wait in the try that was killed"

    resumed = shell.run("resume", "--json")

    assert resumed.code == 5
    assert resumed.json["counts"] == {"QUEUED": 1, "UNKNOWN": 2}
    assert shell.run("reconcile", "--json").code == 0
    assert states(shell) == {"QUEUED": ROWS}
    assert_nobody_twice(simulator)
    assert len(simulator.messages) == ROWS
    assert reported(shell, parent, "a.csv") == reported(shell, resumed.json["run"], "b.csv")


def test_a_retry_that_was_stopped_says_how_to_go_on(shell: Shell, simulator: Simulator) -> None:
    simulator.inject(Fault(FaultKind.PARTLY, post=1, times=3))
    parent = sent(shell, simulator)
    simulator.inject(Fault(FaultKind.SLOW, post=4, seconds=1))
    child = shell.start("retry", parent, "--yes", "--json")
    try:
        deadline = time.monotonic() + 30
        while len(simulator.posts) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 6
    run = json.loads(out)["run"]
    assert f"bulksender resume {run}" in err
    assert states(shell) == {"QUEUED": 5, "READY": 1}
    assert shell.run("resume", run).code == 0
    assert states(shell) == {"QUEUED": ROWS}
    assert_nobody_twice(simulator)


def test_what_is_unknown_is_not_tried_again_and_can_still_be_settled(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.PARTLY, post=1))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    parent = sent(shell, simulator)
    assert states(shell) == {"QUEUED": 3, "REJECTED": 1, "UNKNOWN": 2}
    ended = shell.run("retry", parent, "--yes", "--json")
    assert ended.code == 0
    assert ended.json["counts"] == {"QUEUED": 1}
    assert states(shell) == {"QUEUED": 4, "UNKNOWN": 2}
    settled = shell.run("reconcile", parent)
    assert states(shell) == {"QUEUED": ROWS}, "the parent's report has the child's row"
    assert settled.code == 0, "what was rejected has gone out since"
    assert_nobody_twice(simulator)


def test_a_person_who_was_forgotten_is_not_tried_again(shell: Shell, simulator: Simulator) -> None:
    parent = half_rejected(shell, simulator)
    assert shell.run("forget", "+65 9123 0001").code == 0
    ended = shell.run("retry", parent, "--yes", "--json")
    assert ended.code == 0
    assert ended.json["counts"] == {"QUEUED": 2}
    assert sorted(m.destination for m in simulator.messages) == numbers(0, 2, 3, 4, 5)
    assert results(shell)[1]["destination"] == ""


def test_rows_of_a_sheet_that_is_gone_are_tried_again_from_the_ledger(
    shell: Shell, simulator: Simulator
) -> None:
    parent = half_rejected(shell, simulator)
    (shell.folder / "sheet.csv").unlink()
    mended = shell.run("retry", parent, "--yes", "--also", "invalid")
    assert mended.code == 3
    assert "sheet.csv" in mended.err
    ended = shell.run("retry", parent, "--yes", "--json")
    assert ended.code == 0, ended.err
    assert sorted(m.destination for m in simulator.messages) == numbers(*range(ROWS))
    assert sorted(m.text for m in simulator.messages) == [f"Hi P{n}" for n in range(ROWS)]


def test_a_sheet_that_is_written_in_place_takes_the_result_of_each_try(
    shell: Shell, simulator: Simulator, simulated: Callable[..., Simulator]
) -> None:
    picky = simulated(reject=BLOCKED)
    first = sent(shell, picky, size=ROWS, in_place=True)
    assert states(shell, "sheet.csv") == {"QUEUED": 3, "REJECTED": 3}
    again = shell.run("retry", first, "--yes", "--json", BULKSENDER_BASE_URL=picky.base_url)
    assert again.code == 4
    assert states(shell, "sheet.csv") == {"QUEUED": 3, "REJECTED": 3}
    for run in (first, again.json["run"]):
        told = shell.run("report", run, "--json")
        assert told.json["output"].endswith("sheet.csv"), "our own result is no change of the sheet"
    ended = shell.run("retry", first, "--yes", "--json")
    assert ended.code == 0
    assert states(shell, "sheet.csv") == {"QUEUED": ROWS}
    assert {row["run"] for row in results(shell, "sheet.csv")} == {first, ended.json["run"]}
    assert_nobody_twice(picky, simulator)


def test_a_schedule_that_has_passed_is_asked_for_anew(shell: Shell, simulator: Simulator) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    simulator.inject(Fault(FaultKind.PARTLY))
    parent = sent(shell, simulator, size=ROWS, scheduled=soon.isoformat())
    while datetime.now(UTC) <= soon:
        time.sleep(0.05)
    late = shell.run("retry", parent, "--yes")
    assert late.code == 3
    assert "--schedule" in late.err
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    ended = shell.run("retry", parent, "--yes", "--schedule", later)
    assert ended.code == 0, ended.err
    assert simulator.messages[-1].scheduled == datetime.fromisoformat(later)
    assert_nobody_twice(simulator)


def test_a_refusal_names_no_option_that_retry_does_not_have(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("one.csv", "Name,Mobile\nP1,+6591230001\n")
    sent(shell, simulator, "one.csv")
    simulator.inject(Fault(FaultKind.PARTLY))
    shell.write("two.csv", "Name,Mobile\nP0,+6591230000\nP1,+6591230001\n")
    parent = sent(shell, simulator, "two.csv")
    ended = shell.run("retry", parent, "--yes")
    assert len(simulator.posts) == 2, "P1 has had this text by the first run"
    assert "--again" not in ended.err
    assert "--again" not in ended.out


def mendable(shell: Shell, simulator: Simulator) -> str:
    shell.write("sheet.csv", MENDABLE)
    run = sent(shell, simulator, size=ROWS)
    assert states(shell) == {"QUEUED": 3, "INVALID": 2}
    return run


def test_mended_rows_alone_go_out(shell: Shell, simulator: Simulator) -> None:
    parent = mendable(shell, simulator)
    shell.write("sheet.csv", MENDABLE.replace("P1,123", "Q1,+65 9123 0001"))
    for arguments in ((parent, "--yes"), (parent, "--yes", "--also", "everything")):
        assert shell.run("retry", *arguments).code in (2, 3)
    ended = shell.run("retry", parent, "--yes", "--also", "invalid", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"INVALID": 1, "QUEUED": 1}
    assert [(m.destination, m.text) for m in simulator.messages][3:] == [("+6591230001", "Hi Q1")]
    rows = results(shell)
    assert [row["status"] for row in rows] == ["QUEUED", "QUEUED", "QUEUED", "INVALID", "QUEUED"]
    assert [row["run"] == parent for row in rows] == [True, False, True, False, True]
    assert_quiet(ended)

    unmended = shell.run("retry", parent, "--yes", "--also", "invalid")
    assert unmended.code == 3
    mended = MENDABLE.replace("P1,123", "Q1,+65 9123 0001").replace("call me", "+6591230003")
    shell.write("sheet.csv", mended)
    last = shell.run("retry", parent, "--yes", "--also", "invalid")
    assert last.code == 0, last.err
    assert states(shell) == {"QUEUED": 5}
    assert_nobody_twice(simulator)
    assert sorted(m.destination for m in simulator.messages) == numbers(*range(5))


def moved() -> dict[str, str]:
    header, *rows = MENDABLE.replace("123\n", "+6591230001\n", 1).splitlines(keepends=True)
    rows[1] = "P1,+6591230001\n"
    return {
        "inserted above": "".join([header, "New,+6591230008\n", *rows]),
        "deleted above": "".join([header, *rows[1:]]),
        "sorted": "".join([header, *reversed(rows)]),
        "a mended row swapped with one that went out": "".join(
            [header, rows[1], rows[0], *rows[2:]]
        ),
    }


@pytest.mark.parametrize("how", list(moved()))
def test_a_sheet_whose_rows_have_moved_is_refused(
    shell: Shell, simulator: Simulator, how: str
) -> None:
    parent = mendable(shell, simulator)
    before = (shell.folder / "sheet-results.csv").read_bytes()
    shell.write("sheet.csv", moved()[how])
    ended = shell.run("retry", parent, "--yes", "--also", "invalid")
    assert ended.code == 3
    assert "moved" in ended.err
    assert "row " in ended.err
    assert_quiet(ended)
    assert len(simulator.posts) == 1
    assert (shell.folder / "sheet-results.csv").read_bytes() == before


def test_rows_that_have_moved_among_the_refused_ones_reach_nobody_twice(
    shell: Shell, simulator: Simulator
) -> None:
    shell.write("sheet.csv", "Name,Mobile\nP0,1\nP1,2\nP2,+6591230002\n")
    parent = sent(shell, simulator)
    shell.write("sheet.csv", "Name,Mobile\nP1,+6591230001\nP2,+6591230002\n")
    shell.run("retry", parent, "--yes", "--also", "invalid")
    assert_nobody_twice(simulator)
    got = {(m.destination, m.text) for m in simulator.messages}
    assert got <= {("+6591230001", "Hi P1"), ("+6591230002", "Hi P2")}


def test_a_mended_row_does_not_reach_a_number_that_another_row_has_had(
    shell: Shell, simulator: Simulator
) -> None:
    head = "Name,Mobile,Opt out\n"
    rows = ["P0,+6591230000,", "P1,+6591230001,", "Mum,+6591230009,yes", "A,1,", "B,2,", "C,3,"]
    shell.write("sheet.csv", head + "\n".join(rows) + "\n")
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    parent = sent(shell, simulator, size=1)
    assert states(shell) == {"QUEUED": 1, "UNKNOWN": 1, "OPTED_OUT": 1, "INVALID": 3}
    rows[3:] = ["A,+6591230000,", "B,+6591230001,", "C,+6591230009,"]
    shell.write("sheet.csv", head + "\n".join(rows) + "\n")
    ended = shell.run("retry", parent, "--yes", "--also", "invalid", "--json")
    assert len(simulator.posts) == 2, "all three have had it, may have, or do not want it"
    assert ended.json["counts"] == {"DUPLICATE": 2, "OPTED_OUT": 1}
    assert_quiet(ended)


def test_rejected_and_mended_rows_go_out_together(shell: Shell, simulator: Simulator) -> None:
    shell.write("sheet.csv", MENDABLE)
    simulator.inject(Fault(FaultKind.PARTLY))
    parent = sent(shell, simulator, size=ROWS)
    assert states(shell) == {"QUEUED": 2, "REJECTED": 1, "INVALID": 2}
    shell.write("sheet.csv", MENDABLE.replace("call me", "+6591230003"))
    code, said = on_terminal(shell, "retry", parent, "--also", "invalid", answers="y")
    assert code == 0, said
    assert "Send 2 messages" in said
    assert states(shell) == {"QUEUED": 4, "INVALID": 1}
    assert_nobody_twice(simulator)

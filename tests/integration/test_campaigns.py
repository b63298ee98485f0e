"""`bulksender run campaigns/NAME.toml`: once a period, whatever happened before.

The command in this process, against a simulator that remembers what people would have received.
Processes of their own where one is killed, or where two are there at once.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from campaign_folder import (
    FILE,
    MARK,
    NEXT,
    PEOPLE,
    THIS,
    YESTERDAY,
    Folder,
    ended,
    wait_for,
)
from shell import Shell

from bulksender.campaignfile import read_campaign
from bulksender.errors import ExitCode
from bulksender.ledger import Ledger, previous_run, run_of_period, waiting_run
from bulksender.loader import Chunk
from bulksender.model import Previous, Recipient, RowStatus
from bulksender.periodic import Begin, Done, todo
from bulksender.screening import Screen
from bulksender.settings import Job, SheetOptions
from bulksender.simulator import Fault, FaultKind, Simulator

SMALL = {"batch_size": 1, "concurrency": 1}
THROTTLED = Fault(FaultKind.TOO_MANY, post=2, times=-1, retry_after=3600)


@pytest.fixture
def folder(shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(shell.folder)
    return Folder(shell, simulator)


# Once a period -------------------------------------------------------------------------------


def test_a_campaign_runs_once_a_period(folder: Folder) -> None:
    first = folder.run("--json")
    assert first.code == 0, first.err
    again = folder.run()
    assert again.code == 8
    assert f"news has run for {THIS}: run {first.json['run']}. Nothing was done." in again.err
    told = folder.run("--json")
    assert (told.code, told.json["run"]) == (8, first.json["run"])
    assert folder.texted == [*PEOPLE.values()]
    assert len(folder.sim.posts) == 1
    assert folder.states == ["FINISHED"]
    [listed] = folder.bulksender("runs", "--json").json["runs"]
    assert (listed["campaign"], listed["period"]) == ("news", THIS)


def test_another_period_can_be_named_and_the_same_texts_go_out_again(folder: Folder) -> None:
    assert folder.run().code == 0
    named = folder.run("--period", NEXT)
    assert named.code == 0, named.err
    assert folder.run("--period", NEXT).code == 8
    assert folder.texted == [*PEOPLE.values()] * 2
    assert [row["status"] for row in folder.results(f"results/news-{NEXT}.csv")] == ["QUEUED"] * 3


def test_what_is_no_period_is_refused(folder: Folder) -> None:
    ended = folder.run("--period", "2026-W48")
    assert ended.code == 3
    assert "a month such as 2026-11" in ended.err
    assert not folder.sim.posts


def test_next_month_the_same_texts_go_out_and_nobody_says_that_they_were_sent(
    folder: Folder,
) -> None:
    assert folder.run().code == 0
    assert folder.run_at(datetime.now(UTC) + timedelta(days=40)) is ExitCode.DONE
    assert folder.texted == [*PEOPLE.values()] * 2


def test_a_stopped_run_goes_on_and_then_the_period_is_done(folder: Folder) -> None:
    folder.campaign(sending=SMALL)
    folder.sim.inject(THROTTLED)
    stopped = folder.run("--json")
    assert stopped.code == 6, stopped.err
    assert stopped.json["counts"] == {"READY": 2, "QUEUED": 1}
    with Simulator() as recovered:
        resumed = folder.run("--json", "--base-url", recovered.base_url)
        assert resumed.code == 0, resumed.err
        assert resumed.json["run"] == stopped.json["run"]
        assert [each.destination for each in recovered.messages] == [*PEOPLE.values()][1:]
    assert folder.texted == [PEOPLE["Ann"]]
    assert [row["status"] for row in folder.results()] == ["QUEUED"] * 3
    assert folder.run().code == 8


def test_a_run_that_never_reached_8x8_goes_on(folder: Folder) -> None:
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED, times=1))
    assert folder.run().code == 6
    assert folder.run().code == 0
    assert folder.texted == [*PEOPLE.values()]


def test_what_a_killed_process_had_in_flight_is_settled_by_8x8s_log(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    slow = simulated(latency=1.0)
    folder.sheet({f"Person {n}": f"+6591230{n:03}" for n in range(10)})
    folder.campaign(sending={"batch_size": 2, "concurrency": 1})
    child = folder.shell.start("run", FILE, BULKSENDER_BASE_URL=slow.base_url)
    wait_for(lambda: len(slow.posts) == 2 or child.poll() is not None)
    assert ended(child, signal.SIGKILL)[0] == -signal.SIGKILL
    wait_for(lambda: len(slow.messages) == 4)

    resumed = folder.run("--json", BULKSENDER_BASE_URL=slow.base_url)
    assert resumed.code == 0, resumed.err
    assert resumed.json["counts"] == {"QUEUED": 10}
    assert Counter(message.destination for message in slow.messages).most_common(1)[0][1] == 1
    assert len(slow.messages) == 10


def test_what_8x8s_log_does_not_show_yet_stays_unknown_until_it_does(folder: Folder) -> None:
    folder.sim.inject(Fault(FaultKind.CLOSE_BEFORE))
    assert folder.run().code == 5
    again = folder.run()
    assert again.code == 5
    assert "Asking 8x8's log" in again.out
    assert folder.texted == []
    assert len(folder.sim.posts) == 1


def test_a_run_goes_on_from_another_working_folder(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.campaign(sending=SMALL)
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    assert folder.run().code == 6
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    resumed = folder.run("--json", file=str(folder.path / FILE))
    assert resumed.code == 0, resumed.err
    assert resumed.json["output"] == str(folder.path / f"results/news-{THIS}.csv")
    assert [row["Name"] for row in folder.results()] == [*PEOPLE]
    assert folder.texted == [*PEOPLE.values()]


@pytest.mark.parametrize("resend_absent", [True, False])
def test_what_8x8_never_had_is_sent_again_where_the_campaign_says_so(
    folder: Folder, resend_absent: bool
) -> None:
    folder.campaign(sending={"resend_absent": resend_absent})
    folder.sim.inject(Fault(FaultKind.CLOSE_BEFORE))
    assert folder.run().code == 5
    later = folder.run_at(datetime.now(UTC) + timedelta(minutes=16))
    assert later is (ExitCode.DONE if resend_absent else ExitCode.UNKNOWN)
    assert folder.texted == ([*PEOPLE.values()] if resend_absent else [])


def test_only_one_process_at_a_time_runs_a_campaign(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    slow = simulated(latency=1.5)
    child = folder.shell.start("run", FILE, BULKSENDER_BASE_URL=slow.base_url)
    wait_for(lambda: len(slow.posts) == 1 or child.poll() is not None)
    second = folder.run(BULKSENDER_BASE_URL=slow.base_url)
    assert ended(child)[0] == 0
    assert second.code == 7
    assert "Another process is running the campaign news." in second.err
    assert len(slow.posts) == 1


def test_two_campaigns_do_not_keep_each_other_waiting(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    slow = simulated(latency=1.5)
    other = folder.campaign("other", message={"text": "Something else"})
    child = folder.shell.start("run", FILE, BULKSENDER_BASE_URL=slow.base_url)
    wait_for(lambda: len(slow.posts) == 1 or child.poll() is not None)
    assert folder.run(file=other).code == 0
    assert ended(child)[0] == 0


# What was sent by hand, and before -----------------------------------------------------------

BY_HAND = ("send", "contacts.csv", "--text", f"{MARK} waits, {{{{ name }}}}", "--yes")


def test_what_was_sent_by_hand_in_this_period_is_not_sent_by_the_campaign(folder: Folder) -> None:
    assert folder.bulksender(*BY_HAND).code == 0
    refused = folder.run()
    assert refused.code == 8
    assert "The same texts to the same numbers were sent before" in refused.err
    assert folder.texted == [*PEOPLE.values()]


def test_what_was_sent_by_hand_last_month_is_sent_by_the_campaign(folder: Folder) -> None:
    assert folder.bulksender(*BY_HAND).code == 0
    assert folder.run_at(datetime.now(UTC) + timedelta(days=40)) is ExitCode.DONE
    assert folder.texted == [*PEOPLE.values()] * 2


def test_what_the_campaign_has_sent_is_not_sent_by_hand(folder: Folder) -> None:
    assert folder.run().code == 0
    refused = folder.bulksender(*BY_HAND)
    assert refused.code == 8
    assert folder.texted == [*PEOPLE.values()]


def test_unknown_rows_of_the_last_period_do_not_hold_this_ones(folder: Folder) -> None:
    folder.campaign(period="daily")
    folder.sim.inject(Fault(FaultKind.CLOSE_BEFORE))
    assert folder.run("--period", YESTERDAY).code == 5
    today = folder.run("--json")
    assert today.code == 0, today.err
    assert today.json["counts"] == {"QUEUED": 3}
    assert folder.texted == [*PEOPLE.values()]


def test_a_stopped_run_of_the_last_period_does_not_hold_this_one(folder: Folder) -> None:
    folder.campaign(period="daily", sending=SMALL)
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED))
    assert folder.run("--period", YESTERDAY).code == 6
    assert folder.run().code == 0
    assert folder.texted == [*PEOPLE.values()]


def test_a_umid_of_another_period_does_not_keep_a_row_out_and_one_of_this_period_does(
    folder: Folder,
) -> None:
    """The sheet of a campaign that writes into it brings back what earlier runs have written."""
    folder.campaign(period="daily", output={"in_place": True})
    assert folder.run("--period", YESTERDAY).code == 0
    assert all(row["umid"] for row in folder.results("contacts.csv"))
    today = folder.run("--json")
    assert today.json["counts"] == {"QUEUED": 3}

    folder.query("UPDATE run SET period = ? WHERE period = ?", "gone", YESTERDAY)
    with_dan = (folder.path / "contacts.csv").read_text() + "Dan,+6591230004,,,,,,,,,\n"
    folder.write("contacts.csv", with_dan)
    checked = folder.check("--json")
    assert checked.json["counts"] == {"ALREADY_SENT": 3, "READY": 1}


def test_an_opt_out_that_an_earlier_run_has_written_keeps_a_row_out(folder: Folder) -> None:
    folder.campaign(period="daily", output={"in_place": True})
    assert folder.bulksender("suppress", "add", PEOPLE["Bob"]).code == 0
    assert folder.run("--period", YESTERDAY).code == 0
    assert folder.bulksender("suppress", "remove", PEOPLE["Bob"]).code == 0
    today = folder.run("--json")
    assert today.json["counts"] == {"OPTED_OUT": 1, "QUEUED": 2}
    assert PEOPLE["Bob"] not in folder.texted


# Rehearsals and the real thing ---------------------------------------------------------------


def test_a_rehearsal_in_the_program_and_one_on_this_machine_are_the_same_thing(
    folder: Folder,
) -> None:
    rehearsal = folder.run("--simulate")
    assert rehearsal.code == 0, rehearsal.err
    assert folder.run().code == 8, "the simulator on this machine is a rehearsal, too"
    assert not folder.sim.posts


def real_job(**changes: Any) -> Job:
    """A campaign's job that would reach people."""
    return Job(
        sheet=SheetOptions(path="contacts.csv"),
        template="Hi",
        subaccount="simulator",
        base_url="https://sms.8x8.com",
        campaign="news",
        period=THIS,
        **changes,
    )


def test_a_rehearsal_does_not_count_for_the_real_thing(folder: Folder) -> None:
    """Nothing is sent here: the ledger tells what would be done."""
    assert folder.run().code == 0
    news = read_campaign(Path(FILE))
    with Ledger(folder.path / "ledger.db") as ledger:
        rehearsed = run_of_period(ledger, "news", THIS, True)
        assert rehearsed is not None
        assert run_of_period(ledger, "news", THIS, False) is None
        assert isinstance(todo(news, THIS, ledger, True), Done)
        assert todo(news, THIS, ledger, False) == Begin()
        assert previous_run(ledger, "news", NEXT, True) is not None
        assert previous_run(ledger, "news", NEXT, False) is None
        assert waiting_run(ledger, "news", THIS, False) is None
        row = Recipient(
            2, PEOPLE["Ann"], (), previous=Previous(umid="u", status="QUEUED", run=rehearsed.id)
        )
        real = Screen(real_job(), ledger)(Chunk([row], []))
        again = Screen(real_job(simulate=True), ledger)(Chunk([row], []))
    assert [len(kept) for kept in real] == [1, 0]
    assert [row.status for row in again[1]] == [RowStatus.ALREADY_SENT]

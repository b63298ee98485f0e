"""Where a campaign's result and report go, and what is told: to people, logs and collectors."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from campaign_folder import (
    FILE,
    MARK,
    PEOPLE,
    THIS,
    TODAY,
    Folder,
    Inbox,
    ended,
    receiving,
    wait_for,
)
from openpyxl import Workbook, load_workbook
from shell import Shell

from bulksender.simulator import Fault, FaultKind, Simulator

KEYS = {
    *("run", "campaign", "sheet", "output", "rows", "counts", "batches", "parts", "encodings"),
    *("cost", "seconds", "rows_per_second", "problems"),
}
SMALL = {"batch_size": 1, "concurrency": 1}
THROTTLED = Fault(FaultKind.TOO_MANY, post=2, times=-1, retry_after=3600)


@pytest.fixture
def folder(shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(shell.folder)
    return Folder(shell, simulator)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as served:
        yield served


# Where it goes -------------------------------------------------------------------------------


def test_result_and_page_go_to_the_campaigns_folder_from_any_working_folder(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    said = folder.run("--json", file=str(folder.path / FILE))
    assert said.code == 0, said.err
    assert said.json["output"] == str(folder.path / f"results/news-{THIS}.csv")
    assert [row["status"] for row in folder.results()] == ["QUEUED"] * 3
    page = (folder.path / f"results/news-{THIS}.html").read_text("utf-8")
    assert said.json["run"] in page
    assert [*elsewhere.iterdir()] == []


def test_from_the_campaigns_own_folder_it_is_the_same(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.path / "campaigns")
    assert folder.run(file="news.toml").code == 0
    assert len(folder.results()) == 3
    assert {path.name for path in (folder.path / "campaigns").iterdir()} == {"news.toml"}


def test_the_settings_of_the_campaigns_folder_count_from_any_working_folder(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = 'ledger = "own.db"\nprices = "own.csv"\n'
    folder.write("bulksender.toml", settings)
    folder.write("own.csv", "country,price,currency\nSG,0.05,SGD\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    said = folder.run("--json", file=str(folder.path / FILE), BULKSENDER_LEDGER="")
    assert said.code == 0, said.err
    assert said.json["cost"] == {"amount": 0.15, "currency": "SGD"}
    assert (folder.path / "own.db").exists()


def test_a_workbook_comes_back_as_a_workbook(folder: Folder) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Name", "Mobile"), *PEOPLE.items()):
        sheet.append(row)
    book.save(folder.path / "contacts.xlsx")
    folder.campaign(recipients={"path": "contacts.xlsx"})
    assert folder.run("--json").json["output"] == f"results/news-{THIS}.xlsx"
    result = load_workbook(folder.path / f"results/news-{THIS}.xlsx").active
    assert result is not None
    header, *rows = result.iter_rows(values_only=True)
    states = [dict(zip(header, row, strict=True))["status"] for row in rows]
    assert states == ["QUEUED"] * 3


def test_the_places_that_the_file_names_are_filled_in(folder: Folder) -> None:
    report = "out/{date:%Y}-{period}/{date}.html"
    folder.campaign(output={"sheet": "out/{date}/{campaign}-{period}", "report": report})
    assert folder.run().code == 0
    assert (folder.path / f"out/{TODAY}/news-{THIS}.csv").is_file()
    assert (folder.path / f"out/{TODAY[:4]}-{THIS}/{TODAY}.html").is_file()


def test_an_export_that_is_older_than_its_result_is_read_by_its_glob(folder: Folder) -> None:
    """The newest by name, whatever the times of the files say."""
    (folder.path / "exports").mkdir()
    folder.sheet({"Old": "+6591230008"}, "exports/contacts-2026-10.csv")
    folder.sheet({"New": "+6591230009"}, "exports/contacts-2026-11.csv")
    os.utime(folder.path / "exports/contacts-2026-11.csv", (0, 0))
    folder.campaign(recipients={"path": "exports/contacts-*.csv"})
    assert folder.run("--json").json["sheet"] == "exports/contacts-2026-11.csv"
    assert folder.texted == ["+6591230009"]


# What is told --------------------------------------------------------------------------------


def test_the_json_object_is_that_of_every_command_and_names_the_campaign(folder: Folder) -> None:
    checked, ran = folder.check("--json"), folder.run("--json")
    assert checked.json.keys() == ran.json.keys() == KEYS
    assert checked.json["campaign"] == ran.json["campaign"] == "news"
    assert checked.json["run"] is None
    assert checked.json["counts"] == {"READY": 3}
    assert ran.json["sheet"] == "contacts.csv"
    assert ran.json["output"] == f"results/news-{THIS}.csv"


def test_check_says_what_is_there_already_and_keeps_nothing(folder: Folder) -> None:
    before = {path.name for path in folder.path.iterdir()}
    assert folder.check().code == 0
    assert not folder.sim.posts
    assert {path.name for path in folder.path.iterdir()} - before <= {"ledger.db", "home"}
    run = folder.run("--json").json["run"]
    assert f"For {THIS} there is run {run} already." in folder.check().out


def test_the_log_has_a_line_a_batch_on_standard_error(folder: Folder) -> None:
    folder.campaign(sending=SMALL)
    ended = folder.run("--json", "--log-format", "json")
    lines = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == [
        "run_planned", "run_started", "batch", "batch", "batch", "run_ended",
    ]  # fmt: skip
    assert {line["run"] for line in lines} == {ended.json["run"]}
    assert {(line["campaign"], line["period"]) for line in lines} == {("news", THIS)}
    assert [line["number"] for line in lines if line["event"] == "batch"] == [1, 2, 3]


def test_the_metrics_are_of_the_last_run(folder: Folder) -> None:
    run = folder.run("--json", "--metrics-file", "news.prom").json["run"]
    lines = (folder.path / "news.prom").read_text().splitlines()
    assert f'bulksender_run_info{{campaign="news",period="{THIS}",run="{run}"}} 1' in lines
    assert 'bulksender_run_rows{campaign="news",status="QUEUED"} 3' in lines
    assert 'bulksender_run_exit_code{campaign="news"} 0' in lines


def test_metrics_that_cannot_be_written_refuse_the_run(folder: Folder) -> None:
    ended = folder.run("--metrics-file", "nowhere/news.prom")
    assert ended.code == 3
    assert not folder.sim.posts


def test_no_number_and_no_text_is_in_what_others_get_to_see(
    folder: Folder, inbox: Inbox, simulated: Callable[..., Simulator]
) -> None:
    people = {
        "Ann": "+6591230001",
        "Bob": "+6591230002",
        "Cyd": "+6591230003",
        "Dot": "12345678901234567890",
        "Eve": "+6591230001",
        "Fay": "+6591230006",
    }
    sim = simulated(reject={"+6591230002": "Invalid MSISDN +6591230002"})
    folder.sheet(people)
    folder.campaign(notify={"urls": [inbox.url]}, sending={"batch_size": 2, "concurrency": 1})
    folder.bulksender("suppress", "add", people["Fay"])
    options = ("--json", "--log-format", "json", "--metrics-file", "news.prom")
    ended = folder.run(*options, BULKSENDER_BASE_URL=sim.base_url)
    assert ended.code == 4, ended.err
    log = "\n".join(line for line in ended.err.splitlines() if line.startswith("{"))
    page = (folder.path / f"results/news-{THIS}.html").read_text("utf-8")
    [told] = inbox.news
    seen = {
        "log": log,
        "metrics": (folder.path / "news.prom").read_text(),
        "news": json.dumps(told),
        "page": page,
    }
    for place, said in seen.items():
        assert said, place
        for secret in (MARK, *(number.removeprefix("+") for number in people.values())):
            assert secret not in said, f"{secret} in the {place}"


def test_the_owner_is_told_how_it_ended_and_where_result_and_report_are(
    folder: Folder, inbox: Inbox
) -> None:
    folder.campaign(notify={"urls": [inbox.url]})
    run = folder.run("--json").json["run"]
    [news] = inbox.news
    assert news["title"] == f"news {THIS} (rehearsal): would be sent to 3 people"
    assert "accepted all 3 messages." in news["message"]
    assert run in news["message"]
    assert f"results/news-{THIS}.csv" in news["message"]
    assert f"results/news-{THIS}.html" in news["message"]


def test_the_owner_is_told_that_it_stopped_and_the_command(folder: Folder, inbox: Inbox) -> None:
    folder.campaign(notify={"urls": [inbox.url]}, sending=SMALL)
    folder.sim.inject(THROTTLED)
    run = folder.run("--json").json["run"]
    [news] = inbox.news
    assert news["title"] == f"news {THIS} (rehearsal): stopped early, 2 messages still wait"
    assert f"Next: bulksender resume {run}" in news["message"]


def test_the_owner_is_not_told_that_there_is_nothing_to_do(folder: Folder, inbox: Inbox) -> None:
    folder.campaign(notify={"urls": [inbox.url]})
    assert folder.run().code == 0
    assert folder.run().code == 8
    assert len(inbox.news) == 1


def test_the_owner_is_told_of_an_export_that_is_not_there(folder: Folder, inbox: Inbox) -> None:
    folder.campaign(recipients={"path": "gone.csv"}, notify={"urls": [inbox.url]})
    ended = folder.run()
    assert ended.code == 3
    [news] = inbox.news
    assert news["title"] == f"news {THIS} (rehearsal): refused, nothing was sent"
    assert "gone.csv: there is no such file" in news["message"]


def test_a_result_that_cannot_be_written_does_not_make_the_owner_believe_that_nothing_was_sent(
    folder: Folder, inbox: Inbox, simulated: Callable[..., Simulator]
) -> None:
    slow = simulated(latency=1.0)
    folder.campaign(notify={"urls": [inbox.url]})
    child = folder.shell.start("run", FILE, BULKSENDER_BASE_URL=slow.base_url)
    wait_for(lambda: len(slow.posts) == 1 or child.poll() is not None)
    results = folder.path / "results"
    results.rename(folder.path / "moved")
    folder.write("results", "a file where the folder was")
    code, _, err = ended(child)
    assert code == 6, err
    assert "Everything is in the ledger" in err
    [news] = inbox.news
    assert "nothing was sent" not in news["title"]
    assert "accepted all 3 messages." in news["message"]
    assert "Everything is in the ledger" in news["message"]


def test_what_an_unattended_run_says_holds_no_number_and_no_text(folder: Folder) -> None:
    folder.sheet({"Ann": "6.591230001E9", "Bob": "+65 9123 0002"})  # the first one is mended
    folder.campaign(country="SG")
    ended = folder.run()
    assert ended.code == 0, ended.err
    said = ended.out + ended.err
    assert "Numbers that were mended" in said
    assert MARK not in said
    assert "91230001" not in said.replace(" ", "")
    assert "Ann" not in said


def test_another_folders_campaign_of_the_same_name_is_not_taken_for_this_one(
    folder: Folder, inbox: Inbox
) -> None:
    folder.campaign(notify={"urls": [inbox.url]})
    assert folder.run().code == 0
    other = folder.path / "other" / "campaigns" / "news.toml"
    other.parent.mkdir(parents=True)
    text = (folder.path / FILE).read_text("utf-8").replace("contacts.csv", "../contacts.csv")
    other.write_text(text.replace("waits", "is here"), "utf-8")
    ended = folder.run(file=str(other))
    assert ended.code == 3
    assert str(folder.path / FILE) in ended.err
    assert len(inbox.news) == 2
    (folder.path / FILE).rename(folder.path / "moved.toml")
    assert folder.run(file=str(other)).code == 8, "the campaign's file was moved"


def test_a_campaign_that_another_one_has_sent_already_is_refused_and_its_owner_told(
    folder: Folder, inbox: Inbox
) -> None:
    for name in ("news", "same"):
        folder.campaign(name, notify={"urls": [inbox.url]})
    assert folder.run().code == 0
    ended = folder.run("--scheduled", file="campaigns/same.toml")
    assert ended.code == 8, "it has no schedule, so there is nothing to say"
    assert len(inbox.news) == 1
    ended = folder.run(file="campaigns/same.toml")
    assert ended.code == 8
    assert "--again" not in ended.err
    assert len(folder.texted) == len(PEOPLE)
    assert "same" in inbox.titles[-1] and "refused" in inbox.titles[-1]
    assert folder.run(file="campaigns/same.toml").code == 8


def test_a_cancelled_runs_result_and_page_say_so(folder: Folder) -> None:
    folder.campaign(delivery={"pace": "1/hour"})
    assert folder.run().code == 0
    [(run,)] = folder.query("SELECT id FROM run")
    ended = folder.bulksender("cancel", run)
    assert ended.code in (0, 4), ended.err
    assert "CANCELLED" in {row["status"] for row in folder.results()}
    page = (folder.path / f"results/news-{THIS}.html").read_text("utf-8")
    assert 'data-status="CANCELLED"' in page
    assert "were cancelled" in folder.run().err

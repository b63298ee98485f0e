"""Whom a campaign leaves out: opt-outs, opt-ins, and the suppression list until the last moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from campaign_folder import (
    FILE,
    PEOPLE,
    THIS,
    Folder,
    Inbox,
    ended,
    receiving,
    wait_for,
)
from shell import Shell

from bulksender.simulator import Fault, FaultKind, Simulator

SMALL = {"batch_size": 1, "concurrency": 1}


@pytest.fixture
def folder(shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(shell.folder)
    return Folder(shell, simulator)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as served:
        yield served


CONSENT = (
    "Name,Mobile,Do not text,Leave out,SMS consent,Wants it\n"
    "Ann,+6591230001,,,,\n"
    "Bob,+6591230002,yes,,,\n"
    "Cyd,+6591230003,,yes,,\n"
    "Dot,+6591230004,,,no,yes\n"
    "Eve,+6591230005,,,yes,no\n"
)


@pytest.mark.parametrize(
    ("columns", "texted"),
    [
        ({}, "135"),
        ({"opt_out_columns": ["Leave out"]}, "125"),
        ({"opt_out_columns": ["leave out", "Do not text"]}, "15"),
        ({"opt_out_columns": []}, "1235"),
        ({"opt_in_columns": ["Wants it"]}, "134"),
        ({"opt_in_columns": []}, "1345"),
        ({"opt_out_columns": [], "opt_in_columns": []}, "12345"),
        ({"require_opt_in": True}, "5"),
        ({"opt_in_columns": ["Wants it"], "require_opt_in": True}, "4"),
    ],
)
def test_the_columns_of_opt_outs_and_opt_ins_are_those_that_the_campaign_names(
    folder: Folder, columns: dict[str, Any], texted: str
) -> None:
    folder.write("contacts.csv", CONSENT)
    folder.campaign(recipients=columns)
    assert folder.check("--json").json["counts"].get("OPTED_OUT", 0) == 5 - len(texted)
    assert folder.run().code == 0
    assert "".join(sorted(number[-1] for number in folder.texted)) == texted


def test_where_an_opt_in_is_required_and_no_column_has_it_the_sheet_is_refused(
    folder: Folder, inbox: Inbox
) -> None:
    folder.campaign(recipients={"require_opt_in": True}, notify={"urls": [inbox.url]})
    ended = folder.run()
    assert ended.code == 3
    assert "there is no opt-in column" in ended.err
    assert not folder.sim.posts
    assert inbox.titles == [f"news {THIS} (rehearsal): refused, nothing was sent"]


def test_whoever_is_on_the_suppression_list_is_left_out_in_check_and_run(folder: Folder) -> None:
    folder.bulksender("suppress", "add", PEOPLE["Bob"])
    assert folder.check("--json").json["counts"] == {"OPTED_OUT": 1, "READY": 2}
    assert folder.run("--json").json["counts"] == {"OPTED_OUT": 1, "QUEUED": 2}
    assert folder.texted == [PEOPLE["Ann"], PEOPLE["Cyd"]]


def test_whoever_is_suppressed_while_8x8_answers_gets_nothing_any_more(
    folder: Folder, simulated: Callable[..., Simulator]
) -> None:
    slow = simulated(latency=1.5)
    folder.campaign(sending=SMALL)
    child = folder.shell.start("run", FILE, "--json", BULKSENDER_BASE_URL=slow.base_url)
    wait_for(lambda: len(slow.posts) == 1 or child.poll() is not None)
    assert folder.bulksender("suppress", "add", PEOPLE["Cyd"]).code == 0
    code, out, err = ended(child)
    assert code == 0, err
    assert json.loads(out)["counts"] == {"OPTED_OUT": 1, "QUEUED": 2}
    assert [each.destination for each in slow.messages] == [PEOPLE["Ann"], PEOPLE["Bob"]]
    assert [row["status"] for row in folder.results()] == ["QUEUED", "QUEUED", "OPTED_OUT"]


def test_whoever_is_suppressed_while_a_run_is_stopped_gets_nothing_any_more(
    folder: Folder,
) -> None:
    folder.campaign(sending=SMALL)
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    assert folder.run().code == 6
    folder.bulksender("suppress", "add", PEOPLE["Bob"])
    assert folder.run("--json").json["counts"] == {"OPTED_OUT": 1, "QUEUED": 2}
    assert folder.texted == [PEOPLE["Ann"], PEOPLE["Cyd"]]

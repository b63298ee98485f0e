"""`bulksender run campaigns/NAME.toml --scheduled`: what a timer may ask at any time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from campaign_folder import (
    FILE,
    PEOPLE,
    TODAY,
    YESTERDAY,
    Folder,
    Inbox,
    at,
    receiving,
)
from shell import Shell

from bulksender.campaignfile import read_campaign
from bulksender.errors import ExitCode
from bulksender.periodic import Missed, NotDue, period_due
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

SMALL = {"batch_size": 1, "concurrency": 1}


@pytest.fixture
def folder(shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.chdir(shell.folder)
    return Folder(shell, simulator)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiving() as served:
        yield served


def scheduled(folder: Folder, hours: float, grace: str = "2h", **tables: Any) -> None:
    """A daily campaign that is due so many hours from now."""
    plan = {"time": at(hours), "grace": grace}
    folder.campaign(period="daily", schedule=plan, **tables)


def test_what_is_not_due_does_nothing_and_says_so_in_a_line(folder: Folder, inbox: Inbox) -> None:
    scheduled(folder, hours=2, notify={"urls": [inbox.url]})
    early = folder.run("--scheduled")
    assert early.code == 8
    assert early.out == ""
    assert early.err.count("\n") <= 1
    assert not folder.sim.posts
    assert inbox.news == []


def test_what_is_due_runs_once_however_often_the_timer_asks(folder: Folder) -> None:
    scheduled(folder, hours=-1)
    assert folder.run("--scheduled").code == 0
    assert len(folder.results(f"results/news-{TODAY}.csv")) == 3
    again = folder.run("--scheduled")
    assert again.code == 8
    assert again.out == ""
    assert again.err.count("\n") <= 1
    assert folder.texted == [*PEOPLE.values()]


def test_the_period_that_was_due_is_made_up_although_the_next_one_has_begun(
    folder: Folder,
) -> None:
    scheduled(folder, hours=4, grace="1d")
    assert folder.run("--scheduled").code == 0
    assert len(folder.results(f"results/news-{YESTERDAY}.csv")) == 3
    assert folder.run("--scheduled").code == 8


def test_the_month_that_was_due_is_made_up_although_the_next_one_has_begun(folder: Folder) -> None:
    folder.campaign(timezone="Asia/Singapore", schedule={"time": "22:00", "day": 31})
    december = datetime(2026, 12, 1, 1, tzinfo=UTC)  # 9 in the morning there
    assert folder.run_at(december, scheduled=True) is ExitCode.DONE
    assert len(folder.results("results/news-2026-11.csv")) == 3
    assert folder.run_at(december + timedelta(hours=1), scheduled=True) is ExitCode.ALREADY_SENT
    assert folder.texted == [*PEOPLE.values()]


def test_what_was_missed_longer_ago_than_its_grace_is_told_once_and_not_made_up(
    folder: Folder, inbox: Inbox
) -> None:
    scheduled(folder, hours=-3, notify={"urls": [inbox.url]})
    assert folder.run("--period", YESTERDAY).code == 0
    missed = folder.run("--scheduled")
    assert missed.code == 3
    assert f"bulksender run {FILE} --period {TODAY}" in missed.err
    later = folder.run("--scheduled")
    assert later.code == 8
    assert later.out == ""
    assert later.err.count("\n") <= 1
    assert inbox.titles[1:] == [f"news {TODAY} (rehearsal): missed, nothing was sent"]
    assert "is not made up by itself; somebody has to.\n" in inbox.news[1]["message"]
    assert f"Next: bulksender run {FILE} --period {TODAY}" in inbox.news[1]["message"]
    assert len(folder.texted) == 3
    assert folder.run("--period", TODAY).code == 0


def test_a_campaign_that_never_ran_was_not_missed(folder: Folder, inbox: Inbox) -> None:
    scheduled(folder, hours=-3, notify={"urls": [inbox.url]})
    assert folder.run("--scheduled").code == 8
    assert inbox.news == []


def test_what_a_rehearsal_has_missed_is_told_of_the_real_thing_as_well(
    folder: Folder, desk: Desk
) -> None:
    scheduled(folder, hours=-3)
    news = read_campaign(Path(FILE))
    for simulate in (True, False):
        desk.plan(1, campaign="news", period=YESTERDAY, simulate=simulate)
    for rehearsal in (True, False):
        with pytest.raises(Missed):
            period_due(news, desk.ledger, rehearsal)
        with pytest.raises(NotDue):
            period_due(news, desk.ledger, rehearsal)


def test_what_is_refused_again_when_the_timer_asks_is_told_once(
    folder: Folder, inbox: Inbox
) -> None:
    tables: dict[str, Any] = {"recipients": {"path": "gone.csv"}, "notify": {"urls": [inbox.url]}}
    scheduled(folder, hours=-1, **tables)
    assert [folder.run("--scheduled").code for _ in range(2)] == [3, 3]
    assert len(inbox.news) == 1
    assert folder.run().code == 3
    assert len(inbox.news) == 2, "whoever types it is told"


def test_what_stopped_goes_on_when_the_timer_asks_whatever_the_grace(folder: Folder) -> None:
    scheduled(folder, hours=-3, sending=SMALL)
    folder.sim.inject(Fault(FaultKind.UNAUTHORIZED, post=2))
    assert folder.run("--period", TODAY).code == 6
    assert folder.run("--scheduled").code == 0
    assert sorted(folder.texted) == [*PEOPLE.values()]


def test_without_a_schedule_nothing_is_ever_due(folder: Folder) -> None:
    asked = folder.run("--scheduled")
    assert asked.code == 8
    assert "it is run by hand" in asked.err

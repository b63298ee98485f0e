"""`bulksender schedule` and `bulksender daemon`, as they are typed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from shell import Shell

CAMPAIGN = """\
period = "monthly"
timezone = "Asia/Singapore"
[recipients]
path = "contacts.csv"
[message]
text = "Hi {{ name }}"
[schedule]
day = 31
time = "09:00"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path, BULKSENDER_API_KEY="key-of-this-shell")
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "news.toml").write_text(CAMPAIGN)
    by_hand = CAMPAIGN.partition("[schedule]")[0]
    (tmp_path / "campaigns" / "rare.toml").write_text(by_hand)
    yield shell


def timers(shell: Shell) -> list[Path]:
    return sorted((shell.folder / "home").rglob("*bulksender*"))


def test_all_campaigns_are_shown_with_their_next_five_runs(shell: Shell) -> None:
    ended = shell.run("schedule")
    assert ended.code == 0, ended.err
    news, rare = ended.out.split("rare  ")
    runs = [line for line in news.splitlines() if "09:00" in line]
    assert len(runs) == 5
    assert "run by hand" in rare
    told = shell.run("schedule", "--json").json["campaigns"]
    assert [each["campaign"] for each in told] == ["news", "rare"]
    dues = [datetime.fromisoformat(each["due"]) for each in told[0]["next"]]
    assert len(dues) == 5
    assert dues == sorted(dues)
    assert all(due.hour == 1 for due in dues)  # 09:00 in Singapore, in UTC
    assert shell.run("--json", "schedule").json["campaigns"] == told


def test_a_broken_campaign_is_told_and_the_others_are_shown(shell: Shell) -> None:
    (shell.folder / "campaigns" / "news.toml").write_text(CAMPAIGN.replace("day", "dya"))
    ended = shell.run("schedule")
    assert ended.code == 3
    assert 'schedule.dya: there is no such key. Did you mean "day"?' in ended.err
    assert "rare" in ended.out


def test_a_folder_without_campaigns_says_how_to_make_one(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    ended = shell.run("schedule")
    assert ended.code == 0
    assert "bulksender new NAME" in ended.out
    assert shell.run("schedule", "install").code == 3


def test_print_shows_the_units_and_writes_nothing(shell: Shell) -> None:
    ended = shell.run("schedule", "install", "--print")
    assert ended.code == 0, ended.err
    assert "OnCalendar=*-*~01 09:00:00 Asia/Singapore" in ended.out
    assert str(shell.folder / "campaigns" / "news.toml") in ended.out
    assert f'"--ledger" "{shell.folder / "ledger.db"}"' in ended.out
    assert timers(shell) == []


def test_a_timer_is_installed_and_removed(shell: Shell) -> None:
    ended = shell.run("schedule", "install", "news")
    assert ended.code == 0, ended.err
    assert {file.name for file in timers(shell)} == {
        "bulksender-news.service",
        "bulksender-news.timer",
    }
    assert "BULKSENDER_API_KEY" in ended.err  # the timer does not see it
    assert "key-of-this-shell" not in ended.err + ended.out
    removed = shell.run("schedule", "remove", "--json")
    assert removed.json == {"removed": ["news"]}
    assert timers(shell) == []
    assert shell.run("schedule", "remove").code == 3


def test_a_campaign_without_a_schedule_or_of_another_name_is_refused(shell: Shell) -> None:
    ended = shell.run("schedule", "install", "rare")
    assert (ended.code, timers(shell)) == (3, [])
    assert '"rare" with a [schedule]' in ended.err
    assert 'Did you mean "news"?' in shell.run("schedule", "install", "new").err


def test_cron_lines_are_installed_beside_those_that_are_there_and_removed(shell: Shell) -> None:
    table = shell.folder / "crontab.txt"
    table.write_text("# mine\n5 4 * * * true\n")
    program = shell.folder / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncase "$1" in -l) cat "{table}";; -) cat > "{table}";; esac\n')
    program.chmod(0o755)
    path = {"PATH": f"{program.parent}:{shell.environ['PATH']}"}
    ended = shell.run("schedule", "install", "news", "--cron", **path)
    assert ended.code == 0, ended.err
    lines = table.read_text().splitlines()
    assert lines[:2] == ["# mine", "5 4 * * * true"]
    assert [line.split()[:5] for line in lines if line.startswith("0 ")] == [["0", *"****"]]
    assert all("--scheduled" in line for line in lines[2:] if not line.startswith("#"))
    assert shell.run("schedule", "remove", "news", "--cron", **path).code == 0
    assert table.read_text() == "# mine\n5 4 * * * true\n"


def test_the_daemon_says_when_campaigns_are_due_and_ends_when_told(shell: Shell) -> None:
    daemon = shell.start("daemon")
    assert daemon.stdout is not None
    said = [daemon.stdout.readline(), daemon.stdout.readline()]
    daemon.send_signal(signal.SIGTERM)
    out, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 0, err
    assert "news: due next" in said[1]
    assert "rare" not in "".join(said) + out
    assert "Ending." in out


def test_a_broken_file_does_not_keep_another_campaign_from_its_timer(shell: Shell) -> None:
    (shell.folder / "campaigns" / "broken.toml").write_text("period = 3")
    assert shell.run("schedule", "install", "news").code == 0
    assert timers(shell) != []
    assert "broken.toml" in shell.run("schedule", "install").err
    assert shell.run("schedule", "remove").code == 0


def test_two_campaigns_of_one_name_are_refused(shell: Shell) -> None:
    (shell.folder / "campaigns" / "other.toml").write_text(f'name = "news"\n{CAMPAIGN}')
    ended = shell.run("schedule")
    assert ended.code == 3
    assert 'other.toml: campaigns/news.toml has the name "news" as well' in ended.err


def test_a_timer_and_a_period_exclude_each_other(shell: Shell) -> None:
    ended = shell.run("run", "campaigns/news.toml", "--scheduled", "--period", "2026-12")
    assert ended.code == 3

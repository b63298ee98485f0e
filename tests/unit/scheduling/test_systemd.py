"""A campaign's timer is written, enabled and started; it goes without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from scheduled_campaigns import scheduled, stub, timing

from bulksender.errors import SettingsError
from bulksender.scheduling import command
from bulksender.scheduling.systemd import install, installed, remove

CAMPAIGN = scheduled(timing("monthly", "Asia/Singapore"))
TIMER, SERVICE = "bulksender-news.timer", "bulksender-news.service"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's units, on a machine whose systemctl notes what it is told."""
    stub(tmp_path / "bin", "systemctl", f'echo "$@" >> "{tmp_path}/told"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "systemd" / "user"


def tree(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*"))


def told(units: Path) -> list[str]:
    return (units.parents[2] / "told").read_text("utf-8").splitlines()


def test_a_timer_is_written_enabled_and_started(units: Path) -> None:
    said = install(CAMPAIGN)

    link = units / "timers.target.wants" / TIMER
    assert tree(units) == [SERVICE, TIMER, "timers.target.wants", f"timers.target.wants/{TIMER}"]
    assert link.is_symlink()
    assert link.resolve() == (units / TIMER).resolve()
    assert "OnCalendar=*-*-01 09:00:00 Asia/Singapore\n" in (units / TIMER).read_text("utf-8")
    assert f'"{command(CAMPAIGN)[0]}"' in (units / SERVICE).read_text("utf-8")
    assert told(units) == ["--user daemon-reload", f"--user restart {TIMER}"]
    assert said[:2] == [f"Written: {units / TIMER}", f"Written: {units / SERVICE}"]
    assert "The timer runs" in said[2]
    assert "loginctl enable-linger" in said[3]
    assert installed("news")


def test_installing_again_replaces_it(units: Path) -> None:
    install(CAMPAIGN)
    install(scheduled(timing("weekly", "UTC", weekday=4)))

    assert "OnCalendar=Fri *-*-* 09:00:00 UTC\n" in (units / TIMER).read_text("utf-8")
    assert tree(units) == [SERVICE, TIMER, "timers.target.wants", f"timers.target.wants/{TIMER}"]


def test_removing_stops_disables_and_deletes(units: Path) -> None:
    install(CAMPAIGN)
    install(scheduled(timing("daily", "UTC"), name="other"))

    said = remove("news")

    assert said == [f"Removed: {units / TIMER}", f"Removed: {units / SERVICE}"]
    assert told(units)[-2:] == [f"--user stop {TIMER}", "--user daemon-reload"]
    assert not installed("news")
    assert installed("other")
    assert all("news" not in name for name in tree(units))


def test_what_is_left_of_a_timer_is_removed_as_well(units: Path) -> None:
    install(CAMPAIGN)
    (units / TIMER).unlink()
    remove("news")
    assert tree(units) == ["timers.target.wants"]


def test_a_timer_that_is_not_there_cannot_be_removed(units: Path) -> None:
    with pytest.raises(SettingsError, match='no timer of the campaign "news" in'):
        remove("news")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'Failed to connect to bus: No medium found' >&2; exit 1", "No medium found."),
        ("exit 5", "exit code 5."),
        (None, "there is no systemctl on this machine."),
    ],
)
def test_where_systemd_cannot_be_reached_the_lines_say_what_to_type(
    units: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, why: str
) -> None:
    empty = units.parents[2] / "other"
    empty.mkdir()
    if script is not None:
        stub(empty, "systemctl", script)
    monkeypatch.setenv("PATH", str(empty))

    said = install(CAMPAIGN)

    assert (units / "timers.target.wants" / TIMER).is_symlink()
    assert said[2].startswith("The timer does not run yet: ")
    assert said[2].endswith(why)
    assert said[3].endswith(f"systemctl --user daemon-reload && systemctl --user restart {TIMER}")
    assert remove("news")[-1].endswith(f"systemctl --user stop {TIMER}")


def test_a_folder_that_cannot_be_written_is_told_of(units: Path) -> None:
    units.parent.mkdir(parents=True)
    units.write_text("a file is in the way")
    with pytest.raises(SettingsError, match="The timer cannot be written to"):
        install(CAMPAIGN)
    assert not os.path.lexists(units / TIMER)


def test_without_a_config_folder_of_its_own_it_is_the_homes(
    units: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/paths/are/to/be/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    install(CAMPAIGN)
    assert (tmp_path / "home" / ".config" / "systemd" / "user" / TIMER).is_file()
    assert not units.exists()

"""The systemd on this machine takes the units, and fires exactly when the runs are due."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scheduled_campaigns import ODD, scheduled, timing

from bulksender.errors import SettingsError
from bulksender.periods import next_due
from bulksender.rules import PeriodKind
from bulksender.scheduling.units import calendar, service_text, timer_text, unit

BEGIN = datetime(2027, 1, 15, 12, tzinfo=UTC)


def systemd(*words: str, **environ: str) -> str:
    program = shutil.which(words[0])
    assert program is not None, f"{words[0]} is missing: apt-get install systemd"
    ended = subprocess.run(
        [program, *words[1:]],
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def elapses(expressions: list[str], count: int) -> list[datetime]:
    """The next times at which a timer with these lines fires."""
    begin = f"{BEGIN:%Y-%m-%d %H:%M:%S} UTC"
    told = systemd(
        *("systemd-analyze", "calendar", f"--iterations={count}", f"--base-time={begin}"),
        *expressions,
    )
    found = re.findall(r"(?:elapse|\(in UTC\)|#\d+): \w{3} ([\d-]+ [\d:]+) UTC", told)
    return sorted({datetime.fromisoformat(each).replace(tzinfo=UTC) for each in found})[:count]


@pytest.mark.parametrize(
    ("period", "zone", "at", "day"),
    [
        *[("monthly", "Asia/Singapore", "09:00", day) for day in (1, 28, 29, 30, 31)],
        *[("monthly", "America/New_York", "09:30", day) for day in (1, 29, 31)],
        ("monthly", "Pacific/Kiritimati", "00:05", 31),
        ("monthly", "Asia/Kathmandu", "23:59", 30),
        *[("weekly", "Europe/London", "18:15", weekday) for weekday in (0, 6)],
        ("weekly", "Europe/London", "01:30", 6),
        ("daily", "Australia/Lord_Howe", "02:15", 0),
        ("daily", "UTC", "12:00:30", 0),
        *[("daily", "America/New_York", at, 0) for at in ("01:30", "02:00", "02:30", "03:00")],
        *[("daily", "Europe/Dublin", at, 0) for at in ("01:00", "01:30", "02:00")],
        *[("daily", "America/Nuuk", at, 0) for at in ("22:30", "23:30")],
        ("daily", "America/Santiago", "00:00", 0),
        ("once", "Asia/Singapore", "09:00", 0),
        ("once", "Europe/London", "01:30", 0),
    ],
)
def test_a_timer_fires_exactly_when_the_runs_are_due(
    period: PeriodKind, zone: str, at: str, day: int
) -> None:
    count = 300 if period == "daily" else 24
    asked = timing(period, zone, at, day=max(day, 1), weekday=day % 7)
    wanted = [due for _, due in next_due(asked, BEGIN, count)]
    assert elapses(calendar(asked, BEGIN), count) == wanted


def test_the_lines_are_those_that_people_would_write() -> None:
    assert calendar(timing("monthly", "Asia/Singapore"), BEGIN) == [
        "*-*-01 09:00:00 Asia/Singapore"
    ]
    assert calendar(timing("weekly", "UTC", weekday=2), BEGIN) == ["Wed *-*-* 09:00:00 UTC"]
    assert calendar(timing("monthly", "UTC", day=30), BEGIN) == [
        "*-01,03..12-30 09:00:00 UTC",
        "*-02~01 09:00:00 UTC",
    ]


def dumped(folder: Path, name: str) -> str:
    """What systemd has understood of a unit that it finds nothing wrong with."""
    words = ("systemd-analyze", "--user", "--man=no", "verify", str(folder / name))
    environ = {
        "SYSTEMD_UNIT_PATH": f"{folder}:",
        "XDG_RUNTIME_DIR": str(folder),
        "HOME": str(folder),
    }
    complaints = systemd(*words, SYSTEMD_LOG_LEVEL="warning", **environ)
    assert complaints == ""
    return systemd(*words, SYSTEMD_LOG_LEVEL="debug", **environ)


@pytest.mark.parametrize("name", ["news", "monthly-news_2.x", ODD])
def test_systemd_takes_the_units_and_reads_the_command_as_it_was_meant(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / (ODD + "\\n \\ x")
    folder.mkdir()
    ledger = f"sqlite:///{tmp_path}/%n $$ \\x41 'b' ${{HOME}}"
    campaign = scheduled(timing("daily", "America/New_York", "02:30"), folder, name, ledger)
    units = tmp_path / "units"
    units.mkdir()
    (units / f"{unit(name)}.service").write_text(service_text(campaign, ["/bin/true"]), "utf-8")
    (units / f"{unit(name)}.timer").write_text(timer_text(campaign), "utf-8")

    assert "Persistent: yes" in dumped(units, f"{unit(name)}.timer")
    told = dumped(units, f"{unit(name)}.service")

    [line] = re.findall(r"Command Line: (.*)", told)
    # systemd shows the words quoted for a shell, before it looks for variables (`$$` is a `$`).
    words = shlex.split(line.replace(r"\$\$", "$"))
    assert words == ["/bin/true", "--ledger", ledger, "run", str(campaign.file), "--scheduled"]
    assert f"WorkingDirectory: {folder}\n" in told
    assert f"EnvironmentFile: -{units}/.config/bulksender/environment\n" in told


def test_a_unit_is_named_as_systemd_escape_does() -> None:
    for name in ("news", "a b", "größer", "100%", "a_b.c:d", "back\\slash", "at@home"):
        assert unit(name) == f"bulksender-{systemd('systemd-escape', name).strip()}"
    assert unit("monthly-news") == "bulksender-monthly-news"


@pytest.mark.parametrize("name", ["", "x" * 240, "two\nlines", "\udcff"])
def test_a_name_that_no_unit_can_have_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"name"):
        unit(name)


@pytest.mark.parametrize(
    ("folder", "program", "said"),
    [
        ("/srv/two\nlines", "/bin/true", "control character"),
        ("/srv/bytes\udcff", "/bin/true", "no text"),
        ("/srv/ends in a space ", "/bin/true", "ends in neither"),
        ("/srv/backslash\\", "/bin/true", "ends in neither"),
        ("/srv", "/opt/$x/bulksender", "without \\$"),
    ],
)
def test_a_path_that_no_unit_can_hold_is_refused(folder: str, program: str, said: str) -> None:
    campaign = scheduled(timing("daily", "UTC"), Path(folder))
    with pytest.raises(SettingsError, match=said):
        service_text(campaign, [program])

"""The crontab's lines hit every due time, start the right command, and leave all else alone."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from scheduled_campaigns import ODD, scheduled, stub, timing

from bulksender.errors import SettingsError
from bulksender.periods import next_due
from bulksender.rules import PeriodKind
from bulksender.scheduling.crontab import (
    fields,
    install,
    installed,
    lines,
    machine_clock,
    remove,
)

BEGIN = datetime(2027, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def hits(five: str, moment: datetime, clock: tzinfo) -> bool:
    """Whether cron, going by a clock, starts a line at a minute, after crontab(5)."""
    local = moment.astimezone(clock)
    shown = (local.minute, local.hour, local.day, local.month, local.isoweekday() % 7)
    matched = []
    for field, (least, most), value in zip(five.split(" "), RANGES, shown, strict=True):
        assert re.fullmatch(r"\*|\d+(,\d+)*", field), five
        wanted = [] if field == "*" else [int(each) for each in field.split(",")]
        assert all(least <= each <= most for each in wanted), five
        matched.append(not wanted or value in wanted)
    assert "*" in five.split(" ")[2::2]  # else cron takes either of day and weekday
    return all(matched)


def run_by(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What cron does with a line's command: `%` ends it, `\\%` is one, the rest goes to sh."""
    command = line.split(" ", 1)[1] if line.startswith("@") else line.split(" ", 5)[5]
    text = re.sub(r"(?<!\\)%.*", "", command).replace(r"\%", "%")
    return subprocess.run(
        ["/bin/sh", "-c", text],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


CASES: list[tuple[PeriodKind, str, str, int, str, str]] = [
    ("monthly", "Asia/Singapore", "09:00", 1, "Asia/Singapore", "0 9 1 * *"),
    ("monthly", "Asia/Singapore", "09:00", 28, "Asia/Kuala_Lumpur", "0 9 28 * *"),
    ("monthly", "Asia/Singapore", "09:00", 29, "Asia/Singapore", "0 * * * *"),
    ("monthly", "Asia/Singapore", "09:20", 31, "UTC", "20 * * * *"),
    ("monthly", "Asia/Kathmandu", "09:20", 1, "UTC", "35 * * * *"),
    ("weekly", "Europe/Berlin", "18:15", 6, "Europe/Paris", "15 18 * * 0"),
    ("weekly", "Europe/Berlin", "18:15", 0, "Europe/London", "15 * * * *"),
    ("weekly", "Europe/Berlin", "18:15", 0, "Africa/Lagos", "15 * * * *"),
    ("daily", "America/New_York", "09:00", 0, "America/Toronto", "0 9 * * *"),
    ("daily", "America/New_York", "02:30", 0, "America/New_York", "0,30 * * * *"),
    ("daily", "America/New_York", "01:30", 0, "America/New_York", "30 1 * * *"),
    ("daily", "Australia/Lord_Howe", "09:10", 0, "Australia/Sydney", "10,40 * * * *"),
    ("daily", "UTC", "09:10:01", 0, "UTC", "11 * * * *"),
    ("daily", "UTC", "23:59:30", 0, "UTC", "0 * * * *"),
    ("once", "Asia/Singapore", "09:00", 0, "Asia/Singapore", "0 9 28 3 *"),
    ("once", "Asia/Singapore", "09:00", 0, "Europe/London", "0 * * * *"),
]


@pytest.mark.parametrize(("period", "zone", "at", "day", "machine", "expected"), CASES)
def test_every_due_time_is_hit_in_its_first_minute(
    period: PeriodKind, zone: str, at: str, day: int, machine: str, expected: str
) -> None:
    asked = timing(period, zone, at, day=max(day, 1), weekday=day % 7)
    clock = ZoneInfo(machine)

    five = fields(asked, [clock], BEGIN)

    assert five == expected
    runs = [due for _, due in next_due(asked, BEGIN, 400)]
    assert runs
    for due in runs:
        begun = due.replace(second=0)
        assert hits(five, begun if begun == due else begun + MINUTE, clock)


def test_exact_fields_start_it_at_no_other_minute_of_a_year() -> None:
    clock = ZoneInfo("Asia/Singapore")
    asked = timing("monthly", "Asia/Singapore", "09:00", day=5)
    five = fields(asked, [clock], BEGIN)
    started = [
        moment
        for hour in range(366 * 24)
        if hits(five, moment := BEGIN + timedelta(hours=hour), clock)
    ]
    assert started == [due for _, due in next_due(asked, BEGIN, len(started))]
    assert len(started) == 12


def test_whichever_of_two_clocks_cron_goes_by_it_is_started() -> None:
    clocks = [ZoneInfo("Asia/Singapore"), ZoneInfo("Asia/Kathmandu")]
    asked = timing("monthly", "Asia/Singapore", "09:00")
    five = fields(asked, clocks, BEGIN)
    assert five == "0,45 * * * *"
    assert all(hits(five, due, clock) for _, due in next_due(asked, BEGIN, 24) for clock in clocks)


def test_a_campaign_that_is_over_still_has_fields() -> None:
    assert fields(timing("once", "UTC", "09:07"), [UTC], datetime(2030, 1, 1, tzinfo=UTC)) == (
        "7 9 28 3 *"
    )
    assert fields(timing("once", "UTC", "09:07:30"), [UTC], datetime(2030, 1, 1, tzinfo=UTC)) == (
        "7 * * * *"
    )


def test_the_command_of_both_lines_runs_in_the_folder_with_its_words(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    program = stub(
        tmp_path / "it's 5% of bin", "bulksender", 'pwd; for word; do echo "<$word>"; done; exit 8'
    )
    folder.mkdir()
    ledger = f"{tmp_path}/50%.db"
    campaign = scheduled(timing("daily", "UTC"), folder, ledger=ledger)

    mark, line, again, reboot = lines(campaign, [UTC], BEGIN, [str(program)])

    assert mark == again == "# bulksender news"
    assert line.startswith("0 9 * * * cd ")
    assert reboot.startswith("@reboot cd ")
    for each in (line, reboot):
        ended = run_by(each, tmp_path)
        assert ended.stderr == ""
        assert ended.stdout.splitlines() == [
            str(folder),
            "<--ledger>",
            f"<{ledger}>",
            "<run>",
            f"<{campaign.file}>",
            "<--scheduled>",
        ]
        assert ended.returncode == 8


def test_plain_paths_make_a_plain_line() -> None:
    campaign = scheduled(timing("monthly", "UTC"))
    line = lines(campaign, [UTC], BEGIN, ["/opt/bin/bulksender"])[1]
    assert line == (
        "0 9 1 * * cd /srv/sms && /opt/bin/bulksender run /srv/sms/campaigns/news.toml --scheduled"
    )
    assert shlex.split(line)[5:7] == ["cd", "/srv/sms"]


@pytest.mark.parametrize(
    ("folder", "name", "said"),
    [
        ("/srv/back\\slash", "news", "a backslash"),
        ("/srv/two\nlines", "news", "a control character"),
        ("/srv/bytes\udcff", "news", "no text"),
        ("/srv", "two\nlines", "a control character"),
        ("/srv/" + "long/" * 100, "news", "up to 999 bytes"),
        ("/srv/" + "länger/" * 65, "news", "up to 999 bytes"),
    ],
)
def test_a_command_that_a_crontab_cannot_hold_is_refused(folder: str, name: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        lines(scheduled(timing("daily", "UTC"), Path(folder), name), [UTC], BEGIN)


def test_the_machines_clock_shows_the_machines_time() -> None:
    shown = subprocess.run(
        ["date", "+%z"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert f"{datetime.now(machine_clock()):%z}" == shown.stdout.strip()


# The crontab command

STUB = """
file="$(dirname "$0")/stored"
case "$1" in
-l) cat "$file" 2>/dev/null || { echo "no crontab for somebody" >&2; exit 1; } ;;
-) cat > "$file" ;;
*) exit 64 ;;
esac
"""
OTHERS = b"""# m h dom mon dow\r
MAILTO=""\t
# bulksender newspaper
5 4 * * * /usr/bin/\xff --scheduled
# bulksender news
1 2 * * 3 echo "somebody's own line"
   \t
*/5 * * * * date +\\%F % --scheduled
# the end, without a line end"""


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the `crontab` on this machine's PATH keeps the user's crontab."""
    stub(tmp_path / "bin", "crontab", STUB)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin" / "stored"


CAMPAIGN = scheduled(timing("monthly", "UTC"))
PROGRAM = ["/opt/bulksender"]


def test_the_lines_of_a_first_crontab(stored: Path) -> None:
    said = install(CAMPAIGN, PROGRAM, BEGIN, UTC)
    wanted = lines(CAMPAIGN, [UTC], BEGIN, PROGRAM)
    assert stored.read_text("utf-8") == "".join(f"{line}\n" for line in wanted)
    assert said[1:] == wanted
    assert installed("news")


def test_every_other_line_stays_byte_for_byte(stored: Path) -> None:
    others = OTHERS.replace(b"# bulksender news\n", b"") + b"\n"  # its own mark is without a line
    stored.write_bytes(OTHERS)
    install(CAMPAIGN, PROGRAM, BEGIN, UTC)
    made = "".join(f"{line}\n" for line in lines(CAMPAIGN, [UTC], BEGIN, PROGRAM)).encode()
    assert stored.read_bytes() == others + made

    remove("news")
    assert stored.read_bytes() == others
    assert not installed("news")
    assert installed("newspaper")


def test_installing_again_replaces_the_lines(stored: Path) -> None:
    install(CAMPAIGN, PROGRAM, BEGIN, UTC)
    install(scheduled(timing("daily", "UTC"), name="other"), PROGRAM, BEGIN, UTC)
    weekly = scheduled(timing("weekly", "UTC", weekday=3))
    install(weekly, PROGRAM, BEGIN, UTC)
    text = stored.read_text("utf-8")
    assert text.count("# bulksender news\n") == text.count("# bulksender other\n") == 2
    assert text.splitlines()[-4:] == lines(weekly, [UTC], BEGIN, PROGRAM)


def test_a_time_zone_that_the_crontab_names_is_reckoned_with(stored: Path) -> None:
    stored.write_bytes(b'CRON_TZ = "Asia/Kathmandu"\n')
    install(CAMPAIGN, PROGRAM, BEGIN, UTC)
    assert "\n0,45 * * * * cd /srv/sms" in stored.read_text("utf-8")


def test_a_campaign_without_lines_cannot_be_removed(stored: Path) -> None:
    stored.write_bytes(OTHERS)
    with pytest.raises(SettingsError, match='no line of the campaign "other"'):
        remove("other")
    assert stored.read_bytes() == OTHERS


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'you are not allowed to use this program' >&2; exit 1", "left as it is.*allowed"),
        (f"[ $1 = - ] && {{ echo 'bad minute' >&2; exit 1; }}\n{STUB}", "not changed.*bad minute"),
    ],
)
def test_a_crontab_command_that_fails_is_told_of(stored: Path, script: str, said: str) -> None:
    stored.write_bytes(OTHERS)
    stub(stored.parent, "crontab", script)
    with pytest.raises(SettingsError, match=said):
        install(CAMPAIGN, PROGRAM, BEGIN, UTC)
    assert stored.read_bytes() == OTHERS


def test_without_a_crontab_command_the_message_says_what_to_do(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stored.parent / "crontab").unlink()
    monkeypatch.setenv("PATH", str(stored.parent))
    with pytest.raises(SettingsError, match=r"apt-get install cron.*--print"):
        install(CAMPAIGN, PROGRAM, BEGIN, UTC)

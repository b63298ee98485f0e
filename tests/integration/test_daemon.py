"""The daemon as a real process: each campaign runs once when it is due, whatever happens beside."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bulksender.scheduling.daemon import ending

MINUTE = timedelta(minutes=1)

# Serves the campaigns of a folder: one JSON file each, with the command that it runs.
DRIVER = """
import json, sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from bulksender.errors import SettingsError
from bulksender.rules import Timing
from bulksender.scheduling import Scheduled
from bulksender.scheduling.daemon import serve

folder, look_every = Path(sys.argv[1]), float(sys.argv[2])
go_on_after = timedelta(seconds=1)

def read(file):
    try:
        said = json.loads(file.read_text())
    except ValueError:
        return SettingsError(f"{file.name}: broken")
    timing = Timing(period="daily", timezone=said.get("zone", "UTC"),
                    time=time.fromisoformat(said["at"]), grace=timedelta(hours=1))
    return Scheduled(name=said.get("called", file.stem), file=file, folder=folder, timing=timing)

def find():
    if (folder / "unreadable").exists():
        raise SettingsError("the folder cannot be read")
    return [read(file) for file in sorted(folder.glob("*.json"))]

def command(scheduled):
    return [*json.loads(scheduled.file.read_text())["command"], scheduled.name]

def clock():
    asleep = folder / "asleep"
    hours = float(asleep.read_text()) if asleep.exists() else 0
    return datetime.now(UTC) + timedelta(hours=hours)

serve(find, command, lambda text: print(text, flush=True), clock, look_every, go_on_after)
"""

# Notes when it began; then ends with a code, or waits to be told to end as `bulksender run` does.
RUN = """
import signal, sys, time
from datetime import UTC, datetime
how, name = sys.argv[1:]
def note(what):
    with open("notes", "a") as notes:
        notes.write(f"{name} {what} {datetime.now(UTC).isoformat()}\\n")
def stop(*_):
    global told
    told += 1
    note("told")
told = 0
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
note("ran")
print("hello from the run")
if how == "stubborn":
    while True:
        time.sleep(0.05)
if how == "waits":
    while not told:
        time.sleep(0.05)
    time.sleep(0.5)  # what is in flight is finished
    note("finished")
    sys.exit(6)
if how == "goes on":
    with open("notes") as notes:
        sys.exit((6, 5, 0)[sum(line.startswith(f"{name} ran") for line in notes) - 1])
sys.exit(int(how))
"""


class Daemon:
    """A daemon in a process of its own, and what it and its runs have said."""

    def __init__(self, folder: Path, look_every: float) -> None:
        self.folder = folder
        self._log = (folder / "log").open("w")
        (folder / "driver.py").write_text(DRIVER)
        (folder / "run.py").write_text(RUN)
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                str(folder / "driver.py"),
                str(folder),
                str(look_every),
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def notes(self, what: str = "ran") -> dict[str, list[datetime]]:
        """Campaign → when its runs noted it."""
        found: dict[str, list[datetime]] = {}
        file = self.folder / "notes"
        for line in file.read_text().splitlines() if file.exists() else ():
            name, noted, moment = line.split()
            if noted == what:
                found.setdefault(name, []).append(datetime.fromisoformat(moment))
        return found

    def wait_for(self, true: Callable[[], object], seconds: float = 60) -> None:
        ends = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < ends, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def tell(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        return self.process.wait(60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


def campaign(folder: Path, name: str, due: datetime, how: str | int, **more: str) -> None:
    """Write a campaign's file, at once, as an editor would."""
    said = {"at": f"{due:%H:%M:%S}", "command": [sys.executable, "run.py", str(how)], **more}
    new = folder / f"{name}.new"
    new.write_text(json.dumps(said))
    new.rename(folder / f"{name}.json")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[float], Daemon]]:
    daemons: list[Daemon] = []

    def start(look_every: float) -> Daemon:
        daemons.append(Daemon(tmp_path, look_every))
        return daemons[-1]

    yield start
    for daemon in daemons:
        daemon.close()


def test_two_minutes_of_campaigns(tmp_path: Path, serving: Callable[[float], Daemon]) -> None:
    now = datetime.now(UTC)
    first = now.replace(second=0, microsecond=0) + MINUTE
    if first - now < timedelta(seconds=15):
        first += MINUTE
    second = first + MINUTE
    campaign(tmp_path, "fine", first, 0)
    campaign(tmp_path, "beside", first, "waits")  # runs while the others do
    campaign(tmp_path, "failing", first, 3)
    campaign(tmp_path, "later", second, 8)
    campaign(tmp_path, "missed", now - timedelta(minutes=10), 0)
    campaign(tmp_path, "forgotten", now - timedelta(hours=2), 0)  # longer ago than its grace
    campaign(tmp_path, "moved", first + timedelta(hours=6), 0)
    campaign(tmp_path, "removed", second, 0)
    campaign(tmp_path, "elsewhere", now, 0, zone="Asia/Atlantis")
    (tmp_path / "broken.json").write_text("{")
    daemon = serving(1.0)

    daemon.wait_for(lambda: "missed" in daemon.notes(), seconds=30)
    campaign(tmp_path, "added", second, 0)
    campaign(tmp_path, "drafted", datetime.now(UTC) - timedelta(minutes=5), 0)
    campaign(tmp_path, "moved", second, 0)
    (tmp_path / "removed.json").unlink()
    daemon.wait_for(lambda: {"fine", "failing"} <= daemon.notes().keys(), seconds=120)
    campaign(tmp_path, "broken", datetime.now(UTC) + timedelta(hours=3), 0)
    daemon.wait_for(lambda: {"added", "moved", "later"} <= daemon.notes().keys(), seconds=90)
    daemon.wait_for(lambda: "later: nothing to do" in daemon.log)
    time.sleep(3)  # several looks more, which must start nothing
    daemon.tell()

    assert daemon.ended() == 0, daemon.log
    at = {
        name: [noted.replace(second=0, microsecond=0) for noted in noted]
        for name, noted in daemon.notes().items()
        if name != "missed"
    }
    assert at == {
        **{name: [first] for name in ("fine", "beside", "failing")},
        **{name: [second] for name in ("added", "moved", "later")},
    }
    assert len(daemon.notes()["missed"]) == 1
    assert len(daemon.notes("told")["beside"]) == len(daemon.notes("finished")["beside"]) == 1
    log = daemon.log
    assert log.count("broken.json: broken") == 1
    assert log.count('no time zone "Asia/Atlantis"') == 1
    assert "fine: hello from the run\n" in log
    assert "fine: done (exit code 0)\n" in log
    assert "failing: nothing was sent: it was refused, or waits for approval (exit code 3)\n" in log
    assert "later: nothing to do: it is not due, or was sent already (exit code 8)\n" in log
    assert "beside: stopped early: run again, it goes on where it stopped (exit code 6)\n" in log
    assert "removed: not run any more" in log
    assert log.count("broken: due next ") == 1
    assert "Traceback" not in log


def test_a_second_signal_kills_what_does_not_end(
    tmp_path: Path, serving: Callable[[float], Daemon]
) -> None:
    campaign(tmp_path, "stubborn", datetime.now(UTC) - timedelta(minutes=1), "stubborn")
    daemon = serving(0.1)
    daemon.wait_for(lambda: "stubborn" in daemon.notes())
    daemon.tell(signal.SIGINT)
    daemon.wait_for(lambda: "stubborn" in daemon.notes("told"))
    daemon.tell(signal.SIGINT)

    assert daemon.ended() == 0, daemon.log
    assert "stubborn: ended by SIGKILL\n" in daemon.log
    assert len(daemon.notes()["stubborn"]) == len(daemon.notes("told")["stubborn"]) == 1


def test_a_campaign_is_never_started_while_it_runs(
    tmp_path: Path, serving: Callable[[float], Daemon]
) -> None:
    campaign(tmp_path, "long", datetime.now(UTC) - timedelta(minutes=1), "waits")
    daemon = serving(0.1)
    daemon.wait_for(lambda: "long" in daemon.notes())
    soon = datetime.now(UTC) + timedelta(seconds=3)
    campaign(tmp_path, "long", soon, "waits")  # due again while it runs
    campaign(tmp_path, "watch", soon, 0)
    daemon.wait_for(lambda: "watch" in daemon.notes())
    time.sleep(1)
    daemon.tell()

    assert daemon.ended() == 0, daemon.log
    assert len(daemon.notes()["long"]) == 1


def test_what_stopped_or_is_unknown_goes_on_after_a_while_until_it_is_done(
    tmp_path: Path, serving: Callable[[float], Daemon]
) -> None:
    campaign(tmp_path, "stopped", datetime.now(UTC) - timedelta(minutes=1), "goes on")
    campaign(tmp_path, "refused", datetime.now(UTC) - timedelta(minutes=1), 3)
    daemon = serving(0.1)
    daemon.wait_for(lambda: "stopped: done" in daemon.log)
    time.sleep(1.5)  # longer than what goes on waits
    daemon.tell()

    assert daemon.ended() == 0, daemon.log
    assert {name: len(runs) for name, runs in daemon.notes().items()} == {
        "stopped": 3,
        "refused": 1,
    }
    assert daemon.log.count("stopped: goes on") == 2


def test_what_was_due_while_the_machine_slept_is_made_up_within_its_grace(
    tmp_path: Path, serving: Callable[[float], Daemon]
) -> None:
    now = datetime.now(UTC)
    campaign(tmp_path, "woken", now + timedelta(hours=5, minutes=50), 0)
    campaign(tmp_path, "overslept", now + timedelta(hours=4, minutes=50), 0)
    daemon = serving(0.1)
    daemon.wait_for(lambda: "overslept: due next" in daemon.log and "woken: due next" in daemon.log)
    time.sleep(0.5)
    assert daemon.notes() == {}
    (tmp_path / "hours").write_text("6")
    (tmp_path / "hours").rename(tmp_path / "asleep")
    daemon.wait_for(lambda: "woken: done" in daemon.log and "overslept: missed" in daemon.log)
    time.sleep(0.5)
    daemon.tell()

    assert daemon.ended() == 0, daemon.log
    assert {name: len(runs) for name, runs in daemon.notes().items()} == {"woken": 1}
    assert daemon.log.count("too long ago to be made up") == 1


def test_what_cannot_be_read_or_started_ends_nothing_and_is_said_once(
    tmp_path: Path, serving: Callable[[float], Daemon]
) -> None:
    (tmp_path / "unreadable").touch()
    campaign(tmp_path, "missed", datetime.now(UTC) - timedelta(minutes=1), 0)
    campaign(tmp_path, "twin", datetime.now(UTC) + timedelta(hours=1), 0, called="missed")
    daemon = serving(0.1)
    daemon.wait_for(lambda: "the folder cannot be read" in daemon.log)
    time.sleep(1)
    (tmp_path / "unreadable").unlink()
    daemon.wait_for(lambda: "missed" in daemon.notes())  # nothing is lost by a bad start
    campaign(tmp_path, "gone", datetime.now(UTC) + timedelta(seconds=3), 0)
    said = json.loads((tmp_path / "gone.json").read_text())
    (tmp_path / "gone.json").write_text(json.dumps(said | {"command": ["/no/such/program"]}))
    daemon.wait_for(lambda: "gone: could not be started: No such file" in daemon.log)
    daemon.tell(signal.SIGHUP)

    assert daemon.ended() == 0, daemon.log
    assert daemon.log.count("the folder cannot be read") == 1
    assert daemon.log.count('twin.json: there is another campaign "missed"') == 1
    assert daemon.log.count("gone: could not be started") == 1
    assert len(daemon.notes()["missed"]) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, "ended with UNKNOWN messages: bulksender reconcile settles them (exit code 5)"),
        (7, "left alone: another process is working on it (exit code 7)"),
        (77, "ended (exit code 77)"),
        (-9, "ended by SIGKILL"),
        (-99, "ended by signal 99"),
    ],
)
def test_how_a_run_has_ended_is_said_in_words(code: int, words: str) -> None:
    assert ending(code) == words

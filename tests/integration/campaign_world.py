"""A monthly campaign's world: its exports, its machine, the clock, 8x8, and the judge of it all.

Each start is a process of its own (`campaign_start.py`), 8x8 is the simulator over HTTP, and both
have the clock that is given here. Who should get what is reckoned here, by the exports alone.
"""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
import threading
import time
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from shell import Ended, Shell

from bulksender.ledger import Ledger, runs, suppress
from bulksender.model import RowStatus
from bulksender.simulator import Fault, FaultKind, Simulator

STARTING = Path(__file__).with_name("campaign_start.py")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRACE = 2 * DAY
LOG_LAG = 600.0  # seconds until 8x8's log shows what it has accepted
HANGING = 60.0  # seconds of an answer that nobody waits for
REFUSED_NUMBER = "+6591239999"  # 8x8 rejects it
NEVER_TO_GO = "a text that was never planned"
UNSENT = {"INVALID", "DUPLICATE", "OPTED_OUT", "REJECTED"}
BUSY_OR_DONE = {7, 8}
ACCEPTED = {"QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ"}
CAMPAIGN = """
period = "monthly"
timezone = "{timezone}"
country = "SG"
[recipients]
path = "exports/contacts-*.csv"
[message]
text = "Hi {{{{ name }}}}, {text}."
[schedule]
time = "{time}"
day = {day}
grace = "2d"
[sending]
batch_size = 10
concurrency = 2
resend_absent = true
"""


class Calendar(NamedTuple):
    """When a monthly campaign is due: local time, and the last day of shorter months."""

    timezone: str
    day: int = 31
    time: str = "02:30"

    def due(self, period: str) -> datetime:
        """In UTC; the first of two times where the clocks are put back."""
        year, month = map(int, period.split("-"))
        hour, minute = map(int, self.time.split(":"))
        day = min(self.day, monthrange(year, month)[1])
        local = datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(self.timezone))
        return local.astimezone(UTC)


class Clock:
    """The time of this world: so far ahead of this machine's, and never put back."""

    def __init__(self, at: datetime) -> None:
        self._ahead = at - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    @property
    def ahead(self) -> float:
        """Seconds."""
        return self._ahead.total_seconds()

    def set(self, at: datetime) -> None:
        assert at > self(), f"{at} is past: it is {self()}"
        self._ahead = at - datetime.now(UTC)


class World:
    """One campaign, and what happens to it."""

    def __init__(
        self,
        folder: Path,
        calendar: Calendar,
        begins: datetime,
        *,
        seed: int = 1,
        people: int = 60,
        text: str = "your statement of {{ month }} is ready",
    ) -> None:
        self.calendar = calendar
        self.chance = random.Random(seed)
        self.clock = Clock(begins)
        self.simulator = Simulator(
            clock=self.clock, export_lag=LOG_LAG, reject={REFUSED_NUMBER: "Invalid number"}
        )
        self.shell = Shell(folder)
        self.ledger = folder / "ledger.db"
        self.told: list[str] = []
        self.expected: dict[str, set[str]] = {}
        self.story: list[str] = []
        self._rows: dict[str, int] = {}
        self._months = "{{ month }}" in text
        self._suppressed: set[str] = set()
        self._numbers = iter(range(91230000, 91239000))
        self._people = [self._somebody() for _ in range(people)]
        for name in ("campaigns", "exports"):
            (folder / name).mkdir()
        self._file = Path("campaigns/monthly.toml")
        said = CAMPAIGN.format(**calendar._asdict(), text=text)
        self.shell.write(str(self._file), said)

    # The export

    def _somebody(self) -> str:
        return f"+65{next(self._numbers)}"

    def export(self, period: str, *also: str) -> None:
        """The month's export: some have left, others have come; duplicates, rows that are wrong."""
        leave = self.chance.sample(self._people, len(self._people) // 10)
        come = [self._somebody() for _ in range(self.chance.randint(2, 12))]
        self._people = [each for each in self._people if each not in leave] + come
        valid = [*self._people, *also]
        twins = self.chance.sample(self._people, 3)
        rows = [*valid, *twins, "", "12345", "ask him"]
        self.chance.shuffle(rows)
        self._write(period, rows, period)
        self._rows[period] = len(rows)
        self.expected[period] = {*valid} - self._suppressed - {REFUSED_NUMBER}

    def change_export(self, period: str) -> None:
        """Somebody writes other people and texts into the sheet of a run that was planned."""
        others = [self._somebody() for _ in range(5)]
        self._write(period, [*reversed(self._people), *others], NEVER_TO_GO)

    def _write(self, period: str, numbers: list[str], month: str) -> None:
        lines = [f"Person {row},{number},{month}" for row, number in enumerate(numbers)]
        text = "\n".join(["Name,Mobile,Month", *lines]) + "\n"
        self.shell.write(f"exports/contacts-{period}.csv", text)

    def opt_out(self, period: str) -> None:
        """Somebody does not want to be texted from now on, who was not texted in this period yet.

        Where everybody was, it is somebody who was: it counts for the next one.
        """
        texted = {number for month, number in self._texted() if month == period}
        left = sorted(self.expected[period] - texted)
        number = self.chance.choice(left or sorted(self.expected[period]))
        self.story.append(f"{self.clock():%F %R} somebody opts out")
        with Ledger(self.ledger, self.clock) as book:
            suppress(book, [number], "replied STOP")
        self._suppressed.add(number)
        if left:
            self.expected[period].discard(number)

    # The machine

    def at(self, moment: datetime) -> None:
        self.clock.set(moment)

    def later(self, by: timedelta = HOUR) -> None:
        self.clock.set(self.clock() + by)

    def command(self, *options: str) -> list[str]:
        """A start by the clock of now; a timer's, where nothing else is said."""
        place = [sys.executable, str(STARTING), str(self._file), str(self.ledger)]
        return [*place, str(self.clock.ahead), *(options or ("--scheduled",))]

    def begin(self, *options: str, **environ: str) -> subprocess.Popen[str]:
        """A start that goes on beside the test."""
        return subprocess.Popen(
            self.command(*options),
            cwd=self.shell.folder,
            env=self._environ | environ,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def end(self, child: subprocess.Popen[str]) -> Ended:
        """Wait for a start's end."""
        out, err = child.communicate(timeout=60)
        self.story.append(f"{self.clock():%F %R} ended with {child.returncode}: {err[-300:]}")
        assert child.returncode != 1 and "Traceback" not in err, self.told_story()
        return Ended(child.returncode, out, err)

    def start(self, code: int, *options: str, **environ: str) -> Ended:
        """A start that has to end with this code."""
        ended = self.end(self.begin(*options, **environ))
        assert ended.code == code, self.told_story()
        return ended

    def kill(self, child: subprocess.Popen[str]) -> None:
        child.kill()
        child.communicate()
        self.story.append(f"{self.clock():%F %R} killed: {child.returncode}")
        assert child.returncode in (-signal.SIGKILL, *range(2, 9), 0), self.told_story()

    def timers(self, until: datetime) -> None:
        """A timer fires every hour until then, and nothing is ever left to do."""
        hours = int((until - self.clock()) / HOUR)
        posts = len(self.simulator.posts)
        codes = json.loads(self.start(0, "--scheduled", "--hours", str(hours)).out or "[]")
        assert codes == [8] * hours, (codes[-1:], len(codes), self.told_story())
        assert len(self.simulator.posts) == posts, self.told_story()
        self.at(until)

    @property
    def _environ(self) -> dict[str, str]:
        return self.shell.environ | {
            "BULKSENDER_BASE_URL": self.simulator.base_url,
            "BULKSENDER_API_KEY": self.simulator.api_key,
            "BULKSENDER_SUBACCOUNT": self.simulator.subaccount,
        }

    def claimed(self, period: str) -> None:
        """Wait until a start of this period is about to POST a batch."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with Ledger(self.ledger, self.clock) as book:
                found = [line.counts for line in runs(book) if line.period == period]
            if any(RowStatus.SENDING in counts for counts in found):
                return
            time.sleep(0.02)
        raise AssertionError(f"nothing was claimed\n{self.told_story()}")

    # 8x8

    def fault(self, kind: FaultKind, nth: int, times: int = 1, **more: float) -> None:
        """A fault of the nth POST from now on."""
        post = len(self.simulator.posts) + nth
        self.story.append(f"{self.clock():%F %R} {kind} of POST {post}, {times} times")
        self.simulator.inject(Fault(kind, post=post, times=times, **more))

    def arrived(self, child: subprocess.Popen[str], posts: int, within: float = 30.0) -> bool:
        """Wait until so many POSTs have arrived in all; False where the start has ended before."""
        until = time.monotonic() + within
        while len(self.simulator.posts) < posts and time.monotonic() < until:
            if child.poll() is not None:
                return False
            time.sleep(0.005)
        return len(self.simulator.posts) >= posts

    def _texted(self) -> list[tuple[str, str]]:
        """(period, number) of each message that somebody got, by the run in its clientBatchId."""
        with Ledger(self.ledger, self.clock) as book:
            periods = {line.id: line.period for line in runs(book)}
        return [
            (periods[(message.client_batch_id or "").partition("-")[0]], message.destination)
            for message in self.simulator.messages
        ]

    # The judge

    def judge(self, *, settled: bool = True) -> None:
        """Nobody twice, nobody who should not be texted; `settled`: nobody lost either."""
        times = Counter(self._texted())
        twice = [key for key, many in times.items() if many > 1]
        assert not twice, f"texted twice: {twice}\n{self.told_story()}"
        wanted = {(month, number) for month, all_ in self.expected.items() for number in all_}
        unwanted = times.keys() - wanted
        assert not unwanted, f"not to be texted: {unwanted}\n{self.told_story()}"
        if not settled:
            return
        lost = wanted - times.keys()
        assert not lost, f"lost: {sorted(lost)}\n{self.told_story()}"
        self._judge_texts()
        self._judge_ledger()

    def _judge_texts(self) -> None:
        """Each says what its own period's sheet said."""
        for (period, _), message in zip(self._texted(), self.simulator.messages, strict=True):
            assert NEVER_TO_GO not in message.text
            assert not self._months or f"of {period} is" in message.text, message.text

    def _judge_ledger(self) -> None:
        """One approved run a period, all its rows counted, and each message as 8x8 has it."""
        umids: dict[str, dict[str, str]] = {period: {} for period in self.expected}
        for (period, number), each in zip(self._texted(), self.simulator.messages, strict=True):
            umids[period][number] = each.umid
        with Ledger(self.ledger, self.clock) as book:
            roots = [line for line in runs(book) if line.approved and line.parent is None]
            assert sorted(line.period for line in roots) == sorted(self.expected), roots
            for line in roots:
                results = list(book.run(line.id).outcomes())
                counts = Counter(result.status.value for result in results)
                assert counts == {state.value: rows for state, rows in line.counts.items()}
                assert counts.total() == self._rows[line.period], (line, self.told_story())
                assert counts.keys() <= UNSENT | ACCEPTED, (line, self.told_story())
                sent = {r.destination: r.umid for r in results if r.status.value in ACCEPTED}
                assert sent == umids[line.period], (line, self.told_story())
                self._judge_sheet(line.period, umids[line.period])

    def _judge_sheet(self, period: str, umids: dict[str, str]) -> None:
        """The result's sheet says the same."""
        found = (self.shell.folder / "results").glob(f"monthly-{period}*.csv")
        newest = max(found, key=lambda path: path.stat().st_mtime_ns)
        with newest.open(encoding="utf-8-sig", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
        said = {row["destination"]: row["umid"] for row in rows if row["status"] in ACCEPTED}
        assert said == umids, (newest, self.told_story())

    def told_story(self) -> str:
        """What has happened so far."""
        return "\n".join(["", *self.story[-40:]])


@contextmanager
def living(world: World) -> Iterator[World]:
    """8x8 answers while the block runs, and the campaign's owner hears what he is told."""

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            world.told.append(json.loads(self.rfile.read(length))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Inbox) as inbox, world.simulator:
        thread = threading.Thread(target=inbox.serve_forever)
        thread.start()
        url = f"json://127.0.0.1:{inbox.server_address[1]}/"
        file = world.shell.folder / "campaigns/monthly.toml"
        file.write_text(f'{file.read_text()}[notify]\nurls = ["{url}"]\n')
        try:
            yield world
        finally:
            inbox.shutdown()
            thread.join()

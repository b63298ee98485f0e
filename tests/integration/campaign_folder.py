"""A folder with a campaign in it, run by the command against a simulator in this process."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shell import Ended, Shell
from typer.testing import CliRunner

from bulksender.campaignfile import read_campaign
from bulksender.cli.app import app
from bulksender.cli.output import Output
from bulksender.cli.running import Asked, Conductor
from bulksender.errors import BulksenderError, ExitCode
from bulksender.ledger import Ledger
from bulksender.simulator import Simulator
from bulksender.stopping import listening, stop_once

_AHEAD = 12 - datetime.now(UTC).hour
NOON = f"Etc/GMT{-_AHEAD:+d}"
"""A time zone where it is about noon, so that neither day nor month ends while tests run."""

MARK = "Zanzibar"
"""A word of the campaign's text, which stands in nothing that others get to see."""

PEOPLE = {"Ann": "+6591230001", "Bob": "+6591230002", "Cyd": "+6591230003"}
FILE = "campaigns/news.toml"


def local_now() -> datetime:
    """The time in the campaigns' time zone."""
    return datetime.now(ZoneInfo(NOON))


THIS, NEXT, YESTERDAY, TODAY = (
    f"{local_now():%Y-%m}",
    f"{local_now().replace(day=28) + timedelta(days=5):%Y-%m}",
    f"{local_now() - timedelta(days=1):%Y-%m-%d}",
    f"{local_now():%Y-%m-%d}",
)
"""Keys of periods."""


def at(hours: float) -> str:
    """A time of day, as a campaign's file has it, so many hours from now."""
    return f"{local_now() + timedelta(hours=hours):%H:%M}"


class Folder:
    """The working folder: sheets, a campaign's file, and the commands that are typed there.

    Where there is an inbox, its campaigns' owner is told there.
    """

    def __init__(self, shell: Shell, simulator: Simulator, inbox: Inbox | None = None) -> None:
        self.shell = shell
        self.path = shell.folder
        self.sim = simulator
        self._inbox = inbox
        self.write = shell.write
        (self.path / "campaigns").mkdir()
        self.sheet(PEOPLE)
        self.campaign()

    def sheet(self, people: Mapping[str, str], name: str = "contacts.csv") -> Path:
        """A sheet of names and numbers."""
        rows = [f"{person},{number}" for person, number in people.items()]
        return self.write(name, "\n".join(["Name,Mobile", *rows]) + "\n")

    def campaign(
        self, name: str = "news", variants: Sequence[dict[str, Any]] = (), **tables: Any
    ) -> str:
        """Write campaigns/NAME.toml with a text of its own and what the tables say besides."""
        text = {"text": f"{MARK} waits, {{{{ name }}}}"}
        said: dict[str, Any] = {"period": "monthly", "timezone": NOON}
        said["recipients"] = {"path": "contacts.csv"}
        said |= {} if variants else {"message": text}
        said |= {"notify": {"urls": [self._inbox.url]}} if self._inbox else {}
        for key, value in tables.items():
            own = said.get(key)
            said[key] = {**own, **value} if isinstance(own, dict) else value
        lines = list(_toml(said))
        for variant in variants:
            lines += ["[[variants]]", *_pairs(variant)]
        self.write(f"campaigns/{name}.toml", "\n".join(lines) + "\n")
        return f"campaigns/{name}.toml"

    def bulksender(self, *arguments: str, **environ: str) -> Ended:
        """The command in this process: most of a test's time is to start another."""
        with listening(stop_once):
            ended = CliRunner().invoke(
                app, arguments, env=self.shell.environ | environ, catch_exceptions=False
            )
        return Ended(int(ended.exit_code), ended.stdout, ended.stderr)

    def run(self, *options: str, file: str = FILE, **environ: str) -> Ended:
        """`bulksender run campaigns/news.toml OPTIONS…`."""
        return self.bulksender("run", file, *options, **environ)

    def check(self, *options: str, file: str = FILE) -> Ended:
        """`bulksender check campaigns/news.toml OPTIONS…`."""
        return self.bulksender("check", file, *options)

    def run_at(self, moment: datetime, *, scheduled: bool = False, file: str = FILE) -> ExitCode:
        """Run a campaign at another time."""
        ledger = Ledger(self.path / "ledger.db", clock=lambda: moment)
        asked = Asked(
            scheduled=scheduled,
            base_url=self.sim.base_url,
            subaccount=self.sim.subaccount,
            api_key_file=self.write("key.txt", self.sim.api_key),
        )
        with ledger, listening(stop_once):
            try:
                return Conductor(read_campaign(Path(file)), asked, ledger, Output(True)).run()
            except BulksenderError as error:
                return error.exit_code

    def results(self, name: str = f"results/news-{THIS}.csv") -> list[dict[str, str]]:
        """The rows of a result."""
        with (self.path / name).open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    def query(self, statement: str, *values: object) -> list[Any]:
        """Ask the ledger's file itself."""
        with closing(sqlite3.connect(self.path / "ledger.db")) as connection:
            return connection.execute(statement, values).fetchall()

    @property
    def inbox(self) -> Inbox:
        """Where the owner is told."""
        assert self._inbox is not None
        return self._inbox

    @property
    def texted(self) -> list[str]:
        """Who has got a message, in order."""
        return [message.destination for message in self.sim.messages]

    @property
    def states(self) -> list[str]:
        """The states of the ledger's runs, in order."""
        return [state for (state,) in self.query("SELECT state FROM run ORDER BY no")]


def _toml(tables: Mapping[str, Any], above: str = "") -> Iterator[str]:
    yield from _pairs({key: each for key, each in tables.items() if not isinstance(each, dict)})
    for key, table in tables.items():
        if isinstance(table, dict):
            yield f"[{above}{key}]"
            yield from _toml(table, f"{above}{key}.")


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in values.items()]


class Inbox(ThreadingHTTPServer):
    """The owner's webhook: what Apprise has posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.news: list[dict[str, Any]] = []
        self.url = f"json://127.0.0.1:{self.server_port}/owner"

    @property
    def titles(self) -> list[str]:
        """The news in a line each."""
        return [each["title"] for each in self.news]


class _Hook(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.news.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[Inbox]:
    """An inbox that is served while the block runs."""
    inbox = Inbox()
    thread = threading.Thread(target=inbox.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield inbox
    finally:
        inbox.shutdown()
        thread.join()
        inbox.server_close()


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ended(child: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, str, str]:
    """How a process ends that is sent signals: exit code, standard output and error."""
    for number in signals:
        child.send_signal(number)
    try:
        out, err = child.communicate(timeout=60)
    except BaseException:
        child.kill()
        child.communicate()
        raise
    return child.returncode, out, err

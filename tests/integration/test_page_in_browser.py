"""A run's page in Chromium: the numbers that it shows, and that it asks nobody for anything."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from bulksender.reporter.page import (
    CountryLine,
    HourLine,
    PageContent,
    ProblemLine,
    VariantLine,
    write_page,
)

CONTENT = PageContent(
    title="<script>document.title = 'run'</script> & reminders",
    period="2026-11",
    run="svzs2fxe86",
    sheet="contacts.xlsx",
    output="contacts-results.xlsx",
    rehearsal=True,
    outcome="1,105 of 1,107 messages were accepted by the simulator.",
    next="bulksender reconcile svzs2fxe86",
    planned_at="2026-11-01T00:58:02Z",
    started_at="2026-11-01T01:00:00Z",
    ended_at="2026-11-01T05:03:12Z",
    timezone="Asia/Singapore",
    rows=1_001_251,
    counts={"INVALID": 144, "QUEUED": 1_001_105, "UNKNOWN": 2},
    parts=1_001_300,
    encodings={"GSM7": 1_001_100, "UCS2": 7},
    batches=1002,
    cost=41_254.5,
    currency="SGD",
    cost_note="by 8x8's price list of 2026-11-01",
    countries=[
        CountryLine(
            country="SG",
            messages=1_001_107,
            parts=1_001_300,
            lowest=0.0412,
            dearest=0.0412,
            amount=41_254.5,
            currency="SGD",
        )
    ],
    hours=[HourLine(f"2026-11-{1 + n // 24:02} {n % 24:02}:00", 7 * n) for n in range(170)],
    variants=[VariantLine("A", 600, {"QUEUED": 600}), VariantLine("B", 507, {"UNKNOWN": 2})],
    problems=[ProblemLine("INVALID", "the number is too short", 144, (3, 17))],
    more_problems=False,
)
NO_INITIATOR = "not an origin"
"""What Chromium's log has for requests of the browser itself, for updates and the like."""


class Opened(NamedTuple):
    """What a page has become in the browser, and the addresses that it has asked for."""

    dom: str
    asked: list[str]


class Cells(HTMLParser):
    """What is shown in each element with figures for machines, by these."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[tuple[tuple[str, str | None], ...], str] = {}
        self.tags: set[str] = set()
        self._open: tuple[tuple[str, str | None], ...] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        figures = tuple((name, value) for name, value in attrs if name.startswith("data-"))
        if figures and tag in ("td", "dd", "code"):
            self._open = figures
            self.shown[figures] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "dd", "code"):
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.shown[self._open] += data


@pytest.fixture
def chromium(tmp_path: Path) -> Callable[..., str]:
    """Run Chromium without a window and without a network but this machine's; what it prints."""
    own = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
    quiet = (
        *("--no-first-run", "--no-default-browser-check", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--disable-extensions"),
        *("--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
    )

    def run(page: Path, *options: str) -> str:
        names = ("chromium", "chromium-browser", "google-chrome")
        program = next(filter(None, map(shutil.which, names)), None)
        assert program, "There is no Chromium on this machine: apt-get install chromium"
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [program, *own, *quiet, profile, *options, page.as_uri()]
        ended = subprocess.run(command, capture_output=True, check=False, timeout=120)
        assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-2000:]
        return ended.stdout.decode()

    return run


@pytest.fixture
def opened(chromium: Callable[..., str], tmp_path: Path) -> Callable[[Path], Opened]:
    """Open a page and wait until it has come to rest."""

    def open_page(page: Path) -> Opened:
        log = tmp_path / "net.json"
        log.unlink(missing_ok=True)
        dom = chromium(
            page,
            *("--dump-dom", "--virtual-time-budget=2000"),
            *(f"--log-net-log={log}", "--net-log-capture-mode=Everything"),
        )
        return Opened(dom, asked(log))

    return open_page


def asked(log: Path) -> list[str]:
    """The addresses that a page has asked for, by Chromium's own log of its network.

    Each request has the origin that began it; requests of the browser itself have none. Form:
    https://www.chromium.org/developers/design-documents/network-stack/netlog/
    """
    read = json.loads(log.read_text("utf-8"))
    begun = read["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    events = [each.get("params", {}) for each in read["events"] if each["type"] == begun]
    requests = [params for params in events if "url" in params]  # the others are their endings
    return [
        request["url"]
        for request in requests
        if request.get("initiator") != NO_INITIATOR and not request["url"].startswith("file:")
    ]


class Counting(ThreadingHTTPServer):
    """A web server on this machine that counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Picture)
        self.hits: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Picture(BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        self.server.hits.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    write_page(CONTENT, path)
    return path


def test_the_browser_shows_the_runs_numbers_and_the_page_asks_for_nothing(
    page: Path, opened: Callable[[Path], Opened]
) -> None:
    found = opened(page)
    cells = Cells()
    cells.feed(found.dom)

    def shown(**figures: object) -> str:
        return cells.shown[tuple((f"data-{name}", str(value)) for name, value in figures.items())]

    for status, rows in {**CONTENT.counts, "all": CONTENT.rows}.items():
        assert shown(status=status, rows=rows) == f"{rows:,}"
    for line in CONTENT.hours:
        assert shown(hour=line.hour, messages=line.messages) == f"{line.messages:,}"
    for country in ("SG", "all"):
        assert shown(country=country, amount=41254.5, currency="SGD") == "41,254.50"
        assert shown(country=country, messages=1_001_107) == "1,001,107"
    assert shown(variant="B", messages=507) == "507"
    assert shown(variant="B", status="UNKNOWN", rows=2) == "2"
    assert shown(problem="INVALID", rows=144) == "144"
    assert shown(batches=1002) == "1,002"
    assert shown(next=CONTENT.next) == CONTENT.next
    assert "script" not in cells.tags
    assert "<title>Rehearsal: &lt;script&gt;" in found.dom
    assert found.asked == []


def test_a_page_that_does_ask_is_found_out_and_the_policy_would_have_kept_it_from_it(
    page: Path, server: Counting, opened: Callable[[Path], Opened], tmp_path: Path
) -> None:
    picture = f'<img src="{server.url}/picture.png" alt=""/></main>'
    forbidden = page.read_text("utf-8").replace("</main>", picture)
    policy = forbidden[(start := forbidden.index("<meta http-equiv")) :].partition("/>")[0] + "/>"
    assert start > 0
    kept = tmp_path / "kept.html"
    kept.write_text(forbidden, "utf-8")
    assert opened(kept).asked == []
    assert server.hits == []
    free = tmp_path / "free.html"
    free.write_text(forbidden.replace(policy, ""), "utf-8")
    assert opened(free).asked == [f"{server.url}/picture.png"]
    assert server.hits == ["/picture.png"]


@pytest.mark.parametrize(
    ("preferred", "ground"),
    [(1, (0xF6, 0xF6, 0xF3)), (0, (0x10, 0x13, 0x15))],
    ids=["light", "dark"],
)
def test_the_page_is_drawn_in_the_readers_colours(
    page: Path,
    chromium: Callable[..., str],
    tmp_path: Path,
    preferred: int,
    ground: tuple[int, int, int],
) -> None:
    drawn = tmp_path / "drawn.png"
    chromium(
        page,
        *(f"--screenshot={drawn}", "--window-size=1000,1400", "--hide-scrollbars"),
        f"--blink-settings=preferredColorScheme={preferred}",
    )
    with Image.open(drawn) as picture:
        seen = picture.convert("RGB")
        assert seen.getpixel((2, 2)) == ground
        assert len(seen.getcolors(1_400_000) or ()) > 20, "more than an empty page"

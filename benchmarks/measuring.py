"""Run a command and see how long it takes, how much memory, and whether it has done its work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple, Self
from zipfile import ZipFile

import msgspec
from contacts import TEXT
from server import Received

HERE = Path(__file__).parent
BULKSENDER = Path(sys.executable).with_name("bulksender")
WRITERS = ("openpyxl", "xlsxwriter")
"""What the plain script can write with."""
TIMINGS = ("--timings",)
"""What makes `send` tell where the time went."""
UMID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-(?!f{12})[0-9a-f]{12}")
"""As the stand-in server gives them; a batch's own id ends with twelve f."""
ENDED_WELL = (0, 4)  # every message was accepted, or 8x8 rejected some

SAMPLES_EVERY = 0.1  # seconds
MOST_OF_A_CORE = 0.05
"""What sampling may take: the kernel needs some 15 ms to add up the pages of 1 GiB."""


class Wrong(Exception):
    """A run did not do what it should have done, so its time means nothing."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float  # from its start until it had ended
    peak: float  # MiB of memory, see `Sampler`; 0 where nobody looked


class Sent(NamedTuple):
    """What a run of `bulksender send` took."""

    seconds: float
    peak: float  # MiB, or 0
    queued: int  # messages
    stages: dict[str, float]  # stage → seconds, in order; empty where nothing was told


class Sampler:
    """Looks again and again at the memory of a process and all its descendants; a context manager.

    `peak` is the highest sum seen, in MiB. The sum is of PSS: pages that several processes share
    count once in all, so it is what the machine would have back if all of them ended; files that
    are mapped count, the page cache does not. Where the kernel does not tell PSS it is RSS, which
    counts shared pages once for each process. Looks are 100 ms apart, or further where they take
    long, so a peak that is shorter may be missed.
    """

    def __init__(self, process: int):
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        wait = 0.0
        while not self._ended.wait(wait):
            began = time.perf_counter()
            self._look()
            took = time.perf_counter() - began
            wait = max(SAMPLES_EVERY, took / MOST_OF_A_CORE)

    def _look(self) -> None:
        processes = [self._process, *descendants(self._process)]
        # PSS is costly, and never more than RSS: it is asked for where it may be a new peak.
        if sum(map(rss, processes)) > self.peak:
            self.peak = max(self.peak, sum(map(pss, processes)))


def descendants(process: int) -> Iterator[int]:
    """The processes that a process has started, those they have started, and so on."""
    try:
        tasks = [*Path(f"/proc/{process}/task").iterdir()]
        found = " ".join(Path(task, "children").read_text() for task in tasks)
    except OSError:  # it has just ended
        return
    for child in map(int, found.split()):
        yield child
        yield from descendants(child)


def rss(process: int) -> float:
    """The memory that a process has in use, in MiB; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def pss(process: int) -> float:
    """The same with a fair share of what it shares with others; RSS where that is not told."""
    try:
        told = re.search(
            r"^Pss: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.M
        )
    except OSError:
        told = None
    return int(told[1]) / 1024 if told else rss(process)


def run(command: list[str], folder: Path, *, memory: bool = False) -> Ended:
    """Run a command in a folder, with no settings but those of the benchmark.

    Its `memory` is looked at only where that is asked for: looking takes time of a processor that a
    command of several processes could use itself.
    """
    own = {name: value for name, value in os.environ.items() if "BULKSENDER_" not in name}
    os.sync()  # nobody should wait for what somebody else has left to be written
    began = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**own, "BULKSENDER_API_KEY": "bench"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with Sampler(child.pid) if memory else nullcontext() as sampler:
        out, err = child.communicate()
        seconds = time.perf_counter() - began
    return Ended(child.returncode, out, err, seconds, sampler.peak if sampler else 0.0)


class Server:
    """The stand-in server in a process of its own; a context manager."""

    def __init__(self, latency: float = 0.0, *, unique: bool = False):
        options = ["--latency", str(latency), *["--unique"] * unique]
        self._command = [sys.executable, str(HERE / "server.py"), *options]

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None  # it is a pipe
        self.url = self._child.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._child.terminate()
            self._child.communicate()

    def received(self) -> Received:
        """End it, and say what it has received."""
        self._child.terminate()
        out, _ = self._child.communicate()
        return msgspec.json.decode(out, type=Received)


def send(
    sheet: Path,
    rows: int,
    *,
    latency: float = 0.0,
    options: tuple[str, ...] = (),
    memory: bool = False,
) -> Sent:
    """Send a sheet of so many rows to a server that answers after `latency` seconds.

    Ledger and result are new ones, and removed afterwards. Raises Wrong where the run did not send
    exactly what it says, or left another result.
    """
    with TemporaryDirectory(dir=sheet.parent) as made, Server(latency) as server:
        output = Path(made, f"results{sheet.suffix}")
        ended = run(
            [
                *(str(BULKSENDER), "--ledger", str(Path(made, "ledger.db")), "send", str(sheet)),
                *("--text", TEXT, "--country", "SG", "--base-url", server.url),
                *("--subaccount", "bench", "--yes", "-o", str(output), "--json"),
                *TIMINGS,
                *options,
            ],
            Path(made),
            memory=memory,
        )
        queued = judged(ended, rows, output, server.received())
    return Sent(ended.seconds, ended.peak, queued, stages(ended.err))


def judged(ended: Ended, rows: int, output: Path, received: Received) -> int:
    """How many messages were sent. Raises Wrong where anything does not agree."""
    if ended.code not in ENDED_WELL:
        raise Wrong(f"bulksender ended with {ended.code}:\n{ended.err}")
    told = json.loads(ended.out)
    queued = int(told["counts"].get("QUEUED", 0))
    if told["rows"] != rows:
        raise Wrong(f"bulksender read {told['rows']:,} rows of a sheet of {rows:,}")
    if sum(told["counts"].values()) != rows:
        raise Wrong(f"the counts are not those of {rows:,} rows: {told['counts']}")
    if not queued or queued != received.messages:
        raise Wrong(f"{queued:,} messages are QUEUED, the server got {received.messages:,}")
    if not output.is_file():
        raise Wrong(f"there is no result in {output.name}")
    if (said := umids(output)) != queued:
        raise Wrong(f"{queued:,} messages are QUEUED, the result holds {said:,} different umids")
    return queued


def umids(result: Path) -> int:
    """How many different umids stand in a result: in a text file, or in a workbook's sheets."""
    found: set[bytes] = set()
    with ExitStack() as files:
        if result.suffix == ".xlsx":
            book = files.enter_context(ZipFile(result))
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
            opened: list[IO[bytes]] = [files.enter_context(book.open(name)) for name in sheets]
        else:
            opened = [files.enter_context(result.open("rb"))]
        for file in opened:
            rest = b""
            while block := file.read(1 << 24):
                found.update(UMID.findall(rest + block))
                rest = block[-35:]  # a umid has 36
    return len(found)


def send_plainly(sheet: Path, writer: str) -> tuple[float, int]:
    """Send a workbook with the plain script: seconds, and messages sent. May raise Wrong."""
    with TemporaryDirectory(dir=sheet.parent) as made, Server() as server:
        output = Path(made, "results.xlsx")
        script = [sys.executable, str(HERE / "plain.py"), "--writer", writer]
        ended = run([*script, str(sheet), str(output), server.url], Path(made))
        received = server.received()
    if ended.code or not received.messages:
        raise Wrong(f"the plain script ended with {ended.code}:\n{ended.err}")
    return ended.seconds, received.messages


def help_shown(folder: Path) -> float:
    """The seconds that `bulksender --help` takes. May raise Wrong."""
    ended = run([str(BULKSENDER), "--help"], folder)
    if ended.code or "Usage" not in ended.out:
        raise Wrong(f"bulksender --help ended with {ended.code}:\n{ended.err}")
    return ended.seconds


def stages(told: str) -> dict[str, float]:
    """Stage → seconds, of the lines below `Where the time went`; empty where there are none."""
    _, _, below = told.partition("Where the time went\n")
    lines = re.findall(r"^\s+(\S.*?)\s+([\d,]*\.?\d+) s\b", below, re.M)
    return {name: float(seconds.replace(",", "")) for name, seconds in lines}

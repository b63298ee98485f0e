"""Measure bulksender against what it promises, and write down what came out. Needs Linux's /proc.

    python benchmarks/bench.py [--quick] [--rows N] [--runs N] [--only CASE,…] [--folder FOLDER]
        [--output FILE]

Without arguments: everything, three runs each, medians; RESULTS.md and speed.svg beside this file
are written anew. With `--quick` the sheets are a tenth as long and run once, and nothing is written
down; starting up weighs more there, so it looks slower than a full run. A run that did not do its
work ends the benchmark with 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import contacts
import machine
import measuring
from measuring import HERE, WRITERS, Sent, Wrong
from table import GOALS, Row, breakdown, markdown

LARGE, QUICK = 1_000_000, 100_000  # rows
LATENCY = 0.25  # seconds
CASES = ("xlsx", "csv", "latency", "plain", "small", "help", "batch", "huge")


class Bench:
    """The cases, each a method of that name, and what they have found.

    A large sheet has `rows` rows; sheets are made in `folder`, or found there.
    """

    def __init__(self, folder: Path, rows: int, runs: int):
        self._folder = folder
        self._rows = rows
        self._runs = runs
        self.found: dict[str, list[float]] = {}
        self.sent: dict[str, list[Sent]] = {}

    @property
    def table(self) -> list[Row]:
        """What was measured, in the order of the goals."""
        return [Row(goal, self.found[name]) for name, goal in GOALS.items() if name in self.found]

    @property
    def speeds(self) -> dict[str, float]:
        """What was run → its median speed in rows/s, of what is drawn."""
        names = {
            "openpyxl-speed": f"plain script, {self._rows // 10:,} rows",
            "xlsx": "bulksender, XLSX",
            "csv": "bulksender, CSV",
        }
        return {
            shown: median(self.found[name]) for name, shown in names.items() if name in self.found
        }

    @property
    def stages(self) -> dict[str, dict[str, float]]:
        """XLSX or CSV → where the seconds of the median run went, stage by stage."""
        middle = {
            kind: sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
            for kind, runs in self.sent.items()
        }
        return {kind: run.stages for kind, run in middle.items() if run.stages}

    def xlsx(self) -> None:
        """Workbooks: speed, memory, and seconds against a tenth of the rows."""
        for _ in range(self._runs):
            large = self._send(".xlsx", self._rows, memory=True)
            tenth = self._send(".xlsx", self._rows // 10, memory=True)
            self.sent.setdefault("XLSX", []).append(large)
            self._add("xlsx", self._rows / large.seconds)
            self._add("xlsx-messages", large.queued / large.seconds)
            self._add("memory", large.peak)
            self._add("scaling", large.seconds / tenth.seconds)

    def csv(self) -> None:
        """Text files: speed, and memory against four times the rows."""
        for _ in range(self._runs):
            large = self._send(".csv", self._rows, memory=True)
            four = self._send(".csv", 4 * self._rows, memory=True)
            self.sent.setdefault("CSV", []).append(large)
            self._add("csv", self._rows / large.seconds)
            self._add("csv-messages", large.queued / large.seconds)
            self._add("growth", 100 * (four.peak / large.peak - 1))

    def latency(self) -> None:
        """A server that thinks before it answers: 4 requests at a time wait for it, 32 do not."""
        for _ in range(self._runs):
            sent = self._send(".xlsx", self._rows, latency=LATENCY, options=("--concurrency", "32"))
            self._add("latency", self._rows / sent.seconds)
            self._add("latency-messages", sent.queued / sent.seconds)
        sent = self._send(".xlsx", self._rows, latency=LATENCY)
        self._add("default-latency", self._rows / sent.seconds)

    def plain(self) -> None:
        """The plain script and bulksender in turn, so that both meet the machine in one mood."""
        rows = self._rows // 10
        sheet = self._sheet(".xlsx", rows)
        for _ in range(self._runs):
            sent = self._send(".xlsx", rows)
            for writer in WRITERS:
                seconds, messages = measuring.send_plainly(sheet, writer)
                say(f"the plain script with {writer}, {rows:,} rows: {seconds:.1f} s")
                if messages != sent.queued:
                    raise Wrong(f"the plain script sent {messages:,}, bulksender {sent.queued:,}")
                self._add(f"{writer}-speed", rows / seconds)
                self._add(writer, seconds / sent.seconds)

    def small(self) -> None:
        """A sheet as most people have it."""
        for _ in range(self._runs):
            self._add("small", self._send(".xlsx", 100).seconds)

    def help(self) -> None:
        """The shortest command."""
        for _ in range(self._runs):
            self._add("help", measuring.help_shown(self._folder))

    def batch(self) -> None:
        """The largest batches that 8x8 takes."""
        sent = self._send(".xlsx", self._rows, options=("--batch-size", "10000"))
        self._add("batch", self._rows / sent.seconds)

    def huge(self) -> None:
        """More rows than a workbook can hold."""
        sent = self._send(".csv", 5 * self._rows, memory=True)
        self._add("huge", 5 * self._rows / sent.seconds)
        self._add("huge-memory", sent.peak)

    def _add(self, name: str, value: float) -> None:
        self.found.setdefault(name, []).append(value)

    def _send(
        self,
        suffix: str,
        rows: int,
        *,
        latency: float = 0.0,
        options: tuple[str, ...] = (),
        memory: bool = False,
    ) -> Sent:
        sheet = self._sheet(suffix, rows)
        sent = measuring.send(sheet, rows, latency=latency, options=options, memory=memory)
        peak = f", {sent.peak:,.0f} MiB" if memory else ""
        say(f"{sheet.name}: {sent.seconds:.2f} s{peak}")
        return sent

    def _sheet(self, suffix: str, rows: int) -> Path:
        path = self._folder / f"contacts-{rows}{suffix}"
        if not path.exists():
            say(f"making {path.name} …")
            unfinished = path.with_stem(f"{path.stem}-unfinished")
            contacts.write(unfinished, rows)
            unfinished.rename(path)
        return path


def say(line: str) -> None:
    """Tell people how far it is; standard output is for the results."""
    print(f"  {line}", file=sys.stderr, flush=True)


def results(bench: Bench, rows: int) -> str:
    """The tables in Markdown."""
    parts = [markdown(bench.table, rows)]
    if bench.stages:
        where = f"Where the time went, {rows:,} rows, the median run:"
        parts += [where, breakdown(bench.stages)]
    return "\n".join(part if part.endswith("\n") else part + "\n" for part in parts)


def write_down(bench: Bench, rows: int, folder: Path, output: Path) -> None:
    """Write the results to `output`, and the plot beside it; sheets and ledgers were in `folder`.

    So it is known which machine, disk and commit they are from.
    """
    import plot  # matplotlib takes a second, and is needed nowhere else

    facts = "\n".join(f"| {name} | {value} |" for name, value in machine.facts(folder).items())
    picture = output.with_name("speed.svg")
    plot.draw(bench.speeds, bench.stages, picture)
    output.write_text(
        "# How fast bulksender is\n\n"
        "Written by `make bench`. Each run has a new ledger and a new process; its time is from\n"
        "the start of the process to its end, the finished sheet included. Client and server\n"
        "share the machine. Memory is of all of bulksender's processes together, looked at in\n"
        "the runs whose memory is told. Of the rows some 15% cannot be sent, on purpose: fewer\n"
        "messages leave than rows are read.\n\n"
        f"{results(bench, rows)}\n![Rows a second, and where the time goes]({picture.name})\n\n"
        f"| measured on | |\n| --- | --- |\n{facts}\n",
        "utf-8",
    )


def wanted(names: str) -> list[str]:
    """The cases that a list of names stands for."""
    found = [name.strip() for name in names.split(",")]
    for name in found:
        if name not in CASES:
            raise argparse.ArgumentTypeError(f"no case {name!r}; there are {', '.join(CASES)}")
    return found


def main() -> None:
    options = argparse.ArgumentParser(description="Measure bulksender.")
    options.add_argument("--quick", action="store_true", help="smaller sheets, one run each")
    options.add_argument("--rows", type=int, help="how many a large sheet has")
    options.add_argument("--runs", type=int, help="how often each case is run")
    options.add_argument("--only", type=wanted, metavar="CASE,…", help=", ".join(CASES))
    options.add_argument("--folder", type=Path, help="where sheets are kept for the next time")
    options.add_argument("--output", type=Path, help="where the results go, the plot beside it")
    given = options.parse_args()
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        sys.exit("bench: this system does not tell which process has started which; take Linux")
    rows = given.rows or (QUICK if given.quick else LARGE)
    whole = not (given.quick or given.rows or given.only)
    output = given.output or (HERE / "RESULTS.md" if whole else None)
    with TemporaryDirectory(prefix="bulksender-bench-") as made:
        folder = (given.folder or Path(made)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, rows, given.runs or (1 if given.quick else 3))
        try:
            for case in given.only or CASES:
                say(f"{case}")
                getattr(bench, case)()
        except Wrong as error:
            sys.exit(f"bench: {error}")
        if output is not None:
            write_down(bench, rows, folder, output)
    print(results(bench, rows))


if __name__ == "__main__":
    main()

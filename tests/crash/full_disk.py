"""A disk that fills up under the real command, and what must hold whenever it does.

The limit is the kernel's own (RLIMIT_FSIZE): Python ignores SIGXFSZ, so a write beyond it is cut
off at that byte and then fails, for the ledger's files as for the result sheet.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from shell import Ended, Shell

from bulksender import campaign, chunker
from bulksender.ledger import Ledger, Run, RunState, runs
from bulksender.model import ACCEPTED, RowStatus
from bulksender.sender import Patience, RetryPolicy, Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.settling import reconcile
from bulksender.simulator import Fault, FaultKind, Simulator

ROWS, BATCH = 12, 3
SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--batch-size", str(BATCH),
        "--concurrency", "1", "-y")  # fmt: skip
SETTLE = ("reconcile", "--resend-absent", "--settle", "0s")
LIMITED = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
os.execv(sys.executable, [sys.executable, "-m", "bulksender", *sys.argv[2:]])
"""
# Root may write whatever the mode says; without this capability it may not.
ORDINARY = """
import ctypes, os, sys
if os.geteuid() == 0:
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
os.execv(sys.executable, [sys.executable, "-m", "bulksender", *sys.argv[1:]])
"""
SAYS_WHAT = re.compile(
    r"^bulksender: .*(disk|unable to open|readonly|cannot|could not be|malformed)", re.M
)
SAYS_HOW_TO_GO_ON = re.compile(r"bulksender (resume|reconcile|report) \w{10}")
HASTY = Patience(first_wait=0.001, longest_wait=0.002)


# Commands ------------------------------------------------------------------------------------


def shell_for(folder: Path, sim: Simulator, sheet: str | None = None) -> Shell:
    """A folder with a sheet of twelve rows, and settings that lead to the simulator."""
    folder.mkdir(exist_ok=True)
    shell = Shell(
        folder,
        BULKSENDER_BASE_URL=sim.base_url,
        BULKSENDER_API_KEY=sim.api_key,
        BULKSENDER_SUBACCOUNT=sim.subaccount,
        PYTHONDONTWRITEBYTECODE="1",
    )
    rows = [f"Person {row},+6591230{row:03}" for row in range(ROWS)]
    shell.write("sheet.csv", sheet or "\n".join(["Name,Mobile", *rows]) + "\n")
    return shell


def limited(shell: Shell, limit: int, *arguments: str) -> Ended:
    """The real command, none of whose files may grow beyond so many bytes."""
    return _launched(shell, LIMITED, str(limit), *arguments)


def ordinary(shell: Shell, *arguments: str) -> Ended:
    """The real command as somebody runs it who is not above the files' modes."""
    return _launched(shell, ORDINARY, *arguments)


def _launched(shell: Shell, launcher: str, *arguments: str) -> Ended:
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", launcher, *arguments],
        cwd=shell.folder,
        env=shell.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


# Runs in this process ------------------------------------------------------------------------


def account(sim: Simulator) -> Account:
    return Account(sim.base_url, sim.subaccount, sim.api_key)


def job(folder: Path, sim: Simulator, **changes: object) -> Job:
    made = Job(
        sheet=SheetOptions(path=str(folder / "sheet.csv")),
        template="Hi {{ name }}",
        folder=str(folder),
        subaccount=sim.subaccount,
        base_url=sim.base_url,
        batch_size=BATCH,
        concurrency=1,
    )
    return msgspec.structs.replace(made, **changes)


def send(run: Run, sim: Simulator) -> str | None:
    """Send what is READY; returns why it stopped, or None."""
    policy = RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.02)
    sender = Sender(run, account(sim), policy=policy)
    campaign.send(run, sender)
    return sender.stopped


def interrupt(shell: Shell, sim: Simulator) -> str:
    """Leave a run behind whose process died; returns its id.

    Batch 1 is QUEUED; 2 is UNKNOWN and was accepted; 3 is SENDING and never left; 4 is READY.
    """
    sim.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    sim.inject(Fault(FaultKind.UNAUTHORIZED, post=3))
    with Ledger(ledger_of(shell), durable=False) as book:
        run = campaign.plan(job(shell.folder, sim), book)
        run.approve()
        send(run, sim)
        run.reopen(run.job)
        run.claim(next(chunker.chunk(run.ready(), BATCH, run.id, run.last_batch() + 1)))
        assert {status.value: rows for status, rows in run.counts().items()} == {
            "QUEUED": 3, "UNKNOWN": 3, "SENDING": 3, "READY": 3,
        }  # fmt: skip
        return run.id


def ledger_of(shell: Shell) -> Path:
    return Path(shell.environ["BULKSENDER_LEDGER"])


def finish(shell: Shell, sim: Simulator) -> None:
    """Without any limit: `resume` and `reconcile --resend-absent --settle 0s`, or `send` anew."""
    with Ledger(ledger_of(shell), durable=False) as book:
        approved = [line.id for line in runs(book) if line.approved]
        if approved:
            run = book.run(approved[-1])
            if run.state in (RunState.SENDING, RunState.STOPPED):
                assert campaign.resumable(None, book).id == run.id
                run.reopen(run.job)
        else:
            run = campaign.plan(job(shell.folder, sim), book)
            campaign.refuse_unsendable(run, book)
            run.approve()
        assert send(run, sim) is None
        inquiry = reconcile(
            run, book, account(sim), settle=timedelta(0), resend=lambda rows: True, patience=HASTY
        )
        if inquiry.resent:
            run.reopen(run.job)
            assert send(run, sim) is None
        campaign.report(run)
        assert book.run(run.id).state is RunState.FINISHED


# Judging -------------------------------------------------------------------------------------


def posted_batches(sim: Simulator) -> set[tuple[str, int]]:
    """(run, batch number) of every POST that has arrived."""
    names = [(post.client_batch_id or "").rpartition("-") for post in sim.posts]
    return {(run, int(number)) for run, _, number in names}


def assert_sound(ledger: Path) -> None:
    """SQLite finds nothing wrong with the file."""
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def assert_claimed(ledger: Path, posts: Iterable[tuple[str, int]]) -> None:
    """Each batch that was POSTed is in the ledger."""
    claimed = _selected(ledger, "SELECT id, number FROM batch JOIN run ON run.no = batch.run")
    assert set(posts) <= set(claimed), "a batch left that the ledger does not know"


def _selected(ledger: Path, statement: str) -> list[Any]:
    """What a statement finds; nothing where the ledger has no tables yet."""
    with closing(sqlite3.connect(ledger)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return []
        return connection.execute(statement).fetchall()


def assert_nobody_waits_who_was_reached(ledger: Path, sim: Simulator) -> None:
    """No row is READY whose message the simulator has accepted."""
    accepted = {message.destination for message in sim.messages}
    waits = _selected(
        ledger,
        "SELECT destination FROM message JOIN run ON run.no = message.run "
        "WHERE status = 'READY' AND approved_at IS NOT NULL",
    )
    assert not accepted & {number for (number,) in waits}


def waiting(ledger: Path) -> set[int]:
    """The rows that are READY."""
    return {row for (row,) in _selected(ledger, "SELECT row FROM message WHERE status = 'READY'")}


def assert_said_well(ended: Ended, sent_anything: bool) -> None:
    """What went wrong, in words; 3 where nothing was sent, else 6 and how to go on."""
    assert "Traceback" not in ended.err, ended.err
    assert "A bug in bulksender" not in ended.err, ended.err
    assert ended.code in (3, 6), ended
    assert not sent_anything or ended.code == 6, ended
    assert SAYS_WHAT.search(ended.err), ended.err
    if ended.code == 6:
        assert SAYS_HOW_TO_GO_ON.search(ended.err), ended.err


def assert_says_what_next(ended: Ended) -> None:
    """Besides naming the file and the failure."""
    said = re.sub(r"bulksender: The ledger \S+: [^.]*\.", "", ended.err)
    assert said.strip(), f"nothing is said but {ended.err!r}"


def assert_no_half_files(folder: Path) -> None:
    assert [path.name for path in folder.iterdir() if path.name.endswith(".tmp")] == []


class Judged(NamedTuple):
    twice: int
    lost: int


def judge(shell: Shell, sim: Simulator) -> Judged:
    """Of a finished run: twice and lost, by the simulator; the sheet must say the same."""
    accepted = Counter(message.destination for message in sim.messages)
    umids = {message.destination: message.umid for message in sim.messages}
    with (shell.folder / "sheet-results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == ROWS
    for row in rows:
        assert RowStatus(row["status"]) in ACCEPTED, row
        assert row["umid"] == umids.get(row["Mobile"]), row
    twice = sum(times - 1 for times in accepted.values())
    return Judged(twice, sum(row["Mobile"] not in accepted for row in rows))


# The write-ahead log -------------------------------------------------------------------------

HEADER, FRAME_HEADER = 32, 24


def commits(wal: bytes) -> list[int]:
    """Where each commit ends, by SQLite's file format: salts and sums must be right."""
    if len(wal) < HEADER:
        return []
    magic, _, page_size, _, *salts = struct.unpack(">6I", wal[:24])
    order = ">" if magic & 1 else "<"
    size, sums, found = FRAME_HEADER + page_size, struct.unpack(">2I", wal[24:32]), []
    for start in range(HEADER, len(wal) - size + 1, size):
        head, page = wal[start : start + FRAME_HEADER], wal[start + FRAME_HEADER : start + size]
        pages, *said = struct.unpack(">4x5I", head)
        sums = _summed(_summed(sums, head[:8], order), page, order)
        if said[:2] != salts or tuple(said[2:]) != sums:
            break
        if pages:
            found.append(start + size)
    return found


def _summed(sums: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


@contextmanager
def held(ledger: Path, at_least: int = 0) -> Iterator[Path]:
    """Keep the ledger open beside the command, so that its -wal is neither emptied nor removed.

    With `at_least`, the -wal is first filled to so many bytes: what is written next lies beyond
    the -shm file's 32 KiB and the ledger's own size, and a limit can be told to hit just that.
    Yields the -wal.
    """
    wal = ledger.with_name(ledger.name + "-wal")
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        while at_least and (not wal.exists() or wal.stat().st_size < at_least):
            connection.execute("UPDATE run SET hash = coalesce(hash, '') || ''")
        yield wal


def reference(shell: Shell, at_least: int, *arguments: str) -> list[int]:
    """How far into what it writes to the -wal each commit of an undisturbed command ends."""
    with held(ledger_of(shell), at_least) as wal:
        before = len(wal.read_bytes())
        ended = shell.run(*arguments)
        assert ended.code in (0, 5), ended.err
        return [end - before for end in commits(wal.read_bytes()) if end > before]

"""The disk is full, or fails, at each write of the ledger: nobody twice, nobody lost, no guessing.

The simulator is the judge: no POST leaves whose claim is not in the ledger. Each command meets a
limit of the kernel's that cuts one of its commits off; without the limit the run is finished.
"""

from __future__ import annotations

import csv
import os
import random
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import full_disk as fd
import pytest
from shell import Ended, Shell

from bulksender.simulator import Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")

RESUME = ("resume",)
PADDED = 40_000  # beyond the 32 KiB of the -shm file


def swept(limits: list[int], one: Callable[[int], fd.Judged]) -> None:
    """Each limit once, two at a time; every failure is told with the limit that it came with."""

    def told(limit: int) -> fd.Judged | str:
        try:
            return one(limit)
        except Exception as error:
            return f"limit {limit}: {type(error).__name__}: {error}"

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(told, limits))
    wrong = [each for each in found if isinstance(each, str)]
    assert not wrong, "\n\n".join([f"{len(wrong)} of {len(found)}", *wrong])
    assert set(found) == {(0, 0)}


def cuts(ends: list[int]) -> list[int]:
    """A limit for each commit: in turn within its first page, and before its very last byte."""
    starts = [0, *ends[:-1]]
    return [
        start + 100 if number % 2 else end - 1
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def assert_safe(shell: Shell, sim: Simulator, ended: Ended, posts_before: int) -> None:
    """Whatever was cut off: it was said, nothing left unclaimed, and the ledger is whole."""
    ledger = fd.ledger_of(shell)
    fd.assert_said_well(ended, len(sim.posts) > posts_before)
    fd.assert_sound(ledger)
    fd.assert_claimed(ledger, fd.posted_batches(sim))
    fd.assert_nobody_waits_who_was_reached(ledger, sim)
    fd.assert_no_half_files(shell.folder)


@pytest.fixture(scope="module")
def ends_of_send(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Where in the -wal each commit of an undisturbed `send` ends."""
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path_factory.mktemp("reference"), sim)
        ends = fd.reference(shell, 0, *fd.SEND)
    # schema, run, rows, seal, approve; a claim, three answers with the next claim, an answer; end
    assert len(ends) == 11
    return ends


def test_a_send_whose_commit_is_cut_off_is_finished_afterwards(
    tmp_path: Path, ends_of_send: list[int]
) -> None:

    def one(limit: int) -> fd.Judged:
        with Simulator() as sim:
            shell = fd.shell_for(tmp_path / str(limit), sim)
            ended = fd.limited(shell, limit, *fd.SEND)
            assert_safe(shell, sim, ended, 0)
            fd.finish(shell, sim)
            return fd.judge(shell, sim)

    _, claim, answer, *_ = ends_of_send[4:]
    others = [0, claim - 1, claim + 100, answer + 100]  # of each both ways
    swept(sorted({*others, *cuts(ends_of_send)}), one)


@pytest.mark.parametrize(
    ("command", "commits"),
    [
        (RESUME, 4),  # orphans, claim, answer, end
        (fd.SETTLE, 8),  # orphans, the log, anew, reopened, claim, answer with claim, answer, end
    ],
    ids=["resume", "reconcile"],
)
def test_a_run_whose_settling_is_cut_off_at_any_commit_is_finished_afterwards(
    tmp_path: Path, command: tuple[str, ...], commits: int
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "reference", sim)
        fd.interrupt(shell, sim)
        ends = fd.reference(shell, PADDED, *command)
    assert len(ends) == commits

    def one(limit: int) -> fd.Judged:
        with Simulator() as sim:
            shell = fd.shell_for(tmp_path / str(limit), sim)
            fd.interrupt(shell, sim)
            posts, ledger = len(sim.posts), fd.ledger_of(shell)
            ready = fd.waiting(ledger)
            with fd.held(ledger, PADDED) as wal:
                ended = fd.limited(shell, wal.stat().st_size + limit, *command)
            assert_safe(shell, sim, ended, posts)
            if ended.code == 3:  # as if it had never been tried
                assert fd.waiting(ledger) == ready
            fd.finish(shell, sim)
            return fd.judge(shell, sim)

    swept(cuts(ends), one)


def test_an_older_ledger_is_as_it_was_when_its_copy_or_its_upgrade_is_cut_off(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "reference", sim)
        fd.interrupt(shell, sim)
        make_older(fd.ledger_of(shell))
        size = fd.ledger_of(shell).stat().st_size
        (upgraded, *_) = fd.reference(shell, size + PADDED, "runs")

    def one(limit: int) -> fd.Judged:
        with Simulator() as sim:
            shell = fd.shell_for(tmp_path / str(limit), sim)
            fd.interrupt(shell, sim)
            posts, ledger = len(sim.posts), fd.ledger_of(shell)
            make_older(ledger)
            kept = content(ledger)
            with fd.held(ledger, size + PADDED) as wal:
                end = wal.stat().st_size
                ended = fd.limited(shell, limit if limit <= size else end + limit - size, "resume")
            assert ended.code == 3, ended
            assert_safe(shell, sim, ended, posts)
            assert len(sim.posts) == posts
            assert content(ledger) == kept
            copy = ledger.with_name("ledger.db.schema-1")
            assert copy.exists() == (limit > size)
            fd.finish(shell, sim)
            assert content(copy) == kept
            fd.assert_no_half_files(shell.folder)
            return fd.judge(shell, sim)

    swept([100, size // 2, size - 1, size + 100, size + upgraded - 1], one)


def make_older(ledger: Path) -> None:
    """As a bulksender of schema 1 has left it."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.executescript(
            """
            DROP INDEX run_by_period; DROP INDEX message_by_due;
            DROP TABLE told; DROP TABLE suppression; DROP TABLE price;
            ALTER TABLE run DROP COLUMN campaign; ALTER TABLE run DROP COLUMN period;
            ALTER TABLE run DROP COLUMN costs; ALTER TABLE run DROP COLUMN consent_at;
            ALTER TABLE message DROP COLUMN due;
            DROP TABLE inquiry; DROP TABLE tally;
            ALTER TABLE run DROP COLUMN parent; ALTER TABLE run DROP COLUMN purged_at;
            ALTER TABLE message DROP COLUMN attempt; ALTER TABLE message DROP COLUMN held;
            ALTER TABLE batch DROP COLUMN base_url; ALTER TABLE batch DROP COLUMN subaccount;
            PRAGMA user_version = 1;
            VACUUM;
            """
        )


def content(ledger: Path) -> list[str]:
    """Everything in a ledger; what it may be padded with stands apart."""
    with closing(sqlite3.connect(ledger)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()
        return [str(version), *connection.iterdump()]


@pytest.mark.parametrize("command", ["send", "resume", "reconcile"])
def test_a_ledger_that_cannot_be_written_says_what_to_do_about_it(
    tmp_path: Path, command: str
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "here", sim)
        if command == "send":
            ended = fd.limited(shell, PADDED, *fd.SEND)
        else:
            fd.interrupt(shell, sim)
            with fd.held(fd.ledger_of(shell), PADDED) as wal:
                arguments = RESUME if command == "resume" else fd.SETTLE
                ended = fd.limited(shell, wal.stat().st_size, *arguments)
    assert "disk I/O error" in ended.err
    fd.assert_says_what_next(ended)


# The same, by commands alone ------------------------------------------------------------------


@pytest.mark.parametrize("commit", [5, 7, 9], ids=["claim", "answer and claim", "answer"])
def test_the_commands_that_are_named_finish_a_run_that_ran_out_of_disk(
    tmp_path: Path, ends_of_send: list[int], commit: int
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "here", sim)
        ended = fd.limited(shell, ends_of_send[commit] - 1, *fd.SEND)
        for _ in range(3):
            named = fd.SAYS_HOW_TO_GO_ON.search(ended.err)
            if named is None:
                break
            command, run = named[0].split()[1:]
            more = ["--resend-absent", "--settle", "0s"] if command == "reconcile" else []
            ended = shell.run(command, run, *more)
        assert ended.code == 0, ended.err
        assert fd.judge(shell, sim) == (0, 0)


# The result sheet -----------------------------------------------------------------------------

WIDE = 30_000
"""Characters of a note that stands in each row of the sheet, and not in the ledger."""
ROOM = 200_000
"""Bytes, enough for the ledger and not for the result."""


def wide_rows() -> Iterator[tuple[str, str, str]]:
    dice = random.Random(1)
    for row in range(fd.ROWS):
        yield (
            f"Person {row}",
            f"+6591230{row:03}",
            b64encode(dice.randbytes(WIDE * 3 // 4)).decode(),
        )


def wide_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("Name", "Mobile", "Notes"), *wide_rows()])


def wide_xlsx(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in [("Name", "Mobile", "Notes"), *wide_rows()]:
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("make", "name", "options", "output", "old"),
    [
        (wide_csv, "wide.csv", (), "wide-results.csv", b"an older result"),
        (wide_csv, "wide.csv", ("--in-place",), "wide.csv", None),
        (wide_xlsx, "wide.xlsx", (), "wide-results.xlsx", None),
    ],
    ids=["over an older one", "in place", "workbook"],
)
def test_a_result_that_does_not_fit_is_written_whole_later_or_not_at_all(
    tmp_path: Path,
    make: Callable[[Path], None],
    name: str,
    options: tuple[str, ...],
    output: str,
    old: bytes | None,
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "here", sim)
        make(shell.folder / name)
        result = shell.folder / output
        if old is not None:
            result.write_bytes(old)
        before = result.read_bytes() if result.exists() else None
        files = sorted(path.name for path in shell.folder.iterdir())
        assert (shell.folder / name).stat().st_size > ROOM
        ended = fd.limited(shell, ROOM, "send", name, *fd.SEND[2:], *options)

        assert ended.code == 6, ended
        fd.assert_said_well(ended, sent_anything=True)
        assert "File too large" in ended.err
        assert len(sim.messages) == fd.ROWS
        assert (result.read_bytes() if result.exists() else None) == before
        left = {path.name for path in shell.folder.iterdir()} - set(files)
        assert left <= {"ledger.db", "ledger.db.locks", "ledger.db-wal", "ledger.db-shm"}
        fd.assert_sound(fd.ledger_of(shell))

        named = fd.SAYS_HOW_TO_GO_ON.search(ended.err)
        assert named is not None
        command, run = named[0].split()[1:]
        assert command == "report"
        reported = shell.run("report", run)
        assert reported.code == 0, reported.err
        text = result.read_bytes()
        assert len(text) > ROOM
        if name.endswith("csv"):
            rows = list(csv.DictReader(text.decode().splitlines()))
            assert {row["Mobile"]: row["umid"] for row in rows} == {
                message.destination: message.umid for message in sim.messages
            }
        assert len(sim.messages) == fd.ROWS


# Files that may not be written ----------------------------------------------------------------


def read_only_file(ledger: Path) -> Callable[[], None]:
    ledger.chmod(0o444)
    return lambda: ledger.chmod(0o600)


def read_only_folder(ledger: Path) -> Callable[[], None]:
    ledger.parent.chmod(0o555)
    return lambda: ledger.parent.chmod(0o755)


def a_folder_instead_of(ending: str) -> Callable[[Path], Callable[[], None]]:
    def block(ledger: Path) -> Callable[[], None]:
        blocked = ledger.with_name(ledger.name + ending)
        blocked.mkdir()
        return blocked.rmdir

    return block


def no_locks(ledger: Path) -> Callable[[], None]:
    locks = ledger.with_name(ledger.name + ".locks")
    aside = locks.rename(locks.with_name("aside"))
    locks.touch()

    def mend() -> None:
        locks.unlink()
        aside.rename(locks)

    return mend


@pytest.mark.parametrize(
    ("block", "commands"),
    [
        (read_only_file, (RESUME, fd.SETTLE)),
        (read_only_folder, (RESUME,)),
        (a_folder_instead_of("-wal"), (RESUME,)),
        (a_folder_instead_of("-shm"), (RESUME,)),
        (no_locks, (RESUME,)),
    ],
    ids=["file", "folder", "no -wal", "no -shm", "no locks"],
)
def test_a_ledger_that_may_not_be_written_sends_nothing_and_loses_nothing(
    tmp_path: Path,
    block: Callable[[Path], Callable[[], None]],
    commands: tuple[tuple[str, ...], ...],
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "here", sim)
        ledger = shell.folder / "books" / "ledger.db"
        shell.environ["BULKSENDER_LEDGER"] = str(ledger)
        fd.interrupt(shell, sim)
        posts, before = len(sim.posts), ledger.read_bytes()
        mend = block(ledger)
        try:
            with ThreadPoolExecutor(2) as pool:
                every = list(pool.map(lambda command: fd.ordinary(shell, *command), commands))
        finally:
            mend()
        assert every[0].code == 3, every
        for ended in every:
            fd.assert_said_well(ended, sent_anything=False)
        assert len(sim.posts) == posts
        assert ledger.read_bytes() == before
        fd.assert_sound(ledger)
        fd.finish(shell, sim)
        assert fd.judge(shell, sim) == (0, 0)


@pytest.mark.parametrize("left", [0, 100, 20_480])
def test_a_ledger_that_was_cut_off_sends_nothing_until_it_is_put_back(
    tmp_path: Path, left: int
) -> None:
    with Simulator() as sim:
        shell = fd.shell_for(tmp_path / "here", sim)
        fd.interrupt(shell, sim)
        posts, ledger = len(sim.posts), fd.ledger_of(shell)
        before = ledger.read_bytes()
        assert len(before) > 20_480
        ledger.write_bytes(before[:left])

        ended = shell.run(*RESUME)

        assert ended.code == 3, ended
        assert "Traceback" not in ended.err
        assert len(sim.posts) == posts
        ledger.write_bytes(before)
        fd.finish(shell, sim)
        assert fd.judge(shell, sim) == (0, 0)

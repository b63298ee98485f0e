"""A result that is written while its run is sent is the one that would be written afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from reporter_runs import planned
from sheet_xml import contacts_xml, make_book

from bulksender import reporter
from bulksender.errors import LedgerError
from bulksender.ledger import Ledger, Run, telling
from bulksender.model import Batch, Outcome, RowStatus
from bulksender.reporter import draft

ROWS = 60


def csv_sheet(folder: Path) -> Path:
    path = folder / "sheet.csv"
    lines = [f"{90000000 + n if n % 7 else 'n/a'},Ann {n}" for n in range(ROWS)]
    path.write_text("\r\n".join(["Phone,Name", *lines, ""]), "utf-8")
    return path


def workbook(folder: Path) -> Path:
    return make_book(folder / "sheet.xlsx", contacts_xml(*[f"{90000000 + n}" for n in range(ROWS)]))


def send_some(run: Run, rows: int, status: RowStatus = RowStatus.QUEUED) -> None:
    """A batch is claimed and answered."""
    ready = [message for message, _ in zip(run.ready(), range(rows), strict=False)]
    batch = Batch(run.id, run.last_batch() + 1, ready)
    run.claim(batch)
    outcomes = [Outcome(m.row, status, f"umid-{m.row}", "") for m in ready]
    run.settle(batch, outcomes, [], f"batch-{batch.number}")


def left(folder: Path) -> list[str]:
    """What is half-written in a folder."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def until(true: Callable[[], bool]) -> bool:
    """Wait for something that another process does."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "LARGE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.parametrize("sheet", [csv_sheet, workbook])
@pytest.mark.parametrize("status", [RowStatus.QUEUED, RowStatus.UNKNOWN])
def test_a_draft_is_the_result(
    ledger: Ledger, tmp_path: Path, sheet: Callable[[Path], Path], status: RowStatus
) -> None:
    path = sheet(tmp_path)
    run = planned(ledger, path)
    output = path.with_stem("result")

    with reporter.drafting(run, output) as made:
        assert made is not None
        send_some(run, 20)
        send_some(run, 20, status)
        send_some(run, 5)  # and all others still wait
        drafted = made.path.stat()
        assert reporter.write(run, output, made) == output

    assert output.stat().st_ino == drafted.st_ino
    again = reporter.write(run, path.with_stem("again"))
    assert output.read_bytes() == again.read_bytes()
    assert output.stat().st_mode == again.stat().st_mode
    assert left(tmp_path) == []


def test_a_page_is_taken_when_none_of_its_rows_waits(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "CHUNK_ROWS", 10)
    monkeypatch.setattr(draft, "PAUSE", 0.01)
    run = planned(ledger, csv_sheet(tmp_path))
    pages: list[int] = []
    whole = run.waits_between

    def follow() -> None:
        with Ledger(ledger.path) as own:
            same = own.run(run.id)
            asked = same.waits_between

            def noted(first: int, last: int) -> bool:
                waits = asked(first, last)
                if not waits:
                    pages.append(first)
                return waits

            monkeypatch.setattr(same, "waits_between", noted)
            draft.follow(same, tmp_path / "result.csv", threading.Event())

    follower = threading.Thread(target=follow)
    follower.start()
    time.sleep(0.2)
    assert pages == []
    send_some(run, 30)  # up to row 36 or so: every seventh row has no number
    assert until(lambda: pages == [1, 11, 21])
    assert whole(31, 40)
    send_some(run, ROWS)
    follower.join(30)
    assert not follower.is_alive()
    assert pages == [1, 11, 21, 31, 41, 51, 61]
    result = tmp_path / "result.csv"
    assert result.read_bytes() == reporter.write(run, tmp_path / "after.csv").read_bytes()


def test_where_another_process_has_written_to_the_ledger_the_result_is_written_anew(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    output = tmp_path / "result.csv"

    with reporter.drafting(run, output) as made:
        assert made is not None
        send_some(run, ROWS)
        assert until(lambda: b"umid-3," in made.path.read_bytes())  # taken from the ledger
        with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
            other.execute("UPDATE message SET umid = 'another' WHERE umid = 'umid-3'")
        reporter.write(run, output, made)

    assert b"another" in output.read_bytes()
    assert b"umid-3," not in output.read_bytes()
    assert left(tmp_path) == []


def test_where_the_process_was_killed_the_result_is_written_anew(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    output = tmp_path / "result.csv"

    with reporter.drafting(run, output) as made:
        assert made is not None
        made._process.kill()
        send_some(run, ROWS)
        reporter.write(run, output, made)

    assert output.read_bytes() == reporter.write(run, tmp_path / "again.csv").read_bytes()
    assert left(tmp_path) == []


def test_a_draft_that_cannot_be_used_is_gone_before_the_result_is_written(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))

    with reporter.drafting(run, tmp_path / "result.csv") as made:
        assert made is not None
        made._process.kill()
        assert not made.moved_to(tmp_path / "elsewhere")
        assert left(tmp_path) == []
    assert not (tmp_path / "elsewhere").exists()


def test_a_draft_that_fails_is_gone_while_the_run_is_still_sent(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = csv_sheet(tmp_path)
    run = planned(ledger, path)
    path.write_text("Phone,Name\r\n", "utf-8")  # without the rows that were planned

    with reporter.drafting(run, tmp_path / "result.csv") as made:
        assert made is not None
        send_some(run, ROWS)
        assert made._process.stdin is not None
        made._process.stdin.write(b"sent")  # all of it, so that nothing is waited for
        made._process.stdin.flush()
        assert until(lambda: left(tmp_path) == [])


def test_where_the_disk_has_little_room_it_is_left_to_the_ledger(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_sheet(tmp_path)
    run = planned(ledger, path)
    needed = 2 * (path.stat().st_size + sum(
        part.stat().st_size for part in (ledger.path, Path(f"{ledger.path}-wal"))
    ))  # fmt: skip

    for free in (needed, needed + 1):
        room = SimpleNamespace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, room=room: room)
        with reporter.drafting(run, tmp_path / "result.csv") as made:
            assert (made is not None) == (free > needed)


def test_where_the_sheet_was_another_one_for_a_moment_the_result_is_written_anew(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = csv_sheet(tmp_path)
    run = planned(ledger, path)
    output, held = tmp_path / "result.csv", path.read_bytes()

    with reporter.drafting(run, output) as made:
        assert made is not None
        path.write_bytes(held.replace(b"Ann", b"Bob"))
        time.sleep(0.3)  # it may have read some rows, and may have not
        path.write_bytes(held)
        send_some(run, ROWS)
        drafted = made.path.stat()
        reporter.write(run, output, made)

    assert output.stat().st_ino != drafted.st_ino
    assert b"Bob" not in output.read_bytes()


def test_a_draft_that_nothing_was_written_to_for_long_is_still_taken(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    output, before = tmp_path / "result.csv", time.time() - 2 * reporter.OLD

    with reporter.drafting(run, output) as made:
        assert made is not None
        send_some(run, ROWS)
        os.utime(made.path, (before, before))
        drafted = made.path.stat()
        reporter.write(run, output, made)

    assert output.stat().st_ino == drafted.st_ino


@pytest.mark.parametrize("sheet", [csv_sheet, workbook])
def test_a_draft_takes_the_place_of_its_own_sheet(
    ledger: Ledger, tmp_path: Path, sheet: Callable[[Path], Path]
) -> None:
    path = sheet(tmp_path)
    run = planned(ledger, path)

    with reporter.drafting(run, path) as made:
        assert made is not None
        send_some(run, ROWS)
        drafted = made.path.stat()
        assert reporter.write(run, path, made) == path

    assert path.stat().st_ino == drafted.st_ino
    assert reporter.write(run, path) == path  # and the next report knows the sheet again


def test_a_draft_of_rows_that_are_tried_again_has_the_others_too(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    run.approve()
    send_some(run, 20)
    send_some(run, 20, RowStatus.REJECTED)
    send_some(run, ROWS)
    run.end()
    with ledger.plan(run.job, run) as again:
        assert again.retry_rejected(run) == 20
        again.seal(run.facts)
    again.approve()
    output = tmp_path / "result.csv"

    with reporter.drafting(again, output) as made:
        assert made is not None
        send_some(again, 20)
        drafted = made.path.stat()
        reporter.write(again, output, made)

    assert output.stat().st_ino == drafted.st_ino
    assert output.read_bytes() == reporter.write(again, tmp_path / "again.csv").read_bytes()


def test_where_the_sheet_was_changed_meanwhile_the_results_stand_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = csv_sheet(tmp_path)
    run = planned(ledger, path)

    with reporter.drafting(run, tmp_path / "result.csv") as made:
        send_some(run, ROWS)
        path.write_text("Phone,Name\r\n", "utf-8")
        output = reporter.write(run, tmp_path / "result.csv", made)

    assert output.name == f"result-results-{run.id}.csv"
    assert output.read_bytes().count(b"QUEUED") > ROWS // 2
    assert left(tmp_path) == []


def test_nothing_is_left_where_sending_fails(ledger: Ledger, tmp_path: Path) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    process = 0

    def fail() -> None:
        nonlocal process
        with reporter.drafting(run, tmp_path / "result.csv") as made:
            assert made is not None
            process = made._process.pid
            raise LedgerError("the disk is full")

    with pytest.raises(LedgerError, match="the disk is full"):
        fail()
    assert left(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize("once_all_is_sent", [False, True])
def test_the_process_ends_with_the_one_that_is_killed(
    ledger: Ledger, tmp_path: Path, once_all_is_sent: bool
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    said = [sys.executable, "-c", _SENDING, str(ledger.path), run.id, str(tmp_path / "result.csv")]
    sending = subprocess.Popen([*said, str(once_all_is_sent)], stdout=subprocess.PIPE, text=True)
    assert sending.stdout is not None
    process = int(sending.stdout.readline())
    assert len(left(tmp_path)) == 1

    sending.kill()
    sending.wait()
    sending.stdout.close()
    os.kill(process, signal.SIGCONT)

    assert until(lambda: left(tmp_path) == [])
    assert until(lambda: not Path(f"/proc/{process}").exists())


_SENDING = """
import os, signal, sys, time
from pathlib import Path
from bulksender import reporter
from bulksender.ledger import Ledger
from bulksender.reporter import draft

draft.LARGE = 1
draft.os.cpu_count = lambda: 2
ledger, run, output, once_all_is_sent = sys.argv[1:]
with Ledger(Path(ledger)) as book, reporter.drafting(book.run(run), Path(output)) as made:
    if once_all_is_sent == "True":
        os.kill(made._process.pid, signal.SIGSTOP)  # it hears both at once
        made._process.stdin.write(b"sent")
        made._process.stdin.flush()
    print(made._process.pid, flush=True)
    time.sleep(60)
"""


def test_the_process_does_not_mind_what_the_one_that_sends_is_told(
    ledger: Ledger, tmp_path: Path
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))
    output = tmp_path / "result.csv"

    with reporter.drafting(run, output) as made:
        assert made is not None
        assert until(lambda: _ignores(made._process.pid, signal.SIGINT))
        for told in (signal.SIGINT, signal.SIGTERM):
            os.kill(made._process.pid, told)
        send_some(run, ROWS)
        drafted = made.path.stat()
        reporter.write(run, output, made)

    assert output.stat().st_ino == drafted.st_ino


def _ignores(process: int, told: signal.Signals) -> bool:
    [ignored] = [
        line for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("SigIgn")
    ]  # fmt: skip
    return bool(int(ignored.split()[1], 16) >> (told - 1) & 1)


def test_few_messages_are_written_when_all_are_sent(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))

    monkeypatch.setattr(draft, "LARGE", ROWS)
    with reporter.drafting(run, tmp_path / "result.csv") as made:
        assert made is None


def test_where_no_process_can_be_started_the_result_is_written_when_all_is_sent(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = planned(ledger, csv_sheet(tmp_path))

    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with reporter.drafting(run, tmp_path / "result.csv") as made:
        assert made is None
    assert left(tmp_path) == []

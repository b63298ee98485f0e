"""Values made in a process of their own: all of them, in their order, and no process left over."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter

from bulksender.beside import NoProcess, beside
from bulksender.errors import SheetError
from bulksender.loader.sheet import LARGE


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_items_come_in_their_order_from_another_process() -> None:
    def made() -> Iterator[tuple[int, int]]:
        for number in range(100):
            yield number, os.getpid()

    with beside(made) as items:
        found = list(items)

    assert [number for number, _ in found] == list(range(100))
    assert {process for _, process in found}.isdisjoint({os.getpid()})
    assert children() == []


def test_they_are_made_before_anybody_asks_for_them(tmp_path: Path) -> None:
    begun = tmp_path / "begun"

    def made() -> Iterator[int]:
        begun.touch()
        yield 1

    with beside(made) as items:
        ends = time.monotonic() + 30
        while not begun.exists() and time.monotonic() < ends:
            time.sleep(0.01)
        assert begun.exists()
        assert list(items) == [1]
    assert children() == []


def test_what_is_raised_there_is_raised_here_behind_what_was_made() -> None:
    def made() -> Iterator[str]:
        yield "a row"
        raise SheetError("row 7 is damaged")

    with beside(made) as items:
        assert next(items) == "a row"
        with pytest.raises(SheetError, match="row 7 is damaged"):
            next(items)
    assert children() == []


def test_the_process_ends_when_nobody_listens_any_more() -> None:
    def without_end() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 20)

    with beside(without_end) as items:
        next(items)
        assert len(children()) == 1

    assert children() == []


def test_a_process_that_is_killed_is_told_of() -> None:
    taken = multiprocessing.get_context("fork").Event()

    def made() -> Iterator[int]:
        yield 1
        taken.wait(30)
        os.kill(os.getpid(), signal.SIGKILL)

    with beside(made) as items:
        next(items)
        taken.set()
        with pytest.raises(ChildProcessError, match="ended from outside"):
            next(items)
    assert children() == []


def test_a_process_that_is_killed_in_the_middle_of_an_item_is_told_of() -> None:
    def made() -> Iterator[bytes]:
        yield b"1"
        yield bytes(8 << 20)  # more than fits into a pipe

    with beside(made) as items:
        next(items)
        time.sleep(0.3)  # it has begun to send the second one
        [child] = children()
        os.kill(int(child), signal.SIGKILL)
        with pytest.raises(ChildProcessError, match="ended from outside"):
            next(items)
    assert children() == []


def _no_fork() -> int:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def test_where_no_process_can_be_made_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", _no_fork)
    with pytest.raises(NoProcess), beside(lambda: [1]):
        pass


def test_the_process_ends_with_the_one_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from bulksender.beside import beside\n"
        "with beside(lambda: iter(lambda: bytes(1 << 20), None)) as items:\n"
        "    next(items)\n"
        "    print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    made = [sys.executable, "-c", script]
    with subprocess.Popen(made, stdin=-1, stdout=-1, text=True) as parent:
        assert parent.stdout is not None
        child = Path("/proc", parent.stdout.readline().strip())
        assert child.exists()
        parent.kill()
    ends = time.monotonic() + 30
    while child.exists() and time.monotonic() < ends:
        time.sleep(0.02)
    assert not child.exists()


def large_sheet(folder: Path) -> Path:
    path = folder / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Name,Mobile,Due,Opt out,Notes\n")
        for n in range(40_000):
            number = f"9{n:07}" if n % 7 else "n/a"
            opted = "yes" if n % 11 == 0 else ""
            file.write(f"Ann {n},{number},2026-12-{1 + n % 28:02},{opted},{'x' * 30}\n")
        file.write("Bo,91234567,,,a,b\n")  # more cells than the header
    assert path.stat().st_size > LARGE
    return path


def read(path: Path, how: str = "beside") -> dict[str, object]:
    """What a process of its own reads: `in a thread`, where none can be forked, or beside.

    `without room` there is none for another process.
    """
    ended = subprocess.run(
        [sys.executable, "-c", _READING, str(path), how],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(ended.stdout))


_READING = """
import json, os, sys, threading
from bulksender.beside import can_fork
from bulksender.errors import SheetError
from bulksender.loader import open_sheet
from bulksender.settings import SheetOptions

def read():
    sheet = open_sheet(SheetOptions(path=sys.argv[1], country="SG"))
    found = {"forked": can_fork()}
    try:
        with sheet.reading([0, 2]) as chunks:
            rows = [row for chunk in chunks for row in (*chunk.recipients, *chunk.refused)]
        found["rows"] = list(map(repr, rows))
    except SheetError as error:
        found["error"] = str(error)
    found["facts"], found["notices"] = repr(sheet.facts), [repr(each) for each in sheet.notices]
    print(json.dumps(found))

if sys.argv[2] == "without room":
    def no_room():
        raise BlockingIOError(11, "Resource temporarily unavailable")
    os.fork = no_room

if sys.argv[2] == "in a thread":
    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
else:
    read()
"""


def test_a_large_sheet_is_read_the_same_by_a_second_process(tmp_path: Path) -> None:
    path = large_sheet(tmp_path)

    beside_it, at_home, without = (
        read(path, how) for how in ("beside", "in a thread", "without room")
    )

    assert beside_it.pop("forked")
    assert not at_home.pop("forked")
    assert without.pop("forked")  # it was tried
    assert beside_it == at_home == without
    assert len(beside_it["rows"]) == 40_001  # type: ignore[arg-type]
    assert "width=6" in str(beside_it["facts"])
    assert "more cells than the header" in str(beside_it["notices"])


def large_workbook(folder: Path) -> Path:
    """With amounts among which stand, far down, a text, a plain number and another form."""
    path = folder / "large.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        amount, other = (book.add_format({"num_format": form}) for form in ("#,##0.00", "0.00"))
        page = book.add_worksheet()
        page.write_row(0, 0, ["Owes", "Mobile", "Paid"])
        for n in range(1, 30_001):
            odd = {20_000: ("none", amount), 21_000: (12.25, None), 22_000: (12.5, other)}
            page.write(n, 0, *odd.get(n, (1234.5 + n, amount)))
            page.write_row(n, 1, [90000000 + n, n / 4], amount)
    with ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with ZipFile(path, "w") as stored:  # larger, in no time
        for name, part in parts.items():
            stored.writestr(name, part)
    assert path.stat().st_size > LARGE
    return path


def test_a_large_workbook_is_read_the_same_by_a_second_process(tmp_path: Path) -> None:
    path = large_workbook(tmp_path)

    beside_it, at_home = read(path), read(path, "in a thread")

    assert beside_it.pop("forked")
    assert not at_home.pop("forked")
    assert beside_it == at_home
    rows = list(map(str, beside_it["rows"]))  # type: ignore[call-overload]
    assert len(rows) == 30_000
    assert "cells=('none', 5000.0)" in rows[19_999]
    assert "cells=(12.25, 5250.0)" in rows[20_999]


def test_damage_far_down_in_a_large_sheet_is_told_with_its_place(tmp_path: Path) -> None:
    path = large_sheet(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write('Cy,"91234567,2026-12-01,,never closed\n')

    found = read(path)

    assert found["forked"]
    assert "row 40003" in str(found["error"])

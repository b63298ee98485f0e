"""Values made in a process of their own: all of them, in their order, and no process left over."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulksender.beside import beside, can_fork, work_beside
from bulksender.errors import SheetError
from bulksender.loader import Chunk, open_sheet
from bulksender.settings import SheetOptions


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_items_come_in_their_order_from_another_process() -> None:
    def made() -> Iterator[tuple[int, int]]:
        for number in range(100):
            yield number, os.getpid()

    found = list(beside(made))

    assert [number for number, _ in found] == list(range(100))
    assert {process for _, process in found}.isdisjoint({os.getpid()})
    assert children() == []


def test_what_is_raised_there_is_raised_here_behind_what_was_made() -> None:
    def made() -> Iterator[str]:
        yield "a row"
        raise SheetError("row 7 is damaged")

    items = beside(made)
    assert next(items) == "a row"
    with pytest.raises(SheetError, match="row 7 is damaged"):
        next(items)
    assert children() == []


def test_the_process_ends_when_nobody_listens_any_more() -> None:
    def without_end() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 20)

    items = beside(without_end)
    next(items)
    items.close()  # type: ignore[attr-defined]

    assert children() == []


def test_a_process_that_is_killed_is_told_of() -> None:
    def made() -> Iterator[int]:
        yield 1
        os.kill(os.getpid(), signal.SIGKILL)

    items = beside(made)
    next(items)
    with pytest.raises(SheetError, match="ended from outside"):
        next(items)
    assert children() == []


def test_work_is_done_in_another_process_on_all_items(tmp_path: Path) -> None:
    def work(items: Iterator[int]) -> None:
        tmp_path.joinpath("sum").write_text(f"{sum(items)} {os.getpid()}")

    work_beside(work, iter(range(1_000)))

    total, process = tmp_path.joinpath("sum").read_text().split()
    assert total == "499500"
    assert process != str(os.getpid())
    assert children() == []


def test_work_that_fails_early_says_why_and_takes_no_more() -> None:
    taken = 0

    def items() -> Iterator[bytes]:
        nonlocal taken
        for taken in range(1_000):  # noqa: B007
            yield bytes(1 << 20)

    def work(given: Iterator[bytes]) -> None:
        next(given)
        raise ValueError("row 3 is not in the sheet")

    with pytest.raises(ValueError, match="row 3 is not in the sheet"):
        work_beside(work, items())
    assert taken < 100
    assert children() == []


def test_where_the_items_end_in_an_error_the_work_is_not_finished(tmp_path: Path) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    def work(given: Iterator[int]) -> None:
        for _ in given:
            pass
        tmp_path.joinpath("done").touch()

    with pytest.raises(OSError, match="no more"):
        work_beside(work, items())
    assert children() == []
    assert not tmp_path.joinpath("done").exists()


def in_a_thread(options: SheetOptions) -> list[Chunk]:
    """The sheet's chunks, read where no second process can be."""
    chunks: list[Chunk] = []

    def read() -> None:
        assert not can_fork()
        sheet = open_sheet(options)
        chunks.extend(sheet.chunks([0, 2]))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return chunks


def large_sheet(folder: Path) -> Path:
    path = folder / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Name,Mobile,Due,Opt out,Notes\n")
        for n in range(40_000):
            number = f"9{n:07}" if n % 7 else "n/a"
            opted = "yes" if n % 11 == 0 else ""
            file.write(f"Ann {n},{number},2026-12-{1 + n % 28:02},{opted},{'x' * 30}\n")
        file.write("Bo,91234567,,,a,b\n")  # more cells than the header
    assert path.stat().st_size > 2 << 20
    return path


def test_a_large_sheet_is_read_the_same_by_a_second_process(tmp_path: Path) -> None:
    options = SheetOptions(path=str(large_sheet(tmp_path)), country="SG")
    sheet = open_sheet(options)
    assert can_fork()

    found = list(sheet.chunks([0, 2]))

    assert found == in_a_thread(options)
    assert sum(len(chunk.recipients) + len(chunk.refused) for chunk in found) == 40_001
    assert sheet.facts.width == 6
    assert any("more cells than the header" in notice.what for notice in sheet.notices)
    assert children() == []


def test_damage_far_down_in_a_large_sheet_is_told_with_its_place(tmp_path: Path) -> None:
    path = large_sheet(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write('Cy,"91234567,2026-12-01,,never closed\n')
    with pytest.raises(SheetError, match="row 40003"):
        list(open_sheet(SheetOptions(path=str(path), country="SG")).chunks([0]))
    assert children() == []

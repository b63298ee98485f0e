"""XLSB sheets, record by record (MS-XLSB 2.1.4, 2.4)."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path

import pytest
from tables_books import (
    cells,
    hidden,
    record,
    refusal,
    texts,
    wide,
    xlsb,
    xlsb_cell,
    xlsb_row,
    xlsb_short,
)

from bulksender.tables import Spoilt, open_table


def real(value: float) -> bytes:
    return struct.pack("<d", value)


def rk(value: int, *, hundredths: bool = False) -> bytes:
    return struct.pack("<l", value << 2 | 2 | hundredths)


def high(value: float, *, hundredths: bool = False) -> bytes:
    return struct.pack("<L", (struct.unpack("<Q", real(value))[0] >> 32) & ~3 | hundredths)


FORMULA = struct.pack("<HLL", 0, 0, 0)
CELLS: dict[str, tuple[bytes, object]] = {
    "blank": (xlsb_cell(1, 0), None),
    "a whole RK": (xlsb_cell(2, 0, rk(42)), 42),
    "a negative RK": (xlsb_cell(2, 0, rk(-42)), -42),
    "an RK of hundredths": (xlsb_cell(2, 0, rk(81919, hundredths=True)), 819.19),
    "half a double": (xlsb_cell(2, 0, high(1.5)), 1.5),
    "half a double of hundredths": (xlsb_cell(2, 0, high(150, hundredths=True)), 1.5),
    "an error": (xlsb_cell(3, 0, b"\x17"), "#REF!"),
    "an unknown error": (xlsb_cell(3, 0, b"\x99"), "#N/A"),
    "TRUE": (xlsb_cell(4, 0, b"\1"), True),
    "FALSE": (xlsb_cell(4, 0, b"\0"), False),
    "a double": (xlsb_cell(5, 0, real(6591234567)), 6591234567),
    "a text": (xlsb_cell(6, 0, wide("Zoë 李 😀")), "Zoë 李 😀"),
    "a shared text": (xlsb_cell(7, 0, struct.pack("<L", 1)), "rich"),
    "a formula's text": (xlsb_cell(8, 0, wide("x") + FORMULA), "x"),
    "a formula's number": (xlsb_cell(9, 0, real(2.5) + FORMULA), 2.5),
    "a formula's truth": (xlsb_cell(10, 0, b"\1" + FORMULA), True),
    "a formula's error": (xlsb_cell(11, 0, b"\x07" + FORMULA), "#DIV/0!"),
    "a rich text": (xlsb_cell(62, 0, b"\1" + wide("rich") + struct.pack("<LHH", 1, 0, 0)), "rich"),
    "short: blank": (xlsb_short(12), None),
    "short: RK": (xlsb_short(13, rk(7)), 7),
    "short: error": (xlsb_short(14, b"\x2a"), "#N/A"),
    "short: truth": (xlsb_short(15, b"\1"), True),
    "short: double": (xlsb_short(16, real(0.25)), 0.25),
    "short: text": (xlsb_short(17, wide("s")), "s"),
    "short: shared": (xlsb_short(18, struct.pack("<L", 0)), "plain"),
}
STRINGS = (b"\0" + wide("plain"), b"\1" + wide("rich") + struct.pack("<LHH", 1, 0, 0))


@pytest.mark.parametrize("how", CELLS)
def test_a_cell_is_read_by_its_record(tmp_path: Path, how: str) -> None:
    cell, expected = CELLS[how]
    rows = xlsb_row(0, cell, xlsb_cell(5, 1, real(1)))
    found = cells(xlsb(tmp_path / "a.xlsb", rows, strings=STRINGS))[1][0]
    assert (found.shown if isinstance(found, Spoilt) else found) == expected


def test_short_cells_stand_behind_the_cell_before_them(tmp_path: Path) -> None:
    rows = xlsb_row(4, xlsb_cell(5, 2, real(1)), xlsb_short(13, rk(2)), xlsb_short(12)) + xlsb_row(
        6, xlsb_short(13, rk(3)), xlsb_cell(5, 3, real(4)), xlsb_short(17, wide("e"))
    )
    assert cells(xlsb(tmp_path / "a.xlsb", rows)) == {
        5: [None, None, 1, 2],
        7: [3, None, None, 4, "e"],
    }


def test_rows_that_are_not_shown_are_said_to_be_hidden(tmp_path: Path) -> None:
    rows = b"".join(
        xlsb_row(index, xlsb_cell(5, 0, real(index)), hidden=index == 1) for index in range(3)
    )
    assert hidden(xlsb(tmp_path / "a.xlsb", rows)) == [2]


@pytest.mark.parametrize("since_1904, serial", [(False, 46023), (True, 44561)])
def test_numbers_are_read_by_their_formats(tmp_path: Path, since_1904: bool, serial: float) -> None:
    row = xlsb_row(
        0,
        xlsb_cell(5, 0, real(serial), style=1),
        xlsb_cell(2, 1, rk(42), style=2),
        xlsb_cell(5, 2, real(42), style=0),
        xlsb_short(16, real(0.5), style=3),
    )
    formats = ("d/m/yyyy", "00000", "0%")
    path = xlsb(tmp_path / "a.xlsb", row, formats=formats, since_1904=since_1904)
    assert cells(path)[1][0] == date(2026, 1, 1)
    assert texts(path)[1][1:] == ["00042", "42", "50%"]


def test_a_merged_cell_counts_for_all_its_rows(tmp_path: Path) -> None:
    rows = xlsb_row(0, xlsb_cell(6, 0, wide("both"))) + xlsb_row(1, xlsb_cell(5, 1, real(2)))
    merged = record(177, struct.pack("<L", 1)) + record(176, struct.pack("<4L", 0, 1, 0, 0))
    path = xlsb(tmp_path / "a.xlsb", rows, behind=merged + record(178))
    assert cells(path) == {1: ["both"], 2: ["both", 2]}


def test_the_first_sheet_that_is_shown_and_holds_anything_is_read(tmp_path: Path) -> None:
    sheets = [xlsb_row(0, xlsb_cell(5, 0, real(number))) for number in (1, 2, 3, 4)]
    sheets[2] = b""
    path = xlsb(tmp_path / "a.xlsb", *sheets, states=(1, 2, 0, 0))
    assert cells(path) == {1: [4]}
    assert open_table(path).names == ["S1", "S2", "S3", "S4"]
    assert cells(path, "s2") == {1: [2]}
    assert "S1" in refusal(path, "Other")


def test_the_last_corner_of_a_sheet_is_read(tmp_path: Path) -> None:
    rows = xlsb_row(0, xlsb_cell(5, 0, real(1))) + xlsb_row(
        1_048_575, xlsb_cell(5, 16_383, real(2))
    )
    found = cells(xlsb(tmp_path / "a.xlsb", rows))
    assert list(found) == [1, 1_048_576]
    assert found[1_048_576] == [None] * 16_383 + [2]


@pytest.mark.parametrize("length", [127, 128, 16_383, 16_384, 32_767])
def test_records_of_any_length_are_read(tmp_path: Path, length: int) -> None:
    rows = xlsb_row(0, xlsb_cell(6, 0, wide("x" * length)), xlsb_short(13, rk(2)))
    assert cells(xlsb(tmp_path / "a.xlsb", rows)) == {1: ["x" * length, 2]}


def test_a_sheet_longer_than_what_is_read_at_a_time_loses_no_cell(tmp_path: Path) -> None:
    rows = b"".join(
        xlsb_row(index, xlsb_cell(6, 0, wide("x" * (index % 50))), xlsb_short(13, rk(index)))
        for index in range(50_000)
    )
    found = cells(xlsb(tmp_path / "a.xlsb", rows))
    assert len(found) == 50_000
    assert all(row == ["x" * ((n - 1) % 50) or None, n - 1] for n, row in found.items())


BROKEN = {
    "a column beyond the last": xlsb_row(0, xlsb_cell(5, 16_384, real(1))),
    "short cells beyond the last": xlsb_row(
        0, xlsb_cell(5, 16_383, real(1)), xlsb_short(13, rk(1))
    ),
    "rows out of order": xlsb_row(5, xlsb_cell(5, 0, real(1))) + xlsb_row(1),
    "a row beyond the last": xlsb_row(1 << 20, xlsb_cell(5, 0, real(1))),
    "a text cut off": xlsb_row(0, xlsb_cell(6, 0, struct.pack("<L", 999) + b"x")),
    "a number cut off": xlsb_row(0, xlsb_cell(5, 0, b"\0\0")),
    "a shared text that is not there": xlsb_row(0, xlsb_cell(7, 0, struct.pack("<L", 9))),
    "a row header cut off": record(0, b"\0\0\0\0") + xlsb_cell(5, 0, real(1)),
    "an endless record": xlsb_row(0, xlsb_cell(5, 0, real(1))) + b"\x06\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_damaged_sheet_is_refused(tmp_path: Path, what: str) -> None:
    assert "not a workbook that can be read" in refusal(xlsb(tmp_path / "a.xlsb", BROKEN[what]))


@pytest.mark.parametrize("kept", [1, 2])
def test_a_sheet_without_its_end_is_refused(tmp_path: Path, kept: int) -> None:
    rows = xlsb_row(0, xlsb_cell(5, 0, real(1))) + xlsb_row(
        1, *[xlsb_cell(5, 0, real(1))][2 - kept :]
    )
    refusal(xlsb(tmp_path / "a.xlsb", rows, ended=False))

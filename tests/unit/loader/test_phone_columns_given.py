"""Phone columns that are named: each is tried, row by row, in the order in which they are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from loader_sheets import ANNA, BEN, CARL, DORA, Loaded, read, refusal, written

from bulksender.loader.cells import DOUBLE_ZERO, FIXED_LINE

TAKEN = '"A" (A) holds no number, so that of "B" (B) was taken'
BLANKS = ["", " ", "\u00a0", "\t"]
NONE = ["n/a", "-", "12", "call me", "9123 4567 ext 5", f"{CARL} {DORA}", "6.59E+09", "TRUE", "0"]


def sheet(folder: Path, *rows: str, phone: tuple[str, ...] = ("A", "B")) -> Loaded:
    return read(written(folder, "".join(f"{row}\n" for row in rows)), phone=phone)


def notices(loaded: Loaded) -> list[tuple[str, int, tuple[int, ...]]]:
    return [(notice.what, notice.rows, notice.first) for notice in loaded.sheet.notices]


@pytest.mark.parametrize("second", [BEN, "", "n/a"])
def test_the_first_is_taken_where_it_holds_a_number(tmp_path: Path, second: str) -> None:
    loaded = sheet(tmp_path, "A,B,C", f"{ANNA},{second},x")
    assert (loaded.numbers, notices(loaded)) == ([ANNA], [])


@pytest.mark.parametrize("blank", BLANKS)
def test_the_second_is_taken_where_the_first_is_blank(tmp_path: Path, blank: str) -> None:
    loaded = sheet(tmp_path, "A,B,C", f"{blank},{ANNA},x")
    assert (loaded.numbers, notices(loaded)) == ([ANNA], [])


@pytest.mark.parametrize("wrong", NONE)
def test_the_second_is_taken_with_a_notice_where_the_first_holds_no_number(
    tmp_path: Path, wrong: str
) -> None:
    loaded = sheet(tmp_path, "A,B,C", f"{wrong},{ANNA},x")
    assert (loaded.numbers, notices(loaded)) == ([ANNA], [(TAKEN, 1, (2,))])


@pytest.mark.parametrize("second", ["", "n/a", "13", "9123"])
@pytest.mark.parametrize(
    ("first", "said"),
    [("12", "too short"), ("call me", "letters"), ("6.59E+09", "digits were lost")],
)
def test_the_error_of_the_first_is_told_where_none_holds_a_number(
    tmp_path: Path, first: str, said: str, second: str
) -> None:
    loaded = sheet(tmp_path, "A,B,C", f"{first},{second},x")
    [row] = loaded.refused
    assert row.detail.startswith('"A" (A): ')
    assert said in row.detail
    assert notices(loaded) == []


def test_the_error_of_the_second_is_told_where_the_first_is_blank(tmp_path: Path) -> None:
    [row] = sheet(tmp_path, "A,B,C", ",call me,x").refused
    assert row.detail == '"B" (B): the phone number has letters in it'


def test_a_row_that_is_blank_in_all_of_them_misses_the_first(tmp_path: Path) -> None:
    [row] = sheet(tmp_path, "A,B,C", ", ,x").refused
    assert row.detail == '"A" (A): the phone number is missing'


def test_each_row_is_tried_by_itself(tmp_path: Path) -> None:
    rows = (f"{ANNA},{DORA},", f",{BEN},", f"n/a,{CARL},", "12,,x", ",13,", f"x,{DORA},", ",,y")
    loaded = sheet(tmp_path, "A,B,C", *rows)
    assert list(zip(loaded.rows, loaded.numbers, strict=True)) == [
        *((2, ANNA), (3, BEN), (4, CARL), (7, DORA))
    ]
    assert [(row.row, row.detail.split(":")[0]) for row in loaded.refused] == [
        *((5, '"A" (A)'), (6, '"B" (B)'), (8, '"A" (A)'))
    ]
    assert notices(loaded) == [(TAKEN, 2, (4, 7))]


def test_three_are_tried_one_after_another(tmp_path: Path) -> None:
    rows = (f"n/a,12,{ANNA}", f",x,{BEN}", f"1,{CARL},{DORA}", f",,{DORA}", "1,2,3", ",2,3")
    loaded = sheet(tmp_path, "A,B,C", *rows, phone=("A", "B", "C"))
    assert loaded.numbers == [ANNA, BEN, CARL, DORA]
    assert [row.detail[:7] for row in loaded.refused] == ['"A" (A)', '"B" (B)']
    assert sorted(notices(loaded)) == [
        (TAKEN, 1, (4,)),
        ('"A" (A) holds no number, so that of "C" (C) was taken', 1, (2,)),
        ('"B" (B) holds no number, so that of "C" (C) was taken', 1, (3,)),
    ]


def test_the_order_is_that_of_the_names_and_not_of_the_sheet(tmp_path: Path) -> None:
    loaded = sheet(tmp_path, "B,A", f"{BEN},{ANNA}", f"{CARL},n/a", f"{DORA},")
    assert loaded.numbers == [ANNA, CARL, DORA]
    assert notices(loaded) == [('"A" (B) holds no number, so that of "B" (A) was taken', 1, (3,))]


def test_repairs_of_the_column_that_is_taken_are_told(tmp_path: Path) -> None:
    rows = ("'12,0065 9123 4567", "0065 12,+6561234567", "'12,n/a", "x,")
    loaded = sheet(tmp_path, "A,B", *rows)
    assert loaded.numbers == [ANNA, "+6561234567"]
    assert sorted(notices(loaded)) == sorted(
        [(TAKEN, 2, (2, 3)), (DOUBLE_ZERO, 1, (2,)), (FIXED_LINE, 1, (3,))]
    )
    [example] = [notice.example for notice in loaded.sheet.notices if notice.what == DOUBLE_ZERO]
    assert example == f"0065 9123 4567 → {ANNA}"


@pytest.mark.parametrize(
    "headers", ["Mobile,A,Phone,B", "MSISDN,A,Number,B", "Mobile,A,Mobile,B", "A?,A,B.,B"]
)
def test_named_columns_win_over_all_that_are_called_like_phones(
    tmp_path: Path, headers: str
) -> None:
    loaded = sheet(tmp_path, headers, f"{CARL},{ANNA},{DORA},", f"{CARL},x,{DORA},{BEN}")
    assert loaded.numbers == [ANNA, BEN]


@pytest.mark.parametrize("name", ["Kontakt Nr", "kontakt_nr", "KONTAKTNR", "kontakt-nr."])
def test_named_columns_are_found_below_titles(tmp_path: Path, name: str) -> None:
    rows = ("Phone list", "", "Mobile,Kontakt Nr", f"{BEN},{ANNA}")
    loaded = sheet(tmp_path, *rows, phone=(name,))
    assert (loaded.sheet.header_row, loaded.numbers) == (3, [ANNA])


def test_one_of_them_missing_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"Alpha,Bravo\n{ANNA},{BEN}\n")
    said = refusal(path, phone=("Alpha", "Brava"))
    assert 'there is no column "Brava"' in said
    assert 'Did you mean "Bravo"?' in said


@pytest.mark.parametrize("phone", [("a",), ("B", "a"), ("a", "B")])
def test_a_name_of_twins_is_refused(tmp_path: Path, phone: tuple[str, ...]) -> None:
    path = written(tmp_path, f"A,A ,B\n{ANNA},{BEN},{CARL}\n")
    assert '2 columns are called "a" (A, B)' in refusal(path, phone=phone)

"""Which column is taken for the phone's: by its name, and by what stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from loader_sheets import ANNA, BEN, CARL, DORA, Loaded, read, refusal, written


def lines(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def sheet(folder: Path, *rows: str, country: str | None = None) -> Loaded:
    return read(written(folder, lines(*rows)), country=country)


def chosen(loaded: Loaded) -> list[str]:
    return [loaded.sheet.headers[index] for index in loaded.sheet.columns.phone]


@pytest.mark.parametrize(
    ("headers", "first", "second"),
    [
        ("Number,Contact", f"INV-1,{ANNA}", f"INV-2,{BEN}"),
        ("Number,Contact", f"1001,{ANNA}", f"1002,{BEN}"),
        ("Number,Contact", f"10000001,{ANNA}", f"10000002,{BEN}"),
        ("Number,Contact", f"2026000123,{ANNA}", f"2026000124,{BEN}"),
        ("No.,Contact", f"1,{ANNA}", f"2,{BEN}"),
        ("Contact,Number", f"Anna,{ANNA}", f"Ben,{BEN}"),
        ("Contact,Phone", f"Anna,{ANNA}", f"Ben,{BEN}"),
        ("Phone model,Contact", f"Galaxy S9,{ANNA}", f"Pixel,{BEN}"),
        ("Phone model,Phone", f"Galaxy S9,{ANNA}", f"Pixel,{BEN}"),
        ("Phone model,Handset", f"Galaxy S9,{ANNA}", f"Pixel,{BEN}"),
        ("Mobile plan,Kontakt", f"Gold,{ANNA}", f"Silver,{BEN}"),
        ("Mobile plan,Tel", f"Gold,{ANNA}", f"Silver,{BEN}"),
        ("Mobile?,Tel", f"yes,{ANNA}", f"no,{BEN}"),
        ("Cell,Mobile", f"B12,{ANNA}", f"B13,{BEN}"),
        ("Cell,Phone", f"1201,{ANNA}", f"1202,{BEN}"),
        ("Cell,Tel", f"12,{ANNA}", f"13,{BEN}"),
        ("Portable,Téléphone", f"oui,{ANNA}", f"non,{BEN}"),
        ("HP,Phone", f"120,{ANNA}", f"90,{BEN}"),
        ("Handy,Telefon", f"ja,{ANNA}", f"nein,{BEN}"),
        ("Mobile,Phone", f",{ANNA}", f",{BEN}"),
        ("Mobile,Phone", f"n/a,{ANNA}", f"-,{BEN}"),
        ("MSISDN,Mobile,Phone", f",,{ANNA}", f",,{BEN}"),
        ("Mobile,Number", f",{ANNA}", f",{BEN}"),
        ("Fax,Phone", f"{CARL},{ANNA}", f"{DORA},{BEN}"),
        ("Fax,Number", f"{CARL},{ANNA}", f"{DORA},{BEN}"),
        ("Emergency phone,Mobile", f"{CARL},{ANNA}", f"{DORA},{BEN}"),
        ("Home phone,Mobile phone", f"{CARL},{ANNA}", f"{DORA},{BEN}"),
        ("Contact number,Customer phone,Mobile", f"{CARL},x,{ANNA}", f"{DORA},y,{BEN}"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_column_that_holds_the_numbers_wins_over_one_that_only_sounds_like_it(
    tmp_path: Path, headers: str, first: str, second: str, turned: bool
) -> None:
    rows = [headers, first, second]
    if turned:
        rows = [",".join(row.split(",")[::-1]) for row in rows]
    assert sheet(tmp_path, *rows).numbers == [ANNA, BEN]


def test_invoice_numbers_that_only_look_like_phones_are_not_taken_at_home(tmp_path: Path) -> None:
    rows = ("Number,Contact", "10000001,91234567", "10000002,91234568")
    assert sheet(tmp_path, *rows, country="SG").numbers == [ANNA, BEN]


@pytest.mark.parametrize("name", ["Mobile", "Phone", "手机", "Handy", "MSISDN"])
def test_a_surely_named_column_is_taken_although_nothing_valid_stands_in_it(
    tmp_path: Path, name: str
) -> None:
    """The numbers of another column, such as a fax, are never texted instead."""
    loaded = sheet(tmp_path, f"Fax,{name}", f"{ANNA},", f"{BEN},12", f"{CARL},n/a")
    assert (chosen(loaded), loaded.numbers) == ([name], [])
    assert [row.row for row in loaded.refused] == [2, 3, 4]
    assert all(f'"{name}" (B)' in row.detail for row in loaded.refused)


def test_a_few_blanks_or_wrong_numbers_do_not_cost_the_surest_its_place(tmp_path: Path) -> None:
    rows = ("Mobile,Phone", f",{CARL}", f"{ANNA},{DORA}", f"12,{CARL}", f"{BEN},")
    loaded = sheet(tmp_path, *rows)
    assert (chosen(loaded), loaded.numbers) == (["Mobile"], [ANNA, BEN])


def test_rows_without_a_number_are_refused_and_name_the_column(tmp_path: Path) -> None:
    loaded = sheet(tmp_path, "Name,Mobile", f"Anna,{ANNA}", "Ben,", "Carl,call me")
    assert loaded.numbers == [ANNA]
    assert [(row.row, row.detail) for row in loaded.refused] == [
        (3, '"Mobile" (B): the phone number is missing'),
        (4, '"Mobile" (B): the phone number has letters in it'),
    ]


@pytest.mark.parametrize(
    "headers", ["Mobile,Mobile,Name", "Mobile,MOBILE,Name", "Phone No.,phone_no,Name"]
)
@pytest.mark.parametrize("rows", [f"{ANNA},{BEN},x", f"{ANNA},,x", f",{BEN},x", ",,x"])
def test_twins_are_refused_where_one_would_be_used(tmp_path: Path, headers: str, rows: str) -> None:
    said = refusal(written(tmp_path, lines(headers, rows)))
    assert "2 columns are called" in said
    assert "(A, B)" in said


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        ("Phone,Mobile,Phone", f"{BEN},{ANNA},{CARL}"),
        ("Mobile,Mobile,Phone", f",,{ANNA}"),
        ("Note,Note,Mobile", f"a,b,{ANNA}"),
        ("Number,Number,Phone", f"1,2,{ANNA}"),
        ("Phone,Phone,Tel", f"n/a,none,{ANNA}"),
    ],
)
def test_twins_that_are_not_used_are_let_be(tmp_path: Path, headers: str, row: str) -> None:
    assert sheet(tmp_path, headers, row).numbers == [ANNA]


class TestByContent:
    @pytest.mark.parametrize("header", ["Kontakt", "Recipient", "To", "X", "Fax", "Nummern"])
    def test_the_only_column_of_numbers_is_taken(self, tmp_path: Path, header: str) -> None:
        loaded = sheet(tmp_path, f"Name,{header},Age", f"Anna,{ANNA},31", f"Ben,{BEN},32")
        assert (chosen(loaded), loaded.numbers) == ([header], [ANNA, BEN])
        assert any("chosen by what stands in it" in line for line in loaded.sheet.described)

    def test_the_one_with_more_numbers_is_taken(self, tmp_path: Path) -> None:
        rows = ("A,B", f"{CARL},{ANNA}", f"x,{BEN}")
        assert sheet(tmp_path, *rows).numbers == [ANNA, BEN]

    @pytest.mark.parametrize(("one", "two"), [("Fax", "Info"), ("A", "B"), ("Work", "Home")])
    def test_a_tie_is_refused_with_both_names(self, tmp_path: Path, one: str, two: str) -> None:
        content = lines(f"{one},Name,{two}", f"{ANNA},x,{CARL}", f"{BEN},y,{DORA}")
        said = refusal(written(tmp_path, content))
        assert f'"{one}" and "{two}" could be one' in said
        assert "--phone-column" in said

    def test_a_tie_of_three_names_all(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path, lines("A,B,C", f"{ANNA},{BEN},{CARL}")))
        assert '"A" and "B" and "C"' in said

    def test_numbers_under_no_name_are_refused(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path, lines("Name,,Age", f"Anna,{ANNA},3", f"Ben,{BEN},4")))
        assert "--phone-column" in said
        assert '"Name"' in said

    @pytest.mark.parametrize(
        ("rows", "country"),
        [
            ((f"Anna,{ANNA}", f"Ben,{BEN}"), None),
            ((ANNA, BEN), None),
            (("Anna,91234567", "Ben,91234568"), "SG"),
            (("Anna,91234567", "Ben,91234568"), None),
            (("Anna,0065 91234567", "Ben,x"), None),
            ((f"Anna,{ANNA},Mobile", f"Ben,{BEN},Home"), None),
        ],
    )
    def test_a_sheet_without_a_header_is_refused(
        self, tmp_path: Path, rows: tuple[str, ...], country: str | None
    ) -> None:
        said = refusal(written(tmp_path, lines(*rows)), country=country)
        assert "the first row holds a phone number already" in said

    @pytest.mark.parametrize("rows", [("Name,City", "Anna,Ipoh"), ("Name,Age", "Anna,31")])
    def test_a_sheet_without_numbers_is_refused(
        self, tmp_path: Path, rows: tuple[str, ...]
    ) -> None:
        said = refusal(written(tmp_path, lines(*rows)))
        assert "none holds phone numbers" in said

    def test_titles_above_are_passed_over(self, tmp_path: Path) -> None:
        loaded = sheet(tmp_path, "Guests of May", "", "Name,Kontakt", f"Anna,{ANNA}", f"B,{BEN}")
        assert (loaded.sheet.header_row, loaded.rows) == (3, [4, 5])


@pytest.mark.parametrize("header", ["Mobile", "Customer mobile", "Téléphone", "手机号", "Number"])
@pytest.mark.parametrize(
    "titles",
    [
        ("Customers of May",),
        ("Customers of May", "", "Printed 2026-11-22", ""),
        ("Report,x,", "Page,1,", ",,"),
        ("My phone list",),
        ("Contact",),
        tuple(f"Line {number}" for number in range(20)),
    ],
)
def test_the_header_is_found_below_title_rows(
    tmp_path: Path, titles: tuple[str, ...], header: str
) -> None:
    loaded = sheet(tmp_path, *titles, f"Name,{header},Note", f"Anna,{ANNA},x", f"Ben,{BEN},y")
    assert loaded.sheet.header_row == len(titles) + 1
    assert (chosen(loaded), loaded.numbers) == ([header], [ANNA, BEN])

"""What is no phone number is refused, with the reason in the words for it."""

from __future__ import annotations

import time as clock
from datetime import date, datetime, time, timedelta

import pytest
from msisdn_ways import found, why

from bulksender.model import Cell, Shown

REFUSED: dict[str, list[Cell]] = {
    "has an extension": [
        *("9123 4567 ext 12", "9123 4567 ext. 5", "9123 4567 Ext.: 5", "91234567ext12"),
        *("9123 4567 EXT 12", "9123 4567 x12", "9123 4567 X12", "9123 4567x5", "9123 4567 x 5"),
        *("9123 4567 #12", "9123 4567#12", "9123 4567 # 12", "+6591234567;ext=12"),
        *("tel:+65-9123-4567;ext=12", "+65 9123 4567 ext 12", "0065 9123 4567 ext 12"),
        *("'9123 4567 ext 12", "９１２３　４５６７ ext １２", "\u202a9123 4567 x12\u202c"),
        *("91234567/12", "9123 4567/12", "9123-4567/12", "+65 9123 4567/12", "9123 4567 / 1"),
    ],
    "letters in it": [
        *("call me", "CALL 91234567", "1-800-FLOWERS", "+1 800 FLOWERS", "9123 HELP"),
        *("O91234567", "9123456O", "9I234567", "l23 4567", "9123 4567 (home)", "home: 91234567"),
        *("n/a", "N/A", "N.A.", "nil", "none", "unknown", "tbc", "see notes", "nein", "無", "нет"),
        *("9123\u041e567", "+65 9123 4567 Anna", "anna@example.com", "TRUE", "NULL", "#REF!"),
    ],
    "two phone numbers": [
        *("91234567/98765432", "91234567 / 98765432", "91234567,98765432", "91234567, 98765432"),
        *("91234567;98765432", "91234567 ; 98765432", "91234567|98765432", "91234567 | 98765432"),
        *("91234567&98765432", "91234567 & 98765432", "91234567\n98765432", "91234567\r\n98765432"),
        *("91234567 or 98765432", "91234567 and 98765432", "91234567 OR 98765432"),
        *("91234567 And 98765432", "+6591234567 +6598765432", "+6591234567+6598765432"),
        *("+65 9123 4567 / +65 9876 5432", "9123 4567, 9876 5432 or 8111 0000"),
        *(
            "9123-4567\n\n9876-5432",
            "91234567 98765432",
            "９１２３４５６７／９８７６５４３２",
            "91234567，98765432",
        ),
        *("++6591234567", "0065 9123 4567 / 0065 9876 5432", "tel:91234567, 98765432"),
    ],
    "date or a time": [
        *(date(2026, 11, 22), datetime(2026, 11, 22, 9, 30), time(9, 30), timedelta(hours=30)),
    ],
    "TRUE or FALSE": [True, False],
    "fraction": [91234567.5, 0.5, 6591234567.25, -0.5, 1e-7],
    "negative": [-91234567, -6591234567, "-91234567", "−91234567", "–91234567", "－91234567", -1],
    "too short": ["9123456", 9123456, "+65912345", "+65", "999", "12", "0", 0, "1", "+6", "65"],
    "too long": [
        *("912345678901", "+6591234567890123", 10**15, 10**17, "9" * 60),
        *("+" + "1" * 40, "٩" * 50, 1e300),
    ],
    "country code does not exist": ["+999123456", "+2101234567", "00999123456"],
    "no such number in Singapore": ["21234567", "+65 2123 4567", 11234567],
    "no such number in United States": ["+1 999 555 0123"],
    "that no number has": [
        *("📱91234567", "91234567 📞", "😀", "☎ 91234567", "9123*4567", "9123_4567", "=91234567"),
        *("?", "***", "_", "+", "/", "~", "?????", "9123 4567?", "~91234567", "<91234567>"),
        *("91,234,567", "[91234567]", '"91234567"', "$91234567", "91234567%", "9123:4567"),
        *("9123\\4567", "{91234567}", "•91234567", "91234567 ✓"),
    ],
    "is missing": [None, "", " ", "\t\n", "\u00a0", "'", "’", "\u200b", "\ufeff", "tel:", "' "],
}


@pytest.mark.parametrize(
    ("cell", "words"), [(cell, words) for words, cells in REFUSED.items() for cell in cells]
)
def test_what_is_no_number_is_refused_with_its_words(cell: Cell, words: str) -> None:
    assert words in why(cell, "SG")


@pytest.mark.parametrize("country", [None, "GB", "US", "IT", "DE", "IN"])
def test_what_is_no_number_in_one_country_is_none_elsewhere(country: str | None) -> None:
    plain = ("too short", "too long", "no such number in Singapore")
    cells = [cell for words in REFUSED if words not in plain for cell in REFUSED[words]]
    assert [(cell, found(cell, country)) for cell in cells if found(cell, country)] == []


@pytest.mark.parametrize("cell", ["-", "--", "—", "–", "- -", "---", "−", " - "])
def test_a_mere_dash_is_no_negative_number(cell: str) -> None:
    assert found(cell, "SG") is None
    assert "negative" not in why(cell, "SG")


@pytest.mark.parametrize(
    "cell",
    [
        *("22.11.2026", "2026-11-22", "22/11/2026", "2026/11/22", "22-11-2026", "31/12/2026"),
        *("11/22/2026", "2026.11.22", "2026-11-22 10:30", "2026-11-22T10:30:00", "22.11.2026 "),
    ],
)
def test_a_date_that_is_text_is_no_number(cell: str) -> None:
    """+45 22 11 20 26 is somebody's number; who typed 22/11/2026 meant a day."""
    countries = ("DE", "AT", "HK", "DK", "NO", "SG", "US", "IN", "IT", None)
    read = {country: found(cell, country) for country in countries}
    assert {country: number for country, number in read.items() if number} == {}


@pytest.mark.parametrize(
    "cell",
    [
        *("0171 234 5678/9", "0171 234 567/89", "+49 171 234 567/89", "030 123 4567/12"),
        *("030 123 456/457", "030 1234567/12", "+49 30 1234567 / 1", "0049 30 123 4567/12"),
    ],
)
def test_digits_behind_a_slash_are_not_added_to_a_number(cell: str) -> None:
    """Where numbers have many lengths, an extension would make somebody else's number."""
    assert "extension" in why(cell, "DE")


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("0171/2345678", "DE", "+491712345678"),
        ("030/1234567", "DE", "+49301234567"),
        ("+49 171/2345678", "DE", "+491712345678"),
        ("202/555/0123", "US", "+12025550123"),
        ("0043/660/1234567", "AT", "+436601234567"),
        ("9123/4567", "SG", "+6591234567"),
    ],
)
def test_a_slash_behind_the_area_code_separates(cell: str, country: str, number: str) -> None:
    assert found(cell, country) == number


@pytest.mark.parametrize(
    "cell", ["0171 2345678²", "0171 234567¹", "0171 2345678⁽¹⁾", "01712345678₁"]
)
def test_the_mark_of_a_footnote_is_no_digit(cell: str) -> None:
    assert found(cell, "DE") is None


@pytest.mark.parametrize("cell", ["1712345678.5", "1712345678,5", "171234567.25", "'1712345678.5"])
def test_a_fraction_that_is_text_is_no_number(cell: str) -> None:
    assert found(cell, "DE") is None


@pytest.mark.parametrize(
    "cell",
    [
        Shown(-91234502.0, "(91234502)"),
        Shown(-91234502.0, "91234502"),
        Shown(-91234502.0, "(9123 4502)"),
        Shown(-91234502.0, "-91234502"),
        Shown(91234567.4, "91234567"),
        Shown(91234567.5, "9123 4568"),
        Shown(91234567.5, "91234567.50"),
    ],
)
def test_a_number_that_is_negative_or_broken_is_refused_however_it_is_shown(cell: Shown) -> None:
    assert found(cell, "SG") is None


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (Shown(91234567.0, "9123 4567"), "+6591234567"),
        (Shown(91234567.0, "+65 9123 4567"), "+6591234567"),
        (Shown(6591234567.0, "+65 (9123) 4567"), "+6591234567"),
        (Shown(6591234567.0, "006591234567"), "+6591234567"),
        (Shown(6591234567.0, "6.59E+09"), "+6591234567"),
        (Shown(91234567.0, "91,234,567"), "+6591234567"),
        (Shown(91234567.0, "########"), "+6591234567"),
    ],
)
def test_a_number_is_read_as_it_is_shown_or_by_its_digits(cell: Shown, number: str) -> None:
    assert found(cell, "SG") == number


@pytest.mark.parametrize("country", [None, "SG"])
def test_without_a_country_the_way_out_is_told(country: str | None) -> None:
    told = "say --country" in why("9123456", country)
    assert told == (country is None)


@pytest.mark.parametrize(
    "piece",
    [
        *("9", "+", "a", "-", "(0)", " 9", "٩", "'", "/9", "1x1", "1#", "\u200b", "\u00a0", "9."),
        *("1E", "00", "😀", "9\n", "91234567 or ", "12345 / ", "ext", "\u0301"),
    ],
)
def test_a_megabyte_is_refused_at_once(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begun = clock.perf_counter()
    assert found(text, "SG") is None
    assert clock.perf_counter() - begun < 5


@pytest.mark.parametrize("front", ["91234567", "91234567x", "91234567 ext", "91234567#", "12345/"])
def test_a_wide_gap_is_refused_at_once(front: str) -> None:
    cell = front + " " * 10_000 + "!"
    begun = clock.perf_counter()
    assert found(cell, "SG") is None
    assert clock.perf_counter() - begun < 0.5

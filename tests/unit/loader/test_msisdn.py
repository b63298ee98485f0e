"""Phone cells as people and programs write them → E.164, or the reason why not."""

import re
from datetime import date, time

import pytest

from bulksender.loader.cells import BadNumber
from bulksender.loader.msisdn import to_e164
from bulksender.loader.plans import known_country
from bulksender.model import Cell
from bulksender.regions import country_name

SG = "+6591234567"
GB = "+447911123456"
US = "+12025550123"

SINGAPORE: list[tuple[Cell, str]] = [
    ("91234567", SG),
    (91234567, SG),
    ("9123 4567", SG),
    ("9123-4567", SG),
    ("9123.4567", SG),
    ("(9123) 4567", SG),
    ("  91234567\t", SG),
    ("6591234567", SG),
    (6591234567, SG),
    ("65 9123 4567", SG),
    ("+6591234567", SG),
    ("+65 9123 4567", SG),
    ("+65-9123-4567", SG),
    ("+65.9123.4567", SG),
    ("+ 65 9123 4567", SG),
    ("(+65) 9123 4567", SG),
    ("(+65)91234567", SG),
    ("+(65) 9123 4567", SG),
    ("(65) 9123 4567", SG),
    ("006591234567", SG),
    ("00 65 9123 4567", SG),
    ("0065-9123-4567", SG),
    ("91234567.0", SG),
    ("6591234567.00", SG),
    ("9123.0000", "+6591230000"),
    ("6.591234567E+09", SG),
    ("6.591234567e9", SG),
    ("6,591234567E+09", SG),
    ("'91234567", SG),
    ("tel:+6591234567", SG),
    ("TEL: +65 9123 4567", SG),
    ("９１２３４５６７", SG),
    ("＋６５９１２３４５６７", SG),
    ("٩١٢٣٤٥٦٧", SG),
    ("+65\u00a09123\u00a04567", SG),
    ("+65\u20119123\u20114567", SG),
    ("9123–4567", SG),
    ("9123—4567", SG),
    ("9123−4567", SG),
    ("\u202a+6591234567\u202c", SG),
    ("\ufeff91234567", SG),
    ("9123\u200b4567", SG),
    ("+447911123456", GB),
    ("+1 202 555 0123", US),
    ("61234567", "+6561234567"),
    ("9123456", "too short for Singapore"),
    ("+65 9123 456", "too short for Singapore"),
    ("9123456789012", "too long for Singapore"),
    ("91234567 98765432", "two phone numbers"),
    ("912345678", "no number in Singapore has so many digits"),
    ("21234567", "no such number in Singapore"),
    ("+65 2123 4567", "no such number in Singapore"),
    ("999", "too short for Singapore"),
    (995, "too short for Singapore"),
    ("+65", "too short"),
    (10**20, "too long"),
    ("+9991234567", "country code does not exist"),
    ("+44 7911 12345", "no such number in United Kingdom"),
    (0, "too short"),
    ("abc", "letters"),
    ("n/a", "letters"),
    ("1-800-FLOWERS", "letters"),
    ("9123 4567 (home)", "letters"),
    ("91234567 ext 5", "extension"),
    ("91234567 ext. 5", "extension"),
    ("91234567x5", "extension"),
    ("91234567 # 5", "extension"),
    ("tel:+6591234567;ext=5", "extension"),
    ("91234567/98765432", "two phone numbers"),
    ("91234567, 98765432", "two phone numbers"),
    ("91234567;98765432", "two phone numbers"),
    ("91234567 or 98765432", "two phone numbers"),
    ("91234567 & 98765432", "two phone numbers"),
    ("91234567\n98765432", "two phone numbers"),
    ("+6591234567 +6598765432", "two phone numbers"),
    ("9123*4567", "in it that no number has"),
    ("9123_4567", "in it that no number has"),
    ("=6591234567", "in it that no number has"),
    ("6.59123E+09", "digits were lost"),
    ("6.59E+09", "digits were lost"),
    ("9E+09", "digits were lost"),
    ("", "missing"),
    ("   ", "missing"),
    ("'", "missing"),
    (None, "missing"),
    (True, "TRUE or FALSE"),
    (91234567.5, "fraction"),
    (date(2026, 1, 2), "date"),
    (time(9, 30), "time"),
]

ELSEWHERE: list[tuple[Cell, str | None, str]] = [
    ("6591234567", None, SG),
    (6591234567, None, SG),
    ("65 9123 4567", None, SG),
    ("+65 9123 4567", None, SG),
    ("(+65) 9123 4567", None, SG),
    ("006591234567", None, SG),
    ("447911123456", None, GB),
    ("+44 (0)7911 123456", None, GB),
    ("12025550123", None, US),
    ("39 06 698 12345", None, "+390669812345"),
    ("91234567", None, "say --country"),
    ("07911 123456", None, "say --country"),
    ("07911 123456", "GB", GB),
    ("7911123456", "GB", GB),
    (7911123456, "GB", GB),
    ("447911123456", "GB", GB),
    ("4407911123456", "GB", GB),
    ("+44 7911 123456", "GB", GB),
    ("+44 (0) 7911 123456", "GB", GB),
    ("+4407911123456", "GB", GB),
    ("0044 7911 123456", "GB", GB),
    ("020 7946 0958", "GB", "+442079460958"),
    ("01481 960194", "GB", "+441481960194"),
    ("+65 9123 4567", "GB", SG),
    ("07911 1234567", "GB", "too long for United Kingdom"),
    ("07911 12345", "GB", "no such number in United Kingdom"),
    ("(202) 555-0123", "US", US),
    ("202-555-0123", "US", US),
    ("202.555.0123", "US", US),
    ("202/555/0123", "US", US),
    ("1-202-555-0123", "US", US),
    ("+1 (202) 555-0123", "US", US),
    ("1 202 555 0123", "US", US),
    (2025550123, "US", US),
    ("011 65 9123 4567", "US", SG),
    ("+1 876 555 0123", "US", "+18765550123"),
    ("555-0123", "US", "no such number in United States"),
    ("(999) 555-0123", "US", "no such number in United States"),
    ("202 555 0123 ext. 9", "US", "extension"),
    ("06 698 12345", "IT", "+390669812345"),
    ("347 123 4567", "IT", "+393471234567"),
    ("39 347 1234567", "IT", "+393471234567"),
    ("+39 06 698 12345", "IT", "+390669812345"),
    ("6 698 12345", "IT", "no such number in Italy"),
    ("06 12 34 56 78", "FR", "+33612345678"),
    ("+33 (0)6 12 34 56 78", "FR", "+33612345678"),
    ("0151 23456789", "DE", "+4915123456789"),
    ("098765 43210", "IN", "+919876543210"),
    ("0412 345 678", "AU", "+61412345678"),
    ("(11) 91234-5678", "BR", "+5511912345678"),
    ("011 15-2345-6789", "AR", "+5491123456789"),
    ("55 1234 5678", "MX", "+525512345678"),
    ("0812-3456-7890", "ID", "+6281234567890"),
    ("0917 123 4567", "PH", "+639171234567"),
    ("012-345 6789", "MY", "+60123456789"),
    ("5123 4567", "HK", "+85251234567"),
]

TABLE = [(cell, "SG", said) for cell, said in SINGAPORE] + ELSEWHERE


@pytest.mark.parametrize(("cell", "country", "expected"), TABLE)
def test_a_cell_becomes_its_number_or_the_reason_why_not(
    cell: Cell, country: str | None, expected: str
) -> None:
    [found] = to_e164([cell], country)
    if expected.startswith("+"):
        assert found == expected
    else:
        assert isinstance(found, BadNumber)
        assert expected in found.why


@pytest.mark.parametrize("cell", [-91234502, "-91234502", "−91234502", "-6591234567"])
def test_a_negative_number_is_no_phone_number(cell: Cell) -> None:
    """Typed as +65-91234567, Excel computes 65 minus 91234567: one digit off another person."""
    [found] = to_e164([cell], "SG")
    assert isinstance(found, BadNumber)


def test_the_answers_come_in_the_order_of_the_cells() -> None:
    cells: list[Cell] = [None, "91234567", "abc", 6581110000]
    found = to_e164(cells, "SG")
    assert [answer if isinstance(answer, str) else "-" for answer in found] == [
        *("-", SG, "-", "+6581110000")
    ]


def test_no_cells_no_answers() -> None:
    assert to_e164([], "SG") == []


def test_no_reason_repeats_the_number() -> None:
    repeated = []
    for cell, country, _ in TABLE:
        [found] = to_e164([cell], country)
        said = found.why.replace("6.59E+09", "") if isinstance(found, BadNumber) else ""
        repeated += [said for digits in re.findall(r"\d{3,}", str(cell)) if digits in said]
    assert repeated == []


@pytest.mark.parametrize("country", ["SG", "GB", "US", "IT", "CA", "KZ", "VA"])
def test_a_country_is_known_by_its_two_letters(country: str) -> None:
    assert known_country(country)


@pytest.mark.parametrize("country", ["sg", "SGP", "XX", "001", "65", ""])
def test_what_is_no_country_code_is_not_known(country: str) -> None:
    assert not known_country(country)


@pytest.mark.parametrize(
    ("region", "name"),
    [("SG", "Singapore"), ("GB", "United Kingdom"), ("US", "United States"), ("XX", "XX")],
)
def test_a_region_has_its_english_name(region: str, name: str) -> None:
    assert country_name(region) == name

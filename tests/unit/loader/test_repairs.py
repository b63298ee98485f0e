"""A repair is told when, and only when, it was made."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msisdn_ways import (
    APOSTROPHES,
    DASHES,
    EXAMPLES,
    INVISIBLE,
    SPACES,
    ZEROS,
    dialled_with_zero,
    e164,
    expected,
    home,
    in_script,
    national,
    valid_numbers,
)
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from bulksender.loader.cells import (
    APOSTROPHE,
    DECIMAL,
    DOUBLE_ZERO,
    FIXED_LINE,
    FOREIGN_DIGITS,
    LOST_ZERO,
    ODD_SIGNS,
    SHORT_FORM,
    TEL,
    TRUNK,
)
from bulksender.loader.cells import INVISIBLE as INVISIBLES
from bulksender.loader.msisdn import Seen, to_e164
from bulksender.model import Cell, Shown

GB, SG = "+447911123456", "+6591234567"
MOBILES = [
    (GB, "GB", "44", "7911123456"),
    ("+33612345678", "FR", "33", "612345678"),
    ("+61412345678", "AU", "61", "412345678"),
]


def remarks(cell: Cell, country: str | None, number: str | None = None) -> list[str]:
    """What is told of one cell, fixed lines aside; the cell has to be a number."""
    seen: list[Seen] = []
    [answer] = to_e164([cell], country, seen)
    assert isinstance(answer, str), (cell, country, answer)
    assert number in (None, answer)
    assert {remark.place for remark in seen} <= {0}
    told = [remark.what for remark in seen]
    assert len(told) == len(set(told))
    return sorted(what for what in told if what != FIXED_LINE)


MENDED: list[tuple[Cell, str | None, str, list[str]]] = [
    ("7911123456", "GB", GB, [LOST_ZERO]),
    (7911123456, "GB", GB, [LOST_ZERO]),
    ("7911 123456", "GB", GB, [LOST_ZERO]),
    ("7911-123-456", "GB", GB, [LOST_ZERO]),
    ("7911123456.0", "GB", GB, [LOST_ZERO, DECIMAL]),
    ("7.911123456E+09", "GB", GB, [LOST_ZERO, SHORT_FORM]),
    ("'7911123456", "GB", GB, [LOST_ZERO, APOSTROPHE]),
    ("401234567", "FI", "+358401234567", [LOST_ZERO]),
    ("40 1234567", "FI", "+358401234567", [LOST_ZERO]),
    ("7781 123456", "GG", "+447781123456", [LOST_ZERO]),
    (650123456, "MA", "+212650123456", [LOST_ZERO]),
    ("712345678", "CI", "+2250712345678", [LOST_ZERO]),
    (712345678, "CI", "+2250712345678", [LOST_ZERO]),
    ("07911123456.0", "GB", GB, [DECIMAL]),
    ("6591234567.0", None, SG, [DECIMAL]),
    ("6591234567,00", None, SG, [DECIMAL]),
    ("6.591234567E+09", None, SG, [SHORT_FORM]),
    ("006591234567", None, SG, [DOUBLE_ZERO]),
    ("00 65 9123 4567", "GB", SG, [DOUBLE_ZERO]),
    ("00447911123456.0", None, GB, [DOUBLE_ZERO, DECIMAL]),
    ("९१२३४५६७", "SG", SG, [FOREIGN_DIGITS]),
    ("+٦٥٩١٢٣٤٥٦٧", None, SG, [FOREIGN_DIGITS]),
    ("６５９１２３４５６７", None, SG, [FOREIGN_DIGITS]),
    ("7９11123456", "GB", GB, [FOREIGN_DIGITS, LOST_ZERO]),
    ("\u202a+6591234567\u202c", None, SG, [INVISIBLES]),
    ("\ufeff6591234567", None, SG, [INVISIBLES]),
    ("+65\u200b91234567", None, SG, [INVISIBLES]),
    ("'91234567", "SG", SG, [APOSTROPHE]),
    ("’+65 9123 4567", None, SG, [APOSTROPHE]),
    ("`91234567", "SG", SG, [APOSTROPHE]),
    ("´91234567", "SG", SG, [APOSTROPHE]),
    ("‘91234567", "SG", SG, [APOSTROPHE]),
    ("tel:+65-9123-4567", None, SG, [TEL]),
    ("Tel: 91234567", "SG", SG, [TEL]),
    ("'tel:0065 9123 4567", None, SG, [APOSTROPHE, TEL, DOUBLE_ZERO]),
    ("+44 (0)7911 123456", None, GB, [TRUNK]),
    ("+44(0)7911123456", "SG", GB, [TRUNK]),
    ("(+44) (0)7911 123456", None, GB, [TRUNK]),
    ("+(44) (0)7911 123456", None, GB, [TRUNK]),
    ("44 (0)7911 123456", None, GB, [TRUNK]),
    ("44 (0)7911 123456", "GB", GB, [TRUNK]),
    ("+44 ( 0 ) 7911 123456", None, GB, [TRUNK]),
    ("0044 (0)7911 123456", None, GB, [TRUNK, DOUBLE_ZERO]),
    ("+65–9123–4567", None, SG, [ODD_SIGNS]),
    ("+65−9123−4567", None, SG, [ODD_SIGNS]),
    ("+65\u00a09123\u202f4567", None, SG, [ODD_SIGNS]),
    ("\u202a+65\u00a09123\u20114567\u202c", None, SG, [INVISIBLES, ODD_SIGNS]),
    (Shown(7911123456, "7911 123456"), "GB", GB, [LOST_ZERO]),
]
SOUND: list[tuple[Cell, str | None, str]] = [
    (SG, None, SG),
    (GB, "SG", GB),
    ("6591234567", None, SG),
    (6591234567, None, SG),
    ("6591234567", "SG", SG),
    ("91234567", "SG", SG),
    (91234567, "SG", SG),
    ("9123 4567", "SG", SG),
    ("9123-4567", "SG", SG),
    ("9123.4567", "SG", SG),
    ("9123\t4567", "SG", SG),
    (" 91234567\n", "SG", SG),
    ("(65) 9123 4567", "SG", SG),
    ("(+65) 9123-4567", None, SG),
    ("+ 65 9123 4567", None, SG),
    ("07911 123456", "GB", GB),
    ("(07911) 123456", "GB", GB),
    ("(0)7911 123456", "GB", GB),
    ("447911123456", "GB", GB),
    ("44 7911 123456", "GB", GB),
    ("4407911123456", "GB", GB),
    ("0401234567", "FI", "+358401234567"),
    ("0712345678", "CI", "+2250712345678"),
    ("(202) 555-0123", "US", "+12025550123"),
    ("1-202-555-0123", "US", "+12025550123"),
    ("8 912 345-67-89", "RU", "+79123456789"),
    ("347 123 4567", "IT", "+393471234567"),
    ("06 698 12345", "IT", "+390669812345"),
    ("+39 (0)6 698 12345", None, "+390669812345"),  # the 0 is the number's own, and stays
    ("13812345678", "CN", "+8613812345678"),
    ("11 96123-4567", "BR", "+5511961234567"),
    (Shown(7911123456, "07911 123456"), "GB", GB),
    (Shown(91234567, "9123 4567"), "SG", SG),
]


@pytest.mark.parametrize(("cell", "country", "number", "told"), MENDED)
def test_what_was_mended_is_told(
    cell: Cell, country: str | None, number: str, told: list[str]
) -> None:
    assert remarks(cell, country, number) == sorted(told)


@pytest.mark.parametrize(("cell", "country", "number"), SOUND)
def test_nothing_is_told_where_nothing_was_mended(
    cell: Cell, country: str | None, number: str
) -> None:
    assert remarks(cell, country, number) == []


def test_each_remark_belongs_to_its_cell() -> None:
    seen: list[Seen] = []
    to_e164(["91234567", "'91234567", "abc", "0065 91234567", "91234567"], "SG", seen)
    assert seen == [Seen(1, APOSTROPHE), Seen(3, DOUBLE_ZERO)]


@pytest.mark.parametrize("separator", [" ", "-", ".", "  ", " - ", "\t"])
def test_ordinary_spacing_is_no_repair_in_any_region(separator: str) -> None:
    for text in valid_numbers()[::7]:
        written = phonenumbers.format_number(
            phonenumbers.parse(text), PhoneNumberFormat.INTERNATIONAL
        )
        assert remarks(written.replace(" ", separator), None, text) == []
        assert remarks(text, None, text) == remarks(int(text[1:]), None, text) == []


@pytest.mark.parametrize("mark", [*DASHES, *SPACES], ids=lambda char: f"U+{ord(char):04X}")
def test_odd_dashes_and_spaces_are_told(mark: str) -> None:
    told = [] if mark in "- " else [ODD_SIGNS]
    assert remarks(f"+65{mark}9123{mark}4567", None, SG) == told
    assert remarks(f"9123{mark}4567", "SG", SG) == told


@pytest.mark.parametrize("zero", ZEROS, ids=lambda char: f"U+{ord(char):04X}")
def test_digits_of_another_script_are_told(zero: str) -> None:
    told = [] if zero == "0" else [FOREIGN_DIGITS]
    assert remarks(in_script(SG, zero), None, SG) == told


@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
def test_invisible_characters_are_told(mark: str) -> None:
    assert remarks(f"{mark}{SG}", None, SG) == remarks(f"91{mark}234567", "SG", SG) == [INVISIBLES]


def mobiles() -> dict[str, tuple[str, bool]]:
    """By country the digits of a mobile number without trunk 0, and whether one is written."""
    told = {}
    for number in EXAMPLES:
        country, digits = home(number), national(number)
        if (
            country is not None
            and phonenumbers.number_type(number) == PhoneNumberType.MOBILE
            and expected(digits, country) == e164(number)
        ):
            told[country] = digits, dialled_with_zero(number)
    return told


def test_a_lost_zero_is_told_in_every_country_where_mobile_numbers_begin_with_one() -> None:
    with_zero = {country: digits for country, (digits, zero) in mobiles().items() if zero}
    assert len(with_zero) > 60
    told = {country for country in with_zero if remarks(with_zero[country], country)}
    assert set(with_zero) - told == set()


def test_no_zero_is_lost_in_a_country_where_mobile_numbers_are_written_without_one() -> None:
    without = {country: digits for country, (digits, zero) in mobiles().items() if not zero}
    assert len(without) > 60
    assert {country for country in without if remarks(without[country], country)} == set()


def test_a_number_dialled_with_its_zero_has_lost_none() -> None:
    for number in EXAMPLES:
        country = home(number)
        if country is not None and dialled_with_zero(number):
            written = "0" + national(number)
            if expected(written, country) == e164(number):
                assert remarks(written, country) == []
                assert remarks(f"{written[:3]} {written[3:]}", country) == []


@st.composite
def mended(draw: st.DrawFn) -> tuple[str, str | None, str, set[str]]:
    """A number with some of the repairs to be made, and which."""
    told = set()

    def wanted(repair: str) -> bool:
        if draw(st.booleans()):
            told.add(repair)
            return True
        return False

    number, country, code, rest = draw(st.sampled_from(MOBILES))
    separator = draw(st.sampled_from(["", " ", "-"]))
    if wanted(ODD_SIGNS):
        separator = draw(st.sampled_from([*DASHES, *SPACES]).filter(lambda char: char not in "- "))
    body = rest[:3] + separator + rest[3:6] + separator + rest[6:]
    form = draw(st.sampled_from(["+", "00", "lost", "trunk", "+trunk", "code"]))
    text = {
        "+": f"+{code}{separator}{body}",
        "00": f"00{code}{separator}{body}",
        "lost": body,
        "trunk": "0" + body,
        "+trunk": f"+{code}{separator}(0){body}",
        "code": code + body,
    }[form]
    told |= {"00": {DOUBLE_ZERO}, "lost": {LOST_ZERO}, "+trunk": {TRUNK}}.get(form, set())
    if wanted(FOREIGN_DIGITS):
        text = in_script(text, draw(st.sampled_from(ZEROS).filter(lambda zero: zero != "0")))
    if not separator and form in ("00", "lost", "trunk", "code") and wanted(DECIMAL):
        text += draw(st.sampled_from([".0", ",00", ".000"]))
    if wanted(TEL):
        text = draw(st.sampled_from(["tel:", "TEL: "])) + text
    if wanted(APOSTROPHE):
        text = draw(st.sampled_from(APOSTROPHES[:4])) + text
    if wanted(INVISIBLES):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(INVISIBLE)) + text[place:]
    return text, country, number, told


@settings(max_examples=1500, deadline=None)
@given(mended())
def test_of_several_repairs_each_is_told_once(
    made: tuple[str, str | None, str, set[str]],
) -> None:
    text, country, number, told = made
    assert remarks(text, country, number) == sorted(told)

"""Numbers of every region, and the ways in which sheets damage them without losing a digit."""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bulksender.loader.cells import BadNumber
from bulksender.loader.msisdn import to_e164
from bulksender.model import Cell

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
DIGITS = "0123456789"


def examples() -> list[PhoneNumber]:
    """A valid number of every type of every region, and of the codes that have no region."""
    found = [
        phonenumbers.example_number_for_type(region, kind) for region in REGIONS for kind in TYPES
    ]
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        found.append(phonenumbers.example_number_for_non_geo_entity(code))
    return [number for number in found if number and phonenumbers.is_valid_number(number)]


EXAMPLES = examples()


def expected(text: str, country: str | None) -> str | None:
    """What phonenumbers says of plain digits with or without +, None where it is not valid.

    Three rules are the loader's own: what starts with 00 is read as +, or as an international call
    where 001 or 0011 is dialled for one; digits that begin with the home country's code are the
    mobile number behind it rather than a fixed line; what can be read in two ways is none.
    """
    if text.startswith("00"):
        return _called_abroad(text, country)
    if text.startswith("+") or not country:
        return judged(f"+{text.removeprefix('+')}", country)
    at_home = judged(text, country)
    code = str(phonenumbers.country_code_for_region(country))
    behind_code = judged(f"+{text}", None) if text.startswith(code) else None
    main = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    if main == country and at_home and behind_code not in (None, at_home) and mobile(behind_code):
        return None if mobile(at_home) else behind_code
    return at_home


def _called_abroad(text: str, country: str | None) -> str | None:
    plus = judged("+" + text[2:], country)
    dialled = {"AU": "0011", "SG": "001", "ID": "001", "HK": "001", "TH": "001"}.get(country or "")
    if dialled and text.startswith(dialled):
        abroad = judged("+" + text[len(dialled) :], None)
        if abroad and (not plus or mobile(abroad)):
            return abroad if plus in (None, abroad) else None
    return plus


def judged(text: str, country: str | None) -> str | None:
    """The number that phonenumbers reads, and finds valid."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    return e164(number) if phonenumbers.is_valid_number(number) else None


def mobile(text: str | None) -> bool:
    """Whether a valid number may be a mobile phone's."""
    return text is not None and kind(text) in (
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )


def with_zero(text: str, country: str | None) -> str | None:
    """The mobile number that digits are, once the 0 that a spreadsheet cut off stands there."""
    if country is None or not text.isdigit() or text.startswith("0"):
        return None
    code = phonenumbers.country_code_for_region(country)
    try:
        whole = phonenumbers.parse(f"+{code}0{text}")
    except NumberParseException:
        return None
    mobile = phonenumbers.number_type(whole) == PhoneNumberType.MOBILE
    return f"+{code}0{text}" if mobile and whole.italian_leading_zero else None


def e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def national(number: PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


def home(number: PhoneNumber) -> str | None:
    """The region a number belongs to; None where its code has none."""
    region = phonenumbers.region_code_for_number(number)
    return None if region in (None, "001") else region


def kind(text: str) -> int:
    """The type that phonenumbers gives a number in E.164."""
    return phonenumbers.number_type(phonenumbers.parse(text))


def dialled_with_zero(number: PhoneNumber) -> bool:
    """Whether at home a trunk 0 is written before the number."""
    written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdigit, written)) == "0" + national(number)


def found(cell: Cell, country: str | None = None) -> str | None:
    """The number of one cell; None where it is refused."""
    [answer] = to_e164([cell], country)
    return answer if isinstance(answer, str) else None


def why(cell: Cell, country: str | None = None) -> str:
    """Why one cell is refused; a number where it is not."""
    [answer] = to_e164([cell], country)
    return answer.why if isinstance(answer, BadNumber) else answer


@cache
def valid_numbers() -> tuple[str, ...]:
    """Every example, and beside each some others that differ in their last digits."""
    generator = random.Random(164)
    numbers = set()
    for example in EXAMPLES:
        text = e164(example)
        numbers.add(text)
        for length in (2, 4, 5):
            tail = "".join(generator.choices(DIGITS, k=length))
            other = text[:-length] + tail
            if expected(other, None) == other:
                numbers.add(other)
    return tuple(sorted(number for number in numbers if expected(number, None) == number))


def _category(name: str) -> Iterator[str]:
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) == name:
            yield chr(code)


DASHES = [*_category("Pd"), "\N{MINUS SIGN}"]
SPACES = list(_category("Zs"))
ZEROS = [char for char in _category("Nd") if unicodedata.digit(char) == 0]
"""The zero of every script; its other digits follow it."""
INVISIBLE = [
    *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u061c"),
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"),
    *("\ufe0e", "\ufe0f"),
]
APOSTROPHES = "'’‘`´"


def in_script(text: str, zero: str) -> str:
    """The text with its digits in another script."""
    return text.translate({ord(digit): chr(ord(zero) + int(digit)) for digit in DIGITS})


def code_of(number: str) -> str:
    """The calling code of a number in E.164, without +."""
    return str(phonenumbers.parse(number).country_code)

"""Numbers of every region, and the ways in which sheets damage them without losing a digit."""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bulksender.loader.msisdn import BadNumber, to_e164
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

    What starts with 00 is read as +, which phonenumbers does in some countries only.
    """
    written = "+" + text[2:] if text.startswith("00") else text
    if not written.startswith("+") and not country:
        written = f"+{written}"
    try:
        number = phonenumbers.parse(written, country)
    except NumberParseException:
        return None
    return e164(number) if phonenumbers.is_valid_number(number) else None


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

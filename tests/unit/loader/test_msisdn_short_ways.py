"""The short ways of the number reader agree with the long one, in every region of the world."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from bulksender.loader.cells import BadNumber
from bulksender.loader.msisdn import _Reader

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)
EACH = 60


def texts(region: str, generator: random.Random) -> Iterator[str]:
    """Plain numbers, right, nearly right and wrong, in groups or not, with all sorts of fronts."""
    code = str(phonenumbers.country_code_for_region(region))
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    trunk = (metadata and metadata.national_prefix) or ""
    for _ in range(EACH):
        example = phonenumbers.example_number_for_type(region, generator.choice(KINDS))
        made = str(example.national_number) if example else str(generator.randrange(10**9))
        digits = list(made)
        for _ in range(generator.randrange(4)):
            digits[generator.randrange(len(digits))] = generator.choice("0123456789")
        match generator.randrange(6):
            case 0:
                digits.append(generator.choice("0123456789"))
            case 1:
                del digits[-1:]
        front = generator.choice(["", "", trunk, trunk, f"+{code}", f"+{code}", code, "0", "00"])
        text = front + "".join(digits)
        for _ in range(generator.randrange(3)):
            place = generator.randrange(1, len(text) + 1)
            text = f"{text[:place]}{generator.choice(' -')}{text[place:]}"
        yield text.strip(" -") or "0"


@pytest.mark.parametrize("country", [*REGIONS, None])
def test_what_is_answered_at_once_is_what_phonenumbers_answers(country: str | None) -> None:
    generator = random.Random(f"short ways in {country}")
    reader = _Reader(country)
    for text in texts(country or generator.choice(REGIONS), generator):
        reader.remarks.clear()
        short = reader._plain(text)
        remarks = sorted(reader.remarks)
        if short is None:
            continue
        fresh = _Reader(country)
        assert short == fresh._slow(text), text
        if not isinstance(short, BadNumber):
            assert remarks == sorted(fresh.remarks), text


@pytest.mark.parametrize(
    "text", ["9123 4567", "+65 9123 4567", "9123-4567", "91234567", "+6591234567", "+65-9123-4567"]
)
def test_numbers_as_most_sheets_have_them_take_the_short_way(text: str) -> None:
    assert _Reader("SG")._plain(text) == "+6591234567"


@pytest.mark.parametrize(
    ("text", "country"),
    [("07400 123456", "GB"), ("0812-3456-789", "ID"), ("(650) 253-0000", "US"), ("1234", "SG")],
)
def test_trunk_zeros_brackets_and_wrong_counts_take_it_too(text: str, country: str) -> None:
    assert _Reader(country)._plain(text) == _Reader(country)._slow(text)


@pytest.mark.parametrize(
    "text", ["2026-11-30", "30-11-2026", "9123 4567 / 8123 4567", "9123456x", "+65 (0)9123 4567"]
)
def test_what_may_be_something_else_takes_the_long_way(text: str) -> None:
    assert _Reader("SG")._plain(text) is None

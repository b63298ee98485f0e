"""A number's country is phonenumbers' own answer, only sooner; countries are known by name."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

from bulksender.regions import Regions, country_names, region_named


def asked(number: str) -> str | None:
    """What phonenumbers says; None where it does not take the number at all."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    found = phonenumbers.region_code_for_number(parsed) or ""
    return "" if found == "001" else found


def examples() -> list[str]:
    """An example of every kind of number in every region, and of the codes without a country."""
    kinds = phonenumbers.PhoneNumberType.values()
    made = [
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
    ]
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if regions == ("001",):
            made.append(phonenumbers.example_number_for_non_geo_entity(code))
    e164 = phonenumbers.PhoneNumberFormat.E164
    return [phonenumbers.format_number(number, e164) for number in made if number is not None]


EXAMPLES = examples()
SHARED = tuple(
    f"+{code}" for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if len(regions) > 1
)
REGIONS = Regions()


def test_every_region_s_example_numbers_are_its_own() -> None:
    assert len(EXAMPLES) > 1_000
    assert [REGIONS.of(number) for number in EXAMPLES] == [asked(number) for number in EXAMPLES]


@st.composite
def varied(draw: st.DrawFn) -> str:
    """An example with some digits changed, left out or put in; half of them of a shared code."""
    shared = draw(st.booleans())
    number = draw(st.sampled_from([n for n in EXAMPLES if not shared or n.startswith(SHARED)]))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(1, len(number) - 1))
        digits = draw(st.text("0123456789", max_size=2))
        number = number[:place] + digits + number[place + 1 :]
    return number


@settings(max_examples=2_000, deadline=None)
@given(varied())
@example("+44018002012345678")  # GB's national prefixes are taken off before anybody looks
@example("+611831234567")
@example("+11650253000")
@example("+78125551234")
def test_a_number_s_region_is_the_one_that_phonenumbers_finds(number: str) -> None:
    expected = asked(number)
    if expected is not None:
        assert REGIONS.of(number) == expected


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+6591234567", "SG"),
        ("+60123456789", "MY"),
        ("+447400123456", "GB"),
        ("+447624123456", "IM"),
        ("+12125550123", "US"),
        ("+14165550123", "CA"),
        ("+18095550123", "DO"),
        ("+79123456789", "RU"),
        ("+77012345678", "KZ"),
        ("+80012345678", ""),  # international freephone
        ("+870773123456", ""),  # Inmarsat
        ("+19995550123", ""),  # an area code that nobody has
        ("+999123456", ""),
        ("+0659123456", ""),
        ("12125550123", ""),
        ("6591234567", ""),
        ("+1", ""),
        ("+", ""),
        ("", ""),
    ],
)
def test_a_number_of_no_country_has_none(number: str, region: str) -> None:
    assert Regions().of(number) == region


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("SG", "SG"), (" sg ", "SG"), ("Singapore", "SG"), ("SINGAPORE", "SG"),
        ("Cote d'Ivoire", "CI"), ("Côte d’Ivoire", "CI"), ("Hong Kong", "HK"),
        ("Bosnia & Herzegovina", "BA"), ("Bosnia and Herzegovina", "BA"), ("XK", "XK"),
        ("UK", "GB"), ("USA", "US"), ("UAE", "AE"), ("Atlantis", ""), ("ZZ", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_country_is_known_by_its_code_and_by_its_name(written: str, region: str) -> None:
    assert region_named(written) == region


def test_every_country_name_means_one_country() -> None:
    names = country_names()
    assert len(names) > 200
    assert len({region_named(name) for name in names} - {""}) == len(names)

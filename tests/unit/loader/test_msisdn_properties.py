"""The quick way to E.164 never disagrees with phonenumbers itself."""

from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msisdn_ways import EXAMPLES, REGIONS, expected, with_zero
from phonenumbers import PhoneNumber, PhoneNumberFormat

from bulksender.loader.msisdn import to_e164
from bulksender.model import Cell

HOMES: list[str | None] = [
    None,
    *("SG", "GB", "US", "IT", "AR", "BR", "MX", "RU", "KZ", "CA", "DE", "HU", "AU"),
]


@st.composite
def near_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """Digits that are nearly (or quite) a number of some region, and that region."""
    number = draw(st.sampled_from(EXAMPLES))
    region = phonenumbers.region_code_for_number(number) or "001"
    national = phonenumbers.national_significant_number(number)
    kept = draw(st.integers(0, len(national)))
    length = max(kept, draw(st.integers(len(national) - 1, len(national) + 2)))
    tail = draw(st.text("0123456789", min_size=length - kept, max_size=length - kept))
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    trunk = (metadata and metadata.national_prefix) or ""
    code = str(number.country_code)
    front = draw(st.sampled_from(["", trunk, "0", "1", code, code + trunk, "+" + code]))
    return front + national[:kept] + tail, region


@settings(max_examples=800, deadline=None)
@given(near_numbers(), st.sampled_from(HOMES), st.booleans())
def test_plain_digits_are_what_phonenumbers_says_they_are(
    near: tuple[str, str], home: str | None, at_home: bool
) -> None:
    text, region = near
    country = region if at_home and region in REGIONS else home
    if text.startswith("00") or not text:  # 00 is read as + everywhere, unlike phonenumbers
        return
    [found] = to_e164([text], country)
    assert (found if isinstance(found, str) else None) == (
        expected(text, country) or with_zero(text, country)
    )


@settings(max_examples=400, deadline=None)
@given(st.from_regex(r"\A\+?[1-9][0-9]{3,15}\Z"), st.sampled_from([None, *REGIONS]))
def test_random_digits_are_what_phonenumbers_says_they_are(text: str, country: str | None) -> None:
    [found] = to_e164([text], country)
    assert (found if isinstance(found, str) else None) == (
        expected(text, country) or with_zero(text, country)
    )


def spaced(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


FORMS: dict[str, Callable[[PhoneNumber], Cell]] = {
    "E.164": lambda n: phonenumbers.format_number(n, PhoneNumberFormat.E164),
    "spaces": spaced,
    "dashes": lambda n: spaced(n).replace(" ", "-"),
    "dots": lambda n: spaced(n).replace(" ", ".").replace("-", "."),
    "00": lambda n: "00" + spaced(n)[1:],
    "RFC 3966": lambda n: phonenumbers.format_number(n, PhoneNumberFormat.RFC3966),
    "number cell": lambda n: int(FORMS["E.164"](n)),  # type: ignore[arg-type]
    "MSISDN": lambda n: str(FORMS["E.164"](n))[1:],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_regions_example_numbers_are_read_in_every_form(form: str) -> None:
    wanted = [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in EXAMPLES]
    found = to_e164([FORMS[form](number) for number in EXAMPLES], None)
    assert len(wanted) > 1000
    assert [pair for pair in zip(wanted, found, strict=True) if pair[0] != pair[1]] == []


def test_every_regions_numbers_are_read_as_they_are_dialled_at_home() -> None:
    wrong = []
    for number in EXAMPLES:
        region = phonenumbers.region_code_for_number(number)
        if region == "001":
            continue
        national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        # what phonenumbers itself cannot read back is not asked of the loader
        wanted = expected(national, region)
        if wanted is not None and to_e164([national], region) != [wanted]:
            wrong.append((region, national))
    assert wrong == []

"""Which time zones a number is in, and of which country it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.timezone import time_zones_for_number

from bulksender.errors import SettingsError
from bulksender.timetable import Place, Places
from bulksender.timetable.numbering import Said, numbering_of
from bulksender.timetable.places import zone, zones_by_country

KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
EXAMPLES = sorted(
    {
        phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in KINDS
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    }
)
MANY = [number for number in EXAMPLES if numbering_of(number[1:4]).of_all() is None]


def of(number: str) -> Place:
    return Places("Asia/Tokyo").of(number)


@pytest.mark.parametrize(
    ("number", "country", "zones"),
    [
        ("+6591234567", "SG", ("Asia/Singapore",)),
        ("+14155552671", "US", ("America/Los_Angeles",)),
        ("+12125552671", "US", ("America/New_York",)),
        ("+14165552671", "CA", ("America/Toronto",)),
        ("+18765123456", "JM", ("America/Jamaica",)),
        ("+447400123456", "GB", ("Europe/London",)),
        ("+61212345678", "AU", ("Australia/Sydney",)),
        ("+5592961234567", "BR", ("America/Manaus",)),  # mobile, with an area code
        ("+8613912345678", "CN", ("Asia/Shanghai",)),
        ("+390612345678", "IT", ("Europe/Rome",)),
    ],
)
def test_a_number_that_says_where_it_is_has_the_zone_of_its_area(
    number: str, country: str, zones: tuple[str, ...]
) -> None:
    assert of(number) == Place(zones, country, "by number")


@pytest.mark.parametrize(
    ("number", "country", "some"),
    [
        ("+61412345678", "AU", {"Australia/Sydney", "Australia/Perth", "Australia/Darwin"}),
        ("+79161234567", "RU", {"Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"}),
        ("+77012345678", "KZ", {"Asia/Almaty", "Asia/Aqtobe"}),
        ("+34612345678", "ES", {"Europe/Madrid", "Atlantic/Canary"}),
        ("+18005552671", "US", {"America/New_York", "Pacific/Honolulu"}),
    ],
)
def test_a_number_that_does_not_say_where_it_is_has_all_zones_of_its_country(
    number: str, country: str, some: set[str]
) -> None:
    place = of(number)
    assert place.country == country
    assert place.zones == zones_by_country()[country]
    assert set(place.zones) > some or set(place.zones) == some
    assert place.how == "the country's, since the number does not say"


@pytest.mark.parametrize("number", ["+883510000000001", "+870773111632", "+80012345678", "+999123"])
def test_a_number_of_no_country_has_the_campaigns_zone(number: str) -> None:
    expected = Place(("Asia/Tokyo",), "", "the campaign's, since no time zone is known")
    assert of(number) == expected


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+213551234567", ("Africa/Algiers",)),  # phonenumbers: Europe/Paris
        ("+212650123456", ("Africa/Casablanca",)),  # Atlantic/Canary
        ("+50581234567", ("America/Managua",)),  # America/Chicago
        ("+353850123456", ("Europe/Dublin",)),
    ],
)
def test_a_countrys_only_zone_is_used_and_not_a_neighbours(
    number: str, zones: tuple[str, ...]
) -> None:
    assert of(number).zones == zones


def test_places_of_the_same_area_are_one() -> None:
    places = Places("UTC")
    found = {places.of(f"+1415555{last:04}") for last in range(100)}
    found |= {places.of(f"+1213555{last:04}") for last in range(100)}
    assert len(found) == 1


def test_every_regions_numbers_have_zones_that_this_machine_knows() -> None:
    places = Places("UTC")
    found = {number: places.of(number) for number in EXAMPLES}
    assert len(found) > 900
    assert all(place.zones for place in found.values())
    assert all(ZoneInfo(name) for place in found.values() for name in place.zones)
    assert [number for number, place in found.items() if not place.country] == []


def test_a_campaigns_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingsError, match='"Europe/Atlantis" is not known'):
        Places("Europe/Atlantis")


@pytest.mark.parametrize("name", ["Etc/Unknown", "", "America", "../etc/passwd", "Mars/Olympus"])
def test_a_name_that_is_no_zone_is_not_known(name: str) -> None:
    assert zone(name) is None


@pytest.mark.parametrize("number", ["", "+", "+1", "+0", "+44", "+7", "1415", "+1415555267100000"])
def test_what_is_no_number_has_a_place_all_the_same(number: str) -> None:
    assert of(number).zones


# What a number says is what phonenumbers says


def expected(number: str) -> Said:
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed)
    zones = tuple(time_zones_for_number(parsed))
    return Said(
        "" if country in (None, "001") else country, () if zones == ("Etc/Unknown",) else zones
    )


def valid(number: str) -> bool:
    """Whether it is valid as it stands, and not after a prefix was taken off."""
    parsed = phonenumbers.parse(number)
    as_written = phonenumbers.format_number(parsed, PhoneNumberFormat.E164) == number
    return as_written and phonenumbers.is_valid_number(parsed)


def said(number: str) -> Said:
    numbering = numbering_of(number[1:4])
    return numbering.of_all() or numbering.of(number)


def test_every_regions_example_numbers_say_what_phonenumbers_says() -> None:
    assert [number for number in EXAMPLES if said(number) != expected(number)] == []


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MANY) | st.sampled_from(EXAMPLES), st.data())
def test_valid_numbers_say_what_phonenumbers_says(number: str, data: st.DataObject) -> None:
    kept = data.draw(st.integers(4, len(number)))
    size = len(number) - kept
    near = number[:kept] + data.draw(st.text("0123456789", min_size=size, max_size=size))
    if valid(near):
        assert said(near) == expected(near)
    else:
        assert said(near).zones in ((), numbering_of(near[1:4]).everywhere)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([number[:5] for number in MANY if number[1] == "1"]), st.integers(0, 10**7))
def test_north_american_numbers_say_what_phonenumbers_says(start: str, rest: int) -> None:
    number = f"{start}{rest:07}"[:12]
    if valid(number):
        assert said(number) == expected(number)
    else:
        assert said(number).zones == numbering_of("1").everywhere

"""A hundred thousand strings of digits, right and wrong: the loader agrees with phonenumbers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import phonenumbers
import pytest
from msisdn_ways import (
    DIGITS,
    REGIONS,
    e164,
    expected,
    home,
    kind,
    national,
    valid_numbers,
    with_zero,
)
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from bulksender.loader.cells import FIXED_LINE, LOST_ZERO
from bulksender.loader.msisdn import Seen, to_e164
from bulksender.model import Cell

HOMES: list[str | None] = [
    None,
    *("SG", "GB", "US", "DE", "IT", "AR", "BR", "MX", "CA", "KZ", "RU", "HU", "CI", "GA"),
    *("AU", "IN", "FI", "GG", "SM", "VA", "CG", "NZ", "ID", "JM"),
]
STRINGS = 100_000


class Answer(NamedTuple):
    """What a string is to the loader and to phonenumbers, its default country, the remarks."""

    text: str
    country: str | None
    read: str | None
    judged: str | None
    remarks: frozenset[str]


def generated() -> Iterator[tuple[str, str | None]]:
    """Digits that are, nearly are, or are not numbers, with a default country; without an end."""
    generator = random.Random(8)
    numbers = [phonenumbers.parse(text) for text in valid_numbers()]
    while True:
        number = generator.choice(numbers)
        region, digits, code = home(number), national(number), str(number.country_code)
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region or "", None)
        trunk = (metadata and metadata.national_prefix) or ""
        match generator.randrange(8):
            case 0 | 1:  # another tail
                kept = generator.randrange(len(digits))
                digits = digits[:kept] + tail(generator, len(digits) - kept)
            case 2:  # too short or too long
                size = generator.choice((-3, -2, -1, 1, 2, 3))
                digits = digits[:size] if size < 0 else digits + tail(generator, size)
            case 3:  # one digit is another
                place = generator.randrange(len(digits))
                digits = digits[:place] + generator.choice(DIGITS) + digits[place + 1 :]
            case 4:
                digits = tail(generator, generator.randrange(3, 16))
            case 5:
                digits = digits.lstrip("0")
        fronts = ["+" + code, "+" + code, "+" + code + trunk, "+", code, code, code + trunk]
        fronts += ["", "", "", "", trunk, "0", "00", "00" + code, "011" + code, "1", "8"]
        front = generator.choice(fronts)
        near = region if region in REGIONS else None
        yield front + digits, near if generator.random() < 0.4 else generator.choice(HOMES)


def tail(generator: random.Random, length: int) -> str:
    return "".join(generator.choices(DIGITS, k=length))


@cache
def answers() -> tuple[Answer, ...]:
    """All strings, each once, as both read them."""
    countries: dict[str, str | None] = {}
    for text, country in generated():
        if text:
            countries.setdefault(text, country)
        if len(countries) == STRINGS:
            break
    gathered: list[Answer] = []
    for country in dict.fromkeys(countries.values()):
        texts: list[Cell] = [text for text in countries if countries[text] == country]
        seen: list[Seen] = []
        read = to_e164(texts, country, seen)
        remarks: dict[int, set[str]] = {}
        for place, what in seen:
            remarks.setdefault(place, set()).add(what)
        gathered.extend(
            Answer(
                str(text),
                country,
                answer if isinstance(answer, str) else None,
                expected(str(text), country),
                frozenset(remarks.get(place, ())),
            )
            for place, (text, answer) in enumerate(zip(texts, read, strict=True))
        )
    return tuple(gathered)


def test_a_hundred_thousand_strings_are_what_phonenumbers_says_they_are() -> None:
    """But for a zero that belongs to the number: where phonenumbers sees none, it is put back."""
    wrong = []
    put_back = Counter[str | None]()
    for text, country, read, judged, remarks in answers():
        if judged is None and read is not None and read == with_zero(text, country):
            put_back[country] += 1
            assert kind(read) == PhoneNumberType.MOBILE
            assert LOST_ZERO in remarks
        elif read != judged:
            wrong.append((text, country, read, judged))
    assert wrong == []
    assert len({answer.text for answer in answers()}) == STRINGS
    assert put_back["CI"] > 10
    assert sum(put_back.values()) < STRINGS / 100


def test_the_strings_are_right_and_wrong_ones_of_all_regions() -> None:
    valid = [answer for answer in answers() if answer.judged]
    assert 0.2 < len(valid) / STRINGS < 0.8
    homes = Counter(answer.country for answer in answers())
    assert min(homes[country] for country in HOMES) > 500
    assert len(homes) > 235
    codes = {phonenumbers.parse(answer.judged or "").country_code for answer in valid}
    assert codes >= set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    forms = Counter(answer.text[:2] == "00" or answer.text[:1] == "+" for answer in valid)
    assert min(forms.values()) > 5000


def test_a_zero_is_never_put_before_what_is_a_number_without_it() -> None:
    both = 0
    for text in valid_numbers():
        number = phonenumbers.parse(text)
        country, digits = home(number), national(number).removeprefix("0")
        judged = country and expected(digits, country)
        if country and judged and with_zero(digits, country):
            both += 1
            assert to_e164([digits], country) == [judged]
    assert both > 0


def test_fixed_lines_are_remarked_on_and_nothing_else_is() -> None:
    wrong = [
        answer
        for answer in answers()
        if answer.read
        and (FIXED_LINE in answer.remarks) != (kind(answer.read) == PhoneNumberType.FIXED_LINE)
    ]
    assert wrong == []
    lines = Counter(FIXED_LINE in answer.remarks for answer in answers() if answer.read)
    assert min(lines.values()) > 5000


@pytest.mark.parametrize("form", ["E.164", "digits", "international", "national", "brackets"])
def test_fixed_lines_are_remarked_on_however_they_are_written(form: str) -> None:
    """Plain digits go the quick way, everything else the slow one."""
    remarked = Counter[bool]()
    for text in valid_numbers()[::3]:
        number, country = phonenumbers.parse(text), None
        match form:
            case "E.164":
                written = text
            case "digits":
                written = text[1:]
            case "international":
                written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
                written = written if " " in written or "-" in written else written + " "
            case "brackets":
                written = f"(+{number.country_code}){national(number)}"
            case _:
                country = home(number)
                written = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
                if country is None or not readable(written, country, text):
                    continue
        seen: list[Seen] = []
        assert to_e164([written], country, seen) == [text]
        line = FIXED_LINE in [remark.what for remark in seen]
        assert line == (kind(text) == PhoneNumberType.FIXED_LINE), (written, country)
        assert [remark.what for remark in seen].count(FIXED_LINE) <= 1
        remarked[line] += 1
    assert min(remarked[True], remarked[False]) > 200


def readable(written: str, country: str, number: str) -> bool:
    """Whether phonenumbers itself reads back what it has written."""
    try:
        return e164(phonenumbers.parse(written, country)) == number
    except NumberParseException:
        return False

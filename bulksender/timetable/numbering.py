"""Calling codes of several countries or time zones: what a number says of where it is.

The rules are those of phonenumbers (`number_type`, `region_code_for_number`, `timezone`), which
takes 25 µs a number. Here a calling code's patterns are one regular expression: 3 µs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from phonenumbers import PhoneMetadata, PhoneNumberDesc, PhoneNumberType
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE, is_number_type_geographical
from phonenumbers.tzdata import TIMEZONE_DATA

_NOWHERE = "001"
"""What phonenumbers calls the region of satellite phones and international services."""

_TIED_TO_NO_PLACE = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan"),
    "voicemail",
)


class Said(NamedTuple):
    """What a number says: its country (ISO 3166-1 alpha-2 or "") and its zones' IANA names.

    The zones are those of the whole calling code where it says no more.
    """

    country: str
    zones: tuple[str, ...]


@cache
def numbering_of(digits: str) -> Numbering:
    """The numbering behind a number's first digits, without +; no code has more than three."""
    for length in (1, 2, 3):
        code = digits[:length]
        if code.isdecimal() and int(code) in COUNTRY_CODE_TO_REGION_CODE:
            return _numbering(code)
    return _numbering("0")  # nobody's


@cache
def _numbering(code: str) -> Numbering:
    return Numbering(code)


class Numbering:
    """One calling code's numbers, such as `"65"`. A code that nobody has has no zones."""

    def __init__(self, code: str):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
        self.everywhere: tuple[str, ...] = TIMEZONE_DATA.get(code, ())
        own = {prefix: zones for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(code)}
        self._countries = [region for region in regions if region != _NOWHERE]
        self._uniform = len(self._countries) < 2 and len(set(own.values())) < 2
        self._lengths = range(max(map(len, own), default=0), len(code), -1)
        self._start = len(code) + 1
        self._code = int(code)
        self._pattern: re.Pattern[str] | None = None
        self._groups: dict[str | None, tuple[str, bool]] = {}

    def of_all(self) -> Said | None:
        """What every number with this code says; None where they differ."""
        if not self._uniform:
            return None
        return Said(self._countries[0] if self._countries else "", self.everywhere)

    def of(self, number: str) -> Said:
        """What a number says, in E.164 with +. One that is not valid says no more than its code."""
        if self._pattern is None:
            self._pattern = re.compile("|".join(self._alternatives()), re.ASCII)
        found = self._pattern.match(number, self._start)
        country, tied = self._groups[found.lastgroup if found else None]
        if tied:
            for length in self._lengths:
                zones = TIMEZONE_DATA.get(number[1 : length + 1])
                if zones is not None:
                    return Said(country, zones)
        return Said(country, self.everywhere)

    def _alternatives(self) -> Iterator[str]:
        """Each country's patterns, in phonenumbers' order; `_groups` tells what a group means."""
        alone = self._countries[0] if len(self._countries) == 1 else ""
        self._groups[None] = (alone, False)
        mobile_tied = is_number_type_geographical(PhoneNumberType.MOBILE, self._code)
        for country in self._countries:
            metadata = PhoneMetadata.metadata_for_region(country, None)
            if metadata is None or metadata.general_desc is None:  # pragma: no cover
                continue
            kinds = [
                (_one_of(metadata, _TIED_TO_NO_PLACE), False),
                (_one_of(metadata, ("fixed_line",)), True),
                (_one_of(metadata, ("mobile",)), mobile_tied),
            ]
            if kinds[1][0] == kinds[2][0]:
                kinds.pop()  # both in one: tied, as fixed lines are
            patterns = []
            for kind, (pattern, tied) in enumerate(kinds):
                if pattern:
                    self._groups[f"{country}{kind}"] = (country, tied)
                    patterns.append(f"(?P<{country}{kind}>{pattern})")
            general = metadata.general_desc.national_number_pattern
            whole = rf"(?=(?:{general})\Z)(?:{'|'.join(patterns)})"
            lead = metadata.leading_digits
            # the digits that a country begins with decide, even if its patterns then say no
            yield whole if lead is None else f"(?={lead})(?:{whole}|)"


def _one_of(metadata: PhoneMetadata, kinds: tuple[str, ...]) -> str:
    """The pattern of whole national numbers of these kinds, "" where there are none."""
    patterns = []
    for kind in kinds:
        desc: PhoneNumberDesc | None = getattr(metadata, kind)
        if desc is None or not desc.national_number_pattern or metadata.general_desc is None:
            continue
        lengths = desc.possible_length or metadata.general_desc.possible_length
        wanted = "|".join(rf"\d{{{length}}}" for length in lengths if length > 0)
        if wanted:
            patterns.append(rf"(?=(?:{wanted})\Z)(?:{desc.national_number_pattern})\Z")
    return "|".join(patterns)

"""Numbering plans: what `phonenumbers` (Google's metadata) knows of a region, compiled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE


def known_country(country: str) -> bool:
    """Whether `phonenumbers` has a numbering plan for this ISO 3166-1 alpha-2 code."""
    return country in phonenumbers.SUPPORTED_REGIONS


@cache
def drops_zero(region: str) -> bool:
    """Whether a 0 is written before mobile numbers at home, which spreadsheets cut off."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None or example.italian_leading_zero:
        return False
    at_home = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(char for char in at_home if char.isdigit())
    return digits == f"0{example.national_number}"


def is_mobile(number: str) -> bool:
    """Whether a valid E.164 number is, or can be, a mobile phone's."""
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    types = phonenumbers.PhoneNumberType
    return kind in (types.MOBILE, types.FIXED_LINE_OR_MOBILE)


class Plan(NamedTuple):
    """One region's numbering plan, as regular expressions over digits."""

    code: str  # country calling code
    valid: re.Pattern[str]  # a national number; `lastgroup` says whether mobile or fixed_line
    unremarkable: re.Pattern[str]  # the same without fixed lines, few of which receive texts
    general: re.Pattern[str]
    national_prefix: re.Pattern[str]  # what phonenumbers would strip from the front
    strips: bool  # whether it would only strip, and put nothing in its place
    international_prefix: re.Pattern[str]
    alone: bool  # no other region shares the code


_NEVER = re.compile(r"(?!)")
_TYPES = (
    "mobile",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",  # the last: what matches it is nothing else, as phonenumbers decides as well
)


@cache
def home_plan(region: str) -> Plan | None:
    """The plan of a region, or None where leading digits decide between several regions."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.leading_digits is not None:
        return None
    code, general_desc = metadata.country_code, metadata.general_desc
    if code is None or general_desc is None or COUNTRY_CODE_TO_REGION_CODE[code][0] != region:
        return None
    general = general_desc.national_number_pattern or ""
    kinds = []
    for name in _TYPES:
        desc = getattr(metadata, name)
        if desc is None or not desc.national_number_pattern:
            continue
        lengths = desc.possible_length or general_desc.possible_length
        wanted = "|".join(rf"\d{{{length}}}" for length in lengths if length > 0)
        if wanted:
            group = f"?P<{name}>" if name in ("mobile", "fixed_line") else "?:"
            kinds.append(rf"(?=(?:{wanted})\Z)({group}{desc.national_number_pattern})\Z")
    if not kinds:
        return None
    return Plan(
        code=str(code),
        valid=_one_of(kinds, general),
        unremarkable=_one_of([kind for kind in kinds if "?P<fixed_line>" not in kind], general),
        general=re.compile(rf"(?:{general})\Z", re.ASCII),
        national_prefix=_or_never(metadata.national_prefix_for_parsing),
        strips=metadata.national_prefix_transform_rule is None,
        international_prefix=_or_never(metadata.international_prefix),
        alone=len(COUNTRY_CODE_TO_REGION_CODE[code]) == 1,
    )


def _one_of(kinds: Sequence[str], general: str) -> re.Pattern[str]:
    whole = rf"(?=(?:{general})\Z)(?:{'|'.join(kinds)})"
    return re.compile(whole, re.ASCII) if kinds else _NEVER


def _or_never(pattern: str | None) -> re.Pattern[str]:
    return re.compile(pattern) if pattern else _NEVER


@cache
def _plans_by_code() -> dict[str, Plan | None]:
    """The main region's plan by calling code (`"65"`), compiled when a code is first met."""
    return {}


def plan_of(digits: str) -> Plan | None:
    """The main plan of the country whose calling code the digits begin with."""
    plans = _plans_by_code()
    for length in (1, 2, 3):
        code = digits[:length]
        if code in plans:
            return plans[code]
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code))
        if regions:
            plans[code] = None if regions[0] == "001" else home_plan(regions[0])
            return plans[code]
    return None

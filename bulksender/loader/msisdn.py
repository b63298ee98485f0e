"""Phone numbers as people keep them → E.164 with `+`, or the reason why not.

What is valid is what `phonenumbers` (Google's metadata) says is valid. A number that is plain
already is matched against the same metadata in one regular expression, which is several times
faster; everything else goes through `phonenumbers` itself. The fast path only ever says yes where
`phonenumbers` says yes, with the same E.164 form; it never says no.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, ValidationResult
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE, NumberParseException

from bulksender.model import Cell


class BadNumber(NamedTuple):
    """Why a cell is not a phone number that can be texted, in words for the sheet's owner."""

    why: str


def to_e164(values: Sequence[Cell], country: str | None) -> list[str | BadNumber]:
    """Turn a chunk's phone cells into E.164 numbers with `+`, or BadNumber, in the same order.

    `country` (ISO 3166-1 alpha-2) is where numbers written without `+` belong; without it they are
    read as MSISDNs, that is with the country code first, the way 8x8's own examples write them.
    """
    home = _home(country) if country else None
    return [_one(value, country, home) for value in values]


def known_country(country: str) -> bool:
    """Whether `phonenumbers` has a numbering plan for this ISO 3166-1 alpha-2 code."""
    return country in phonenumbers.SUPPORTED_REGIONS


def country_name(region: str) -> str:
    """`SG` → `Singapore`; the code itself where no name is known."""
    names = _country_names().get(region, {})
    name = names.get("en", region)
    return names.get(name[1:], region) if name.startswith("*") else name


class _Plan(NamedTuple):
    """One region's numbering plan, as regular expressions over digits."""

    code: str  # country calling code
    valid: re.Pattern[str]  # a national significant number of any type
    general: re.Pattern[str]
    national_prefix: re.Pattern[str]  # what phonenumbers would strip from the front
    international_prefix: re.Pattern[str]


_NEVER = re.compile(r"(?!)")
_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)


@cache
def _home(region: str) -> _Plan | None:
    """The plan of a region, or None where leading digits decide between several regions."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.leading_digits is not None:
        return None
    code, general_desc = metadata.country_code, metadata.general_desc
    if code is None or general_desc is None or COUNTRY_CODE_TO_REGION_CODE[code][0] != region:
        return None
    general = general_desc.national_number_pattern
    kinds = []
    for name in _TYPES:
        desc = getattr(metadata, name)
        if desc is None or not desc.national_number_pattern:
            continue
        lengths = desc.possible_length or general_desc.possible_length
        wanted = "|".join(rf"\d{{{length}}}" for length in lengths if length > 0)
        if wanted:
            kinds.append(rf"(?=(?:{wanted})\Z)(?:{desc.national_number_pattern})\Z")
    if not kinds:
        return None
    return _Plan(
        code=str(code),
        valid=re.compile(rf"(?=(?:{general})\Z)(?:{'|'.join(kinds)})", re.ASCII),
        general=re.compile(rf"(?:{general})\Z", re.ASCII),
        national_prefix=_or_never(metadata.national_prefix_for_parsing),
        international_prefix=_or_never(metadata.international_prefix),
    )


def _or_never(pattern: str | None) -> re.Pattern[str]:
    return re.compile(pattern) if pattern else _NEVER


@cache
def _plans_by_code() -> dict[str, _Plan | None]:
    """The main region's plan by calling code (`"65"`), compiled when a code is first met."""
    return {}


def _plan_of(digits: str) -> _Plan | None:
    plans = _plans_by_code()
    for length in (1, 2, 3):
        code = digits[:length]
        if code in plans:
            return plans[code]
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code))
        if regions:
            plans[code] = None if regions[0] == "001" else _home(regions[0])
            return plans[code]
    return None


def _fast_international(digits: str) -> str | None:
    """E.164 of a calling code and a national number that needs nothing stripped; else None."""
    plan = _plan_of(digits)
    if plan is None:
        return None
    national = digits[len(plan.code) :]
    if plan.valid.match(national) and not plan.national_prefix.match(national):
        return "+" + digits
    return None


def _fast_national(digits: str, plan: _Plan) -> str | None:
    """E.164 of a plain national number of `plan`, or one with the calling code in front."""
    if plan.international_prefix.match(digits):
        return None
    if digits.startswith(plan.code):
        return None if plan.general.match(digits) else _fast_international(digits)
    if plan.valid.match(digits) and not plan.national_prefix.match(digits):
        return f"+{plan.code}{digits}"
    return None


def _one(value: Cell, country: str | None, home: _Plan | None) -> str | BadNumber:
    if type(value) is int:
        value = str(value)
    if type(value) is str:
        if value.isascii():
            if value[:1] == "+" and value[1:].isdigit() and value[1] != "0":
                found = _fast_international(value[1:])
                if found:
                    return found
            elif home is not None and value.isdigit():
                found = _fast_national(value, home)
                if found:
                    return found
        return _slow(value, country)
    return _not_text(value)


def _not_text(value: Cell) -> BadNumber:
    if value is None:
        return BadNumber("the phone number is missing")
    if isinstance(value, float):
        if value.is_integer():
            return BadNumber("the number is too long")
        return BadNumber("the cell holds a number with a fraction, not a phone number")
    if isinstance(value, date | time | timedelta):
        return BadNumber("the cell holds a date or a time, not a phone number")
    return BadNumber("the cell holds TRUE or FALSE, not a phone number")


_FLOAT = re.compile(r"\d{7,}\.0+")
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_PLAUSIBLE = re.compile(r"\+?[\d (][\d ()./\-]*")
_BRACKETED_CODE = re.compile(r"^\((\+\d{1,3})\)")
_NO_COUNTRY = "; write it with + and the country code, or say --country"
_MIN_DIGITS = 7
"""The shortest national number that a second number in a cell is taken for."""


def _slow(text: str, country: str | None) -> str | BadNumber:
    """Clean what people and spreadsheet programs put around a number, then ask phonenumbers."""
    number = _clean(text)
    scientific = _SCIENTIFIC.fullmatch(number)
    if scientific:
        whole, fraction, exponent = scientific.groups()
        if len(fraction or "") != int(exponent):
            return BadNumber(
                "digits were lost: the sheet keeps the number in short form (like 6.59E+09); "
                "type the whole number again, as text"
            )
        number = whole + (fraction or "")
    elif _FLOAT.fullmatch(number):
        number = number.partition(".")[0]
    problem = _unlike_a_number(number)
    if problem:
        return problem
    if country is None and not number.startswith("+"):
        found = _ask("+" + number, None)
        return BadNumber(found.why + _NO_COUNTRY) if isinstance(found, BadNumber) else found
    return _ask(number, country)


def _clean(text: str) -> str:
    """Plain digits, `+`, spaces, hyphens: full-width forms, other dashes and invisibles mended."""
    plain = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Cf":
            continue
        if category == "Nd":
            plain.append(str(unicodedata.digit(char)))
        elif category == "Pd" or char == "\N{MINUS SIGN}":
            plain.append("-")
        elif category == "Zs" or char == "\t":
            plain.append(" ")
        else:
            plain.append(char)
    number = "".join(plain).strip().lstrip("'").strip()
    if number[:4].lower() == "tel:":
        number = number[4:].strip()
    if number.startswith("00"):
        number = "+" + number[2:].lstrip(" -")
    return _BRACKETED_CODE.sub(r"\1 ", number)


def _unlike_a_number(number: str) -> BadNumber | None:
    if not number:
        return BadNumber("the phone number is missing")
    parts = [part for part in re.split(r"[/,;|&\n]|\bor\b|\band\b", number) if part.strip()]
    if len(parts) > 1 and all(_digits(part) >= _MIN_DIGITS for part in parts):
        return BadNumber("there are two phone numbers in one cell; keep one")
    if number.count("+") > 1:
        return BadNumber("there are two phone numbers in one cell; keep one")
    if number.startswith("-"):
        return BadNumber(
            "the cell holds a negative number, as when Excel computes 65-9123; "
            "type the phone number again, as text"
        )
    if re.search(r"(?i)\d\s*(?:ext|x|#|;ext=)\.?\s*:?\s*\d+$|\d{5}\s*/\s*\d{1,4}$", number):
        return BadNumber("the number has an extension, which cannot be texted")
    if any(char.isalpha() for char in number):
        return BadNumber("the phone number has letters in it")
    if not _PLAUSIBLE.fullmatch(" ".join(number.split())):
        odd = next((char for char in number if not (char.isdigit() or char in "+ ()./-")), None)
        said = f"the sign {odd}" if odd and odd.isprintable() else "a sign or order of signs"
        return BadNumber(f"the phone number has {said} in it that no number has")
    return None


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def _ask(number: str, country: str | None) -> str | BadNumber:
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException as error:
        return BadNumber(_parse_problem(error))
    if phonenumbers.is_valid_number(parsed):
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    where = _where(parsed.country_code, country)
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.TOO_SHORT:
            return BadNumber(f"the number is too short for {where}")
        case ValidationResult.TOO_LONG:
            return BadNumber(f"the number is too long for {where}")
        case ValidationResult.INVALID_LENGTH:
            return BadNumber(f"no number in {where} has so many digits")
        case _:
            return BadNumber(f"there is no such number in {where}")


def _where(code: int | None, country: str | None) -> str:
    """The name of the country a number belongs to, seen from the sheet's own country."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(code or 0, ())
    region = country if country in regions else next(iter(regions), None)
    if region is None or region == "001":
        return f"country code +{code}"
    return country_name(region)


def _parse_problem(error: NumberParseException) -> str:
    match error.error_type:
        case NumberParseException.INVALID_COUNTRY_CODE:
            return "the number's country code does not exist"
        case NumberParseException.TOO_LONG:
            return "the number is too long"
        case _:
            return "the number is too short"


@cache
def _country_names() -> dict[str, dict[str, str]]:
    """The names that come with phonenumbers, without the geographical data beside them.

    Importing `phonenumbers.geodata` would load every area code's town as well (0.4 s), so the one
    module is executed by itself.
    """
    path = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = importlib.util.spec_from_file_location("phonenumbers.geodata.locale", path)
    if spec is None or spec.loader is None:  # pragma: no cover - only without its source file
        return {}
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[str, dict[str, str]] = module.LOCALE_DATA
    return names

"""Which country a number belongs to, quickly, and what countries are called.

All of it is what `phonenumbers` (Google's metadata) says. Most calling codes are one country's, so
the number's first digits decide. Where several countries share a code, its main country first, the
first one whose plan takes the number has it: those plans are put together to one expression.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

_KINDS = (
    *("mobile", "fixed_line", "toll_free", "premium_rate", "shared_cost"),
    *("voip", "personal_number", "pager", "uan", "voicemail"),
)
_NO_COUNTRY = "001"
"""The region of calling codes that are no country's, in phonenumbers' metadata."""
_CODES = {str(code): regions for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}
_OTHER_NAMES = {"uk": "GB", "usa": "US", "uae": "AE"}
"""What people write for a country that is neither its alpha-2 code nor its name."""


class Regions:
    """Numbers → countries. What it has found of a number's first digits it keeps."""

    def __init__(self) -> None:
        self._known: dict[str, str | re.Pattern[str]] = {}

    def of(self, number: str) -> str:
        """The ISO 3166-1 alpha-2 code of an E.164 number with `+`; "" where it has no country.

        The same as `phonenumbers.region_code_for_number`, which also has AC, TA and XK. Numbers of
        no country (satellites, international freephone) and of no plan give "".
        """
        start = number[:4]  # a calling code has three digits at most
        found = self._known.get(start)
        if found is None:
            found = self._known[start] = _belongs(start)
        if isinstance(found, str):
            return found
        matched = found.fullmatch(number)
        return _asked(number) if matched is None else matched.lastgroup or ""


def _belongs(start: str) -> str | re.Pattern[str]:
    """The country of all numbers that begin so; an expression where several share the code."""
    for length in (2, 3, 4):
        code = start[1:length]
        regions = _CODES.get(code, ())
        if len(regions) > 1:
            return _shared(code)
        if regions and start[0] == "+":
            return "" if regions[0] == _NO_COUNTRY else regions[0]
    return ""


@cache
def _shared(code: str) -> re.Pattern[str]:
    """An E.164 number of a shared calling code; `lastgroup` is the country, None for none.

    It does not take what phonenumbers may change before it looks (a national prefix).
    """
    regions = _CODES[code]
    prefix = _metadata(regions[0]).national_prefix_for_parsing
    unchanged = rf"(?!{prefix})" if prefix else ""
    wanted = "|".join(rf"(?P<{region}>{_plan(region)}\d*)" for region in regions)
    return re.compile(rf"\+{code}(?=\d{{2,14}}\Z){unchanged}(?:{wanted}|\d*)", re.ASCII)


def _plan(region: str) -> str:
    """What numbers of a region begin with, or wholly are."""
    metadata = _metadata(region)
    if metadata.leading_digits is not None:
        return rf"(?={metadata.leading_digits})"
    kinds = "|".join(filter(None, (_whole(getattr(metadata, kind)) for kind in _KINDS)))
    return rf"(?={_whole(metadata.general_desc)})(?:{kinds})"


def _whole(desc: PhoneNumberDesc | None) -> str:
    """A whole national number of this kind; its length is told apart from its digits."""
    if desc is None or not desc.national_number_pattern:
        return ""
    lengths = "|".join(rf"\d{{{length}}}" for length in desc.possible_length if length > 0)
    long = rf"(?=(?:{lengths})\Z)" if lengths else ""
    return rf"(?:{long}(?:{desc.national_number_pattern})\Z)"


def _metadata(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None  # every region of a calling code has it
    return metadata


def _asked(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def region_named(text: str) -> str:
    """The alpha-2 code that a code or an English name means, in any letters; "" for none.

    Accents and punctuation do not count: `sg`, `Singapore`, `Cote d'Ivoire`.
    """
    code = text.strip().upper()
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    return _regions_by_name().get(_plain(text), "")


def country_name(region: str) -> str:
    """`SG` → `Singapore`; the code itself where no name is known."""
    names = _names().get(region, {})
    name = names.get("en", region)
    return names.get(name[1:], region) if name.startswith("*") else name


def country_names() -> list[str]:
    """The English names of all countries that have a numbering plan."""
    return [name for _, name in _named()]


@cache
def _regions_by_name() -> dict[str, str]:
    return {_plain(name): region for region, name in _named()} | _OTHER_NAMES


def _plain(name: str) -> str:
    """A name's letters alone, small and without accents; `&` and `and` are the same."""
    letters = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    return "".join(letter for letter in letters if letter.isalpha())


def _named() -> Iterator[tuple[str, str]]:
    """(alpha-2 code, English name) of the countries that have both."""
    for region in sorted(_names()):
        name = country_name(region)
        if name != region and region in phonenumbers.SUPPORTED_REGIONS:
            yield region, name


@cache
def _names() -> dict[str, dict[str, str]]:
    """The names that come with phonenumbers: region → language → name, or `*` and a language.

    Importing `phonenumbers.geodata` would load every area code's town as well (0.4 s), so the one
    module is executed by itself.
    """
    path = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = importlib.util.spec_from_file_location("phonenumbers.geodata.locale", path)
    if spec is None or spec.loader is None:  # pragma: no cover - only without its source file
        return {}
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names: dict[str, dict[str, str]] = module.LOCALE_DATA
    return names

"""How a text is encoded and how many SMS parts it takes.

3GPP TS 23.038 (GSM 7-bit default alphabet and its extension table) and TS 23.040 (concatenation):
160 septets in one part, else 153 a part; UCS-2 70 code units in one part, else 67 a part. What
takes two units (an extension character, a surrogate pair) is never split over two parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bulksender.model import Encoding

GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = "^{}\\[~]|€\f"

GSM7_SINGLE, GSM7_MULTI = 160, 153
UCS2_SINGLE, UCS2_MULTI = 70, 67

_GSM7, _UCS2 = Encoding.GSM7, Encoding.UCS2
_BASIC = re.compile(f"[{re.escape(GSM7_BASIC)}]*")
_EXTENDED = re.compile(f"[{re.escape(GSM7_EXTENSION)}]")
_FOREIGN = re.compile(f"[^{re.escape(GSM7_BASIC + GSM7_EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Measure(NamedTuple):
    """What a text will be billed as; `foreign` are the characters that GSM 7-bit does not have."""

    encoding: Encoding
    parts: int
    foreign: tuple[str, ...] = ()


def measure(text: str, ucs2: bool = False) -> Measure:
    """Encoding and number of parts of a text; `ucs2` forces UCS-2.

    An empty text takes no part. `foreign` is filled where the text itself needs UCS-2.
    """
    if not ucs2:
        if _BASIC.fullmatch(text):
            return Measure(_GSM7, _even(len(text), GSM7_SINGLE, GSM7_MULTI))
        foreign = tuple(dict.fromkeys(_FOREIGN.findall(text)))
        if not foreign:
            parts = _packed(text, _EXTENDED, GSM7_SINGLE, GSM7_MULTI)
            return Measure(_GSM7, parts)
    else:
        foreign = ()
    return Measure(_UCS2, _packed(text, _ASTRAL, UCS2_SINGLE, UCS2_MULTI), foreign)


fits_one_part = re.compile(rf"(?![ \n\r]*\Z)[{re.escape(GSM7_BASIC)}]{{1,{GSM7_SINGLE}}}").fullmatch
"""Whether a text, not blank, takes one part of basic GSM 7-bit characters."""


def _even(units: int, single: int, multi: int) -> int:
    return (1 if units else 0) if units <= single else -(-units // multi)


def _packed(text: str, double: re.Pattern[str], single: int, multi: int) -> int:
    """Parts of a text in which whatever matches `double` takes two units, kept together."""
    doubles = [match.start() for match in double.finditer(text)]
    units = len(text) + len(doubles)
    if units <= single or not doubles:
        return _even(units, single, multi)
    parts, room, last = 1, multi, 0
    for position in doubles:
        parts, room = _take(position - last, parts, room, multi)
        if room < 2:  # a two-unit character that does not fit opens the next part
            parts, room = parts + 1, multi
        room -= 2
        last = position + 1
    return _take(len(text) - last, parts, room, multi)[0]


def _take(units: int, parts: int, room: int, multi: int) -> tuple[int, int]:
    """Put `units` single units after what is there: the parts so far and the room left in them."""
    if units <= room:
        return parts, room - units
    more = -(-(units - room) // multi)
    return parts + more, more * multi - (units - room)


@lru_cache(maxsize=1024)
def code_points(shown: tuple[str, ...], most: int = 3) -> str:
    """`’ (U+2019), 李 (U+674E) and 2 more`: characters as people can look them up."""
    names = [
        f"{char} (U+{ord(char):04X})" if unicodedata.category(char)[0] not in "CZM"
        else f"U+{ord(char):04X}"
        for char in shown[:most]
    ]  # fmt: skip
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(names) + more


def seams(text: str, encoding: Encoding) -> Iterator[int]:
    """Where in the text (which takes several parts) each part but the first begins."""
    double, multi = (_EXTENDED, GSM7_MULTI) if encoding is Encoding.GSM7 else (_ASTRAL, UCS2_MULTI)
    doubles = {match.start() for match in double.finditer(text)}
    if not doubles:
        yield from range(multi, len(text), multi)
        return
    room = multi
    for position in range(len(text)):
        units = 2 if position in doubles else 1
        if units > room:
            yield position
            room = multi
        room -= units


def composed(text: str) -> str:
    """The text with letters and their accents composed (NFC) where that gives a GSM character.

    `e` and U+0301 are `é`, which GSM 7-bit has; apart, they would force UCS-2. All else stays.
    """
    if text.isascii() or not _MAY_BE_APART.search(text):
        return text
    return _APART.sub(lambda match: _WHOLE[match[0]], text)


_WHOLE = {unicodedata.normalize("NFD", char): char for char in GSM7_BASIC}
_WHOLE |= {"\N{KELVIN SIGN}": "K", "\N{ANGSTROM SIGN}": "Å", "\N{OHM SIGN}": "Ω"}
_WHOLE = {apart: whole for apart, whole in _WHOLE.items() if apart != whole}
_MAY_BE_APART = re.compile(f"[{''.join({apart[-1] for apart in _WHOLE})}]")
_APART = re.compile(
    f"(?:{'|'.join(map(re.escape, _WHOLE))})"
    "(?![\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff])"  # another mark on top
)


PLAIN_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛‹›′", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        **dict.fromkeys("\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007", " "),
        **dict.fromkeys("\u2008\u2009\u200a\u202f\u205f\u3000", " "),
        **dict.fromkeys("\u200b\u2060\ufeff", ""),  # spaces of no width
    }
)
"""Typographic quotes, dashes, ellipsis and odd spaces → their GSM 7-bit equals."""
_TYPOGRAPHIC = frozenset(map(chr, PLAIN_PUNCTUATION))


def plainer(text: str, measured: Measure) -> Measure | None:
    """What a text that needs UCS-2 would be billed as with plain punctuation; None for others."""
    if not measured.foreign:
        return None
    if _TYPOGRAPHIC.isdisjoint(measured.foreign):
        return measured
    return measure(text.translate(PLAIN_PUNCTUATION))

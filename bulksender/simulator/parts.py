"""How many SMS parts a text takes, counted on the simulator's own account.

This is a second implementation on purpose: the program counts the parts it plans, the simulator
those it receives, and each checks the other. Rules: 3GPP TS 23.038 (GSM 7-bit alphabet and its
extension table) and TS 23.040 section 9.2.3.24 (six bytes of header in each part of a
concatenated message, so 153 septets or 67 UTF-16 units of text).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

Encoding = Literal["GSM7", "UCS2"]

MAX_PARTS: Final = 10
"""8x8 cuts a text off after this many parts, and sends what is left (8x8 support pages)."""

GSM_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Characters of one septet (TS 23.038 section 6.2.1); the escape itself is not a character."""

GSM_EXTENDED: Final = "\f^{}\\[~]|€"
"""Characters of two septets: an escape and a code (TS 23.038 section 6.2.1.1)."""

_ONE_SEPTET_EACH = re.compile(f"[{re.escape(GSM_BASIC)}]*")
_OUTSIDE_GSM = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENDED)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Counted(NamedTuple):
    """What becomes of a text.

    Attributes:
        text: the text as it goes out, after replacement and truncation.
        encoding: the alphabet it goes out in.
        parts: SMS parts, 1 to ``MAX_PARTS``.
    """

    text: str
    encoding: Encoding
    parts: int


def count(text: str, encoding: str = "AUTO") -> Counted:
    """Return what is sent for a text.

    Args:
        text: the text; an empty one takes one part.
        encoding: ``GSM7``, ``UCS2``, or ``AUTO`` for GSM7 wherever the text allows it. With
            ``GSM7``, each character outside the alphabet becomes ``?``.
    """
    if encoding != "UCS2":
        if _ONE_SEPTET_EACH.fullmatch(text):
            return _evenly(text, "GSM7", single=160, joined=153)
        if encoding == "GSM7":
            text = _OUTSIDE_GSM.sub("?", text)
        if not _OUTSIDE_GSM.search(text):
            return _unevenly(text, "GSM7", _septets, single=160, joined=153)
    if not _ASTRAL.search(text):
        return _evenly(text, "UCS2", single=70, joined=67)
    return _unevenly(text, "UCS2", _utf16_units, single=70, joined=67)


def _septets(character: str) -> int:
    return 2 if character in GSM_EXTENDED else 1


def _utf16_units(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _evenly(text: str, encoding: Encoding, *, single: int, joined: int) -> Counted:
    """Count a text whose characters all take one unit."""
    if len(text) <= single:
        return Counted(text, encoding, 1)
    kept = text[: joined * MAX_PARTS]
    return Counted(kept, encoding, -(-len(kept) // joined))


def _unevenly(
    text: str, encoding: Encoding, width: Callable[[str], int], *, single: int, joined: int
) -> Counted:
    """Count a text in which some characters take two units, neither to be split over two parts."""
    widths = [width(character) for character in text]
    if sum(widths) <= single:
        return Counted(text, encoding, 1)
    parts, used = 1, 0
    for position, units in enumerate(widths):
        if used + units > joined:
            if parts == MAX_PARTS:
                return Counted(text[:position], encoding, MAX_PARTS)
            parts, used = parts + 1, 0
        used += units
    return Counted(text, encoding, parts)

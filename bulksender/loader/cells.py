"""What stands in a phone cell: cleaned of what people and programs put around a number, or refused.

Nothing here knows numbering plans; which number the digits are is for `msisdn`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import NamedTuple

from bulksender.model import Cell, Formatted
from bulksender.tables import Spoilt


class BadNumber(NamedTuple):
    """Why a cell is not a phone number that can be texted, in words for the sheet's owner."""

    why: str


Remark = Callable[[str], None]
"""Takes one of the remarks below."""

FIXED_LINE = "fixed-line numbers: they are sent to, but few of them can receive a text"
ROUND = "kept as numbers that end in five zeros or more: were their digits lost before?"
LOST_ZERO = "a leading zero was lost"
DECIMAL = "kept with decimals (.0)"
SHORT_FORM = "kept in short form (E+…), no digit lost"
DOUBLE_ZERO = "00 for +"
FOREIGN_DIGITS = "digits of another script"
INVISIBLE = "invisible characters around it"
APOSTROPHE = "an apostrophe before it"
TEL = "tel: before it"
TRUNK = "(0) behind the country code"
TEXT_FORMULA = 'kept as ="…"'
ODD_SIGNS = "unusual dashes or spaces"


def whole(number: str, remark: Remark) -> str | BadNumber:
    """The digits of a number that a spreadsheet keeps as a decimal or in short form."""
    scientific = _SCIENTIFIC.fullmatch(number)
    if scientific:
        whole, fraction, exponent = scientific.groups()
        places, power = fraction or "", int(exponent)
        if len(places) < power or places[power:].strip("0"):
            return BadNumber(
                "digits were lost: the sheet keeps the number in short form (like 6.59E+09); "
                "type the whole number again, as text"
            )
        remark(SHORT_FORM)
        return whole + places[:power]
    if _FRACTION.fullmatch(number):
        return BadNumber("the cell holds a number with a fraction, not a phone number")
    if _FLOAT.fullmatch(number):
        remark(DECIMAL)
        return number.replace(",", ".").partition(".")[0]
    return number


def cleaned(text: str, remark: Remark) -> str:
    """Plain digits, `+`, spaces, hyphens: full-width forms, dashes and invisibles mended."""
    plain = []
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cf", "Mn"):
            remark(INVISIBLE)
        elif category == "Nd":
            plain.append(char if char.isascii() else str(unicodedata.digit(char)))
        elif category == "Pd" or char in _LIKE_DASHES:
            plain.append("-")
        elif category == "Zs" or char == "\t":
            plain.append(" ")
        elif char in _APOSTROPHES:
            plain.append("'")
        elif category == "No" or char.isascii():  # 2345678² is no number ending in 2
            plain.append(char)
        else:
            plain.append(unicodedata.normalize("NFKC", char))
    number = "".join(plain).strip()
    formula = _TEXT_FORMULA.fullmatch(number)
    if formula:
        number = formula[1].strip()
        remark(TEXT_FORMULA)
    odd = {unicodedata.category(char) for char in text if not char.isascii()}
    if "Nd" in odd:
        remark(FOREIGN_DIGITS)
    if odd & {"Pd", "Zs"} or any(char in _LIKE_DASHES for char in text):
        remark(ODD_SIGNS)
    if number.startswith("'"):
        number = number.lstrip("' ")
        remark(APOSTROPHE)
    if number[:4].lower() == "tel:":
        number = number[4:].strip()
        remark(TEL)
    return _BRACKETED_CODE.sub(r"\1 ", number)


def as_shown(value: Formatted) -> Cell:
    """A number as its sheet shows it, where that is its digits and more; else its own digits."""
    if not value.is_integer() or value < 0:
        return float(value)
    shown = "".join(char for char in value.shown if char.isdigit())
    plain = _PLAIN_SHOWN.fullmatch(value.shown) and shown.endswith(str(int(value)))
    return value.shown if plain else int(value)


def not_text(value: object) -> BadNumber:
    """Why a cell that holds neither text nor a whole number is no phone number."""
    if value is None:
        return BadNumber("the phone number is missing")
    if isinstance(value, Spoilt):
        return BadNumber(value.why)
    if isinstance(value, float):
        if value.is_integer():
            return BadNumber("the number is too long")
        return BadNumber("the cell holds a number with a fraction, not a phone number")
    if isinstance(value, date | time | timedelta):
        return BadNumber("the cell holds a date or a time, not a phone number")
    return BadNumber("the cell holds TRUE or FALSE, not a phone number")


_FRACTION = re.compile(r"\+?\d{7,}[.,](?!0+$)\d{1,2}")
_FLOAT = re.compile(r"\+?\d{7,}[.,]0{1,6}")
_PLAIN_SHOWN = re.compile(r"\+?[\d ()\-]{7,}")
_EXTENSION = re.compile(
    r"\d\s*(?:ext(?:ension|n)?|x|#|;ext=)[.:\s]*\d+$|(?:\d[ ()./-]*){7}/\s*\d{1,3}$",
    re.IGNORECASE,
)
_TEXT_FORMULA = re.compile(r'="(.*)"')
_DATE = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(?:19|20)\d\d.*|(?:19|20)\d\d([./-])(\d\d?)\4(\d\d?)(?!\d).*"
)
_SEPARATORS = re.compile(r"[/,;|&\n]|:::|\bor\b|\band\b", re.IGNORECASE)
TWO_NUMBERS = "there are two phone numbers in one cell; keep one"
_LIKE_DASHES = "\N{MINUS SIGN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}"
_APOSTROPHES = "'’‘`´"
_SCIENTIFIC = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+?(\d{1,3})")
_PLAUSIBLE = re.compile(r"\+?[\d (][\d ()./\-]*")
_BRACKETED_CODE = re.compile(r"^\((\+\d{1,3}|00[\d ]*)\)")
MIN_DIGITS = 7
"""The shortest national number that a second number in a cell is taken for."""


def unlike_a_number(number: str) -> BadNumber | None:
    """Why clean digits and signs are no single phone number; None where they may be one."""
    if not number.strip("-. "):
        return BadNumber("the phone number is missing")
    parts = [part for part in _SEPARATORS.split(number) if part.strip()]
    if len(parts) > 1 and all(digits_in(part) >= MIN_DIGITS for part in parts):
        return BadNumber(TWO_NUMBERS)
    if number.count("+") > 1:
        return BadNumber(TWO_NUMBERS)
    date_typed = _DATE.fullmatch(number)
    if date_typed and max(int(part) for part in date_typed.group(1, 3, 5, 6) if part) <= 31:
        return BadNumber("the cell holds a date or a time, not a phone number")
    if number.startswith("-"):
        return BadNumber(
            "the cell holds a negative number, as when Excel computes 65-9123; "
            "type the phone number again, as text"
        )
    if _EXTENSION.search(number):
        return BadNumber("the number has an extension, which cannot be texted")
    if any(char.isalpha() for char in number):
        return BadNumber("the phone number has letters in it")
    if not _PLAUSIBLE.fullmatch(" ".join(number.split())):
        odd = next((char for char in number if not (char.isdigit() or char in "+ ()./-")), None)
        said = f"the sign {odd}" if odd and odd.isprintable() else "a sign or order of signs"
        return BadNumber(f"the phone number has {said} in it that no number has")
    return None


def digits_in(text: str) -> int:
    """How many digits a text has."""
    return sum(char.isdigit() for char in text)

"""Phone numbers as people keep them → E.164 with `+`, or the reason why not.

What is valid is what `phonenumbers` (Google's metadata) says is valid. A number that is plain
already is matched against the same metadata in one regular expression, which is several times
faster; everything else goes through `phonenumbers` itself. The fast path only ever says yes where
`phonenumbers` says yes, with the same E.164 form; it never says no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, ValidationResult
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE, NumberParseException

from bulksender.loader.plans import Plan, country_name, home_plan, plan_of
from bulksender.model import Cell, Shown
from bulksender.tables import Spoilt


class BadNumber(NamedTuple):
    """Why a cell is not a phone number that can be texted, in words for the sheet's owner."""

    why: str


class Seen(NamedTuple):
    """What was mended in a cell, or is worth knowing of it; `place` is its index in the chunk."""

    place: int
    what: str


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


def to_e164(
    values: Sequence[Cell], country: str | None, seen: list[Seen] | None = None
) -> list[str | BadNumber]:
    """Turn a chunk's phone cells into E.164 numbers with `+`, or BadNumber, in the same order.

    `country` (ISO 3166-1 alpha-2) is where numbers written without `+` belong; without it they are
    read as MSISDNs, that is with the country code first, the way 8x8's own examples write them.
    What was mended is added to `seen`.
    """
    reader = _Reader(country)
    found = []
    for index, value in enumerate(values):
        found.append(reader.read(value))
        if reader.remarks:
            if seen is not None:
                seen.extend(Seen(index, what) for what in reader.remarks)
            reader.remarks.clear()
    return found


class _Reader:
    """Reads cells one after another; `remarks` tell of the last one."""

    def __init__(self, country: str | None):
        self._country = country
        self._home = home_plan(country) if country else None
        self.remarks: list[str] = []

    def read(self, value: Cell) -> str | BadNumber:
        """The cell's number in E.164, or why there is none."""
        if type(value) is Shown:
            value = _as_shown(value)
        if type(value) is int:
            if value % 100_000 == 0:
                self.remarks.append(ROUND)
            value = str(value)
        if type(value) is str:
            if value.isascii():
                if value[:1] == "+" and value[1:].isdigit() and value[1] != "0":
                    found = self._international(value[1:])
                    if found:
                        return found
                elif self._home is not None and value.isdigit():
                    found = self._national(value, self._home)
                    if found:
                        return found
            return self._slow(value)
        return _not_text(value)

    def _international(self, digits: str) -> str | None:
        """E.164 of a calling code and a national number that needs nothing stripped; else None."""
        plan = plan_of(digits)
        if plan is None:
            return None
        national = digits[len(plan.code) :]
        valid = plan.valid.match(national)
        if valid and not plan.national_prefix.match(national):
            if valid.lastgroup == "fixed_line":
                self.remarks.append(FIXED_LINE)
            return "+" + digits
        return None

    def _national(self, digits: str, plan: Plan) -> str | None:
        """E.164 of a plain national number of `plan`, or one with the calling code in front."""
        if plan.international_prefix.match(digits):
            return None
        if digits.startswith(plan.code):
            return None if plan.general.match(digits) else self._international(digits)
        valid = plan.valid.match(digits)
        if valid and not plan.national_prefix.match(digits):
            if valid.lastgroup == "fixed_line":
                self.remarks.append(FIXED_LINE)
            if plan.drops_zero:
                self.remarks.append(LOST_ZERO)
            return f"+{plan.code}{digits}"
        return None

    def _slow(self, text: str) -> str | BadNumber:
        """Clean what people and spreadsheet programs put around a number, then ask phonenumbers."""
        number = self._whole(self._cleaned(text))
        problem = number if isinstance(number, BadNumber) else _unlike_a_number(number)
        if isinstance(number, BadNumber) or problem:
            return problem or BadNumber("")
        found = self._found(number)
        if isinstance(found, BadNumber) and self._are_two(number):
            return BadNumber(_TWO_NUMBERS)
        return found

    def _found(self, number: str) -> str | BadNumber:
        """The number that clean digits stand for, by whatever prefix they begin with."""
        if number.startswith("00"):
            return self._international_call(number)
        if number.startswith("+"):
            return self._ask(number, self._country)
        if self._country is None:
            found = self._ask("+" + number, None)
            return BadNumber(found.why + _NO_COUNTRY) if isinstance(found, BadNumber) else found
        return self._with_home_code(number) or self._ask(number, self._country)

    def _international_call(self, number: str) -> str | BadNumber:
        """`00` stands for +; where people dial 001 or 0011 instead, that may be meant as well."""
        plus = self._ask("+" + number[2:].lstrip(" -"), self._country)
        dialled = self._home.international_prefix.match(number) if self._home else None
        if dialled is None or len(dialled[0]) == 2:
            self._remark(DOUBLE_ZERO)
            return plus
        there = self._ask(number, self._country)
        if isinstance(there, BadNumber):
            if isinstance(plus, str):
                self._remark(DOUBLE_ZERO)
            return plus
        if isinstance(plus, str) and plus != there:
            return BadNumber(f"the number begins with {dialled[0]}, which can be read in two ways; "
                             "write it with +")  # fmt: skip
        return there

    def _with_home_code(self, number: str) -> str | BadNumber | None:
        """A number with the home country's code in front, but without +; None for any other.

        Where the digits are a number at home as well, `phonenumbers` takes them for that. A text
        goes to mobile phones: if only the reading with the code is one, it is the right one.
        """
        digits = "".join(char for char in number if char.isdigit())
        plan = self._home
        if plan is None or not digits.startswith(plan.code):
            return None
        abroad, at_home = plan.valid.match(digits[len(plan.code) :]), plan.valid.match(digits)
        if abroad is None or at_home is None or abroad.lastgroup != "mobile":
            return None
        if at_home.lastgroup == "mobile":
            return BadNumber("the number can be read with or without country code; write it with +")
        return "+" + digits

    def _are_two(self, number: str) -> bool:
        """Whether a cut at one of the spaces or dashes gives two valid numbers."""
        cuts = [match.span() for match in re.finditer(r"[ \-:]+", number)][:8]
        return any(
            all(isinstance(self._found(half), str) for half in (number[:start], number[end:]))
            for start, end in cuts
            if _digits(number[:start]) >= _MIN_DIGITS and _digits(number[end:]) >= _MIN_DIGITS
        )

    def _whole(self, number: str) -> str | BadNumber:
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
            self._remark(SHORT_FORM)
            return whole + places[:power]
        if _FLOAT.fullmatch(number):
            self._remark(DECIMAL)
            return number.replace(",", ".").partition(".")[0]
        return number

    def _cleaned(self, text: str) -> str:
        """Plain digits, `+`, spaces, hyphens: full-width forms, dashes and invisibles mended."""
        plain = []
        for char in text if text.isascii() else unicodedata.normalize("NFKC", text):
            category = unicodedata.category(char)
            if category in ("Cf", "Mn"):
                self._remark(INVISIBLE)
            elif category == "Nd":
                plain.append(char if char.isascii() else str(unicodedata.digit(char)))
            elif category == "Pd" or char == "\N{MINUS SIGN}":
                plain.append("-")
            elif category == "Zs" or char == "\t":
                plain.append(" ")
            else:
                plain.append(char)
        number = "".join(plain).strip()
        formula = _TEXT_FORMULA.fullmatch(number)
        if formula:
            number = formula[1].strip()
            self._remark(TEXT_FORMULA)
        odd = {unicodedata.category(char) for char in text if not char.isascii()}
        if odd & {"Nd", "No"}:
            self._remark(FOREIGN_DIGITS)
        if odd & {"Pd", "Zs", "Sm"}:
            self._remark(ODD_SIGNS)
        if number[:1] in _APOSTROPHES and number:
            number = number.lstrip(_APOSTROPHES + " ")
            self._remark(APOSTROPHE)
        if number[:4].lower() == "tel:":
            number = number[4:].strip()
            self._remark(TEL)
        if "(0)" in number and number.startswith("+"):
            self._remark(TRUNK)
        return _BRACKETED_CODE.sub(r"\1 ", number)

    def _remark(self, what: str) -> None:
        if what not in self.remarks:
            self.remarks.append(what)

    def _ask(self, number: str, country: str | None) -> str | BadNumber:
        try:
            parsed = phonenumbers.parse(number, country)
        except NumberParseException as error:
            return BadNumber(_parse_problem(error))
        if not phonenumbers.is_valid_number(parsed):
            zero = self._with_zero(number, parsed)
            if zero is None:
                return BadNumber(_invalid(parsed, country))
            parsed = zero
        if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE:
            self.remarks.append(FIXED_LINE)
        found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        if self._home is not None and self._home.drops_zero and number[:1] not in ("+", "0", "("):
            digits = "".join(char for char in number if char.isdigit())
            if found == f"+{self._home.code}{digits}":
                self._remark(LOST_ZERO)
        return found

    def _with_zero(self, number: str, parsed: PhoneNumber) -> PhoneNumber | None:
        """The mobile number that digits make with the zero that a spreadsheet has cut off.

        Where numbers begin with a 0 that is part of them (Côte d'Ivoire, Gabon), cells that are
        kept as numbers lose it, and no valid number is left.
        """
        if self._country is None or not number.isdigit() or number.startswith("0"):
            return None
        code = phonenumbers.country_code_for_region(self._country)
        if parsed.country_code != code:
            return None
        try:
            whole = phonenumbers.parse(f"+{code}0{number}")
        except NumberParseException:
            return None
        mobile = phonenumbers.number_type(whole) == phonenumbers.PhoneNumberType.MOBILE
        if not mobile or not whole.italian_leading_zero:
            return None
        self._remark(LOST_ZERO)
        return whole


def _as_shown(value: Shown) -> Cell:
    """A number as its sheet shows it, where that is digits; its own digits where it is not."""
    if _PLAIN_SHOWN.fullmatch(value.shown):
        return value.shown
    return int(value) if value.is_integer() else float(value)


def _not_text(value: object) -> BadNumber:
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


_FLOAT = re.compile(r"\+?\d{7,}[.,]0{1,6}")
_PLAIN_SHOWN = re.compile(r"\+?[\d ()\-]{7,}")
_EXTENSION = re.compile(
    r"\d\s*(?:ext(?:ension|n)?|x|#|;ext=)\.?\s*:?\s*\d+$|\d{5}\s*/\s*\d{1,4}$", re.IGNORECASE
)
_TEXT_FORMULA = re.compile(r'="(.*)"')
_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(?:19|20)\d\d")
_TWO_NUMBERS = "there are two phone numbers in one cell; keep one"
_APOSTROPHES = "'’‘`´"
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_PLAUSIBLE = re.compile(r"\+?[\d (][\d ()./\-]*")
_BRACKETED_CODE = re.compile(r"^\((\+\d{1,3})\)")
_NO_COUNTRY = "; write it with + and the country code, or say --country"
_MIN_DIGITS = 7
"""The shortest national number that a second number in a cell is taken for."""


def _unlike_a_number(number: str) -> BadNumber | None:
    if not number.strip("-. "):
        return BadNumber("the phone number is missing")
    parts = [part for part in re.split(r"[/,;|&\n]|:::|\bor\b|\band\b", number) if part.strip()]
    if len(parts) > 1 and all(_digits(part) >= _MIN_DIGITS for part in parts):
        return BadNumber(_TWO_NUMBERS)
    if number.count("+") > 1:
        return BadNumber(_TWO_NUMBERS)
    date_typed = _DATE.fullmatch(number)
    if date_typed and max(map(int, date_typed.group(1, 3))) <= 31:
        return BadNumber("the cell holds a date or a time, not a phone number")
    if number.startswith("-"):
        return BadNumber(
            "the cell holds a negative number, as when Excel computes 65-9123; "
            "type the phone number again, as text"
        )
    if re.search(
        r"(?i)\d\s*(?:ext(?:ension|n)?|x|#|;ext=)\.?\s*:?\s*\d+$|\d{5}\s*/\s*\d{1,4}$", number
    ):
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


def _invalid(parsed: PhoneNumber, country: str | None) -> str:
    """Why a number that can be read is none that exists."""
    where = _where(parsed.country_code, country)
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.TOO_SHORT:
            return f"the number is too short for {where}"
        case ValidationResult.TOO_LONG:
            return f"the number is too long for {where}"
        case ValidationResult.INVALID_LENGTH:
            return f"no number in {where} has so many digits"
        case _:
            return f"there is no such number in {where}"


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

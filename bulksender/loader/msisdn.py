"""Phone numbers as people keep them → E.164 with `+`, or the reason why not.

What is valid is what `phonenumbers` (Google's metadata) says is valid. A number that is plain
already is matched against the same metadata in one regular expression, which is several times
faster; everything else goes through `phonenumbers` itself. The fast path says yes where
`phonenumbers` says yes, with the same E.164 form. It says no only to plain digits, where a country
has the calling code for itself, and for the reason that `phonenumbers` gave for as many before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, ValidationResult
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE, NumberParseException

from bulksender.loader.athome import GROUPED, AtHome
from bulksender.loader.cells import (
    DOUBLE_ZERO,
    FIXED_LINE,
    LOST_ZERO,
    MIN_DIGITS,
    ROUND,
    TRUNK,
    TWO_NUMBERS,
    BadNumber,
    as_shown,
    cleaned,
    digits_in,
    not_text,
    unlike_a_number,
    whole,
)
from bulksender.loader.plans import (
    Plan,
    drops_zero,
    home_plan,
    is_mobile,
    plan_of,
)
from bulksender.model import Cell, Formatted
from bulksender.regions import country_name


class Seen(NamedTuple):
    """What was mended in a cell, or is worth knowing of it; `place` is its index in the chunk."""

    place: int
    what: str


def to_e164(
    values: Sequence[Cell], country: str | None, seen: list[Seen] | None = None
) -> list[str | BadNumber]:
    """Turn a chunk's phone cells into E.164 numbers with `+`, or BadNumber, in the same order.

    `country` (ISO 3166-1 alpha-2) is where numbers written without `+` belong; without it they are
    read as MSISDNs, that is with the country code first, the way 8x8's own examples write them.
    What was mended is added to `seen`.
    """
    reader = _reader(country)
    remarks = reader.remarks
    found: list[str | BadNumber] = [*reader.at_once(values)]
    for index, value in enumerate(values):
        if found[index]:
            continue
        found[index] = reader.read(value)
        if remarks:
            if seen is not None:
                seen.extend(Seen(index, what) for what in remarks)
            remarks.clear()
    return found


_FEW = 100  # cells that are read one by one
_GROUPED = re.compile(GROUPED, re.ASCII)
_BETWEEN_GROUPS = str.maketrans("", "", "+ -()")
_TRUNK = re.compile(r"\d\W*\(\s*0\s*\)")
_LONGEST = 200  # characters of a cell that may still be a number
_NO_COUNTRY = "; write it with + and the country code, or say --country"


class _Reader:
    """Reads cells one after another; `remarks` tell of the last one."""

    def __init__(self, country: str | None):
        self._country = country
        self._home = home_plan(country) if country else None
        self._drops_zero = country is not None and drops_zero(country)
        self._refusals: dict[tuple[str, int, bool], BadNumber] = {}
        self._at_home: AtHome | None = None
        self.remarks: list[str] = []

    def at_once(self, values: Sequence[Cell]) -> Sequence[str]:
        """The numbers of the cells that can be read many at a time; "" for all others."""
        if self._home is None or len(values) < _FEW:
            return [""] * len(values)
        if self._at_home is None:
            self._at_home = AtHome(self._home, self._drops_zero)
        return self._at_home.read(values)

    def read(self, value: Cell) -> str | BadNumber:
        """The cell's number in E.164, or why there is none."""
        if isinstance(value, Formatted):
            value = as_shown(value)
        if type(value) is int:
            if value % 100_000 == 0:
                self.remarks.append(ROUND)
            value = str(value)
        if type(value) is str:
            return self._plain(value) or self._slow(value)
        return not_text(value)

    def _plain(self, text: str) -> str | BadNumber | None:
        """The answer for a cell of nothing but digits, a +, and single spaces or hyphens.

        None where only phonenumbers can tell.
        """
        if not text.isascii():
            return None
        digits = text
        if not digits.isdigit():
            if _GROUPED.fullmatch(text) is None:
                return None
            digits = text.translate(_BETWEEN_GROUPS)
        if text[0] == "+":
            if digits[0] == "0":
                return None
            plan = plan_of(digits)
            found = self._international(digits)
            return found or (plan and self._refusal(text, digits[len(plan.code) :], plan))
        if self._home is None:
            return None
        found = self._national(digits, self._home)
        if (
            found
            or digits.startswith(self._home.code)
            or self._home.international_prefix.match(digits)
        ):
            return found
        return self._refusal(text, digits, self._home)

    def _refusal(self, text: str, national: str, plan: Plan) -> BadNumber | None:
        """Why plain digits, in no way a number of the plan, are none; it depends on their count.

        Of each count the first is judged by phonenumbers. None where it might be a number after
        all: by what can be put in front of it, or taken away, or as two numbers in one cell.
        """
        if (
            not plan.alone
            or not 0 < len(national) < 2 * MIN_DIGITS
            or national[0] == "0"
            or plan.national_prefix.match(national)
            or plan.valid.match(national)
            or plan.valid.match(f"0{national}")
        ):
            return None
        key = plan.code, len(national), text[0] == "+"
        if key not in self._refusals:
            judged = self._slow(text)
            if isinstance(judged, str):
                return None
            self._refusals[key] = judged
        return self._refusals[key]

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
        national = digits
        trunk = plan.national_prefix.match(digits) if plan.strips else None
        if trunk and not plan.general.match(digits):
            national = digits[trunk.end() :]
        valid = plan.valid.match(national)
        if valid and not plan.national_prefix.match(national):
            if valid.lastgroup == "fixed_line":
                self.remarks.append(FIXED_LINE)
            if self._drops_zero and national is digits:
                self.remarks.append(LOST_ZERO)
            return f"+{plan.code}{national}"
        return None

    def _slow(self, text: str) -> str | BadNumber:
        """Clean what people and spreadsheet programs put around a number, then ask phonenumbers."""
        if len(text) > _LONGEST:
            return BadNumber("the cell holds a longer text, not a phone number")
        number = whole(cleaned(text, self._remark), self._remark)
        problem = number if isinstance(number, BadNumber) else unlike_a_number(number)
        if isinstance(number, BadNumber) or problem:
            return problem or BadNumber("")
        found = self._found(number)
        if isinstance(found, BadNumber) and self._are_two(number):
            return BadNumber(TWO_NUMBERS)
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
        there = None
        if dialled is not None and dialled[0] in ("001", "0011"):
            there = self._asked("+" + number[len(dialled[0]) :].lstrip(" -"))
        if not isinstance(there, str) or (isinstance(plus, str) and not is_mobile(there)):
            self._remark(DOUBLE_ZERO)
            return plus
        if isinstance(plus, str) and plus != there and dialled is not None:
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
        at_home = plan.valid.match(digits)
        abroad = self._asked("+" + digits) if at_home else None
        if at_home is None or not isinstance(abroad, str) or not is_mobile(abroad):
            return None
        if at_home.lastgroup == "mobile":
            return BadNumber("the number can be read with or without country code; write it with +")
        return abroad

    def _are_two(self, number: str) -> bool:
        """Whether a cut at one of the spaces or dashes gives two valid numbers."""
        cuts = [match.span() for match in re.finditer(r"[ \-:]+", number)][:8]
        return any(
            all(isinstance(self._found(half), str) for half in (number[:start], number[end:]))
            for start, end in cuts
            if digits_in(number[:start]) >= MIN_DIGITS and digits_in(number[end:]) >= MIN_DIGITS
        )

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
        if _TRUNK.search(number) and not parsed.italian_leading_zero:
            self._remark(TRUNK)
        digits = "".join(char for char in number if char.isdigit())
        if self._drops_zero and number[0] != "+" and digits == str(parsed.national_number):
            self._remark(LOST_ZERO)
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    def _asked(self, number: str) -> str | BadNumber:
        """What another reading of a cell would give; nothing is remarked."""
        return _Reader(None)._ask(number, None)

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
            longer = phonenumbers.parse(f"+{code}0{number}")
        except NumberParseException:
            return None
        mobile = phonenumbers.number_type(longer) == phonenumbers.PhoneNumberType.MOBILE
        if not mobile or not longer.italian_leading_zero:
            return None
        self._remark(LOST_ZERO)
        return longer


_reader = cache(_Reader)  # it remembers refusals


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

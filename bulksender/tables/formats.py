"""Number formats: which numbers of a workbook are dates, and how the sheet shows the others.

The codes are those of ECMA-376 part 1, 18.8.30 and 18.8.31; XLS knows the same ones. A code that is
not understood (fractions, conditions, exponents) leaves the number as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from bulksender.model import Formatted, Shown

Reading = Callable[[float], object]
"""What a stored number means: a date, a time, a duration, or the number with its shown form."""

BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%"},
    **{11: "0.00E+00", 48: "##0.0E+0"},
    **{14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 22: "m/d/yyyy h:mm"},
    **{18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss"},
    **{37: "#,##0_);(#,##0)", 38: "#,##0_);(#,##0)"},
    **{42: '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)'},
    **{44: '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'},
    **{39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)"},
    **{41: '_(* #,##0_);_(* (#,##0);_(* "-"_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_)'},
    **{45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0"},
    **dict.fromkeys((*range(27, 32), *range(34, 37), *range(50, 59)), "yyyy/m/d"),
    **dict.fromkeys((32, 33, 55, 56), "h:mm:ss"),
    **dict.fromkeys((*range(71, 76), 81), "d/m/yyyy"),
    **dict.fromkeys((76, 77, 78, 79, 80), "h:mm:ss"),
}
"""The codes that have a number instead of being written in the workbook."""

_ASIDE = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_MINUTES = re.compile(r"h[^a-z]*m+|m+[^a-z]*s", re.IGNORECASE)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|(?P<other>.)'
)
_COLOURS = re.compile(r"(?i)(black|blue|cyan|green|magenta|red|white|yellow|color\s*\d+)")
_LITERALS = frozenset(" $-+()/:!^&'~{}<>=123456789€£¥₹฿₫₱₩\u00a0")
_FRACTION = re.compile(r"[0#?]\s*/\s*[0-9#?]")
_LAST_DAY = 2_958_465  # 9999-12-31


def reading(code: str, since_1904: bool = False) -> Reading | None:
    """How numbers of a format are to be read; None where they are read as they are stored."""
    if code.strip().lower() in ("general", "standard", "@", ""):
        return None
    if _ELAPSED.search(code):
        return _elapsed
    bare = _ASIDE.sub("", code).lower()
    if "general" not in bare and re.search(r"[ymdhs]", bare) and not re.search(r"[#?]|e\+", bare):
        clock = bool(_MINUTES.search(bare) or re.search(r"[hs]", bare))
        day = bool(re.search(r"[yd]", bare) or ("m" in bare and not clock))
        return lambda value: _moment(value, since_1904, day, clock)
    if _FRACTION.search(bare):
        return None
    if "e+" in bare or "e-" in bare:
        return shortened
    shapes = [_section(text) for text in _sections(code)[:3] if not _shows_text(text)]
    if not shapes:
        return None
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    if _is_simple(known[0]):
        return Amounts(len(known[0].fraction), known[0].grouped, tuple(known))
    return partial(_shown, shapes=known)


def _elapsed(value: float) -> object:
    """A duration; the number itself where it is beyond all that can be one."""
    return timedelta(milliseconds=round(value * 86_400_000)) if abs(value) < 1e8 else value


def _moment(serial: float, since_1904: bool, day: bool, clock: bool) -> object:
    """A date, a time or both, by what the format shows; the number itself where it is none."""
    if since_1904:
        serial += 1462
    if not 0 <= serial < _LAST_DAY + 1:
        return serial
    if day and not serial:
        return None  # a formula that points to a blank cell: 00/01/1900
    start = datetime(1899, 12, 30 if serial >= 60 else 31)  # 1900 has a 29 February in Excel
    moment = start + timedelta(milliseconds=round(serial * 86_400_000))
    if not day or serial < 1:
        return moment.time() if clock else moment.date()
    return moment if clock else moment.date()


def shortened(value: float) -> object:
    """A number that its sheet shows in short form, like 6.59E+09.

    Where all of its last five digits are zeros, they were most likely lost before it was stored.
    Then the short form is all that is known.
    """
    return f"{value:.2E}" if abs(value) >= 1e7 and value % 100_000 == 0 else value


class _Shape(NamedTuple):
    """A section of a code that shows a number: literals, and placeholders before and behind "."."""

    whole: tuple[str, ...]  # a placeholder as it is, a literal behind a quote
    fraction: tuple[str, ...]
    grouped: bool
    percents: int
    thousands: int


def _sections(code: str) -> list[str]:
    """A code, split at the semicolons that are not quoted."""
    parts, start = [], 0
    for match in re.finditer(r'"[^"]*"|\\.|(;)', code):
        if match[1]:
            parts.append(code[start : match.start()])
            start = match.end()
    return [*parts, code[start:]]


def _shows_text(section: str) -> bool:
    """Whether a section is the one for texts: it has @ where the text goes."""
    return "@" in _ASIDE.sub("", section)


def _section(text: str) -> _Shape | None:
    """A section's shape; None for what is not understood."""
    whole: list[str] = []
    fraction: list[str] = []
    behind_point = grouped = False
    percents = commas = scaling = 0
    for match in _TOKEN.finditer(text):
        part = fraction if behind_point else whole
        literal = match["quoted"] if match["quoted"] is not None else match["escaped"]
        if literal is not None:
            part.append(f"'{literal}")
        elif (bracket := match["bracket"]) is not None:
            if bracket.startswith("$"):
                part.append(f"'{bracket[1:].partition('-')[0]}")
            elif not _COLOURS.fullmatch(bracket):
                return None
        elif (other := match["other"]) is None:
            continue  # room as wide as a character, or a character that fills the cell
        elif other in "0#?":
            grouped = grouped or (commas > 0 and not behind_point)
            commas = 0
            part.append(other)
        elif other == "." and not behind_point:
            behind_point, scaling, commas = True, scaling + commas, 0
        elif other == ",":
            commas += 1
        elif other == "%":
            percents += 1
            part.append("'%")
        elif other in _LITERALS:
            part.append(f"'{other}")
        else:
            return None
    if not any(token in "0#?" for token in whole) and fraction:
        whole.append("#")  # .00 shows the whole part as well
    return _Shape(tuple(whole), tuple(fraction), grouped, percents, scaling + commas)


def _shown(value: float, shapes: Sequence[_Shape]) -> float:
    """The number, with the form in which the sheet shows it where that is another one."""
    if not abs(value) < 1e15:
        return value
    number = Decimal(f"{value:.15g}")
    shape, sign = shapes[0], "-" if number < 0 else ""
    if number < 0 and len(shapes) > 1:
        shape, sign = shapes[1], ""
    elif not number and len(shapes) > 2:
        shape = shapes[2]
    text = _written(abs(number), shape)
    if not text and number:
        return value  # a format that hides its number
    text = text if not sign or not text.strip("0., ") else f"{sign}{text}"
    return value if text in ("", f"{value:.15g}") else Shown(value, text)


def _is_simple(shape: _Shape) -> bool:
    """Whether a shape only fixes the places behind the point: `0.00`, `#,##0.00`."""
    whole = shape.whole[-1:] == ("0",) and set(shape.whole[:-1]) <= {"#"}
    fraction = shape.fraction in ((), ("0",), ("0", "0"), ("0", "0", "0"))
    return whole and fraction and not shape.percents and not shape.thousands


class Amounts(Struct, frozen=True):
    """As `_shown`, where the first shape is simple: most amounts need nothing rounded."""

    places: int
    grouped: bool
    shapes: tuple[_Shape, ...]

    def __call__(self, value: float, /) -> float:
        """The number, with its form where that is not plain digits."""
        if not 0 < value < 1e12 or round(value, self.places) != value:
            return _shown(value, self.shapes)
        shown = f"{value:{',' if self.grouped else ''}.{self.places}f}"
        as_stored = shown[-1] != "0" or not self.places
        return value if as_stored and "," not in shown else Shown(value, shown)

    def text(self, value: float) -> str:
        """What stands in the cell of a number."""
        shown = self(value)
        return shown.shown if isinstance(shown, Formatted) else f"{value:.15g}"


def _written(number: Decimal, shape: _Shape) -> str:
    number = number.scaleb(2 * shape.percents - 3 * shape.thousands)
    places = sum(token in "0#?" for token in shape.fraction)
    digits = f"{number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):f}"
    whole, _, behind = digits.partition(".")
    fraction = _filled(shape.fraction, behind)
    point = "." if any(char.isdigit() for char in fraction) else ""
    return f"{_distributed(shape, whole.lstrip('0'))}{point}{fraction}".strip()


def _filled(tokens: tuple[str, ...], digits: str) -> str:
    """The digits behind the point; where the code has # for it, a zero at the end is left out."""
    kept = max(
        (i for i, token in enumerate(t for t in tokens if t in "0#?")
         if token == "0" or digits[i : i + 1].strip("0") or digits[i:].strip("0")),
        default=-1,
    )  # fmt: skip
    shown, place = "", 0
    for token in tokens:
        if token in "0#?":
            shown += digits[place] if place <= kept else ""
            place += 1
        else:
            shown += token[1:]
    return shown


def _distributed(shape: _Shape, digits: str) -> str:
    """The digits before the point, from the right: each takes a placeholder, the first the rest."""
    places = sum(token in "0#?" for token in shape.whole)
    pieces: list[str] = []
    count, left = 0, places
    for token in reversed(shape.whole):
        if token not in ("0", "#", "?"):
            pieces.append(token[1:])
            continue
        left -= 1
        taken = digits if not left else digits[-1:]
        digits = "" if not left else digits[:-1]
        for char in reversed(taken or ("0" if token == "0" else "")):
            if shape.grouped and count and count % 3 == 0:
                pieces.append(",")
            pieces.append(char)
            count += 1
    return "".join(reversed(pieces))

"""A column's plain numbers of the sheet's own country, all in one go.

Two regular expressions go over the whole column: the first takes the cells that hold nothing but
digits, a + and what people put between groups of digits; the second those of them that are numbers
of the country by its numbering plan, and of which nothing has to be remarked. What they leave is
read cell by cell, by the same rules and all others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bulksender.loader.plans import Plan
from bulksender.model import Cell

GROUPED = (  # and no date: 2026-11-30, 30-11-2026
    r"(?!(?:19|20)\d\d-\d\d?-\d\d?(?!\d)|\d\d?-\d\d?-(?:19|20)\d\d)"
    r"\+?(?:\d++|\(\d{3}\)(?= ?\d))(?:[ -]?\d++)*+"
)
"""Digits in groups, with or without a + in front."""

_LINES = re.compile(rf"({GROUPED}(?=\n))?[^\n]*\n", re.ASCII)
_BETWEEN_GROUPS = str.maketrans("", "", " -()")


class AtHome:
    """Reads numbers of a plan's country, written with or without its calling code.

    `drops_zero`: without the code, a zero was cut off, which has to be remarked.
    """

    def __init__(self, plan: Plan, drops_zero: bool):
        code, general = plan.code, _inner(plan.general)
        trunk = _inner(plan.national_prefix)
        dialled_abroad = rf"(?!{_inner(plan.international_prefix)})"
        starts = [rf"\+{code}", rf"{dialled_abroad}(?!{general}){code}"]
        if not drops_zero:
            starts.append(rf"{dialled_abroad}(?!{code})")
        if plan.strips:
            starts.append(rf"{dialled_abroad}(?!{code})(?!{general})(?>{trunk})")
        number = rf"(?!{trunk}){_inner(plan.unremarkable)}"
        self._start = f"+{code}"
        self._numbers = re.compile(rf"(?:(?:{'|'.join(starts)})({number}))?[^\n]*\n", re.ASCII)

    def read(self, values: Sequence[Cell]) -> list[str]:
        """The E.164 numbers of the cells that hold such numbers; "" for all others."""
        texts = [
            value
            if type(value) is str and "\n" not in value
            else str(value)
            if type(value) is int and value % 100_000
            else ""
            for value in values
        ]
        grouped = _LINES.findall("\n".join(texts) + "\n")
        digits = ("\n".join(grouped) + "\n").translate(_BETWEEN_GROUPS)
        start = self._start
        return [found and start + found for found in self._numbers.findall(digits)]


def _inner(pattern: re.Pattern[str]) -> str:
    """A plan's pattern without groups of its own, for one line of many."""
    ungrouped = re.sub(r"(?<!\\)\((?:\?P<\w+>|(?!\?))", "(?:", pattern.pattern)
    return rf"(?:{ungrouped})".replace(r"\Z", r"(?=\n)")

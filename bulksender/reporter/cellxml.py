"""Result cells as a worksheet's XML (ECMA-376 part 1, 18.3.1.4 and 18.4.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from bulksender.reporter.pages import Page
from bulksender.reporter.values import DESTINATION, UMID, Values
from bulksender.source import column_letter

MOST_CHARACTERS = 32_767  # in a cell, Excel's limit

_PLAIN_TEXT = re.compile(r"(?!\s)[^&<>\x00-\x1f_\ud800-\udfff\ufffe\uffff]*(?<!\s)")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x000D_ as a character
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_OWN = re.compile(r"[0-9A-Za-z+-]*")
"""Umids and numbers, as a row has them for itself; nothing in them needs escaping."""
_OWN_HERE, _NUMBER_HERE = "\x00", "\x01"

_Pieces = tuple[list[str], list[str], list[str]]
"""Cells before a row's first own value, between the two, and behind; the row's number goes into
each gap."""


class ResultCells:
    """Makes the cells of result columns; `columns` are their numbers in RESULT_COLUMNS' order.

    `prefix` is the worksheet's namespace prefix, with its colon.
    """

    def __init__(self, columns: Sequence[int], prefix: str = ""):
        self.letters = [column_letter(column) for column in columns]
        self._order = sorted(range(len(columns)), key=columns.__getitem__)
        self._start = f"<{prefix}c r="
        self._number = (f"><{prefix}v>", f"</{prefix}v></{prefix}c>")
        self._text = (
            f' t="inlineStr"><{prefix}is><{prefix}t',
            f"</{prefix}t></{prefix}is></{prefix}c>",
        )
        self._own = sorted((UMID, DESTINATION), key=columns.__getitem__)
        self._numbered = lru_cache(4096)(self._numbered_cell)  # most values come again and again

    def page(self, page: Page) -> list[bytes]:
        """The cells of each row, in the order of the columns; none for what is blank or None.

        Most rows differ in their number, umid and destination alone: the rest is made once.
        """
        texts = "".join(page.umids) + "".join(page.destinations)
        longest = max(map(len, (*page.umids, *page.destinations)))
        if not _OWN.fullmatch(texts) or longest > MOST_CHARACTERS:
            return [self.styled(number, values, "") for number, values in page.lines()]
        pieces = list(map(self._pieces, page.kinds))
        own = {UMID: page.umids, DESTINATION: page.destinations}
        made = []
        for number, place, first, second in zip(
            map(str, page.rows), page.places, *(own[index] for index in self._own), strict=True
        ):
            before, between, behind = pieces[place]
            made.append(
                f"{number.join(before)}{first}{number.join(between)}{second}{number.join(behind)}"
            )
        return list(map(str.encode, made))

    def styled(self, number: int, values: Values, style: str) -> bytes:
        """The same, each cell made by itself and in a style ("" for none)."""
        return "".join(
            self.cell(f"{self.letters[i]}{number}", value, style)
            for i in self._order
            if (value := values[i]) is not None and value != ""
        ).encode()

    def cell(self, reference: str, value: str | int, style: str) -> str:
        """A cell: a number, or text that no spreadsheet program takes for a formula."""
        start = f'{self._start}"{reference}"'
        if style:
            start += f' s="{style}"'
        if value == "":
            return f"{start}/>"
        if isinstance(value, int):
            return f"{start}{self._number[0]}{value}{self._number[1]}"
        value = value[:MOST_CHARACTERS]
        if _PLAIN_TEXT.fullmatch(value):
            return f"{start}{self._text[0]}>{value}{self._text[1]}"
        return (
            f'{start}{self._text[0]} xml:space="preserve">{escape(literal(value))}{self._text[1]}'
        )

    def _pieces(self, kind: Values) -> _Pieces:
        """The cells of a kind of rows, cut where such rows differ."""
        parts = [""]
        for i in self._order:
            value, own = kind[i], i in self._own
            if value is not None and value != "":
                parts[-1] += self._numbered(i, None if own else value)
            if own:
                parts[-1:] = parts[-1].split(_OWN_HERE) if value else [parts[-1], ""]
        before, between, behind = (part.split(_NUMBER_HERE) for part in parts)
        return before, between, behind

    def _numbered_cell(self, column: int, value: str | int | None) -> str:
        """A cell with a mark where the row's number goes, and one for its own value (None)."""
        reference = f"{self.letters[column]}{_NUMBER_HERE}"
        if value is None:
            return self.cell(reference, "?", "").replace(">?<", f">{_OWN_HERE}<")
        return self.cell(reference, value, "")


def literal(text: str) -> str:
    """Text that Excel reads back as it is: no `_x000D_` code, no character that XML forbids."""
    return _ESCAPED.sub("_x005F_", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))

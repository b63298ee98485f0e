"""Result cells as a worksheet's XML (ECMA-376 part 1, 18.3.1.4 and 18.4.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bulksender.reporter.values import Values
from bulksender.source import RESULT_COLUMNS, column_letter

MOST_CHARACTERS = 32_767  # in a cell, Excel's limit

_PLAIN_TEXT = re.compile(r"(?!\s)[^&<>\x00-\x1f_\ud800-\udfff\ufffe\uffff]*(?<!\s)")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x000D_ as a character
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_UMID, _DESTINATION = RESULT_COLUMNS.index("umid"), RESULT_COLUMNS.index("destination")
_OWN = re.compile(r"[0-9A-Za-z+-]{0,200}")
"""Umids and numbers, as a row has them for itself; nothing in them needs escaping."""
_UMID_HERE, _DESTINATION_HERE, _NUMBER_HERE = "\x00", "\x01", "\x02"
_FEW = 1_000  # patterns that are kept


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
        self._patterns: dict[Values, str] = {}

    def row(self, number: int, values: Values) -> bytes:
        """A row's cells, in the order of the columns; no cell for what is blank or None.

        Most rows differ in their number, umid and destination alone: the rest is made once.
        """
        umid, destination = values[_UMID], values[_DESTINATION]
        own = f"{umid}{destination}"
        if not _OWN.fullmatch(own) or umid is None or destination is None:
            return self.styled(number, values, "")
        alike = (umid != "", *values[1:3], destination != "", *values[4:])
        pattern = self._patterns.get(alike)
        if pattern is None:
            pattern = self._pattern(values)
            if len(self._patterns) >= _FEW:
                self._patterns.clear()
            self._patterns[alike] = pattern
        made = pattern.replace(_NUMBER_HERE, str(number)).replace(_UMID_HERE, str(umid))
        return made.replace(_DESTINATION_HERE, str(destination)).encode()

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

    def _pattern(self, values: Values) -> str:
        """The cells of rows like this one, with marks where such rows differ."""
        made = ""
        for i in self._order:
            value = values[i]
            if value is None or value == "":
                continue
            mark = {_UMID: _UMID_HERE, _DESTINATION: _DESTINATION_HERE}.get(i)
            cell = self.cell(f"{self.letters[i]}{_NUMBER_HERE}", "x" if mark else value, "")
            made += cell.replace(">x<", f">{mark}<") if mark else cell
        return made


def literal(text: str) -> str:
    """Text that Excel reads back as it is: no `_x000D_` code, no character that XML forbids."""
    return _ESCAPED.sub("_x005F_", _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))

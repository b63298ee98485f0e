"""Cells as programs (and people with an editor) write them, each with what a reader gives for it.

`KINDS` are what a cell holds, `WAYS` how a row of any cells is written; every way fits every kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from xml.sax.saxutils import escape

from bulksender.model import Shown

ERROR, NEVER_COMPUTED = "an error", "a formula never computed"
"""What stands for the two kinds of Spoilt among the expected values."""
FORMATS = ("d/m/yyyy", "h:mm", "d/m/yyyy h:mm", "[h]:mm:ss", "0000")
"""The formats of the styles from 1 on; 0 is General."""
DAY, CLOCK, BOTH, SPAN, DIGITS = range(1, 6)

STRINGS = (
    '<si><t>plain</t></si><si><t xml:space="preserve"> spaced </t></si><si/>'
    "<si><r><rPr><b/></rPr><t>ri</t></r><r><t>ch</t></r></si>"
    '<si><t>課長</t><rPh sb="0" eb="2"><t>カチョウ</t></rPh><phoneticPr fontId="1"/></si>'
    "<si><t>a_x000D_&#10;b_x005F_x000D_</t></si><si><t>&lt;/row&gt;&amp;lt;</t></si>"
    "<si><t><![CDATA[</si><row r='1'>]]></t></si>"
)
"""A workbook's shared strings, and below what they are."""
SHARED: tuple[str | None, ...] = (
    *("plain", "spaced", None, "rich", "課長"),
    *("a\r\nb_x000D_", "</row>&lt;", "</si><row r='1'>"),
)


class Cell(NamedTuple):
    """A cell's type, style, content and further attributes, and the value expected of it."""

    kind: str
    style: int
    inside: str
    expected: object
    more: str = ""


def _text(words: str, number: int) -> Cell:
    said = f"{words} {number}"
    return Cell("inlineStr", 0, f"<is><t>{escape(said)}</t></is>", said)


def _inline(inside: str, expected: str | None) -> Callable[[int], Cell]:
    return lambda number: Cell("inlineStr", 0, f"<is>{inside}</is>", expected)


def _fixed(kind: str, inside: str, expected: object, style: int = 0, more: str = "") -> Cell:
    return Cell(kind, style, inside, expected, more)


def _shared(number: int) -> Cell:
    index = number % len(SHARED)
    return Cell("s", 0, f"<v>{index}</v>", SHARED[index])


def _digits(number: int) -> object:
    return Shown(number, f"{number:04}") if number < 1000 else number


def _day(number: int) -> Cell:
    return Cell("", DAY, f"<v>{46000 + number}</v>", date(2025, 12, 9) + timedelta(number))


KINDS: dict[str, Callable[[int], Cell]] = {
    "whole": lambda n: _fixed("", f"<v>{6590000000 + n}</v>", 6590000000 + n),
    "number by name": lambda n: _fixed("n", f"<v>{n}</v>", n),
    "negative": lambda n: _fixed("", f"<v>-{n}</v>", -n),
    "noisy": lambda n: _fixed("", f"<v>{n}.19000000000005</v>", float(f"{n}.19000000000005")),
    "exponent": lambda n: _fixed("", f"<v>6.59{n:07}E9</v>", 6590000000 + n),
    "day": _day,
    "moment": lambda n: _fixed("", "<v>46024.5</v>", datetime(2026, 1, 2, 12), BOTH),
    "clock": lambda n: _fixed("", "<v>0.375</v>", time(9), CLOCK),
    "span": lambda n: _fixed("n", "<v>1.5</v>", "36:00:00", SPAN),
    "digits": lambda n: _fixed("", f"<v>{n}</v>", _digits(n), DIGITS),
    "ISO day": lambda n: _fixed("d", "<v>2026-01-02</v>", date(2026, 1, 2)),
    "shared": _shared,
    "text": lambda n: _text("Ann", n),
    "text, long": lambda n: _text("Ann of Rome " * 120, n),
    "text with signs": lambda n: _text("Zoë & <Bø> \"x\" 'y' 李 😀 </c></row>", n),
    "text with lines": _inline("<t>a&#10;b\r\nc\n\td</t>", "a\nb\nc\n\td"),
    "text kept": _inline('<t xml:space="preserve"> a  b </t>', "a  b"),
    "text coded": _inline("<t>a_x000D_b_x005F_x000D_</t>", "a\rb_x000D_"),
    "text of a code's look": _inline("<t>_x12 _y0041_ _x004_</t>", "_x12 _y0041_ _x004_"),
    "text like attributes": _inline('<t> r="A1" s=\'9\' t="s" /></t>', 'r="A1" s=\'9\' t="s" />'),
    "text empty": _inline("<t></t>", None),
    "text missing": _inline("", None),
    "CDATA": _inline("<t>a<![CDATA[<b>&amp;</row>]]></t>", "a<b>&amp;</row>"),
    "rich text": _inline("<r><rPr><b/></rPr><t>a</t></r><r><t> b</t></r>", "a b"),
    "phonetic": _inline(
        '<t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh><phoneticPr fontId="1"/>', "課"
    ),
    "formula text": lambda n: _fixed("str", f'<f>B1&amp;"&lt;"</f><v>{n}&lt;</v>', f"{n}<"),
    "formula kept": lambda n: _fixed(
        "str", f'<f>A{n}</f><v xml:space="preserve"> {n} </v>', str(n)
    ),
    "shared, with hints": lambda n: _fixed("s", "<v>4</v>", SHARED[4], more='ph="1"'),
    "formula number": lambda n: _fixed("", f"<f>A{n}*2</f><v>{n}</v>", n),
    "formula with >": lambda n: _fixed("b", f"<f>A{n}>0</f><v>1</v>", True),
    "formula shared": lambda n: _fixed("", f'<f t="shared" si="0"/><v>{n}</v>', n),
    "formula of an area": lambda n: _fixed(
        "", f'<f t="array" ref="C{n}:D{n}">A{n}</f><v>{n}</v>', n, more='cm="1"'
    ),
    "formula empty": lambda n: _fixed("str", '<f>""</f><v></v>', None),
    "formula not computed": lambda n: _fixed("", f"<f>A{n}</f>", NEVER_COMPUTED),
    "formula not computed, closed": lambda n: _fixed("", "<f>A1</f><v/>", NEVER_COMPUTED),
    "true": lambda n: _fixed("b", "<v>1</v>", True),
    "false": lambda n: _fixed("b", "<v>0</v>", False),
    "error": lambda n: _fixed("e", "<v>#N/A</v>", ERROR),
    "rich error": lambda n: _fixed("e", "<v>#VALUE!</v>", ERROR, more='vm="1"'),
    "empty": lambda n: _fixed("", "", None),
    "styled empty": lambda n: _fixed("", "", None, DAY),
    "value empty": lambda n: _fixed("", "<v></v>", None, DIGITS),
    "value closed": lambda n: _fixed("s", "<v/>", None),
}
CODE = "CDATA of a cell's end"
KINDS[CODE] = _inline(
    '<t><![CDATA[</t></is></c></row><row r="1"><c r="A1"/>]]></t>',
    '</t></is></c></row><row r="1"><c r="A1"/>',
)
PLAIN = ("whole", "day", "shared", "text", "formula number", "styled empty")
"""The kinds of which most sheets are made."""

Placed = tuple[int, str]
"""A column, and the kind of the cell in it."""


def letters(column: int) -> str:
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def cell(
    number: int,
    column: int,
    kind: str,
    *,
    order: str = "rst",
    quote: str = '"',
    space: str = " ",
    end: str = "</c>",
) -> str:
    """A cell's XML; `order` are the attributes that it has, in their order."""
    made = KINDS[kind](number)
    found = {"r": f"{letters(column)}{number}", "s": made.style or "", "t": made.kind}
    tag = "".join(f"{space}{name}={quote}{found[name]}{quote}" for name in order if found[name])
    tag += f"{space}{made.more}" * bool(made.more)
    return f"<c{tag}>{made.inside}{end}" if made.inside else f"<c{tag}/>"


def _row(number: int, attributes: str, inside: str) -> str:
    return f'<row r="{number}"{attributes}>{inside}</row>'


def _joined(number: int, cells: Sequence[Placed], **how: str) -> str:
    return "".join(cell(number, column, kind, **how) for column, kind in cells)


def _unnamed(number: int, cells: Sequence[Placed]) -> str:
    """The cells without r where they stand next to the one before, or first in column A."""
    made, before = "", 0
    for column, kind in cells:
        made += cell(number, column, kind, order="st" if column == before + 1 else "rst")
        before = column
    return made


Way = Callable[[int, Sequence[Placed]], str]


def _as(attributes: str) -> Way:
    return lambda n, cells: _row(n, attributes, _joined(n, cells))


def _between(before: str, behind: str) -> Way:
    """With something in front of each cell, and behind the last."""
    return lambda n, cells: _row(
        n, "", "".join(before + cell(n, *placed) for placed in cells) + behind
    )


def _single_quoted(number: int, cells: Sequence[Placed]) -> str:
    return f"<row r='{number}' spans='1:9'>{_joined(number, cells, quote=chr(39))}</row>"


def _in_lines(number: int, cells: Sequence[Placed]) -> str:
    """Each element in a line of its own, as an XML formatter leaves them; texts as they were."""
    tags = r"(<!\[CDATA\[.*?\]\]>)|(?=<(?:v|f|is)[ />])|(?=</c>)"
    joined = _joined(number, cells, space="  ")
    made = re.sub(tags, lambda found: found[1] or "\n      ", joined)
    return f'<row r="{number}">\n{made}\n</row>'


def _long_tags(number: int, cells: Sequence[Placed]) -> str:
    made = _joined(number, cells, space="\n\t")
    return f'<row  spans="1:9"\n  r="{number}" >{made}</row>'


WAYS: dict[str, Way] = {
    "plain": _as(""),
    "Excel": _as(' spans="1:9" s="0" customFormat="1" ht="15.75" x14ac:dyDescent="0.25"'),
    "LibreOffice": _as(' customFormat="false" ht="12.8" hidden="false" customHeight="false"'),
    "indented": _between("\n    ", "\n  "),
    "returns": _between("\r\n", "\r\n"),
    "comments": _between("<!-- a > cell -->", "<!-- & no more -->"),
    "single quotes": _single_quoted,
    "in lines": _in_lines,
    "long tags": _long_tags,
    "t before s before r": lambda n, cells: _row(n, "", _joined(n, cells, order="tsr")),
    "s before r": lambda n, cells: _row(n, ' ht="1"', _joined(n, cells, order="srt")),
    "cells without r": lambda n, cells: _row(n, "", _unnamed(n, cells)),
    "r behind other attributes": lambda n, cells: (
        f'<row ht="15" hidden="0" r="{n}">{_joined(n, cells)}</row>'
    ),
    "without r": lambda n, cells: f"<row>{_joined(n, cells)}</row>",
    "without r, with more": lambda n, cells: f'<row spans="1:9">{_unnamed(n, cells)}</row>',
    "hidden": _as(' hidden="1"'),
    "hidden by a word": _as(" hidden='true' collapsed='1'"),
}
"""Ways to write a row; the cells' own XML is what `KINDS` says in all of them."""
EDITED: dict[str, Way] = {
    "markup in comments": _between('<!--<c r="A1"/>--><!-- </c> -->', "<!-- </row><row> -->"),
    "spaces in end tags": lambda n, cells: f'<row r="{n}">{_joined(n, cells, end="</c >")}</row\n>',
}
"""Ways that only an editor's hand leaves behind."""
NEXT = ("without r", "without r, with more")
"""The ways for a row that stands right behind the one before."""
FITTING = tuple(way for way in WAYS if way not in NEXT)


def values(number: int, cells: Sequence[Placed]) -> list[object]:
    """What a reader gives for the cells, from column A on, without a blank end."""
    found: list[object] = [None] * max((column for column, _ in cells), default=0)
    for column, kind in cells:
        found[column - 1] = KINDS[kind](number).expected
    while found and found[-1] is None:
        found.pop()
    return found

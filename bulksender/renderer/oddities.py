"""What is worth knowing about a text that goes out all the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bulksender.headers import find, variable
from bulksender.model import Cell, Encoding
from bulksender.notices import Notice, Notices
from bulksender.renderer.segments import seams

UNRENDERED, CONTROL, SPLIT_LINK, NOTHING, SAVES, A_NO = 1, 2, 4, 8, 16, 32
"""What may be odd about a text, a bit each; SAVES: plain punctuation would make it cheaper."""

SAID = {
    UNRENDERED: "the text holds {{ or {%, which goes out as it stands",
    CONTROL: "the text holds a control character, which phones show in different ways",
    SPLIT_LINK: "a link is split over two SMS parts; some phones will not open it",
    NOTHING: 'a cell that the text uses says "nan", "null", "#N/A" or the like, and so does the '
    "text",
    A_NO: "an {% if %} asks a cell that says no, FALSE or 0 as text, and takes any text for a yes; "
    'compare it, as in {% if paid == "Yes" %}',
}
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/\S+", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NOTHINGS = frozenset(
    {
        *("nan", "NaN", "NAN", "null", "Null", "NULL", "None", "undefined", "NaT", "<NA>", "NA"),
        *("N/A", "n/a", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"),
    }
)
_NOES = frozenset({"no", "n", "false", "0", "nein", "non", "tidak", "falsch", "faux", "falso"})
_BRACKETS = re.compile(
    r"(?<![{\w])\{([^{}%\n]{1,60})\}(?!\})|\(\(([^()\n]{1,60})\)\)|<<([^<>\n]{1,60})>>"
    r"|\[([^\[\]\n]{1,60})\]|(?<!\w)%([^%\s]{1,60})%|\$\{([^{}\n]{1,60})\}"
)


def oddities(
    text: str,
    parts: int,
    encoding: Encoding,
    cells: Sequence[Cell],
    asked: Sequence[int] = (),
) -> int:
    """What is odd about a row's text, in bits.

    `cells` are those that it was made of, `asked` the places of those that an `if` asks.
    """
    found = 0
    if "{{" in text or "{%" in text or "}}" in text:
        found |= UNRENDERED
    if not text.isprintable() and _CONTROL.search(text):
        found |= CONTROL
    if parts > 1 and ("/" in text or "www." in text) and _link_is_split(text, encoding):
        found |= SPLIT_LINK
    return found | said_by_cells(cells, asked)


def said_by_cells(cells: Sequence[Cell], asked: Sequence[int]) -> int:
    """What is odd about the cells that a text was made of, in bits; `asked` as in `oddities`."""
    found = 0 if _NOTHINGS.isdisjoint(cells) else NOTHING
    if asked and any(_says_no(cells[place]) for place in asked):
        found |= A_NO
    return found


def says_nothing(column: Iterable[Cell]) -> bool:
    """Whether any cell says "nan", "null", "#N/A" or the like."""
    return not _NOTHINGS.isdisjoint(column)


def _says_no(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.lower() in _NOES


def noticed(found: Iterable[tuple[int, int, int]]) -> Iterator[Notice]:
    """Notices of texts that go out, from their (row, oddities, saving)."""
    notices = Notices()
    rows = parts = 0
    for row, flags, saving in found:
        for flag, said in SAID.items():
            if flags & flag:
                notices.add(said, row)
        if flags & SAVES:
            rows, parts = rows + 1, parts + saving
    yield from notices.listed()
    if rows:
        yield Notice(
            f"--plain-punctuation would make {rows:,} text{'s' if rows > 1 else ''} GSM 7-bit or "
            f"shorter, and save {parts:,} SMS part{'s' if parts != 1 else ''}"
        )


def _link_is_split(text: str, encoding: Encoding) -> bool:
    links = [match.span() for match in _LINK.finditer(text)]
    if not links:
        return False
    return any(start < seam < end for seam in seams(text, encoding) for start, end in links)


def other_placeholders(source: Iterable[str], headers: Sequence[str]) -> Iterator[Notice]:
    """Column names in the brackets of other programs: `{name}`, `((name))`, `<<name>>`.

    `source` are the pieces of a template that go out as they stand.
    """
    for text in source:
        for match in _BRACKETS.finditer(text):
            name = next(group for group in match.groups() if group is not None).strip()
            if find(headers, name):
                yield Notice(
                    f"the text says {match[0]} as it stands; a column's value takes double braces: "
                    f"{{{{ {variable(name)} }}}}"
                )

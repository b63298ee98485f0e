"""The rows of a worksheet's XML, as it streams by (ECMA-376 part 1, 18.3.1).

One regular expression takes the cells of a row as all common programs write them; a row that it
does not take whole goes through an XML parser by itself. Entities are never expanded, and no more
than a row is held at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bulksender.ooxml import MOST_COLUMNS, MOST_ROWS, Area, area, column_number
from bulksender.tables.formats import Reading
from bulksender.tables.table import NEVER_COMPUTED, Row, spoilt_by
from bulksender.tables.xmlstream import MOST_ROW, Damaged, blocks, coded, opened, plain, unescaped

MOST_STRINGS = 1 << 30
"""Characters of all shared strings' XML; ten million texts of 100 each."""
MOST_TEXT = 4 << 20
"""Characters of a text's XML; a cell holds 32,767."""

# column, style, type, formula, value, inline text
_Cell = tuple[str, str, str, str, str, str]
_CELL = re.compile(
    r'<c r="([A-Z]+)[0-9]+"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?>'
    r"(<f[^>]*(?:/>|>[^<]*</f>))?"
    r"(?:<v>([^<]*)</v>|<v ?/>|<is><t[^>]*>([^<]*)</t></is>)?</c>"
)
_ROW_TAG = re.compile(r'<row(?: r="([0-9]{1,7})")?([^>]*)>')
_R = re.compile(r"""\sr=["']([0-9]{1,7})["']""")
_HIDDEN = re.compile(r"""\shidden=["'](?:1|true|on)["']""")
_MERGE = re.compile(r"""<(?:\w+:)?mergeCell\s[^<>]*?ref=["']([^"'<>]*)["']""")
_DATA = re.compile(r"<(\w+:)?sheetData\s*(/?)>")
_DATA_END = re.compile(r"</(?:\w+:)?sheetData\s*>")
_STRINGS = re.compile(r"<(\w+:)?sst\b[^<>]*>")


class Columns(dict[str, int]):
    """`A` → 0, `AA` → 26, worked out when first asked for. Raises Damaged beyond XFD."""

    def __missing__(self, letters: str) -> int:
        plain = re.fullmatch("[A-Z]{1,3}", letters)
        number = column_number(letters.encode()) if plain else MOST_COLUMNS + 1
        if number > MOST_COLUMNS:
            raise Damaged(f"a cell stands in a column {letters[:8]} that no sheet has")
        self[letters] = number - 1
        return number - 1


_COLUMNS = Columns()


class Readings(dict[str, object]):
    """Stored number → what it means in its format; the same dates come again and again."""

    def __init__(self, reading: Reading):
        super().__init__()
        self._reading = reading

    def __missing__(self, stored: str) -> object:
        if len(self) > 50_000:
            self.clear()
        self[stored] = meant = self._reading(float(stored))
        return meant


def merges(stream: IO[bytes]) -> list[Area]:
    """Read a worksheet to its end, for what stands behind its rows: the merged areas."""
    tail, found = "", False
    for block in blocks(stream):
        tail = tail + block if found else tail[-100:] + block
        if not found and "sheetData" in tail and (end := _DATA_END.search(tail)):
            tail, found = tail[end.end() :], True
        if found and len(tail) > MOST_ROW:
            raise Damaged("what stands behind its rows is too large")
    areas = (area(reference) for reference in _MERGE.findall(tail)) if found else ()
    return [place for place in areas if place is not None]


def rows(
    stream: IO[bytes], strings: Sequence[str], readings: Mapping[str, Readings]
) -> Iterator[Row]:
    """Yield the rows that hold anything. Raises Damaged.

    `strings` are the workbook's shared strings; `readings` say, by style, which numbers are dates
    or show otherwise than they are stored.
    """
    head, pieces = opened(stream, _DATA, "</row>", MOST_ROW)
    found = _DATA.search(head)
    if found is None or found[2]:
        return
    prefix = found[1] or ""
    root = re.search(r"<(?:\w+:)?worksheet\b[^>]*>", head)
    outer = plain(prefix, root[0]) if root else "<worksheet>"
    number = 0
    for text in pieces:
        text = plain(prefix, text)
        literal = not coded(text)
        for part in text.split("</row>")[:-1]:
            start = part.rfind("<row")
            if start < 0:
                continue
            if start and "<row" in part[:start]:  # rows without cells in front of it
                number = _empty_rows(part[:start], number)
            tag = _ROW_TAG.match(part, start)
            if tag is None:
                raise Damaged(f"the row behind row {number} cannot be read")
            named, attributes = tag.groups()
            if not named and (other := _R.search(attributes)):
                named = other[1]
            before, number = number, int(named) if named else number + 1
            if not before < number <= MOST_ROWS:
                raise Damaged(f"row {number} stands behind row {before}")
            inside = tag.end()
            cells = _CELL.findall(part, inside)
            if len(cells) != part.count("</c>", inside):
                cells = _parsed(outer, part[inside:], number)
            if cells:
                values = _values(cells, strings, readings, literal or not coded(part))
                hidden = "hidden" in attributes and _HIDDEN.search(attributes) is not None
                yield Row(number, values, hidden)


def shared_strings(stream: IO[bytes]) -> list[str]:
    """A workbook's shared strings, without their phonetic hints. Raises Damaged."""
    head, pieces = opened(stream, _STRINGS, "</si>", MOST_TEXT)
    found = _STRINGS.search(head)
    prefix = (found[1] if found else "") or ""
    whole = re.compile(r"\s*<si>\s*<t(?: [^>]*)?>([^<]*)</t>\s*")
    texts: list[str] = []
    size = 0
    for text in pieces:
        size += len(text)
        if size > MOST_STRINGS:
            raise Damaged("its texts take more memory than they may")
        for part in plain(prefix, text).split("</si>"):
            simple = whole.fullmatch(part)
            if simple:
                texts.append(unescaped(simple[1]))
                continue
            texts += [""] * len(re.findall(r"<si\s*/>", part))
            start = part.find("<si>")
            if start >= 0:
                runs = _element(f"<sst>{part[start:]}</si></sst>", "a shared string")
                texts.append(unescaped(_raw(_text(runs))))
    return texts


def _empty_rows(text: str, number: int) -> int:
    """The number of the last of several rows without an end tag of their own."""
    for tag in re.findall(r"<row[^<>]*>", text):
        named = _R.search(tag)
        number = int(named[1]) if named else number + 1
    return number


def _parsed(outer: str, body: str, number: int) -> list[_Cell]:
    """The cells of a row that is written in an unusual way."""
    row = _element(f"{outer}<row>{body}</row></worksheet>", f"row {number}")[0]
    cells: list[_Cell] = []
    column = -1
    for cell in row.iter():
        if _name(cell) != "c":
            continue
        letters = cell.get("r", "").rstrip("0123456789")
        column = _COLUMNS[letters] if letters else column + 1
        children = {_name(child): child for child in cell}
        formula = "f" if "f" in children else ""
        value = _raw(children["v"].text or "") if "v" in children else ""
        text = _raw(_text(children["is"])) if "is" in children else ""
        cells.append((_letters(column), cell.get("s", ""), cell.get("t", ""), formula, value, text))
    return cells


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _element(xml: str, what: str) -> Element:
    try:
        root: Element = fromstring(xml)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Damaged(f"{what} cannot be read: its XML is damaged") from error
    return root


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    """A text's runs together, without the phonetic ones. (18.4.8, 18.4.6)"""
    text = ""
    for child in element:
        match _name(child):
            case "t":
                text += child.text or ""
            case "r" | "si":
                text += _text(child)
    return text


def _raw(text: str) -> str:
    """Characters as XML text again, so that all cells are alike."""
    return text.replace("&", "&amp;")


def _values(
    cells: Sequence[_Cell],
    strings: Sequence[str],
    readings: Mapping[str, Readings],
    literal: bool,
) -> list[object]:
    """A row's values by column, from A on; `literal` where no text in it holds any code."""
    width = _COLUMNS[cells[-1][0]] + 1
    values: list[object] = [None] * width
    for letters, style, kind, formula, value, inline in cells:
        column = _COLUMNS[letters]
        if column >= width:  # the cells are out of order
            values += [None] * (column + 1 - width)
            width = column + 1
        try:
            if kind == "s":
                index = int(value or -1)
                if index >= 0:
                    values[column] = strings[index]
                elif value:
                    raise IndexError
            elif not kind or kind == "n":
                if not value:
                    values[column] = NEVER_COMPUTED if formula else None
                elif style in readings:
                    values[column] = readings[style][value]
                else:
                    values[column] = int(value) if value.isdigit() else float(value)
            elif kind == "inlineStr":
                values[column] = inline if literal else unescaped(inline)
            else:
                values[column] = _rare(kind, formula, value)
        except (ValueError, IndexError, OverflowError) as error:
            raise Damaged(f"its cell in column {letters} cannot be read") from error
    while values and values[-1] is None:
        values.pop()
    return values


def _rare(kind: str, formula: str, value: str) -> object:
    match kind:
        case "str":
            return unescaped(value)
        case "b":
            return value.strip() in ("1", "true")
        case "e":
            return spoilt_by(unescaped(value) or "#N/A")
        case "d" if value:
            moment = value.strip().removesuffix("Z")
            is_time = re.fullmatch(r"T?\d\d:.*", moment)
            return time.fromisoformat(moment) if is_time else datetime.fromisoformat(moment)
        case _:
            return NEVER_COMPUTED if formula and not value else unescaped(value)

"""The rows of a worksheet's XML, as it streams by (ECMA-376 part 1, 18.3.1).

Rows that are written alike are read many at a time (`rowsalike`). Of any other row, one regular
expression takes the cells as all common programs write them; a row that it does not take whole goes
through an XML parser by itself. Entities are never expanded, and no more
than a row is held at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bulksender.ooxml import MOST_COLUMNS, MOST_ROWS, Area, area, column_number
from bulksender.source import column_letter
from bulksender.tables.rowsalike import (
    MOST_ALIKE,
    ROW_END,
    Found,
    Readings,
    RowsAlike,
    Unlike,
    of_kind,
)
from bulksender.tables.table import NEVER_COMPUTED, Block, Row, in_blocks
from bulksender.tables.xmlstream import (
    MOST_ROW,
    Damaged,
    blocks,
    coded,
    opened,
    plain,
    unescaped,
    unspaced,
)
from bulksender.zipping import Blocks

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
_FIRST_ROWS = 50  # they show what the sheet's rows look like
_ROW_TAG = re.compile(r'<row(?: r="([0-9]{1,7})")?([^>]*)>')
_R = re.compile(r"""\sr\s*=\s*["']([0-9]{1,7})["']""")
_CELL_ROW = re.compile(r"""<c\s(?:[^<>]*\s)?r\s*=\s*["'][A-Z]+([0-9]{1,7})["']""")
_HIDDEN = re.compile(r"""\shidden=["'](?:1|true|on)["']""")
_MERGE = re.compile(r"""<(?:\w+:)?mergeCell\s[^<>]*?ref=["']([^"'<>]*)["']""")
_DATA = re.compile(r"<(\w+:)?sheetData(?:\s[^<>]*?)?\s*(/?)>")
_DATA_END = re.compile(r"</(?:\w+:)?sheetData\s*>")
_STRING = re.compile(r"<si>\s*+<t(?: [^>]*+)?>([^<]*+)</t>\s*+</si>|([\s\S]+?(?:</si>|\Z))")
_BLANK_STRING = re.compile(r"<si\b[^<>]*/>")
_STRING_BEGIN = re.compile(r"<si\b[^<>]*(?<!/)>")
_PLAIN_STRING = re.compile(r"<si><t(?: [^>]*+)?>([^<]*+)</t></si>")
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


def merges(stream: Blocks) -> list[Area]:
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


def rows(stream: Blocks, strings: Sequence[str], readings: Mapping[str, Readings]) -> Iterator[Row]:
    """Yield the rows that hold anything; else as `blocks_of_rows`."""
    for block in blocks_of_rows(stream, strings, readings):
        yield from block.rows()


def blocks_of_rows(
    stream: Blocks, strings: Sequence[str], readings: Mapping[str, Readings]
) -> Iterator[Block]:
    """Yield the rows, a block to some megabyte. Raises Damaged.

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
    reader = _Reader(outer, strings, readings)
    for text in pieces:
        yield from reader.blocks(plain(prefix, text))


class _Reader:
    """Reads a sheet's rows from pieces of its XML: those that are alike at once, others singly."""

    def __init__(self, outer: str, strings: Sequence[str], readings: Mapping[str, Readings]):
        self._outer = outer
        self._strings = strings
        self._readings = readings
        self._number = 0
        self._width = 0
        self._alike: RowsAlike | None = None

    def blocks(self, text: str) -> Iterator[Block]:
        """The rows of a piece that ends with a row. Raises Damaged."""
        if self._alike is None:
            head, text = _cut(text, _FIRST_ROWS)
            yield from in_blocks(self._singly(head))
            width = max(1, min(self._width, MOST_ALIKE))
            self._alike = RowsAlike(width, self._strings, self._readings)
        if text:
            yield from self._at_once(self._alike, text)
        if min(self._width, MOST_ALIKE) > self._alike.width:
            self._alike = None  # wider rows have come, and there may be more of them

    def _at_once(self, alike: RowsAlike, text: str) -> Iterable[Block]:
        before = self._number
        try:
            found = list(alike.runs(text))
            if len(found) == 1 and not isinstance(found[0][0], str):
                return (self._read(alike, found[0]),)
            rows = list[Row]()
            for run in found:
                if isinstance(run[0], str):
                    rows += self._singly("".join(run))
                else:
                    rows += self._read(alike, run).rows()
        except Unlike:
            self._number = before
            rows = list(self._singly(text))
        return in_blocks(rows, len(rows))

    def _read(self, alike: RowsAlike, run: list[Found]) -> Block:
        block = alike.read(run, self._number)
        self._number = int(run[-1][0])
        return block

    def _singly(self, text: str) -> Iterator[Row]:
        number = self._number
        text = unspaced(text)
        literal = not coded(text)
        *parts, behind = text.split("</row>")
        for part in parts:
            start = part.rfind("<row")
            if start > 0 and "<row" in part[:start]:  # rows without cells in front of it
                number = _empty_rows(part[:start], number)
            tag = _ROW_TAG.match(part, start) if start >= 0 else None
            if tag is None:
                raise Damaged(f"the row behind row {number} cannot be read")
            named, attributes = tag.groups()
            if not named and (other := _R.search(attributes)):
                named = other[1]
            before, number = number, int(named) if named else number + 1
            cell = None if named else _CELL_ROW.search(part, start)
            if cell and int(cell[1]) != number:
                raise Damaged(f"the cells of row {number} say that they stand in row {cell[1]}")
            if not before < number <= MOST_ROWS:
                raise Damaged(f"row {number} stands behind row {before}")
            self._number = number
            inside = tag.end()
            cells = _CELL.findall(part, inside)
            ended, alone = part.count("</c>", inside), part.count("/>", inside)
            if not len(cells) == ended >= part.count("<c", inside) - alone:
                cells = _parsed(self._outer, part[inside:], number)
            if cells:
                whole = literal or not coded(part)
                values = _values(cells, self._strings, self._readings, whole)
                self._width = max(self._width, len(values))
                hidden = "hidden" in attributes and _HIDDEN.search(attributes) is not None
                yield Row(number, values, hidden)
        if "<row" in behind:
            self._number = _empty_rows(behind, number)


def _cut(text: str, rows: int) -> tuple[str, str]:
    """The first rows of a piece, and the rest of it."""
    end = 0
    for _ in range(rows):
        found = text.find(ROW_END, end)
        if found < 0:
            return text, ""
        end = found + len(ROW_END)
    return text[:end], text[end:]


def shared_strings(stream: Blocks) -> list[str]:
    """A workbook's shared strings, without their phonetic hints. Raises Damaged."""
    head, pieces = opened(stream, _STRINGS, "</si>", MOST_TEXT)
    found = _STRINGS.search(head)
    prefix = (found[1] if found else "") or ""
    texts: list[str] = []
    size = 0
    for text in pieces:
        size += len(text)
        if size > MOST_STRINGS:
            raise Damaged("its texts take more memory than they may")
        text = unspaced(plain(prefix, text))
        simple = _PLAIN_STRING.findall(text)
        if len(simple) < text.count("<si"):  # there are others among them
            texts += chain.from_iterable(
                _strings(other) if other else (unescaped(alone),)
                for alone, other in _STRING.findall(text)
            )
        else:
            texts += map(unescaped, simple) if coded(text) else simple
    return texts


def _strings(other: str) -> Iterator[str]:
    """Blank strings, and the one of several runs behind them, if there is one."""
    yield from [""] * len(_BLANK_STRING.findall(other))
    if begin := _STRING_BEGIN.search(other):
        text = other[begin.start() :]
        yield unescaped(_raw(_text(_element(f"<sst>{text}</sst>", "a shared string"))))


def _empty_rows(text: str, number: int) -> int:
    """The number of the last of several rows that are no more than a tag. Raises Damaged."""
    for tag in re.findall(r"<row[^<>]*>", text):
        if not tag.endswith("/>"):
            raise Damaged(f"a row behind row {number} has no end")
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
        cells.append(
            (column_letter(column + 1), cell.get("s", ""), cell.get("t", ""), formula, value, text)
        )
    return cells


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
                values[column] = of_kind(kind, formula, value)
        except (ValueError, IndexError, OverflowError) as error:
            raise Damaged(f"its cell in column {letters} cannot be read") from error
    while values and values[-1] is None:
        values.pop()
    return values

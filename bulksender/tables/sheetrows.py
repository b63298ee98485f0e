"""The rows of a worksheet's XML, as it streams by (ECMA-376 part 1, 18.3.1).

One regular expression takes the cells of a row as all common programs write them; a row that it
does not take whole goes through an XML parser by itself. Entities are never expanded, and no more
than a row is held at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bulksender.ooxml import MOST_COLUMNS, Area, area, column_number
from bulksender.tables.formats import Reading
from bulksender.tables.table import NEVER_COMPUTED, Row, spoilt_by

_READ = 1 << 20  # bytes at a time
MOST_ROW = 64 << 20
"""Characters of a row's XML; 16,384 cells of a kilobyte take a quarter of it."""
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
_ENTITY = re.compile(r"&(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[A-Za-z]\w*);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref=["']([^"']*)["']""")
_DATA = re.compile(r"<(\w+:)?sheetData\s*(/?)>")


class Damaged(ValueError):
    """The XML cannot be read, with the reason; the row it is in where that is known."""


class Columns(dict[str, int]):
    """`A` → 0, `AA` → 26, worked out when first asked for. Raises Damaged beyond XFD."""

    def __missing__(self, letters: str) -> int:
        number = column_number(letters.encode()) if len(letters) <= 3 else MOST_COLUMNS + 1
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
    tail, found = b"", False
    while block := stream.read(_READ):
        if found:
            tail += block
            if len(tail) > MOST_ROW:
                raise Damaged("what stands behind its rows is too large")
            continue
        block = tail[-20:] + block
        place = block.find(b"sheetData>")
        while place > 0 and block[:place].rpartition(b"<")[2][:1] != b"/":
            place = block.find(b"sheetData>", place + 1)
        found = place > 0
        tail = block[place:] if found else block
    areas = (area(reference) for reference in _MERGE.findall(tail)) if found else ()
    return [place for place in areas if place is not None]


def rows(
    stream: IO[bytes], strings: Sequence[str], readings: Mapping[str, Readings]
) -> Iterator[Row]:
    """Yield the rows that hold anything. Raises Damaged.

    `strings` are the workbook's shared strings; `readings` say, by style, which numbers are dates
    or show otherwise than they are stored.
    """
    head, pieces = _opened(stream)
    found = _DATA.search(head)
    if found is None or found[2]:
        return
    prefix = found[1] or ""
    root = re.search(r"<(?:\w+:)?worksheet\b[^>]*>", head)
    outer = _without(prefix, root[0]) if root else "<worksheet>"
    number = 0
    for text in pieces:
        text = _plain_xml(prefix, text)
        literal = not _coded(text)
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
            if number <= before:
                raise Damaged(f"row {number} stands behind row {before}")
            inside = tag.end()
            cells = _CELL.findall(part, inside)
            if len(cells) != part.count("</c>", inside):
                cells = _parsed(outer, part[inside:], number)
            if cells:
                values = _values(cells, strings, readings, literal or not _coded(part))
                hidden = "hidden" in attributes and _HIDDEN.search(attributes) is not None
                yield Row(number, values, hidden)


def _coded(text: str) -> bool:
    """Whether any character of a text is written as a code, or is a carriage return."""
    return "&" in text or "_x" in text or "\r" in text


def shared_strings(stream: IO[bytes]) -> list[str]:
    """A workbook's shared strings, without their phonetic hints. Raises Damaged."""
    head, pieces = _opened(stream, r"<(\w+:)?sst\b[^>]*>", "</si>", MOST_TEXT)
    found = re.search(r"<(\w+:)?sst\b", head)
    prefix = (found[1] if found else "") or ""
    whole = re.compile(r"\s*<si>\s*<t(?: [^>]*)?>([^<]*)</t>\s*")
    texts: list[str] = []
    for text in pieces:
        for part in _plain_xml(prefix, text).split("</si>"):
            plain = whole.fullmatch(part)
            if plain:
                texts.append(_unescaped(plain[1]))
                continue
            texts += [""] * len(re.findall(r"<si\s*/>", part))
            start = part.find("<si>")
            if start >= 0:
                runs = _element(f"<sst>{part[start:]}</si></sst>", "a shared string")
                texts.append(_unescaped(_raw(_text(runs))))
    return texts


def _opened(
    stream: IO[bytes],
    opening: str = _DATA.pattern,
    end: str = "</row>",
    most: int = MOST_ROW,
) -> tuple[str, Iterator[str]]:
    """What stands before the rows (or strings), and the rest in pieces that end behind one."""
    first = stream.read(4)
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(first[:2], "utf-8")
    decoder = codecs.getincrementaldecoder(codec)()
    head = _decoded(decoder, first)
    pattern = re.compile(opening)
    while not (found := pattern.search(head)):
        block = stream.read(_READ)
        if not block:
            return head, iter(())
        head += _decoded(decoder, block)
        if "<!DOCTYPE" in head or "<!ENTITY" in head:
            raise Damaged("its XML declares entities, which no spreadsheet program writes")
        if len(head) > MOST_ROW:
            raise Damaged("its XML does not come to its rows")
    prefix = found[1] or ""
    end = end.replace("</", f"</{prefix}")
    last = f"</{prefix}{found[0].strip('<>').split()[0].removeprefix(prefix)}>"
    return head[: found.end()], _pieces(stream, decoder, head[found.end() :], end, last, most)


def _pieces(
    stream: IO[bytes],
    decoder: codecs.IncrementalDecoder,
    buffer: str,
    end: str,
    last: str,
    most: int,
) -> Iterator[str]:
    """Text that stops right behind an `end` tag, until the `last` one comes."""
    while True:
        stop = buffer.rfind(end)
        while stop >= 0 and buffer.count("<![CDATA[", 0, stop) > buffer.count("]]>", 0, stop):
            stop = buffer.rfind(end, 0, stop)  # the end stands in a text
        if stop >= 0:
            yield buffer[: stop + len(end)]
            buffer = buffer[stop + len(end) :]
        if (stop := buffer.find(last)) >= 0:
            yield buffer[:stop]
            return
        if len(buffer) > most:
            raise Damaged(f"one of its rows or texts is longer than {most:,} characters")
        block = stream.read(_READ)
        if not block:
            raise Damaged("its XML ends in the middle")
        buffer += _decoded(decoder, block)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes) -> str:
    try:
        return decoder.decode(block)
    except UnicodeDecodeError as error:
        raise Damaged("its XML is not UTF-8") from error


def _plain_xml(prefix: str, text: str) -> str:
    """The XML as most programs write it: no prefix before every name, no text in CDATA."""
    if "<![CDATA[" in text:
        text = _CDATA.sub(lambda match: escape(match[1]), text)
    return _without(prefix, text)


def _without(prefix: str, text: str) -> str:
    return text.replace(f"<{prefix}", "<").replace(f"</{prefix}", "</") if prefix else text


def _empty_rows(text: str, number: int) -> int:
    """The number of the last of several rows without an end tag of their own."""
    for tag in re.findall(r"<row[^>]*>", text):
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
                values[column] = strings[int(value)]
            elif not kind or kind == "n":
                if not value:
                    values[column] = NEVER_COMPUTED if formula else None
                elif style in readings:
                    values[column] = readings[style][value]
                else:
                    values[column] = int(value) if value.isdigit() else float(value)
            elif kind == "inlineStr":
                values[column] = inline if literal else _unescaped(inline)
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
            return _unescaped(value)
        case "b":
            return value.strip() in ("1", "true")
        case "e":
            return spoilt_by(_unescaped(value) or "#N/A")
        case "d" if value:
            return datetime.fromisoformat(value.strip())
        case _:
            return NEVER_COMPUTED if formula and not value else _unescaped(value)


def _unescaped(text: str) -> str:
    """XML text as characters, with Excel's own codes for those that XML forbids (`_x000D_`)."""
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "_x" in text:
        text = _CODE.sub(_decoded_code, text)  # a character beyond U+FFFF takes two codes
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        if name not in _ENTITIES:
            raise Damaged("its XML uses an entity that no spreadsheet program writes")
        return _ENTITIES[name]
    code = int(name[2:], 16) if name[1] == "x" else int(name[1:])
    good = code < 0xD800 or 0xDFFF < code < 0x110000
    return chr(code) if good else "\N{REPLACEMENT CHARACTER}"


def _decoded_code(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))

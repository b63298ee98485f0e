"""A part's XML as text, in pieces that end where a row or a text ends.

Entities are never expanded, and no more is held at a time than one piece may have.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from bulksender.zipping import Blocks

MOST_HEAD = 8 << 20
"""Characters before the first row; 16,384 columns described take a quarter of it."""
MOST_ROW = 64 << 20
"""Characters of a row's XML; 16,384 cells of a kilobyte take a quarter of it."""
MOST_ALONE = 4 << 20
"""Characters of elements that are no more than a tag, of which there may be a million."""

_ENTITY = re.compile(r"&(#x[0-9A-Fa-f]{1,6}|#[0-9]{1,7}|[A-Za-z]\w*);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ASIDE = re.compile(r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_SPACED_END = re.compile(r"</([\w:]+)\s+>")


class Damaged(ValueError):
    """The XML cannot be read, with the reason; the row it is in where that is known."""


def blocks(stream: Blocks) -> Iterator[str]:
    """A part's text, a block at a time. Raises Damaged for what is neither UTF-8 nor UTF-16."""
    block = stream.read()
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(block[:2], "utf-8")
    decoder = codecs.getincrementaldecoder(codec)()
    while block:
        try:
            yield decoder.decode(block)
        except UnicodeDecodeError as error:
            raise Damaged("its XML is not UTF-8") from error
        block = stream.read()


def opened(
    stream: Blocks, opening: re.Pattern[str], end: str, most: int
) -> tuple[str, Iterator[str]]:
    """What stands up to the `opening` tag, and the rest in pieces that stop behind an `end` tag.

    The pattern's first group is the namespace prefix. Nothing follows where the tag never comes.
    """
    source, head = blocks(stream), ""
    for block in source:
        start = max(0, len(head) - 100)
        head += block
        if "<!DOCTYPE" in head[start:] or "<!ENTITY" in head[start:]:
            raise Damaged("its XML declares entities, which no spreadsheet program writes")
        found = opening.search(head, start)
        if found is not None:
            prefix = found[1] or ""
            name = found[0].strip("</>").split()[0].removeprefix(prefix)
            last = rf"</{prefix}{name}\s*>"
            rest = _pieces(
                source, head[found.end() :], end.replace("</", f"</{prefix}"), last, most
            )
            return head[: found.end()], rest
        if len(head) > MOST_HEAD:
            raise Damaged("its XML does not come to its rows")
    return head, iter(())


def _pieces(source: Iterator[str], buffer: str, end: str, last: str, most: int) -> Iterator[str]:
    """Text that stops right behind an `end` tag, until the `last` one comes.

    Where nothing but elements of a tag alone comes for long, it stops between two of them.
    """
    alone = end.replace("</", "<").rstrip(">")
    while True:
        seen = _UNSEEN.sub(lambda match: "-" * len(match[0]), buffer) if "<!" in buffer else buffer
        stop = seen.rfind(end)
        if stop >= 0:
            yield buffer[: stop + len(end)]
            buffer, seen = buffer[stop + len(end) :], seen[stop + len(end) :]
        elif len(buffer) > MOST_ALONE and (stop := seen.rfind(f"/>{alone}")) >= 0:
            yield buffer[: stop + 2]
            buffer, seen = buffer[stop + 2 :], seen[stop + 2 :]
        if found := re.search(last, seen):
            yield buffer[: found.start()]
            return
        if len(buffer) > most:
            raise Damaged(f"one of its rows or texts is longer than {most:,} characters")
        block = next(source, None)
        if block is None:
            raise Damaged("its XML ends in the middle")
        buffer += block


def plain(prefix: str, text: str) -> str:
    """The XML as most programs write it: no prefix, comments nor CDATA."""
    if "<!" in text:
        text = _ASIDE.sub(lambda match: escape(match[1] or ""), text)
    return text.replace(f"<{prefix}", "<").replace(f"</{prefix}", "</") if prefix else text


def unspaced(text: str) -> str:
    """The XML without space in end tags, which hardly any program writes."""
    if " >" in text or "\n>" in text or "\t>" in text or "\r>" in text:
        return _SPACED_END.sub(r"</\1>", text)
    return text


def coded(text: str) -> bool:
    """Whether any character of a text is written as a code, or is a carriage return."""
    return "&" in text or "_x" in text or "\r" in text


def unescaped(text: str) -> str:
    """XML text as characters, with Excel's own codes for those that XML forbids (`_x000D_`)."""
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "_x" in text:
        text = _CODE.sub(_decoded, text)  # a character beyond U+FFFF takes two codes
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


def _decoded(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))

"""Which encoding a text file is in, found by reading all of it once before anything else."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from bulksender.errors import SheetError

_READ = 1 << 20  # bytes at a time
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16-le-sig",
    codecs.BOM_UTF16_BE: "utf-16-be-sig",
}
_HIGH = re.compile(rb"[\x80-\xff]+")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # in Windows-1252
_ALONE = re.compile(rb"(?<![A-Za-z\x80-\xff])[\xa1-\xff]{2}(?![A-Za-z\x80-\xff])")
_DOUBTFUL = re.compile(  # a sign or an Icelandic letter inside a word: Polish, Czech, Turkish …
    rb"[A-Za-z][\xa1-\xbf\xfe\xf0\xfd\x9c]|[\xa1-\xa9\xac-\xbf\xfe\xf0\xfd\x9c][A-Za-z]"
)
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]{0,30}")


class Encoding(NamedTuple):
    """`name` is what `source.opened` takes; `remarks` what its owner should know about it."""

    name: str
    remarks: tuple[str, ...] = ()


def encoding_of(path: Path) -> Encoding:
    """The encoding of a text file: by its byte order mark, else UTF-8, else Windows-1252.

    Raises SheetError, with the line, for what is none of them, rather than send mangled names.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise SheetError(f'{path}: the text is UTF-32. Save the sheet as "CSV UTF-8".')
    name = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    name = name or _without_mark(path, head)
    line = _bad_line(path, name)
    if line is None:
        return Encoding(name)
    if name == "utf-8":
        return _windows(path, line)
    raise SheetError(f'{path}, line {line}: the text is damaged. Save the sheet as "CSV UTF-8".')


def _without_mark(path: Path, head: bytes) -> str:
    """UTF-16 shows by its zeros: every other byte of plain letters is one."""
    zeros = head.count(0)
    if not zeros:
        return "utf-8"
    low = head[1::2].count(0)
    if max(low, zeros - low) > len(head) // 5:
        return "utf-16-le" if low > zeros - low else "utf-16-be"
    raise SheetError(
        f"{path}: this is not a text file. Save the sheet as CSV UTF-8, or give its workbook."
    )


def _bad_line(path: Path, name: str) -> int | None:
    """The first line (from 1) that is not in this encoding; None where all is."""
    decoder = codecs.getincrementaldecoder(name.removesuffix("-sig"))()
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(_READ)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = error.object[: error.start].decode(error.encoding, "replace")
                return line + good.count("\n")
            line += text.count("\n")
            if not block:
                return None


def _windows(path: Path, line: int) -> Encoding:
    """Windows-1252, with a remark; refuses what shows the marks of another code page.

    Western text has its few letters beyond ASCII one or two at a time. Where most come in runs it
    is Cyrillic, Chinese … in a code page of its own; where they read as UTF-8 it is damaged UTF-8.
    """
    total = in_runs = as_utf8 = 0
    example = doubtful = b""
    alone = 0
    with path.open("rb") as file:
        tail = b""
        while block := file.read(_READ):
            block = tail + block
            if _UNDEFINED.search(block):
                raise _unknown(path, line)
            cut = len(block) - 1 if block[-1] >= 0x80 else len(block)
            block, tail = block[:cut], block[cut:]
            for run in _HIGH.findall(block):
                total += len(run)
                in_runs += len(run) if len(run) > 2 else 0
                as_utf8 += len(run) if len(run) > 1 and _is_utf8(run) else 0
            alone += sum(len(run) for run in _ALONE.findall(block))
            example = example or _word(_HIGH, block)
            doubtful = doubtful or _word(_DOUBTFUL, block)
    if in_runs + alone > 0.3 * total or as_utf8 > 0.2 * total:
        raise _unknown(path, line)
    shown = (word[:40].decode("cp1252") for word in dict.fromkeys((doubtful, example)) if word)
    words = " and ".join(f'"{word}"' for word in shown)
    return Encoding(
        "cp1252",
        (f"the text is not UTF-8 and was read as Windows-1252: look whether {words} is right",),
    )


def _word(pattern: re.Pattern[bytes], block: bytes) -> bytes:
    """The first word in which a pattern is found; empty where there is none."""
    found = pattern.search(block)
    if found is None:
        return b""
    before = block[max(0, found.start() - 30) : found.start()][::-1]
    start, end = _LETTERS.match(before), _LETTERS.match(block, found.end())
    return (start[0][::-1] if start else b"") + found[0] + (end[0] if end else b"")


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unknown(path: Path, line: int) -> SheetError:
    return SheetError(
        f"{path}, line {line}: the text is neither UTF-8 nor Windows-1252. Save the sheet as "
        '"CSV UTF-8" and try again.'
    )

"""Finding one's way in an XLSX or XLSM package (ECMA-376 parts 1 and 2)."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from zipfile import ZipFile

from defusedxml.ElementTree import fromstring

_READ = 1 << 20  # bytes at a time
_HEAD = 1 << 16  # bytes in which `<dimension>` stands, where there is one
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s[^>]*?ref=["'](?:[A-Z]+\d+:)?([A-Z]+)\d+["']""")
_FILLED = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]+)\d+["'][^>]*(?<!/)><(?!/)""")


def sheet_part(archive: ZipFile, name: str) -> str:
    """The archive's member that holds the sheet `name`. Raises ValueError where there is none."""
    book_path = _target(archive, "_rels/.rels", "", kind="/officeDocument")
    book = fromstring(_read(archive, book_path))
    for sheet in book.iter():
        if sheet.tag.rpartition("}")[2] == "sheet" and sheet.get("name") == name:
            relation = sheet.get(_RELATIONSHIP) or sheet.get(_STRICT_RELATIONSHIP)
            folder, file = posixpath.split(book_path)
            rels = posixpath.join(folder, "_rels", f"{file}.rels")
            return _member(archive, _target(archive, rels, folder, relation_id=relation))
    raise ValueError(f'the workbook has no sheet "{name}"')


def last_column(path: Path, sheet: str, used: int) -> int:
    """The last column (from 1) of a sheet that holds anything, `used` or right of it.

    A cell whose formula was never computed looks empty to readers of values. Where the sheet's
    `<dimension>` reaches further than `used`, its cells are looked through for such.
    """
    with ZipFile(path) as archive, archive.open(sheet_part(archive, sheet)) as part:
        data = part.read(_HEAD)
        told = _DIMENSION.search(data)
        if told is not None and column_number(told[1]) <= used:
            return used
        if told is None:
            return used
        while data:
            used = max([used, *map(column_number, set(_FILLED.findall(data)))])
            tail = data[-200:]
            more = part.read(_READ)
            data = tail + more if more else b""
    return used


def column_number(letters: bytes) -> int:
    """`A` → 1, `AA` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _target(
    archive: ZipFile, rels: str, folder: str, kind: str = "", relation_id: str | None = None
) -> str:
    """The part that a relationship points to, by its type's end or its id."""
    for relation in fromstring(_read(archive, rels)):
        by_id = relation_id is not None and relation.get("Id") == relation_id
        if by_id or (kind and str(relation.get("Type")).endswith(kind)):
            target = str(relation.get("Target"))
            whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            return posixpath.normpath(whole)
    raise ValueError("the workbook's parts do not name each other")


def _read(archive: ZipFile, name: str) -> bytes:
    return archive.read(_member(archive, name))


def _member(archive: ZipFile, name: str) -> str:
    """The member of that name, without regard to case (ECMA-376 part 2, 6.2.2.3)."""
    names = archive.namelist()
    if name in names:
        return name
    folded = [found for found in names if found.lower() == name.lower()]
    if not folded:
        raise ValueError(f"the workbook has no part {name}")
    return folded[0]

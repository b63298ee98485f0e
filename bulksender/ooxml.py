"""Finding one's way in a zipped workbook: XLSX, XLSM and XLSB (ECMA-376 parts 1 and 2), and ODS."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError
from zipfile import ZipFile

from defusedxml.ElementTree import fromstring

MOST_BYTES = 8 << 30
"""Of a part, unpacked: several times the longest sheet that Excel can hold."""
MOST_UNPARSED = 16 << 20
"""Of a part that is read in one piece, such as the list of sheets."""
_SUSPICIOUS_RATIO, _SUSPICIOUS_BYTES = 200, 100 << 20
_RELATIONSHIP = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATIONSHIP = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class SheetEntry(NamedTuple):
    """A worksheet as the workbook lists it; `part` is the archive's member that holds it."""

    name: str
    part: str
    visible: bool


class Book(NamedTuple):
    """A workbook's main part, and what it is related to."""

    archive: ZipFile
    path: str
    relations: Element

    def part(self, kind: str) -> str | None:
        """The first part of a kind, such as `/styles`; None where there is none."""
        targets = [self._target(relation) for relation in self.relations if _is(relation, kind)]
        return member(self.archive, targets[0]) if targets else None

    def worksheet(self, relation_id: str | None) -> str | None:
        """The part of a worksheet; None for a chart or a dialogue."""
        for relation in self.relations:
            if relation.get("Id") == relation_id and _is(relation, "/worksheet"):
                return member(self.archive, self._target(relation))
        return None

    def _target(self, relation: Element) -> str:
        return _target(relation, posixpath.dirname(self.path))


class Contents(NamedTuple):
    """What a workbook's main part says: its worksheets, its calendar, where the rest is."""

    sheets: list[SheetEntry]
    since_1904: bool
    strings: str | None
    styles: str | None


def refuse_tricks(archive: ZipFile) -> None:
    """Raise ValueError where a part is there twice, or would unpack to what no workbook holds."""
    names = Counter(entry.filename for entry in archive.infolist() if not entry.is_dir())
    for name, times in names.items():
        if times > 1:
            raise ValueError(f"its part {name} is in it {times} times")
    for entry in archive.infolist():
        swollen = entry.file_size > _SUSPICIOUS_RATIO * max(entry.compress_size, 1)
        if entry.file_size > MOST_BYTES or (entry.file_size > _SUSPICIOUS_BYTES and swollen):
            raise ValueError(
                f"its part {entry.filename} would unpack to {entry.file_size / (1 << 20):,.0f} "
                "MiB, which is no honest sheet"
            )


def book(archive: ZipFile) -> Book:
    """Find the workbook's main part. Raises ValueError for what is no workbook."""
    relations = parsed(archive, "_rels/.rels")
    main = [_target(each, "") for each in relations if _is(each, "/officeDocument")]
    if not main:
        raise ValueError("its parts do not name each other")
    folder, file = posixpath.split(main[0])
    rels = parsed(archive, posixpath.join(folder, "_rels", f"{file}.rels"))
    return Book(archive, member(archive, main[0]), rels)


def contents(archive: ZipFile) -> Contents:
    """Read the main part of an XLSX workbook. Raises ValueError for what is none."""
    found = book(archive)
    sheets, since_1904 = [], False
    for element in parsed(archive, found.path).iter():
        match element.tag.rpartition("}")[2]:
            case "workbookPr":
                since_1904 = element.get("date1904", "0").lower() in ("1", "true", "on")
            case "sheet":
                key = element.get(_RELATIONSHIP) or element.get(_STRICT_RELATIONSHIP)
                part = found.worksheet(key)
                if part is not None:
                    visible = element.get("state", "visible") == "visible"
                    sheets.append(SheetEntry(element.get("name", ""), part, visible))
    return Contents(sheets, since_1904, found.part("/sharedStrings"), found.part("/styles"))


def sheet_part(archive: ZipFile, name: str) -> str:
    """The archive's member that holds the sheet `name`. Raises ValueError where there is none."""
    for sheet in contents(archive).sheets:
        if sheet.name == name:
            return sheet.part
    raise ValueError(f'the workbook has no sheet "{name}"')


def parsed(archive: ZipFile, name: str) -> Element:
    """A part's root element. Raises ValueError for damaged, hostile or huge XML."""
    entry = archive.getinfo(member(archive, name))
    if entry.file_size > MOST_UNPARSED:
        raise ValueError(f"its part {name} is too large")
    try:
        with archive.open(entry) as stream:  # what it holds may be more than it says
            root: Element = fromstring(stream.read(entry.file_size))
    except ParseError as error:
        raise ValueError(f"its part {name} is damaged") from error
    return root


def member(archive: ZipFile, name: str) -> str:
    """The member of that name, without regard to case (ECMA-376 part 2, 6.2.2.3)."""
    names = archive.NameToInfo
    if name in names:
        return name
    folded = [found for found in names if found.lower() == name.lower()]
    if not folded:
        raise ValueError(f"it has no part {name}")
    return folded[0]


def column_number(letters: bytes) -> int:
    """`A` → 1, `AA` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


MOST_COLUMNS = 16_384
"""Of a sheet (XFD is the last); Excel's limit, and LibreOffice's."""
MOST_ROWS = 1_048_576
_RANGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")


class Area(NamedTuple):
    """A rectangle of cells, its corners included; rows and columns count from 1."""

    top: int
    left: int
    bottom: int
    right: int


def area(reference: str) -> Area | None:
    """`A1:C3` as an Area; None for what is no range."""
    found = _RANGE.fullmatch(reference)
    if found is None:
        return None
    top, bottom = int(found[2]), int(found[4])
    return Area(top, column_number(found[1].encode()), bottom, column_number(found[3].encode()))


def beside_rows(areas: Iterable[Area], header_row: int) -> int:
    """The last column that merged areas reach from the header down.

    A heading that is merged over a whole row reaches none: nothing stands there.
    """
    right = (area.right for area in areas if area.bottom >= header_row)
    return max((column for column in right if column < MOST_COLUMNS), default=0)


def _is(relation: Element, kind: str) -> bool:
    return relation.get("Type", "").lower().endswith(kind.lower())


def _target(relation: Element, folder: str) -> str:
    target = relation.get("Target", "")
    whole = target[1:] if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath(whole)


def encrypted(path: Path) -> bool:
    """Whether an OLE file is a workbook behind a password (MS-OFFCRYPTO: its EncryptedPackage)."""
    name = "EncryptedPackage".encode("utf-16-le")
    with path.open("rb") as file:
        tail = b""
        while block := file.read(1 << 20):
            if name in tail + block:
                return True
            tail = block[-len(name) :]
    return False

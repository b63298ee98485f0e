"""Reading and making workbooks by hand, without anything of bulksender's or of a library."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class Element(NamedTuple):
    """An element of a sheet: row and column (0 for `dimension`), and where its bytes stand."""

    row: int
    column: int
    start: int
    end: int


def column_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def elements(xml: bytes) -> list[Element]:
    """The cells and the `dimension` of a sheet's XML, as an XML parser finds them."""
    found: list[Element] = []
    at = {"row": 0, "column": 0, "start": 0}
    parser = expat.ParserCreate()

    def begin(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "row":
            at["row"] = int(attributes.get("r", at["row"] + 1))
            at["column"] = 0
        elif local == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            at["column"] = column_of(letters) if letters else at["column"] + 1
        if local in ("c", "dimension"):
            at["start"] = parser.CurrentByteIndex

    def finish(name: str) -> None:
        local = name.rpartition(":")[2]
        if local in ("c", "dimension"):
            end = parser.CurrentByteIndex  # behind `<c/>`, before `</c>`
            closing = re.compile(rb"</%b\s*>" % name.encode()).match(xml, end)
            end = closing.end() if closing else end
            place = (at["row"], at["column"]) if local == "c" else (0, 0)
            found.append(Element(*place, at["start"], end))

    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    parser.Parse(xml, True)
    return found


def without(xml: bytes, columns: Iterable[int]) -> bytes:
    """The sheet's XML without the cells of these columns and without its `dimension`."""
    dropped = {0, *columns}
    pieces, position = [], 0
    for element in elements(xml):
        if element.column in dropped:
            pieces.append(xml[position : element.start])
            position = element.end
    return b"".join([*pieces, xml[position:]])


def rows_having(xml: bytes, columns: Iterable[int]) -> set[int]:
    """The rows that have a cell in one of these columns."""
    wanted = set(columns)
    return {element.row for element in elements(xml) if element.column in wanted}


def cell(xml: bytes, row: int, column: int) -> bytes:
    """The one cell at a place, as it stands."""
    (found,) = (e for e in elements(xml) if (e.row, e.column) == (row, column))
    return xml[found.start : found.end]


def parts(path: Path) -> dict[str, bytes]:
    """The package's parts, in their order."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def values(path: Path, sheet: str | None = None) -> list[list[object]]:
    """A sheet's values as openpyxl reads them, from A1 on."""
    book = openpyxl.load_workbook(path)
    found = book[sheet] if sheet else book.worksheets[0]
    rows = [list(row) for row in found.iter_rows(min_row=1, min_col=1, values_only=True)]
    book.close()
    return rows


def text(reference: str, value: str, extra: str = "") -> str:
    """A cell with text of its own (`reference` may be empty)."""
    named = f' r="{reference}"' if reference else ""
    return f'<c{named}{extra} t="inlineStr"><is><t>{value}</t></is></c>'


def sheet_xml(rows: str, *, dimension: str = "", tail: str = "") -> str:
    ref = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f'{XML}<worksheet xmlns="{MAIN}">{ref}<sheetData>{rows}</sheetData>{tail}</worksheet>'


def contacts_xml(*numbers: str, dimension: str = "A1:B3") -> str:
    """A sheet with the columns Name and Phone."""
    rows = '<row r="1">' + text("A1", "Name") + text("B1", "Phone") + "</row>"
    for row, number in enumerate(numbers, 2):
        rows += f'<row r="{row}">' + text(f"A{row}", "Ann") + text(f"B{row}", number) + "</row>"
    return sheet_xml(rows, dimension=dimension)


STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="49"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


def make_book(
    path: Path,
    *sheets: str,
    names: Sequence[str] = ("Sheet1", "Sheet2", "Sheet3"),
    targets: Sequence[str] | None = None,
    files: Sequence[str] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a workbook from its sheets' XML; `targets` as the relationships name the `files`."""
    files = files or [f"xl/worksheets/sheet{n}.xml" for n in range(1, len(sheets) + 1)]
    targets = targets or [file.removeprefix("xl/") for file in files]
    types = "".join(
        f'<Override PartName="/{file}" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.worksheet+xml"/>'
        for file in files
    )
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
        for n, (name, _) in enumerate(zip(names, sheets, strict=False), 1)
    )
    # from last to first: the order of the relationships means nothing
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="{target}"/>'
        for n, target in reversed(list(enumerate(targets, 1)))
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="png" ContentType="image/png"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{types}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{related}<Relationship '
            f'Id="rId99" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        )
        for file, xml in zip(files, sheets, strict=True):
            archive.writestr(file, xml)
        archive.writestr("xl/styles.xml", STYLES)
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return path

"""Sheets made of handmade rows, and workbooks of parts: nothing of a library's in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from handmade_cells import EDITED, FORMATS, PLAIN, STRINGS, WAYS, Placed, values

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
EXTENDED = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
HIDDEN = ("hidden", "hidden by a word")

BLANKS: dict[str, Callable[[int], str]] = {
    "closed": lambda n: f'<row r="{n}"/>',
    "closed, with its looks": lambda n: f'<row r="{n}" ht="15.75" customHeight="1"/>',
    "closed, without r": lambda n: "<row/>",
    "open": lambda n: f'<row r="{n}" spans="1:3"></row>',
    "of styles": lambda n: f'<row r="{n}"><c r="A{n}" s="1"/><c r="C{n}" s="1"/></row>',
}
"""Ways to write a row that holds nothing."""

_NAMES = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<(/?)(?=[A-Za-z])", re.DOTALL)


class Line(NamedTuple):
    """A row of a sheet: its number, the way it is written (one of BLANKS or WAYS), its cells."""

    number: int
    way: str
    cells: Sequence[Placed] = ()

    @property
    def xml(self) -> str:
        if self.way in BLANKS:
            return BLANKS[self.way](self.number)
        return (WAYS.get(self.way) or EDITED[self.way])(self.number, self.cells)


def sheet(lines: Iterable[Line], *, between: str = "", prefix: str = "", head: str = "") -> str:
    """A worksheet's XML; `between` the rows, `head` before them."""
    rows = between.join(line.xml for line in lines)
    xml = (
        f'<worksheet xmlns="{MAIN}" xmlns:x14ac="{EXTENDED}">{head}<sheetData>{rows}</sheetData>'
        "</worksheet>"
    )
    return prefixed(XML + xml, prefix)


def plain_rows(first: int, count: int) -> list[Line]:
    """Rows as most programs write them, a cell of each plain kind in each."""
    return [Line(n, "plain", list(enumerate(PLAIN, 1))) for n in range(first, first + count)]


def raw(rows: str) -> str:
    """A sheet of rows that are written out by hand."""
    return f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def inline(reference: str, inside: str) -> str:
    """A cell of text; `inside` is XML."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{inside}</t></is></c>'


def prefixed(xml: str, prefix: str) -> str:
    """A part whose elements all have a prefix (`x:`) for the namespace that they are in."""
    if not prefix:
        return xml
    named = _NAMES.sub(lambda found: found[0] + prefix * (found[1] is not None), xml)
    return named.replace("xmlns=", f"xmlns:{prefix[:-1]}=", 1)


def expected(lines: Iterable[Line]) -> dict[int, list[object]]:
    """What a reader gives for the rows that hold anything."""
    found = {line.number: values(line.number, line.cells) for line in lines}
    return {number: row for number, row in found.items() if row}


def save(
    path: Path,
    sheets: Mapping[str, str | bytes],
    *,
    strings: str = STRINGS,
    styles: str | None = None,
    workbook: str = "",
    more: Mapping[str, str | bytes] | None = None,
    types: Mapping[str, str] | None = None,
    stored: bool = False,
) -> Path:
    """Write a workbook of these sheets (name → XML), the shared strings' items, `more` parts with
    their `types`, and what else the `workbook` part says behind its sheets.
    """
    kinds = {
        "/xl/workbook.xml": "sheet.main",
        "/xl/styles.xml": "styles",
        "/xl/sharedStrings.xml": "sharedStrings",
        **{f"/xl/worksheets/sheet{n}.xml": "worksheet" for n in range(1, len(sheets) + 1)},
    }
    full = {name: f"{KIND}.{kind}+xml" for name, kind in kinds.items()} | dict(types or {})
    overrides = "".join(f'<Override PartName="{p}" ContentType="{t}"/>' for p, t in full.items())
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(sheets, 1)
    )
    targets = {f"worksheets/sheet{n}.xml": "worksheet" for n in range(1, len(sheets) + 1)}
    targets |= {"styles.xml": "styles", "sharedStrings.xml": "sharedStrings"}
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default '
        'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" '
        'ContentType="image/png"/><Default Extension="vml" ContentType="application/'
        'vnd.openxmlformats-officedocument.vmlDrawing"/><Default Extension="bin" ContentType='
        f'"{KIND}.printerSettings"/>{overrides}</Types>',
        "_rels/.rels": relations({"xl/workbook.xml": "officeDocument"}),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}'
        f"</sheets>{workbook}</workbook>",
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/styles.xml": styles or _styles(),
        "xl/sharedStrings.xml": f'{XML}<sst xmlns="{MAIN}">{strings}</sst>',
        **{f"xl/worksheets/sheet{n}.xml": xml for n, xml in enumerate(sheets.values(), 1)},
        **(more or {}),
    }
    with ZipFile(path, "w", ZIP_STORED if stored else ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def relations(targets: Mapping[str, str]) -> str:
    """A part's relationships, rId1 and so on: target → kind; web addresses are outside."""
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"'
        + ' TargetMode="External"' * target.startswith("http")
        + "/>"
        for n, (target, kind) in enumerate(targets.items(), 1)
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>'


def _styles() -> str:
    codes = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(FORMATS)
    )
    styles = "".join(
        f'<xf numFmtId="{164 + n}" applyNumberFormat="1"/>' for n in range(len(FORMATS))
    )
    return (
        f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="{len(FORMATS)}">{codes}</numFmts>'
        '<fonts count="2"><font/><font><b/></font></fonts><fills count="1"><fill><patternFill/>'
        '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
        f'</cellStyleXfs><cellXfs count="{len(FORMATS) + 1}"><xf/>{styles}</cellXfs><cellStyles '
        'count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )

"""A workbook as Excel would save it, written as its rows come.

By hand, because libraries are slow here (openpyxl), or keep all cells in memory or else put the
strings into the cells (XlsxWriter), where Excel does not have them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

Cell = str | int | float | date

MOST_ROWS = 1_048_575
"""Below the header."""
DAY_ZERO = date(1899, 12, 30).toordinal()  # of Excel's calendar, from March 1900 on
GENERAL, BOLD, AMOUNT, DAY = range(4)  # the places in cellXfs, below
WIDTHS = (12, 14, 14, 18, 16, 12, 12, 40)  # in characters

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Strings:
    """The strings of all sheets, each of them once."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.used = 0

    def place(self, text: str) -> int:
        """Where the table holds a string; it is added where it is new."""
        self.used += 1
        return self.places.setdefault(text, len(self.places))

    def part(self) -> Iterator[str]:
        """The table's XML, piece by piece."""
        yield f'{HEAD}<sst xmlns="{MAIN}" count="{self.used}" uniqueCount="{len(self.places)}">'
        yield from (f"<si><t>{escape(text)}</t></si>" for text in self.places)
        yield "</sst>"


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], number: int) -> None:
    """Write a workbook whose first sheet holds `number` rows; the same bytes for the same rows.

    A fraction is an amount with two decimals, and an empty string no cell at all. Raises
    ValueError where there are more rows than a sheet may have.
    """
    if number > MOST_ROWS:
        raise ValueError(f"a workbook holds {MOST_ROWS:,} rows; take .csv for {number:,}")
    strings = Strings()
    with ZipFile(path, "w") as book:
        for name, text in PARTS.items():
            _write(book, name, [HEAD + text])
        _write(book, "xl/worksheets/sheet1.xml", _contacts(columns, rows, number, strings))
        _write(book, "xl/worksheets/sheet2.xml", _notes(strings))
        _write(book, "xl/sharedStrings.xml", strings.part())


def _write(book: ZipFile, name: str, pieces: Iterable[str]) -> None:
    entry = ZipInfo(name)  # of 1980, whenever it is made
    entry.compress_type = ZIP_DEFLATED
    with io.TextIOWrapper(book.open(entry, "w"), "utf-8", newline="") as part:
        part.writelines(pieces)


def _contacts(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], number: int, strings: Strings
) -> Iterator[str]:
    letters = [chr(ord("A") + place) for place in range(len(columns))]
    wide = len(letters)
    sizes = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>'
        for place, width in enumerate(WIDTHS[:wide], 1)
    )
    yield (
        f'{HEAD}<worksheet xmlns="{MAIN}"><dimension ref="A1:{letters[-1]}{number + 1}"/>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0"><pane ySplit="1" '
        'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{sizes}</cols><sheetData>'
    )
    header = "".join(
        f'<c r="{letter}1" s="{BOLD}" t="s"><v>{strings.place(name)}</v></c>'
        for letter, name in zip(letters, columns, strict=True)
    )
    yield f'<row r="1" spans="1:{wide}">{header}</row>'
    for row, cells in enumerate(rows, 2):
        xml = "".join(
            [
                _cell(f"{letter}{row}", cell, strings)
                for letter, cell in zip(letters, cells, strict=True)
                if cell != ""
            ]
        )
        yield f'<row r="{row}" spans="1:{wide}">{xml}</row>'
    yield '</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" '
    yield 'footer="0.3"/></worksheet>'


def _cell(place: str, cell: Cell, strings: Strings) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" t="s"><v>{strings.place(cell)}</v></c>'
    if isinstance(cell, int):
        return f'<c r="{place}"><v>{cell}</v></c>'
    if isinstance(cell, float):  # Excel writes 17 digits: 819.19000000000005
        return f'<c r="{place}" s="{AMOUNT}"><v>{cell:.17g}</v></c>'
    return f'<c r="{place}" s="{DAY}"><v>{cell.toordinal() - DAY_ZERO}</v></c>'


def _notes(strings: Strings) -> Iterator[str]:
    """A second sheet, as people keep one beside their list."""
    lines = ("Numbers come from the shop's card index", "Amounts are in SGD", "Ask before deleting")
    yield f'{HEAD}<worksheet xmlns="{MAIN}"><dimension ref="A1:A{len(lines)}"/>'
    yield '<sheetViews><sheetView workbookViewId="0"/></sheetViews>'
    yield '<sheetFormatPr defaultRowHeight="15"/><sheetData>'
    for row, line in enumerate(lines, 1):
        yield f'<row r="{row}" spans="1:1">{_cell(f"A{row}", line, strings)}</row>'
    yield "</sheetData></worksheet>"


PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}.sharedStrings+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        '<Override PartName="/docProps/app.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/>'
        "</Types>"
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/relationships/officeDocument" '
        'Target="xl/workbook.xml"/>'
        f'<Relationship Id="rId2" Type="{PACKAGE}/relationships/metadata/core-properties" '
        'Target="docProps/core.xml"/>'
        f'<Relationship Id="rId3" Type="{OFFICE}/relationships/extended-properties" '
        'Target="docProps/app.xml"/></Relationships>'
    ),
    "docProps/core.xml": (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:creator>bulksender</dc:creator>'
        '<dcterms:created xsi:type="dcterms:W3CDTF">2026-11-02T09:00:00Z</dcterms:created>'
        "</cp:coreProperties>"
    ),
    "docProps/app.xml": (
        f'<Properties xmlns="{OFFICE}/extended-properties">'
        "<Application>Microsoft Excel</Application></Properties>"
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}/relationships"><workbookPr/>'
        '<bookViews><workbookView activeTab="0"/></bookViews><sheets>'
        '<sheet name="Contacts" sheetId="1" r:id="rId1"/>'
        '<sheet name="Notes" sheetId="2" r:id="rId2"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/relationships/worksheet" '
        'Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="rId3" Type="{OFFICE}/relationships/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId4" Type="{OFFICE}/relationships/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{MAIN}"><numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        '</cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" '
        'xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
        "</cellStyles></styleSheet>"
    ),
}

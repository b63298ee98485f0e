"""Workbooks as Excel and Google Sheets write them, part by part, with what people put into them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import excel_objects
from excel_objects import CRLF, REVISION
from handmade_books import KIND, MAIN, OFFICE, XML, save
from handmade_cells import letters

from bulksender.source import RESULT_COLUMNS

SHEET = 'Q1 "VIP" & Co\'s Übersicht'
NAMES = ("Name", "Mobile", "Joined", "Points", "VIP", "Level", "Found", "Note")
LAST = 110
"""The last row that holds anybody; some are blank, and some are hidden."""
BLANK, HIDDEN = (7, 8, 77, 78), (11, 91)
PEOPLE = [row for row in range(2, LAST + 1) if row not in (*BLANK, *HIDDEN)]
"""The rows of everybody who gets a message."""

_COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_RICH = '<r><t>An</t></r><r><rPr><b/><sz val="11"/></rPr><t>na</t></r>'
_READ_ALOUD = '<t>課長</t><rPh sb="0" eb="2"><t>カチョウ</t></rPh><phoneticPr fontId="1"/>'


def number_of(row: int) -> str:
    return f"+659000{row:04}"


class Shared(list[str]):
    """A workbook's shared strings; called with a text (or an item's XML), it says which it is."""

    def __call__(self, text: str) -> int:
        item = text if text.startswith(("<r>", "<t>")) else f"<t>{escape(text)}</t>"
        if item not in self:
            self.append(item)
        return self.index(item)


Text = Callable[[str], int]


def _own(name: str, row: int, ref: str, text: Text) -> str:
    """A cell of a person's, as Excel writes it."""
    match name:
        case "Name":
            said = text(_RICH if row % 5 == 0 else f"Zoë & <Bø> {row}")
            return f'<c r="{ref}" t="s"><v>{said}</v></c>'
        case "Mobile" if row % 4 == 0:
            return f'<c r="{ref}" s="4"><v>659000{row:04}</v></c>'
        case "Mobile":
            return f'<c r="{ref}" s="2" t="s"><v>{text(number_of(row))}</v></c>'
        case "Joined":
            return f'<c r="{ref}" s="1"><v>{46000 + row}</v></c>'
        case "Points":
            return f'<c r="{ref}" s="3"><v>{row + 0.19:.17g}</v></c>'
        case "VIP":
            return f'<c r="{ref}" t="b"><v>{row % 2}</v></c>'
        case "Level":
            code = '<f t="shared" si="0"/>'
            if row == 2:
                code = f'<f t="shared" ref="{ref}:{ref[0]}{LAST}" si="0">IF(D2&gt;9,"&lt;","")</f>'
            return f'<c r="{ref}" t="str">{code}<v>{"&lt;" * (row > 8)}</v></c>'
        case "Found":
            return f'<c r="{ref}" t="e"><f>VLOOKUP(A{row},Z:Z,1,0)</f><v>#N/A</v></c>'
        case _ if row % 3:
            return f'<c r="{ref}" s="3"/>'
    return f'<c r="{ref}" t="s" ph="1"><v>{text(_READ_ALOUD)}</v></c>'


def _earlier(name: str, row: int, ref: str, text: Text) -> str:
    """A cell of an earlier run's, as Excel has saved it again; some are gone, some are blank."""
    match (row + RESULT_COLUMNS.index(name)) % 4:
        case 0:
            return ""
        case 1:
            return f'<c r="{ref}" s="4"/>'
        case 2:
            return f'<c r="{ref}"><v>{row}</v></c>'
    return f'<c r="{ref}" s="2" t="s"><v>{text(f"old {name}")}</v></c>'


def _excel_rows(names: Sequence[str], styled: int, text: Text) -> str:
    size = f'spans="1:{len(names) + styled}"'
    rows = f'<row r="1" {size} s="3" customFormat="1" ht="30" customHeight="1" '
    rows += 'x14ac:dyDescent="0.25">'
    for column, name in enumerate(names, 1):
        rows += f'<c r="{letters(column)}1" s="5" t="s"><v>{text(name)}</v></c>'
    for row in range(2, LAST + 1):
        if row in BLANK[::2]:
            rows += f'</row><row r="{row}" {size} x14ac:dyDescent="0.25"><c r="B{row}" s="2"/>'
        if row in BLANK:
            continue
        state = ' hidden="1"' if row in HIDDEN else ' thickBot="1"' * (row % 6 == 0)
        rows += f'</row><row r="{row}" {size}{state} x14ac:dyDescent="0.25">'
        for column, name in enumerate(names, 1):
            make = _earlier if name in RESULT_COLUMNS else _own
            rows += make(name, row, f"{letters(column)}{row}", text)
        for beyond in range(1, styled + 1):
            rows += f'<c r="{letters(len(names) + beyond)}{row}" s="{beyond % 3 + 1}"/>'
    return rows + "</row>"


def _excel_sheet(rows: str, area: str, *, table: bool) -> str:
    return (
        f'{CRLF}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}" xmlns:mc="{_COMPATIBLE}" '
        f'mc:Ignorable="x14ac xr xr2 xr3" xmlns:x14ac="{REVISION}/2009/9/ac" '
        f'xmlns:xr="{REVISION}/2014/revision" xmlns:xr2="{REVISION}/2015/revision2" '
        f'xmlns:xr3="{REVISION}/2016/revision3" xr:uid="{{0A1B2C3D-0001-4000-8000-0123456789AB}}">'
        '<sheetPr codeName="Sheet2"><tabColor rgb="FFFF0000"/><pageSetUpPr fitToPage="1"/>'
        f'</sheetPr><dimension ref="{area}"/><sheetViews><sheetView tabSelected="1" '
        'workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" '
        'state="frozen"/><selection pane="bottomLeft" activeCell="B2" sqref="B2"/></sheetView>'
        '</sheetViews><sheetFormatPr defaultRowHeight="15" x14ac:dyDescent="0.25"/><cols><col '
        'min="1" max="1" width="18.28515625" bestFit="1" customWidth="1"/><col min="10" max="11" '
        f'width="9" hidden="1" customWidth="1"/></cols><sheetData>{rows}</sheetData>'
        + excel_objects.autofilter(area)
        * (not table)
        + '<mergeCells count="1"><mergeCell ref="A170:C171"/></mergeCells><conditionalFormatting '
        'sqref="D2:D110"><cfRule type="colorScale" priority="1"><colorScale><cfvo type="min"/>'
        '<cfvo type="max"/><color rgb="FFF8696B"/><color rgb="FF63BE7B"/></colorScale></cfRule>'
        '</conditionalFormatting><dataValidations count="1"><dataValidation type="list" '
        'allowBlank="1" showErrorMessage="1" sqref="E2:E110" xr:uid="{0A1B2C3D-0002-4000-8000-'
        '0123456789AB}"><formula1>"TRUE,FALSE"</formula1></dataValidation></dataValidations>'
        '<hyperlinks><hyperlink ref="A3" r:id="rId5"/></hyperlinks><pageMargins left="0.7" '
        'right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><pageSetup '
        'paperSize="9" orientation="portrait" r:id="rId4"/><drawing r:id="rId1"/>'
        '<legacyDrawing r:id="rId2"/>'
        + '<tableParts count="1"><tablePart r:id="rId6"/></tableParts>' * table
        + "</worksheet>"
    )


def excel(path: Path, names: Sequence[str] = NAMES, *, table: bool = True, styled: int = 0) -> Path:
    """A workbook of three sheets, ours the second: with a table, or with an autofilter.

    `styled` says how many blank cells with a style stand in each row behind the last column.
    """
    text = Shared()
    area = f"A1:{letters(len(names))}{LAST}"
    sheet = _excel_sheet(_excel_rows(names, styled, text), area, table=table)
    named = "'" + SHEET.replace("'", "''") + "'"
    around = (
        f'{CRLF}<worksheet xmlns="{MAIN}"><sheetData><row r="1">%s</row></sheetData></worksheet>'
    )
    first = around % f'<c r="A1" t="s"><v>{text("Read me")}</v></c>'
    third = around % f'<c r="A1"><f>{escape(named)}!D2</f><v>2.19</v></c>'
    amounts = f"{escape(named)}!$D$2:$D${LAST}"
    defined = f'<definedName name="Scores">{amounts}</definedName>'
    if not table:
        whole = f"$A$1:${letters(len(names))}${LAST}"
        defined = (
            '<definedName name="_xlnm._FilterDatabase" localSheetId="1" hidden="1">'
            f"{escape(named)}!{whole}</definedName>{defined}"
        )
    chain = "".join(f'<c r="{letters(n)}{row}" i="2"/>' for row in PEOPLE for n in (6, 7))
    return save(
        path,
        {"Read me": first, SHEET: sheet, "Sums": third},
        strings="".join(f"<si>{item}</si>" for item in text),
        styles=excel_objects.STYLES,
        workbook=f"<definedNames>{defined}</definedNames>",
        more={
            **excel_objects.parts(area, names, amounts, table=table),
            "xl/calcChain.xml": f'{CRLF}<calcChain xmlns="{MAIN}">{chain}</calcChain>',
        },
        types={
            **excel_objects.types(table=table),
            "/xl/calcChain.xml": f"{KIND}.calcChain+xml",
        },
    )


def google(path: Path, *, empty: int = 975) -> Path:
    """A workbook as Google Sheets exports it: rows of nothing to the sheet's end, no dimension."""
    text = Shared()
    rows = ""
    for row in range(1, LAST + 1):
        tall = ' ht="15.75" customHeight="1"' * (row > 70)
        if row in (*BLANK, *HIDDEN):
            rows += f'<row r="{row}"{tall}/>' if row != BLANK[0] else f'<row r="{row}"></row>'
            continue
        if row == 1:
            made = "".join(
                f'<c r="{letter}1" s="5" t="s"><v>{text(name)}</v></c>'
                for letter, name in zip("ABCDE", NAMES, strict=False)
            )
        else:
            code = '<f t="shared" si="1"/>'
            if row == 2:
                code = '<f t="shared" ref="E2:E110" si="1">A2&amp;"!"</f>'
            made = (
                f'<c r="A{row}" s="2" t="s"><v>{text(f"Zoë {row}")}</v></c>'
                f'<c r="B{row}" s="4"><v>6.59000{row:04}E9</v></c><c r="C{row}" s="1"><v>'
                f'{46000 + row}.0</v></c><c r="D{row}" s="3"><f>B{row}/1E9</f><v>6.59</v></c>'
                f'<c r="E{row}" s="2" t="str">{code}<v>Zoë {row}!</v></c><c r="F{row}" s="2"/>'
            )
        rows += f'<row r="{row}"{tall}>{made}</row>'
    for row in range(LAST + 1, LAST + 1 + empty):
        rows += f'<row r="{row}" ht="15.75" customHeight="1"/>'
    sheet = (
        f'{XML}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}" '
        'xmlns:mx="http://schemas.microsoft.com/office/mac/excel/2008/main" '
        f'xmlns:mc="{_COMPATIBLE}" xmlns:mv="urn:schemas-microsoft-com:mac:vml" '
        f'xmlns:x14="{REVISION}/2009/9/main" xmlns:x14ac="{REVISION}/2009/9/ac">'
        '<sheetPr><outlinePr summaryBelow="0" summaryRight="0"/></sheetPr><sheetViews><sheetView '
        'workbookViewId="0"/></sheetViews><sheetFormatPr customHeight="1" defaultColWidth="12.63" '
        'defaultRowHeight="15.75"/><cols><col customWidth="1" min="1" max="1" width="20.0"/>'
        f"</cols><sheetData>{rows}</sheetData></worksheet>"
    )
    return save(
        path,
        {SHEET: sheet},
        strings="".join(f"<si>{item}</si>" for item in text),
        styles=excel_objects.STYLES,
    )

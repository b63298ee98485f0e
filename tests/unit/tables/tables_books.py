"""Workbooks made by hand, part by part, and sheets read whole."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bulksender.errors import SheetError
from bulksender.model import Cell
from bulksender.tables import Row, Spoilt, open_table, plain

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
SOFFICE = shutil.which("soffice") or ""

Cells = dict[int, list[Cell | Spoilt]]


def rows(path: Path, sheet: str | None = None) -> list[Row]:
    return list(open_table(path, sheet).rows())


def cells(path: Path, sheet: str | None = None) -> Cells:
    """The sheet's cells as the loader takes them, by row, without blank ends and blank rows."""
    found: Cells = {}
    for row in rows(path, sheet):
        values = [plain(value) for value in row.values]
        while values and values[-1] is None:
            values.pop()
        if values:
            found[row.number] = values
    return found


def hidden(path: Path, sheet: str | None = None) -> list[int]:
    return [row.number for row in rows(path, sheet) if row.hidden]


def refusal(path: Path, sheet: str | None = None) -> str:
    """What the SheetError says that reading the whole sheet ends with."""
    with pytest.raises(SheetError) as caught:
        rows(path, sheet)
    assert str(path) in str(caught.value)
    return str(caught.value)


def texts(path: Path, sheet: str | None = None) -> dict[int, list[str]]:
    """What the cells show, as text."""
    return {
        number: ["" if value is None else str(value) for value in values]
        for number, values in cells(path, sheet).items()
    }


def package(path: Path, main: str, parts: Mapping[str, bytes], kinds: Mapping[str, str]) -> Path:
    """An OPC package; `kinds` are the relations of its main part, target → type."""
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (target, kind) in enumerate(kinds.items(), 1)
    )
    root = f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/{main}"/>'
    wrapped = '<Relationships xmlns="%s">%s</Relationships>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", wrapped % (RELATIONS, root))
        archive.writestr(f"xl/_rels/{main}.rels", wrapped % (RELATIONS, related))
        for name, data in parts.items():
            archive.writestr(f"xl/{name}", data)
    return path


def xlsx(
    path: Path,
    sheet: str | bytes,
    strings: str | bytes | None = None,
    formats: tuple[str, ...] = (),
    properties: str = "",
) -> Path:
    """A workbook of one sheet: its XML (only its rows, unless it begins with `<?xml` or is bytes),
    its shared strings' XML and the formats of the styles from 1 on.
    """
    if isinstance(sheet, str) and not sheet.startswith("<?xml"):
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
    if isinstance(strings, str) and not strings.startswith("<?xml"):
        strings = f'<sst xmlns="{MAIN}">{strings}</sst>'
    codes = "".join(
        f'<numFmt numFmtId="{164 + i}" formatCode="{_attribute(code)}"/>'
        for i, code in enumerate(formats)
    )
    styles = "".join(f'<xf numFmtId="{164 + i}"/>' for i in range(len(formats)))
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr {properties}/><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    style_part = (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'
    )
    parts = {"workbook.xml": book, "sheet1.xml": sheet, "styles.xml": style_part}
    kinds = {"sheet1.xml": "worksheet", "styles.xml": "styles"}
    if strings is not None:
        parts["sharedStrings.xml"] = strings
        kinds["sharedStrings.xml"] = "sharedStrings"
    data = {name: xml.encode() if isinstance(xml, str) else xml for name, xml in parts.items()}
    return package(path, "workbook.xml", data, kinds)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def ods(path: Path, tables: str, styles: str = "") -> Path:
    """A workbook of these `table:table` elements (or only their rows)."""
    if not tables.startswith("<table:table "):
        tables = f'<table:table table:name="S">{tables}</table:table>'
    names = "".join(
        f' xmlns:{name}="{OASIS}{name}:1.0"' for name in ("office", "table", "text", "style")
    )
    names += f' xmlns:calcext="{CALC}" xmlns:draw="{OASIS}drawing:1.0"'
    content = (
        f'<?xml version="1.0"?><office:document-content{names}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return path


CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"


def converted(path: Path, kind: str) -> Path:
    """The file in another kind, by LibreOffice."""
    name = kind.partition(":")[0]
    subprocess.run(
        [
            *(SOFFICE, f"-env:UserInstallation=file://{path.parent}/profile", "--headless"),
            *("--convert-to", kind, "--outdir", str(path.parent), str(path)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return path.with_suffix(f".{name}")


# XLSB: records by MS-XLSB 2.1.4


def record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(data)
    while size >= 0x80:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + data


def wide(text: str) -> bytes:
    """A string with its length in front (XLWideString)."""
    data = text.encode("utf-16-le")
    return struct.pack("<L", len(data) // 2) + data


def xlsb_row(index: int, *records: bytes, hidden: bool = False) -> bytes:
    """BrtRowHdr, and the cells behind it; the flag fDyZero is a hidden row."""
    flags = 0x10 if hidden else 0
    head = struct.pack("<LLHBBBL", index, 0, 300, 0, flags, 0, 0)
    return record(0, head) + b"".join(records)


def xlsb_cell(kind: int, column: int, data: bytes = b"", style: int = 0) -> bytes:
    return record(kind, struct.pack("<LL", column, style) + data)


def xlsb_short(kind: int, data: bytes = b"", style: int = 0) -> bytes:
    return record(kind, struct.pack("<L", style) + data)


def xlsb(
    path: Path,
    *sheets: bytes,
    strings: tuple[bytes, ...] | None = None,
    formats: tuple[str, ...] = (),
    states: tuple[int, ...] = (),
    since_1904: bool = False,
    behind: bytes = b"",
    ended: bool = True,
) -> Path:
    """A workbook whose sheets have these rows; `strings` are BrtSSTItem bodies."""
    book = record(131) + record(153, struct.pack("<LL", since_1904, 0) + wide("")) + record(143)
    parts: dict[str, bytes] = {}
    kinds: dict[str, str] = {}
    for number, rows in enumerate(sheets, 1):
        state = states[number - 1] if states else 0
        body = struct.pack("<LL", state, number) + wide(f"rId{number}") + wide(f"S{number}")
        book += record(156, body)
        parts[f"sheet{number}.bin"] = (
            record(129) + record(145) + rows + (record(146) + behind + record(130)) * ended
        )
        kinds[f"sheet{number}.bin"] = "worksheet"
    parts["workbook.bin"] = book + record(144) + record(132)
    styles = record(278) + record(615, struct.pack("<L", len(formats)))
    for number, code in enumerate(formats):
        styles += record(44, struct.pack("<H", 164 + number) + wide(code))
    styles += record(616) + record(626, struct.pack("<L", 1)) + record(47, _xf(0, 0xFFFF))
    styles += record(627) + record(617, struct.pack("<L", 1 + len(formats))) + record(47, _xf(0))
    styles += b"".join(record(47, _xf(164 + number)) for number in range(len(formats)))
    parts["styles.bin"] = styles + record(618) + record(279)
    kinds["styles.bin"] = "styles"
    if strings is not None:
        listed = b"".join(record(19, text) for text in strings)
        head = record(159, struct.pack("<LL", len(strings), len(strings)))
        parts["sharedStrings.bin"] = head + listed + record(160)
        kinds["sharedStrings.bin"] = "sharedStrings"
    return package(path, "workbook.bin", parts, kinds)


def _xf(number_format: int, parent: int = 0) -> bytes:
    return struct.pack("<HHHHHBBHBB", parent, number_format, 0, 0, 0, 0, 0, 0, 0, 0)

"""The parts that stand beside a sheet in Excel's workbooks: table, picture, chart, comment."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

from handmade_books import KIND, MAIN, OFFICE, XML, relations

CRLF = XML.replace("\n", "\r\n")
REVISION = "http://schemas.microsoft.com/office/spreadsheetml"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
_OFFICE_KIND = "application/vnd.openxmlformats-officedocument"

STYLES = (
    f'{CRLF}<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" '
    'formatCode="d/m/yyyy;@"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/>'
    '</font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="6"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="49" '
    'applyNumberFormat="1"/><xf numFmtId="4" applyNumberFormat="1"/><xf numFmtId="1" '
    'applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""Style 1 is a date, 2 text, 3 `#,##0.00`, 4 whole numbers, 5 bold."""

_VML = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" path="m,l,21600r21600,l21600,xe"/>'
    '<v:shape id="_x0000_s1025" type="#_x0000_t202" style="visibility:hidden"><x:ClientData '
    'ObjectType="Note"><x:Anchor>1,15,0,2,3,31,4,1</x:Anchor><x:Row>1</x:Row><x:Column>0'
    "</x:Column></x:ClientData></v:shape></xml>"
)


def parts(area: str, names: Sequence[str], amounts: str, *, table: bool) -> dict[str, str | bytes]:
    """All of them for the workbook's second sheet, with their relations: part → data."""
    related = {
        "../drawings/drawing1.xml": "drawing",
        "../drawings/vmlDrawing1.vml": "vmlDrawing",
        "../comments1.xml": "comments",
        "../printerSettings/printerSettings1.bin": "printerSettings",
        "https://example.com/?a=1&amp;b=2": "hyperlink",
        **({"../tables/table1.xml": "table"} if table else {}),
    }
    drawn = {"../media/image1.png": "image", "../charts/chart1.xml": "chart"}
    return {
        "xl/worksheets/_rels/sheet2.xml.rels": relations(related),
        "xl/drawings/drawing1.xml": _drawing(),
        "xl/drawings/_rels/drawing1.xml.rels": relations(drawn),
        "xl/drawings/vmlDrawing1.vml": _VML,
        "xl/comments1.xml": f'{CRLF}<comments xmlns="{MAIN}"><authors><author>Ann</author>'
        '</authors><commentList><comment ref="A2" authorId="0"><text><r><t>Call first</t></r>'
        "</text></comment></commentList></comments>",
        "xl/media/image1.png": _png(),
        "xl/charts/chart1.xml": _chart(amounts),
        "xl/printerSettings/printerSettings1.bin": bytes(range(256)),
        **({"xl/tables/table1.xml": _table(area, names)} if table else {}),
    }


def types(*, table: bool) -> dict[str, str]:
    """The content types of these parts."""
    return {
        "/xl/drawings/drawing1.xml": f"{_OFFICE_KIND}.drawing+xml",
        "/xl/charts/chart1.xml": f"{_OFFICE_KIND}.drawingml.chart+xml",
        "/xl/comments1.xml": f"{KIND}.comments+xml",
        **({"/xl/tables/table1.xml": f"{KIND}.table+xml"} if table else {}),
    }


def autofilter(area: str) -> str:
    return (
        f'<autoFilter ref="{area}" xr:uid="{{0A1B2C3D-0003-4000-8000-0123456789AB}}">'
        '<filterColumn colId="4"><filters><filter val="TRUE"/></filters></filterColumn>'
        "</autoFilter>"
    )


def _table(area: str, names: Sequence[str]) -> str:
    columns = "".join(
        f'<tableColumn id="{n}" xr3:uid="{{0A1B2C3D-{n:04}-4000-8000-0123456789AB}}" '
        f'name="{escape(name)}"/>'
        for n, name in enumerate(names, 1)
    )
    return (
        f'{CRLF}<table xmlns="{MAIN}" xmlns:xr3="{REVISION}/2016/revision3" id="1" name="People" '
        f'displayName="People" ref="{area}" totalsRowShown="0"><autoFilter ref="{area}"/>'
        f'<tableColumns count="{len(names)}">{columns}</tableColumns><tableStyleInfo '
        'name="TableStyleMedium2" showFirstColumn="0" showLastColumn="0" showRowStripes="1" '
        'showColumnStripes="0"/></table>'
    )


def _png() -> bytes:
    """A white dot."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">L", len(data)) + whole + struct.pack(">L", zlib.crc32(whole))

    head = struct.pack(">LLBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\xff\xff")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def _anchor(top: int, inside: str) -> str:
    place = "".join(
        f"<xdr:{name}><xdr:col>{column}</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>{row}</xdr:row>"
        f"<xdr:rowOff>0</xdr:rowOff></xdr:{name}>"
        for name, column, row in (("from", 20, top), ("to", 26, top + 10))
    )
    return f"<xdr:twoCellAnchor>{place}{inside}<xdr:clientData/></xdr:twoCellAnchor>"


def _drawing() -> str:
    picture = (
        '<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="Logo"/><xdr:cNvPicPr/></xdr:nvPicPr>'
        '<xdr:blipFill><a:blip r:embed="rId1"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>'
        '<xdr:spPr><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic>'
    )
    frame = (
        '<xdr:graphicFrame macro=""><xdr:nvGraphicFramePr><xdr:cNvPr id="3" name="Chart 2"/>'
        '<xdr:cNvGraphicFramePr/></xdr:nvGraphicFramePr><xdr:xfrm><a:off x="0" y="0"/><a:ext '
        f'cx="0" cy="0"/></xdr:xfrm><a:graphic><a:graphicData uri="{_DRAWING}/chart"><c:chart '
        f'xmlns:c="{_DRAWING}/chart" r:id="rId2"/></a:graphicData></a:graphic></xdr:graphicFrame>'
    )
    return (
        f'{CRLF}<xdr:wsDr xmlns:xdr="{_DRAWING}/spreadsheetDrawing" xmlns:a="{_DRAWING}/main" '
        f'xmlns:r="{OFFICE}">{_anchor(1, picture)}{_anchor(15, frame)}</xdr:wsDr>'
    )


def _chart(amounts: str) -> str:
    axes = "".join(
        f'<c:{kind}><c:axId val="{own}"/><c:scaling><c:orientation val="minMax"/></c:scaling>'
        f'<c:delete val="0"/><c:axPos val="{side}"/><c:crossAx val="{other}"/></c:{kind}>'
        for kind, own, other, side in (("catAx", 1, 2, "b"), ("valAx", 2, 1, "l"))
    )
    return (
        f'{CRLF}<c:chartSpace xmlns:c="{_DRAWING}/chart" xmlns:a="{_DRAWING}/main"><c:chart>'
        '<c:plotArea><c:layout/><c:barChart><c:barDir val="col"/><c:grouping val="clustered"/>'
        f'<c:ser><c:idx val="0"/><c:order val="0"/><c:val><c:numRef><c:f>{amounts}</c:f></c:numRef>'
        f'</c:val></c:ser><c:axId val="1"/><c:axId val="2"/></c:barChart>{axes}</c:plotArea>'
        '<c:plotVisOnly val="1"/></c:chart></c:chartSpace>'
    )

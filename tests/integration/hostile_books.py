"""Building archives that lie, and running the real command on them in bounded memory and time."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

MEMORY = 512 << 20
"""Of a process; an ordinary sheet needs a little less than half."""
SECONDS = 20
"""A file that does harm would take minutes, or all memory."""
GIB = 1 << 30
Piece = bytes | tuple[bytes, int]

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OPTIONS = ("--text", "Hello", "--country", "SG")
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ROWS = (
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>Mobile</t></is></c></row>'
    b'<row r="2"><c r="A2"><v>6591234567</v></c></row>'
)
SHEET = b"<worksheet " + MAIN + b"><sheetData>"
SHEET_END = b"</sheetData></worksheet>"
STRINGS = b"<sst " + MAIN + b">"
BOOK = b"<workbook " + MAIN + f' xmlns:r="{OFFICE}"><sheets>'.encode()
BOOK_END = b'<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
STYLES = b"<styleSheet " + MAIN + b">"
OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
CONTENT = (
    f'<o:document-content xmlns:o="{OASIS}office:1.0" xmlns:t="{OASIS}table:1.0" '
    f'xmlns:x="{OASIS}text:1.0"><o:body><o:spreadsheet><t:table t:name="S">'
).encode()
CONTENT_END = b"</t:table></o:spreadsheet></o:body></o:document-content>"
ODS_ROWS = (
    b'<t:table-row><t:table-cell o:value-type="string"><x:p>Mobile</x:p></t:table-cell>'
    b"</t:table-row>"
)
ODS_NUMBER = b'<t:table-cell o:value-type="float" o:value="6591234567"%s/>'
LAUGHS = (
    b'<!DOCTYPE z [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 20) for i in range(12))
    + b"]>"
)


class Part(NamedTuple):
    """A member of an archive, packed; `claimed` is the size that the archive says it has."""

    name: str
    packed: bytes
    claimed: int
    crc: int = 0
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0


def part(name: str, *pieces: Piece) -> Part:
    """Packs what may be gigabytes: a repeated piece is packed once, and that repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed, size, crc = b"", 0, 0
    for piece in pieces:
        block, times = piece if isinstance(piece, tuple) else (piece, 1)
        if times > 1:
            batch = max(1, min(times, (1 << 20) // len(block)))
            block, times = block * batch, times // batch
        packed += packer.flush(zlib.Z_FULL_FLUSH)
        packed += (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * times
        for _ in range(times if size < GIB else 0):
            crc = zlib.crc32(block, crc)
        size += len(block) * times
    return Part(name, packed + packer.flush(), size, crc)


def archive(path: Path, *parts: Part) -> Path:
    """A ZIP file that says of its members what it is told to say."""
    listing, count = b"", 0
    with path.open("wb") as file:
        for each in parts:
            name = each.name.encode()
            facts = struct.pack(
                "<HHHHHLLLHH", 20, each.flags, each.method, 0, 33, each.crc, len(each.packed),
                each.claimed, len(name), 0,
            )  # fmt: skip
            place = struct.pack("<HHHLL", 0, 0, 0, 0, file.tell())
            file.write(b"PK\x03\x04" + facts + name + each.packed)
            listing += b"PK\x01\x02" + struct.pack("<H", 20) + facts + place + name
            count += 1
        start = file.tell()
        end = struct.pack("<HHHHLLH", 0, 0, count, count, len(listing), start, 0)
        file.write(listing + b"PK\x05\x06" + end)
    return path


def xlsx(path: Path, *extra: Part, **changed: Part) -> Path:
    """A workbook with one contact; `changed` are parts to put in place of the ordinary ones."""
    main = f'<Relationships xmlns="{RELATIONS}">'
    rels = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [
                ("worksheet", "sheet.xml"),
                ("sharedStrings", "strings.xml"),
                ("styles", "styles.xml"),
            ],
            1,
        )
    )
    book = f'<Relationship Id="b" Type="{OFFICE}/officeDocument" Target="xl/book.xml"/>'
    parts = {
        "root": part("_rels/.rels", f"{main}{book}</Relationships>".encode()),
        "rels": part("xl/_rels/book.xml.rels", f"{main}{rels}</Relationships>".encode()),
        "book": part("xl/book.xml", BOOK + BOOK_END),
        "sheet": part("xl/sheet.xml", SHEET + ROWS + SHEET_END),
        "strings": part("xl/strings.xml", STRINGS + b"</sst>"),
        "styles": part("xl/styles.xml", STYLES + b"</styleSheet>"),
    }
    return archive(path, *(parts | changed).values(), *extra)


def sheet(*pieces: Piece) -> Part:
    return part("xl/sheet.xml", *pieces)


def ods(path: Path, *content: Piece, manifest: bytes = b"<manifest/>") -> Path:
    kind = part("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")
    content = content or (CONTENT + ODS_ROWS + CONTENT_END,)
    return archive(
        path, kind, part("META-INF/manifest.xml", manifest), part("content.xml", *content)
    )


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    """`bulksender check`, in bounded memory and time."""
    return subprocess.run(
        [sys.executable, *["-m", "bulksender", "check"], path.name, *OPTIONS],
        cwd=path.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(path.parent), "COLUMNS": "2000"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        check=False,
    )


def refusal(path: Path) -> str:
    """What is said of a file that is refused, by a limit of bulksender's own."""
    ended = checked(path)
    assert "Traceback" not in ended.stderr
    assert ended.returncode == 3, ended.stdout + ended.stderr
    [line] = ended.stderr.splitlines()
    assert path.name in line
    assert "more memory than there is" not in line
    return line

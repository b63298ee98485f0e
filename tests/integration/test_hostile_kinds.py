"""Files that are broken, or something else than their names say: refused in one line, exit 3."""

from __future__ import annotations

import os
import random
import struct
import zipfile
from pathlib import Path

import pytest
from hostile_books import (
    ROWS,
    SHEET,
    SHEET_END,
    Part,
    archive,
    checked,
    ods,
    part,
    refusal,
    sheet,
    xlsx,
)

from bulksender.errors import SheetError
from bulksender.loader import open_sheet
from bulksender.settings import SheetOptions

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WEB = b"<html><body><table><tr><td>Mobile</td></tr></table></body></html>"
TEXT = b"Mobile,Name\n+6591234567,Anna\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0\x1f\xf3\xff" + bytes(400)
SUFFIXES = [".xlsx", ".xlsm", ".xlsb", ".ods", ".xls", ".csv", ".tsv", ".txt", ".parquet"]
BOOKS = SUFFIXES[:5]


@pytest.mark.parametrize("suffix", BOOKS)
@pytest.mark.parametrize("content", [TEXT, WEB, PNG, b"PK", b"\0" * 5_000, b"x"])
def test_something_else_named_like_a_workbook_is_refused(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    said = refusal(path)
    assert "web page" in said or content != WEB


@pytest.mark.parametrize("suffix", [".csv", ".xls", ".xlsb", ".ods", ".parquet", ".txt"])
def test_a_workbook_under_another_kind_s_name_is_refused(tmp_path: Path, suffix: str) -> None:
    refusal(xlsx(tmp_path / f"a{suffix}"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(random.Random(7).randbytes(100_000))
    refusal(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_behind_an_honest_beginning_are_refused(tmp_path: Path, suffix: str) -> None:
    begins = {".xls": OLE, ".parquet": b"PAR1"}.get(suffix, b"PK\x03\x04")
    path = tmp_path / f"a{suffix}"
    path.write_bytes(begins + random.Random(8).randbytes(100_000) + begins)
    refusal(path)


@pytest.mark.parametrize("content", [PNG, b"\0" * 100_000, TEXT + b"\0" * 100_000])
def test_bytes_that_are_no_text_are_refused_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_holds_nothing_or_is_no_file_is_refused(tmp_path: Path, suffix: str) -> None:
    names = ("empty", "missing", "folder")
    empty, missing, within = (tmp_path / f"{name}{suffix}" for name in names)
    empty.touch()
    within.mkdir()
    assert "empty" in refusal(empty)
    assert "no such file" in refusal(missing)
    assert "folder" in refusal(within)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_pipe_or_an_endless_device_is_refused_and_never_waited_for(
    tmp_path: Path, suffix: str
) -> None:
    pipe, device, loop = (tmp_path / f"{name}{suffix}" for name in ("pipe", "device", "loop"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    loop.symlink_to(loop)
    assert "not a file" in refusal(pipe)
    assert "not a file" in refusal(device)
    refusal(loop)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    path.chmod(0)
    if os.geteuid():
        assert "no permission" in refusal(path)
        return
    reading, writing = os.pipe()  # root may read everything, so a child that is nobody looks
    child = os.fork()
    if not child:
        os.chdir(tmp_path)
        os.setuid(65534)
        try:
            open_sheet(SheetOptions(path="a.csv"))
        except SheetError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert "no permission" in os.read(reading, 1000).decode()
    os.close(reading)


def compound(path: Path, *names: str) -> Path:
    """A minimal OLE file whose folder lists streams of these names."""
    header = OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9L", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109L", 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128L", 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFE, *[0xFFFFFFFF] * 125)
    listing = b""
    for name in ("Root Entry", *names):
        text = (name + "\0").encode("utf-16-le")
        kind = 5 if not listing else 2
        listing += text.ljust(64, b"\0") + struct.pack("<HBB3L", len(text), kind, 1,
                   0xFFFFFFFF, 0xFFFFFFFF, 1 if kind == 5 else 0xFFFFFFFF)  # fmt: skip
        listing += bytes(36) + struct.pack("<LQ", 2 if kind == 2 else 0xFFFFFFFE, 8)
    path.write_bytes(header + table + listing.ljust(512, b"\0") + bytes(4096))
    return path


@pytest.mark.parametrize("suffix", BOOKS)
def test_a_workbook_behind_a_password_is_refused_as_such(tmp_path: Path, suffix: str) -> None:
    path = compound(tmp_path / f"a{suffix}", "EncryptionInfo", "EncryptedPackage")
    assert "password" in refusal(path)


def test_an_opendocument_sheet_behind_a_password_is_refused_as_such(tmp_path: Path) -> None:
    manifest = b'<m:manifest><m:file-entry><m:encryption-data m:checksum="x"/></m:file-entry>'
    path = ods(tmp_path / "a.ods", b"\x8f\x01\x99" * 500, manifest=manifest + b"</m:manifest>")
    assert "password" in refusal(path)


def test_an_encrypted_opendocument_package_is_refused_as_such(tmp_path: Path) -> None:
    """LibreOffice from 24.8 on wraps the whole package into one encrypted member."""
    listing = b'<m:manifest><m:file-entry m:full-path="encrypted-package">' + (
        b"<m:encryption-data/></m:file-entry></m:manifest>"
    )
    path = archive(
        tmp_path / "a.ods", part("META-INF/manifest.xml", listing), part("encrypted-package", b"x")
    )
    assert "password" in refusal(path)


def changed_part(**facts: int) -> Part:
    return sheet(SHEET + ROWS + SHEET_END)._replace(**facts)


@pytest.mark.parametrize(
    "facts", [{"flags": 1}, {"method": 97}, {"method": 9}, {"crc": 1}, {"flags": 0x40}]
)
def test_a_member_that_cannot_be_unpacked_is_refused(tmp_path: Path, facts: dict[str, int]) -> None:
    refusal(xlsx(tmp_path / "a.xlsx", sheet=changed_part(**facts)))


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.8, 0.99])
@pytest.mark.parametrize("suffix", [".xlsx", ".ods"])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    path = (xlsx if suffix == ".xlsx" else ods)(tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    refusal(path)


def test_a_member_named_to_leave_its_folder_is_written_nowhere(tmp_path: Path) -> None:
    evil = part("../../evil.txt", b"x")
    inner = tmp_path / "inner"
    inner.mkdir()
    ended = checked(xlsx(inner / "a.xlsx", evil))
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in tmp_path.rglob("*evil*")] == []


def test_an_archive_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    for suffix in BOOKS[:4]:
        path = tmp_path / f"a{suffix}"
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("word/document.xml", "<document/>")
        refusal(path)

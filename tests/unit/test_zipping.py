"""Members of zip archives, packed and unpacked in a thread by isal: the same bytes as zipfile's."""

from __future__ import annotations

import io
import random
import threading
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import pytest

from bulksender.zipping import BLOCK, copy, packing, unpacked

LENGTHS = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17)


def content(length: int) -> bytes:
    generator = random.Random(length)
    return b"".join(b"<v>%d</v>" % generator.randrange(10**9) for _ in range(length // 8))[:length]


@pytest.mark.parametrize("kind", [ZIP_DEFLATED, ZIP_STORED])
@pytest.mark.parametrize("length", LENGTHS)
def test_a_member_goes_through_unchanged(tmp_path: Path, length: int, kind: int) -> None:
    wanted = content(length)
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("part.xml", wanted, kind)

    entry = ZipInfo("part.xml")
    entry.compress_type = kind
    with ZipFile(tmp_path / "a.zip") as source, ZipFile(tmp_path / "b.zip", "w") as target:
        with unpacked(source, "part.xml") as reading, packing(target, entry) as writing:
            copy(reading, writing)
        with unpacked(source, "part.xml") as reading:
            assert b"".join(iter(reading.read, b"")) == wanted
    with ZipFile(tmp_path / "b.zip") as written:  # zipfile reads it, and its checksum is right
        assert written.testzip() is None
        assert written.read("part.xml") == wanted
        assert written.getinfo("part.xml").compress_type == kind
    assert threading.active_count() == 1


def test_damage_is_told_and_no_thread_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("part.xml", content(3 * BLOCK))
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3 : len(whole) // 3 + 200] = bytes(range(200))
    path.write_bytes(whole)

    with (
        ZipFile(path) as archive,
        pytest.raises(BadZipFile),
        unpacked(archive, "part.xml") as reading,
    ):
        while reading.read():
            pass
    assert threading.active_count() == 1


class Full(io.BytesIO):
    """A disk with room for so many bytes."""

    room = 100_000

    def write(self, data: object, /) -> int:  # type: ignore[override]
        if self.tell() + len(bytes(data)) > self.room:  # type: ignore[call-overload]
            raise OSError(28, "No space left on device")
        return super().write(data)  # type: ignore[arg-type]


def test_a_full_disk_is_told_by_the_next_piece_or_the_end() -> None:
    entry = ZipInfo("part.xml")
    entry.compress_type = ZIP_STORED
    disk = Full()
    with pytest.raises(OSError, match="No space left"), ZipFile(disk, "w") as archive:
        with packing(archive, entry) as writing:
            for _ in range(4):
                writing.write(bytes(50_000))
        disk.room = 1 << 30
    assert threading.active_count() == 1

"""The members of a zip archive as streams: packed and unpacked by isal, beside the caller's work.

isal is several times as fast as zlib, and neither holds Python's lock. So a thread unpacks the next
block while the caller works on this one, and packs the last one while the caller makes the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, Protocol
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from isal import isal_zlib
from isal.igzip_lib import IsalError

BLOCK = 1 << 20
"""Bytes that are unpacked together."""
_RAW = -15  # a window of 32 KiB, without zlib's header (RFC 1951)


class Blocks(Protocol):
    """What is read of a member."""

    def read(self, size: int = BLOCK, /) -> bytes:
        """The next block; empty at the end."""


@contextmanager
def unpacked(archive: ZipFile, member: ZipInfo | str) -> Iterator[Blocks]:
    """A member's bytes, block by block, each unpacked while the one before is worked on.

    `read` raises BadZipFile or EOFError for a damaged member.
    """
    with archive.open(member) as stream, ThreadPoolExecutor(1, "bulksender-unzip") as thread:
        entry: Any = stream
        if archive.getinfo(stream.name).compress_type == ZIP_DEFLATED:
            entry._decompressor = isal_zlib.decompressobj(_RAW)
        yield _Ahead(stream, thread)


class _Ahead:
    def __init__(self, stream: IO[bytes], thread: ThreadPoolExecutor):
        self._stream = stream
        self._thread = thread
        self._next = thread.submit(stream.read, BLOCK)

    def read(self, size: int = BLOCK, /) -> bytes:
        """The next block, whatever `size` says."""
        try:
            block = self._next.result()
        except IsalError as error:  # type: ignore[misc]  # its stub forgets that it is an exception
            raise BadZipFile(f"its part {self._stream.name} is damaged") from error
        if block:
            self._next = self._thread.submit(self._stream.read, BLOCK)
        return block


@contextmanager
def packing(archive: ZipFile, entry: ZipInfo) -> Iterator[Packing]:
    """A new member to write to; each piece is packed while the caller makes the next one."""
    large = entry.file_size > 1 << 30  # may pass 2 GiB with the result in it
    with archive.open(entry, "w", force_zip64=large) as stream:
        if entry.compress_type == ZIP_DEFLATED:
            member: Any = stream
            member._compressor = isal_zlib.compressobj(1, isal_zlib.DEFLATED, _RAW)
        with ThreadPoolExecutor(1, "bulksender-zip") as thread:
            behind = Packing(stream, thread)
            yield behind
            behind.finish()


class Packing:
    """Takes pieces; `write` raises the OSError of the piece before."""

    def __init__(self, stream: IO[bytes], thread: ThreadPoolExecutor):
        self._stream = stream
        self._thread = thread
        self._last: Future[int] | None = None

    def write(self, piece: bytes) -> None:
        """Pack a piece, in its turn."""
        self.finish()
        self._last = self._thread.submit(self._stream.write, piece)

    def finish(self) -> None:
        """Wait until the last piece is packed."""
        if self._last is not None:
            self._last.result()
            self._last = None


def copy(reading: Blocks, writing: Packing) -> None:
    """Put all that is left to be read into a new member."""
    while block := reading.read():
        writing.write(block)

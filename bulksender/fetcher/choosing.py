"""Which of several files is the newest export, and which of them are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Literal

from msgspec import Struct

from bulksender.errors import SheetError, listed

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart")
_RESULT = re.compile(r"-results(-[^.]+)?\.\w+", re.I)


class Found(Struct, frozen=True):
    """A file that a pattern matches: its path with `/`, and when it was modified, if known."""

    path: str
    modified_at: datetime | None


def has_magic(path: str) -> bool:
    """Whether a path is a pattern."""
    return re.search(r"[*?\[]", path) is not None


def fixed_part(pattern: str) -> str:
    """The folder in which a pattern with `/` begins to be one; empty where that is at once."""
    parts = pattern.split("/")
    first = next(index for index, part in enumerate(parts) if has_magic(part))
    return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else "")


def is_export(path: str, pattern: str) -> bool:
    """Whether a matched path may be an export.

    Locks of Excel and LibreOffice, hidden files, unfinished downloads and copies are none, nor are
    our own results, unless the pattern asks for them.
    """
    parts = PurePosixPath(path).parts
    beyond = parts[len(PurePosixPath(fixed_part(pattern)).parts) :]
    name = parts[-1]
    if any(part.startswith(".") for part in beyond):
        return False
    if name.startswith("~") or name.endswith("~") or name.lower().endswith(_UNFINISHED):
        return False
    asked = "-results" in PurePosixPath(pattern).name.lower()
    return asked or _RESULT.search(name) is None


def newest_of(
    found: Sequence[Found], pattern: str, by: Literal["name", "time"], name: str
) -> Found:
    """The newest of files (at least one): the last by name, or the last that was modified.

    Numbers inside names count as numbers, so 2026-9 comes before 2026-10. The folders of a path
    count before its file's name, except under `**`, where they may be as deep as they like. Of
    equal times the last by name is taken. Raises SheetError (beginning with `name`) where a time is
    asked for and not known.
    """
    anywhere = "**" in pattern
    if by == "name":
        return max(found, key=lambda each: _by_name(each.path, anywhere))
    times = [each.modified_at for each in found if each.modified_at is not None]
    if len(times) < len(found):
        raise SheetError(
            f"{name}: the server does not say when the files were modified, so nobody can tell "
            'which is the newest. Choose by name: newest = "name".'
        )
    latest = [each for each in found if each.modified_at == max(times)]
    return max(latest, key=lambda each: _by_name(each.path, anywhere))


def nothing_matches(
    pattern: str, folder: str, left_out: Iterable[str], names: Sequence[str]
) -> SheetError:
    """The error of a pattern without an export: where it looked, and what is there instead."""
    passed_over = sorted(left_out)
    if passed_over:
        more = (
            f"What matches are locks, unfinished downloads or results: {listed(passed_over[:3])}."
        )
    else:
        wanted = PurePosixPath(pattern).name
        near = get_close_matches(wanted, names, n=3, cutoff=0.3)
        more = f"The nearest names there: {listed(near)}." if near else "Nothing there is like it."
    return SheetError(f"{pattern}: no file matches; looked in {folder}. {more}")


def _by_name(path: str, anywhere: bool) -> tuple[object, ...]:
    parts = [_natural(part) for part in PurePosixPath(path).parts]
    return (parts[-1], parts, path) if anywhere else (parts, path)


def _natural(name: str) -> tuple[list[str | int], str]:
    """Texts and numbers in turn; the suffix last, so that `a.csv` comes before `a (2).csv`."""
    pure = PurePosixPath(name)
    pieces = re.split(r"([0-9]+)", pure.stem.casefold())
    ordered = [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)]
    return ordered, pure.suffix.casefold()

"""Files on this machine: one by its path, or the newest that a pattern matches."""

from __future__ import annotations

import glob
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bulksender.errors import SheetError, did_you_mean
from bulksender.fetcher.choosing import (
    Found,
    fixed_part,
    has_magic,
    is_export,
    newest_of,
    nothing_matches,
)
from bulksender.fetcher.fetched import Fetched


def find(path: str, newest: Literal["name", "time"], folder: Path) -> Fetched:
    """The file at `path`, or the newest that it matches where it is a pattern; seen from `folder`.

    A file whose own name looks like a pattern (`contacts[1].csv`) is that file. Raises SheetError.
    """
    typed = str(Path(path).expanduser()) if path.startswith("~") else path
    if not has_magic(typed) or Path(folder, typed).exists():
        return _only(typed, folder)
    return _newest(typed, newest, folder)


def _only(typed: str, folder: Path) -> Fetched:
    path = Path(folder, typed)
    try:
        modified = path.stat().st_mtime
    except FileNotFoundError:
        near = did_you_mean(path.name, _names(path.parent))
        raise SheetError(f"{path}: there is no such file.{near}") from None
    except OSError as error:
        raise SheetError(f"{path}: cannot be read: {error.strerror}.") from error
    if path.is_dir():
        raise SheetError(
            f'{path}: this is a folder. Give a file in it, or a pattern such as "{typed}/*.csv".'
        )
    return Fetched(path=path, name=typed, modified_at=datetime.fromtimestamp(modified, UTC))


def _newest(typed: str, newest: Literal["name", "time"], folder: Path) -> Fetched:
    pattern = typed.replace(os.sep, "/")
    matched = glob.glob(typed, root_dir=folder, recursive=True)  # noqa: PTH207  # "/srv/*.csv" too
    files = [each.replace(os.sep, "/") for each in matched if Path(folder, each).is_file()]
    exports = [each for each in files if is_export(each, pattern)]
    found = []
    for each in exports:
        with suppress(OSError):  # gone since
            modified = Path(folder, each).stat().st_mtime
            found.append(Found(each, datetime.fromtimestamp(modified, UTC)))
    if not found:
        looked = Path(folder, fixed_part(pattern))
        if not looked.is_dir():
            near = did_you_mean(looked.name, _names(looked.parent, folders=True))
            raise SheetError(f"{typed}: no file matches; there is no folder {looked}.{near}")
        left_out = [Path(each).name for each in files]
        raise nothing_matches(typed, str(looked), left_out, _names(looked))
    taken = newest_of(found, pattern, newest, typed)
    return Fetched(path=Path(folder, taken.path), name=taken.path, modified_at=taken.modified_at)


def _names(folder: Path, *, folders: bool = False) -> list[str]:
    """The names of the files (or folders) in a folder that are not hidden."""
    try:
        found = [each for each in folder.iterdir() if each.is_dir() == folders]
    except OSError:
        return []
    return sorted(each.name for each in found if not each.name.startswith("."))

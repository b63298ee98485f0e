"""Ledger → sheet and terminal: each row's outcome beside the row it came from."""

from __future__ import annotations

import csv
import os
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path
from zipfile import BadZipFile

import msgspec

from bulksender.errors import LedgerError, ReportError, SettingsError
from bulksender.ledger import Run
from bulksender.reporter.delimited import write_alone
from bulksender.reporter.draft import Draft, drafting, temporary
from bulksender.reporter.pages import pages_of
from bulksender.reporter.summary import Summary, summarise
from bulksender.reporter.writers import writer_of
from bulksender.source import (
    DELIMITED,
    ZIPPED_WORKBOOKS,
    SheetFacts,
    fingerprint,
)

__all__ = ["Draft", "Summary", "check_writable", "drafting", "output_path", "summarise", "write"]

OLD = 3600.0
"""Seconds after which a half-written result is nobody's any more."""


def output_path(sheet: Path, output: str | None, in_place: bool) -> Path:
    """Where the result goes: `--output`, the sheet itself, or NAME-results beside it.

    Raises SettingsError where the output's ending does not fit the kind of sheet.
    """
    suffix = sheet.suffix.lower()
    kept = DELIMITED | ZIPPED_WORKBOOKS
    if in_place:
        if suffix not in kept:
            raise SettingsError(f"{sheet}: a {suffix} file cannot be written in place; leave out "
                                "--in-place, and the result comes as .xlsx beside it.")  # fmt: skip
        return sheet
    wanted = sheet.suffix if suffix in kept else ".xlsx"
    if output is None:
        return sheet.with_name(f"{sheet.stem}-results{wanted}")
    path = Path(output)
    if path.is_dir():
        raise SettingsError(f"--output {path}: this is a folder; name a file in it.")
    fits = DELIMITED if suffix in DELIMITED else {wanted.lower()}
    if path.suffix.lower() not in fits:
        raise SettingsError(
            f"--output {path}: the result of a {suffix} sheet is a {wanted} file; name it so."
        )
    return path


def check_writable(path: Path) -> None:
    """Raise SettingsError, before anything is sent, where the result could not be written."""
    if path.is_dir():
        raise SettingsError(f"--output {path}: this is a folder; name a file in it.")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise SettingsError(f"The result would go to {path}, but there is no folder {folder}.")
    try:
        half = temporary(path.resolve())
        half.touch(mode=0o600)
        half.unlink()
    except OSError as error:
        raise SettingsError(
            f"The result would go to {path}, but it cannot be written there "
            f"({error.strerror}). Name another place with --output."
        ) from error


def write(run: Run, output: Path, draft: Draft | None = None) -> Path:
    """Write the run's result sheet to `output`, all or nothing; returns where it went.

    The sheet is copied with its result columns. Where it is gone, no longer what was planned
    from, or too damaged to be copied, the rows' numbers and results are written alone, to a file
    of their own beside `output`. What `draft` has written is taken where it can be.
    Raises ReportError.
    """
    facts = run.facts
    source = Path(facts.path)
    try:
        if not _unchanged(source, facts) or not _write_beside(run, facts, output, draft):
            output = alone_path(output, run)
            _replace(output, lambda target: write_alone(facts, pages_of(run, beside=False), target))
    except (OSError, LedgerError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ReportError(
            f"The result could not be written to {output}: {said}."
            + (f" Everything is in the ledger: bulksender report {run.id} -o FILE" * run.kept)
        ) from error
    return output


def _write_beside(run: Run, facts: SheetFacts, output: Path, draft: Draft | None) -> bool:
    """Write the sheet with its result columns; False where the sheet is too damaged for that."""
    source, target = Path(facts.path), output.resolve()  # through a link, to the file itself

    def copy(half: Path) -> None:
        if draft is None or not draft.moved_to(half):
            writer_of(facts)(facts, pages_of(run), half)
        if not _unchanged(source, facts):  # somebody saved it while it was being copied
            raise ValueError("the sheet has changed")

    try:
        _replace(target, copy, source)
    except (ValueError, BadZipFile, zlib.error, csv.Error, RuntimeError):
        return False  # RuntimeError: a part is packed or encrypted as zipfile cannot read it
    if target == source.resolve():
        _rebase(run, facts)
    return True


def alone_path(output: Path, run: Run) -> Path:
    """Where results go without their sheet: a name that no sheet has."""
    stem = output.stem.removesuffix("-results")
    return output.with_name(f"{stem}-results-{run.id}.csv")


def _unchanged(source: Path, facts: SheetFacts) -> bool:
    return source.is_file() and fingerprint(source) == facts.fingerprint


def _replace(output: Path, write: Callable[[Path], None], like: Path | None = None) -> None:
    """Write a temporary file beside `output`, then rename: the old file or the new one, no half."""
    half = temporary(output)
    try:
        half.touch(mode=0o600)
        write(half)
        if like is not None:
            shutil.copymode(like, half)
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)
    _remove_leftovers(output)


def _remove_leftovers(output: Path) -> None:
    """What a report that was killed has left beside the output, people's numbers in it."""
    for left in output.parent.glob(f".{escape(output.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > OLD:
                left.unlink()


def _rebase(run: Run, facts: SheetFacts) -> None:
    """The report has replaced the sheet: the next one starts from what it is now."""
    columns = facts.result_columns
    width = max(*columns.values(), facts.width)
    headers = [*facts.headers, *[""] * (width - len(facts.headers))]
    for name, column in columns.items():
        headers[column - 1] = name
    run.rebase(
        msgspec.structs.replace(
            facts, headers=tuple(headers), width=width, fingerprint=fingerprint(Path(facts.path))
        )
    )

"""Ledger → sheet and terminal: each row's outcome beside the row it came from."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import BadZipFile

import msgspec

from bulksender.errors import LedgerError, ReportError, SettingsError
from bulksender.ledger import Run
from bulksender.reporter.summary import Summary, summarise
from bulksender.reporter.values import Values, values_of
from bulksender.source import (
    DELIMITED,
    RESULT_COLUMNS,
    ZIPPED_WORKBOOKS,
    SheetFacts,
    fingerprint,
)

__all__ = ["Summary", "check_output", "output_path", "summarise", "write"]

Writer = Callable[[SheetFacts, Iterator[tuple[int, Values]], Path], None]


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
    fits = DELIMITED if suffix in DELIMITED else {wanted.lower()}
    if path.suffix.lower() not in fits:
        raise SettingsError(
            f"--output {path}: the result of a {suffix} sheet is a {wanted} file; name it so."
        )
    return path


def check_output(path: Path) -> None:
    """Raise SettingsError, before anything is sent, where the result could not be written."""
    if path.is_dir():
        raise SettingsError(f"--output {path}: this is a folder; name a file in it.")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise SettingsError(f"The result would go to {path}, but there is no folder {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            f"The result would go to {path}, but that folder cannot be written to. "
            "Name another place with --output."
        )


def write(run: Run, output: Path) -> Path:
    """Write the run's result sheet to `output`, all or nothing; returns where it went.

    The sheet is copied with its result columns. Where it is gone, or no longer what was planned
    from, the plan's own columns are written alone, as CSV. Raises ReportError.
    """
    facts = run.facts
    source = Path(facts.path)
    try:
        if _unchanged(source, facts):
            _replace(output, lambda target: _writer(facts)(facts, _rows(run), target), source)
        else:
            output = output.with_suffix(".csv")
            _replace(output, lambda target: _write_alone(facts, run, target))
        if output.resolve() == source.resolve():
            _rebase(run, facts)
    except (OSError, ValueError, BadZipFile, LedgerError) as error:
        raise ReportError(
            f"The result could not be written to {output}: {error}. Everything is in the ledger: "
            f"bulksender report {run.id} -o FILE"
        ) from error
    return output


def _unchanged(source: Path, facts: SheetFacts) -> bool:
    return source.is_file() and fingerprint(source) == facts.fingerprint


def _writer(facts: SheetFacts) -> Writer:
    if facts.suffix in DELIMITED:
        from bulksender.reporter import delimited

        return delimited.write
    if facts.suffix in ZIPPED_WORKBOOKS:
        from bulksender.reporter import workbook

        return workbook.write
    from bulksender.reporter import converted

    return converted.write


def _rows(run: Run) -> Iterator[tuple[int, Values]]:
    return ((result.row, values_of(result, run.id)) for result in run.outcomes())


def _replace(output: Path, write: Callable[[Path], None], like: Path | None = None) -> None:
    """Write a temporary file beside `output`, then rename: the old file or the new one, no half."""
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        if like is not None:
            shutil.copymode(like, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


def _write_alone(facts: SheetFacts, run: Run, target: Path) -> None:
    """The plan's columns without the sheet: its row numbers and the result columns."""
    from bulksender.reporter.delimited import write_alone

    write_alone(_rows(run), target, ("row", *RESULT_COLUMNS))


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

"""Forgetting: old runs' texts and numbers, or one person in all of them, here and at 8x8."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from bulksender.errors import LedgerError, SettingsError
from bulksender.ledger import Ledger, Sent, copies, forget, iso, purge_runs, sent_to
from bulksender.sender import Api, remove_personal_data
from bulksender.settings import Account


class Purged(Struct, frozen=True):
    """What was removed: runs, their rows, files put aside; and what was kept, with the reason."""

    runs: int
    rows: int
    files: list[str]
    kept: list[dict[str, str]]


class Forgotten(Struct, frozen=True):
    """Where a person was removed from.

    `unknown` of the rows were not settled: whether 8x8 has them is not known, so it could not be
    asked to remove them. `failed_at_8x8` counts the messages that 8x8 has not removed; their runs
    still hold the person, so that the command can be given again.
    """

    runs: int
    rows: int
    unknown: int
    removed_at_8x8: int
    failed_at_8x8: int
    reason: str
    files: list[str]


def purge(ledger: Ledger, age: timedelta) -> Purged:
    """Remove texts and numbers of the finished runs that are older than `age`; counts stay.

    Copies of the ledger that were put aside go, too: they hold the same runs. Raises LedgerError,
    also where another process has the file open, so that what was removed still stands in it.
    """
    before = ledger.clock() - age
    done = purge_runs(ledger, iso(before))
    old = [
        path for path in copies(ledger) if done.runs or path.stat().st_mtime < before.timestamp()
    ]
    kept = [{"run": run, "reason": reason} for run, reason in done.kept]
    purged = Purged(done.runs, done.rows, _removed(old), kept)
    ledger.compact()
    return purged


def forget_person(ledger: Ledger, number: str, api_key: str | None = None) -> Forgotten:
    """Remove a number, its texts and ids from every run; with a key at 8x8 first.

    Copies of the ledger that were put aside go as a whole. Raises SettingsError for what is no
    number, RunBusy, LedgerError.
    """
    destination = "+" + re.sub(r"[\s().\-]", "", number).removeprefix("+")
    if not number.strip().startswith("+") or not re.fullmatch(r"\+[1-9][0-9]{6,14}", destination):
        raise SettingsError("Write the number with + and its country code, such as +6591234567.")
    messages = sent_to(ledger, destination) if api_key is not None else []
    failed = _remove_at_8x8(messages, api_key or "")
    left = {message.run for message in messages if message.umid in failed}
    files = _removed(copies(ledger))
    done = forget(ledger, destination, left)
    ledger.compact()
    return Forgotten(
        done.runs,
        done.rows,
        done.unknown,
        len(messages) - len(failed),
        len(failed),
        next(iter(failed.values()), ""),
        files,
    )


def _remove_at_8x8(messages: Iterable[Sent], api_key: str) -> dict[str, str]:
    """Ask each account for its messages; umid → why it could not."""
    accounts = defaultdict(list)
    for message in messages:
        accounts[message.base_url, message.subaccount].append(message.umid)
    failed: dict[str, str] = {}
    for (base_url, subaccount), umids in accounts.items():
        with Api(Account(base_url, subaccount, api_key)) as api:
            failed |= remove_personal_data(api, umids)
    return failed


def _removed(files: Iterable[Path]) -> list[str]:
    names = []
    for file in files:
        try:
            file.unlink()
        except OSError as error:
            raise LedgerError(f"{file} cannot be removed: {error.strerror}.") from error
        names.append(str(file))
    return names

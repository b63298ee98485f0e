"""Runs as a whole: listing them, purging old ones, removing one person from all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from glob import escape
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import delete, update

from bulksender.errors import RunBusy
from bulksender.ledger import schema
from bulksender.ledger import sql_history as sql
from bulksender.ledger.records import RunLine, RunState
from bulksender.ledger.run import Run
from bulksender.ledger.sql import SETTLE_HELD
from bulksender.ledger.store import Ledger
from bulksender.model import RowStatus
from bulksender.settings import Job


class Sent(Struct, frozen=True):
    """A message that 8x8 may keep data of: its umid, and the account that it went through."""

    umid: str
    base_url: str
    subaccount: str
    run: str


class PurgedRuns(Struct, frozen=True):
    """What a purge has removed, and which runs it has left alone, with the reason."""

    runs: int
    rows: int
    kept: list[tuple[str, str]]


class ForgottenRows(Struct, frozen=True):
    """How many rows of how many runs held the person; `unknown` of them are not settled."""

    runs: int
    rows: int
    unknown: int


def runs(ledger: Ledger) -> Iterator[RunLine]:
    """Every run, the oldest first."""
    with ledger.reading() as connection:
        found = connection.exec_driver_sql(sql.RUNS).all()
    counts: dict[int, dict[RowStatus, int]] = {}
    for line in found:
        counted = counts.setdefault(line.no, {})
        if line.status is not None:
            counted[RowStatus(line.status)] = line.rows
    for line in {line.no: line for line in found}.values():
        job = msgspec.json.decode(line.job, type=Job)
        yield RunLine(
            id=line.id,
            state=RunState(line.state),
            created_at=line.created_at,
            sheet=job.sheet.path,
            counts=counts[line.no],
            parent=line.parent,
            pretended=bool(line.pretended),
            purged=line.purged_at is not None,
            approved=line.approved_at is not None,
            campaign=line.campaign,
            period=line.period,
            consented=line.consent_at is not None,
            campaign_file=job.campaign_file,
        )


def purge_runs(ledger: Ledger, before: str) -> PurgedRuns:
    """Remove texts and numbers of the runs that were made before a time (ISO, UTC).

    Counts stay, and what keeps the same plan from being sent twice. A run whose rows wait or are
    not settled is left alone. One that nobody ever approved goes whole. The file is to be compacted
    afterwards. Raises LedgerError.
    """
    purged, rows, kept = 0, 0, []
    for family in _families(runs(ledger)):
        due = [line.id for line in family if line.created_at < before and not line.purged]
        try:
            with ExitStack() as owned:
                for run_id in due:
                    owned.enter_context(ledger.owning(run_id))
                found = [ledger.run(run_id) for run_id in due]  # as they are now, not when listed
                why = _needed(found, family, before, ledger)
                if not why:
                    _settle_waiting(due, ledger)
                    for run in found:
                        rows += sum(run.counts().values())
                        _remove(run, ledger)
                        purged += 1
        except RunBusy:
            why = "another process is working on it"
        kept += [(run_id, why) for run_id in due if why]
    return PurgedRuns(purged, rows, kept)


def _settle_waiting(due: Iterable[str], ledger: Ledger) -> None:
    """Other runs' rows that wait for these: what has become of them is known only until now."""
    with ledger.transaction() as connection:
        for run_id in due:
            waiting = connection.exec_driver_sql(sql.WAITING_FOR, {"id": run_id}).scalars().all()
            for run in waiting:
                connection.exec_driver_sql(SETTLE_HELD, {"run": run})


def _families(lines: Iterable[RunLine]) -> list[list[RunLine]]:
    """Runs with their tries again: which rows those have sent is known of all or of none."""
    roots: dict[str, str] = {}
    families: dict[str, list[RunLine]] = {}
    for line in lines:
        tries_again = line.approved and line.parent is not None
        roots[line.id] = roots.get(line.parent or "", line.id) if tries_again else line.id
        families.setdefault(roots[line.id], []).append(line)
    return list(families.values())


def _needed(due: Iterable[Run], family: Iterable[RunLine], before: str, ledger: Ledger) -> str:
    """Why a family of runs cannot be purged; empty where it can."""
    for run in due:
        with ledger.reading() as connection:
            place = {"run": run.no}
            left = int(connection.exec_driver_sql(sql.COUNT_OPEN_ROWS, place).scalar_one())
        if left and run.approved_at is not None:
            return f"rows of {run.id} wait to be sent or settled ({left:,})"
    for line in family:
        if line.created_at >= before:
            return f"its rows were tried again in {line.id}, which is not that old"
    return ""


def _remove(run: Run, ledger: Ledger) -> None:
    job = msgspec.structs.replace(run.job, template=None)
    with ledger.transaction() as connection:
        if run.approved_at is None:
            connection.execute(delete(schema.run).where(schema.run.c.no == run.no))
            return
        connection.exec_driver_sql(sql.ADD_TALLY, {"run": run.no})
        connection.execute(delete(schema.message).where(schema.message.c.run == run.no))
        connection.execute(
            update(schema.run)
            .where(schema.run.c.no == run.no)
            .values(purged_at=ledger.now(), job=msgspec.json.encode(job).decode())
        )


def sent_to(ledger: Ledger, number: str) -> list[Sent]:
    """The messages to a number (E.164 with +) that have a umid; not those of `--simulate`."""
    with ledger.reading() as connection:
        found = connection.exec_driver_sql(sql.PERSON_UMIDS, {"number": number}).all()
    return [Sent(*line) for line in found]


def forget(ledger: Ledger, number: str, but: Collection[str] = ()) -> ForgottenRows:
    """Remove a number (E.164 with +), its texts and ids from every run, but those named in `but`.

    Rows stay, with their states, so that the counts of each run stay true; a row that still waited
    is not sent. The file is to be compacted afterwards. Raises RunBusy, LedgerError.
    """
    place = {"number": number}
    with ledger.reading() as connection:
        ids = list(connection.exec_driver_sql(sql.PERSON_RUNS, place).scalars())
    rows = unknown = 0
    ids = [run_id for run_id in ids if run_id not in but]
    with ExitStack() as owned:
        for run_id in ids:
            owned.enter_context(ledger.owning(run_id))
        for run_id in ids:
            with ledger.transaction() as connection:
                found = place | {"id": run_id}
                unknown += connection.exec_driver_sql(sql.COUNT_PERSON_UNKNOWN, found).scalar_one()
                rows += connection.exec_driver_sql(sql.FORGET_PERSON, found).rowcount
    return ForgottenRows(len(ids), rows, unknown)


def copies(ledger: Ledger) -> list[Path]:
    """The copies of the ledger that were put aside before it was brought up to date.

    Those that were never finished, because somebody killed the program, are among them.
    """
    folder, name = ledger.path.parent, escape(ledger.path.name)
    return sorted([*folder.glob(f"{name}.schema-*"), *folder.glob(f".{name}.schema-*.tmp")])

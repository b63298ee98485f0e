"""The ledger's file: opening it safely, transactions, and finding runs in it."""

from __future__ import annotations

import os
import secrets
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import URL, Connection, create_engine, event, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bulksender.errors import LedgerError, RunBusy
from bulksender.ledger import schema, sql
from bulksender.ledger.lock import RunLock
from bulksender.ledger.records import RunState, iso
from bulksender.ledger.run import Run, new_run_id
from bulksender.settings import Job


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Ledger:
    """What was promised and what happened, in one SQLite file (mode 0600, WAL, FULL sync).

    One thread uses it. `clock` gives aware UTC times; `patience` is for how many seconds a write
    waits for another process's. Raises LedgerError where the file cannot be
    used; `close` it, or use it as a context manager.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime] = now,
        durable: bool = True,
        patience: float = 30.0,
    ):
        self.path = path
        self.clock = clock
        self._patience = patience
        self._in_transaction = False
        _create_private(path)
        self._engine = create_engine(
            URL.create("sqlite", database=str(path.absolute())),  # a name may hold ? or %
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": patience},
            hide_parameters=True,  # they are people's numbers and texts
        )
        event.listen(self._engine, "connect", _pragmas(durable))
        self.kept = True
        """Whether its runs outlive this process; not those of a scratch ledger."""
        with self._reporting():
            self._connection = self._engine.connect()
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    @classmethod
    @contextmanager
    def scratch(cls, clock: Callable[[], datetime] = now) -> Iterator[Ledger]:
        """A ledger for a plan that is only looked at: a temporary file, gone afterwards."""
        with (
            tempfile.TemporaryDirectory(prefix="bulksender-") as folder,
            cls(Path(folder, "scratch.db"), clock, durable=False) as ledger,
        ):
            ledger.kept = False
            yield ledger

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing, and on the disk when it ends; inside another one, when that one ends."""
        with self._reporting():
            if self._in_transaction:
                yield self._connection
                return
            connection = self._live()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            self._in_transaction = True
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException as error:
                _rollback(connection, error)
                raise
            finally:
                self._in_transaction = False

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """The connection, for several statements that are to see the same moment."""
        with self._reporting():
            connection = self._live()
            if self.driver.in_transaction:
                yield connection
                return
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            except BaseException as error:
                _rollback(connection, error)
                raise
            _rollback(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection, in the caller's transaction if there is one, else outside any."""
        with self._reporting():
            yield self._live()

    def _live(self) -> Connection:
        """The connection, or another where Ctrl-C in the middle of a statement has spoilt it."""
        if self._connection.invalidated:
            self._connection.close()
            self._connection = self._engine.connect()
        return self._connection

    @contextmanager
    def plan(self, job: Job, parent: Run | None = None) -> Iterator[Run]:
        """A new run to add rows to, owned by this process until the block ends.

        `parent` is the run whose rows it tries again.
        Raises LedgerError; a plan that is not made to its end leaves nothing behind.
        """
        run_id = new_run_id()
        with self.owning(run_id):
            with self.transaction() as connection:
                connection.execute(
                    insert(schema.run).values(
                        id=run_id,
                        created_at=self.now(),
                        state=RunState.PLANNING,
                        job=msgspec.json.encode(job).decode(),
                        pretended=int(job.pretended),
                        parent=parent.id if parent else None,
                        campaign=job.campaign,
                        period=job.period,
                    )
                )
            run = self.run(run_id)
            try:
                yield run
            except BaseException:
                run.discard()
                raise

    @contextmanager
    def owning(self, run_id: str) -> Iterator[None]:
        """Own a run: a lock that dies with this process. Raises RunBusy where another has it."""
        lock = RunLock(self.path, run_id)
        if not lock.acquire():
            raise RunBusy(f"Another process is working on run {run_id}; wait until it has ended.")
        try:
            yield
        finally:
            lock.release()

    def is_owned(self, run_id: str) -> bool:
        """Whether a living process works on the run, this one included."""
        try:
            with self.owning(run_id):
                return False
        except RunBusy:
            return True

    def run(self, run_id: str) -> Run:
        """A run by its id or the unique beginning of it. Raises LedgerError for none or several."""
        with self.reading() as connection:
            found = connection.execute(
                select(schema.run).where(schema.run.c.id.startswith(run_id, autoescape=True))
            ).all()
        if len(found) == 1 and run_id:
            return Run(self, found[0])
        if found:
            raise LedgerError(f"Several runs begin with {run_id}; type more of the id.")
        raise LedgerError(f"There is no run {run_id} in the ledger {self.path}.")

    def newest(self, *states: RunState) -> Run | None:
        """The newest run in one of these states (any state, where none is given)."""
        query = select(schema.run).order_by(schema.run.c.no.desc()).limit(1)
        if states:
            query = query.where(schema.run.c.state.in_(states))
        with self.reading() as connection:
            found = connection.execute(query).first()
        return Run(self, found) if found else None

    def sent_before(self, plan: Run) -> Run | None:
        """The newest approved run of the plan's content of which anything was, or may be, sent."""
        place = {"hash": plan.hash, "old_hash": plan.old_hash, "run": plan.no}
        place |= {name: getattr(plan.job, name) for name in ("campaign", "period", "since")}
        with self.reading() as connection:
            found = connection.exec_driver_sql(sql.SENT_BEFORE, place).scalar()
        return self.run(found) if found else None

    def pretended(self) -> frozenset[str]:
        """The ids of the runs that went to a simulator, and so reached nobody."""
        query = select(schema.run.c.id).where(schema.run.c.pretended == 1)
        with self.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def now(self, later_than: str = "") -> str:
        """The time, as the ledger writes it; a millisecond more where it is `later_than` itself."""
        now = self.clock()
        return iso(now + timedelta(milliseconds=iso(now) == later_than))

    @property
    def driver(self) -> sqlite3.Connection:
        """The driver's own connection, for what SQLAlchemy has no words for."""
        driver: Any = self._live().connection.driver_connection
        return cast(sqlite3.Connection, driver)

    def version(self) -> tuple[object, ...]:
        """What differs once anything in the ledger has changed, by this process or another."""
        return self.driver, self.driver.total_changes, self.writes_of_others()

    def writes_of_others(self) -> int:
        """What differs once another process has written to the ledger."""
        return int(self._live().exec_driver_sql("PRAGMA data_version").scalar_one())

    def compact(self) -> None:
        """Give freed space back, so that no copy of what was removed is left in the file.

        Raises LedgerError where another process is using the ledger.
        """
        with self._reporting():
            connection = self._live()
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if busy:
            raise LedgerError(
                f"The ledger {self.path} is in use: what was removed is gone from it, but may "
                "stand in its -wal file until no other process has it open. Do it again then."
            )

    def _prepare(self) -> None:
        """Create the tables, or bring those of an older bulksender up to date."""
        version = self._version()
        if version == 0:
            self._complete()
        elif version < schema.SCHEMA_VERSION:
            self._upgrade()

    def _upgrade(self) -> None:
        """Add what the ledger lacks, after a copy was put aside; one process does it."""
        lock = RunLock(self.path, "upgrade", self._patience)
        if not lock.acquire():
            raise LedgerError(f"Another process is upgrading the ledger {self.path}; try again.")
        try:
            version = self._version()
            if version < schema.SCHEMA_VERSION:
                self._put_aside(self.path.with_name(f"{self.path.name}.schema-{version}"))
                self._complete()
        finally:
            lock.release()

    def _complete(self) -> None:
        with self.transaction() as connection:
            schema.complete(connection)

    def _version(self) -> int:
        version = int(self._connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > schema.SCHEMA_VERSION:
            raise LedgerError(
                f"The ledger {self.path} was written by a newer bulksender (schema {version}, this "
                f"one knows {schema.SCHEMA_VERSION}). Upgrade bulksender."
            )
        return version

    def _put_aside(self, copy: Path) -> None:
        """Keep a copy of the ledger as an older bulksender left it, all or nothing."""
        half = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.tmp")
        try:
            half.touch(mode=0o600)
            self._connection.exec_driver_sql("VACUUM INTO ?", (str(half),))
            flush(half)
            half.replace(copy)
            flush(copy.parent)
        except OSError as error:
            raise LedgerError(
                f"The ledger {self.path} is of an older bulksender, and no copy of it can be put "
                f"aside: {copy}: {error.strerror}."
            ) from error
        finally:
            half.unlink(missing_ok=True)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            advice = (
                "Wait until no other program writes to it"
                if "locked" in str(cause)
                else "See that its disk has room and that it may be written to"
            )
            raise LedgerError(
                f"The ledger {self.path}: {cause}. {advice}, and try again."
            ) from error


RESUMABLE = (RunState.SENDING, RunState.STOPPED)
"""The states of a run that somebody approved and that has not come to its end."""


def ledger_path(url: str) -> Path:
    """The file that `--ledger` means: `sqlite:///PATH` or a plain path. Raises LedgerError."""
    if "://" not in url:
        return Path(url).expanduser()
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        raise LedgerError(
            f"The ledger is a SQLite file: write sqlite:///PATH, or just the path, not {scheme}://…"
        )
    return Path(rest[1:])


def _create_private(path: Path) -> None:
    """Create the file with mode 0600, so that texts and numbers are its owner's alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            flush(path.parent)  # or a power loss might take the file's name away
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be created: {error.strerror}.") from error


def flush(path: Path) -> None:
    """Bring a file or (where the system can) a folder to the disk. Raises OSError."""
    if path.is_dir() and os.name != "posix":
        return  # pragma: no cover -- Windows has no such thing
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _pragmas(durable: bool) -> Callable[[sqlite3.Connection, object], None]:
    settings = (
        "journal_mode = WAL",
        f"synchronous = {'FULL' if durable else 'OFF'}",
        "foreign_keys = ON",
        "temp_store = FILE",
        "secure_delete = ON",  # what is forgotten is overwritten
        "cache_size = -32000",  # KiB, so 32 MB
        "threads = 2",  # to sort what is larger than that
        "wal_autocheckpoint = 8000",  # pages: claimed and settled rows go into the file once
    )

    def on_connect(connection: sqlite3.Connection, _: object) -> None:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").close()

    return on_connect


def _rollback(connection: Connection, error: BaseException | None = None) -> None:
    """Take everything back. A statement that Ctrl-C has cut off ends as well.

    SQLAlchemy gives the connection up for it, and the frames of the error's traceback still hold
    the statement: it would keep the ledger locked.
    """
    if error is not None:
        traceback.clear_frames(error.__traceback__)
    with suppress(SQLAlchemyError):  # SQLite rolls back by itself when the disk is full
        connection.exec_driver_sql("ROLLBACK")

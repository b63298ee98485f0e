"""A ledger of an older bulksender: a copy is put aside, then it is brought up to date, whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from ledger_steps import bytes_beside, entry, lost, settle
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bulksender import forgetting
from bulksender.errors import LedgerError
from bulksender.ledger import Ledger, copies, runs
from bulksender.ledger.schema import SCHEMA_VERSION
from bulksender.settings import Job, SheetOptions
from bulksender.source import SheetFacts

VERSION_1 = """
CREATE TABLE run (
    no INTEGER NOT NULL, id TEXT NOT NULL, created_at TEXT NOT NULL, state TEXT NOT NULL,
    job TEXT NOT NULL, pretended INTEGER NOT NULL, facts TEXT, hash TEXT, approved_at TEXT,
    ended_at TEXT, PRIMARY KEY (no), UNIQUE (id)
);
CREATE INDEX run_by_hash ON run (hash);
CREATE TABLE message (
    run INTEGER NOT NULL, "row" INTEGER NOT NULL, status TEXT NOT NULL,
    detail TEXT DEFAULT '' NOT NULL, destination TEXT DEFAULT '' NOT NULL,
    text TEXT DEFAULT '' NOT NULL, parts INTEGER DEFAULT '0' NOT NULL,
    encoding TEXT DEFAULT '' NOT NULL, reference TEXT DEFAULT '' NOT NULL,
    umid TEXT DEFAULT '' NOT NULL, oddities INTEGER DEFAULT '0' NOT NULL,
    saving INTEGER DEFAULT '0' NOT NULL, batch INTEGER,
    PRIMARY KEY (run, "row"), FOREIGN KEY(run) REFERENCES run (no) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE batch (
    run INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, rows INTEGER NOT NULL,
    claimed_at TEXT NOT NULL, ended_at TEXT, batch_id TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (run, number), FOREIGN KEY(run) REFERENCES run (no) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE attempt (
    run INTEGER NOT NULL, batch INTEGER NOT NULL, number INTEGER NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT NOT NULL, http_status INTEGER,
    error TEXT DEFAULT '' NOT NULL, error_id TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (run, batch, number), FOREIGN KEY(run) REFERENCES run (no) ON DELETE CASCADE
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
OLDER = "oddities INTEGER DEFAULT '0' NOT NULL,\n    saving INTEGER DEFAULT '0' NOT NULL,"
DDL = {"version 1": VERSION_1, "an older one": VERSION_1.replace(OLDER, "")}
RUN, NUMBER, TEXT = "abcdefghjk", "+6591234567", "Dear Ada, your balance is 819.19"
WHEN = "2026-01-01T09:00:00.000+00:00"


def make(path: Path, ddl: str = VERSION_1) -> Path:
    """A ledger as version 1 has left it: one batch was queued, one is unknown, a row waits."""
    job = msgspec.json.encode(Job(sheet=SheetOptions(path="sheet.csv"), template="Hello"))
    facts = SheetFacts(
        path="sheet.csv", suffix=".csv", header_row=1, headers=("A",), width=1, fingerprint=""
    )
    told = msgspec.json.encode(facts)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.executescript(ddl)
        connection.execute(
            "INSERT INTO run (no, id, created_at, state, job, pretended, facts, hash, approved_at)"
            " VALUES (1, ?, ?, 'STOPPED', ?, 0, ?, 'hash', ?)",
            (RUN, WHEN, job.decode(), told.decode(), WHEN),
        )
        connection.executemany(
            "INSERT INTO message (run, row, status, destination, text, parts, encoding, umid,"
            " batch) VALUES (1, ?, ?, ?, ?, 1, 'GSM7', ?, ?)",
            [(2, "QUEUED", NUMBER, TEXT, "umid-2", 1), (3, "UNKNOWN", "+6591234568", "Hi", "", 2),
             (4, "READY", "+6591234569", "Hi", "", None)],
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO batch (run, number, state, rows, claimed_at, ended_at, batch_id)"
            " VALUES (1, ?, ?, 1, ?, ?, ?)",
            [(1, "SETTLED", WHEN, WHEN, "8x8-1"), (2, "UNKNOWN", WHEN, WHEN, "")],
        )
        connection.execute("INSERT INTO attempt VALUES (1, 1, 1, ?, ?, 200, '', '')", (WHEN, WHEN))
        connection.commit()
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make(tmp_path / "ledger.db")


def aside(path: Path) -> Path:
    return path.with_name(path.name + ".schema-1")


def asked(path: Path, *statements: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements]


WHOLE = (
    "PRAGMA user_version",
    "PRAGMA integrity_check",
    "SELECT name, sql FROM sqlite_schema ORDER BY name",
    *(f"SELECT * FROM {table}" for table in ("run", "message", "batch", "attempt")),
)


@pytest.mark.parametrize("variant", DDL)
def test_a_ledger_of_version_1_is_brought_up_to_date(tmp_path: Path, variant: str) -> None:
    path = make(tmp_path / "ledger.db", DDL[variant])
    before = asked(path, *WHOLE)
    with Ledger(path) as ledger:
        [line] = runs(ledger)
        assert (line.id, line.parent, line.purged) == (RUN, None, False)
        run = ledger.run(RUN)
        assert run.counts() == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}
        assert [batch.batch_id for batch in run.batch_lines()] == ["8x8-1", ""]
        assert run.inquiries() == []
        assert list(run.oddities()) == []
        assert [message.attempt for message in run.ready()] == [1]
        settle(run, ledger, [entry(run, 3, 2), entry(run, 2)])
        lost(run)
        assert run.counts() == {"QUEUED": 1, "DELIVERED": 1, "UNKNOWN": 1}
    assert asked(path, *WHOLE[:2]) == [[(SCHEMA_VERSION,)], [("ok",)]]
    assert before[0] == [(1,)]


@pytest.mark.parametrize("variant", DDL)
def test_it_has_the_tables_of_a_new_ledger_afterwards(tmp_path: Path, variant: str) -> None:
    old, new = make(tmp_path / "old.db", DDL[variant]), tmp_path / "new.db"
    for path in (old, new):
        with Ledger(path):
            pass
    tables = [name for (name,) in asked(new, "SELECT name FROM sqlite_schema")[0]]
    assert {name for (name,) in asked(old, "SELECT name FROM sqlite_schema")[0]} == set(tables)
    for table in tables:
        columns = f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')"
        assert set(asked(old, columns)[0]) == set(asked(new, columns)[0])


@pytest.mark.parametrize("variant", DDL)
def test_a_copy_as_it_was_is_put_aside_first(tmp_path: Path, variant: str) -> None:
    path = make(tmp_path / "ledger.db", DDL[variant])
    before = asked(path, *WHOLE)
    umask = os.umask(0)
    try:
        with Ledger(path) as ledger:
            assert copies(ledger) == [aside(path)]
    finally:
        os.umask(umask)
    assert asked(aside(path), *WHOLE) == before
    if os.name == "posix":
        assert aside(path).stat().st_mode & 0o777 == 0o600
    files = sorted(file.name for file in tmp_path.iterdir() if file.is_file())
    assert files == ["ledger.db", "ledger.db.schema-1"]


def test_what_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger(tmp_path / "ledger.db") as ledger:
            assert copies(ledger) == []
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["ledger.db"]


def test_a_newer_ledger_is_refused_without_a_copy(old: Path) -> None:
    asked(old, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = asked(old, *WHOLE)
    with pytest.raises(LedgerError, match="newer bulksender"):
        Ledger(old)
    assert asked(old, *WHOLE) == before
    assert not aside(old).exists()


def test_a_migration_that_fails_half_way_leaves_the_ledger_as_it_was(old: Path) -> None:
    asked(old, "CREATE VIEW tally AS SELECT 1 AS other")  # in the way of a table to come
    before = asked(old, *WHOLE)
    for _ in range(2):
        with pytest.raises(LedgerError, match=r"ledger\.db"):
            Ledger(old)
        assert asked(old, *WHOLE) == before
        assert asked(aside(old), *WHOLE) == before
    asked(old, "DROP VIEW tally")
    with Ledger(old) as ledger:
        assert ledger.run(RUN).counts() == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}


def test_a_copy_that_cannot_be_put_aside_leaves_the_ledger_as_it_was(old: Path) -> None:
    aside(old).mkdir()
    before = asked(old, *WHOLE)
    with pytest.raises(LedgerError, match="no copy of it can be put aside"):
        Ledger(old)
    assert asked(old, *WHOLE) == before
    assert list(aside(old).parent.glob(".*")) == [], "no half copy is left"


def test_a_locked_ledger_is_not_migrated_and_not_harmed(old: Path) -> None:
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE").close()
        with pytest.raises(LedgerError, match="locked"):
            Ledger(old, patience=0.05)
        other.execute("ROLLBACK").close()
    assert asked(old, "PRAGMA user_version") == [[(1,)]]


def test_a_copy_that_was_interrupted_is_replaced(old: Path) -> None:
    before = asked(old, *WHOLE)
    aside(old).write_bytes(old.read_bytes()[:3000])
    with Ledger(old):
        pass
    assert asked(aside(old), *WHOLE) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from bulksender.ledger import Ledger

@event.listens_for(Engine, "after_cursor_execute")
def killed(connection, cursor, statement, *_):
    if statement.startswith("VACUUM INTO"):
        os.kill(os.getpid(), signal.SIGKILL)

Ledger(Path(sys.argv[1]))
"""


def test_what_a_killed_migration_has_left_is_forgotten_with_the_rest(old: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(old)])
    assert killed.returncode == -signal.SIGKILL
    with Ledger(old) as ledger:
        assert ledger.run(RUN).counts() == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}
        assert NUMBER.encode() in bytes_beside(old)
        assert forgetting.forget_person(ledger, NUMBER).rows == 1
    assert NUMBER.encode() not in bytes_beside(old)
    assert TEXT.encode() not in bytes_beside(old)


OPENED = """
import sys
from pathlib import Path
from bulksender.ledger import Ledger
sys.stdin.readline()
with Ledger(Path(sys.argv[1])) as ledger:
    print(sum(ledger.run(sys.argv[2]).counts().values()))
"""


def test_several_processes_at_once_migrate_once_without_harm(old: Path) -> None:
    before = asked(old, *WHOLE)
    command = [sys.executable, "-c", OPENED, str(old), RUN]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    assert [(child.communicate(timeout=60)[0], child.returncode) for child in children] == [
        ("3\n", 0)
    ] * 3
    assert asked(old, *WHOLE[:2]) == [[(SCHEMA_VERSION,)], [("ok",)]]
    assert asked(aside(old), *WHOLE) == before


HALTING = """
import sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from bulksender.ledger import Ledger

halted = []

@event.listens_for(Engine, "after_cursor_execute")
def halt(connection, cursor, statement, *_):
    if statement.startswith(sys.argv[3]) and not halted:
        halted.append(statement)
        print("there", flush=True)
        sys.stdin.readline()

with Ledger(Path(sys.argv[1])) as ledger:
    print(sum(ledger.run(sys.argv[2]).counts().values()))
"""


@contextmanager
def halting(path: Path, behind: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that opens the ledger, and halts behind a statement that begins so."""
    with subprocess.Popen(
        [sys.executable, "-c", HALTING, str(path), RUN, behind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "there\n"
            yield child
        finally:
            child.kill()


def test_a_process_that_comes_late_does_not_replace_the_copy(old: Path) -> None:
    before = asked(old, *WHOLE)
    faster: list[str] = []

    def meanwhile(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement == "PRAGMA user_version" and not faster:  # it has seen that it is old
            command = [sys.executable, "-c", OPENED, str(old), RUN]
            faster.append(subprocess.check_output(command, input="\n", text=True))

    event.listen(Engine, "after_cursor_execute", meanwhile)
    try:
        with Ledger(old) as late:
            assert late.run(RUN).counts() == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}
    finally:
        event.remove(Engine, "after_cursor_execute", meanwhile)
    assert faster == ["3\n"]
    assert asked(aside(old), *WHOLE) == before
    assert asked(old, *WHOLE[:2]) == [[(SCHEMA_VERSION,)], [("ok",)]]


def test_while_another_process_migrates_a_ledger_it_is_waited_for_and_then_refused(
    old: Path,
) -> None:
    with halting(old, "VACUUM INTO") as first:
        with pytest.raises(LedgerError, match="Another process is upgrading the ledger"):
            Ledger(old, patience=0.05)
        assert first.communicate("go on\n", timeout=30) == ("3\n", None)
    with Ledger(old, patience=0.05) as ledger:
        assert ledger.run(RUN).counts() == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}

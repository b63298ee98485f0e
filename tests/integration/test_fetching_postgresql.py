"""Queries to a real PostgreSQL, which is made and started for them (Debian's package)."""

from __future__ import annotations

import csv
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from bulksender.errors import SheetError
from bulksender.fetcher import Fetched, fetch
from bulksender.rules import Export

INSTALL = "PostgreSQL's server is missing: apt-get install postgresql"
PASSWORD = "SECRET/@1"
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


def program(name: str) -> str:
    """A program of PostgreSQL's server, which Debian keeps out of the path."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(kept[-1]) if kept else shutil.which(name)
    assert found, INSTALL
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a server whose only user is anna, with a password."""
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to be run by root
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        secret, data = folder / "secret", folder / "data"
        secret.write_text(PASSWORD)
        if user:
            for path in (folder, secret):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]

        def run(name: str, *arguments: str) -> None:
            ended = subprocess.run(
                [program(name), "-D", str(data), *arguments],
                user=user,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert ended.returncode == 0, ended.stderr

        trusted = ("-A", "scram-sha-256", "--pwfile", str(secret), "-U", "anna")
        run("initdb", *trusted, "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield port
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def database(server: int) -> str:
    """The URL of a database with a table of contacts."""
    login = {"host": "127.0.0.1", "port": server, "user": "anna", "dbname": "postgres"}
    with psycopg.connect(password=PASSWORD, **login) as connection:  # type: ignore[arg-type]
        connection.execute("DROP TABLE IF EXISTS contact")
        connection.execute("CREATE SEQUENCE IF NOT EXISTS numbers")
        connection.execute(
            "CREATE TABLE contact (mobile text, name text, paid numeric(10, 2), born date, "
            "seen timestamptz, vip boolean, points bigint, photo bytea)"
        )
        connection.execute(
            "INSERT INTO contact VALUES ('+6591234567', E'Anna\\nB', 10.50, '2000-02-29', "
            "'2026-11-01 09:30:00+00', true, 9007199254740993, '\\x00'), "
            "('+6591234568', null, null, null, null, null, null, null)"
        )
    return f"postgresql+psycopg://anna:SECRET%2F%401@127.0.0.1:{server}/postgres"


def queried(folder: Path, database: str, query: str) -> Fetched:
    return fetch(Export(query=query, database=database), folder, folder, lambda: NOW)


def refused(folder: Path, database: str, query: str) -> str:
    with pytest.raises(SheetError) as caught:
        queried(folder, database, query)
    assert list(folder.iterdir()) == []
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_query_to_postgresql_becomes_a_sheet(tmp_path: Path, database: str) -> None:
    query = """SELECT mobile, name, paid, born, seen AT TIME ZONE 'UTC' AS seen, vip, points,
        '100%'::text AS share, '12:30 :x' AS said FROM contact ORDER BY mobile;"""
    fetched = queried(tmp_path, database, query)
    assert (fetched.name, fetched.modified_at) == ("query to postgresql postgres", NOW)
    with fetched.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["mobile", "name", "paid", "born", "seen", "vip", "points", "share", "said"],
        [
            *("+6591234567", "Anna\nB", "10.50", "2000-02-29", "2026-11-01T09:30:00", "TRUE"),
            *("9007199254740993", "100%", "12:30 :x"),
        ],
        ["+6591234568", "", "", "", "", "", "", "100%", "12:30 :x"],
    ]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM contact",
        "WITH gone AS (DELETE FROM contact RETURNING mobile) SELECT * FROM gone",
        "SELECT 1; DELETE FROM contact",
        "SELECT 1; COMMIT; DELETE FROM contact",
    ],
)
def test_postgresql_is_only_read(tmp_path: Path, database: str, query: str) -> None:
    assert "has to be one that only reads" in refused(tmp_path, database, query)
    counted = queried(tmp_path, database, "SELECT count(*) AS rows FROM contact")
    assert counted.path.read_text().split() == ["rows", "2"]


def test_postgresql_itself_refuses_to_write(tmp_path: Path, database: str) -> None:
    said = refused(tmp_path, database, "SELECT nextval('numbers')")
    assert "ReadOnlySqlTransaction" in said


def test_errors_of_postgresql_show_no_data(tmp_path: Path, database: str) -> None:
    query = "SELECT CAST('SECRET' || name AS integer) AS x FROM contact"
    assert "(InvalidTextRepresentation, 22P02)" in refused(tmp_path, database, query)
    assert "UndefinedColumn" in refused(tmp_path, database, "SELECT secrets FROM contact")
    assert 'the column "photo" holds bytes' in refused(
        tmp_path, database, "SELECT photo FROM contact"
    )
    assert "gives no columns" in refused(tmp_path, database, "SELECT FROM contact")


def test_a_wrong_password_is_not_shown(tmp_path: Path, database: str) -> None:
    said = refused(tmp_path, database.replace("SECRET", "SECRETS"), "SELECT 1")
    assert said.startswith("query to postgresql postgres: the database cannot be reached, or")


def test_an_option_that_postgresql_has_not_is_refused(tmp_path: Path, database: str) -> None:
    said = refused(tmp_path, f"{database}?nonsense=SECRET", "SELECT 1")
    assert said.startswith("query to postgresql postgres: ")


def test_many_rows_come_from_postgresql_as_they_are_asked_for(
    tmp_path: Path, database: str
) -> None:
    query = (
        "SELECT 6580000000 + i AS mobile, 'Customer ' || i AS name FROM generate_series(1, 50000) i"
    )
    lines = queried(tmp_path, database, query).path.read_text().splitlines()
    assert (len(lines), lines[-1]) == (50_001, "6580050000,Customer 50000")

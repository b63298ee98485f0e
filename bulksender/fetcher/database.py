"""A query's rows → a CSV file, by SQLAlchemy; the database is only read."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bulksender.errors import SettingsError, SheetError, did_you_mean, listed
from bulksender.fetcher.fetched import Fetched, arriving, unwritable
from bulksender.fetcher.texts import texts

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine

ROWS = 10_000
"""Rows that are in memory at a time."""

DRIVERS = {
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "pg8000": "pg8000",
    "mysqldb": "mysqlclient",
    "pymysql": "PyMySQL",
    "mysqlconnector": "mysql-connector-python",
    "mariadbconnector": "mariadb",
    "pyodbc": "pyodbc",
    "pymssql": "pymssql",
    "oracledb": "oracledb",
    "cx_oracle": "cx_Oracle",
}
"""SQLAlchemy's drivers → what pip installs for them (SQLAlchemy's pages on dialects)."""

DIALECTS = {
    "postgresql": "",
    "mysql": "",
    "mariadb": "",
    "sqlite": "",
    "mssql": "",
    "oracle": "",
    "snowflake": "snowflake-sqlalchemy",
    "bigquery": "sqlalchemy-bigquery",
    "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy",
    "duckdb": "duckdb-engine",
}
"""Kinds of databases → what pip installs for those that SQLAlchemy does not come with."""

_CONNECT_SECONDS = 10
_WITH_TIMEOUT = frozenset({"psycopg", "psycopg2", "pymysql", "mysqldb"})
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}  # PostgreSQL has an option of SQLAlchemy's for it


def fetch_query(
    query: str, database: str | None, folder: Path, into: Path, now: Callable[[], datetime]
) -> Fetched:
    """Run one query and write its rows to `into / "query.csv"`: UTF-8, a header, then the rows.

    `database` is an SQLAlchemy URL, or `env:NAME` where the environment variable NAME holds it. A
    SQLite file is looked for from `folder`. Columns are named as the query names them. The texts
    of cells are those of `texts.texts`. Rows are streamed, and nothing is ever committed.

    Raises SettingsError for a database that cannot be used, SheetError for a query that fails, has
    no columns, two of one name, or values that no sheet has.
    """
    from sqlalchemy.exc import SQLAlchemyError

    url = _from_folder(_url(database), folder)
    shown = Path(url.database or "").name if url.get_backend_name() == "sqlite" else url.database
    name = f"query to {url.get_backend_name()} {shown or ''}".rstrip()
    engine = _engine(url, name)
    made = now().astimezone(UTC)
    try:
        with _connected(engine, name) as connection, arriving(into, "query.csv") as temporary:
            result = _run(connection, query)
            try:
                _write(result, temporary, into, name)
            finally:
                result.close()
    except SQLAlchemyError as error:
        raise SheetError(
            f"{name}: the database refuses the query, or has ended the connection "
            f"({_reason(error)}). Try the query in the database's own program; it has to be one "
            "that only reads."
        ) from None
    finally:
        engine.dispose()
    return Fetched(path=into / "query.csv", name=name, modified_at=made)


def _url(database: str | None) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if not database:
        raise SettingsError(
            "The query needs a database: give its URL, or env:NAME where an environment variable "
            "holds it."
        )
    where = "the database's URL"
    if database.startswith("env:"):
        variable = database.removeprefix("env:").strip()
        where = f"the database's URL in the environment variable {variable}"
        database = os.environ.get(variable, "").strip()
        if not database:
            raise SettingsError(
                f"The environment variable {variable} is not set; it has to hold the database's "
                "URL, such as postgresql+psycopg://name:password@host/database."
            )
    try:
        return make_url(database)
    except (ArgumentError, ValueError):
        raise SettingsError(
            f"It cannot be read: {where}. Write it like "
            "postgresql+psycopg://name:password@host/database; in a password, signs such as / ? # "
            "@ are written as %2F %3F %23 %40."
        ) from None


def _from_folder(url: URL, folder: Path) -> URL:
    """The URL with a SQLite file's whole path; raises SettingsError where there is no such file."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return url
    path = Path(folder, str(url.database))
    if not path.is_file():  # SQLite would make an empty one
        raise SettingsError(f"{path}: there is no such database. Correct the file in its URL.")
    return url.set(database=str(path))


def _engine(url: URL, name: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool

    kind, driver = url.get_backend_name(), url.drivername
    try:
        driver = url.get_driver_name()
        slow = driver in _WITH_TIMEOUT and "connect_timeout" not in url.query
        wait = {"connect_timeout": _CONNECT_SECONDS} if slow else {}
        return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=wait)
    except NoSuchModuleError:
        if kind in DIALECTS:
            package = DRIVERS.get(url.drivername.partition("+")[2]) or DIALECTS[kind]
            more = f" pip install {package}" if package else " Leave out what stands after its +."
        else:
            more = did_you_mean(kind, DIALECTS) or f" Known are {', '.join(DIALECTS)}."
        raise SettingsError(
            f'SQLAlchemy knows no database "{url.drivername}" on this machine.{more}'
        ) from None
    except ImportError:
        raise SettingsError(
            f'{name}: the driver "{driver}" is not installed: '
            f"pip install {DRIVERS.get(driver, driver)}"
        ) from None
    except (ArgumentError, TypeError, ValueError) as error:
        raise SettingsError(
            f"{name}: the database's URL has a part that its driver does not take "
            f"({type(error).__name__}). Correct it."
        ) from None


def _connected(engine: Engine, name: str) -> Connection:
    """A connection that can only read, where the database has such a thing."""
    kind = engine.dialect.name
    options: dict[str, Any] = {"stream_results": True, "yield_per": ROWS, "no_parameters": True}
    if kind == "postgresql":
        options["postgresql_readonly"] = True
    try:
        connection = engine.connect()
        try:
            connection = connection.execution_options(**options)
            if statement := _READ_ONLY.get(kind):
                connection.exec_driver_sql(statement).close()
        except BaseException:
            connection.close()
            raise
    except Exception as error:  # drivers have errors of their own besides SQLAlchemy's
        raise SheetError(
            f"{name}: the database cannot be reached, or does not let this machine in "
            f"({_reason(error)}). Look at the host, the name and the password in its URL."
        ) from None
    return connection


def _run(connection: Connection, query: str) -> CursorResult[Any]:
    """Run the query as it was typed: text() would take `:30` in it for a parameter."""
    return connection.exec_driver_sql(query.strip().rstrip(";"))


def _write(result: CursorResult[Any], path: Path, into: Path, name: str) -> None:
    if not result.returns_rows:
        raise SheetError(f"{name}: the query gives no columns. It has to be a SELECT.")
    columns = _columns(result, name)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)  # CR LF, so that both are quoted inside a cell
            writer.writerow(columns)
            for rows in result.partitions(ROWS):
                cells: list[Sequence[object]] = [*zip(*rows, strict=True)]
                written = [
                    texts(values, f'{name}: the column "{column}"')
                    for column, values in zip(columns, cells, strict=True)
                ]
                writer.writerows(zip(*written, strict=True))
    except UnicodeEncodeError:
        raise SheetError(f"{name}: a value is no text that UTF-8 can hold.") from None
    except OSError as error:
        raise unwritable(into, error) from None


def _columns(result: CursorResult[Any], name: str) -> list[str]:
    columns = [str(column) for column in result.keys()]  # noqa: SIM118  # a result is no dict
    twice = dict.fromkeys(column for column in columns if columns.count(column) > 1)
    if not columns:
        raise SheetError(f"{name}: the query gives no columns. Name the ones to be read.")
    if twice:
        raise SheetError(
            f"{name}: the query gives several columns of one name: {listed(twice)}. Name each "
            "column once, with AS."
        )
    return columns


def _reason(error: Exception) -> str:
    """What kind of error it is; its own words hold the query, and perhaps a row of the data."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return f"{type(original).__name__}, {code}" if code else type(original).__name__

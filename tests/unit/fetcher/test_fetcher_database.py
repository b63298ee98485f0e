"""Queries to SQLite: what stands in the CSV file, what is refused, and that nothing is written."""

from __future__ import annotations

import csv
import sqlite3
import sys
import traceback
import tracemalloc
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from bulksender.errors import BulksenderError, SettingsError, SheetError
from bulksender.fetcher import Fetched, fetch
from bulksender.fetcher.texts import texts
from bulksender.loader import open_sheet
from bulksender.rules import Export
from bulksender.settings import SheetOptions

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
DATABASE = "sqlite:///shop.db"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a database of two contacts, and an empty one for what is fetched."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made, made:
        made.execute("CREATE TABLE contact (mobile TEXT, name TEXT, paid REAL, seen BLOB)")
        rows = [("+6591234567", "Anna", 819.19, b"\0"), ("+6591234568", None, 5.0, None)]
        made.executemany("INSERT INTO contact VALUES (?, ?, ?, ?)", rows)
    (tmp_path / "private").mkdir()
    return tmp_path


def queried(folder: Path, query: str, database: str | None = DATABASE) -> Fetched:
    export = Export(query=query, database=database)
    return fetch(export, folder, folder / "private", lambda: NOW)


def rows(fetched: Fetched) -> list[list[str]]:
    with fetched.path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def refused(
    folder: Path,
    query: str,
    database: str | None = DATABASE,
    kind: type[BulksenderError] = SheetError,
) -> str:
    """What the error says; it leaves nothing behind, and shows neither query nor data."""
    with pytest.raises(kind) as caught:
        queried(folder, query, database)
    assert list((folder / "private").iterdir()) == []
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_query_becomes_a_sheet(shop: Path) -> None:
    fetched = queried(shop, " SELECT mobile AS Mobile, name, paid FROM contact ORDER BY 1 ;\n")
    assert fetched == Fetched(
        path=shop / "private" / "query.csv", name="query to sqlite shop.db", modified_at=NOW
    )
    assert rows(fetched) == [
        ["Mobile", "name", "paid"],
        ["+6591234567", "Anna", "819.19"],
        ["+6591234568", "", "5"],
    ]
    assert [path.name for path in (shop / "private").iterdir()] == ["query.csv"]


def test_the_url_may_stand_in_the_environment(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{shop / 'shop.db'}")
    assert len(rows(queried(shop, "SELECT mobile FROM contact", "env:SHOP_URL"))) == 3


def test_a_variable_that_is_not_set_is_named(shop: Path) -> None:
    said = refused(shop, "SELECT 1", "env:NO_SUCH_SHOP", SettingsError)
    assert "environment variable NO_SUCH_SHOP is not set" in said


def test_a_query_goes_to_the_database_as_it_was_typed(shop: Path) -> None:
    query = """SELECT ':name' AS a, '12:30' AS b, '100%' AS c, '%s %(x)s' AS d, '?' AS e, ':a:' AS f
    -- done; at last"""
    assert rows(queried(shop, query))[1] == [":name", "12:30", "100%", "%s %(x)s", "?", ":a:"]


ODD = [
    "Anna\nand Ben",
    "Anna\r\nand Ben",
    "Anna\rand Ben",
    'she said "hi", twice',
    "a;b;c;d|e\tf",
    "'+1",
    "=1+1",
    "Jürgen 😀 陳",
    "0123",
    "100%",
]


def test_the_loader_reads_back_what_was_queried(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as made, made:
        made.execute("CREATE TABLE odd (mobile TEXT, said TEXT, born TEXT)")
        values = [(f"+65912345{place:02}", text, "2026-11-01") for place, text in enumerate(ODD)]
        made.executemany("INSERT INTO odd VALUES (?, ?, ?)", values)
    fetched = queried(shop, "SELECT mobile AS Mobile, said AS Said, born AS Born FROM odd")
    sheet = open_sheet(SheetOptions(path=str(fetched.path)))
    assert sheet.headers == ("Mobile", "Said", "Born")
    with sheet.reading((0, 1, 2)) as chunks:
        [chunk] = chunks
    assert chunk.refused == []
    assert [each.destination for each in chunk.recipients] == [mobile for mobile, _, _ in values]
    assert [each.cells[1] for each in chunk.recipients] == ODD


def test_values_get_the_texts_that_a_sheet_shows() -> None:
    written = {
        True: "TRUE",
        0.0: "0",
        5.0: "5",
        819.1900000000001: "819.19",
        1e20: "100000000000000000000",
        1.5e-7: "0.00000015",
        -0.25: "-0.25",
        Decimal("10.50"): "10.50",
        Decimal("1E+3"): "1000",
        date(2026, 11, 1): "2026-11-01",
        datetime(2026, 11, 1, 9, 30, tzinfo=UTC): "2026-11-01T09:30:00+00:00",
        time(9, 30): "09:30:00",
        timedelta(hours=2): "2:00:00",
        UUID(int=1): "00000000-0000-0000-0000-000000000001",
        float("nan"): "",
        float("inf"): "",
        Decimal("NaN"): "",
        None: None,
        "text": "text",
        10**30: str(10**30),
    }
    assert list(texts(list(written), "here")) == list(written.values())
    assert texts([False], "here") == ["FALSE"]
    plain = ["a", 1, None]
    assert texts(plain, "here") is plain


@pytest.mark.parametrize("value", [b"SECRET", bytearray(b"SECRET"), memoryview(b"SECRET")])
def test_bytes_are_no_text(value: object) -> None:
    with pytest.raises(SheetError, match=r'the column "x" holds bytes, which have no text'):
        texts(["a", value], 'the column "x"')


def test_lists_are_no_text() -> None:
    with pytest.raises(SheetError, match="holds values of the kind list"):
        texts([["SECRET"]], 'the column "x"')


def test_a_column_of_bytes_is_named(shop: Path) -> None:
    said = refused(shop, "SELECT mobile, seen FROM contact")
    assert said.startswith('query to sqlite shop.db: the column "seen" holds bytes')


def test_columns_have_to_be_there_and_different(shop: Path) -> None:
    said = refused(shop, "SELECT name, mobile AS name, paid FROM contact")
    assert 'several columns of one name: "name".' in said


WRITING = (
    "DELETE FROM contact",
    "INSERT INTO contact (name) VALUES ('SECRET')",
    "UPDATE contact SET name = 'SECRET' RETURNING name",
    "DROP TABLE contact",
    "CREATE TABLE secrets (x)",
)


@pytest.mark.parametrize("query", WRITING)
def test_nothing_is_ever_written(shop: Path, query: str) -> None:
    before = (shop / "shop.db").read_bytes()
    said = refused(shop, query)
    assert "it has to be one that only reads" in said
    assert "SQLITE_READONLY" in said
    assert (shop / "shop.db").read_bytes() == before


@pytest.mark.parametrize(
    "query", ["", "-- nothing", "SELECT SECRET FROM contact", "SELECT 1; SELECT 'SECRET'"]
)
def test_a_query_that_is_none_is_not_repeated(shop: Path, query: str) -> None:
    assert refused(shop, query).startswith("query to sqlite shop.db: the ")


@pytest.mark.parametrize(
    ("database", "words"),
    [
        (None, "needs a database"),
        ("SECRET", "It cannot be read: the database's URL"),
        ("postgresql://anna:SECRET@host:SECRET/x", "It cannot be read"),
        ("postgres://anna:SECRET@host/x", 'no database "postgres"'),
        ("postgres://anna:SECRET@host/x", 'Did you mean "postgresql"?'),
        ("snowflake://anna:SECRET@host/x", "pip install snowflake-sqlalchemy"),
        ("postgresql+nothing://anna:SECRET@host/x", "Leave out what stands after its +"),
        ("sqlite:///missing.db", "missing.db: there is no such database"),
        ("sqlite:///shop.db?timeout=SECRET", "a part that its driver does not take"),
    ],
)
def test_a_database_that_cannot_be_used_is_said(
    shop: Path, database: str | None, words: str
) -> None:
    assert words in refused(shop, "SELECT 1", database, SettingsError)
    assert not (shop / "missing.db").exists()


def test_a_missing_driver_is_named(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)  # as if it were not installed
    database = "postgresql+psycopg2://anna:SECRET@host/crm"
    said = refused(shop, "SELECT 1", database, SettingsError)
    assert said.startswith('query to postgresql crm: the driver "psycopg2" is not installed')
    assert said.endswith("pip install psycopg2-binary")


def test_a_file_that_is_no_database_is_said(shop: Path) -> None:
    (shop / "contacts.db").write_text("Mobile,Name\n" * 1_000)
    assert "SQLITE_NOTADB" in refused(shop, "SELECT * FROM contact", "sqlite:///contacts.db")


def test_a_large_result_is_not_held_in_memory(shop: Path) -> None:
    queried(shop, "SELECT 1")
    tracemalloc.start()
    try:
        fetched = queried(
            shop,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
            "SELECT '+65' || (80000000 + i) AS mobile FROM n",
        )
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 6 << 20  # all rows at once take 11 MB
    assert len(rows(fetched)) == 50_001

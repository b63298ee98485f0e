"""A ledger of schema 2: a copy is put aside, it is brought up to date, and its runs go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ledger_steps import entry, settle
from test_migration import RUN, VERSION_1, WHOLE, asked, make

from bulksender import campaign, retrying
from bulksender.ledger import Ledger, copies, runs, suppress
from bulksender.ledger.schema import SCHEMA_VERSION
from bulksender.sender import RetryPolicy, Sender
from bulksender.settings import Account
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Desk

NEW_TABLES = """
CREATE TABLE inquiry (
    run INTEGER NOT NULL, number INTEGER NOT NULL, asked_at TEXT NOT NULL, found INTEGER NOT NULL,
    absent INTEGER NOT NULL, open INTEGER NOT NULL, PRIMARY KEY (run, number),
    FOREIGN KEY(run) REFERENCES run (no) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE TABLE tally (
    run INTEGER NOT NULL, status TEXT NOT NULL, encoding TEXT NOT NULL, rows INTEGER NOT NULL,
    parts INTEGER NOT NULL, PRIMARY KEY (run, status, encoding),
    FOREIGN KEY(run) REFERENCES run (no) ON DELETE CASCADE
) WITHOUT ROWID;
PRAGMA user_version = 2;
"""
_CHANGED = {
    "ended_at TEXT, PRIMARY KEY (no), UNIQUE (id)": (
        "ended_at TEXT, parent TEXT, purged_at TEXT, PRIMARY KEY (no), UNIQUE (id)"
    ),
    "batch INTEGER,\n    PRIMARY KEY": (
        "batch INTEGER, attempt INTEGER DEFAULT '1' NOT NULL, held TEXT DEFAULT '' NOT NULL,\n"
        "    PRIMARY KEY"
    ),
    "batch_id TEXT DEFAULT '' NOT NULL,\n": (
        "batch_id TEXT DEFAULT '' NOT NULL, base_url TEXT DEFAULT '' NOT NULL,\n"
        "    subaccount TEXT DEFAULT '' NOT NULL, scheduled TEXT DEFAULT '' NOT NULL,\n"
    ),
    "PRAGMA user_version = 1;": NEW_TABLES,
}


def version_2() -> str:
    """The tables as schema 2 had them."""
    ddl = VERSION_1
    for old, new in _CHANGED.items():
        assert ddl.count(old) == 1, old
        ddl = ddl.replace(old, new)
    return ddl


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of schema 2: a message is queued, one is unknown, one waits; nobody is rejected."""
    folder = tmp_path / "of schema 2"
    folder.mkdir()
    return make(folder / "ledger.db", version_2())


@pytest.fixture
def upgraded(desk: Desk, old: Path) -> Iterator[Desk]:
    """A desk with that ledger."""
    desk.ledger.close()
    desk.path = old
    desk.ledger = Ledger(old, durable=False)
    yield desk


def send(desk: Desk, run: Any, sim: Simulator) -> str | None:
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    sender = Sender(run, account, policy=RetryPolicy(attempts=1))
    campaign.send(run, sender)
    return sender.stopped


def test_it_is_brought_up_to_date_and_a_copy_is_put_aside(old: Path) -> None:
    before = asked(old, *WHOLE)
    assert before[0] == [(2,)]
    aside = old.with_name("ledger.db.schema-2")
    with Ledger(old) as ledger:
        assert copies(ledger) == [aside]
        [line] = runs(ledger)
        assert (line.id, line.campaign, line.period) == (RUN, None, "")
    assert asked(aside, *WHOLE) == before
    assert asked(old, *WHOLE[:2]) == [[(SCHEMA_VERSION,)], [("ok",)]]


def test_it_has_the_tables_and_indexes_of_a_new_ledger(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for path in (old, new):
        with Ledger(path):
            pass
    parts = "SELECT type, name FROM sqlite_schema ORDER BY name"
    assert asked(old, parts) == asked(new, parts)
    for kind, table in asked(new, parts)[0]:
        if kind == "table":
            columns = f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')"
            assert set(asked(old, columns)[0]) == set(asked(new, columns)[0]), table


def test_its_runs_still_report(upgraded: Desk) -> None:
    run = campaign.reportable(RUN, upgraded.ledger)
    assert upgraded.counts(run) == {"QUEUED": 1, "UNKNOWN": 1, "READY": 1}
    found = {row: (r.status.value, r.umid, r.variant) for row, r in upgraded.rows(run).items()}
    assert found == {2: ("QUEUED", "umid-2", ""), 3: ("UNKNOWN", "", ""), 4: ("READY", "", "")}
    assert (run.costs, run.consent_at, run.job.delivery) == (None, None, None)


def test_its_runs_are_resumed_and_settled(
    upgraded: Desk, simulated: Callable[..., Simulator]
) -> None:
    run, sim = upgraded.reopened(upgraded.ledger.run(RUN)), simulated()
    assert send(upgraded, run, sim) is None
    assert [message.destination for message in sim.messages] == ["+6591234569"]
    settle(run, upgraded.ledger, [entry(run, 3, 2), entry(run, 2), entry(run, 4, 3)])
    assert upgraded.counts(run) == {"QUEUED": 2, "DELIVERED": 1}


def test_an_opt_out_counts_for_its_runs(
    upgraded: Desk, simulated: Callable[..., Simulator]
) -> None:
    suppress(upgraded.ledger, ["+6591234569"], "by text")
    run, sim = upgraded.reopened(upgraded.ledger.run(RUN)), simulated()
    assert send(upgraded, run, sim) is None
    assert sim.posts == []
    assert upgraded.counts(run) == {"QUEUED": 1, "UNKNOWN": 1, "OPTED_OUT": 1}


def test_what_8x8_rejected_of_its_runs_is_tried_again(
    upgraded: Desk, simulated: Callable[..., Simulator]
) -> None:
    with upgraded.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET status = 'REJECTED' WHERE row = 2")
    parent, sim = retrying.retriable(RUN, upgraded.ledger), simulated()
    again = retrying.retry(parent, parent.job, upgraded.ledger)
    again.approve()
    assert send(upgraded, again, sim) is None
    assert [message.destination for message in sim.messages] == ["+6591234567"]
    assert upgraded.counts(again) == {"QUEUED": 1}

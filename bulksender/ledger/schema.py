"""The ledger's tables. SQLite, schema version 3 (`PRAGMA user_version`).

run      one row a run: what was asked, what was found in the sheet, the plan's hash, its state
message  one row a sheet row: its state, and what was (or would be) sent
batch    one row a POST: claimed before it leaves, settled by its answer
attempt  one row a try of a batch's POST: when, and what came back
inquiry  one row a look into 8x8's log: when, and what was found of the run's unknown rows
told     one row a thing that a campaign's owner was told of a period: it is told once
tally    the counts of a run whose messages were purged
suppression  one row a number that must not be texted: where it comes from, and since when
price    one row a country of an account's price list: what a part costs, and since when it is known

A later version may add tables, and columns that have a default: `complete` brings any older ledger
up to date by that rule.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
)
from sqlalchemy.schema import CreateColumn

SCHEMA_VERSION = 3

metadata = MetaData()

run = Table(
    "run",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("created_at", Text, nullable=False),  # all times: ISO 8601, UTC
    Column("state", Text, nullable=False),
    Column("job", Text, nullable=False),  # settings.Job as JSON
    Column("pretended", Integer, nullable=False),  # 1: to the simulator, nobody was reached
    Column("facts", Text),  # source.SheetFacts as JSON; NULL while planning
    Column("hash", Text),
    Column("approved_at", Text),
    Column("ended_at", Text),
    Column("parent", Text),  # the run whose rows are tried again
    Column("purged_at", Text),  # its messages are gone; what they came to is in `tally`
    Column("campaign", Text),  # the campaign that it is a period's run of
    Column("period", Text, nullable=False, server_default=""),  # its key, e.g. 2026-11
    Column("costs", Text),  # prices.Costs as JSON, as reckoned while planning
    Column("consent_at", Text),  # when somebody approved a plan that waits for that
    Index("run_by_hash", "hash"),
)

message = Table(
    "message",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("destination", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("parts", Integer, nullable=False, server_default="0"),
    Column("encoding", Text, nullable=False, server_default=""),
    Column("reference", Text, nullable=False, server_default=""),
    Column("umid", Text, nullable=False, server_default=""),
    Column("oddities", Integer, nullable=False, server_default="0"),  # bits, by the renderer
    Column("saving", Integer, nullable=False, server_default="0"),  # parts, by plain punctuation
    Column("batch", Integer),
    Column("attempt", Integer, nullable=False, server_default="1"),  # sends of this row, from 1
    Column("held", Text, nullable=False, server_default=""),  # the run that has to be settled first
    Column("due", Text, nullable=False, server_default=""),  # when 8x8 is to send it; "" at once
    ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

batch = Table(
    "batch",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("claimed_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("batch_id", Text, nullable=False, server_default=""),  # 8x8's own
    Column("base_url", Text, nullable=False, server_default=""),  # where it was sent
    Column("subaccount", Text, nullable=False, server_default=""),
    Column("scheduled", Text, nullable=False, server_default=""),  # when 8x8 was to send it, UTC
    ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

attempt = Table(
    "attempt",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    Column("http_status", Integer),
    Column("error", Text, nullable=False, server_default=""),  # exception class, or 8x8's code
    Column("error_id", Text, nullable=False, server_default=""),
    ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

inquiry = Table(
    "inquiry",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("asked_at", Text, nullable=False),
    Column("found", Integer, nullable=False),  # unknown rows that the log shows
    Column("absent", Integer, nullable=False),  # that it lacks, provably
    Column("open", Integer, nullable=False),  # that it lacks, and that may still come
    ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

tally = Table(
    "tally",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("encoding", Text, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    ForeignKeyConstraint(["run"], ["run.no"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

suppression = Table(
    "suppression",
    metadata,
    Column("number", Text, primary_key=True),  # E.164 with +
    Column("source", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Index("suppression_by_time", "added_at", "number"),
    sqlite_with_rowid=False,
)

told = Table(
    "told",
    metadata,
    Column("campaign", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("told_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

price = Table(
    "price",
    metadata,
    Column("base_url", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("subaccount", Text, primary_key=True),
    Column("country", Text, primary_key=True),  # ISO 3166-1 alpha-2
    Column("lowest", Text, nullable=False),  # of its operators, a decimal; "": there is no price
    Column("dearest", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fetched_at", Text, nullable=False),
    sqlite_with_rowid=False,
)


# Batches of schema 1 went where their run's job says.
_FILL_ACCOUNTS = """
UPDATE batch
SET base_url = coalesce(json_extract(run.job, '$.base_url'), ''),
    subaccount = coalesce(json_extract(run.job, '$.subaccount'), '')
FROM run WHERE run.no = batch.run AND batch.base_url = ''
"""


# Of each campaign one run a period goes out; its tries again name it as their parent.
_INDEXES = (
    """
    CREATE UNIQUE INDEX IF NOT EXISTS run_by_period ON run (campaign, period, pretended)
    WHERE campaign IS NOT NULL AND approved_at IS NOT NULL AND parent IS NULL
    """,
    "CREATE INDEX IF NOT EXISTS message_by_due ON message (run, due, row) WHERE due <> ''",
)


def complete(connection: Connection) -> None:
    """Add what an older ledger (or an empty file) lacks: tables, and columns with defaults."""
    metadata.create_all(connection)
    there = inspect(connection)
    for table in metadata.sorted_tables:
        names = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                ddl = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {ddl}")
    connection.exec_driver_sql(_FILL_ACCOUNTS)
    for statement in _INDEXES:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

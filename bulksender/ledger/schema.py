"""The ledger's tables. SQLite, schema version 1 (`PRAGMA user_version`).

run      one row a run: what was asked, what was found in the sheet, the plan's hash, its state
message  one row a sheet row: its state, and what was (or would be) sent
batch    one row a POST: claimed before it leaves, settled by its answer
attempt  one row a try of a batch's POST: when, and what came back
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

SCHEMA_VERSION = 1

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

"""What the ledger is told and tells: states, tries, results, what 8x8's log shows, whole runs."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from bulksender.model import RowStatus


def iso(moment: datetime) -> str:
    """An aware time as the ledger writes it: ISO 8601, UTC, milliseconds; so they sort as texts."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


class RunState(StrEnum):
    """Where a run stands. Only SENDING and STOPPED runs can be resumed.

    WAITING: it was planned, and nobody has approved it yet.
    """

    PLANNING = "PLANNING"
    PLANNED = "PLANNED"
    WAITING = "WAITING"
    DECLINED = "DECLINED"
    SENDING = "SENDING"
    STOPPED = "STOPPED"
    FINISHED = "FINISHED"


class BatchState(StrEnum):
    """Where a batch stands. ABSENT: 8x8's log proved that it was never accepted."""

    SENDING = "SENDING"
    SETTLED = "SETTLED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    UNKNOWN = "UNKNOWN"
    ABSENT = "ABSENT"


class Attempt(Struct, frozen=True):
    """One try of a batch's POST. `error` is an exception class or 8x8's code; times are ISO."""

    started_at: str
    ended_at: str
    http_status: int | None = None
    error: str = ""
    error_id: str = ""


class Result(NamedTuple):
    """What the result sheet says of a row, beside the run's id."""

    row: int
    umid: str
    status: RowStatus
    detail: str
    destination: str
    parts: int
    encoding: str
    batch_id: str
    sent_at: str
    run: str
    variant: str = ""


class Group(NamedTuple):
    """A problem or a note that several rows share; `first` are the first of them."""

    status: str
    detail: str
    rows: int
    first: tuple[int, ...]


class BatchLine(NamedTuple):
    """A batch as `show` tells it; times are ISO 8601, `batch_id` is 8x8's own."""

    number: int
    state: BatchState
    attempts: tuple[Attempt, ...]
    rows: int
    claimed_at: str
    ended_at: str | None
    batch_id: str


class RunLine(NamedTuple):
    """A run as `runs` lists it. `purged` says that its messages were removed."""

    id: str
    state: RunState
    created_at: str
    sheet: str
    counts: dict[RowStatus, int]
    parent: str | None
    pretended: bool
    purged: bool
    approved: bool
    campaign: str | None = None
    period: str = ""
    consented: bool = False
    campaign_file: str = ""


class LogEntry(Struct, frozen=True):
    """A line of 8x8's log that names one of our messages.

    `batch` is the number in its clientBatchId, None where that is blank; `attempt` the one in its
    clientMessageId.
    """

    run: str
    row: int
    attempt: int
    batch: int | None
    umid: str
    status: RowStatus
    detail: str = ""
    batch_id: str = ""


class Inquiry(NamedTuple):
    """What a look into 8x8's log has settled: UNKNOWN rows found, absent, and still open.

    `absent` are proven not to have been accepted; `open` are not in the log either, but may still
    come. `missing` counts messages that 8x8 has accepted and the log lacks all the same: a log with
    gaps proves nothing. `settles_at` is when waiting alone will have proven the open ones absent;
    `resent` counts the absent ones that are READY again. `failed` says why one account's log could
    not be read, where that of another could.
    """

    asked_at: str
    found: int
    absent: int
    open: int
    missing: int = 0
    settles_at: str = ""
    resent: int = 0
    failed: str = ""

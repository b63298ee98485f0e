"""What the ledger tells: a run's state, a try's outcome, a row's result, a group of problems."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from bulksender.model import RowStatus


class RunState(StrEnum):
    """Where a run stands. Only SENDING and STOPPED runs can be resumed."""

    PLANNING = "PLANNING"
    PLANNED = "PLANNED"
    DECLINED = "DECLINED"
    SENDING = "SENDING"
    STOPPED = "STOPPED"
    FINISHED = "FINISHED"


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


class Group(NamedTuple):
    """A problem or a note that several rows share; `first` are the first of them."""

    status: str
    detail: str
    rows: int
    first: tuple[int, ...]

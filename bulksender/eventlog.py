"""What a run does, event by event, for machines that watch it: one line each, JSON or text.

An event is a struct of its own with a fixed set of fields: numbers, states, ids and times. None of
them holds a phone number, a text or an error's message, so a log is fit for any collector.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import msgspec
from msgspec import Struct

from bulksender.errors import BulksenderError, ExitCode
from bulksender.model import RowStatus

Clock = Callable[[], datetime]
"""The time of day, aware."""


class Event(Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all events have: the run's id, None where there is no run (yet)."""

    run: str | None = None


class RunPlanned(Event, frozen=True, kw_only=True, tag="run_planned"):
    """All rows were read and rendered. `counts` is status → rows; `parts` are SMS parts.

    `cost` is an amount of `currency` (ISO 4217); None where no prices are known.
    """

    rows: int
    counts: dict[RowStatus, int]
    batches: int
    parts: int
    cost: float | None = None
    currency: str = ""


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """Sending begins or goes on: `rows` wait in `batches`. `scheduled` is ISO 8601."""

    rows: int
    batches: int
    concurrency: int
    rehearsal: bool = False
    scheduled: str | None = None


class BatchSent(Event, frozen=True, kw_only=True, tag="batch"):
    """A batch has its outcome. `counts` is status → rows, `attempts` the tries of its POST.

    `http_status` is that of the last try, None where there was no answer; `batch_id` is 8x8's own;
    `seconds` from the first try to the last answer; `scheduled` ISO 8601.
    """

    number: int
    rows: int
    counts: dict[RowStatus, int]
    http_status: int | None
    attempts: int
    seconds: float
    batch_id: str = ""
    scheduled: str | None = None


class RunEnded(Event, frozen=True, kw_only=True, tag="run_ended"):
    """A run has ended, or stopped early: by its exit code."""

    exit_code: ExitCode
    rows: int
    counts: dict[RowStatus, int]
    batches: int
    parts: int
    seconds: float


class RunRefused(Event, frozen=True, kw_only=True, tag="run_refused"):
    """Nothing was sent. `reason` is the class of the error, as its message is for people."""

    reason: str
    exit_code: ExitCode

    def __post_init__(self) -> None:
        if not self.reason.isidentifier():
            raise ValueError("the reason in a log is the name of an error's class, no sentence")

    @classmethod
    def of(cls, error: BulksenderError, run: str | None = None) -> RunRefused:
        """The event that an error makes."""
        return cls(reason=type(error).__name__, exit_code=error.exit_code, run=run)


class Events(Protocol):
    """Whoever is told of events, from any thread. Telling never raises."""

    def event(self, event: Event) -> None:
        """Something has happened just now."""


class Silent:
    """Nobody is told."""

    def event(self, event: Event) -> None:
        """Keep it to oneself."""


def _now() -> datetime:
    return datetime.now(UTC)


class EventLog:
    """Writes a line for each event to a stream, whole, whichever thread has it.

    As JSON an object: `ts` (ISO 8601, UTC, milliseconds), `event`, then `campaign` and `period`
    where known, then the event's fields. Else a line of `name=value` in the same order, without
    those that are None. Only ASCII is written, with JSON's escapes, so that any stream takes it.
    """

    def __init__(self, stream: TextIO, json: bool = True, clock: Clock = _now):
        self._stream = stream
        self._json = json
        self._clock = clock
        self._about: dict[str, str] = {}
        self._turn = threading.RLock()  # a signal's handler may have an event amid another one

    def about(self, campaign: str, period: str = "") -> EventLog:
        """The same log, with a campaign and its period on each line."""
        made = EventLog(self._stream, self._json, self._clock)
        named = {"campaign": campaign, "period": period}
        made._about = {name: value for name, value in named.items() if value}
        made._turn = self._turn
        return made

    def event(self, event: Event) -> None:
        """Write an event; it is lost where the stream is closed or its reader gone."""
        fields = msgspec.to_builtins(event, order="deterministic")
        moment = self._clock().astimezone(UTC).isoformat(timespec="milliseconds")
        head = {"ts": moment.replace("+00:00", "Z"), "event": fields.pop("event")}
        line = _line(head | self._about | fields, self._json)
        with self._turn, suppress(OSError, ValueError, RuntimeError):
            self._stream.write(line + "\n")
            self._stream.flush()


def _line(fields: dict[str, Any], as_json: bool) -> str:
    if as_json:
        return json.dumps(fields, separators=(",", ":"))
    ts, event = fields.pop("ts"), fields.pop("event")
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        flat |= value if isinstance(value, dict) else {name: value}
    named = [f"{name}={_word(value)}" for name, value in flat.items() if value not in (None, "")]
    return " ".join([ts, event, *named])


def _word(value: str | float | bool) -> str:
    """A value as one word; a text that is more than one stands in quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = value.isascii() and value.isprintable() and not set(' "=\\') & set(value)
    return value if plain else json.dumps(value)

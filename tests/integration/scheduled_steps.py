"""What the tests of delivery and of cancelling share: a clock, runs by it, what was kept to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from bulksender import delivering
from bulksender.ledger import Run
from bulksender.model import Message
from bulksender.rules import Delivery, Pace
from bulksender.sender import RetryPolicy
from bulksender.simulator import Simulator
from bulksender.timetable import Places, may_go

if TYPE_CHECKING:
    from conftest import Desk

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday: 17:00 in Singapore, 18:00 in Tokyo, 09:00 in London, 04:00 in New York."""

WORKDAY = Delivery(timezone="Asia/Singapore", opens=time(9), closes=time(20), days=(0, 1, 2, 3, 4))
HOURLY = Delivery(timezone="Asia/Singapore", pace=Pace(10, "hour"))
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


FAST = RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.02)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **times: float) -> None:
        self.now += timedelta(**times)


def places(*numbers: str) -> list[Message]:
    """A message to each number, from row 2 on."""
    made = [Message(2, number, "", 1, "GSM7") for number in numbers]  # type: ignore[arg-type]
    return [
        msgspec.structs.replace(each, row=row, text=f"Text of row {row}")
        for row, each in enumerate(made, 2)
    ]


def in_turns(rows: int) -> list[Message]:
    """Messages to Singapore, London, New York and Tokyo, one after another."""
    kinds = ("+659123{:04}", "+447400{:06}", "+121255{:05}", "+819012{:06}")
    return places(*(kinds[row % 4].format(row + 50_000 * (row % 4 == 2)) for row in range(rows)))


def planned(desk: Desk, messages: Sequence[Message] | int, **changes: Any) -> Run:
    """A run with its times, approved."""
    run = desk.plan(messages, approve=False, **changes)
    delivering.give_times(run)
    run.approve()
    return run


class Given(NamedTuple):
    """A message as 8x8 got it: to whom, when, and when it is to be sent (None: at once)."""

    number: str
    at: datetime
    scheduled: datetime | None

    @property
    def goes(self) -> datetime:
        """When the person gets it."""
        return self.scheduled or self.at


def given(*simulators: Simulator) -> list[Given]:
    """What simulators have accepted."""
    return [
        Given("+" + each.destination.removeprefix("+"), each.created_at, each.scheduled)
        for sim in simulators
        for each in sim.messages
    ]


def assert_kept(found: Iterable[Given], rules: Delivery, rows: int) -> None:
    """Everybody got one message, inside the window, not above the pace, none late."""
    got = list(found)
    assert len({each.number for each in got}) == len(got) == rows
    where = Places(rules.timezone)
    for each in got:
        assert may_go(where.of(each.number), rules, each.goes), each
        assert each.scheduled is None or timedelta(0) < each.scheduled - each.at
        assert each.goes - each.at <= timedelta(days=7)
    if rules.pace is not None:
        most = max(fullest(each.goes for each in got)[rules.pace.unit])
        assert most <= rules.pace.messages


def fullest(moments: Iterable[datetime]) -> dict[str, list[int]]:
    """How many messages go out in the unit that begins with each of them, by unit."""
    ordered = sorted(moments)
    return {
        unit: [sum(start <= each < start + length for each in ordered) for start in ordered]
        for unit, length in _UNITS.items()
    }


def times_by_batch(sim: Simulator) -> Iterator[tuple[str | None, list[int]]]:
    """Of each batch POST that was accepted: when it is to be sent, and its rows."""
    for post in sim.posts:
        if post.accepted:
            body = msgspec.json.decode(post.body)
            rows = [int(each["clientMessageId"].split("-")[1].split(".")[0])
                    for each in body["messages"]]  # fmt: skip
            yield body["template"].get("scheduled"), rows


def hours_of(run: Run) -> Counter[str]:
    """When a run's messages go out, by the hour."""
    return Counter({each.hour: each.messages for each in delivering.hours(run)})

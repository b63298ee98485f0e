"""A campaign that nobody looks at, for a year: each period is sent once, nobody gets it twice.

The clock is given; each start is a real process, which is killed where it hurts; a timer fires at
every hour of the year. 8x8's record (the simulator's), the exports and the ledger must agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from campaign_world import (
    BUSY_OR_DONE,
    DAY,
    GRACE,
    HANGING,
    HOUR,
    REFUSED_NUMBER,
    Calendar,
    World,
    living,
)

from bulksender.simulator import ExportFaultKind, Fault, FaultKind

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
Month = Callable[[World, str], None]


def killed(world: World, nth: int) -> None:
    """A start whose nth and next POST 8x8 has accepted, and that dies before the answers."""
    arrived = len(world.simulator.posts) + nth + 1
    world.fault(FaultKind.SLOW, nth, 2, seconds=HANGING)
    child = world.begin()
    assert world.arrived(child, arrived), world.told_story()
    world.kill(child)
    world.judge(settled=False)


def at_once(world: World) -> list[int]:
    """Two timers fire at the same moment; the exit codes, the smaller one first."""
    children = [world.begin(), world.begin()]
    return sorted(world.end(child).code for child in children)


def all_is_well(world: World, period: str) -> None:
    first, second = at_once(world)
    assert first == 0 and second in BUSY_OR_DONE, world.told_story()
    world.start(8, "--period", period)
    assert world.told == [f"monthly {period} (rehearsal): {said(world, period)}"]


def said(world: World, period: str) -> str:
    return f"would be sent to {len(world.expected[period])} people"


def it_dies_in_the_middle(world: World, period: str) -> None:
    killed(world, 3)
    world.opt_out(period)
    world.later()
    world.start(0)


def the_machine_is_off_and_an_answer_is_lost(world: World, period: str) -> None:
    world.later(GRACE - 2 * HOUR)
    world.fault(FaultKind.CLOSE_AFTER, 2)
    world.start(5)
    world.later()
    world.start(0)


def nobody_is_there_within_grace(world: World, period: str) -> None:
    posts = len(world.simulator.posts)
    world.later(GRACE)
    world.start(3)
    world.timers(world.clock() + 3 * DAY)
    assert len(world.simulator.posts) == posts
    world.start(0, "--period", period)
    missed = f"monthly {period} (rehearsal): missed, nothing was sent"
    assert world.told.count(missed) == 1, world.told


def the_key_is_withdrawn(world: World, period: str) -> None:
    world.fault(FaultKind.UNAUTHORIZED, 3, 2)
    world.start(6)
    world.change_export(period)
    world.opt_out(period)
    for _ in range(3):
        world.later()
        world.start(6, BULKSENDER_API_KEY="withdrawn")
    world.judge(settled=False)
    world.later(3 * DAY)
    world.start(0)


def nobody_answers(world: World, period: str) -> None:
    """8x8 is out of reach, and the machine is shut down while it is tried again."""
    world.simulator.stop()
    child = world.begin()
    world.claimed(period)
    child.terminate()
    assert world.end(child).code == 6, world.told_story()
    world.simulator.start()
    world.change_export(period)
    world.later(GRACE + DAY)  # it has begun: grace is for what has not
    world.start(0)


def it_dies_while_8x8_asks_to_wait(world: World, period: str) -> None:
    posts = len(world.simulator.posts)
    world.fault(FaultKind.TOO_MANY, 3, 2, retry_after=HANGING)
    child = world.begin()
    assert world.arrived(child, posts + 4), world.told_story()
    world.start(7)
    world.start(7, "--period", period)
    world.kill(child)
    world.opt_out(period)
    world.later()
    world.start(5)  # the log lags: nobody knows yet that 8x8 has not accepted them
    world.judge(settled=False)
    world.later()
    world.start(0)


def the_log_cannot_be_read(world: World, period: str) -> None:
    for kind in (FaultKind.INTERNAL_AFTER, FaultKind.TRUNCATED, FaultKind.CLOSE_BEFORE):
        world.fault(kind, 2 + len(kind.value) % 3)
    world.start(5)
    for _ in range(2):
        world.simulator.inject(Fault(ExportFaultKind.FAILED))
        world.later()
        world.start(5)
        world.judge(settled=False)
    world.later()
    world.start(0)


def the_export_is_half_written(world: World, period: str) -> None:
    whole = world.shell.folder / f"exports/contacts-{period}.csv"
    text = whole.read_text()
    whole.write_text(text.partition("\n")[0] + "\n")
    world.start(3)
    whole.write_text(text)
    world.later()
    world.start(0)


def somebody_is_rejected(world: World, period: str) -> None:
    world.start(4)


def five_in_a_row_are_lost(world: World, period: str) -> None:
    world.fault(FaultKind.CLOSE_BEFORE, 1, 3)
    world.fault(FaultKind.CLOSE_AFTER, 4, 2)
    ended = world.end(world.begin())
    assert ended.code in (5, 6), world.told_story()  # 6 where others were kept back
    world.judge(settled=False)
    world.later()
    first, second = at_once(world)
    assert first in (0, 5) and second in BUSY_OR_DONE, world.told_story()
    world.later()
    world.start(0 if first else 8)


def it_dies_again_and_again(world: World, period: str) -> None:
    killed(world, 2)
    world.later()
    killed(world, 1)
    world.opt_out(period)
    world.later()
    first, second = at_once(world)
    assert first in (0, 5) and second in BUSY_OR_DONE, world.told_story()
    world.later()
    world.start(0 if first else 8)


YEAR: tuple[Month, ...] = (
    all_is_well,
    it_dies_in_the_middle,
    the_machine_is_off_and_an_answer_is_lost,
    nobody_is_there_within_grace,
    the_key_is_withdrawn,
    nobody_answers,
    it_dies_while_8x8_asks_to_wait,
    the_log_cannot_be_read,
    the_export_is_half_written,
    somebody_is_rejected,
    five_in_a_row_are_lost,
    it_dies_again_and_again,
)


def periods_from(first: str, count: int) -> list[str]:
    year, month = map(int, first.split("-"))
    months = range(year * 12 + month - 1, year * 12 + month - 1 + count)
    return [f"{each // 12}-{each % 12 + 1:02}" for each in months]


@pytest.mark.parametrize(
    ("calendar", "first"),
    [
        pytest.param(Calendar(NEW_YORK), "2026-01", id="new-york"),
        # due in the hour that comes twice (2027-10-31), and on the 29th of a leap year's February
        pytest.param(Calendar(BERLIN), "2027-03", id="berlin"),
    ],
)
def test_a_year_of_a_campaign_that_nobody_looks_at(
    tmp_path: Path, calendar: Calendar, first: str
) -> None:
    year, month = map(int, first.split("-"))
    begins = datetime(year, month, 4, tzinfo=UTC)  # no earlier period is within its grace
    with living(World(tmp_path, calendar, begins)) as world:
        for period, happens in zip(periods_from(first, 12), YEAR, strict=True):
            world.timers(calendar.due(period) - timedelta(minutes=5))
            world.export(period, *[REFUSED_NUMBER] * (happens is somebody_is_rejected))
            world.start(8)
            world.later(timedelta(minutes=10))
            happens(world, period)
            world.judge()
            world.start(8)
            world.opt_out(period)
        world.timers(world.clock() + 14 * DAY)
        world.judge()
        assert len(world.simulator.messages) == sum(map(len, world.expected.values()))

"""The ledger fails while a run is being sent: nothing is lost, nothing goes out unrecorded.

The failure is a real one: triggers in the ledger's file that refuse what a full disk would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bulksender import campaign
from bulksender.errors import ExitCode
from bulksender.ledger import RunState
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Desk

REFUSE_CLAIM = """
CREATE TRIGGER full BEFORE INSERT ON batch WHEN new.number = {batch}
BEGIN SELECT raise(ABORT, 'database or disk is full'); END
"""
REFUSE_RESULT = """
CREATE TRIGGER full BEFORE UPDATE ON batch WHEN new.number = {batch} AND new.state <> 'SENDING'
BEGIN SELECT raise(ABORT, 'database or disk is full'); END
"""


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("batch", [1, 3, 5])
def test_a_batch_that_cannot_be_claimed_does_not_leave(
    desk: Desk, simulated: Callable[..., Simulator], batch: int, concurrency: int
) -> None:
    sim = simulated()
    run = desk.plan(25, concurrency=concurrency)
    desk.query(REFUSE_CLAIM.format(batch=batch))

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert "disk is full" in stopped
    assert len(sim.posts) == batch - 1
    sent = 5 * (batch - 1)
    assert desk.counts(run) == {
        name: rows for name, rows in (("QUEUED", sent), ("READY", 25 - sent)) if rows
    }
    assert desk.code(run, stopped) is ExitCode.STOPPED

    desk.query("DROP TRIGGER full")
    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    assert desk.counts(again) == {"QUEUED": 25}
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("batch", [1, 3, 5])
def test_a_result_that_cannot_be_recorded_is_unknown_when_the_run_is_resumed(
    desk: Desk, simulated: Callable[..., Simulator], batch: int, concurrency: int
) -> None:
    sim = simulated()
    run = desk.plan(25, concurrency=concurrency)
    desk.query(REFUSE_RESULT.format(batch=batch))

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert desk.counts(run)["SENDING"] == 5
    assert desk.code(run, stopped) is ExitCode.STOPPED

    desk.query("DROP TRIGGER full")
    again = desk.reopened(run)
    desk.send(again, sim)
    assert desk.counts(again) == {"QUEUED": 20, "UNKNOWN": 5}
    assert desk.code(again, None) is ExitCode.UNKNOWN
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25


def test_a_run_whose_last_result_was_not_recorded_waits_to_be_resumed(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    run = desk.plan(5)
    desk.query(REFUSE_RESULT.format(batch=1))

    desk.send(run, simulated())

    assert desk.ledger.run(run.id).state is RunState.STOPPED
    assert campaign.resumable(None, desk.ledger).id == run.id

"""An answer and the next batch's claim go to the disk together; neither takes the other down."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from bulksender.model import Batch
from bulksender.sender import Sender
from bulksender.settings import Account
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Desk

Simulated = Callable[..., Simulator]


def account(sim: Simulator) -> Account:
    return Account(sim.base_url, sim.subaccount, sim.api_key)


def refuse(desk: Desk, batch: int, state: str) -> None:
    """From now on the ledger does not take that a batch is in this state."""
    with closing(sqlite3.connect(desk.path)) as connection:
        connection.execute(
            f"CREATE TRIGGER refused BEFORE UPDATE ON batch WHEN new.number = {batch} "
            f"AND new.state = '{state}' BEGIN SELECT raise(ABORT, 'no room'); END"
        )


def answered(sim: Simulator, posts: int) -> None:
    """Wait until the server has answered so often, and the answers have come."""
    while len(sim.posts) < posts:
        time.sleep(0.01)
    time.sleep(0.2)


def test_an_answer_is_recorded_although_the_next_batch_cannot_be_claimed(
    desk: Desk, simulated: Simulated
) -> None:
    sim = simulated()
    run = desk.plan(10, concurrency=1)
    told: list[dict[str, int]] = []
    sender = Sender(run, account(sim), progress=lambda counts: told.append({**counts}))
    messages = list(run.ready())
    with sender:
        assert sender.submit(Batch(run.id, 1, messages[:5]))
        assert not sender.submit(Batch(run.id, 2, messages[:6])), "five of them are on their way"
    assert sender.stopped is not None
    assert "6 rows were to be claimed and 1 were READY" in sender.stopped
    assert desk.counts(run) == {"QUEUED": 5, "READY": 5}
    assert told == [{"QUEUED": 5}]
    assert len(sim.posts) == 1


def test_of_two_answers_one_is_recorded_although_the_other_cannot_be(
    desk: Desk, simulated: Simulated
) -> None:
    sim = simulated()
    run = desk.plan(15, concurrency=2)
    sender = Sender(run, account(sim))
    messages = list(run.ready())
    refuse(desk, 1, "SETTLED")
    with sender:
        assert sender.submit(Batch(run.id, 1, messages[:5]))
        assert sender.submit(Batch(run.id, 2, messages[5:10]))
        answered(sim, 2)
        assert not sender.submit(Batch(run.id, 3, messages[10:])), "the run has to stop"
    assert sender.stopped is not None
    assert sender.stopped.endswith("What was in flight is UNKNOWN when the run is resumed.")
    assert desk.counts(run) == {"SENDING": 5, "QUEUED": 5, "READY": 5}
    assert {row.row for row in run.outcomes() if row.status == "QUEUED"} == {7, 8, 9, 10, 11}
    assert len(sim.posts) == 2


def test_a_batch_is_on_the_disk_as_sending_before_it_leaves(
    desk: Desk, simulated: Simulated
) -> None:
    seen: list[list[str]] = []
    sim = simulated()
    run = desk.plan(15, concurrency=1)
    sender = Sender(run, account(sim))
    messages = list(run.ready())
    with sender:
        for number in (1, 2, 3):
            assert sender.submit(Batch(run.id, number, messages[5 * number - 5 : 5 * number]))
            with closing(sqlite3.connect(desk.path)) as other:
                found = other.execute("SELECT state FROM batch ORDER BY number").fetchall()
            seen.append([state for (state,) in found])
    assert seen == [["SENDING"], ["SETTLED", "SENDING"], ["SETTLED", "SETTLED", "SENDING"]]
    assert desk.counts(run) == {"QUEUED": 15}


def test_a_transaction_inside_another_ends_with_it(desk: Desk) -> None:
    run = desk.plan(5)
    with desk.ledger.transaction():
        with desk.ledger.transaction() as inner:
            inner.exec_driver_sql("UPDATE message SET detail = 'changed'")
        with closing(sqlite3.connect(desk.path)) as other:
            [(before,)] = other.execute("SELECT count(*) FROM message WHERE detail <> ''")
    assert before == 0, "not before the outer one has ended"
    assert {row.detail for row in run.outcomes()} == {"changed"}


def test_what_fails_inside_takes_the_outer_transaction_back(desk: Desk) -> None:
    run = desk.plan(5)
    try:
        with desk.ledger.transaction() as outer:
            outer.exec_driver_sql("UPDATE message SET detail = 'changed'")
            with desk.ledger.transaction():
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert {row.detail for row in run.outcomes()} == {""}
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET detail = 'again'")
    assert {row.detail for row in run.outcomes()} == {"again"}

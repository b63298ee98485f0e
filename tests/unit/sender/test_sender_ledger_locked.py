"""Another process holds the ledger: nothing leaves that is not claimed, nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bulksender import campaign
from bulksender.errors import ExitCode, LedgerError
from bulksender.ledger import Ledger, RunState
from bulksender.model import Batch
from bulksender.sender import Sender
from bulksender.settings import Account
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
SAID = "database is locked. Wait until no other program writes to it, and try again"


class Holder:
    """Another connection to the ledger, which can keep all others from writing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def hold(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE").close()

    def let_go(self) -> None:
        self._connection.execute("ROLLBACK").close()


@pytest.fixture
def impatient(desk: Desk) -> Desk:
    desk.ledger.close()
    desk.ledger = Ledger(desk.path, durable=False, patience=0.05)
    return desk


@pytest.fixture
def other(desk: Desk) -> Iterator[Holder]:
    with closing(
        sqlite3.connect(desk.path, isolation_level=None, check_same_thread=False)
    ) as connection:
        yield Holder(connection)


def resumed(desk: Desk, run_id: str, sim: Simulator | str) -> dict[str, int]:
    again = desk.reopened(desk.ledger.run(run_id))
    assert desk.send(again, sim) is None
    return desk.counts(again)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_batch_that_cannot_be_claimed_in_time_is_not_posted(
    impatient: Desk, other: Holder, simulated: Callable[..., Simulator], concurrency: int
) -> None:
    sim = simulated()
    run = impatient.plan(25, concurrency=concurrency)
    sender = Sender(run, Account(sim.base_url, sim.subaccount, sim.api_key))
    other.hold()
    with sender:
        messages = list(run.ready())
        assert not sender.submit(Batch(run.id, 1, messages[:5]))
        assert not sender.submit(Batch(run.id, 2, messages[5:10])), "nor is anything after it"
    assert sender.stopped == f"The ledger {impatient.path}: {SAID}."
    assert sim.posts == []
    other.let_go()
    run.end()
    assert impatient.counts(run) == {"READY": 25}
    assert impatient.code(run, sender.stopped) is ExitCode.STOPPED
    assert resumed(impatient, run.id, sim) == {"QUEUED": 25}
    assert len(sim.messages) == 25


def test_an_answer_that_cannot_be_recorded_stops_and_is_unknown_when_resumed(
    impatient: Desk, other: Holder, raw_server: RawServers
) -> None:
    posted: list[str] = []

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            answer = request.queued()
            posted.append(answer["clientBatchId"])
            if len(posted) == 2:
                other.hold()
            peer.answer(answer)

    url = raw_server(serve).base_url
    run = impatient.plan(25)
    with pytest.raises(LedgerError, match=SAID):  # nor can it be recorded that it has ended
        impatient.send(run, url)
    assert posted == [f"{run.id}-1", f"{run.id}-2"]
    other.let_go()

    found = impatient.ledger.run(run.id)
    assert found.state is RunState.SENDING
    assert impatient.counts(found) == {"QUEUED": 5, "SENDING": 5, "READY": 15}
    assert resumed(impatient, run.id, url) == {"QUEUED": 20, "UNKNOWN": 5}
    assert len(posted) == len(set(posted)) == 5


def test_a_sender_says_that_what_was_in_flight_is_unknown(
    impatient: Desk, other: Holder, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    run = impatient.plan(5)
    sender = Sender(run, Account(sim.base_url, sim.subaccount, sim.api_key))
    with sender:
        assert sender.submit(Batch(run.id, 1, list(run.ready())))
        other.hold()
    assert sender.stopped == (
        f"The ledger {impatient.path}: {SAID}. What was in flight is UNKNOWN when the run is "
        "resumed."
    )
    other.let_go()
    run.settle_orphans()
    assert impatient.counts(run) == {"UNKNOWN": 5}


def test_an_end_that_cannot_be_recorded_can_be_resumed(
    impatient: Desk, other: Holder, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    run = impatient.plan(5)
    sender = Sender(
        run,
        Account(sim.base_url, sim.subaccount, sim.api_key),
        progress=lambda counts: other.hold(),  # once the answer is recorded
    )
    with pytest.raises(LedgerError, match=SAID):
        campaign.send(run, sender)
    other.let_go()
    found = campaign.resumable(None, impatient.ledger)
    assert (found.id, impatient.counts(found)) == (run.id, {"QUEUED": 5})
    assert resumed(impatient, run.id, sim) == {"QUEUED": 5}
    assert len(sim.posts) == 1


def test_a_lock_that_is_given_back_in_time_harms_nothing(
    desk: Desk, other: Holder, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    run = desk.plan(25)
    other.hold()
    timer = threading.Timer(0.1, other.let_go)
    timer.start()
    assert desk.send(run, sim) is None
    timer.join()
    assert desk.counts(run) == {"QUEUED": 25}

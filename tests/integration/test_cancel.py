"""`bulksender cancel`: what is still scheduled is called back, and each row says what became of it.

A ledger and a simulator by one clock; what the simulator has left to send is the judge.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scheduled_steps import FAST, Clock, planned
from shell import Shell

from bulksender import campaign, cancelling, retrying
from bulksender.cancelling import Cancelled
from bulksender.errors import ExitCode, Refused
from bulksender.ledger import Ledger, Run, RunState, purge_runs
from bulksender.rules import Delivery, Pace
from bulksender.sender import Patience, Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

Simulated = Callable[..., Simulator]
RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
HASTY = Patience(attempts=3, first_wait=0.001, longest_wait=0.002)
FIVE_AN_HOUR = Delivery(pace=Pace(5, "hour"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(desk: Desk, clock: Clock) -> Desk:
    """A desk whose ledger goes by the clock."""
    desk.ledger.close()
    desk.ledger = Ledger(desk.path, clock=clock, durable=False)
    return desk


class Ticking:
    """The same clock, a second later whenever it is asked: 8x8 answers one look a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked = 0

    def __call__(self) -> datetime:
        self._asked += 1
        return self._clock() + timedelta(seconds=self._asked)


@pytest.fixture
def sim(simulated: Simulated, clock: Clock) -> Simulator:
    return simulated(clock=Ticking(clock))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bulksender.sender.cancel.BETWEEN_LOOKS", 0.0)


def account(sim: Simulator | str) -> Account:
    if isinstance(sim, str):
        return Account(sim, "simulator", "key")
    return Account(sim.base_url, sim.subaccount, sim.api_key)


def scheduled(desk: Desk, sim: Simulator, rows: int = 15, **changes: Any) -> Run:
    """A run in batches of 5 that 8x8 is to send in 3 hours."""
    due = (desk.ledger.clock() + timedelta(hours=3)).isoformat()
    run = desk.plan(rows, **({"scheduled": due, "base_url": sim.base_url} | changes))
    desk.send(run, sim)
    return run


def cancel(desk: Desk, run: Run, sim: Simulator | str) -> Cancelled:
    """What the command does with a run, from the ledger."""
    with desk.ledger.owning(run.id):
        found = desk.ledger.run(run.id)
        cancelling.cancellable(found)
        told = cancelling.cancel(found, account(sim), HASTY)
    assert found.state is RunState.FINISHED
    assert sum(found.counts().values()) == sum(run.counts().values())
    return told


def told(run: Run, **counts: int) -> Cancelled:
    none = {"caught": 0, "waiting": 0, "missed": 0, "unsure": 0, "unknown": 0}
    return Cancelled(run=run.id, **(none | {"batches": 3} | counts))


def left(sim: Simulator) -> Counter[str]:
    """The states of the messages at 8x8."""
    return Counter(each.state for each in sim.messages)


# At 8x8


def test_what_is_scheduled_is_cancelled_and_keeps_its_umid(desk: Desk, sim: Simulator) -> None:
    run = scheduled(desk, sim)
    umids = {row: result.umid for row, result in desk.rows(run).items()}
    found = cancel(desk, run, sim)
    assert found == told(run, caught=15)
    assert cancelling.ending(found) is ExitCode.DONE
    rows = desk.rows(run)
    assert {row: result.umid for row, result in rows.items()} == umids
    assert {(r.status.value, r.detail) for r in rows.values()} == {
        ("CANCELLED", "cancelled before it was sent")
    }
    assert left(sim) == {"cancelled": 15}


class Batches:
    """8x8 of a run's batches: it notes the DELETEs, and answers them and the looks as it is told.

    `deletes` are the answers to the DELETEs in turn (an int is a count, None drops the connection),
    the last one again and again; `states` are the messages' by row, "queued" where none is given.
    """

    def __init__(self, deletes: list[int | str | None], states: dict[int, str]) -> None:
        self.deletes = deletes
        self.states = states
        self.posts: list[str] = []
        self.asked: list[str] = []

    def __call__(self, peer: Peer) -> None:
        while (request := peer.request()) is not None:
            method, path, _ = request.head[0].split(" ")
            self.asked.append(f"{method} {path.rpartition('/')[2]}")
            if method == "POST":
                self.posts.append(f"batch-{len(self.posts) + 1}")
                peer.answer({**request.queued(), "batchId": self.posts[-1]})
            elif method == "DELETE":
                answer = self.deletes.pop(0) if len(self.deletes) > 1 else self.deletes[0]
                if answer is None:
                    return
                self._answer(peer, answer, {"cancelledCount": answer})
            else:
                row = int(path.rpartition("-")[2])
                state = self.states.get(row, "queued")
                self._answer(peer, state, {"status": {"state": state}})

    def _answer(self, peer: Peer, answer: int | str, body: object) -> None:
        if answer == "404":
            peer.answer({"code": 1300, "message": "no such message"}, "404 Not Found")
        else:
            peer.answer(body)

    @property
    def deleted(self) -> list[str]:
        return [each.removeprefix("DELETE ") for each in self.asked if each.startswith("DELETE")]

    @property
    def looks(self) -> int:
        return sum(each.startswith("GET") for each in self.asked)


def at_batches(
    desk: Desk,
    raw_server: RawServers,
    rows: int,
    *deletes: int | str | None,
    states: dict[int, str] | None = None,
) -> tuple[Run, Batches, str]:
    """A run that such a server has accepted, and where it is."""
    batches = Batches(list(deletes), states or {})
    url = raw_server(batches).base_url
    due = (desk.ledger.clock() + timedelta(hours=3)).isoformat()
    run = desk.plan(rows, base_url=url, scheduled=due)
    assert desk.send(run, url) is None
    return run, batches, url


def test_the_soonest_batch_is_cancelled_first(desk: Desk, raw_server: RawServers) -> None:
    run, batches, url = at_batches(desk, raw_server, 15, 5)
    soonest = {1: "2026-03-04", 2: "2026-03-03", 3: "2026-03-05"}
    with desk.ledger.transaction() as connection:
        for number, day in soonest.items():
            values = (f"{day}T10:00:00.000+00:00", run.no, number)
            connection.exec_driver_sql(
                "UPDATE batch SET scheduled = ? WHERE run = ? AND number = ?", values
            )
    assert cancel(desk, run, url) == told(run, caught=15)
    assert batches.deleted == ["batch-2", "batch-1", "batch-3"]
    assert batches.looks == 0


def test_batches_of_a_delivery_are_cancelled_each_by_itself(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = planned(desk, 15, delivery=FIVE_AN_HOUR, base_url=sim.base_url)
    desk.send(run, sim)
    times = sorted({each.scheduled for each in sim.messages if each.scheduled})
    clock.now = times[3] + timedelta(minutes=1)  # four slots have gone, each of one message
    found = cancel(desk, run, sim)
    assert found.caught == 11
    assert found.missed == 0
    assert desk.counts(run) == {"QUEUED": 4, "CANCELLED": 11}
    assert cancelling.ending(found) is ExitCode.DONE


def test_what_is_within_three_minutes_of_its_time_goes_out_and_says_so(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = planned(desk, 15, delivery=FIVE_AN_HOUR, base_url=sim.base_url)
    desk.send(run, sim)
    times = sorted({each.scheduled for each in sim.messages if each.scheduled})
    clock.now = times[3] - timedelta(minutes=2)
    found = cancel(desk, run, sim)
    assert (found.caught, found.missed) == (11, 1)
    assert cancelling.ending(found) is ExitCode.REJECTED
    assert desk.counts(run) == {"QUEUED": 4, "CANCELLED": 11}
    assert left(sim) == {"queued": 4, "cancelled": 11}


def test_of_a_batch_that_was_partly_caught_each_message_is_asked_for(
    desk: Desk, sim: Simulator
) -> None:
    run = scheduled(desk, sim, 5)
    umids = {row: result.umid for row, result in desk.rows(run).items()}
    for row, state in {3: "sent", 4: "delivered", 6: "rejected"}.items():
        sim.deliver(umids[row], state)
    found = cancel(desk, run, sim)
    assert found == told(run, caught=2, missed=3, batches=1)
    assert cancelling.ending(found) is ExitCode.REJECTED
    states = {row: result.status.value for row, result in desk.rows(run).items()}
    assert states == {2: "CANCELLED", 3: "SENT", 4: "DELIVERED", 5: "CANCELLED", 6: "REJECTED"}
    assert {row: result.umid for row, result in desk.rows(run).items()} == umids


def test_a_state_that_nobody_knows_leaves_the_row_as_it_was(
    desk: Desk, raw_server: RawServers
) -> None:
    states = {2: "failed", 3: "on its way", 4: "queued", 5: "failed", 6: "failed"}
    run, batches, url = at_batches(desk, raw_server, 5, 3, states=states)
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET detail = 'UCS-2 because of one sign'")
    assert cancel(desk, run, url) == told(run, caught=3, missed=2, batches=1)
    assert {r.detail for r in desk.rows(run).values() if r.status == "QUEUED"} == {
        "UCS-2 because of one sign"
    }
    assert desk.counts(run) == {"CANCELLED": 3, "QUEUED": 2}
    assert batches.looks == 5


def test_where_no_state_is_known_all_rows_stay_as_they_were(
    desk: Desk, raw_server: RawServers
) -> None:
    states = dict.fromkeys(range(2, 7), "on its way")
    run, batches, url = at_batches(desk, raw_server, 5, 3, states=states)
    assert cancel(desk, run, url) == told(run, missed=5, batches=1)
    assert desk.counts(run) == {"QUEUED": 5}
    assert batches.looks == 5


@pytest.mark.parametrize("answers", [(None, 0), (None, None, 0)])
def test_a_lost_answer_and_a_second_count_of_none_end_in_the_truth(
    desk: Desk, raw_server: RawServers, answers: tuple[int | None, ...]
) -> None:
    states = dict.fromkeys(range(2, 7), "failed")
    run, batches, url = at_batches(desk, raw_server, 5, *answers, states=states)
    found = cancel(desk, run, url)
    assert found == told(run, caught=5, batches=1)
    assert desk.counts(run) == {"CANCELLED": 5}
    assert batches.deleted == ["batch-1"] * len(answers)


@pytest.mark.parametrize("row", [2, 6])
def test_after_a_lost_answer_a_part_that_was_caught_is_found(
    desk: Desk, raw_server: RawServers, row: int
) -> None:
    run, _, url = at_batches(desk, raw_server, 5, None, 0, states={row: "failed"})
    assert cancel(desk, run, url) == told(run, caught=1, missed=4, batches=1)
    assert {r.row for r in desk.rows(run).values() if r.status == "CANCELLED"} == {row}


def test_a_count_of_none_is_believed_when_nothing_was_cancelled(
    desk: Desk, raw_server: RawServers
) -> None:
    run, batches, url = at_batches(desk, raw_server, 5, 0)
    assert cancel(desk, run, url) == told(run, missed=5, batches=1)
    assert desk.counts(run) == {"QUEUED": 5}
    assert batches.looks == 2


def test_a_batch_of_one_is_looked_at_once(desk: Desk, raw_server: RawServers) -> None:
    run, batches, url = at_batches(desk, raw_server, 1, 0)
    assert cancel(desk, run, url) == told(run, missed=1, batches=1)
    assert batches.looks == 1


def test_where_the_looks_fail_nothing_is_claimed_and_it_can_be_given_again(
    desk: Desk, raw_server: RawServers
) -> None:
    states = {2: "failed", 3: "failed", 4: "queued", 5: "404", 6: "queued"}
    run, batches, url = at_batches(desk, raw_server, 10, 2, 5, states=states)
    found = cancel(desk, run, url)
    assert (found.caught, found.unsure, found.missed) == (5, 5, 0)
    assert "HTTP 404" in found.reason
    assert cancelling.ending(found) is ExitCode.STOPPED
    assert desk.counts(run) == {"QUEUED": 5, "CANCELLED": 5}

    states[5] = "queued"
    batches.deletes[:] = [0]
    assert cancel(desk, run, url) == told(run, caught=2, missed=3, batches=1)
    assert desk.counts(run) == {"QUEUED": 3, "CANCELLED": 7}


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=2)])
def test_with_8x8_out_of_reach_nothing_is_claimed_and_it_can_be_given_again(
    desk: Desk, sim: Simulator, clock: Clock, later: timedelta
) -> None:
    run = scheduled(desk, sim)
    sim.stop()
    found = cancel(desk, run, sim)
    assert (found.caught, found.unsure, found.batches) == (0, 15, 3)
    assert "cannot be reached" in found.reason
    assert cancelling.ending(found) is ExitCode.STOPPED
    assert desk.counts(run) == {"QUEUED": 15}
    clock.now += later
    with sim:
        assert cancel(desk, run, sim) == told(run, caught=15)
    assert left(sim) == {"cancelled": 15}


# What is not known


def test_of_a_batch_that_was_lost_it_is_told_that_nobody_knows(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    faults = [Fault(FaultKind.CLOSE_AFTER, post=2)]
    sim = simulated(clock=Ticking(clock), faults=faults)
    run = scheduled(desk, sim)
    found = cancel(desk, run, sim)
    assert found == told(run, caught=10, unknown=5, batches=2)
    assert cancelling.ending(found) is ExitCode.UNKNOWN
    assert desk.counts(run) == {"CANCELLED": 10, "UNKNOWN": 5}
    with pytest.raises(Refused, match=f"Of 5 messages .* `bulksender reconcile {run.id}`"):
        cancel(desk, run, sim)


def test_what_an_answer_has_left_out_is_cancelled_with_its_batch(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=Ticking(clock), faults=[Fault(FaultKind.MISSING)])
    run = scheduled(desk, sim, 5)
    before = desk.counts(run)
    assert before.keys() == {"QUEUED", "UNKNOWN"}
    assert cancel(desk, run, sim) == told(run, caught=5, batches=1)
    assert desk.counts(run) == {"CANCELLED": 5}
    assert left(sim) == {"cancelled": 5}
    assert [line.state.value for line in run.batch_lines()] == ["SETTLED"]


def test_what_an_answer_has_left_out_and_8x8_never_had_stays_unknown(
    desk: Desk, raw_server: RawServers
) -> None:
    states = dict.fromkeys(range(2, 7), "failed")
    run, _, url = at_batches(desk, raw_server, 5, 4, states=states)
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET status = 'UNKNOWN', umid = '' WHERE row = 4")
    found = cancel(desk, run, url)
    assert found == told(run, caught=4, unknown=1, batches=1)
    assert cancelling.ending(found) is ExitCode.UNKNOWN
    assert desk.counts(run) == {"CANCELLED": 4, "UNKNOWN": 1}


def test_what_a_dead_process_had_in_flight_is_told_as_unknown(desk: Desk, sim: Simulator) -> None:
    run = scheduled(desk, sim, 10)
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql("UPDATE message SET status = 'SENDING' WHERE batch = 2")
        connection.exec_driver_sql(
            "UPDATE batch SET state = 'SENDING', batch_id = '' WHERE number = 2"
        )
    assert cancel(desk, run, sim) == told(run, caught=5, unknown=5, batches=1)
    assert desk.counts(run) == {"CANCELLED": 5, "UNKNOWN": 5}


# What waits here


def test_what_waits_in_a_stopped_run_is_never_sent(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    faults = [Fault(FaultKind.UNAUTHORIZED, post=2)]
    sim = simulated(clock=Ticking(clock), faults=faults)
    run = scheduled(desk, sim)
    assert desk.counts(run) == {"QUEUED": 5, "READY": 10}
    found = cancel(desk, run, sim)
    assert found == told(run, caught=5, waiting=10, batches=1)
    assert cancelling.ending(found) is ExitCode.DONE
    rows = desk.rows(run)
    assert desk.counts(run) == {"CANCELLED": 15}
    assert rows[16].detail == "cancelled before 8x8 was given it"
    assert rows[16].umid == ""

    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    assert len(sim.posts) == 2
    assert desk.counts(again) == {"CANCELLED": 15}
    with pytest.raises(Refused, match="no row left"):
        retrying.retry(again, again.job, desk.ledger)


def test_with_8x8_out_of_reach_what_waits_here_is_cancelled_all_the_same(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=clock, faults=[Fault(FaultKind.UNAUTHORIZED, post=2)])
    run = scheduled(desk, sim)
    sim.stop()
    found = cancel(desk, run, sim)
    assert (found.waiting, found.unsure) == (10, 5)
    assert desk.counts(run) == {"QUEUED": 5, "CANCELLED": 10}


def test_of_a_run_that_was_to_go_at_once_only_what_waits_is_cancelled(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=clock, faults=[Fault(FaultKind.UNAUTHORIZED, post=2)])
    run = desk.plan(15, base_url=sim.base_url)
    desk.send(run, sim)
    assert cancel(desk, run, sim) == told(run, waiting=10, batches=0)
    assert desk.counts(run) == {"QUEUED": 5, "CANCELLED": 10}


# What cannot be cancelled


def test_when_their_time_has_come_there_is_nothing_to_cancel(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = scheduled(desk, sim)
    clock.wait(hours=3)
    with pytest.raises(Refused, match="is scheduled at 8x8 any more"):
        cancel(desk, run, sim)
    assert desk.counts(run) == {"QUEUED": 15}


def test_what_was_cancelled_is_not_cancelled_again(desk: Desk, sim: Simulator) -> None:
    run = scheduled(desk, sim)
    cancel(desk, run, sim)
    with pytest.raises(Refused, match="is scheduled at 8x8 any more"):
        cancel(desk, run, sim)


def test_a_run_that_nobody_approved_has_nothing_to_cancel(desk: Desk, sim: Simulator) -> None:
    run = desk.plan(5, approve=False)
    with pytest.raises(Refused, match="was never approved"):
        cancel(desk, run, sim)
    assert desk.counts(run) == {"READY": 5}


def test_a_run_whose_texts_are_gone_has_nothing_to_cancel(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = scheduled(desk, sim)
    clock.wait(days=1)
    purge_runs(desk.ledger, desk.ledger.now())
    with pytest.raises(Refused, match="were removed"):
        cancel(desk, run, sim)


def test_of_a_rehearsal_whose_simulator_is_gone_nothing_is_scheduled(
    desk: Desk, sim: Simulator
) -> None:
    run = scheduled(desk, sim, simulate=True)
    with pytest.raises(Refused, match="is scheduled at 8x8 any more"):
        cancel(desk, run, sim)


def test_a_plan_that_waits_for_approval_is_dropped(desk: Desk) -> None:
    run = desk.plan(5, approve=False)
    run.wait_for_consent()
    cancelling.cancellable(run)
    assert cancelling.drop_plan(run)
    assert run.state is RunState.DECLINED
    assert desk.query("SELECT count(*) FROM message") == [(0,)]
    assert not cancelling.drop_plan(desk.plan(5))


@pytest.mark.parametrize(
    ("base_url", "subaccount", "asked"),
    [
        ("https://sms.8x8.com", "shop", ("https://sms.8x8.com", "shop")),
        ("https://sms.8x8.id", "", ("https://sms.8x8.id", "today")),
        ("", "shop", ("https://sms.8x8.us", "shop")),
        ("http://127.0.0.1:1", "shop", ("http://127.0.0.1:1", "shop")),
    ],
)
def test_the_account_that_a_batch_went_to_is_the_one_to_ask(
    base_url: str, subaccount: str, asked: tuple[str, str]
) -> None:
    today = Account("https://sms.8x8.us", "today", "key")
    found = today.of_batch(base_url, subaccount)
    assert (found.base_url, found.subaccount, found.api_key) == (*asked, "key")


def test_a_simulator_may_have_come_back_on_another_port() -> None:
    found = Account("http://127.0.0.1:2", "today").of_batch("http://127.0.0.1:1", "shop")
    assert (found.base_url, found.subaccount) == ("http://127.0.0.1:2", "shop")


def test_the_subaccount_that_the_batch_went_to_is_asked(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=Ticking(clock), subaccount="shop")
    run = desk.plan(
        5, subaccount="shop", scheduled=(clock() + timedelta(hours=3)).isoformat(),
        base_url=sim.base_url,
    )  # fmt: skip
    campaign.send(run, Sender(run, account(sim), policy=FAST))
    assert desk.counts(run) == {"QUEUED": 5}
    with desk.ledger.owning(run.id):
        today = Account(sim.base_url, "another", sim.api_key)
        assert cancelling.cancel(run, today, HASTY).caught == 5
    assert left(sim) == {"cancelled": 5}


# The command


def sent(shell: Shell, simulator: Simulator, minutes: float = 60, rows: int = 6) -> str:
    """A run in pairs that is scheduled at the served simulator; its id."""
    lines = "".join(f"+659123{row:04}\n" for row in range(rows))
    shell.write("sheet.csv", "Mobile\n" + lines)
    due = datetime.now(UTC) + timedelta(minutes=minutes)
    job = Job(
        sheet=SheetOptions(path=str(shell.folder / "sheet.csv")),
        template="Hi",
        subaccount=simulator.subaccount,
        base_url=simulator.base_url,
        batch_size=2,
        concurrency=1,
        scheduled=due.isoformat(),
    )
    with Ledger(shell.folder / "ledger.db") as ledger:
        run = campaign.plan(job, ledger)
        run.approve()
        campaign.send(run, Sender(run, account(simulator)))
        return run.id


def states(shell: Shell) -> Counter[str]:
    with closing(sqlite3.connect(shell.folder / "ledger.db")) as connection:
        return Counter(row for (row,) in connection.execute("SELECT status FROM message"))


def test_the_command_cancels_a_run(shell: Shell, simulator: Simulator) -> None:
    run = sent(shell, simulator)
    ended = shell.run("cancel", run, "--json")
    assert ended.code == ExitCode.DONE, ended.err
    assert ended.json == {
        "run": run, "caught": 6, "waiting": 0, "missed": 0, "unsure": 0, "unknown": 0,
        "batches": 3, "reason": "",
    }  # fmt: skip
    assert states(shell) == {"CANCELLED": 6}
    assert left(simulator) == {"cancelled": 6}
    again = shell.run("cancel", run)
    assert again.code == ExitCode.REFUSED
    assert f"Nothing of run {run} is scheduled at 8x8 any more." in again.err
    resumed = shell.run("resume", run, "--json")
    assert resumed.json["counts"] == {"CANCELLED": 6}
    assert len(simulator.posts) == 3


def test_the_command_says_that_it_came_too_late(shell: Shell, simulator: Simulator) -> None:
    run = sent(shell, simulator, minutes=2, rows=2)
    ended = shell.run("cancel", run)
    assert ended.code == ExitCode.REJECTED
    assert "2 messages" in ended.err
    assert "too near" in ended.err
    assert states(shell) == {"QUEUED": 2}


def test_the_command_leaves_a_run_alone_that_another_process_owns(
    shell: Shell, simulator: Simulator
) -> None:
    run = sent(shell, simulator)
    with Ledger(shell.folder / "ledger.db") as ledger, ledger.owning(run):
        ended = shell.run("cancel", run)
    assert ended.code == ExitCode.BUSY
    assert states(shell) == {"QUEUED": 6}
    assert left(simulator) == {"queued": 6}


def test_the_command_cancels_what_a_stopped_run_has_left(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.inject(Fault(FaultKind.UNAUTHORIZED, post=3))
    simulator.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    run = sent(shell, simulator, rows=8)
    assert states(shell) == {"QUEUED": 2, "UNKNOWN": 2, "READY": 4}
    ended = shell.run("cancel", run, "--json")
    assert ended.code == ExitCode.UNKNOWN
    assert (ended.json["caught"], ended.json["waiting"], ended.json["unknown"]) == (2, 4, 2)
    assert f"bulksender reconcile {run}" in ended.err
    assert states(shell) == {"CANCELLED": 6, "UNKNOWN": 2}
    assert shell.run("reconcile", run).code == ExitCode.DONE
    assert states(shell) == {"CANCELLED": 6, "QUEUED": 2}
    assert shell.run("cancel", run, "--json").json["caught"] == 2
    assert states(shell) == {"CANCELLED": 8}
    assert left(simulator) == {"cancelled": 4}


def test_a_message_of_the_command_holds_no_number(shell: Shell, simulator: Simulator) -> None:
    run = sent(shell, simulator, rows=2)
    ended = shell.run("cancel", run, "-v")
    assert ended.code == ExitCode.DONE
    assert "2 messages" in ended.out + ended.err
    assert "+659123" not in ended.out + ended.err

"""Messages go out when their recipients may get them: in the window, at the pace, never late.

A ledger and a simulator by one clock; what the simulator was given is the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from scheduled_steps import (
    FAST,
    HOURLY,
    START,
    WORKDAY,
    Clock,
    Given,
    assert_kept,
    given,
    hours_of,
    in_turns,
    places,
    planned,
    times_by_batch,
)

from bulksender import campaign, delivering, retrying
from bulksender.chunker import chunk
from bulksender.cli.opening import overridden
from bulksender.errors import SettingsError
from bulksender.ledger import (
    BatchState,
    Ledger,
    Run,
    RunState,
    Settling,
    suppress,
    unsettled,
    unsuppress,
)
from bulksender.model import RowStatus
from bulksender.rules import Delivery, Pace
from bulksender.sender import RetryPolicy, Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.simulator import Fault, FaultKind, Simulator
from bulksender.timetable import DoesNotFit

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

Simulated = Callable[..., Simulator]
RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
AT_NOON = Delivery(timezone="Asia/Singapore", opens=time(12), closes=time(13))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(desk: Desk, clock: Clock) -> Desk:
    """A desk whose ledger goes by the clock."""
    desk.ledger.close()
    desk.ledger = Ledger(desk.path, clock=clock, durable=False)
    return desk


@pytest.fixture
def sim(simulated: Simulated, clock: Clock) -> Simulator:
    return simulated(clock=clock)


def send_with(
    desk: Desk, run: Run, sim: Simulator, progress: Callable[[dict[RowStatus, int]], None]
) -> str | None:
    """Send a run; `progress` is called whenever an answer was recorded."""
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    sender = Sender(run, account, policy=FAST, progress=progress)
    campaign.send(run, sender)
    return sender.stopped


def after(answers: int, what: Callable[[], object]) -> Callable[[object], None]:
    """Do something when so many answers were recorded."""
    seen: list[object] = []

    def progress(counts: object) -> None:
        seen.append(counts)
        if len(seen) == answers:
            what()

    return progress


# In the window


def test_each_message_goes_out_inside_its_recipients_window(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    rules = Delivery(timezone="Asia/Singapore", opens=time(10), closes=time(17))
    run = planned(desk, in_turns(8), delivery=rules)
    assert desk.send(run, sim) is None
    assert_kept(given(sim), rules, 8)
    due = {each.number[:3]: each.scheduled for each in given(sim)}
    assert due == {
        "+65": datetime(2026, 3, 3, 2, tzinfo=UTC),  # it closes at 17:00, which it is
        "+44": datetime(2026, 3, 2, 10, tzinfo=UTC),
        "+12": datetime(2026, 3, 2, 15, tzinfo=UTC),
        "+81": datetime(2026, 3, 3, 1, tzinfo=UTC),
    }
    assert desk.counts(run) == {"QUEUED": 8}


def test_where_it_is_open_messages_go_at_once(desk: Desk, sim: Simulator) -> None:
    run = planned(desk, in_turns(8), delivery=WORKDAY)
    desk.send(run, sim)
    assert_kept(given(sim), WORKDAY, 8)
    at_once = {each.number[:3] for each in given(sim) if each.scheduled is None}
    assert at_once == {"+65", "+44", "+81"}


def test_a_batch_holds_what_is_due_at_one_time_in_the_order_of_the_rows(
    desk: Desk, sim: Simulator
) -> None:
    rules = msgspec.structs.replace(WORKDAY, pace=Pace(60, "hour"))
    run = planned(desk, in_turns(40), delivery=rules, batch_size=3)
    desk.send(run, sim)
    assert_kept(given(sim), rules, 40)
    batches = list(times_by_batch(sim))
    by_time: dict[str | None, list[int]] = {}
    for due, rows in batches:
        assert len(rows) <= 3
        by_time.setdefault(due, []).extend(rows)
    assert [due for due, _ in batches] == sorted(due for due, _ in batches if due)
    assert all(rows == sorted(rows) for rows in by_time.values())
    assert sorted(row for rows in by_time.values() for row in rows) == [*range(2, 42)]
    assert max(len(rows) for _, rows in batches) > 1


@pytest.mark.parametrize("pace", [Pace(10, "minute"), Pace(12, "hour"), Pace(30, "day")])
def test_no_unit_of_time_sees_more_messages_than_the_pace(
    desk: Desk, sim: Simulator, pace: Pace
) -> None:
    rules = Delivery(pace=pace)
    run = planned(desk, 60, delivery=rules)
    assert desk.send(run, sim) is None
    assert_kept(given(sim), rules, 60)
    assert desk.counts(run) == {"QUEUED": 60}


# While planning


def sheet_of(desk: Desk, rows: int, **changes: Any) -> Job:
    sheet = desk.path.with_name("contacts.csv")
    sheet.write_text("Mobile\n" + "".join(f"+659123{row:04}\n" for row in range(rows)))
    job = Job(sheet=SheetOptions(path=str(sheet)), template="Hello", subaccount="simulator")
    return msgspec.structs.replace(job, **changes)


def test_a_plan_that_does_not_fit_into_a_week_is_refused_with_the_numbers(desk: Desk) -> None:
    rules = Delivery(pace=Pace(2, "day"))
    with pytest.raises(DoesNotFit, match=r"At 2/day, 14 of 20 messages fit into the 7 days"):
        campaign.plan(sheet_of(desk, 20, delivery=rules), desk.ledger)
    assert desk.query("SELECT count(*) FROM run") == [(0,)]
    assert desk.query("SELECT count(*) FROM message") == [(0,)]


def test_a_plan_says_when_its_messages_go_out_and_by_whose_clocks(desk: Desk) -> None:
    rules = msgspec.structs.replace(AT_NOON, pace=Pace(8, "hour"))
    job = sheet_of(desk, 20, delivery=rules, timezone="Asia/Singapore")
    run = campaign.plan(job, desk.ledger)
    assert hours_of(run) == {"2026-03-03 12:00": 8, "2026-03-04 12:00": 8, "2026-03-05 12:00": 4}
    [notice] = run.notices
    assert notice.what == "the window is that of Asia/Singapore (by number)"
    assert notice.rows == 20


def test_messages_at_once_are_told_in_the_hour_of_now(desk: Desk, sim: Simulator) -> None:
    run = campaign.plan(sheet_of(desk, 3, timezone="Asia/Singapore"), desk.ledger)
    assert hours_of(run) == {"2026-03-02 17:00": 3}
    assert run.notices == ()
    run.approve()
    desk.send(run, sim)
    assert hours_of(run) == {"2026-03-02 17:00": 3}


def test_of_many_time_zones_three_are_named(desk: Desk) -> None:
    run = desk.plan(places("+79161234567", "+6591230001"), delivery=WORKDAY, approve=False)
    texts = [notice.what for notice in delivering.give_times(run)]
    assert len(texts) == 2
    russian = next(text for text in texts if "Kaliningrad" in text)
    assert " more (the country's" in russian


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (Delivery(), 0),
        (Delivery(pace=Pace(60, "hour")), 0),
        (Delivery(closed=(date(2026, 3, 3),)), 1),
        (Delivery(holidays=True), 1),
        (Delivery(days=(0, 1)), 1),
        (WORKDAY, 1),
    ],
)
def test_time_zones_are_told_of_where_they_matter(desk: Desk, rules: Delivery, told: int) -> None:
    run = desk.plan(2, delivery=rules, approve=False)
    assert len(delivering.give_times(run)) == told


def test_a_day_that_is_closed_is_left_out(desk: Desk, sim: Simulator) -> None:
    rules = msgspec.structs.replace(AT_NOON, closed=(date(2026, 3, 3),))
    desk.send(planned(desk, 2, delivery=rules), sim)
    assert {each.scheduled for each in given(sim)} == {datetime(2026, 3, 4, 4, tzinfo=UTC)}


# Slower than thought


@pytest.mark.parametrize("hours", [0.5, 2.5, 14, 40])
@pytest.mark.parametrize("rules", [WORKDAY, HOURLY, AT_NOON], ids=["window", "pace", "at noon"])
def test_after_a_jump_of_the_clock_what_is_left_gets_new_times(
    desk: Desk, sim: Simulator, clock: Clock, rules: Delivery, hours: float
) -> None:
    run = planned(desk, in_turns(24), delivery=rules, batch_size=2)
    jump = after(3, lambda: clock.wait(hours=hours))
    assert send_with(desk, run, sim, jump) is None
    assert_kept(given(sim), rules, 24)
    assert run.state is RunState.FINISHED
    assert desk.counts(run) == {"QUEUED": 24}
    late = [line for line in run.batch_lines() if line.state is BatchState.NOT_ACCEPTED]
    assert len(late) <= 1, "no other batch is begun in vain"


def test_of_several_connections_only_what_is_on_its_way_can_be_overtaken_by_the_clock(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = planned(desk, in_turns(40), delivery=HOURLY, concurrency=3, batch_size=2)
    assert send_with(desk, run, sim, after(3, lambda: clock.wait(hours=14))) is None
    late = [each for each in given(sim) if each.scheduled and each.scheduled <= each.at]
    assert len(late) <= 4, "one was answered, two others may have left"
    assert desk.counts(run) == {"QUEUED": 40}
    assert len({each.number for each in given(sim)}) == len(given(sim)) == 40


def test_a_clock_that_goes_on_while_batches_are_sent_makes_none_late(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = planned(desk, in_turns(60), delivery=WORKDAY, batch_size=1)
    assert send_with(desk, run, sim, lambda counts: clock.wait(minutes=4)) is None
    assert_kept(given(sim), WORKDAY, 60)


class Throttling:
    """8x8 as it asks to wait with the second POST; meanwhile the clock goes on by some hours."""

    def __init__(self, clock: Clock, hours: float):
        self.clock = clock
        self.hours = hours
        self.posts = 0
        self.accepted: list[Given] = []

    def __call__(self, peer: Peer) -> None:
        while (request := peer.request()) is not None:
            self.posts += 1
            if self.posts == 2:
                self.clock.wait(hours=self.hours)
                error = {"code": 1400, "message": "slow down", "errorId": "e"}
                peer.answer(error, "429 Too Many Requests", "Retry-After: 0")
                continue
            body = msgspec.json.decode(request.body)
            due = body["template"].get("scheduled")
            when = None if due is None else datetime.fromisoformat(due)
            for each in body["messages"]:
                self.accepted.append(Given(each["destination"], self.clock(), when))
            peer.answer(request.queued())


@pytest.mark.parametrize("hours", [0, 0.1, 3.5, 15, 30])
@pytest.mark.parametrize("rules", [WORKDAY, HOURLY, AT_NOON], ids=["window", "pace", "at noon"])
def test_a_batch_that_8x8_made_wait_past_its_time_gets_a_new_one(
    desk: Desk, raw_server: RawServers, clock: Clock, rules: Delivery, hours: float
) -> None:
    run = planned(desk, 20, delivery=rules)
    throttling = Throttling(clock, hours)
    assert desk.send(run, raw_server(throttling).base_url) is None
    assert_kept(throttling.accepted, rules, 20)
    assert desk.counts(run) == {"QUEUED": 20}
    assert run.state is RunState.FINISHED


def test_a_batch_that_was_late_is_kept_as_not_accepted(
    desk: Desk, raw_server: RawServers, clock: Clock
) -> None:
    run = planned(desk, 10, delivery=WORKDAY)
    desk.send(run, raw_server(Throttling(clock, 15)).base_url)
    told = [(line.state.value, len(line.attempts)) for line in run.batch_lines()]
    assert told == [("SETTLED", 1), ("NOT_ACCEPTED", 1), ("SETTLED", 1)]


def test_what_waits_for_a_free_connection_past_its_time_does_not_leave(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    run = planned(desk, 10, delivery=WORKDAY)
    sender = Sender(run, Account(sim.base_url, sim.subaccount, sim.api_key))
    asked: list[int] = []

    def in_time(each: Any) -> bool:
        asked.append(each.number)
        return each.number != 2

    with sender:
        for each in chunk(run.ready(), 5, run.id):
            assert sender.submit(each, in_time)
        assert not sender.drain()
        assert sender.drain(), "it was told once"
    assert sender.stopped is None
    assert sorted(asked) == [1, 2]
    assert desk.counts(run) == {"QUEUED": 5, "READY": 5}
    assert len(sim.posts) == 1


def test_what_does_not_fit_any_more_stops_the_run_and_stays_ready(
    desk: Desk, sim: Simulator, clock: Clock
) -> None:
    closed = tuple(date(2026, 3, day) for day in range(9, 18))
    rules = msgspec.structs.replace(AT_NOON, closed=closed)
    run = planned(desk, 15, delivery=rules)
    stopped = send_with(desk, run, sim, after(1, lambda: clock.wait(days=6.5)))
    assert stopped is not None
    assert "10 of 10 messages have no allowed time within 12:00-13:00" in stopped
    assert run.state is RunState.STOPPED
    assert desk.counts(run) == {"QUEUED": 5, "READY": 10}
    clock.wait(days=6)
    assert desk.send(desk.reopened(run), sim) is None
    assert_kept(given(sim), rules, 15)


# Stopped, and taken up again


@pytest.mark.parametrize("later", [timedelta(minutes=10), timedelta(hours=3), timedelta(days=1)])
@pytest.mark.parametrize("rules", [WORKDAY, HOURLY, AT_NOON], ids=["window", "pace", "at noon"])
def test_a_stopped_run_gets_new_times_and_what_8x8_has_counts_for_the_pace(
    desk: Desk, simulated: Simulated, clock: Clock, rules: Delivery, later: timedelta
) -> None:
    sim = simulated(clock=clock, faults=[Fault(FaultKind.UNAUTHORIZED, post=4)])
    run = planned(desk, in_turns(40), delivery=rules, batch_size=3)
    assert desk.send(run, sim) is not None
    assert 0 < len(given(sim)) < 40
    clock.now += later
    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    assert_kept(given(sim), rules, 40)
    assert desk.counts(again) == {"QUEUED": 40}


def test_what_8x8_never_had_is_sent_again_at_a_new_time(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=clock, faults=[Fault(FaultKind.CLOSE_BEFORE, post=2)])
    run = planned(desk, 15, delivery=AT_NOON)
    desk.send(run, sim)
    assert desk.counts(run) == {"QUEUED": 10, "UNKNOWN": 5}
    [account] = unsettled(run, desk.ledger)
    early = Settling(run, desk.ledger, account).conclude(timedelta(minutes=15), clock())
    assert (early.absent, early.open) == (0, 5), "it is waited for until its time"
    clock.wait(days=1)
    found = Settling(run, desk.ledger, account)
    found.add([])
    assert desk.query("SELECT DISTINCT scheduled FROM batch") == [
        ("2026-03-03T04:00:00.000+00:00",)
    ]
    with desk.ledger.transaction() as connection:  # the log shows what was accepted
        connection.exec_driver_sql("UPDATE message SET status = 'REJECTED' WHERE batch <> 2")
    assert found.conclude(timedelta(minutes=15), clock()).absent == 5
    assert found.send_anew() == 5
    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    assert_kept(given(sim), AT_NOON, 15)
    assert {each.scheduled for each in given(sim)[10:]} == {datetime(2026, 3, 4, 4, tzinfo=UTC)}


def test_a_second_try_keeps_the_window_and_the_pace_of_both(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    rules = msgspec.structs.replace(AT_NOON, pace=Pace(10, "hour"))
    numbers = {f"+65912{row:05}": "Blocked" for row in range(2, 12, 2)}
    first = simulated(clock=clock, reject=numbers)
    run = planned(desk, 14, delivery=rules, campaign="march", period="2026-03")
    desk.send(run, first)
    assert desk.counts(run) == {"QUEUED": 9, "REJECTED": 5}
    again = retrying.retry(run, run.job, desk.ledger)
    assert hours_of(again) == {"2026-03-04 04:00": 5}
    assert [notice.rows for notice in again.notices] == [5]
    again.approve()
    sim = simulated(clock=clock)
    assert desk.send(again, sim) is None
    assert_kept(given(first, sim), rules, 14)


def test_a_second_try_that_does_not_fit_is_refused_while_planning(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    rules = Delivery(pace=Pace(2, "day"))
    sim = simulated(clock=clock, reject={"+6591200002": "Blocked"})
    run = planned(desk, 14, delivery=rules, campaign="march", period="2026-03")
    desk.send(run, sim)
    assert desk.counts(run) == {"QUEUED": 13, "REJECTED": 1}
    with pytest.raises(DoesNotFit, match="0 of 1 messages fit"):
        retrying.retry(run, run.job, desk.ledger)
    assert desk.query("SELECT count(*) FROM run") == [(1,)]


def test_a_time_that_is_typed_does_not_go_before_the_window(desk: Desk) -> None:
    job = desk.job(delivery=AT_NOON)
    with pytest.raises(SettingsError, match="--schedule: the campaign's file says when"):
        overridden(job, None, "2026-03-05T03:00:00+08:00", None)
    assert overridden(job, None, None, None).delivery == AT_NOON


# Opt-outs that come meanwhile


def opted_out(desk: Desk, *rows: int) -> None:
    """Another process puts these rows' numbers on the list."""
    with Ledger(desk.path, durable=False) as other:
        assert suppress(other, [f"+65912{row:05}" for row in rows], "by text") == len(rows)


def taken_off(desk: Desk, *rows: int) -> None:
    with Ledger(desk.path, durable=False) as other:
        assert unsuppress(other, [f"+65912{row:05}" for row in rows]) == len(rows)


def test_whoever_opts_out_between_two_batches_gets_no_message(desk: Desk, sim: Simulator) -> None:
    run = desk.plan(25)
    assert send_with(desk, run, sim, after(2, lambda: opted_out(desk, 2, 20, 26))) is None
    assert desk.counts(run) == {"QUEUED": 23, "OPTED_OUT": 2}
    rows = desk.rows(run)
    assert rows[20].detail.endswith("(by text)")
    assert {each.number for each in given(sim)}.isdisjoint({"+6591200020", "+6591200026"})
    assert run.state is RunState.FINISHED


@pytest.mark.parametrize("width", [1, 4])
def test_where_a_whole_batch_has_opted_out_the_others_go_out(
    desk: Desk, sim: Simulator, width: int
) -> None:
    run = desk.plan(25, concurrency=width)
    opted_out(desk, *range(7, 12))
    assert desk.send(run, sim) is None
    assert desk.counts(run) == {"QUEUED": 20, "OPTED_OUT": 5}
    assert len(sim.posts) == 4
    assert run.state is RunState.FINISHED


def test_whoever_is_taken_off_the_list_in_time_gets_the_message(desk: Desk, sim: Simulator) -> None:
    run = desk.plan(25)
    opted_out(desk, 3, 24)

    assert send_with(desk, run, sim, after(1, lambda: taken_off(desk, 3, 24))) is None

    assert desk.counts(run) == {"QUEUED": 24, "OPTED_OUT": 1}
    assert desk.rows(run)[24].status is RowStatus.QUEUED, "its batch had not left yet"
    assert desk.rows(run)[3].status is RowStatus.OPTED_OUT


def test_an_opt_out_that_cannot_be_kept_stops_the_run(desk: Desk, sim: Simulator) -> None:
    run = desk.plan(15)
    with desk.ledger.transaction() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refused BEFORE UPDATE ON message WHEN new.status = 'OPTED_OUT' "
            "BEGIN SELECT raise(ABORT, 'no room'); END"
        )
    stopped = send_with(desk, run, sim, after(1, lambda: opted_out(desk, 12)))
    assert stopped is not None
    assert "no room" in stopped
    assert desk.counts(run) == {"QUEUED": 10, "READY": 5}
    assert len(given(sim)) == 10


def test_a_policy_that_gives_up_leaves_the_rest_ready_for_new_times(
    desk: Desk, simulated: Simulated, clock: Clock
) -> None:
    sim = simulated(clock=clock, faults=[Fault(FaultKind.TOO_MANY, post=2, times=2)])
    run = planned(desk, 15, delivery=WORKDAY)
    assert desk.send(run, sim, RetryPolicy(attempts=2, first_wait=0.01)) is not None
    assert desk.counts(run) == {"QUEUED": 5, "READY": 10}
    clock.wait(hours=8)
    assert desk.send(desk.reopened(run), sim) is None
    assert_kept(given(sim), WORKDAY, 15)
    assert START + timedelta(hours=8) == clock()

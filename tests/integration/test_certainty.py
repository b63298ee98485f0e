"""Whatever happens, in whatever order: nobody is texted twice, nobody is lost, every row is true.

A machine plans, sends, dies, resumes, settles and tries again against a simulator that loses
answers and whose log is late or has gaps; after each step the simulator's memory is the judge.
Beside it, each of these things happens once by itself.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from certainty import IMPATIENCE, PATIENCE, PERHAPS, Died, Process, World, person, sheet
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bulksender import chunker
from bulksender.errors import AlreadySent, LogUnavailable, Refused, RunBusy
from bulksender.ledger import Inquiry, RunState
from bulksender.model import RejectedRow, RowStatus
from bulksender.sender import Sender
from bulksender.simulator import ExportFaultKind, Fault, FaultKind

EXAMPLES, STEPS = 500, 12

ACCEPTED_AND_LOST = [
    FaultKind.CLOSE_AFTER,
    FaultKind.INTERNAL_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.GARBAGE,
    FaultKind.COUNTS_ONLY,
    FaultKind.WRONG_SHAPE,
]
NOT_ACCEPTED_AND_LOST = [
    FaultKind.CLOSE_BEFORE,
    FaultKind.INTERNAL,
    FaultKind.UNAVAILABLE,
    FaultKind.BAD_GATEWAY,
    FaultKind.REDIRECT,
]
TELLING = [
    FaultKind.MISSING,
    FaultKind.PARTLY,
    FaultKind.SHUFFLED,
    FaultKind.TOO_MANY,
    FaultKind.BAD_REQUEST,
    FaultKind.UNPROCESSABLE,
    FaultKind.UNAUTHORIZED,
    FaultKind.FORBIDDEN,
    FaultKind.NOT_FOUND,
]
FAILING = [
    ExportFaultKind.UNAVAILABLE,
    ExportFaultKind.FAILED,
    ExportFaultKind.ERROR,
    ExportFaultKind.CANCELLED,
    ExportFaultKind.STUCK,
    ExportFaultKind.EXPIRED,
    ExportFaultKind.ELSEWHERE,
    ExportFaultKind.REDIRECT,
    ExportFaultKind.TRUNCATED,
    ExportFaultKind.GARBAGE,
]
WHATEVER_THE_LOG_HOLDS = FAILING[:5]
"""These fail even where the log has nothing to show."""

HIDING: dict[ExportFaultKind, Callable[[int], bool]] = {
    ExportFaultKind.GAPS: lambda index: index % 3 == 0,
    ExportFaultKind.EMPTY: lambda index: True,
}
"""Which entries of a log, counted from 1, these leave out."""

SEEN: Counter[str] = Counter()
"""What the machine has come across, over all its examples."""

FAULTS = st.lists(
    st.sampled_from(
        [None, None, None, *ACCEPTED_AND_LOST * 2, *NOT_ACCEPTED_AND_LOST * 2, *TELLING * 2]
    ),
    max_size=4,
)
INDEX = st.integers(0, 11)
LOOKS = st.sampled_from([None, None, 0, 1, 2, 3, 4, 5, 6, 8])


def note(what: str) -> None:
    SEEN[what] += 1
    event(what)


def fail_next_export(world: World, kind: ExportFaultKind) -> None:
    """Let the next look into the log fail; one that is only UNAVAILABLE is asked six times."""
    times = 6 if kind is ExportFaultKind.UNAVAILABLE else 1
    world.sim.inject(Fault(kind, times=times))


class Certainty(RuleBasedStateMachine):
    """What people, processes, the network and 8x8 may do, in any order.

    Rules draw the same values whatever the state is, since threads decide which batch is hit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.next_person = 0
        self.sheets: list[list[int]] = []

    @initialize(
        lag=st.sampled_from([0, 60, 600]),
        longer=st.sampled_from([0, 60, 900]),
        rows=st.integers(2, 12),
        size=st.integers(2, 4),
        width=st.integers(1, 2),
        faults=FAULTS,
        looks=LOOKS,
    )
    def begin(
        self,
        lag: int,
        longer: int,
        rows: int,
        size: int,
        width: int,
        faults: list[FaultKind | None],
        looks: int | None,
    ) -> None:
        self.world = World(Path(self.folder.name), lag, lag + longer)
        self.send_a_sheet(rows, size, width, faults, looks)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                try:
                    self.world.go_on_to_the_end()
                finally:
                    self.world.close()
        finally:
            self.folder.cleanup()

    # What the rules have in common

    def people(self, rows: int) -> list[int]:
        """So many people whom nobody has written to."""
        first, self.next_person = self.next_person, self.next_person + rows
        return list(range(first, first + rows))

    def pick(self, index: int, *statuses: str) -> str | None:
        """A run that was approved; rather one with rows in these states, where there is one."""
        approved = self.world.approved()
        holding = {row.run for row in self.world.rows() if row.status in statuses}
        runs = [run for run in approved if run in holding] or approved
        return runs[index % len(runs)] if runs else None

    def plan_and_send(
        self,
        people: list[int],
        size: int,
        width: int,
        faults: list[FaultKind | None],
        looks: int | None,
        more: Sequence[int] = (),
    ) -> bool:
        """Whether the plan was approved, or the process has died over it.

        `more` are people who have a second row in the sheet, which has a row without a number too.
        """
        world = self.world
        messages = sheet([*people, *more])
        invalid = [RejectedRow(len(messages) + 2, RowStatus.INVALID, "no number")] if more else []
        self.sheets.append(people)
        run = world.plan(messages, invalid, world.job(size, width))
        agreed = True
        with world.dying(looks) as died, world.ledger.owning(run.id):
            agreed = world.agree(run)
            if agreed:
                world.send(run, faults)
        if died:
            self.note_death(run.id)
        return agreed

    def note_death(self, run_id: str) -> None:
        sending = [row for row in self.world.rows(run_id) if row.status == "SENDING"]
        accepted = self.world.accepted_rows()
        note("death")
        for row in sending:
            posted = (row.run, row.row) in accepted
            note("death with an accepted row" if posted else "death with a row not accepted")

    def note_inquiry(self, inquiry: Inquiry) -> None:
        for name in ("found", "missing"):
            if getattr(inquiry, name):
                note(name)

    # Rules

    @rule(
        rows=st.integers(2, 12),
        size=st.integers(2, 4),
        width=st.integers(1, 2),
        faults=FAULTS,
        looks=LOOKS,
    )
    def send_a_sheet(
        self,
        rows: int,
        size: int,
        width: int,
        faults: list[FaultKind | None],
        looks: int | None,
    ) -> None:
        people = self.people(rows)
        more = people[:1] if rows % 4 == 0 else ()
        assert self.plan_and_send(people, size, width, faults, looks, more)

    @rule(index=INDEX, size=st.integers(2, 4), faults=FAULTS)
    def send_a_sheet_again(self, index: int, size: int, faults: list[FaultKind | None]) -> None:
        """The same messages, in another order; they go out where all of them were rejected."""
        people = self.sheets[index % len(self.sheets)][::-1]
        sent = self.plan_and_send(people, size, 1, faults, None)
        note("the same plan went out" if sent else "the same plan was refused")

    @rule(chosen=st.integers(1, 255), new=st.integers(0, 3), size=st.integers(2, 4), faults=FAULTS)
    def send_some_of_them_with_new_ones(
        self, chosen: int, new: int, size: int, faults: list[FaultKind | None]
    ) -> None:
        """Another sheet has rows that are rejected, not settled or waiting, and new ones."""
        people = self.not_known_to_be_accepted(chosen) + self.people(new)
        if people:
            sent = self.plan_and_send(people, size, 1, faults, None)
            held = any(row.held for row in self.world.rows())
            note("rows held" if held else "rows shared" if sent else "rows that wait elsewhere")

    def not_known_to_be_accepted(self, chosen: int) -> list[int]:
        gone = self.world.known_accepted()
        left = [number for people in self.sheets for number in people if person(number) not in gone]
        left = list(dict.fromkeys(left))
        return [number for bit, number in enumerate(left[:8]) if chosen >> bit & 1]

    @rule(chosen=st.integers(1, 255), new=st.integers(1, 3))
    def show_a_plan_and_wait(self, chosen: int, new: int) -> None:
        """Another process has planned such a sheet, and somebody thinks about it."""
        if self.world.question is None:
            people = self.not_known_to_be_accepted(chosen) + self.people(new)
            self.sheets.append(people)
            self.world.wonder(people)

    @rule(faults=FAULTS)
    def say_yes_to_it(self, faults: list[FaultKind | None]) -> None:
        if self.world.question is not None:
            note("a late yes" if self.world.say_yes(faults) else "a late yes was refused")

    @rule(index=INDEX, faults=FAULTS, looks=LOOKS)
    def resume(self, index: int, faults: list[FaultKind | None], looks: int | None) -> None:
        run_id = self.pick(index, "READY", "SENDING")
        if run_id is not None:
            with self.world.dying(looks) as died:
                self.world.resume(run_id, faults)
                note("resumed")
            if died:
                self.note_death(run_id)

    @rule(index=INDEX, posted=st.booleans(), fault=st.sampled_from([None, *ACCEPTED_AND_LOST]))
    def die_in_flight(self, index: int, posted: bool, fault: FaultKind | None) -> None:
        """A batch is claimed, and perhaps leaves; the process ends before it hears of it."""
        world = self.world
        run_id = self.pick(index, "READY")
        if run_id is None:
            return
        with world.dying(None), world.ledger.owning(run_id):
            run = world.ledger.run(run_id)
            run.reopen(run.job)
            batches = chunker.chunk(run.ready(), run.job.batch_size, run.id, run.last_batch() + 1)
            batch = next(batches, None)
            if batch is not None and not posted:
                run.claim(batch)
            elif batch is not None:
                if fault is not None:
                    world.sim.inject(Fault(fault, post=len(world.sim.posts) + 1))
                with Sender(run, world.account) as sender:
                    sender.submit(batch)
                    world.process.looks = 0  # it never gets to record what comes back
            raise Died
        self.note_death(run_id)

    @rule(
        index=INDEX,
        wait=st.booleans(),
        resend=st.booleans(),
        faults=FAULTS,
        looks=LOOKS,
        dies=st.sampled_from([False, False, True]),
    )
    def reconcile(
        self,
        index: int,
        wait: bool,
        resend: bool,
        faults: list[FaultKind | None],
        looks: int | None,
        dies: bool,
    ) -> None:
        """Settle a run by the log as it is; the process may die while it asks, or afterwards."""
        if wait:
            self.world.clock.advance(self.world.settle.total_seconds() + 1)
        run_id = self.pick(index, *PERHAPS)
        if run_id is not None:
            self.settle(run_id, resend, faults, looks, dies)

    def settle(
        self,
        run_id: str,
        resend: bool,
        faults: Sequence[FaultKind | None] = (),
        looks: int | None = None,
        dies: bool = False,
    ) -> None:
        world = self.world

        def answer(rows: int) -> bool:
            world.check()
            accepted = world.accepted_rows()
            unsettled = [
                row
                for row in world.rows(run_id)
                if row.status == "UNKNOWN" and row.batch is not None
            ]
            truly = [row for row in unsettled if (row.run, row.row) not in accepted]
            assert 0 < rows <= len(truly), "what 8x8 has is called absent"
            note("absent")
            if resend:
                note("resent")
            if dies:
                note("death before or after the rows were READY")
            if dies and not resend:
                raise Died
            if dies:  # as soon as they are READY
                world.process.looks = 0
            return resend

        with world.dying(looks) as died:
            self.note_inquiry(world.reconcile(run_id, answer, faults))
            self.note_late(run_id)
        if died:
            self.note_death(run_id)

    def note_late(self, run_id: str) -> None:
        accepted = self.world.accepted_rows()
        for row in self.world.rows(run_id):
            if row.status == "UNKNOWN" and (row.run, row.row) in accepted:
                note("accepted, and not in the log yet")

    @rule(index=INDEX, kind=st.sampled_from(FAILING), resend=st.booleans())
    def reconcile_with_a_failing_export(
        self, index: int, kind: ExportFaultKind, resend: bool
    ) -> None:
        """Nothing changes but what holds without any log: what was in flight is UNKNOWN."""
        world = self.world
        run_id = self.pick(index, *PERHAPS)
        if run_id is None:
            return
        with world.ledger.owning(run_id):
            run = world.ledger.run(run_id)
            run.settle_orphans()
            run.settle_held()
            if not self.asks_the_log(run_id):
                return
            before = world.everything()
            fail_next_export(world, kind)
            patience = IMPATIENCE if kind is ExportFaultKind.STUCK else PATIENCE
            try:
                world.ask(run, lambda rows: resend, patience)
            except LogUnavailable:
                note("the log was not available")
                assert world.everything() == before
            else:
                assert kind not in WHATEVER_THE_LOG_HOLDS
                run.end()

    def asks_the_log(self, run_id: str) -> bool:
        rows = self.world.rows(run_id)
        return any(row.status in PERHAPS and row.batch is not None for row in rows)

    @rule(index=INDEX, kind=st.sampled_from([*HIDING]), resend=st.booleans(), faults=FAULTS)
    def reconcile_with_a_log_that_has_gaps(
        self, index: int, kind: ExportFaultKind, resend: bool, faults: list[FaultKind | None]
    ) -> None:
        """Not with one that lacks nothing but what is UNKNOWN: nobody can tell it from a whole."""
        world = self.world
        run_id = self.pick(index, *PERHAPS)
        if run_id is None or not self.asks_the_log(run_id):
            people = self.people(8)
            self.sheets.append(people)
            run_id = world.start(people, None, None, ACCEPTED_AND_LOST[index % 6]).id
        world.clock.advance(world.settle.total_seconds() * (index % 2) + 1)
        if not self.asks_the_log(run_id):
            return
        if not world.hides_what_nobody_can_miss(run_id, HIDING[kind]):
            world.sim.inject(Fault(kind))
            note("a log with gaps")
            self.settle(run_id, resend, faults)

    @rule(index=INDEX, faults=FAULTS, looks=LOOKS)
    def retry(self, index: int, faults: list[FaultKind | None], looks: int | None) -> None:
        run_id = self.pick(index, "REJECTED")
        if run_id is None:
            return
        newest = set(self.world.approved())
        with self.world.dying(looks) as died:
            try:
                tried = self.world.retry(run_id, faults)
            except Refused:
                note("nothing to try again")
            else:
                note("tried again" if tried else "a try again was refused")
        if died:
            for made in set(self.world.approved()) - newest:
                self.note_death(made)

    @rule(index=INDEX)
    def another_process_reaches_for_a_run(self, index: int) -> None:
        run_id = self.pick(index, "READY", *PERHAPS)
        if run_id is None:
            return
        with self.world.ledger.owning(run_id):
            self.reach_for(run_id)

    def reach_for(self, run_id: str) -> None:
        other = Process(self.world.path, self.world.clock)
        with pytest.raises(RunBusy), other.ledger.owning(run_id):
            pass
        other.ledger.close()
        note("another process was kept out")

    @rule(rows=st.integers(3, 9), width=st.integers(1, 2), faults=FAULTS)
    def another_process_plans_the_same_meanwhile(
        self, rows: int, width: int, faults: list[FaultKind | None]
    ) -> None:
        """While one sends, another wants to own its run, and to send the same sheet."""
        world, people = self.world, self.people(rows)
        self.sheets.append(people)
        run = world.plan(sheet(people), job=world.job(2, width))
        looked: list[bool] = []

        def meanwhile() -> None:
            world.check()
            if looked:
                return
            looked.append(True)
            self.reach_for(run.id)
            other = Process(world.path, world.clock)
            twin = world.plan(sheet(people[::-1]), job=world.job(2), ledger=other.ledger)
            with other.ledger.owning(twin.id):
                waiting = any(
                    row.status in ("READY", "SENDING", "UNKNOWN") or row.umid
                    for row in world.rows(run.id)
                )
                assert not (world.agree(twin, other.ledger) and waiting)
            other.ledger.close()

        with world.ledger.owning(run.id):
            assert world.agree(run)
            world.send(run, faults, meanwhile)

    @rule(seconds=st.sampled_from([1, 30, 60, 300, 600, 3600, 30 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @rule(index=INDEX, state=st.sampled_from(["sent", "delivered", "undelivered", "read"]))
    def a_phone_answers(self, index: int, state: str) -> None:
        messages = self.world.sim.messages
        if messages:
            self.world.sim.deliver(messages[index % len(messages)].umid, state)

    @invariant()
    def nobody_twice_nobody_lost_every_row_true(self) -> None:
        self.world.check()


def test_in_any_order_nobody_is_texted_twice_and_nobody_is_lost() -> None:
    SEEN.clear()
    run_state_machine_as_test(
        Certainty,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],  # threads and ids differ each time: little to shrink by
            suppress_health_check=list(HealthCheck),
        ),
    )
    rare = {what: SEEN[what] for what in OFTEN if SEEN[what] < 3}
    assert rare == {}, f"the machine does not reach what it is made for: {SEEN}"


OFTEN = [
    "death",
    "death with an accepted row",
    "death with a row not accepted",
    "found",
    "absent",
    "resent",
    "missing",
    "accepted, and not in the log yet",
    "a log with gaps",
    "the log was not available",
    "resumed",
    "tried again",
    "rows held",
    "the same plan was refused",
    "another process was kept out",
    "a late yes",
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """8x8's log shows everything at once; it is believed to be whole after a minute."""
    made = World(tmp_path, settle=60)
    try:
        yield made
        made.check()
    finally:
        made.close()


@pytest.fixture
def late(tmp_path: Path) -> Iterator[World]:
    """8x8's log is a minute behind; it is believed to be whole after fifteen."""
    made = World(tmp_path, lag=60, settle=900)
    try:
        yield made
        made.check()
    finally:
        made.close()


def counts(world: World, run_id: str) -> Counter[str]:
    return Counter(row.status for row in world.rows(run_id))


def test_every_kind_of_fault_is_one_that_the_machine_knows() -> None:
    kinds = {*ACCEPTED_AND_LOST, *NOT_ACCEPTED_AND_LOST, *TELLING}
    alike = {FaultKind.SLOW, FaultKind.GONE, FaultKind.TLS}  # answered, halted, halted
    assert kinds | alike == {*FaultKind}
    assert {*FAILING, *HIDING, ExportFaultKind.MOVED} == {*ExportFaultKind}


@pytest.mark.parametrize("kind", ACCEPTED_AND_LOST)
def test_what_was_accepted_and_lost_is_found_and_nothing_goes_out_again(
    world: World, kind: FaultKind
) -> None:
    run = world.start(range(4), kind, size=2)
    assert counts(world, run.id) == {"UNKNOWN": 2, "QUEUED": 2}
    inquiry = world.reconcile(run.id)
    assert (inquiry.found, inquiry.absent) == (2, 0)
    assert counts(world, run.id) == {"QUEUED": 4}
    assert len(world.sim.posts) == 2


@pytest.mark.parametrize("kind", NOT_ACCEPTED_AND_LOST)
def test_what_8x8_never_had_goes_out_once_more_when_its_log_has_gone_on(
    world: World, kind: FaultKind
) -> None:
    run = world.start(range(4), kind, size=2)
    inquiry = world.reconcile(run.id)
    assert (inquiry.found, inquiry.absent, inquiry.resent) == (0, 2, 2)
    assert counts(world, run.id) == {"QUEUED": 4}
    world.check_the_end()


def test_what_8x8_never_had_stays_unknown_where_nobody_wants_it_sent(world: World) -> None:
    run = world.start(range(4), FaultKind.CLOSE_BEFORE, size=2)
    inquiry = world.reconcile(run.id, resend=False)
    assert (inquiry.absent, inquiry.resent) == (2, 0)
    assert counts(world, run.id) == {"UNKNOWN": 2, "QUEUED": 2}
    assert len(world.sim.posts) == 2


def test_a_message_that_its_answer_leaves_out_is_found(world: World) -> None:
    run = world.start(range(3), FaultKind.MISSING)
    assert counts(world, run.id) == {"UNKNOWN": 1, "QUEUED": 2}
    assert world.reconcile(run.id).found == 1
    assert counts(world, run.id) == {"QUEUED": 3}


def test_a_log_that_is_late_proves_nothing_before_the_settle_time(late: World) -> None:
    run = late.start(range(2), FaultKind.CLOSE_AFTER)
    late.clock.advance(30)
    inquiry = late.reconcile(run.id)
    assert (inquiry.found, inquiry.absent, inquiry.open) == (0, 0, 2)
    late.clock.advance(60)
    assert late.reconcile(run.id).found == 2
    assert len(late.sim.posts) == 1


def test_what_a_log_lacks_after_the_settle_time_goes_out_once_more(late: World) -> None:
    run = late.start(range(2), FaultKind.CLOSE_BEFORE)
    late.clock.advance(899)
    assert late.reconcile(run.id).open == 2
    late.clock.advance(1)
    assert late.reconcile(run.id).resent == 2
    late.check_the_end()


@pytest.mark.parametrize("kind", HIDING)
def test_a_log_that_lacks_what_8x8_has_accepted_proves_nothing(
    world: World, kind: ExportFaultKind
) -> None:
    run = world.start(range(8), None, None, FaultKind.CLOSE_AFTER)
    world.clock.advance(3600)
    world.sim.inject(Fault(kind))
    inquiry = world.reconcile(run.id)
    assert inquiry.missing > 0
    assert (inquiry.absent, inquiry.resent) == (0, 0)
    assert len(world.sim.posts) == 3
    world.reconcile(run.id)
    world.check_the_end()


@pytest.mark.parametrize("kind", FAILING)
def test_a_log_that_cannot_be_read_changes_nothing(world: World, kind: ExportFaultKind) -> None:
    run = world.start(range(4), FaultKind.CLOSE_AFTER, size=2)
    world.clock.advance(3600)
    before = world.everything()
    fail_next_export(world, kind)
    patience = IMPATIENCE if kind is ExportFaultKind.STUCK else PATIENCE
    with pytest.raises(LogUnavailable):
        world.reconcile(run.id, patience=patience)
    assert world.everything() == before


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("looks", range(12))
def test_a_process_may_die_anywhere_while_it_sends(tmp_path: Path, looks: int, width: int) -> None:
    world = World(tmp_path)
    run = world.plan(sheet(range(5, 11)), job=world.job(2, width))
    with world.dying(looks) as died, world.ledger.owning(run.id):
        world.agree(run)
        world.send(run)
    world.check()
    assert died or looks > 6
    world.go_on_to_the_end()
    assert len(world.sim.messages) == (0 if looks == 0 else 6)
    world.close()


@pytest.mark.parametrize("posted", [True, False])
def test_a_batch_in_flight_when_its_process_dies_is_settled_by_the_log(
    world: World, posted: bool
) -> None:
    run = world.plan(sheet(range(4)), job=world.job(2))
    with world.dying(None) as died, world.ledger.owning(run.id):
        world.agree(run)
        batch = next(chunker.chunk(run.ready(), 2, run.id))
        if posted:
            with Sender(run, world.account) as sender:
                sender.submit(batch)
                world.process.looks = 0
        else:
            run.claim(batch)
            raise Died
    assert died
    assert counts(world, run.id) == {"SENDING": 2, "READY": 2}
    assert len(world.sim.messages) == (2 if posted else 0)
    world.resume(run.id)
    assert counts(world, run.id) == {"UNKNOWN": 2, "QUEUED": 2}
    inquiry = world.reconcile(run.id)
    assert (inquiry.found, inquiry.resent) == ((2, 0) if posted else (0, 2))
    world.check_the_end()


def test_a_run_belongs_to_one_process(world: World) -> None:
    run = world.start(range(4), FaultKind.UNAUTHORIZED, size=2)
    other = Process(world.path, world.clock)
    with world.ledger.owning(run.id), pytest.raises(RunBusy), other.ledger.owning(run.id):
        pass
    with other.ledger.owning(run.id):
        pass
    other.ledger.close()


@pytest.mark.parametrize(
    "fault", [None, FaultKind.UNAUTHORIZED, FaultKind.CLOSE_AFTER, FaultKind.CLOSE_BEFORE]
)
def test_the_same_plan_is_refused_whatever_became_of_the_first(
    world: World, fault: FaultKind | None
) -> None:
    world.start(range(4), None, fault, size=2)
    twin = world.plan(sheet(reversed(range(4))))
    with pytest.raises(AlreadySent):
        twin.approve()
    assert not world.agree(twin)


def test_what_was_rejected_is_tried_again_and_nothing_else(world: World) -> None:
    run = world.start(range(4), FaultKind.BAD_REQUEST, FaultKind.CLOSE_AFTER, size=2)
    tried = world.retry(run.id)
    assert tried is not None
    assert counts(world, tried.id) == {"QUEUED": 2}
    assert counts(world, run.id) == {"REJECTED": 2, "UNKNOWN": 2}
    world.reconcile(run.id)
    world.check_the_end()


def test_a_try_again_that_is_lost_is_not_tried_again_before_it_is_settled(world: World) -> None:
    run = world.start(range(2), FaultKind.UNPROCESSABLE)
    tried = world.retry(run.id, [FaultKind.CLOSE_AFTER])
    assert tried is not None
    with pytest.raises(Refused, match="no row left"):
        world.retry(run.id)
    assert world.reconcile(tried.id).found == 2
    world.check_the_end()


def test_rows_of_another_sheet_that_may_have_been_sent_are_held_until_they_are_found(
    world: World,
) -> None:
    first = world.start(range(2), FaultKind.CLOSE_AFTER)
    second = world.start(range(3))
    assert counts(world, second.id) == {"UNKNOWN": 2, "QUEUED": 1}
    world.reconcile(first.id)
    world.reconcile(second.id)
    assert counts(world, second.id) == {"ALREADY_SENT": 2, "QUEUED": 1}
    world.check_the_end()


def test_a_sheet_that_was_sent_on_purpose_while_somebody_thought_leaves_nothing_to_resend(
    world: World,
) -> None:
    """The question is whether to send what 8x8 never had; the answer comes too late."""
    run = world.start(range(2), FaultKind.CLOSE_BEFORE)
    world.clock.advance(61)

    def meanwhile(rows: int) -> bool:
        other = Process(world.path, world.clock)
        again = world.plan(sheet(range(2)), job=world.job(again=True), ledger=other.ledger)
        with other.ledger.owning(again.id):
            again.approve()
            world.send(again)
        other.ledger.close()
        return True

    assert world.reconcile(run.id, meanwhile).absent == 2
    assert len(world.sim.messages) == 2
    assert counts(world, run.id) == {"ALREADY_SENT": 2}


def test_rows_that_are_ready_again_when_the_process_dies_are_waiting_for_resume(
    world: World,
) -> None:
    run = world.start(range(2), FaultKind.CLOSE_BEFORE)
    world.clock.advance(61)

    def die_next(rows: int) -> bool:
        world.process.looks = 0
        return True

    with world.dying(None) as died:
        world.reconcile(run.id, die_next)
    assert died
    assert counts(world, run.id) == {"READY": 2}
    newest = world.ledger.newest(RunState.SENDING, RunState.STOPPED)
    assert newest is not None, "a run with READY rows that no resume finds"
    assert newest.id == run.id


def test_a_plan_made_earlier_does_not_send_what_a_dead_process_has_left_ready(
    world: World,
) -> None:
    world.wonder(range(3))
    run = world.start(range(2), FaultKind.CLOSE_BEFORE)
    world.clock.advance(61)

    def die_next(rows: int) -> bool:
        world.process.looks = 0
        return True

    with world.dying(None):
        world.reconcile(run.id, die_next)
    world.say_yes()
    world.resume(run.id)
    world.check()


def test_what_a_plan_made_earlier_and_approved_later_has_sent_is_not_tried_again(
    world: World,
) -> None:
    world.wonder(range(3))
    run = world.start(range(2), FaultKind.BAD_REQUEST)
    assert world.say_yes()
    assert len(world.sim.messages) == 3
    world.retry(run.id)
    world.check()
    assert len(world.sim.messages) == 3


def test_a_batch_that_was_lost_long_after_the_run_began_can_be_settled(world: World) -> None:
    """The log is asked for from a day before it; it need not show what is older than that."""
    run = world.start(range(4), None, FaultKind.UNAUTHORIZED, size=2)
    world.clock.advance(3 * 86400)
    world.resume(run.id, [FaultKind.CLOSE_BEFORE])
    world.clock.advance(3600)
    inquiry = world.reconcile(run.id)
    assert inquiry.missing == 0
    assert inquiry.resent == 2
    world.check_the_end()


def test_a_row_that_is_held_is_settled_when_the_other_run_was_rejected(world: World) -> None:
    first = world.start(range(2), FaultKind.CLOSE_BEFORE)
    second = world.start(range(3))
    assert counts(world, second.id) == {"UNKNOWN": 2, "QUEUED": 1}
    world.clock.advance(61)
    world.reconcile(first.id, faults=[FaultKind.UNPROCESSABLE])
    assert counts(world, first.id) == {"REJECTED": 2}
    world.reconcile(second.id)
    assert "UNKNOWN" not in counts(world, second.id)


def test_the_same_plan_is_refused_when_another_run_has_sent_what_it_waited_for(
    world: World,
) -> None:
    first = world.start(range(2), FaultKind.CLOSE_AFTER)
    second = world.start(range(1))
    world.reconcile(first.id)
    world.reconcile(second.id)
    assert counts(world, second.id) == {"ALREADY_SENT": 1}
    twin = world.plan(sheet(range(1)))
    with pytest.raises(AlreadySent):
        twin.approve()


def test_a_log_that_shows_a_part_of_its_newest_batch_has_not_caught_up(late: World) -> None:
    """The third entry is an unsettled batch of one, the sixth belongs to the newest batch."""
    run, waits = late.plan(sheet(range(41, 48)), job=late.job(3)), iter([61, 61, 0])
    with late.ledger.owning(run.id):
        assert late.agree(run)
        faults = [FaultKind.CLOSE_BEFORE, FaultKind.PARTLY, FaultKind.CLOSE_AFTER]
        late.send(run, faults, lambda: late.clock.advance(next(waits)))
    assert counts(late, run.id) == {"UNKNOWN": 4, "QUEUED": 2, "REJECTED": 1}
    inquiry = late.reconcile(run.id)
    assert (inquiry.resent, inquiry.open) == (3, 1)
    late.clock.advance(61)
    late.sim.inject(Fault(ExportFaultKind.GAPS))
    inquiry = late.reconcile(run.id)
    assert (inquiry.absent, inquiry.resent) == (0, 0), "accepted, and called absent"
    late.check()

"""A small world to try certainty in: 8x8, processes that may die, one clock, and a judge.

Everything is real but the time: HTTP to the simulator, a ledger in a file, locks. The judge trusts
nobody but the simulator's memory.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bulksender import campaign, retrying, settling
from bulksender.errors import BulksenderError, NoConsent
from bulksender.ledger import Inquiry, Ledger, Run
from bulksender.model import Encoding, Message, RejectedRow, RowStatus
from bulksender.sender import Patience, RetryPolicy, Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.simulator import Fault, FaultKind, Simulator
from bulksender.source import SheetFacts

POLICY = RetryPolicy(attempts=3, first_wait=0.001, longest_wait=0.002)
PATIENCE = Patience(first_wait=0.001, longest_wait=0.002, job=30.0)
IMPATIENCE = Patience(first_wait=0.001, longest_wait=0.002, job=0.02)
"""For jobs that never end."""

ACCEPTED = {"QUEUED", "SENT", "DELIVERED", "UNDELIVERED", "READ"}
PERHAPS = {"UNKNOWN", "SENDING"}
SENT_OR_MAY_BE = ACCEPTED | PERHAPS | {"READY", "ALREADY_SENT"}
NOT_ACCEPTED = {"READY", "REJECTED", "INVALID", "DUPLICATE", "OPTED_OUT", "ALREADY_SENT"}

FACTS = SheetFacts(
    path="sheet.csv", suffix=".csv", header_row=1, headers=("Mobile",), width=1, fingerprint=""
)
PEOPLE = 400
REFUSED_PEOPLE = range(4, PEOPLE, 9)
"""People whose messages 8x8 rejects whenever they come."""


class Died(BaseException):
    """The process has ended here, in the middle of whatever it was doing."""


class Clock:
    """The time of 8x8 and of every process; each look at it takes a millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


class Process:
    """A process with the ledger open; once `looks` is not None, it dies after so many looks at
    its clock, and stays dead: nothing it would still write is written."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self.looks: int | None = None
        self.ledger = Ledger(path, clock=self._now, durable=False)

    def _now(self) -> datetime:
        if self.looks is not None:
            if self.looks <= 0:
                raise Died
            self.looks -= 1
        return self._clock()


class Row(NamedTuple):
    """A row of the ledger, as it stands in the file."""

    run: str
    row: int
    status: str
    destination: str
    text: str
    umid: str
    batch: int | None
    held: str
    approved: bool

    @property
    def content(self) -> tuple[str, str]:
        return self.destination, self.text


class Question(NamedTuple):
    """A process of its own that shows a plan and waits for somebody's yes."""

    process: Process
    owned: ExitStack
    run: Run


def person(number: int) -> tuple[str, str]:
    """Somebody's number, and the text that is meant for them."""
    return f"+65912{number:05}", f"Text for person {number}"


def sheet(people: Iterable[int]) -> list[Message]:
    """A sheet's rows, from row 2 on."""
    return [Message(row, *person(number), 1, Encoding.GSM7) for row, number in enumerate(people, 2)]


@cache
def empty_ledger() -> bytes:
    """The file of a ledger without runs; to copy one is faster than to make one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.db")
        Ledger(path, durable=False).close()
        return path.read_bytes()


class World:
    """8x8, the ledger's file, the process at work, perhaps another that waits for a yes."""

    def __init__(self, folder: Path, lag: float = 0.0, settle: float | None = None) -> None:
        self.path = folder / "ledger.db"
        self.path.write_bytes(empty_ledger())
        self.clock = Clock()
        self.lag = timedelta(seconds=lag)
        self.settle = timedelta(seconds=lag if settle is None else settle)
        assert self.settle >= self.lag, "a settle time that is too short promises nothing"
        self.sim = Simulator(
            clock=self.clock,
            export_lag=lag,
            reject={person(number)[0]: "Invalid MSISDN" for number in REFUSED_PEOPLE},
        ).start()
        self.account = Account(self.sim.base_url, self.sim.subaccount, self.sim.api_key)
        self.process = Process(self.path, self.clock)
        self.question: Question | None = None
        self.sizes: dict[str, int] = {}
        self.contents: dict[str, frozenset[tuple[str, str]]] = {}
        self._file = sqlite3.connect(self.path)

    @property
    def ledger(self) -> Ledger:
        return self.process.ledger

    def close(self) -> None:
        self.withdraw()
        self._file.close()
        self.ledger.close()
        self.sim.stop()

    def die(self) -> None:
        """What is left of a dead process goes; another opens the ledger."""
        self.process.ledger.close()
        self.process = Process(self.path, self.clock)

    @contextmanager
    def dying(self, looks: int | None) -> Iterator[list[bool]]:
        """Let the process die after so many looks at its clock, and another take its place.

        The list holds True where it has died.
        """
        died: list[bool] = []
        self.process.looks = looks
        try:
            yield died
        except Died:
            died.append(True)
            self.die()
        finally:
            self.process.looks = None

    # What people do

    def job(self, size: int = 3, width: int = 1, again: bool = False) -> Job:
        return Job(
            sheet=SheetOptions(path="sheet.csv"),
            template="Hello",
            subaccount=self.sim.subaccount,
            base_url=self.sim.base_url,
            batch_size=size,
            concurrency=width,
            again=again,
        )

    def plan(
        self,
        messages: Sequence[Message],
        refused: Sequence[RejectedRow] = (),
        job: Job | None = None,
        ledger: Ledger | None = None,
    ) -> Run:
        with (ledger or self.ledger).plan(job or self.job()) as run:
            run.add(messages, refused)
            run.seal(FACTS)
        self.sizes[run.id] = len(messages) + len(refused)
        self.contents[run.id] = frozenset((m.destination, m.text) for m in messages)
        return run

    def agree(self, run: Run, ledger: Ledger | None = None) -> bool:
        """Say yes to a plan, as `send` does; False where the plan is refused.

        Plans are compared as wholes, so rows that another plan has sent would go out once more by
        design: nobody says yes then.
        """
        try:
            campaign.refuse_unsendable(run, ledger or self.ledger)
            if self._repeats_by_design(run):
                raise NoConsent("Some of them have it already.")
            run.approve()
        except BulksenderError:
            self._decline(run)
            return False
        return True

    def _repeats_by_design(self, run: Run) -> bool:
        """Whether rows of it are known to be accepted, and the plan as a whole was never sent."""
        planned = self.contents.get(run.id)
        ready = {row.content for row in self.rows(run.id) if row.status == "READY"}
        if planned is None or not ready & self.known_accepted():
            return False
        sent = {row.run for row in self.rows() if row.status in SENT_OR_MAY_BE and row.text}
        return not any(self.contents.get(twin) == planned for twin in {*self.approved()} & sent)

    def _decline(self, run: Run) -> None:
        run.decline()
        self.sizes[run.id] = 0

    def send(
        self,
        run: Run,
        faults: Sequence[FaultKind | None] = (),
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Send what is READY; `faults` hit the next POSTs, one each."""
        posted = len(self.sim.posts)
        for number, kind in enumerate(faults, posted + 1):
            if kind is not None:
                self.sim.inject(Fault(kind, post=number))
        sender = Sender(run, self.account, policy=POLICY, progress=lambda counts: progress())
        campaign.send(run, sender)

    def start(self, people: Iterable[int], *faults: FaultKind | None, size: int = 3) -> Run:
        """Plan, approve and send a sheet."""
        run = self.plan(sheet(people), job=self.job(size))
        with self.ledger.owning(run.id):
            assert self.agree(run)
            self.send(run, faults)
        return run

    def resume(self, run_id: str, faults: Sequence[FaultKind | None] = ()) -> Run:
        with self.ledger.owning(run_id):
            run = campaign.resumable(run_id, self.ledger)
            run.reopen(run.job)
            self.send(run, faults)
        return run

    def ask(
        self,
        run: Run,
        resend: Callable[[int], bool] = lambda rows: False,
        patience: Patience = PATIENCE,
    ) -> Inquiry:
        """Settle a run that is owned already, by 8x8's log."""
        return settling.reconcile(
            run, self.ledger, self.account, settle=self.settle, resend=resend, patience=patience
        )

    def reconcile(
        self,
        run_id: str,
        resend: bool | Callable[[int], bool] = True,
        faults: Sequence[FaultKind | None] = (),
        patience: Patience = PATIENCE,
    ) -> Inquiry:
        """Settle a run, and send what became READY, as the command does."""
        answer = resend if callable(resend) else lambda rows: resend
        with self.ledger.owning(run_id):
            run = self.ledger.run(run_id)
            inquiry = self.ask(run, answer, patience)
            if inquiry.resent and run.counts().get(RowStatus.READY):
                run.reopen(run.job)
                self.send(run, faults)
            else:
                run.end()
        return inquiry

    def retry(self, run_id: str, faults: Sequence[FaultKind | None] = ()) -> Run | None:
        """Try what was rejected once more; None where the new plan is refused."""
        with ExitStack() as family:
            for member in self.ledger.run(run_id).family():
                family.enter_context(self.ledger.owning(member))
            parent = retrying.retriable(run_id, self.ledger)
            made = retrying.retry(parent, parent.job, self.ledger)
            self.sizes[made.id] = sum(made.counts().values())
            with self.ledger.owning(made.id):
                if not self.agree(made):
                    return None
                self.send(made, faults)
        return made

    def wonder(self, people: Iterable[int], size: int = 3) -> Run:
        """Another process plans a sheet, shows it, and waits for somebody's yes."""
        assert self.question is None
        process = Process(self.path, self.clock)
        run = self.plan(sheet(people), job=self.job(size), ledger=process.ledger)
        owned = ExitStack()
        owned.enter_context(process.ledger.owning(run.id))
        self.question = Question(process, owned, run)
        return run

    def say_yes(self, faults: Sequence[FaultKind | None] = ()) -> bool:
        """Somebody says yes to it after all; False where the plan is refused by now."""
        assert self.question is not None
        process, owned, run = self.question
        self.question = None
        with owned:
            agreed = self.agree(run, process.ledger)
            if agreed:
                self.send(run, faults)
        process.ledger.close()
        return agreed

    def withdraw(self) -> None:
        """Nobody says yes: the process that has asked is ended."""
        if self.question is not None:
            self.question.owned.close()
            self.question.process.ledger.close()
            self.question = None

    # What the ledger's file says

    def rows(self, run_id: str | None = None) -> list[Row]:
        found = self._file.execute(
            "SELECT run.id, row, status, destination, text, umid, batch, held,"
            "       approved_at IS NOT NULL"
            "  FROM message JOIN run ON run.no = message.run ORDER BY run.no, row"
        ).fetchall()
        return [row for row in map(Row._make, found) if run_id in (None, row.run)]

    def statuses(self, run_id: str) -> set[str]:
        return {row.status for row in self.rows(run_id)}

    def approved(self) -> list[str]:
        """The ids of the runs that somebody said yes to."""
        found = self._file.execute("SELECT id FROM run WHERE approved_at IS NOT NULL ORDER BY no")
        return [run_id for (run_id,) in found]

    def known_accepted(self) -> set[tuple[str, str]]:
        """(number, text) of what the ledger knows 8x8 to have accepted, in whichever run."""
        return {row.content for row in self.rows() if row.status in ACCEPTED | {"ALREADY_SENT"}}

    def everything(self) -> list[list[tuple[object, ...]]]:
        """Every row of every table."""
        tables = ("run", "message", "batch", "attempt", "inquiry", "tally")
        return [
            self._file.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in tables
        ]

    def times(self, run_id: str | None = None) -> dict[tuple[str, int], tuple[str, str]]:
        """When each batch was claimed, and when its attempt had ended (empty: it has not)."""
        found = self._file.execute(
            "SELECT run.id, number, claimed_at, coalesce(batch.ended_at, '')"
            "  FROM batch JOIN run ON run.no = batch.run"
        ).fetchall()
        return {
            (run, number): (claimed, ended)
            for run, number, claimed, ended in found
            if run_id in (None, run)
        }

    # What 8x8 remembers

    def accepted_rows(self) -> dict[tuple[str, int], str]:
        """(run, row) → umid of every message that was accepted."""
        return {_origin(m.client_message_id): m.umid for m in self.sim.messages}

    def hides_what_nobody_can_miss(self, run_id: str, left_out: Callable[[int], bool]) -> bool:
        """Whether a log without these of its entries (counted from 1) looks whole to everybody.

        It does where it lacks unsettled messages of the run, and none of those that the run knows
        to be accepted long enough ago: before something that is shown was submitted, together
        with something that is shown, or longer ago than the settle time. What the log lacks of
        other runs is not looked at.
        """
        rows = {row.row: row for row in self.rows(run_id)}
        times = self.times()
        unsettled = [
            times[run_id, row.batch][0]
            for row in rows.values()
            if row.status in PERHAPS and row.batch is not None
        ]
        if not unsettled:
            return False
        since = datetime.fromisoformat(min(unsettled)) - timedelta(days=1, seconds=1)
        now = self.clock()
        log = [m for m in self.sim.messages if since <= m.created_at <= now - self.lag]
        shown = {_batch_of(m.client_batch_id) for i, m in enumerate(log, 1) if not left_out(i)}
        newest = max((times[batch][0] for batch in shown if batch in times), default="")
        settled = (now - self.settle).isoformat(timespec="milliseconds")
        lacks_unsettled = False
        for index, message in enumerate(log, 1):
            run, number = _origin(message.client_message_id)
            if run != run_id or not left_out(index):
                continue
            row = rows[number]
            lacks_unsettled |= row.status in PERHAPS
            if row.status in ACCEPTED and row.batch is not None:
                ended = times[run, row.batch][1]
                if ended < newest or ended < settled or (run, row.batch) in shown:
                    return False
        return lacks_unsettled

    # The judge

    def check(self) -> None:
        """Nobody twice, nobody lost, every row true; also while a process is at work."""
        messages = self.sim.messages  # first: the ledger knows of each before it is accepted
        posts = self.sim.posts
        rows = self.rows()
        contents = Counter((m.destination, m.text) for m in messages)
        assert not contents or max(contents.values()) == 1, "somebody was texted twice"
        by_umid = {m.umid: m for m in messages}
        accepted = {_origin(m.client_message_id): m.umid for m in messages}
        in_runs = {(row.content, row.run): row.status for row in rows if row.approved}
        for row in rows:
            umid = accepted.pop((row.run, row.row), None)
            self._check_row(row, umid, in_runs)
            if row.umid and row.status != "REJECTED":
                message = by_umid[row.umid]
                assert row.destination == message.destination
                assert row.text in ("", message.text)
        assert accepted == {}, "8x8 has messages of rows that the ledger does not have"
        sizes = Counter(row.run for row in rows)
        for run_id, size in self.sizes.items():
            assert sizes[run_id] == size, "rows in = the sum of the states"
        tried: dict[str, list[int]] = {}
        for number, post in enumerate(posts):
            tried.setdefault(post.client_batch_id or "", []).append(number)
        for name, numbers in tried.items():
            for number in numbers[:-1]:
                post = posts[number]
                assert (post.accepted, post.status) == (False, 429), f"{name} was repeated"

    def _check_row(
        self, row: Row, umid: str | None, in_runs: dict[tuple[tuple[str, str], str], str]
    ) -> None:
        said = f"row {row.row} of {row.run} is {row.status}"
        if row.status in ACCEPTED:
            assert row.umid == umid, said
        elif row.status in PERHAPS:
            if row.batch is None:
                assert row.held, said
                assert umid is None, said
        else:
            assert row.status in NOT_ACCEPTED, said
            assert umid is None, said
        if row.status == "ALREADY_SENT" and not row.umid:
            others = {
                status
                for (content, run), status in in_runs.items()
                if content == row.content and run != row.run
            }
            assert others & (ACCEPTED | PERHAPS | {"READY", "REJECTED"}), said
        if row.status == "REJECTED":
            assert self._was_refused(row), said

    def _was_refused(self, row: Row) -> bool:
        """Whether 8x8 was asked for this row, or the one it waited for, and has answered."""
        asked = {(row.run, row.batch)}
        if row.held:
            asked = {(r.run, r.batch) for r in self.rows(row.held) if r.content == row.content}
        return any(
            _batch_of(post.client_batch_id) in asked and post.status in (200, 400, 422)
            for post in self.sim.posts
        )

    def check_the_end(self) -> None:
        """Everything that was planned and approved went out once, or 8x8 refused it."""
        self.check()
        accepted = {(m.destination, m.text) for m in self.sim.messages}
        rows = [row for row in self.rows() if row.approved]
        for row in rows:
            assert row.status not in PERHAPS | {"READY"}, f"{row} is not settled"
        refused = {row.content for row in rows if row.status == "REJECTED"}
        for row in rows:
            if row.status not in ("INVALID", "DUPLICATE"):
                assert row.content in accepted | refused, f"{row} is lost"

    def go_on_to_the_end(self) -> None:
        """Wait, resume and reconcile until nothing is left to settle; at most so many times."""
        self.withdraw()
        for _ in range(8):
            self.clock.advance((self.lag + self.settle).total_seconds() + 1)
            for run_id in self.approved():
                if self.statuses(run_id) & {"READY", "SENDING"}:
                    self.resume(run_id)
                    self.clock.advance((self.lag + self.settle).total_seconds() + 1)
                if "UNKNOWN" in self.statuses(run_id):
                    self.reconcile(run_id)
                self.check()
            rows = [row for row in self.rows() if row.approved]
            if not any(row.status in PERHAPS | {"READY"} for row in rows):
                break
        self.check_the_end()


def _origin(client_message_id: str | None) -> tuple[str, int]:
    """(run, row) of a clientMessageId."""
    run, _, row = (client_message_id or "").partition("-")
    return run, int(row.partition(".")[0])


def _batch_of(client_batch_id: str | None) -> tuple[str, int]:
    """(run, number) of a clientBatchId."""
    run, _, number = (client_batch_id or "").partition("-")
    return run, int(number)

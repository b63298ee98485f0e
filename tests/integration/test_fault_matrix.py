"""Every fault × the first, a middle and the last batch × what is done about it afterwards.

The truth is what the simulator remembers. A message is accepted twice where it stands twice among
its messages; lost is a row that is in the end neither accepted nor refused by the simulator. The
last test prints the whole matrix, and sums it up.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from shell import Shell

from bulksender.errors import ExitCode, LogUnavailable
from bulksender.ledger import Inquiry, Run, RunState
from bulksender.model import ACCEPTED, RowStatus
from bulksender.sender import Patience
from bulksender.settings import Account
from bulksender.settling import SETTLE, reconcile
from bulksender.simulator import ExportFaultKind, Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

ROWS, BATCH = 25, 5
PLACES = {"first": 1, "middle": 3, "last": 5}
AT_ONCE = timedelta(0)
HASTY = Patience(first_wait=0.001, longest_wait=0.002)
IMPATIENT = Patience(first_wait=0.001, longest_wait=0.002, job=0.05)
BY_COMMAND = "the commands"
SEND = ("send", "sheet.csv", "--text", "Hi {{ name }}", "--batch-size", str(BATCH),
        "--concurrency", "1")  # fmt: skip
NEXT = {
    ExitCode.UNKNOWN: ["reconcile", "--resend-absent", "--settle", "0s"],
    ExitCode.STOPPED: ["resume"],
}
COMMANDED = (
    FaultKind.CLOSE_BEFORE,
    FaultKind.CLOSE_AFTER,
    FaultKind.UNAUTHORIZED,
    FaultKind.MISSING,
    FaultKind.PARTLY,
)

# What the five rows of the batch become that is hit: by the answer, and in the end.
HELD_BACK = {
    FaultKind.UNAUTHORIZED,
    FaultKind.FORBIDDEN,
    FaultKind.NOT_FOUND,
    FaultKind.GONE,
    FaultKind.TLS,
}
REFUSED = {FaultKind.BAD_REQUEST: 5, FaultKind.UNPROCESSABLE: 5, FaultKind.PARTLY: 2}
NEVER_ARRIVED = {
    FaultKind.INTERNAL,
    FaultKind.UNAVAILABLE,
    FaultKind.BAD_GATEWAY,
    FaultKind.REDIRECT,
    FaultKind.CLOSE_BEFORE,
}


class Cell(NamedTuple):
    """What was found in one cell of the matrix."""

    sent: str  # the counts after the sending
    ended: str  # the counts in the end
    twice: int
    lost: int
    untrue: list[str]
    posts: int

    def shown(self) -> str:
        truth = "true" if not self.untrue else "UNTRUE"
        return f"{self.ended:<24} {self.twice}/{self.lost} {truth}"


class Told(NamedTuple):
    """What the ledger, or the result sheet, says of a row."""

    destination: str
    status: RowStatus
    umid: str


def told(desk: Desk, run: Run) -> list[Told]:
    return [Told(row.destination, row.status, row.umid) for row in desk.rows(run).values()]


def read_sheet(path: Path) -> list[Told]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Told(row["Mobile"], RowStatus(row["status"]), row["umid"])
            for row in csv.DictReader(file)
        ]


def counted(rows: Iterable[Told]) -> str:
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{counts[status]} {status}" for status in sorted(counts))


def twice(sim: Simulator) -> int:
    """How many messages were accepted more than once."""
    counts = Counter(message.destination for message in sim.messages)
    return sum(times - 1 for times in counts.values())


def refused_by(sim: Simulator) -> set[str]:
    """The numbers that the simulator has refused for good, by its own records."""
    accepted = {message.destination for message in sim.messages}
    posted: set[str] = set()
    for post in sim.posts:
        if post.status in (400, 422) or post.accepted:
            posted |= {number for number, _ in contents(post.body)}
    return posted - accepted


def contents(body: bytes) -> list[tuple[str, str]]:
    """The (number, client message id) pairs of a POST."""
    found: list[dict[str, Any]] = json.loads(body)["messages"]
    return [(each["destination"], each["clientMessageId"]) for each in found]


def lost(rows: Iterable[Told], sim: Simulator) -> int:
    """How many planned rows nobody got and nobody refused, or are told otherwise."""
    accepted = {message.destination for message in sim.messages}
    refused = refused_by(sim)
    return sum(
        row.destination not in accepted
        and not (row.status is RowStatus.REJECTED and row.destination in refused)
        for row in rows
    )


def untrue(when: str, rows: list[Told], sim: Simulator) -> list[str]:
    """The rows of which something else is told than what the simulator did."""
    umids = {message.destination: message.umid for message in sim.messages}
    refused = refused_by(sim)
    wrong = [] if len(rows) == ROWS else [f"{when}: {len(rows)} rows are told of"]
    for row in rows:
        if row.status in ACCEPTED:
            right = umids.get(row.destination) == row.umid
        elif row.status is RowStatus.REJECTED:
            right = row.destination in refused
        elif row.status is RowStatus.READY:
            right = row.destination not in umids
        else:
            right = row.status is RowStatus.UNKNOWN
        if not right:
            wrong.append(f"{when}: {row.destination} is {row.status}")
    missing = umids.keys() - {row.destination for row in rows}
    return wrong + [f"{when}: {number} got a text and no row says so" for number in missing]


class Watch:
    """A run at a simulator, and whether what is told of it was true each time it was looked at."""

    def __init__(self, desk: Desk, sim: Simulator, **changes: Any) -> None:
        self.desk, self.sim = desk, sim
        self.run = desk.plan(ROWS, base_url=sim.base_url, **changes)
        self.untrue: list[str] = []

    def look(self, when: str) -> str:
        """The counts as they are now."""
        rows = told(self.desk, self.run)
        self.untrue += untrue(when, rows, self.sim)
        return counted(rows)

    def send(self) -> str:
        self.desk.send(self.run, self.sim)
        return self.look("sent")

    def resume(self) -> None:
        self.run = self.desk.reopened(self.run)
        self.desk.send(self.run, self.sim)
        self.look("resumed")

    def reconcile(
        self, resend: bool, settle: timedelta = AT_ONCE, patience: Patience = HASTY
    ) -> Inquiry:
        """Settle by the log; what it lacks goes out again where that is said."""
        account = Account(self.sim.base_url, self.sim.subaccount, self.sim.api_key)
        inquiry = reconcile(
            self.run,
            self.desk.ledger,
            account,
            settle=settle,
            resend=lambda rows: resend,
            patience=patience,
        )
        self.look("settled")
        if inquiry.resent:
            self.run.reopen(self.run.job)
            self.desk.send(self.run, self.sim)
        else:
            self.run.end()
        self.look("reconciled")
        return inquiry

    def cell(self, sent: str) -> Cell:
        rows = told(self.desk, self.run)
        state = self.desk.ledger.run(self.run.id).state
        if state is not RunState.FINISHED:
            self.untrue.append(f"the run is {state}")
        return Cell(
            sent,
            self.look("in the end"),
            twice(self.sim),
            lost(rows, self.sim),
            self.untrue,
            len(self.sim.posts),
        )


def resume_and_resend(watch: Watch) -> None:
    watch.resume()
    watch.reconcile(resend=True)


def look_first_then_resend(watch: Watch) -> None:
    """Asked for nothing but the truth, reconciling sends nothing."""
    posts = len(watch.sim.posts)
    watch.reconcile(resend=False)
    if len(watch.sim.posts) != posts:
        watch.untrue.append("reconciling without resending has sent")
    watch.reconcile(resend=True)
    watch.resume()


def ask_at_once(watch: Watch) -> None:
    """As `send --reconcile` does: the log may lag, so only what a later batch proves is absent."""
    watch.reconcile(resend=True, settle=SETTLE)
    watch.resume()
    watch.reconcile(resend=True)


AFTERWARDS: dict[str, tuple[Callable[[Watch], None], int]] = {
    "resume, reconcile + resend": (resume_and_resend, 1),
    "reconcile, then + resend": (look_first_then_resend, 4),
    "send --reconcile + resend": (ask_at_once, 1),
}
CELLS = [(kind, place, after) for kind in FaultKind for place in PLACES for after in AFTERWARDS]
COMMAND_CELLS = [(kind, "middle", BY_COMMAND) for kind in COMMANDED]


def measured(kind: FaultKind, place: str, after: str, desk: Desk) -> Cell:
    """One cell: a simulator of its own, with one fault."""
    then, concurrency = AFTERWARDS[after]
    with Simulator(faults=[Fault(kind, post=PLACES[place], seconds=0.02)]) as sim:
        watch = Watch(desk, sim, concurrency=concurrency)
        sent = watch.send()
        then(watch)
        return watch.cell(sent)


def commanded(kind: FaultKind, place: str, folder: Path) -> Cell:
    """One cell by `send --reconcile` and by the command that its exit code asks for."""
    with Simulator(faults=[Fault(kind, post=PLACES[place])]) as sim:
        shell = Shell(
            folder,
            BULKSENDER_BASE_URL=sim.base_url,
            BULKSENDER_API_KEY=sim.api_key,
            BULKSENDER_SUBACCOUNT=sim.subaccount,
        )
        rows = [f"Person {row},+6591230{row:03}" for row in range(ROWS)]
        shell.write("sheet.csv", "\n".join(["Name,Mobile", *rows]) + "\n")
        result = folder / "sheet-results.csv"
        sent, wrong = "", []
        step = [*SEND, "-y", "--reconcile"]
        for _ in range(4):
            ended = shell.run(*step)
            wrong += untrue(step[0], read_sheet(result), sim)
            sent = sent or counted(read_sheet(result))
            if ended.code not in NEXT:
                break
            step = NEXT[ended.code]
        rows_told = read_sheet(result)
        posts = len(sim.posts)
        return Cell(sent, counted(rows_told), twice(sim), lost(rows_told, sim), wrong, posts)


Key = tuple[FaultKind, str, str]
Matrix = Callable[[FaultKind, str, str], Cell]


@pytest.fixture(scope="module")
def cells() -> dict[Key, Cell]:
    return {}


@pytest.fixture
def matrix(cells: dict[Key, Cell], desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """The matrix's cells; each is measured once, whichever test asks first."""

    def measure(kind: FaultKind, place: str, after: str) -> Cell:
        folder = tmp_path_factory.mktemp("cell")
        if after == BY_COMMAND:
            return commanded(kind, place, folder)
        own = type(desk)(folder / "ledger.db")
        try:
            return measured(kind, place, after, own)
        finally:
            own.ledger.close()

    def cell(*key: *Key) -> Cell:
        if key not in cells:
            cells[key] = measure(*key)
        return cells[key]

    return cell


def in_the_end(kind: FaultKind) -> str:
    rejected = REFUSED.get(kind, 0)
    queued = f"{ROWS - rejected} QUEUED"
    return f"{queued}, {rejected} REJECTED" if rejected else queued


@pytest.mark.parametrize("after", AFTERWARDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", list(FaultKind))
def test_whatever_fails_and_whatever_is_done_about_it_nobody_gets_it_twice_and_nobody_is_lost(
    matrix: Matrix, kind: FaultKind, place: str, after: str
) -> None:
    cell = matrix(kind, place, after)

    assert (cell.twice, cell.lost) == (0, 0)
    assert cell.untrue == []
    assert cell.ended == in_the_end(kind)
    repeated = kind is FaultKind.TOO_MANY or kind in HELD_BACK or kind in NEVER_ARRIVED
    assert cell.posts == ROWS // BATCH + repeated  # no batch more often than it has to be


@pytest.mark.parametrize("kind", COMMANDED)
def test_the_commands_bring_a_run_to_the_same_end(matrix: Matrix, kind: FaultKind) -> None:
    cell = matrix(kind, "middle", BY_COMMAND)

    assert (cell.twice, cell.lost) == (0, 0)
    assert cell.untrue == []
    assert cell.ended == in_the_end(kind)


@pytest.mark.parametrize("settle", [AT_ONCE, SETTLE], ids=["settled", "fresh"])
@pytest.mark.parametrize("kind", sorted(NEVER_ARRIVED | {FaultKind.CLOSE_AFTER}))
def test_what_is_sent_anew_and_fails_again_is_settled_again(
    desk: Desk, simulated: Callable[..., Simulator], kind: FaultKind, settle: timedelta
) -> None:
    sim = simulated(faults=[Fault(kind, post=2), Fault(kind, post=6)])
    watch = Watch(desk, sim)
    watch.send()

    for _ in range(2):
        watch.reconcile(resend=True, settle=settle)
    cell = watch.cell("")
    while "UNKNOWN" in cell.ended:  # nothing has gone out after it that would prove it absent
        assert settle is SETTLE
        watch.reconcile(resend=True)
        cell = watch.cell("")

    assert (cell.twice, cell.lost, cell.untrue) == (0, 0, [])
    assert cell.ended == f"{ROWS} QUEUED"


# The log -------------------------------------------------------------------------------------

UNREADABLE = {
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
}
LACKING = {ExportFaultKind.EMPTY, ExportFaultKind.GAPS}


def unsettled(desk: Desk, sim: Simulator, place: str) -> Watch:
    """A run of which one batch is UNKNOWN that arrived, and another that did not."""
    hit = PLACES[place]
    sim.inject(Fault(FaultKind.CLOSE_AFTER, post=hit))
    sim.inject(Fault(FaultKind.CLOSE_BEFORE, post=2 if hit != 2 else 4))
    watch = Watch(desk, sim)
    assert watch.send() == "15 QUEUED, 10 UNKNOWN"
    return watch


def everything(desk: Desk) -> list[Any]:
    """The ledger's whole content."""
    tables = ("run", "message", "batch", "attempt", "inquiry", "tally")
    return [desk.query(f"SELECT * FROM {table}") for table in tables]


def fault_of(kind: ExportFaultKind) -> Fault:
    """The fault, as often as an unavailable log is asked for."""
    return Fault(kind, times=HASTY.attempts if kind is ExportFaultKind.UNAVAILABLE else 1)


def test_every_kind_of_bad_log_has_an_expectation() -> None:
    assert UNREADABLE | LACKING | {ExportFaultKind.MOVED} == set(ExportFaultKind)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", sorted(UNREADABLE))
def test_a_log_that_cannot_be_read_changes_nothing_and_the_next_one_settles_all(
    desk: Desk, simulated: Callable[..., Simulator], kind: ExportFaultKind, place: str
) -> None:
    sim = simulated()
    watch = unsettled(desk, sim, place)
    before, posts = everything(desk), len(sim.posts)
    sim.inject(fault_of(kind))

    with pytest.raises(LogUnavailable):
        watch.reconcile(True, patience=IMPATIENT if kind is ExportFaultKind.STUCK else HASTY)

    assert everything(desk) == before
    assert len(sim.posts) == posts
    assert_settled_by_a_good_log(watch)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", sorted(LACKING))
def test_a_log_that_lacks_what_was_accepted_proves_nothing_and_the_next_one_settles_all(
    desk: Desk, simulated: Callable[..., Simulator], kind: ExportFaultKind, place: str
) -> None:
    sim = simulated()
    watch = unsettled(desk, sim, place)
    posts = len(sim.posts)
    sim.inject(fault_of(kind))

    inquiry = watch.reconcile(resend=True)

    assert inquiry.missing > 0
    assert (inquiry.absent, inquiry.resent) == (0, 0)
    assert len(sim.posts) == posts
    assert watch.untrue == []
    assert_settled_by_a_good_log(watch)


@pytest.mark.parametrize("kind", sorted(LACKING))
def test_a_log_without_the_only_batch_proves_nothing_before_it_has_had_its_time(
    desk: Desk, simulated: Callable[..., Simulator], kind: ExportFaultKind
) -> None:
    sim = simulated(faults=[Fault(FaultKind.CLOSE_AFTER, post=1), fault_of(kind)])
    watch = Watch(desk, sim, batch_size=ROWS)
    assert watch.send() == f"{ROWS} UNKNOWN"

    inquiry = watch.reconcile(resend=True, settle=SETTLE)

    assert (inquiry.absent, inquiry.resent) == (0, 0)
    assert watch.untrue == []
    assert_settled_by_a_good_log(watch)


def test_a_log_that_has_moved_on_the_same_host_settles_all(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    watch = unsettled(desk, sim, "middle")
    sim.inject(fault_of(ExportFaultKind.MOVED))
    assert_settled_by_a_good_log(watch)


def assert_settled_by_a_good_log(watch: Watch) -> None:
    watch.reconcile(resend=True)
    cell = watch.cell("")
    assert (cell.twice, cell.lost, cell.untrue) == (0, 0, [])
    assert cell.ended == f"{ROWS} QUEUED"
    last = Counter(number for post in watch.sim.posts for number, _ in contents(post.body))
    assert max(last.values()) <= 2


# The whole of it -----------------------------------------------------------------------------


def test_the_matrix_as_a_whole(matrix: Matrix, capsys: pytest.CaptureFixture[str]) -> None:
    cells = {cell: matrix(*cell) for cell in [*CELLS, *COMMAND_CELLS]}
    lines = ["", "In the end, messages accepted twice/lost, and whether every status was true:", ""]
    lines.append(f"{'fault':<15} {'batch':<7} {'after the sending':<27}"
                 + "".join(f"{after:<36}" for after in AFTERWARDS))  # fmt: skip
    for kind in FaultKind:
        for place in PLACES:
            row = [cells[kind, place, after] for after in AFTERWARDS]
            lines.append(f"{kind:<15} {place:<7} {row[0].sent:<27}"
                         + "".join(f"{cell.shown():<36}" for cell in row))  # fmt: skip
    for kind, place, after in COMMAND_CELLS:
        cell = cells[kind, place, after]
        lines.append(f"{kind:<15} {place:<7} {cell.sent:<27}{cell.shown():<36}by {after}")
    all_twice = sum(cell.twice for cell in cells.values())
    all_lost = sum(cell.lost for cell in cells.values())
    all_untrue = sum(len(cell.untrue) for cell in cells.values())
    total = f"{all_twice} twice, {all_lost} lost"
    lines += ["", f"{len(cells)} cells: {total}, {all_untrue} untrue", ""]
    with capsys.disabled():
        print("\n".join(line.rstrip() for line in lines))  # noqa: T201 - the matrix is the output
    assert total == "0 twice, 0 lost"
    assert all_untrue == 0
    assert len(cells) == len(FaultKind) * len(PLACES) * len(AFTERWARDS) + len(COMMANDED)

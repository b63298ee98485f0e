"""A statement of the ledger fails, whichever it is: all of its transaction counts or none of it.

The failures are SQLite's own: triggers that raise, a limit on the file's pages, a file that is cut
off under an open ledger. The simulator is the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import full_disk as fd
import pytest

from bulksender import campaign
from bulksender.errors import LedgerError
from bulksender.ledger import Inquiry, Ledger, Run, RunState, purge_runs
from bulksender.settling import reconcile
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

ROWS, BATCH = 12, 3
WAYS = ("ABORT", "FAIL", "ROLLBACK")
TABLES = ("run", "message", "batch", "attempt", "inquiry", "tally")


class Refusal(NamedTuple):
    """Which statement fails: what it does to which table, and when."""

    what: str
    when: str = "1"

    def install(self, desk: Desk, way: str) -> None:
        desk.query(
            f"CREATE TRIGGER refused BEFORE {self.what} WHEN {self.when} "
            f"BEGIN SELECT raise({way}, 'database or disk is full'); END"
        )


def remove(desk: Desk) -> None:
    desk.query("DROP TRIGGER refused")


def everything(desk: Desk) -> list[Any]:
    """The ledger's whole content."""
    return [desk.query(f"SELECT * FROM {table}") for table in TABLES]


def asked(desk: Desk, run: Run, sim: Simulator) -> Inquiry:
    """The log's word, with what it lacks made READY again."""
    return reconcile(
        run,
        desk.ledger,
        fd.account(sim),
        settle=timedelta(0),
        resend=lambda rows: True,
        patience=fd.HASTY,
    )


def assert_safe(desk: Desk, sim: Simulator) -> None:
    fd.assert_sound(desk.path)
    fd.assert_claimed(desk.path, fd.posted_batches(sim))
    fd.assert_nobody_waits_who_was_reached(desk.path, sim)


def assert_finished(desk: Desk, run: Run, sim: Simulator, rows: int = ROWS) -> None:
    """Resumed and reconciled, everybody has one text, and every status is true."""
    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    if asked(desk, again, sim).resent:
        again.reopen(again.job)
        assert desk.send(again, sim) is None
    again.end()
    assert desk.ledger.run(run.id).state is RunState.FINISHED
    accepted = Counter(message.destination for message in sim.messages)
    assert set(accepted.values()) == {1}, "somebody was texted twice"
    assert len(accepted) == rows, "somebody was lost"
    umids = {message.destination: message.umid for message in sim.messages}
    assert desk.counts(again) == {"QUEUED": rows}
    assert {row.destination: row.umid for row in desk.rows(again).values()} == umids


def every(refusals: dict[str, Refusal]) -> pytest.MarkDecorator:
    cases = [(refusal, way) for refusal in refusals.values() for way in WAYS]
    names = [f"{name}, {way.lower()}" for name in refusals for way in WAYS]
    return pytest.mark.parametrize(("refusal", "way"), cases, ids=names)


# Planning ------------------------------------------------------------------------------------


@every(
    {
        "the run": Refusal("INSERT ON run"),
        "a row": Refusal("INSERT ON message", "new.row = 8"),
        "the seal": Refusal("UPDATE ON run", "new.state = 'PLANNED'"),
        "yes": Refusal("UPDATE ON run", "new.state = 'SENDING'"),
    }
)
def test_a_plan_that_cannot_be_written_can_be_made_again(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    refusal.install(desk, way)

    with pytest.raises(LedgerError, match="disk is full"):
        desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url)

    assert desk.query("SELECT count(*) FROM run WHERE approved_at IS NOT NULL") == [(0,)]
    fd.assert_sound(desk.path)
    remove(desk)
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url, again=False)
    assert_finished(desk, run, sim)


# Sending -------------------------------------------------------------------------------------


@every(
    {
        "a batch is claimed": Refusal("INSERT ON batch", "new.number = 2"),
        "a row is claimed": Refusal("UPDATE ON message", "new.status = 'SENDING' AND new.row = 6"),
        "a row is settled": Refusal("UPDATE ON message", "new.status = 'QUEUED' AND new.row = 6"),
        "a batch is settled": Refusal("UPDATE ON batch", "new.number = 2"),
        "an attempt": Refusal("INSERT ON attempt", "new.batch = 2"),
        "the end": Refusal("UPDATE ON run", "new.state IN ('FINISHED', 'STOPPED')"),
    }
)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_run_that_cannot_be_written_is_finished_later(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str, concurrency: int
) -> None:
    sim = simulated()
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url, concurrency=concurrency)
    refusal.install(desk, way)

    try:
        stopped = desk.send(run, sim)
    except LedgerError as error:
        assert refusal.what == "UPDATE ON run"
        stopped = str(error)

    assert stopped is not None
    assert "disk is full" in stopped
    assert_safe(desk, sim)
    assert fd.posted_batches(sim) == set(
        desk.query("SELECT id, number FROM batch JOIN run ON run.no = batch.run")
    )
    remove(desk)
    assert campaign.resumable(None, desk.ledger).id == run.id
    assert_finished(desk, run, sim)


@every(
    {
        "a row": Refusal("UPDATE ON message", "new.status = 'READY' AND new.row = 6"),
        "its batch": Refusal("UPDATE ON batch", "new.state = 'NOT_ACCEPTED'"),
        "its attempt": Refusal("INSERT ON attempt", "new.batch = 2"),
    }
)
def test_a_batch_that_cannot_be_given_back_is_settled_by_the_log(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated(faults=[Fault(FaultKind.UNAUTHORIZED, post=2)])
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url)
    refusal.install(desk, way)

    assert "disk is full" in (desk.send(run, sim) or "")

    assert desk.counts(run) == {"QUEUED": 3, "SENDING": 3, "READY": 6}
    assert_safe(desk, sim)
    remove(desk)
    assert_finished(desk, run, sim)


# Going on ------------------------------------------------------------------------------------


def died(desk: Desk, sim: Simulator) -> Run:
    """A run whose process has died with batch 2 in flight; the other rows wait."""
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url)
    refused = Refusal("UPDATE ON batch", "new.number = 2")
    refused.install(desk, "ABORT")
    desk.send(run, sim)
    remove(desk)
    assert desk.counts(run) == {"QUEUED": 3, "SENDING": 3, "READY": 6}
    return run


@every(
    {
        "its rows": Refusal("UPDATE ON message", "new.status = 'UNKNOWN' AND new.row = 6"),
        "its batch": Refusal("UPDATE ON batch", "new.state = 'UNKNOWN'"),
        "the run": Refusal("UPDATE ON run", "new.state = 'SENDING'"),
    }
)
def test_a_run_that_cannot_be_taken_up_sends_nothing_and_still_waits(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    run, posts = died(desk, sim), len(sim.posts)
    refusal.install(desk, way)

    with pytest.raises(LedgerError, match="disk is full"):
        desk.reopened(run)

    assert len(sim.posts) == posts
    assert_safe(desk, sim)
    remove(desk)
    assert campaign.resumable(None, desk.ledger).id == run.id
    assert_finished(desk, run, sim)


# Settling ------------------------------------------------------------------------------------


def unsettled(desk: Desk, sim: Simulator) -> Run:
    """A finished run: batch 2 is UNKNOWN and was accepted, batch 3 is UNKNOWN and was not."""
    sim.inject(Fault(FaultKind.CLOSE_AFTER, post=2))
    sim.inject(Fault(FaultKind.CLOSE_BEFORE, post=3))
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url)
    assert desk.send(run, sim) is None
    assert desk.counts(run) == {"QUEUED": 6, "UNKNOWN": 6}
    return run


@every(
    {
        "what was found": Refusal("UPDATE ON message", "new.status = 'QUEUED' AND new.row = 6"),
        "the remark": Refusal("UPDATE ON message", "new.detail LIKE 'not in%' AND new.row = 9"),
        "a batch": Refusal("UPDATE ON batch", "new.state = 'SETTLED'"),
        "the inquiry": Refusal("INSERT ON inquiry"),
    }
)
def test_a_log_whose_word_cannot_be_written_changes_nothing(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    run = unsettled(desk, sim)
    before = everything(desk)
    refusal.install(desk, way)

    with pytest.raises(LedgerError, match="disk is full"):
        asked(desk, run, sim)

    assert everything(desk) == before
    assert len(sim.posts) == 4
    assert_safe(desk, sim)
    remove(desk)
    assert_finished(desk, run, sim)


@every(
    {
        "a row": Refusal("UPDATE ON message", "new.status = 'READY' AND new.row = 9"),
        "its batch": Refusal("UPDATE ON batch", "new.state = 'ABSENT'"),
        "the run": Refusal("UPDATE ON run", "new.state = 'STOPPED'"),
    }
)
def test_rows_that_cannot_be_made_ready_again_stay_unknown(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    run = unsettled(desk, sim)
    refusal.install(desk, way)

    with pytest.raises(LedgerError, match="disk is full"):
        asked(desk, run, sim)

    assert desk.counts(run) == {"QUEUED": 9, "UNKNOWN": 3}
    assert len(sim.posts) == 4
    assert_safe(desk, sim)
    remove(desk)
    assert_finished(desk, run, sim)


@every(
    {
        "reopened": Refusal("UPDATE ON run", "new.state = 'SENDING'"),
        "claimed": Refusal("INSERT ON batch", "new.number = 5"),
        "settled": Refusal("UPDATE ON message", "new.status = 'QUEUED' AND new.row = 9"),
        "ended": Refusal("UPDATE ON run", "new.state = 'FINISHED'"),
    }
)
def test_a_sending_anew_that_cannot_be_written_is_taken_up_by_resume(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    run = unsettled(desk, sim)
    assert asked(desk, run, sim).resent == 3
    refusal.install(desk, way)

    with suppress(LedgerError):
        run.reopen(run.job)
        assert "disk is full" in (desk.send(run, sim) or "")

    assert_safe(desk, sim)
    remove(desk)
    assert campaign.resumable(None, desk.ledger).id == run.id
    assert_finished(desk, run, sim)


# Removing ------------------------------------------------------------------------------------


@every(
    {
        "the counts": Refusal("INSERT ON tally"),
        "a row": Refusal("DELETE ON message", "old.row = 6"),
        "the run": Refusal("UPDATE ON run", "new.purged_at IS NOT NULL"),
    }
)
def test_a_purge_that_cannot_be_written_removes_nothing(
    desk: Desk, simulated: Callable[..., Simulator], refusal: Refusal, way: str
) -> None:
    sim = simulated()
    run = desk.plan(ROWS, batch_size=BATCH, base_url=sim.base_url)
    desk.send(run, sim)
    before = everything(desk)
    refusal.install(desk, way)

    with pytest.raises(LedgerError, match="disk is full"):
        purge_runs(desk.ledger, "9999")

    assert everything(desk) == before
    remove(desk)
    purge_runs(desk.ledger, "9999")
    assert desk.ledger.run(run.id).counts() == {"QUEUED": ROWS}
    fd.assert_sound(desk.path)


# No page is left -----------------------------------------------------------------------------


def allow(desk: Desk, more: int | None) -> None:
    """Let the ledger's file grow by so many pages, or as it likes."""
    with desk.ledger.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        most = 1_000_000 if more is None else pages + more
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}").all()


@pytest.mark.parametrize("more", [0, 1, 3])
def test_a_plan_for_which_no_page_is_left_can_be_made_again(
    desk: Desk, simulated: Callable[..., Simulator], more: int
) -> None:
    sim = simulated()
    allow(desk, more)

    with pytest.raises(LedgerError, match="database or disk is full"):
        desk.plan(400, batch_size=BATCH, base_url=sim.base_url)

    assert desk.query("SELECT count(*) FROM run") == [(0,)]  # nothing of it is left
    fd.assert_sound(desk.path)
    allow(desk, None)
    assert_finished(desk, desk.plan(ROWS, base_url=sim.base_url, again=False), sim)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("more", [0, 1, 2, 4])
def test_a_run_for_which_no_page_is_left_is_finished_later(
    desk: Desk, simulated: Callable[..., Simulator], more: int, concurrency: int
) -> None:
    sim = simulated()
    run = desk.plan(200, batch_size=2, base_url=sim.base_url, concurrency=concurrency)
    allow(desk, more)

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert "database or disk is full" in stopped
    assert len(sim.posts) < 100
    assert_safe(desk, sim)
    allow(desk, None)
    assert_finished(desk, run, sim, 200)


# Reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 1, 3, 8])
def test_a_file_that_is_cut_off_under_an_open_ledger_stops_the_run_before_its_next_post(
    desk: Desk, simulated: Callable[..., Simulator], kept: int
) -> None:
    sim = simulated()
    run = desk.plan(400, batch_size=2, base_url=sim.base_url)
    desk.ledger.close()
    whole = desk.path.read_bytes()
    assert len(whole) > 10 * 4096

    with Ledger(desk.path, durable=False) as opened:
        found = opened.run(run.id)
        desk.path.write_bytes(whole[: kept * 4096])
        with pytest.raises(LedgerError):
            fd.send(found, sim)
    assert sim.posts == []

    for name in ("-wal", "-shm"):
        desk.path.with_name(desk.path.name + name).unlink(missing_ok=True)
    desk.path.write_bytes(whole)
    desk.ledger = Ledger(desk.path, durable=False)
    assert_finished(desk, run, sim, 400)

"""Whatever goes wrong with a POST: each row's state is true, nobody is texted twice, nobody lost.

The truth is what the simulator remembers: which POSTs came, and which messages it accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bulksender.errors import ExitCode
from bulksender.ledger import Run
from bulksender.model import RowStatus
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk

ROWS, BATCH = 25, 5

REPEATED = {FaultKind.TOO_MANY}
ACCEPTED = {FaultKind.SLOW, FaultKind.SHUFFLED}
REFUSED = {FaultKind.BAD_REQUEST, FaultKind.UNPROCESSABLE}
HALTED = {
    FaultKind.UNAUTHORIZED,
    FaultKind.FORBIDDEN,
    FaultKind.NOT_FOUND,
    FaultKind.GONE,
    FaultKind.TLS,
}
LOST = {
    FaultKind.INTERNAL,
    FaultKind.UNAVAILABLE,
    FaultKind.BAD_GATEWAY,
    FaultKind.REDIRECT,
    FaultKind.CLOSE_BEFORE,
    FaultKind.CLOSE_AFTER,
    FaultKind.INTERNAL_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.GARBAGE,
    FaultKind.COUNTS_ONLY,
    FaultKind.WRONG_SHAPE,
}
MIXED = {FaultKind.MISSING, FaultKind.PARTLY}

# The five rows of the batch that is hit, in their order.
EXPECTED: dict[FaultKind, list[str]] = {
    **{kind: ["QUEUED"] * BATCH for kind in REPEATED | ACCEPTED},
    **{kind: ["REJECTED"] * BATCH for kind in REFUSED},
    **{kind: ["READY"] * BATCH for kind in HALTED},
    **{kind: ["UNKNOWN"] * BATCH for kind in LOST},
    FaultKind.MISSING: ["QUEUED", "QUEUED", "UNKNOWN", "QUEUED", "QUEUED"],
    FaultKind.PARTLY: ["QUEUED", "REJECTED", "QUEUED", "REJECTED", "QUEUED"],
}
CODES = {
    **dict.fromkeys(REPEATED | ACCEPTED, ExitCode.DONE),
    **dict.fromkeys(REFUSED | {FaultKind.PARTLY}, ExitCode.REJECTED),
    **dict.fromkeys(HALTED, ExitCode.STOPPED),
    **dict.fromkeys(LOST | {FaultKind.MISSING}, ExitCode.UNKNOWN),
}


def assert_true(desk: Desk, run: Run, sim: Simulator) -> None:
    """What the ledger says of every row agrees with what the simulator did."""
    accepted = {message.destination: message for message in sim.messages}
    assert len(accepted) == len(sim.messages), "somebody was texted twice"
    rows = desk.rows(run)
    assert len(rows) == ROWS
    assert sum(desk.counts(run).values()) == ROWS
    for result in rows.values():
        if result.status is RowStatus.QUEUED:
            assert result.umid == accepted[result.destination].umid
        elif result.status is not RowStatus.UNKNOWN:
            assert result.status in (RowStatus.REJECTED, RowStatus.READY)
            assert result.destination not in accepted
    told = {result.destination for result in rows.values()}
    assert accepted.keys() <= told, "somebody got a message and the ledger does not know"


def assert_unknown_posted_once(desk: Desk, run: Run, sim: Simulator) -> None:
    posts = Counter(post.client_batch_id for post in sim.posts)
    unknown = desk.query(
        "SELECT DISTINCT batch FROM message WHERE run = ? AND status = 'UNKNOWN'", run.no
    )
    for (number,) in unknown:
        assert posts[f"{run.id}-{number}"] == 1


def hit_batch(sim: Simulator, post: int) -> int:
    """The number of the batch that the fault hit (over 4 connections, not the POST's own)."""
    name = sim.posts[post - 1].client_batch_id
    assert name is not None
    return int(name.rpartition("-")[2])


def test_every_kind_of_fault_has_an_expectation() -> None:
    assert set(FaultKind) == set(EXPECTED) == set(CODES)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("post", [1, 3, 5], ids=["first", "middle", "last"])
@pytest.mark.parametrize("kind", list(FaultKind))
def test_after_one_fault_every_row_is_true_and_resume_sends_the_rest(
    desk: Desk,
    simulated: Callable[..., Simulator],
    kind: FaultKind,
    post: int,
    concurrency: int,
) -> None:
    sim = simulated(faults=[Fault(kind, post=post, seconds=0.05)])
    run = desk.plan(ROWS, concurrency=concurrency)

    stopped = desk.send(run, sim)

    assert_true(desk, run, sim)
    assert_unknown_posted_once(desk, run, sim)
    assert sim.redirect_hits == 0
    assert desk.code(run, stopped) is CODES[kind]
    assert (stopped is not None) == (kind in HALTED)
    hit = hit_batch(sim, post)
    statuses = [desk.rows(run)[row].status for row in range(2, ROWS + 2)]
    assert statuses[(hit - 1) * BATCH : hit * BATCH] == EXPECTED[kind]
    others = statuses[: (hit - 1) * BATCH] + statuses[hit * BATCH :]
    assert set(others) <= {"QUEUED", "READY"} if kind in HALTED else set(others) == {"QUEUED"}

    if kind in HALTED:
        before = {message.destination for message in sim.messages}
        ready = {r.destination for r in desk.rows(run).values() if r.status is RowStatus.READY}
        again = desk.reopened(run)
        stopped = desk.send(again, sim)
        assert_true(desk, again, sim)
        assert {message.destination for message in sim.messages} - before == ready
        assert desk.counts(again) == {"QUEUED": ROWS}
        assert desk.code(again, stopped) is ExitCode.DONE


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("kind", sorted(LOST))
def test_after_five_lost_batches_in_a_row_the_rest_is_kept_back_and_can_be_resumed(
    desk: Desk, simulated: Callable[..., Simulator], kind: FaultKind, concurrency: int
) -> None:
    most = 5 + concurrency - 1  # those that were already under way are finished
    sim = simulated(faults=[Fault(kind, post=1, times=most)])
    run = desk.plan(ROWS, batch_size=1, concurrency=concurrency)

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert "5 batches in a row" in stopped
    assert 5 <= len(sim.posts) <= most
    assert desk.counts(run) == {"UNKNOWN": len(sim.posts), "READY": ROWS - len(sim.posts)}
    assert desk.code(run, stopped) is ExitCode.STOPPED
    assert_true(desk, run, sim)

    lost = len(sim.posts)
    again = desk.reopened(run)
    desk.send(again, sim)

    assert_true(desk, again, sim)
    assert_unknown_posted_once(desk, again, sim)
    assert RowStatus.READY not in again.counts()
    assert lost <= again.counts()[RowStatus.UNKNOWN] <= most
    assert desk.code(again, None) is ExitCode.UNKNOWN


def test_lost_batches_with_a_certain_answer_between_them_do_not_stop_the_run(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    lost = [Fault(FaultKind.CLOSE_AFTER, post=1, times=4)]
    lost += [Fault(FaultKind.CLOSE_AFTER, post=6, times=4)]
    sim = simulated(faults=lost)
    run = desk.plan(ROWS, batch_size=2)

    stopped = desk.send(run, sim)

    assert stopped is None
    assert len(sim.posts) == 13
    assert desk.counts(run) == {"UNKNOWN": 16, "QUEUED": 9}
    assert desk.code(run, stopped) is ExitCode.UNKNOWN


def test_a_run_whose_last_batches_were_lost_needs_no_resume(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(FaultKind.INTERNAL, post=1, times=-1)])
    run = desk.plan(ROWS)

    stopped = desk.send(run, sim)

    assert desk.counts(run) == {"UNKNOWN": ROWS}
    assert desk.code(run, stopped) is ExitCode.UNKNOWN


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHORIZED, FaultKind.FORBIDDEN])
def test_a_refused_key_stops_at_once_and_what_was_in_flight_is_recorded(
    desk: Desk, simulated: Callable[..., Simulator], kind: FaultKind
) -> None:
    slow = Fault(FaultKind.SLOW, post=2, times=3, seconds=0.3)
    sim = simulated(faults=[Fault(kind, post=1), slow])
    run = desk.plan(50, concurrency=4)

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert len(sim.posts) == 4
    assert desk.counts(run) == {"QUEUED": 15, "READY": 35}
    assert desk.code(run, stopped) is ExitCode.STOPPED


@pytest.mark.parametrize("kind", sorted(HALTED))
def test_what_has_to_be_mended_is_not_tried_again(
    desk: Desk, simulated: Callable[..., Simulator], kind: FaultKind
) -> None:
    sim = simulated(faults=[Fault(kind, times=-1)])
    run = desk.plan(ROWS)

    stopped = desk.send(run, sim)

    assert len(sim.posts) == 1
    assert desk.counts(run) == {"READY": ROWS}
    assert stopped is not None
    assert "HTTP 4" in stopped


def test_a_batch_that_8x8_refuses_is_rejected_with_its_reason_and_the_others_go_out(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[Fault(FaultKind.BAD_REQUEST, post=2)])
    run = desk.plan(ROWS)

    desk.send(run, sim)

    refused = [r for r in desk.rows(run).values() if r.status is RowStatus.REJECTED]
    assert [result.row for result in refused] == [7, 8, 9, 10, 11]
    assert {result.detail for result in refused} == {
        "8x8 refused the batch: Invalid parameter (HTTP 400, code 1000)"
    }


def test_numbers_that_8x8_rejects_carry_its_description(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(reject={"+6591200003": "Invalid MSISDN format"})
    run = desk.plan(ROWS)

    stopped = desk.send(run, sim)

    rejected = desk.rows(run)[3]
    assert (rejected.status, rejected.detail) == ("REJECTED", "Invalid MSISDN format")
    assert desk.counts(run) == {"QUEUED": 24, "REJECTED": 1}
    assert desk.code(run, stopped) is ExitCode.REJECTED
    assert_true(desk, run, sim)

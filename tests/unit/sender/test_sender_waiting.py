"""What is certainly not accepted is tried again: as long as the policy allows, and no longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from bulksender.errors import ExitCode
from bulksender.sender import RetryPolicy
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

AT_ONCE = 10.0  # seconds: far less than the waits that must not happen
PATIENT = RetryPolicy(attempts=200, within=30, first_wait=0.01, longest_wait=0.05)


def too_many(times: int = 1, retry_after: float | None = None) -> Fault:
    return Fault(FaultKind.TOO_MANY, post=1, times=times, retry_after=retry_after)


@pytest.mark.parametrize("retry_after", [None, 0.0])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_batch_that_8x8_throttles_twice_goes_out_once(
    desk: Desk, simulated: Callable[..., Simulator], concurrency: int, retry_after: float | None
) -> None:
    sim = simulated(faults=[too_many(2, retry_after)])
    run = desk.plan(25, concurrency=concurrency)

    stopped = desk.send(run, sim)

    assert stopped is None
    assert [post.status for post in sim.posts].count(429) == 2
    assert len(sim.posts) == 7
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25
    assert desk.counts(run) == {"QUEUED": 25}


def test_the_next_try_does_not_come_before_retry_after(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[too_many(retry_after=1)])
    run = desk.plan(5)

    desk.send(run, sim)

    first, second = sim.posts
    assert second.received_at - first.received_at >= timedelta(seconds=0.9)
    assert desk.counts(run) == {"QUEUED": 5}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_throttled_beyond_the_policy_stops_and_resume_sends_everybody_once(
    desk: Desk, simulated: Callable[..., Simulator], concurrency: int
) -> None:
    sim = simulated(faults=[too_many(12)])
    run = desk.plan(25, concurrency=concurrency)

    stopped = desk.send(run, sim, RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.02))

    assert stopped is not None
    assert "429" in stopped
    assert desk.code(run, stopped) is ExitCode.STOPPED
    assert 3 <= len(sim.posts) <= 12
    assert desk.counts(run) == {"READY": 25}
    again = desk.reopened(run)
    assert desk.send(again, sim, PATIENT) is None
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25
    assert desk.counts(again) == {"QUEUED": 25}


def test_the_policy_bounds_the_attempts_of_a_batch(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[too_many(-1)])
    run = desk.plan(5)

    desk.send(run, sim, RetryPolicy(attempts=4, first_wait=0.01, longest_wait=0.02))

    assert len(sim.posts) == 4
    attempts = desk.query("SELECT number, http_status, error, error_id FROM attempt")
    assert [(number, status) for number, status, _, _ in attempts] == [
        (1, 429),
        (2, 429),
        (3, 429),
        (4, 429),
    ]
    assert all(error and error_id for _, _, error, error_id in attempts)


def test_the_policy_bounds_the_time_spent_on_a_batch(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[too_many(-1)])
    run = desk.plan(5)
    began = time.monotonic()

    stopped = desk.send(run, sim, RetryPolicy(attempts=10_000, within=0.2, first_wait=0.01))

    assert stopped is not None
    assert time.monotonic() - began < AT_ONCE
    assert desk.counts(run) == {"READY": 5}


def test_a_retry_after_beyond_the_policys_time_stops_at_once(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated(faults=[too_many(retry_after=3600)])
    run = desk.plan(25)
    began = time.monotonic()

    stopped = desk.send(run, sim)

    assert time.monotonic() - began < AT_ONCE
    assert desk.code(run, stopped) is ExitCode.STOPPED
    assert len(sim.posts) == 1
    assert desk.counts(run) == {"READY": 25}


@pytest.mark.parametrize("given", ["-1", "1.5", "soon", "", "Mon, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_waited_out_by_the_policy(
    desk: Desk, raw_server: Callable[[Callable[[Peer], None]], RawServer], given: str
) -> None:
    run = desk.plan(5)
    stopped, answered = _throttled_first(desk, run, raw_server, given)
    assert stopped is None
    assert answered == [429, 200]
    assert desk.counts(run) == {"QUEUED": 5}


def test_a_retry_after_may_be_a_date(
    desk: Desk, raw_server: Callable[[Callable[[Peer], None]], RawServer]
) -> None:
    passed = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    run = desk.plan(5)
    assert _throttled_first(desk, run, raw_server, passed) == (None, [429, 200])


@pytest.mark.parametrize("ahead", ["an hour", "9" * 400])
def test_a_retry_after_too_far_ahead_stops_the_run(
    desk: Desk, raw_server: Callable[[Callable[[Peer], None]], RawServer], ahead: str
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    run = desk.plan(5)
    stopped, answered = _throttled_first(
        desk, run, raw_server, later if ahead == "an hour" else ahead
    )
    assert stopped is not None
    assert answered == [429]
    assert desk.counts(run) == {"READY": 5}


def _throttled_first(
    desk: Desk,
    run: object,
    raw_server: Callable[[Callable[[Peer], None]], RawServer],
    retry_after: str,
) -> tuple[str | None, list[int]]:
    """Send to a server that answers 429 first; returns why it stopped and the answers given."""
    answered: list[int] = []

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            if not answered:
                answered.append(429)
                peer.answer(b"", "429 Too Many Requests", f"Retry-After: {retry_after}")
            else:
                answered.append(200)
                peer.answer(request.queued())

    return desk.send(run, raw_server(serve).base_url), answered


def test_a_stop_ends_the_wait_for_another_try(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    throttled = Fault(FaultKind.TOO_MANY, post=1, retry_after=30)
    sim = simulated(faults=[throttled, Fault(FaultKind.SLOW, post=2, seconds=0.2),
                            Fault(FaultKind.FORBIDDEN, post=3, times=-1)])  # fmt: skip
    run = desk.plan(25, concurrency=2)
    began = time.monotonic()

    stopped = desk.send(run, sim, RetryPolicy(within=60, first_wait=0.01))

    assert time.monotonic() - began < AT_ONCE
    assert stopped is not None
    assert "may not send" in stopped
    assert desk.counts(run) == {"QUEUED": 5, "READY": 20}
    assert len(sim.posts) == 3


def test_nobody_listening_keeps_every_row_ready_and_resume_sends_them(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    sim.stop()
    run = desk.plan(25, concurrency=4)

    stopped = desk.send(run, sim)

    assert stopped is not None
    assert desk.code(run, stopped) is ExitCode.STOPPED
    assert desk.counts(run) == {"READY": 25}
    attempts = desk.query("SELECT http_status, error FROM attempt")
    assert set(attempts) == {(None, "ConnectionError")}
    sim.start()
    again = desk.reopened(run)
    assert desk.send(again, sim) is None
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25
    assert desk.counts(again) == {"QUEUED": 25}


def test_a_server_that_comes_up_in_time_gets_everything_once(
    desk: Desk, simulated: Callable[..., Simulator]
) -> None:
    sim = simulated()
    sim.stop()
    run = desk.plan(25, concurrency=4)
    up = threading.Timer(0.3, sim.start)
    up.start()

    stopped = desk.send(run, sim, PATIENT)

    up.join()
    assert stopped is None
    assert len({m.destination for m in sim.messages}) == len(sim.messages) == 25
    assert desk.counts(run) == {"QUEUED": 25}
    assert len(desk.query("SELECT * FROM attempt WHERE error = 'ConnectionError'")) > 0


def test_a_name_that_does_not_resolve_was_never_sent_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    run = desk.plan(5)

    stopped = desk.send(run, "https://sms.nobody.invalid")

    assert stopped is not None
    assert "cannot be reached" in stopped
    assert desk.counts(run) == {"READY": 5}
    assert desk.code(run, stopped) is ExitCode.STOPPED


def test_the_defaults_wait_out_a_short_outage() -> None:
    policy = RetryPolicy()
    assert policy.attempts >= 5
    assert 60 <= policy.within <= 600

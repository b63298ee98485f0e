"""8x8's log export: asked for with a margin, waited for as long as allowed, refused in words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from log_server import HASTY, RUN, Answer, LogServer, csv_of, line, read, refused, told

from bulksender.errors import ExitCode, LogUnavailable
from bulksender.ledger import LogEntry
from bulksender.model import RowStatus
from bulksender.sender import Api, Patience
from bulksender.settings import Account
from bulksender.simulator import ExportFaultKind, Fault, Simulator

SINCE = datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=timezone(timedelta(hours=8)))
FILE = csv_of(line(2))
ENTRY = LogEntry(
    RUN, 2, 1, 1, f"umid-{RUN}-2-1", RowStatus.DELIVERED, "found in 8x8's log", "8x8-batch"
)


def entries(server: LogServer, patience: Patience = HASTY) -> list[LogEntry]:
    with server.api(patience) as api:
        return read(api, SINCE, NOW)


def why_not(server: LogServer, patience: Patience = HASTY) -> str:
    """The words with which a log that cannot be had is refused."""
    with pytest.raises(LogUnavailable) as raised:
        entries(server, patience)
    assert raised.value.exit_code is ExitCode.UNKNOWN
    return str(raised.value)


# Asking


def test_the_log_is_asked_for_with_a_day_to_spare_on_both_sides_and_whole() -> None:
    with LogServer(FILE) as server:
        entries(server)
    [asked] = server.of("POST")
    assert asked.target == "/api/v1/subaccounts/simulator/messages/exports"
    assert asked.headers["authorization"] == "Bearer the-key"
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {
        "from": "2026-03-01T09:00:00Z",
        "to": "2026-03-03T09:30:00Z",
        "limit": 0,
    }


def test_the_job_is_asked_about_until_it_has_succeeded() -> None:
    waits: list[float] = []
    patience = Patience(first_wait=1, longest_wait=3, job=60)
    states = ["queued", "running", "running", "running", "succeeded"]
    with (
        LogServer(FILE, states=states) as server,
        server.api(patience, sleep=waits.append) as api,
    ):
        assert read(api, SINCE, NOW) == [ENTRY]
    assert [call.target.rpartition("/")[2] for call in server.of("GET")] == ["job-1"] * 5
    assert waits == [1, 2, 3, 3]  # ever longer, and never beyond the longest


def test_a_simulators_log_shows_what_was_sent(simulated: Callable[..., Simulator]) -> None:
    sim = simulated()
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    body = {
        "messages": [{"destination": "+6591234567", "text": "Hi", "clientMessageId": f"{RUN}-2"}],
        "clientBatchId": f"{RUN}-1",
        "includeMessagesInResponse": True,
    }
    with Api(account, HASTY) as api:
        answer = api.call("POST", "batch", json.dumps(body).encode()).json()
        sim.deliver(answer["messages"][0]["umid"])
        now = datetime.now(UTC)
        assert read(api, now, now) == [
            LogEntry(RUN, 2, 1, 1, answer["messages"][0]["umid"], RowStatus.DELIVERED,
                     "found in 8x8's log", answer["batchId"])
        ]  # fmt: skip
    [headers] = sim.download_headers
    assert "authorization" not in headers


# A job that ends otherwise


@pytest.mark.parametrize("state", ["failed", "error", "cancelled", "unheard-of"])
def test_a_job_that_ends_otherwise_is_named(state: str) -> None:
    with LogServer(FILE, states=["queued", state]) as server:
        said = why_not(server)
    assert said == f"8x8's log export ended as {state}; try again later."
    assert server.downloads == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_job_that_does_not_end_is_waited_for_no_longer_than_patience_has_it(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []  # the time goes on by what is waited alone
    monkeypatch.setattr("bulksender.sender.reconcile.monotonic", lambda: sum(waits))
    patience = Patience(first_wait=1, longest_wait=3, job=10)
    with LogServer(FILE, states=[state]) as server:
        with (
            server.api(patience, sleep=waits.append) as api,
            pytest.raises(LogUnavailable, match=f"log export is still {state}; try again later"),
        ):
            read(api, SINCE, NOW)
        assert waits == [1, 2, 3, 3, 3]
        assert len(server.of("GET")) == 6
        why_not(server, Patience(job=0))
        assert len(server.of("GET")) == 7


def test_an_empty_log_shows_nothing() -> None:
    with LogServer(states=["empty"]) as server:
        assert entries(server) == []
    assert server.downloads == []


@pytest.mark.parametrize("data", [None, []])
def test_a_job_that_succeeds_without_a_file_is_not_an_empty_log(data: list[str] | None) -> None:
    with LogServer(states=[told({"status": "succeeded", "data": data})]) as server:
        assert "names no file" in why_not(server)


FAULTS = {
    ExportFaultKind.UNAVAILABLE: "HTTP 503",
    ExportFaultKind.FAILED: "ended as failed",
    ExportFaultKind.ERROR: "ended as error",
    ExportFaultKind.CANCELLED: "ended as cancelled",
    ExportFaultKind.STUCK: "is still running",
    ExportFaultKind.EXPIRED: "its link has expired",
    ExportFaultKind.ELSEWHERE: "to another host than http://127.0.0.1",
    ExportFaultKind.REDIRECT: "to another host than http://127.0.0.1",
    ExportFaultKind.TRUNCATED: "could not be downloaded whole",
    ExportFaultKind.GARBAGE: "8x8's log export is no",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_simulators_fault_is_told_in_words(
    simulated: Callable[..., Simulator], kind: ExportFaultKind
) -> None:
    sim = simulated(faults=[Fault(kind, times=-1)])
    body = {"messages": [{"destination": "+6591234567", "text": "Hi", "clientMessageId": "1"}]}
    stuck = kind is ExportFaultKind.STUCK
    patience = Patience(attempts=2, first_wait=0.001, job=0.05 if stuck else 20)
    with Api(Account(sim.base_url, sim.subaccount, sim.api_key), patience) as api:
        api.call("POST", "batch", json.dumps(body).encode())
        now = datetime.now(UTC)
        with pytest.raises(LogUnavailable) as raised:
            read(api, now, now)
    said = str(raised.value)
    assert FAULTS[kind] in said
    assert "6591234567" not in said


# Answers that are none


@pytest.mark.parametrize("place", ["starts", "states"])
def test_answers_of_503_are_asked_for_again_and_then_given_up(place: str) -> None:
    down = Answer(503)
    good = told({"jobId": "job-1"}, 202) if place == "starts" else "succeeded"
    with LogServer(FILE, **{place: [down, down, good]}) as server:
        assert entries(server) == [ENTRY]
    with LogServer(FILE, **{place: [down]}) as server:
        assert why_not(server) == (
            "8x8's log could not be asked for: 8x8 gave no answer that can be used (HTTP 503)."
        )
        assert len(server.of("POST" if place == "starts" else "GET")) == HASTY.attempts


@pytest.mark.parametrize("place", ["starts", "states"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status": 1, "jobId": 2}', b"null"])
def test_an_answer_of_another_shape_is_refused(place: str, body: bytes) -> None:
    with LogServer(FILE, **{place: [Answer(200, body)]}) as server:
        assert why_not(server) == ("8x8's log could not be asked for: the answer cannot be read.")


@pytest.mark.parametrize("place", ["starts", "states"])
def test_an_answer_that_is_no_text_is_refused(place: str) -> None:
    body = b'{"jobId": "\xff", "status": "\xff"}'
    with LogServer(FILE, **{place: [Answer(200, body)]}) as server:
        assert "the answer cannot be read" in why_not(server)


def test_a_wrong_key_is_said_so_and_not_tried_again() -> None:
    with LogServer(FILE, starts=[refused(401, 1200, "Unauthorized")]) as server:
        assert why_not(server) == (
            "8x8's log could not be asked for: 8x8 does not accept the API key "
            "(HTTP 401, code 1200)."
        )
        assert len(server.calls) == 1


def test_nobody_listening_is_said_so() -> None:
    with LogServer() as server:
        pass
    assert why_not(server) == (
        "8x8's log could not be asked for: 8x8 cannot be reached (ConnectionError)."
    )


# The clock


def dated(**apart: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(**apart), usegmt=True)


@pytest.mark.parametrize(("minutes", "said"), [(6, "6"), (-66, "66"), (1_800, "1,800")])
def test_a_clock_that_is_minutes_from_8x8s_is_refused(minutes: int, said: str) -> None:
    with LogServer(FILE, date=dated(minutes=minutes)) as server:
        assert why_not(server) == (
            f"This machine's clock and 8x8's are {said} minutes apart, so nobody can say what was "
            "sent when. Set the clock right."
        )
        assert len(server.calls) == 1, "nothing more is asked for"


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_that_is_a_little_off_is_good_enough(minutes: int) -> None:
    with LogServer(FILE, date=dated(minutes=minutes)) as server:
        assert entries(server) == [ENTRY]


def test_a_clock_that_is_ages_from_8x8s_is_refused() -> None:
    with LogServer(FILE, date="Fri, 31 Dec 9999 23:59:59 -0800") as server:
        assert "minutes apart" in why_not(server)


@pytest.mark.parametrize(
    "date", ["soon", "Mon, 99 Foo 2026", "Mon, 02 Mar 2026 09:00:00 +99999999999999999999"]
)
def test_a_date_that_says_nothing_is_passed_over(date: str) -> None:
    with LogServer(FILE, date=date) as server:
        assert entries(server) == [ENTRY]


def test_a_date_without_a_zone_is_8x8s_and_not_this_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Singapore")
    time.tzset()
    try:
        with LogServer(
            FILE, date=format_datetime(datetime.now(UTC).replace(tzinfo=None))
        ) as server:
            assert entries(server) == [ENTRY]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_server_that_tells_no_date_is_believed() -> None:
    with LogServer(FILE, date="") as server:
        assert entries(server) == [ENTRY]

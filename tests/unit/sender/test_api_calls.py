"""Calls that send nothing: repeated while that may help, and never longer than is worth it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from log_server import HASTY, Answer, LogServer, read, refused, told

from bulksender.errors import LogUnavailable
from bulksender.sender import Api, Patience, RetryPolicy
from bulksender.sender.api import CallError
from bulksender.sender.client import Client, Halted
from bulksender.settings import Account

if TYPE_CHECKING:
    from conftest import Peer, RawServer

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
GOOD = told({"jobId": "job-1"}, 202)
PATIENT = Patience(attempts=5, first_wait=1, longest_wait=3)


def throttled(retry_after: str) -> Answer:
    return Answer(429, headers={"Retry_After": retry_after})


def waits_of(*answers: Answer, patience: Patience = PATIENT) -> list[float]:
    """How long a call has waited between its tries until it got an answer."""
    waits: list[float] = []
    with (
        LogServer(starts=[*answers, GOOD]) as server,
        server.api(patience, sleep=waits.append) as api,
    ):
        assert api.call("POST", "exports", b"{}").json() == {"jobId": "job-1"}
        assert len(server.calls) == len(answers) + 1
    return waits


def failure(answer: Answer, patience: Patience = HASTY) -> tuple[CallError, int]:
    """With what a call ends that is always answered the same, and after how many tries."""
    with LogServer(starts=[answer]) as server, server.api(patience) as api:
        with pytest.raises(CallError) as raised:
            api.call("POST", "exports", b"{}")
        return raised.value, len(server.calls)


def test_retry_after_is_waited_for() -> None:
    assert waits_of(throttled("7"), throttled("0")) == [7, 0]


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    zoneless = format_datetime((datetime.now(UTC) + timedelta(seconds=50)).replace(tzinfo=None))
    long, short = waits_of(throttled(later), throttled(zoneless))
    assert 90 < long <= 100
    assert 40 < short <= 50


@pytest.mark.parametrize(
    "given", ["", "soon", "-1", "1.5", "Mon, 02 Mar 2026 09:00:00 +" + "9" * 20]
)
def test_without_a_retry_after_that_says_something_the_waits_grow(given: str) -> None:
    assert waits_of(*[throttled(given)] * 4) == [1, 2, 3, 3]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_is_asked_again(status: int) -> None:
    assert waits_of(Answer(status)) == [1]
    assert waits_of(Answer(status, headers={"Retry_After": "2"})) == [2]


@pytest.mark.parametrize("given", ["9" * 400, "61"])
def test_a_wait_that_nobody_outlives_is_not_begun(given: str) -> None:
    waits: list[float] = []
    with (
        LogServer(starts=[throttled(given)]) as server,
        server.api(Patience(within=60), sleep=waits.append) as api,
        pytest.raises(LogUnavailable, match="HTTP 429"),
    ):
        read(api, datetime.now(UTC), datetime.now(UTC))
    assert (waits, len(server.calls)) == ([], 1)


def test_a_server_that_goes_on_failing_is_given_up() -> None:
    error, tries = failure(refused(500, 2000, "Internal server error"))
    assert str(error) == "Internal server error (HTTP 500, code 2000)"
    assert (error.status, tries) == (500, HASTY.attempts)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(401, 1200, "no"), "8x8 does not accept the API key (HTTP 401, code 1200)"),
        (Answer(403), "the API key may not send from this sub-account (HTTP 403)"),
        (Answer(404), "8x8 does not know this sub-account or address (HTTP 404)"),
        (Answer(410), "8x8 has retired this version of its API; upgrade bulksender (HTTP 410)"),
        (Answer(426), "8x8 demands a newer TLS than this machine speaks (HTTP 426)"),
        (refused(400, 1010, "from after to"), "from after to (HTTP 400, code 1010)"),
        (Answer(400, b"<html>"), "8x8 gave no answer that can be used (HTTP 400)"),
        (Answer(302, headers={"Location": "/other"}),
         "8x8 gave no answer that can be used (HTTP 302)"),
    ],
)  # fmt: skip
def test_what_a_refusal_means_is_told_and_it_is_not_asked_again(answer: Answer, said: str) -> None:
    error, tries = failure(answer)
    assert str(error) == said
    assert (error.status, tries) == (answer.status, 1)


def test_a_redirect_to_nowhere_is_a_failure_in_words() -> None:
    error, _ = failure(Answer(302, headers={"Location": "http://[bad"}))
    assert str(error)


def test_nobody_listening_is_tried_again_and_then_given_up() -> None:
    with LogServer() as server:
        pass
    waits: list[float] = []
    with server.api(PATIENT, sleep=waits.append) as api, pytest.raises(CallError) as raised:
        api.call("GET", "exports/1")
    assert str(raised.value) == "8x8 cannot be reached (ConnectionError)"
    assert raised.value.status is None
    assert waits == [1, 2, 3, 3]


@pytest.mark.parametrize("url", ["https://sms..8x8.example", "https://" + "a" * 64 + ".example"])
def test_an_address_that_can_be_nobodys_is_said_so(url: str) -> None:
    with (
        Api(Account(url, "simulator", "the-key"), HASTY) as api,
        pytest.raises(CallError) as raised,
    ):
        api.call("GET", "exports/1")
    assert "8x8 cannot be reached" in str(raised.value)


@pytest.mark.parametrize("url", ["https://sms..8x8.example", "https://" + "a" * 64 + ".example"])
def test_nothing_is_sent_to_an_address_that_can_be_nobodys(url: str) -> None:
    client = Client(Account(url, "simulator", "the-key"), policy=RetryPolicy(first_wait=0.01))
    reply, attempts = client.send(b"{}")
    client.close()
    assert reply == Halted("the base URL cannot be sent to (LocationParseError)")
    assert len(attempts) == 1


def test_the_key_goes_into_its_header_and_a_body_says_what_it_is() -> None:
    with LogServer(GOOD, states=["empty"]) as server, server.api() as api:
        api.call("POST", "exports", b"{}")
        api.call("GET", "exports/1")
    post, get = server.calls
    for call in (post, get):
        assert call.headers["authorization"] == "Bearer the-key"
        assert call.headers["accept"] == "application/json"
        assert "cookie" not in call.headers
    assert post.headers["content-type"] == "application/json"
    assert "content-type" not in get.headers


def test_a_certificate_that_nobody_has_signed_sends_nothing(tmp_path: Path) -> None:
    with LogServer() as server:
        server.certified(tmp_path, whole=True)
        account = Account(server.base_url, "simulator", "the-key")
        client = Client(account, policy=RetryPolicy(attempts=3, first_wait=0.01))
        reply, attempts = client.send(b'{"messages": []}')
        client.close()
        assert reply == Halted("8x8's certificate cannot be verified on this machine")
        assert (len(attempts), server.calls) == (1, [])


def test_a_sub_account_that_8x8_does_not_know_stops_the_run() -> None:
    unknown = refused(400, 1001, "Illegal sub-account")
    with LogServer(starts=[unknown, refused(422, 1201, "")]) as server:
        account = Account(server.base_url, "simulator", "the-key")
        client = Client(account)
        replies = [client.send(b"{}")[0] for _ in range(2)]
        client.close()
    assert replies == [
        Halted("Illegal sub-account (HTTP 400, code 1001)"),
        Halted("8x8 does not know this sub-account (HTTP 422, code 1201)"),
    ]

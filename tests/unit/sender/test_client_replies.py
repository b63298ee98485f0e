"""What one POST's end means: certainly refused, certainly not sent, or perhaps accepted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from bulksender.sender.client import (
    Answered,
    Busy,
    Client,
    Declined,
    Halted,
    Lost,
    Reply,
    RetryPolicy,
    _failed,
)
from bulksender.settings import Account
from bulksender.simulator import Fault, FaultKind, Simulator

if TYPE_CHECKING:
    from conftest import Desk, Peer, RawServer

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
ONCE = RetryPolicy(attempts=1, first_wait=0.01)
BODY = b'{"clientBatchId": "abc-1", "messages": []}'
ANSWER = b'{"batchId": "b", "acceptedCount": 0, "rejectedCount": 0, "messages": []}'


@contextmanager
def client(url: str, policy: RetryPolicy = ONCE) -> Iterator[Client]:
    made = Client(Account(url, "simulator", "simulator-key"), policy=policy)
    try:
        yield made
    finally:
        made.close()


def reply_of(url: str, policy: RetryPolicy = ONCE, body: bytes = BODY) -> Reply:
    with client(url, policy) as made:
        reply, attempts = made.send(body)
    assert len(attempts) >= 1
    return reply


def after_request(act: Callable[[Peer], None]) -> Callable[[Peer], None]:
    def serve(peer: Peer) -> None:
        if peer.request() is not None:
            act(peer)

    return serve


def head(length: int, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode()


UNCERTAIN: dict[str, Callable[[Peer], None]] = {
    "closed without an answer": lambda peer: None,
    "reset without an answer": lambda peer: peer.reset(),
    "half a status line": lambda peer: peer.send(b"HTTP/1."),
    "half a head": lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": lambda peer: peer.send(head(len(ANSWER)) + ANSWER[:20]),
    "no body": lambda peer: peer.send(head(len(ANSWER))),
    "another protocol": lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "garbage": lambda peer: peer.send(bytes(range(256))),
    "an endless header": lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
    "chunks cut short": lambda peer: peer.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
    ),
    "chunks of no size": lambda peer: peer.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
    ),
    "compressed badly": lambda peer: peer.send(
        head(len(ANSWER), "Content-Encoding: gzip") + ANSWER
    ),
    "a refusal cut short": lambda peer: peer.send(
        b"HTTP/1.1 500 Internal\r\nContent-Length: 99\r\n\r\n{"
    ),
}


@pytest.mark.parametrize("how", UNCERTAIN)
def test_an_answer_that_does_not_come_whole_leaves_the_batch_unknown(
    desk: Desk, raw_server: RawServers, how: str
) -> None:
    arrived = []

    def serve(peer: Peer) -> None:
        arrived.append(peer.request())
        UNCERTAIN[how](peer)

    run = desk.plan(5)
    assert desk.send(run, raw_server(serve).base_url) is None
    assert desk.counts(run) == {"UNKNOWN": 5}
    assert len(arrived) == 1


def test_an_uncertain_end_is_never_tried_again(raw_server: RawServers) -> None:
    requests_seen = []

    def serve(peer: Peer) -> None:
        requests_seen.append(peer.request())

    server = raw_server(serve)
    patient = RetryPolicy(attempts=5, first_wait=0.01)
    assert isinstance(reply_of(server.base_url, patient), Lost)
    assert len(requests_seen) == 1


def test_a_pooled_connection_that_the_server_drops_on_the_next_batch_is_uncertain(
    raw_server: RawServers,
) -> None:
    seen = []

    def serve(peer: Peer) -> None:
        peer.request()
        peer.answer(ANSWER)
        seen.append(peer.request())

    with client(raw_server(serve).base_url, RetryPolicy(attempts=5, first_wait=0.01)) as made:
        first, _ = made.send(BODY)
        second, attempts = made.send(BODY)
    assert isinstance(first, Answered)
    assert isinstance(second, Lost)
    assert (len(seen), len(attempts)) == (1, 1)


def test_a_refused_connection_was_never_sent(simulated: Callable[..., Simulator]) -> None:
    sim = simulated()
    sim.stop()
    assert isinstance(reply_of(sim.base_url), Busy)


def test_a_failed_tls_handshake_was_never_sent(raw_server: RawServers) -> None:
    got: list[bytes] = []

    def plain(peer: Peer) -> None:
        got.append(peer.receive())
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    url = raw_server(plain).base_url.replace("http:", "https:")
    assert isinstance(reply_of(url), Busy)
    assert got, "there was a connection"
    assert BODY not in b"".join(got)


def test_a_connection_lost_in_the_tls_handshake_was_never_sent(raw_server: RawServers) -> None:
    def lost(peer: Peer) -> None:
        peer.receive()
        peer.reset()

    url = raw_server(lost).base_url.replace("http:", "https:")
    assert isinstance(reply_of(url), Busy)


def test_a_time_out_of_the_answer_is_uncertain(raw_server: RawServers) -> None:
    over = threading.Event()
    server = raw_server(after_request(lambda peer: over.wait(10) and None))
    with pytest.raises(requests.ReadTimeout) as raised:
        requests.post(server.base_url, data=BODY, timeout=(5, 0.05))
    over.set()
    assert isinstance(_failed(raised.value), Lost)


def test_a_time_out_of_the_answers_second_half_is_uncertain(raw_server: RawServers) -> None:
    over = threading.Event()

    def half(peer: Peer) -> None:
        peer.send(head(len(ANSWER)) + ANSWER[:20])
        over.wait(10)

    server = raw_server(after_request(half))
    with pytest.raises(requests.RequestException) as raised:
        requests.post(server.base_url, data=BODY, timeout=(5, 0.05))
    over.set()
    assert isinstance(_failed(raised.value), Lost)


def test_a_body_that_the_server_does_not_take_in_time_is_uncertain(raw_server: RawServers) -> None:
    over = threading.Event()
    server = raw_server(lambda peer: over.wait(10) and None)
    with pytest.raises(requests.RequestException) as raised:
        requests.post(server.base_url, data=b"x" * 50_000_000, timeout=(0.1, 5))
    over.set()
    assert isinstance(_failed(raised.value), Lost)


def test_a_certificate_that_does_not_verify_stops_the_run() -> None:
    import ssl

    wrapped = requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "self-signed"))
    assert isinstance(_failed(wrapped), Halted)


@pytest.mark.parametrize("error", [ValueError("?"), RuntimeError("?"), OSError("?")])
def test_an_unexpected_exception_is_uncertain(error: Exception) -> None:
    assert isinstance(_failed(error), Lost)


def test_causes_that_go_in_circles_are_followed_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert isinstance(_failed(one), Lost)


REPLIES = {
    FaultKind.BAD_REQUEST: Declined,
    FaultKind.UNPROCESSABLE: Declined,
    FaultKind.UNAUTHORIZED: Halted,
    FaultKind.FORBIDDEN: Halted,
    FaultKind.NOT_FOUND: Halted,
    FaultKind.GONE: Halted,
    FaultKind.TLS: Halted,
    FaultKind.TOO_MANY: Busy,
    FaultKind.INTERNAL: Lost,
    FaultKind.UNAVAILABLE: Lost,
    FaultKind.BAD_GATEWAY: Lost,
    FaultKind.REDIRECT: Lost,
}


@pytest.mark.parametrize("kind", REPLIES)
def test_a_status_means_what_the_table_of_certain_outcomes_says(
    simulated: Callable[..., Simulator], kind: FaultKind
) -> None:
    sim = simulated(faults=[Fault(kind, times=-1)])
    assert isinstance(reply_of(sim.base_url), REPLIES[kind])
    assert (len(sim.posts), sim.redirect_hits) == (1, 0)


NOT_IN_THE_TABLE = [201, 202, 204, 301, 302, 303, 304, 308, 402, 405, 408, 409, 413, 504, 599]


@pytest.mark.parametrize("status", NOT_IN_THE_TABLE)
def test_a_status_that_is_not_in_the_table_is_uncertain(
    raw_server: RawServers, status: int
) -> None:
    def act(peer: Peer) -> None:
        peer.send(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\nLocation: /other\r\n\r\n".encode())

    assert isinstance(reply_of(raw_server(after_request(act)).base_url), Lost)


def test_an_attempt_keeps_8x8s_code_and_error_id(raw_server: RawServers) -> None:
    error = {"code": 1200, "message": "no", "errorId": "e-1", "timestamp": "2026-01-01T00:00:00Z"}
    server = raw_server(after_request(lambda peer: peer.answer(error, "401 Unauthorized")))
    with client(server.base_url) as made:
        _, (attempt,) = made.send(BODY)
    assert (attempt.http_status, attempt.error, attempt.error_id) == (401, "1200", "e-1")
    assert attempt.started_at <= attempt.ended_at


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b'{"code": "x"}'])
def test_an_error_without_8x8s_body_is_told_by_its_status(
    raw_server: RawServers, body: bytes
) -> None:
    server = raw_server(after_request(lambda peer: peer.answer(body, "400 Bad Request")))
    reply = reply_of(server.base_url)
    assert isinstance(reply, Declined)
    assert "HTTP 400" in reply.reason

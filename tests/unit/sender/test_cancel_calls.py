"""Cancelling a batch, and asking for a message: what is called, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bulksender.model import RowStatus
from bulksender.sender import Api, Patience
from bulksender.sender.api import CallError
from bulksender.sender.cancel import cancel_batch, state_of
from bulksender.settings import Account
from bulksender.simulator import Simulator

if TYPE_CHECKING:
    from conftest import Peer, RawServer

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
HASTY = Patience(attempts=3, first_wait=0.001, longest_wait=0.002)
UMID = "0b3b2c1c-0000-4000-8000-000000000001"


class Calls:
    """A server that gives these answers in turn; `lines` are the requests, `waits` the sleeps."""

    def __init__(self, start: RawServers, *answers: tuple[str, object]) -> None:
        self.lines: list[str] = []
        self.waits: list[float] = []
        self._answers = list(answers)
        self._server = start(self._serve)

    def _serve(self, peer: Peer) -> None:
        while (request := peer.request()) is not None:
            self.lines.append(request.head[0])
            status, body = self._answers.pop(0)
            peer.answer(body, status)

    def api(self) -> Api:
        account = Account(self._server.base_url, "shop", "the-key")
        return Api(account, HASTY, sleep=self.waits.append)


@pytest.fixture
def calls(raw_server: RawServers) -> Iterator[Callable[..., Calls]]:
    yield lambda *answers: Calls(raw_server, *answers)


def state(name: str) -> tuple[str, Any]:
    return "200 OK", {"umid": UMID, "status": {"state": name, "timestamp": "t"}}


def test_a_batch_is_cancelled_by_8x8s_own_id(calls: Callable[..., Calls]) -> None:
    server = calls(("200 OK", {"cancelledCount": 412}))
    with server.api() as api:
        assert cancel_batch(api, "b-1") == 412
    assert server.lines == ["DELETE /api/v1/subaccounts/shop/messages/batch/b-1 HTTP/1.1"]
    assert server.waits == []


def test_a_cancellation_is_asked_for_again_as_it_sends_nothing(calls: Callable[..., Calls]) -> None:
    busy = ("503 Unavailable", b"")
    server = calls(busy, ("429 Too Many", b""), ("200 OK", {"cancelledCount": 0}))
    with server.api() as api:
        assert cancel_batch(api, "b-1") == 0
    assert len(server.lines) == 3


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", {}, {"cancelledCount": None}, {"cancelledCount": "5"}, b"\xff"]
)
def test_a_count_that_cannot_be_read_is_no_count(calls: Callable[..., Calls], body: object) -> None:
    with calls(("200 OK", body)).api() as api, pytest.raises(CallError, match="how many messages"):
        cancel_batch(api, "b-1")


def test_a_cancellation_that_is_refused_is_told_in_words(calls: Callable[..., Calls]) -> None:
    refused = ("401 Unauthorized", {"code": 1200, "message": "m", "errorId": "e"})
    with calls(refused).api() as api, pytest.raises(CallError, match="API key") as raised:
        cancel_batch(api, "b-1")
    assert (raised.value.status, raised.value.again) == (401, False)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("queued", RowStatus.QUEUED),
        ("failed", RowStatus.CANCELLED),
        ("cancelled", RowStatus.CANCELLED),
        ("rejected", RowStatus.REJECTED),
        ("sent", RowStatus.SENT),
        ("Delivered", RowStatus.DELIVERED),
        ("undelivered", RowStatus.UNDELIVERED),
        ("READ", RowStatus.READ),
        ("lost in space", None),
    ],
)
def test_a_messages_state_is_told_in_our_words(
    calls: Callable[..., Calls], said: str, meant: RowStatus | None
) -> None:
    server = calls(state(said))
    with server.api() as api:
        assert state_of(api, UMID) is meant
    assert server.lines == [f"GET /api/v1/subaccounts/shop/messages/{UMID} HTTP/1.1"]


def test_messages_are_asked_for_once_a_second(calls: Callable[..., Calls]) -> None:
    server = calls(state("queued"), state("failed"))
    with server.api() as api:
        assert [state_of(api, UMID) for _ in range(2)] == [RowStatus.QUEUED, RowStatus.CANCELLED]
    assert server.waits == [1.0, 1.0]


@pytest.mark.parametrize("body", [b"", {}, {"status": "failed"}, {"status": {}}, b"\xff"])
def test_a_state_that_cannot_be_read_is_none_that_counts(
    calls: Callable[..., Calls], body: object
) -> None:
    with calls(("200 OK", body)).api() as api, pytest.raises(CallError, match="what state"):
        state_of(api, UMID)


def test_a_simulator_is_asked_in_the_same_words(simulated: Callable[..., Simulator]) -> None:
    sim = simulated()
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    with Api(account, HASTY, sleep=lambda seconds: None) as api:
        body = (
            b'{"messages": [{"destination": "+6591234567", "text": "Hi"}], '
            b'"includeMessagesInResponse": true, '
            b'"template": {"scheduled": "2035-01-01T00:00:00Z"}}'
        )
        with pytest.raises(CallError, match="7 days"):
            api.call("POST", "batch", body)
        answer = api.call("POST", "batch", body.replace(b'"template"', b'"other"')).json()
        assert cancel_batch(api, answer["batchId"]) == 0, "it was sent at once"
        assert state_of(api, answer["messages"][0]["umid"]) is RowStatus.QUEUED

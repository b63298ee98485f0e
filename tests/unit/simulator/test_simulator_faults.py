from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from simulator_api import Api, codes, sms, wait_for

from bulksender.simulator import Fault, FaultKind

THREE = [sms(number, clientMessageId=str(number)) for number in (1, 2, 3)]


def recorded(api: Api) -> tuple[bool, int | None, int]:
    """Whether the last POST was accepted, its status, and the messages accepted in all."""
    last = api.sim.posts[-1]
    return last.accepted, last.status, len(api.sim.messages)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.TOO_MANY, 429, 429),
        (FaultKind.INTERNAL, 500, 2000),
        (FaultKind.UNAUTHORIZED, 401, 1200),
        (FaultKind.FORBIDDEN, 403, 1201),
        (FaultKind.BAD_REQUEST, 400, 1000),
        (FaultKind.NOT_FOUND, 404, 1300),
        (FaultKind.GONE, 410, 2002),
        (FaultKind.UNPROCESSABLE, 422, 1000),
        (FaultKind.TLS, 426, 1014),
    ],
)
def test_refusing_fault_accepts_nothing(
    start: Callable[..., Api], kind: FaultKind, status: int, code: int
) -> None:
    api = start(faults=[Fault(kind)])
    answer = api.batch(*THREE)
    assert codes(answer) == (status, code)
    assert "Retry-After" not in answer.headers
    assert recorded(api) == (False, status, 0)
    assert api.batch(*THREE).status_code == 200


def test_tls_fault_names_the_protocol_it_wants(start: Callable[..., Api]) -> None:
    assert start(faults=[Fault(FaultKind.TLS)]).batch(sms()).headers["Upgrade"] == "TLS/1.3"


def test_gateway_fault_answers_html(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.BAD_GATEWAY)])
    answer = api.batch(sms())
    assert (answer.status_code, answer.text[:6]) == (502, "<html>")
    assert recorded(api) == (False, 502, 0)


def test_unavailable_fault_answers_nothing(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.UNAVAILABLE, retry_after=7)])
    answer = api.batch(sms())
    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["Retry-After"] == "7"
    assert recorded(api) == (False, 503, 0)


@pytest.mark.parametrize(
    ("seconds", "header"), [(1, "1"), (0, "0"), (0.05, "0.05"), (3e9, "3000000000")]
)
def test_throttling_fault_says_when_to_come_back(
    start: Callable[..., Api], seconds: float, header: str
) -> None:
    api = start(faults=[Fault(FaultKind.TOO_MANY, retry_after=seconds)])
    assert api.batch(sms()).headers["Retry-After"] == header


@pytest.mark.parametrize("follow", [False, True])
def test_redirecting_fault_notices_who_follows(start: Callable[..., Api], follow: bool) -> None:
    api = start(faults=[Fault(FaultKind.REDIRECT)])
    answer = api.call(
        "POST", f"{api.messages_path}/batch", json={"messages": THREE}, allow_redirects=follow
    )
    assert answer.status_code == (404 if follow else 307)
    assert api.sim.redirect_hits == (1 if follow else 0)
    assert recorded(api) == (False, 307, 0)


@pytest.mark.parametrize(
    ("kind", "accepted"), [(FaultKind.CLOSE_BEFORE, False), (FaultKind.CLOSE_AFTER, True)]
)
def test_closing_fault_drops_the_connection_unanswered(
    start: Callable[..., Api], kind: FaultKind, accepted: bool
) -> None:
    api = start(faults=[Fault(kind)])
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        api.batch(*THREE)
    assert recorded(api) == (accepted, None, 3 if accepted else 0)
    assert api.batch(sms(4)).status_code == 200


def test_truncating_fault_breaks_off_in_the_body(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.TRUNCATED)])
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.batch(*THREE)
    assert recorded(api) == (True, 200, 3)


def test_failing_fault_accepts_first(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.INTERNAL_AFTER)])
    assert codes(api.batch(*THREE)) == (500, 2000)
    assert recorded(api) == (True, 500, 3)


def test_slow_fault_accepts_first_and_answers_late(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.SLOW, seconds=0.15)])
    began = time.monotonic()
    assert len(api.batch(*THREE).json()["messages"]) == 3
    assert time.monotonic() - began >= 0.15
    assert recorded(api) == (True, 200, 3)


def test_slow_batch_is_accepted_although_its_sender_gave_up(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.SLOW, seconds=60)])
    with pytest.raises(requests.ReadTimeout):
        api.session.post(
            f"{api.sim.base_url}{api.messages_path}/batch", json={"messages": THREE}, timeout=0.1
        )
    assert recorded(api) == (True, None, 3)


def test_garbage_fault_answers_no_json(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.GARBAGE)])
    answer = api.batch(*THREE)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert recorded(api) == (True, 200, 3)


def test_missing_fault_leaves_out_every_third_message(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.MISSING)])
    answer = api.batch(*THREE).json()
    assert [message["clientMessageId"] for message in answer["messages"]] == ["1", "2"]
    assert (answer["acceptedCount"], answer["rejectedCount"]) == (3, 0)
    assert recorded(api) == (True, 200, 3)


def test_shuffling_fault_moves_every_message_and_strips_plus(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.SHUFFLED)])
    messages = api.batch(*THREE).json()["messages"]
    assert [message["clientMessageId"] for message in messages] == ["2", "3", "1"]
    destinations = [message["destination"] for message in messages]
    assert destinations == ["6591000002", "+6591000003", "6591000001"]
    umids = {message.client_message_id: message.umid for message in api.sim.messages}
    assert {message["clientMessageId"]: message["umid"] for message in messages} == umids


@pytest.mark.parametrize("kind", [FaultKind.MISSING, FaultKind.SHUFFLED])
def test_list_faults_leave_an_answer_without_list_alone(
    start: Callable[..., Api], kind: FaultKind
) -> None:
    api = start(faults=[Fault(kind)])
    assert api.batch(*THREE, includeMessagesInResponse=False).json()["messages"] is None


def test_counting_fault_keeps_the_messages_back(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.COUNTS_ONLY)])
    answer = api.batch(*THREE).json()
    assert (answer["acceptedCount"], answer["messages"]) == (3, None)


def test_shape_fault_answers_other_json(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.WRONG_SHAPE)])
    assert isinstance(api.batch(*THREE).json(), list)
    assert recorded(api) == (True, 200, 3)


def test_partial_fault_rejects_every_second_message(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.PARTLY)])
    answer = api.batch(*THREE).json()
    statuses = [message["status"] for message in answer["messages"]]
    assert [status["code"] for status in statuses] == ["QUEUED", "REJECTED", "QUEUED"]
    assert statuses[1]["description"] == "Internal server error"
    assert (answer["acceptedCount"], answer["rejectedCount"]) == (2, 1)
    assert [message.client_message_id for message in api.sim.messages] == ["1", "3"]


def test_fault_that_accepts_refuses_what_breaks_a_rule(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.CLOSE_AFTER)])
    assert codes(api.batch()) == (400, 3012)


@pytest.mark.parametrize("kind", FaultKind)
def test_kind_accepts_as_its_place_in_the_list_says(
    start: Callable[..., Api], kind: FaultKind
) -> None:
    api = start(faults=[Fault(kind)])
    with contextlib.suppress(requests.RequestException):
        api.batch(sms())
    kinds = list(FaultKind)
    accepts = kinds.index(kind) >= kinds.index(FaultKind.CLOSE_AFTER)
    assert [post.accepted for post in api.sim.posts] == [accepts]
    assert len(api.sim.messages) == accepts


def statuses(api: Api, posts: int) -> list[int]:
    return [api.batch(sms()).status_code for _ in range(posts)]


@pytest.mark.parametrize(
    ("faults", "answers"),
    [
        ([Fault(FaultKind.INTERNAL, post=2)], [200, 500, 200]),
        ([Fault(FaultKind.INTERNAL, post=2, times=2)], [200, 500, 500, 200]),
        ([Fault(FaultKind.INTERNAL, post=3, times=-1)], [200, 200, 500, 500]),
        ([Fault(FaultKind.INTERNAL, times=-1)], [500, 500]),
        ([Fault(FaultKind.INTERNAL), Fault(FaultKind.GONE)], [500, 410, 200]),
        ([Fault(FaultKind.INTERNAL, times=2), Fault(FaultKind.GONE, post=1)], [500, 500, 200]),
        ([Fault(FaultKind.GONE, post=1), Fault(FaultKind.INTERNAL)], [410, 500, 200]),
    ],
)
def test_fault_hits_the_posts_it_names(
    start: Callable[..., Api], faults: list[Fault], answers: list[int]
) -> None:
    assert statuses(start(faults=faults), len(answers)) == answers


def test_posts_of_any_answer_count(start: Callable[..., Api]) -> None:
    api = start(faults=[Fault(FaultKind.GONE, post=2)])
    api.batch_body(b"not json")
    assert api.batch(sms()).status_code == 410


def test_fault_can_be_injected_while_running(api: Api) -> None:
    assert statuses(api, 1) == [200]
    api.sim.inject(Fault(FaultKind.INTERNAL))
    assert statuses(api, 2) == [500, 200]


def test_post_that_breaks_off_is_not_counted(api: Api) -> None:
    host, port = api.sim.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {api.messages_path}/batch HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99\r\n"
        connection.sendall(f"{head}\r\n{{".encode())
    assert statuses(api, 1) == [200]
    wait_for(lambda: len(api.sim.posts) == 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("close-after@3", Fault(FaultKind.CLOSE_AFTER, post=3)),
        ("too-many@2:retry_after=1", Fault(FaultKind.TOO_MANY, post=2, retry_after=1)),
        ("slow@1:seconds=2.5", Fault(FaultKind.SLOW, post=1, seconds=2.5)),
        ("internal@1x3", Fault(FaultKind.INTERNAL, post=1, times=3)),
        ("internalx-1", Fault(FaultKind.INTERNAL, times=-1)),
        (" Garbage ", Fault(FaultKind.GARBAGE)),
        (
            "unavailable:retry_after=2, seconds=1",
            Fault(FaultKind.UNAVAILABLE, retry_after=2, seconds=1),
        ),
    ],
)
def test_fault_is_read_from_its_text_form(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_has_a_text_form(kind: FaultKind) -> None:
    assert Fault.parse(f"{kind}@2x3") == Fault(kind, post=2, times=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("explode@1", "unknown fault 'explode@1'.*too-many.*partly"),
        ("", "unknown fault ''"),
        ("slow@one", "unknown fault"),
        ("slow:hours=1", "unknown fault option 'hours'"),
        ("slow:", "unknown fault option ''"),
        ("slow:seconds=long", "seconds needs a number, not 'long'"),
        ("slow:seconds=nan", "0 or more"),
        ("slow@0", "counted from 1"),
        ("slowx0", "times is 1 or more"),
        ("slow:seconds=-1", "0 or more"),
    ],
)
def test_text_of_no_fault_is_refused_in_clear_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault.parse(text)


@pytest.mark.parametrize("arguments", [{"post": 0}, {"times": 0}, {"times": -2}, {"seconds": -1}])
def test_fault_that_could_never_be_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a fault's"):
        Fault(FaultKind.SLOW, **arguments)

"""Forgetting at 8x8: each message is asked for, what fails is named, what is gone is gone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from log_server import HASTY, LogServer

from bulksender.sender import Api, remove_personal_data
from bulksender.settings import Account
from bulksender.simulator import Simulator


def sent(api: Api, numbers: int) -> list[str]:
    messages = [{"destination": f"+6591234{row:03}", "text": "Hello"} for row in range(numbers)]
    body = msgspec.json.encode({"messages": messages, "includeMessagesInResponse": True})
    return [each["umid"] for each in api.call("POST", "batch", body).json()["messages"]]


def test_number_and_text_are_removed_from_the_messages_that_are_named(
    simulated: Callable[..., Simulator],
) -> None:
    sim = simulated()
    with Api(Account(sim.base_url, sim.subaccount, sim.api_key), HASTY) as api:
        first, second, _ = sent(api, 3)
        assert remove_personal_data(api, [first, second]) == {}
    assert [message.destination for message in sim.messages] == ["", "", "+6591234002"]


def test_a_message_that_8x8_does_not_know_any_more_is_removed(
    simulated: Callable[..., Simulator],
) -> None:
    sim = simulated()
    gone = "11111111-2222-3333-4444-555555555555"
    with Api(Account(sim.base_url, sim.subaccount, sim.api_key), HASTY) as api:
        [there] = sent(api, 1)
        assert remove_personal_data(api, [gone, there]) == {}
    assert [message.destination for message in sim.messages] == [""]


def test_what_could_not_be_removed_is_named_with_the_reason(
    simulated: Callable[..., Simulator],
) -> None:
    sim = simulated()
    with Api(Account(sim.base_url, sim.subaccount, sim.api_key), HASTY) as api:
        umids = sent(api, 2)
    with Api(Account(sim.base_url, sim.subaccount, "another-key"), HASTY) as api:
        said = "8x8 does not accept the API key (HTTP 401, code 1200)"
        assert remove_personal_data(api, umids) == dict.fromkeys(umids, said)
    assert all(message.destination for message in sim.messages)


def test_nothing_is_asked_where_there_is_nothing_to_remove() -> None:
    with LogServer() as server, server.api() as api:
        assert remove_personal_data(api, []) == {}
    assert server.calls == []

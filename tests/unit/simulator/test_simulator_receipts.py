from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from simulator_api import Api, Receiver, sms, wait_for

from bulksender.simulator import Simulator


def sent(api: Api, url: str | None) -> str:
    message = sms(clientMessageId="r:1", source="Shop", dlrCallbackUrl=url)
    answer = api.batch(message, clientBatchId="b1").json()
    return str(answer["messages"][0]["umid"])


def test_receipt_has_the_documented_form(api: Api, receiver: Callable[..., Receiver]) -> None:
    taken = receiver()
    umid = sent(api, taken.url)
    api.sim.deliver(umid)
    wait_for(lambda: len(taken.bodies) == 1)

    assert taken.bodies[0] == {
        "namespace": "SMS",
        "eventType": "outbound_message_status_changed",
        "description": "Outbound message status was changed",
        "payload": {
            "umid": umid,
            "batchId": api.sim.messages[0].batch_id,
            "clientMessageId": "r:1",
            "clientBatchId": "b1",
            "subAccountId": "simulator",
            "source": "Shop",
            "destination": "+6591000001",
            "status": {
                "state": "delivered",
                "detail": "delivered_to_recipient",
                "timestamp": "2026-03-02T09:00:00.250Z",
            },
            "price": {"total": 0.0386, "perSms": 0.0386, "currency": "USD"},
            "smsCount": 1,
        },
    }


def test_receipts_come_in_the_order_of_the_states(
    api: Api, receiver: Callable[..., Receiver]
) -> None:
    taken = receiver()
    umid = sent(api, taken.url)
    for state in ("sent", "delivered", "read"):
        assert api.sim.deliver(umid, state).state == state
    wait_for(lambda: len(taken.bodies) == 3)
    states = [body["payload"]["status"]["state"] for body in taken.bodies]
    assert states == ["sent", "delivered", "read"]


def test_receipt_tells_why_it_failed(api: Api, receiver: Callable[..., Receiver]) -> None:
    taken = receiver()
    api.sim.deliver(
        sent(api, taken.url),
        "undelivered",
        detail="rejected_by_operator",
        error_code=15,
        error_message="Invalid destination",
    )
    wait_for(lambda: len(taken.bodies) == 1)
    status = taken.bodies[0]["payload"]["status"]
    assert (status["detail"], status["errorCode"]) == ("rejected_by_operator", 15)
    assert status["errorMessage"] == "Invalid destination"


def test_message_without_callback_changes_in_silence(api: Api) -> None:
    umid = sent(api, None)
    assert api.sim.deliver(umid).detail == "delivered_to_recipient"
    assert api.sim.messages[0].state == "delivered"


def test_refused_receipt_is_repeated_until_it_is_taken(
    start: Callable[..., Api], receiver: Callable[..., Receiver]
) -> None:
    api, taken = start(dlr_retries=(0.01, 0.01, 0.01)), receiver(404, 500)
    api.sim.deliver(sent(api, taken.url))
    wait_for(lambda: len(taken.bodies) == 3)
    assert taken.bodies[0] == taken.bodies[1] == taken.bodies[2]
    time.sleep(0.05)
    assert len(taken.bodies) == 3


def test_receipt_is_lost_after_the_last_repetition(
    start: Callable[..., Api], receiver: Callable[..., Receiver]
) -> None:
    api, taken = start(dlr_retries=(0.01,)), receiver(500, 500, 500)
    api.sim.deliver(sent(api, taken.url))
    wait_for(lambda: len(taken.bodies) == 2)
    time.sleep(0.05)
    assert len(taken.bodies) == 2


def test_receiver_that_is_away_gets_its_receipt_later(
    start: Callable[..., Api], receiver: Callable[..., Receiver]
) -> None:
    api, away, taken = start(dlr_retries=(0.01,)), receiver(), receiver()
    away.close()
    api.sim.deliver(sent(api, away.url))
    api.sim.deliver(sent(api, taken.url))
    wait_for(lambda: len(taken.bodies) == 1)


def test_stopped_simulator_brings_nothing(receiver: Callable[..., Receiver]) -> None:
    taken = receiver(500)
    with Simulator(dlr_retries=(0.05,)) as sim:
        api = Api(sim)
        umid = sent(api, taken.url)
        api.session.close()
        sim.deliver(umid)
        wait_for(lambda: len(taken.bodies) == 1)
    sim.deliver(umid)
    time.sleep(0.1)
    assert len(taken.bodies) == 1


def test_only_known_messages_and_states_are_delivered(api: Api) -> None:
    with pytest.raises(KeyError):
        api.sim.deliver("unknown")
    with pytest.raises(ValueError, match=r"unknown state 'lost'.*undelivered"):
        api.sim.deliver(sent(api, None), "lost")

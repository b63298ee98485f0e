from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simulator_api import Api, Clock, codes, sms

from bulksender.simulator import AcceptedMessage

UNKNOWN = "f2ea5276-a824-4711-8146-022a22cc1c71"
MESSAGE = "/paths/~1api~1v1~1subaccounts~1{subAccountId}~1messages~1{umid}"


def accepted(api: Api, **fields: Any) -> AcceptedMessage:
    api.batch(sms(**fields), clientBatchId="b1")
    return api.sim.messages[-1]


def test_details_are_given_masked(api: Api, conforms: Callable[..., None]) -> None:
    message = accepted(api, clientMessageId="r:1", source="Shop", text="x" * 161)
    details = api.message(message.umid).json()

    conforms(details, f"{MESSAGE}/get/responses/200/content/application~1json/schema")
    assert details == {
        "umid": message.umid,
        "subAccountId": "simulator",
        "direction": "outbound",
        "country": "SG",
        "status": {"state": "queued", "timestamp": "2026-03-02T09:00:00.250Z"},
        "msisdn": "+659100xxxx",
        "source": "Shop",
        "body": "**MASKED**",
        "encoding": "GSM7",
        "createdAt": "2026-03-02T09:00:00.250Z",
        "smsCount": 2,
        "price": {"total": 0.0772, "perSms": 0.0386, "currency": "USD"},
        "clientMessageId": "r:1",
        "clientBatchId": "b1",
        "batchId": message.batch_id,
    }


def test_country_of_the_request_goes_before_the_prefix(api: Api) -> None:
    message = accepted(api, country="my")
    assert api.message(message.umid).json()["country"] == "MY"


def test_message_to_an_unlisted_country_costs_nothing(api: Api) -> None:
    message = accepted(api, destination="+999123456789")
    details = api.message(message.umid).json()
    assert "country" not in details
    assert details["price"] == {"total": 0.0, "perSms": 0.0, "currency": "USD"}


def test_details_follow_the_state(api: Api, clock: Clock) -> None:
    message = accepted(api)
    clock.pass_seconds(5)
    api.sim.deliver(message.umid, "undelivered", error_code=46, error_message="Not reachable")
    assert api.message(message.umid).json()["status"] == {
        "state": "undelivered",
        "detail": "undelivered_to_recipient",
        "timestamp": "2026-03-02T09:00:05.250Z",
        "errorCode": 46,
        "errorMessage": "Not reachable",
    }


def test_details_are_given_once_a_second(
    api: Api, clock: Clock, conforms: Callable[..., None]
) -> None:
    message = accepted(api)
    assert api.message(message.umid).status_code == 200
    clock.pass_seconds(0.9)
    refused = api.message(message.umid)
    conforms(refused.json(), f"{MESSAGE}/get/responses/429/content/application~1json/schema")
    assert codes(refused) == (429, 429)
    assert refused.headers["Retry-After"] == "1"
    clock.pass_seconds(0.1)
    assert api.message(message.umid).status_code == 200


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("DELETE", ""), ("DELETE", "/pii")])
def test_message_must_exist(api: Api, clock: Clock, method: str, suffix: str) -> None:
    assert codes(api.message(UNKNOWN, method, suffix)) == (404, 1300)
    clock.pass_seconds(1)
    assert codes(api.message("no-uuid", method, suffix)) == (400, 1000)


@pytest.mark.parametrize(
    ("scheduled", "count"),
    [
        ("2026-03-02T09:03:01Z", 1),
        ("2026-03-02T09:03:00.250Z", 1),
        ("2026-03-02T09:03:00Z", 0),
        ("2026-03-02T08:00:00Z", 0),
        (None, 0),
    ],
)
def test_message_is_cancelled_until_three_minutes_before_its_time(
    api: Api, conforms: Callable[..., None], scheduled: str | None, count: int
) -> None:
    message = accepted(api, scheduled=scheduled)
    answer = api.message(message.umid, "DELETE")

    conforms(answer.json(), f"{MESSAGE}/delete/responses/200/content/application~1json/schema")
    assert (answer.status_code, answer.json()) == (200, {"cancelledCount": count})
    assert api.sim.messages[0].state == ("cancelled" if count else "queued")


def test_message_is_cancelled_once(api: Api) -> None:
    message = accepted(api, scheduled="2026-03-03T00:00:00Z")
    assert api.message(message.umid, "DELETE").json() == {"cancelledCount": 1}
    assert api.message(message.umid, "DELETE").json() == {"cancelledCount": 0}
    assert api.message(message.umid).json()["status"]["state"] == "failed"


def test_batch_cancels_only_what_is_still_scheduled(api: Api) -> None:
    later = "2026-03-03T00:00:00Z"
    answer = api.batch(sms(1, scheduled=later), sms(2), sms(3, scheduled=later)).json()
    api.batch(sms(4, scheduled=later))
    path = f"{api.messages_path}/batch/{answer['batchId']}"

    assert api.call("DELETE", path).json() == {"cancelledCount": 2}
    states = [message.state for message in api.sim.messages]
    assert states == ["cancelled", "queued", "cancelled", "queued"]


def test_unknown_batch_cancels_nothing(api: Api) -> None:
    path = f"{api.messages_path}/batch"
    assert api.call("DELETE", f"{path}/{UNKNOWN}").json() == {"cancelledCount": 0}
    assert codes(api.call("DELETE", f"{path}/no-uuid")) == (400, 1000)


def test_personal_data_are_forgotten(api: Api) -> None:
    message = accepted(api, text="Hello Nan")
    answer = api.message(message.umid, "DELETE", "/pii")
    assert (answer.status_code, answer.content) == (202, b"")
    assert (api.sim.messages[0].destination, api.sim.messages[0].text) == ("", "")
    assert api.message(message.umid).json()["msisdn"] == "+xxxx"

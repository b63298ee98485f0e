from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simulator_api import START, Api, Clock, sms

from bulksender.simulator import AcceptedMessage

BATCH_ANSWER = "/components/schemas/BatchSmsResponse"


def only(api: Api) -> AcceptedMessage:
    (message,) = api.sim.messages
    return message


def test_batch_is_accepted_message_by_message(api: Api, conforms: Callable[..., None]) -> None:
    answer = api.batch(sms(1, clientMessageId="r:1"), sms(2), clientBatchId="b1")

    body = answer.json()
    conforms(body, BATCH_ANSWER)
    assert answer.status_code == 200
    assert (body["acceptedCount"], body["rejectedCount"], body["clientBatchId"]) == (2, 0, "b1")
    first, second = api.sim.messages
    assert [message["umid"] for message in body["messages"]] == [first.umid, second.umid]
    assert body["messages"][0] == {
        "umid": first.umid,
        "clientMessageId": "r:1",
        "destination": "+6591000001",
        "encoding": "GSM7",
        "status": {"code": "QUEUED", "description": "SMS is accepted and queued for processing"},
    }
    assert "clientMessageId" not in body["messages"][1]


def test_accepted_message_is_recorded_whole(api: Api) -> None:
    message = sms(
        clientMessageId="r:1",
        source="Shop",
        text="5 €",
        country="sg",
        scheduled="2026-03-03T09:00:00+08:00",
        expiry="2026-03-04T01:00:00Z",
        track="Outcome",
        clientIp="192.0.2.1",
    )
    answer = api.batch(message, clientBatchId="b1").json()

    recorded = only(api)
    assert recorded.batch_id == answer["batchId"]
    assert (recorded.client_batch_id, recorded.client_message_id) == ("b1", "r:1")
    assert (recorded.destination, recorded.source) == ("+6591000001", "Shop")
    assert (recorded.text, recorded.encoding, recorded.parts) == ("5 €", "GSM7", 1)
    assert recorded.scheduled == datetime(2026, 3, 3, 1, tzinfo=UTC)
    assert recorded.expiry == datetime(2026, 3, 4, 1, tzinfo=UTC)
    assert (recorded.created_at, recorded.state) == (START, "queued")


def test_template_fills_in_what_a_message_leaves_out(api: Api) -> None:
    template = {
        "text": "Sale あ",
        "source": "Shop",
        "encoding": "UCS2",
        "scheduled": "2026-03-03T00:00:00Z",
        "expiry": "2026-03-04T00:00:00Z",
        "dlrCallbackUrl": "http://127.0.0.1:9/receipts",
    }
    api.batch({"destination": "+6591000001"}, sms(2, encoding="GSM7"), template=template)

    shared, own = api.sim.messages
    assert (shared.text, shared.source, shared.encoding) == ("Sale あ", "Shop", "UCS2")
    assert shared.scheduled == datetime(2026, 3, 3, tzinfo=UTC)
    assert shared.expiry == datetime(2026, 3, 4, tzinfo=UTC)
    assert shared.dlr_callback_url == "http://127.0.0.1:9/receipts"
    assert (own.text, own.encoding) == ("Hello 2", "GSM7")


def test_destinations_share_the_template(api: Api) -> None:
    body = {"destinations": ["+6591000001", "6591000002"], "template": {"text": "Sale"}}
    answer = api.call("POST", f"{api.messages_path}/batch", json=body).json()
    assert (answer["acceptedCount"], answer["messages"]) == (2, None)
    assert [message.text for message in api.sim.messages] == ["Sale", "Sale"]


def test_messages_go_before_destinations(api: Api) -> None:
    assert api.batch(sms(1), destinations=["+6591000009"]).json()["acceptedCount"] == 1
    assert only(api).destination == "+6591000001"


@pytest.mark.parametrize("flag", [False, None])
def test_messages_are_null_unless_they_are_asked_for(api: Api, flag: bool | None) -> None:
    answer = api.batch(sms(), includeMessagesInResponse=flag).json()
    assert (answer["acceptedCount"], answer["messages"]) == (1, None)


def test_text_over_ten_parts_is_cut_off_and_accepted(api: Api) -> None:
    answer = api.batch(sms(text="x" * 1600)).json()
    assert answer["acceptedCount"] == 1
    assert (only(api).text, only(api).parts) == ("x" * 1530, 10)


def test_gsm7_records_the_replaced_text(api: Api) -> None:
    api.batch(sms(text="It’s", encoding="GSM7"))
    assert (only(api).text, only(api).encoding) == ("It?s", "GSM7")


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"text": None}, "Message text is missing"),
        ({"text": ""}, "Message text is missing"),
        ({"destination": "+0591000001"}, "Invalid MSISDN format"),
        ({"destination": "+65 9100 0001"}, "Invalid MSISDN format"),
        ({"destination": "123456"}, "Invalid MSISDN format"),
        ({"destination": "+1234567890123456"}, "Invalid MSISDN format"),
        ({"destination": ""}, "Invalid MSISDN format"),
        ({"source": "TwelveLetter"}, "Source is over the limit"),
        ({"source": "12345678901234567"}, "Source is over the limit"),
        ({"source": "+1234567890123456"}, "Source is over the limit"),
        ({"source": "Shop!"}, "Invalid source"),
        ({"source": ""}, "Invalid source"),
        ({"expiry": "2026-03-02T09:00:00Z"}, "Expiry time is already reached"),
    ],
)
def test_message_that_breaks_a_rule_is_rejected_alone(
    api: Api, fields: dict[str, Any], description: str
) -> None:
    answer = api.batch(sms(1, **fields), sms(2))

    body = answer.json()
    assert (answer.status_code, body["acceptedCount"], body["rejectedCount"]) == (200, 1, 1)
    status = body["messages"][0]["status"]
    assert status["code"] == "REJECTED"
    assert status["description"].startswith(description)
    assert only(api).destination == "+6591000002"


@pytest.mark.parametrize(
    "fields",
    [
        {"destination": "6591000001"},
        {"destination": "91000001", "country": "SG"},
        {"source": "Eleven Lett"},
        {"source": "1234567890123456"},
        {"source": "+123456789012345"},
        {"expiry": "2026-03-02T09:00:01Z"},
        {"scheduled": "2026-03-09T09:00:00Z"},
        {"scheduled": "2026-03-01T09:00:00Z"},
        {"clientMessageId": "x" * 350},
        {"unknown": "field"},
        {"dlrCallbackUrl": "https://localhost/receipts"},
        {"dlrCallbackUrl": "http://[::1]:8000/receipts"},
    ],
)
def test_message_at_the_limits_is_accepted(api: Api, fields: dict[str, Any]) -> None:
    assert api.batch(sms(1, **fields), clientBatchId="x" * 20).json()["acceptedCount"] == 1


def test_listed_numbers_are_rejected_with_or_without_plus(start: Callable[..., Api]) -> None:
    api = start(reject={"+6591000001": "Blocked", "6591000002": "Also blocked"})
    answer = api.batch(sms(1), {**sms(2), "destination": "6591000002"}, sms(3)).json()
    descriptions = [message["status"]["description"] for message in answer["messages"]]
    assert descriptions[:2] == ["Blocked", "Also blocked"]
    assert answer["acceptedCount"] == 1


def test_every_post_is_recorded_whatever_its_answer(api: Api, clock: Clock) -> None:
    api.batch(sms(1), clientBatchId="b1")
    clock.pass_seconds(1)
    api.batch_body(b"not json")
    api.batch_body(b"{}", Authorization="Bearer wrong", **{"X-Trace": "t"})

    good, broken, strange = api.sim.posts
    assert [post.number for post in api.sim.posts] == [1, 2, 3]
    assert [post.status for post in api.sim.posts] == [200, 400, 401]
    assert [post.accepted for post in api.sim.posts] == [True, False, False]
    assert (good.client_batch_id, broken.client_batch_id) == ("b1", None)
    assert json.loads(good.body)["clientBatchId"] == "b1"
    assert broken.body == b"not json"
    assert (good.received_at, broken.received_at) == (START, START + timedelta(seconds=1))
    assert strange.headers["x-trace"] == "t"
    assert "authorization" not in strange.headers


def test_snapshots_do_not_change(api: Api) -> None:
    api.batch(sms(1))
    posts, messages = api.sim.posts, api.sim.messages
    api.batch(sms(2))
    assert (len(posts), len(messages)) == (1, 1)


def test_largest_batch_is_accepted(api: Api) -> None:
    messages = [sms(1, text="あ" * 1600) for _ in range(10_000)]
    assert api.batch(*messages).json()["acceptedCount"] == 10_000


def test_latency_delays_each_answer(start: Callable[..., Api]) -> None:
    api = start(latency=0.1)
    began = time.monotonic()
    assert api.batch(sms()).status_code == 200
    assert time.monotonic() - began >= 0.1


def test_one_message_can_be_sent_alone(api: Api, conforms: Callable[..., None]) -> None:
    answer = api.call("POST", api.messages_path, json=sms(clientMessageId="r:1"))

    conforms(answer.json(), "/components/schemas/SmsResponse")
    assert answer.json()["status"]["code"] == "QUEUED"
    assert (only(api).umid, only(api).batch_id) == (answer.json()["umid"], None)
    assert api.sim.posts == []


def test_one_message_alone_can_be_rejected(api: Api) -> None:
    answer = api.call("POST", api.messages_path, json=sms(text=""))
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, "REJECTED")
    assert api.sim.messages == []

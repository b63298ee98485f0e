from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simulator_api import Api, codes, sms

PRICES = "/paths/~1api~1v1~1accounts~1{accountId}~1prices"
ERROR = f"{PRICES}/get/responses/400/content/application~1json/schema"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"destination": None}, 3002),
        ({"destination": 6591000001}, 1000),
        ({"text": 5}, 1000),
        ({"source": ["Shop"]}, 1000),
        ({"track": "Yes"}, 1000),
        ({"encoding": "LATIN1"}, 1003),
        ({"encoding": "auto"}, 1003),
        ({"clientMessageId": "x" * 351}, 3009),
        ({"country": "Singapore"}, 3018),
        ({"expiry": "tomorrow"}, 1006),
        ({"expiry": "2026-03-03T09:00:00"}, 1006),
        ({"scheduled": "tomorrow"}, 1011),
        ({"scheduled": "2026-03-03T09:00:00"}, 1011),
        ({"scheduled": "2026-03-03"}, 1011),
        ({"scheduled": "2026-03-09T09:00:01Z"}, 1011),
        ({"dlrCallbackUrl": "not a url"}, 3020),
        ({"dlrCallbackUrl": "ftp://127.0.0.1/"}, 3020),
        ({"dlrCallbackUrl": "http://[::1/"}, 3020),
        ({"dlrCallbackUrl": "http://127.0.0.1:port/"}, 3020),
        ({"dlrCallbackUrl": "https://example.com/receipts"}, 3020),
        ({"dlrCallbackUrl": "http://192.0.2.1/"}, 3020),
    ],
)
def test_field_that_breaks_a_rule_refuses_the_whole_batch(
    api: Api, conforms: Callable[..., None], fields: dict[str, Any], code: int
) -> None:
    answer = api.batch(sms(1), sms(2, **fields))

    conforms(answer.json(), ERROR)
    assert codes(answer) == (400, code)
    assert api.sim.messages == []


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ({"encoding": "LATIN1"}, 1003),
        ({"scheduled": "soon"}, 1011),
        ({"expiry": "soon"}, 1006),
        ({"dlrCallbackUrl": "https://example.com/"}, 3020),
        ("Hello", 1000),
    ],
)
def test_template_is_held_to_the_same_rules(api: Api, template: Any, code: int) -> None:
    assert codes(api.batch(sms(1), template=template)) == (400, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 1000),
        (b"not json", 1000),
        (b"[]", 1000),
        (b"null", 1000),
        (b'{"messages": 1}', 1000),
        (b'{"messages": [null]}', 1000),
        (b'{"destinations": [6591000001], "template": {"text": "x"}}', 1000),
        (b'{"messages": [{"destination": "+6591000001", "text": "\\ud83d"}]}', 1000),
        (b'{"messages": [{"destination": "+6591000001", "text": "\xff"}]}', 1000),
        (b'{"includeMessagesInResponse": "yes"}', 1000),
        (b"{}", 3012),
        (b'{"messages": []}', 3012),
        (b'{"destinations": []}', 3012),
        (b'{"clientBatchId": "012345678901234567890", "destinations": ["+6591000001"]}', 3014),
    ],
)
def test_body_that_breaks_a_rule_is_refused(api: Api, body: bytes, code: int) -> None:
    assert codes(api.batch_body(body)) == (400, code)


def test_batch_over_ten_thousand_messages_is_refused(api: Api) -> None:
    assert codes(api.batch(*[sms()] * 10_001)) == (400, 3013)
    body = {"destinations": ["+6591000001"] * 10_001, "template": {"text": "Sale"}}
    assert codes(api.call("POST", f"{api.messages_path}/batch", json=body)) == (400, 3013)


def test_body_must_be_declared_as_json(api: Api) -> None:
    answer = api.batch_body(b'{"messages": []}', **{"Content-Type": "text/plain"})
    assert codes(answer) == (400, 1000)
    assert "Content-Type" in answer.json()["message"]


def test_error_names_the_place_and_not_the_value(api: Api) -> None:
    answer = api.batch(sms(1), sms(2, encoding="Secret"))
    assert "messages[1]" in answer.json()["message"]
    assert "Secret" not in answer.text


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer wrong", "Basic simulator-key", "Bearer é"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "{messages}/batch"),
        ("POST", "{messages}"),
        ("GET", "{messages}/f2ea5276-a824-4711-8146-022a22cc1c71"),
        ("DELETE", "{messages}/f2ea5276-a824-4711-8146-022a22cc1c71"),
        ("DELETE", "{messages}/f2ea5276-a824-4711-8146-022a22cc1c71/pii"),
        ("DELETE", "{messages}/batch/f2ea5276-a824-4711-8146-022a22cc1c71"),
        ("POST", "{messages}/exports"),
        ("GET", "{messages}/exports/job"),
        ("DELETE", "{messages}/exports/job"),
        ("GET", "{account}/prices"),
        ("GET", "{account}/balance"),
        ("GET", "{account}/webhooks"),
        ("POST", "{account}/webhooks"),
        ("DELETE", "{account}/webhooks"),
    ],
)
def test_wrong_key_is_refused_everywhere(api: Api, method: str, path: str, key: str) -> None:
    path = path.format(messages=api.messages_path, account=api.account_path)
    answer = api.call(method, path, headers={"Authorization": key.encode()})
    assert codes(answer) == (401, 1200)


@pytest.mark.parametrize("subaccount", ["another", "ab", "x" * 51, "with space"])
def test_unknown_subaccount_is_refused(api: Api, subaccount: str) -> None:
    path = f"/api/v1/subaccounts/{subaccount}/messages"
    assert codes(api.call("POST", f"{path}/batch", json={"messages": [sms()]})) == (400, 1001)
    assert codes(api.call("POST", path, json=sms())) == (400, 1001)


def test_unknown_account_is_forbidden(api: Api) -> None:
    assert codes(api.call("GET", "/api/v1/accounts/another/balance")) == (403, 1201)


def test_single_message_is_held_to_the_same_rules(api: Api) -> None:
    assert codes(api.call("POST", api.messages_path, json=sms(encoding="?"))) == (400, 1003)
    assert codes(api.call("POST", api.messages_path, json=[])) == (400, 1000)


def test_unknown_path_is_not_found(api: Api, conforms: Callable[..., None]) -> None:
    answer = api.call("GET", "/api/v2/anything")
    conforms(answer.json(), ERROR)
    assert codes(answer) == (404, 1300)


def test_wrong_method_is_not_allowed(api: Api) -> None:
    answer = api.call("PUT", f"{api.messages_path}/batch")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert set(answer.json()) == {"code", "message", "errorId", "timestamp"}


def test_names_of_other_machines_are_refused(api: Api) -> None:
    answer = api.call("GET", "/_simulator/posts", headers={"Host": "example.com"})
    assert answer.status_code == 400

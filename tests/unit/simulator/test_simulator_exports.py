from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from simulator_api import Api, Clock, codes, sms

EXPORTS = "/paths/~1api~1v1~1subaccounts~1{subAccountId}~1messages~1exports"
JOB_STATUS = "/components/schemas/LogExportJobStatus"
COLUMNS = [
    *("umid", "subaccountid", "direction", "country", "operator", "mcc", "mnc", "status_value"),
    *("status_details", "status_errorcode", "status_errormessage", "status_timestamp", "msisdn"),
    *("source", "encoding", "createdat", "smscount", "price_currency", "price_persms"),
    *("price_total", "clientmessageid", "clientbatchid", "batchid", "body"),
]


def start_job(api: Api, **fields: Any) -> requests.Response:
    return api.call("POST", f"{api.messages_path}/exports", json=fields)


def job_path(api: Api, **fields: Any) -> str:
    return f"{api.messages_path}/exports/{start_job(api, **fields).json()['jobId']}"


def finished(api: Api, **fields: Any) -> dict[str, Any]:
    path = job_path(api, **fields)
    *_, last = [api.call("GET", path).json() for _ in range(3)]
    return dict(last)


def exported(api: Api, **fields: Any) -> list[dict[str, str]]:
    job = finished(api, **fields)
    if job["status"] == "empty":
        return []
    text = requests.get(job["data"][0], timeout=5).text
    return list(csv.DictReader(io.StringIO(text)))


def ids(rows: list[dict[str, str]]) -> list[str]:
    return [row["clientmessageid"] for row in rows]


def test_job_goes_from_queued_over_running_to_succeeded(
    api: Api, conforms: Callable[..., None]
) -> None:
    api.batch(sms())
    begun = start_job(api)
    conforms(begun.json(), f"{EXPORTS}/post/responses/202/content/application~1json/schema")
    path = f"{api.messages_path}/exports/{begun.json()['jobId']}"
    answers = [api.call("GET", path).json() for _ in range(4)]

    for answer in answers:
        conforms(answer, JOB_STATUS)
    assert begun.status_code == 202
    assert [answer["status"] for answer in answers] == [
        "queued",
        "running",
        "succeeded",
        "succeeded",
    ]
    assert answers[0] == {"status": "queued"}
    assert answers[2] == answers[3]
    assert answers[2]["expires"] == "2026-03-02T10:00:00.250Z"


def test_job_without_messages_is_empty(api: Api) -> None:
    assert finished(api) == {"status": "empty"}


def test_job_needs_no_body(api: Api) -> None:
    assert api.call("POST", f"{api.messages_path}/exports").status_code == 202


def test_row_has_the_documented_columns_masked(api: Api) -> None:
    batch = api.batch(
        sms(clientMessageId="r:1", source="Shop", text='Hi, "Nan"\n€' + "x" * 160),
        clientBatchId="b1",
    ).json()
    api.sim.deliver(batch["messages"][0]["umid"])
    (row,) = exported(api)

    assert list(row) == COLUMNS
    assert row == {
        "umid": batch["messages"][0]["umid"],
        "subaccountid": "simulator",
        "direction": "1",
        "country": "SG",
        "operator": "SingTel",
        "mcc": "525",
        "mnc": "01",
        "status_value": "delivered",
        "status_details": "delivered_to_recipient",
        "status_errorcode": "",
        "status_errormessage": "",
        "status_timestamp": "2026-03-02T09:00:00.250Z",
        "msisdn": "+659100xxxx",
        "source": "Shop",
        "encoding": "GSM7",
        "createdat": "2026-03-02T09:00:00.250Z",
        "smscount": "2",
        "price_currency": "USD",
        "price_persms": "0.0386",
        "price_total": "0.0772",
        "clientmessageid": "r:1",
        "clientbatchid": "b1",
        "batchid": batch["batchId"],
        "body": "**MASKED**",
    }


def test_rejected_messages_are_not_exported(api: Api) -> None:
    api.batch(sms(1, clientMessageId="1"), sms(2, clientMessageId="2", text=""))
    assert ids(exported(api)) == ["1"]


def test_unlisted_country_has_no_operator(api: Api) -> None:
    api.batch(sms(destination="+999123456789"))
    (row,) = exported(api)
    assert (row["country"], row["operator"], row["mcc"], row["mnc"]) == ("", "", "", "")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"from": "2026-03-02"}, ["1", "2", "3"]),
        ({"from": "2026-03-03"}, ["3"]),
        ({"to": "2026-03-02"}, ["1", "2"]),
        ({"from": "2026-03-02", "to": "2026-03-02"}, ["1", "2"]),
        ({"from": "2026-03-02T09:00:01"}, ["2", "3"]),
        ({"from": "2026-03-02T09:00:01Z"}, ["2", "3"]),
        ({"from": "2026-03-02T17:00:01+08:00", "to": "2026-03-02T17:00:59+08:00"}, ["2"]),
        ({"from": "2026-03-02T09:00:00.250Z", "to": "2026-03-02T09:00:00.251Z"}, ["1"]),
        ({"to": "2026-03-02T09:00:00.250Z"}, ["1"]),
        ({"phoneNumber": "6591000001"}, ["1"]),
        ({"phoneNumber": "+6591000001"}, ["1"]),
        ({"countries": ["US"]}, ["2"]),
        ({"countries": ["sg", "MY"]}, ["1", "3"]),
        ({"countries": []}, ["1", "2", "3"]),
        ({"limit": 2}, ["1", "2"]),
        ({"limit": 0}, ["1", "2", "3"]),
    ],
)
def test_export_has_what_was_asked_for(
    api: Api, clock: Clock, fields: dict[str, Any], found: list[str]
) -> None:
    api.batch(sms(1, clientMessageId="1"))
    clock.pass_seconds(10)
    api.batch(sms(destination="+12025550288", clientMessageId="2"))
    clock.pass_seconds(86_400)
    api.batch(sms(3, clientMessageId="3"))
    assert ids(exported(api, **fields)) == found


def test_export_reaches_seven_days_back(api: Api, clock: Clock) -> None:
    api.batch(sms())
    clock.pass_seconds(7 * 86_400)
    assert len(exported(api)) == 1
    clock.pass_seconds(86_400)
    assert exported(api) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from": "yesterday"}, 1000),
        ({"to": "2026-3-2"}, 1000),
        ({"from": "2026-02-30"}, 1000),
        ({"from": "2026-03-02", "to": "2026-03-01"}, 1010),
        ({"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T09:00:00Z"}, 1010),
        ({"limit": -1}, 1010),
        ({"limit": "10"}, 1000),
        ({"phoneNumber": "0123"}, 1000),
        ({"countries": ["Singapore"]}, 3018),
    ],
)
def test_export_without_meaning_is_refused(api: Api, fields: dict[str, Any], code: int) -> None:
    assert codes(start_job(api, **fields)) == (400, code)


def test_messages_appear_after_the_lag(start: Callable[..., Api], clock: Clock) -> None:
    api = start(clock=clock, export_lag=30.0)
    api.batch(sms())
    clock.pass_seconds(29)
    assert exported(api) == []
    clock.pass_seconds(1)
    assert len(exported(api)) == 1


def test_link_needs_no_key_and_shows_whether_one_was_sent(api: Api) -> None:
    api.batch(sms())
    (link,) = finished(api)["data"]
    assert link.startswith(f"{api.sim.base_url}{api.messages_path}/download/")
    assert re.search(r"/[A-Za-z0-9_-]{64}$", link)

    answer = requests.get(link, timeout=5)
    api.session.get(link, timeout=5).close()

    assert answer.headers["Content-Type"].startswith("text/csv")
    without, given = api.sim.download_headers
    assert "authorization" not in without
    assert given["authorization"] == "Bearer simulator-key"


def test_link_expires(api: Api, clock: Clock) -> None:
    api.batch(sms())
    (link,) = finished(api)["data"]
    clock.pass_seconds(3599)
    assert requests.get(link, timeout=5).status_code == 200
    clock.pass_seconds(1)
    assert codes(requests.get(link, timeout=5)) == (404, 1300)


def test_unknown_link_is_not_found(api: Api) -> None:
    api.batch(sms())
    job_path(api)
    assert codes(api.call("GET", f"{api.messages_path}/download/guess")) == (404, 1300)


def test_cancelled_job_ends_its_link(api: Api) -> None:
    api.batch(sms())
    path = job_path(api)
    *_, last = [api.call("GET", path).json() for _ in range(3)]
    cancelled = api.call("DELETE", path)

    assert (cancelled.status_code, cancelled.content) == (204, b"")
    assert api.call("GET", path).json() == {"status": "cancelled"}
    assert requests.get(last["data"][0], timeout=5).status_code == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_job_is_not_found(api: Api, conforms: Callable[..., None], method: str) -> None:
    answer = api.call(method, f"{api.messages_path}/exports/unknown")
    pointer = f"{EXPORTS}~1{{jobId}}/{method.lower()}/responses/404/content/application~1json"
    conforms(answer.json(), f"{pointer}/schema")
    assert codes(answer) == (404, 4018)

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from simulator_api import Api, codes

from bulksender.simulator import Simulator

OPERATOR = {
    "operatorName": "SingTel",
    "operatorId": 525001,
    "hni": [{"mcc": "525", "mnc": "01"}, {"mcc": "525", "mnc": "02"}],
    "price": {"amount": 0.05, "currency": "SGD"},
}
SINGAPORE = {
    "alpha2Code": "SG",
    "countryName": "Singapore",
    "dialingPrefix": "+65",
    "operators": [OPERATOR, {**OPERATOR, "operatorId": 525003, "hni": []}],
}
WEBHOOKS = "/paths/~1api~1v1~1accounts~1{accountId}~1webhooks"


def prices(api: Api, query: str = "") -> dict[str, Any]:
    answer = api.call("GET", f"{api.account_path}/prices{query}")
    assert answer.status_code == 200
    return dict(answer.json())


def countries(api: Api, query: str = "") -> list[dict[str, Any]]:
    (subaccount,) = prices(api, query)["subAccounts"]
    return list(subaccount["outbound"]["countries"])


def test_built_in_prices_have_the_published_form(api: Api, conforms: Callable[..., None]) -> None:
    found = countries(api)
    for country in found:
        conforms(country, "/components/schemas/PriceOutboundCountry")
    assert {"SG", "US", "GB"} <= {country["alpha2Code"] for country in found}
    assert all(country["operators"][0]["price"]["amount"] > 0 for country in found)


def test_given_prices_are_served_as_given(start: Callable[..., Api]) -> None:
    api = start(prices=[SINGAPORE])
    assert prices(api) == {
        "subAccounts": [{"subAccountId": "simulator", "outbound": {"countries": [SINGAPORE]}}]
    }


def test_prices_of_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="not a price list"):
        Simulator(prices=[{"country": "SG"}])


@pytest.mark.parametrize(("query", "found"), [("SG", ["SG"]), ("sg", ["SG"]), ("ZZ", [])])
def test_prices_are_filtered_by_country(api: Api, query: str, found: list[str]) -> None:
    answer = countries(api, f"?country={query}")
    assert [country["alpha2Code"] for country in answer] == found


def test_prices_are_filtered_by_network(start: Callable[..., Api]) -> None:
    api = start(prices=[SINGAPORE])
    assert countries(api, "?mcc=525&mnc=2") == [{**SINGAPORE, "operators": [OPERATOR]}]
    assert countries(api, "?mcc=525&mnc=99") == []


def test_prices_are_filtered_by_subaccount(api: Api) -> None:
    assert len(prices(api, "?subAccountId=simulator")["subAccounts"]) == 1
    assert prices(api, "?subAccountId=another") == {"subAccounts": []}


def test_there_are_no_inbound_prices(api: Api) -> None:
    (subaccount,) = prices(api, "?direction=inbound")["subAccounts"]
    assert subaccount == {"subAccountId": "simulator", "inbound": {"countries": []}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("country=SGP", 3018),
        ("mcc=525", 1000),
        ("mnc=1", 1000),
        ("mcc=one&mnc=1", 1000),
        ("direction=sideways", 1000),
    ],
)
def test_query_without_meaning_is_refused(api: Api, query: str, code: int) -> None:
    assert codes(api.call("GET", f"{api.account_path}/prices?{query}")) == (400, code)


def test_balance_is_given(start: Callable[..., Api], conforms: Callable[..., None]) -> None:
    api = start(balance=(12.5, "SGD"))
    answer = api.call("GET", f"{api.account_path}/balance").json()
    conforms(answer, "/components/schemas/AccountBalance")
    assert answer == {"balance": 12.5, "currency": "SGD"}


def test_balance_is_for_prepaid_accounts(start: Callable[..., Api]) -> None:
    api = start(balance=None)
    assert codes(api.call("GET", f"{api.account_path}/balance")) == (403, 1201)


def webhook(**fields: Any) -> dict[str, Any]:
    return {"subAccountId": "*", "url": "https://example.com/receipts", **fields}


def configure(api: Api, *webhooks: Any, method: str = "POST") -> tuple[int, int]:
    answer = api.call(method, f"{api.account_path}/webhooks", json=list(webhooks))
    return (200, 0) if answer.status_code == 200 else codes(answer)


def test_webhooks_are_kept_with_their_secrets_masked(
    api: Api, conforms: Callable[..., None]
) -> None:
    oauth = {
        "url": "https://example.com/token",
        "clientId": "me",
        "clientSecret": "secret",
        "credentialsLocation": "header",
    }
    own = webhook(subAccountId="simulator", enabled=False, oauth=oauth)
    assert configure(api, webhook(httpAuthorization="Basic secret"), own) == (200, 0)

    answer = api.call("GET", f"{api.account_path}/webhooks")
    conforms(answer.json(), f"{WEBHOOKS}/get/responses/200/content/application~1json/schema")
    assert not re.search("secret", answer.text)
    assert answer.json() == [
        webhook(enabled=True, httpAuthorization="***"),
        webhook(subAccountId="simulator", enabled=False, oauth={**oauth, "clientSecret": "***"}),
    ]


def test_webhook_replaces_that_of_the_same_scope(api: Api) -> None:
    configure(api, webhook())
    configure(api, webhook(url="https://example.org/"))
    (found,) = api.call("GET", f"{api.account_path}/webhooks").json()
    assert found["url"] == "https://example.org/"


def test_star_deletes_the_account_wide_webhook_alone(api: Api) -> None:
    configure(api, webhook(), webhook(subAccountId="simulator"))
    assert configure(api, {"subAccountId": "*"}, method="DELETE") == (200, 0)
    (found,) = api.call("GET", f"{api.account_path}/webhooks").json()
    assert found["subAccountId"] == "simulator"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (webhook(subAccountId="another"), 1001),
        (webhook(url="not a url"), 3020),
        (webhook(url="http://[::1/"), 3020),
        (webhook(oauth={"url": "https://example.com"}), 1000),
        ({"url": "https://example.com"}, 1000),
    ],
)
def test_webhook_that_breaks_a_rule_is_refused(api: Api, bad: dict[str, Any], code: int) -> None:
    assert configure(api, webhook(), bad) == (400, code)
    assert api.call("GET", f"{api.account_path}/webhooks").json() == []


def test_deleting_another_accounts_webhook_is_refused(api: Api) -> None:
    assert configure(api, {"subAccountId": "another"}, method="DELETE") == (400, 1001)

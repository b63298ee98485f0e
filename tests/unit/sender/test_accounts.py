"""What 8x8 says of prices and of what is left on the account, asked of the simulator over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from log_server import HASTY, Answer, LogServer, refused, told

from bulksender.prices import Balance, Price
from bulksender.sender.accounts import fetch_balance, fetch_prices
from bulksender.sender.api import CallError
from bulksender.settings import Account
from bulksender.simulator import Simulator

Simulators = Callable[..., Simulator]


def price(country: str, lowest: str, dearest: str, currency: str = "USD") -> Price:
    return Price(country, Decimal(lowest), Decimal(dearest), currency)


SG, MY, GB = (
    price("SG", "0.0312", "0.0386"),
    price("MY", "0.04", "0.041"),
    price("GB", "0.04", "0.04"),
)


def prices_of(sim: Simulator, *countries: str, subaccount: str | None = None) -> list[Price]:
    account = Account(sim.base_url, subaccount or sim.subaccount, sim.api_key)
    return fetch_prices(account, sim.account, countries, patience=HASTY)


def test_the_prices_of_the_countries_that_are_asked_for_come_in_their_order(
    simulated: Simulators,
) -> None:
    assert prices_of(simulated(), "SG", "GB", "MY", "SG") == [SG, GB, MY]


def test_many_countries_have_the_same_prices_as_each_by_itself(simulated: Simulators) -> None:
    countries = ["SG", "FR", "MY", "GB", "US", "DE", "IN"]
    sim = simulated()
    together = prices_of(sim, *countries)
    assert [each.country for each in together] == countries
    assert together == [found for country in countries for found in prices_of(sim, country)]


def test_a_country_that_the_list_lacks_has_no_price(simulated: Simulators) -> None:
    sim = simulated()
    assert prices_of(sim, "ZW", "SG", "TA") == [SG]
    assert prices_of(sim, "ZW", "SG", "TA", "XK", "FJ", "TO") == [SG]


def test_what_8x8_does_not_take_for_a_country_has_no_price(simulated: Simulators) -> None:
    assert prices_of(simulated(), "S1", "SG") == [SG]
    assert asked(refused(400, 1009, "Invalid country"))[0] == []


def test_nothing_is_asked_for_no_country() -> None:
    with LogServer() as server:
        assert fetch_prices(Account(server.base_url, "simulator", "the-key"), "account", []) == []
    assert server.calls == []


def test_a_sub_account_without_a_list_has_no_prices(simulated: Simulators) -> None:
    assert prices_of(simulated(), "SG", subaccount="another") == []


def test_an_operator_without_a_fixed_price_is_left_out(simulated: Simulators) -> None:
    assert prices_of(simulated(prices=[]), "SG") == []
    empty = {"alpha2Code": "SG", "countryName": "", "dialingPrefix": "+65", "operators": []}
    assert prices_of(simulated(prices=[empty]), "SG") == []


def test_the_wrong_key_and_a_foreign_account_are_told(simulated: Simulators) -> None:
    sim = simulated()
    with pytest.raises(CallError) as raised:
        fetch_prices(Account(sim.base_url, sim.subaccount, "wrong"), sim.account, ["SG"])
    assert str(raised.value) == "8x8 does not accept the API key (HTTP 401, code 1200)"
    with pytest.raises(CallError) as raised:
        fetch_prices(Account(sim.base_url, sim.subaccount, sim.api_key), "another", ["SG"])
    assert str(raised.value) == "the API key may not see this account (HTTP 403, code 1201)"
    assert (raised.value.status, raised.value.code) == (403, "1201")


# Answers that the simulator does not give


def operators(*amounts: object, currency: str = "SGD") -> list[dict[str, Any]]:
    return [{"price": {"amount": amount, "currency": currency}} for amount in amounts]


def entry(subaccount: str, *countries: object) -> dict[str, Any]:
    return {"subAccountId": subaccount, "outbound": {"countries": countries}}


def country(code: str, *amounts: object, **others: Any) -> dict[str, Any]:
    return {"alpha2Code": code, "operators": operators(*amounts, **others)}


def asked(*answers: Answer, countries: Sequence[str] = ("SG",)) -> tuple[list[Price], LogServer]:
    """The prices that these answers give, one after the other."""
    with LogServer(states=answers) as server:
        account = Account(server.base_url, "simulator", "the-key")
        return fetch_prices(account, "an/account", countries, patience=HASTY), server


def list_of(*entries: Mapping[str, object]) -> Answer:
    return told({"subAccounts": entries})


def test_the_sub_account_is_named_and_its_own_prices_are_taken() -> None:
    mine, other = entry("Simulator", country("SG", 1)), entry("other", country("SG", 2))
    found, server = asked(list_of(other, mine))
    assert found == [price("SG", "1", "1", "SGD")]
    [call] = server.calls
    target = urlsplit(call.target)
    assert target.path == "/api/v1/accounts/an%2Faccount/prices"
    assert parse_qs(target.query) == {
        "subAccountId": ["simulator"],
        "direction": ["outbound"],
        "country": ["SG"],
    }
    assert call.headers["authorization"] == "Bearer the-key"


def test_more_than_five_countries_are_asked_for_at_once() -> None:
    several = entry("simulator", country("SG", 1), country("MY", 2), country("US", 3))
    wanted = ["SG", "MY", "GB", "FR", "DE", "IN"]
    found, server = asked(list_of(several), countries=wanted)
    assert [each.country for each in found] == ["SG", "MY"]
    assert ["country" in call.target for call in server.calls] == [False]
    _, server = asked(list_of(several), countries=wanted[:5])
    assert ["country" in call.target for call in server.calls] == [True] * 5


def test_of_other_sub_accounts_one_alone_stands_for_ours() -> None:
    one, two = entry("one", country("SG", 1)), entry("two", country("SG", 2))
    assert asked(list_of(one))[0] == [price("SG", "1", "1", "SGD")]
    assert asked(list_of(one, two))[0] == []
    assert asked(list_of())[0] == []


def test_outbound_may_be_an_array_as_8x8_s_schema_has_it() -> None:
    parts = [
        {"countries": [country("sg", "0.3", 0.1)]},
        {"countries": None},
        {"countries": [country("SG", 0.2), {"alpha2Code": "MY"}]},
    ]
    answer = list_of({"subAccountId": "simulator", "outbound": parts, "inbound": {"more": 1}})
    found, _ = asked(answer, countries=["SG", "MY"])
    assert found == [price("SG", "0.1", "0.3", "SGD")]


def test_a_list_without_outbound_prices_has_none() -> None:
    assert asked(list_of({"subAccountId": "simulator"}))[0] == []
    assert asked(list_of({"subAccountId": "simulator", "outbound": None}))[0] == []


def test_every_digit_of_a_price_is_kept() -> None:
    body = (
        b'{"subAccounts": [{"subAccountId": "simulator", "outbound": {"countries": [{"alpha2Code":'
        b'"SG","operators":[{"price":{"amount":0.00991710000000000001,"currency":"sgd"}},{}]}]}}]}'
    )
    assert asked(Answer(200, body))[0] == [
        price("SG", "0.00991710000000000001", "0.00991710000000000001", "SGD")
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (list_of(entry("simulator", country("SG", -1))),
         "8x8's price list has what is no price, for SG"),
        (list_of(entry("simulator", country("SG", "NaN"))),
         "8x8's price list has what is no price, for SG"),
        (list_of(entry("simulator", country("SG", 1_000_000))),
         "8x8's price list has what is no price, for SG"),
        (list_of(entry("simulator", country("SG", 1, currency=""))),
         "8x8's price list has what is no price, for SG"),
        (list_of(entry("simulator", country("SG", 1), country("SG", 1, currency="USD"))),
         "8x8's price list has several currencies for SG"),
        (list_of(entry("simulator", country("SG", "one"))),
         "8x8's answer is not the price list that was asked for"),
        (told({}), "8x8's answer is not the price list that was asked for"),
        (Answer(200, b"<html>"), "8x8's answer is not the price list that was asked for"),
        (Answer(200, b'{"subAccounts": ["\xff"]}'),
         "8x8's answer is not the price list that was asked for"),
        (refused(400, 1001, "Illegal sub-account"), "Illegal sub-account (HTTP 400, code 1001)"),
        (Answer(404), "8x8 does not know this account or address (HTTP 404)"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_used_is_refused_in_words(answer: Answer, said: str) -> None:
    with pytest.raises(CallError) as raised:
        asked(answer)
    assert str(raised.value) == said


def test_only_what_is_asked_for_has_to_be_a_price() -> None:
    odd = list_of(entry("simulator", country("SG", 1), country("MY", -1)))
    assert asked(odd)[0] == [price("SG", "1", "1", "SGD")]


def test_the_country_s_code_excuses_no_other_error() -> None:
    six = ("SG", "MY", "GB", "FR", "DE", "IN")
    with pytest.raises(CallError, match="Invalid country"):
        asked(refused(400, 1009, "Invalid country"), countries=six)
    with pytest.raises(CallError, match="code 1009"):
        asked(refused(422, 1009, "Invalid country"))


def test_a_call_that_fails_for_now_is_made_again() -> None:
    good = list_of(entry("simulator", country("SG", 1)))
    found, server = asked(Answer(429, headers={"Retry_After": "0"}), Answer(503), good)
    assert (len(found), len(server.calls)) == (1, 3)


def test_a_server_that_goes_on_failing_is_given_up() -> None:
    with LogServer(states=[refused(500, 2000, "Internal server error")]) as server:
        account = Account(server.base_url, "simulator", "the-key")
        with pytest.raises(CallError, match="Internal server error") as raised:
            fetch_prices(account, "account", ["SG", "MY"], patience=HASTY)
    assert (raised.value.code, len(server.calls)) == ("2000", HASTY.attempts)


# What is left


def balance_of(sim: Simulator, account_id: str | None = None) -> Balance | None:
    account = Account(sim.base_url, sim.subaccount, sim.api_key)
    return fetch_balance(account, account_id or sim.account, patience=HASTY)


def test_what_is_left_on_a_prepaid_account_is_told(simulated: Simulators) -> None:
    sim = simulated(balance=(149309.7985931, "USD"))
    assert balance_of(sim) == Balance(Decimal("149309.7985931"), "USD")


def test_an_account_that_is_overdrawn_says_so(simulated: Simulators) -> None:
    assert balance_of(simulated(balance=(-0.5, "SGD"))) == Balance(Decimal("-0.5"), "SGD")


def test_an_account_that_is_not_prepaid_has_no_balance(simulated: Simulators) -> None:
    assert balance_of(simulated(balance=None)) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(401, 1200, "no"), "8x8 does not accept the API key (HTTP 401, code 1200)"),
        (Answer(403), "the API key may not see this account (HTTP 403)"),
        (told({"balance": "NaN", "currency": "USD"}), "8x8's balance is no amount"),
        (told({"balance": None}), "8x8's answer is not the balance that was asked for"),
    ],
)
def test_a_balance_that_cannot_be_had_is_an_error(answer: Answer, said: str) -> None:
    with LogServer(states=[answer]) as server:
        account = Account(server.base_url, "simulator", "the-key")
        with pytest.raises(CallError) as raised:
            fetch_balance(account, "account", patience=HASTY)
    assert str(raised.value) == said

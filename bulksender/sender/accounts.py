"""What 8x8 says of an account: the prices of its messages, and what is left on it.

`GET /api/v1/accounts/{accountId}/prices` and `…/balance` of 8x8's OpenAPI document (Reporting API).
Both send nothing, so they are repeated like every call of `Api`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from bulksender.prices import Balance, Price
from bulksender.sender.api import Api, CallError, Patience
from bulksender.settings import Account

HASTE = Patience(attempts=4, within=30.0)
"""What a price is worth waiting for: somebody sits there who wants to know what a run costs."""
MOST_ASKED_ONE_BY_ONE = 5
"""For more countries than that the whole list is fetched at once."""
MOST = Decimal(1_000_000)
"""No part costs as much; a larger amount is no price."""

_NOT_PREPAID = "1201"
_UNKNOWN_COUNTRY = ("1009", "3018")


class _Amount(Struct):
    amount: Decimal
    currency: str


class _Operator(Struct):
    price: _Amount | None = None


class _Country(Struct, rename={"alpha2_code": "alpha2Code"}):
    alpha2_code: str
    operators: list[_Operator] | None = None


class _Outbound(Struct):
    countries: list[_Country] | None = None


class _SubAccount(Struct, rename="camel"):
    # An object in every example of 8x8's document, an array of them in its schema.
    sub_account_id: str = ""
    outbound: _Outbound | list[_Outbound] | None = None


class _PriceList(Struct, rename="camel"):
    sub_accounts: list[_SubAccount]


class _Balance(Struct):
    balance: Decimal
    currency: str


_price_lists = msgspec.json.Decoder(_PriceList)
_balances = msgspec.json.Decoder(_Balance)


def fetch_prices(
    account: Account,
    account_id: str,
    countries: Iterable[str],
    *,
    patience: Patience = HASTE,
) -> list[Price]:
    """What a part costs to these countries (alpha-2) by the account's price list, in their order.

    A country that the list lacks is left out. Raises CallError where 8x8 gives no list that can be
    used.
    """
    wanted = list(dict.fromkeys(countries))
    if not wanted:
        return []
    asked: Sequence[str | None] = wanted if len(wanted) <= MOST_ASKED_ONE_BY_ONE else [None]
    found: dict[str, list[_Amount]] = {}
    with Api(account, patience) as api:
        for country in asked:
            for each in _listed(api, account_id, country):
                amounts = [operator.price for operator in each.operators or () if operator.price]
                found.setdefault(each.alpha2_code.upper(), []).extend(amounts)
    return [_price(country, found[country]) for country in wanted if found.get(country)]


def fetch_balance(
    account: Account, account_id: str, *, patience: Patience = HASTE
) -> Balance | None:
    """What is left on the account; None where it is not prepaid. Raises CallError.

    8x8 answers HTTP 403, code 1201, for an account that is not prepaid.
    """
    try:
        with Api(account, patience) as api:
            answer = api.account_call(account_id, "balance")
    except CallError as error:
        if error.status == 403 and error.code == _NOT_PREPAID:
            return None
        raise
    found = _decoded(_balances, answer.content, "balance")
    if not found.balance.is_finite():
        raise CallError("8x8's balance is no amount")
    return Balance(found.balance, found.currency)


def _listed(api: Api, account_id: str, country: str | None) -> list[_Country]:
    """The countries of an answer for the sub-account; all of them, where none is asked for."""
    query = {"subAccountId": api.account.subaccount, "direction": "outbound"}
    if country is not None:
        query["country"] = country
    try:
        answer = api.account_call(account_id, "prices", query)
    except CallError as error:
        if country is not None and error.status == 400 and error.code in _UNKNOWN_COUNTRY:
            return []  # phonenumbers has countries that ISO 3166-1 lacks, and 8x8 perhaps as well
        raise
    entry = _ours(_decoded(_price_lists, answer.content, "price list"), api.account.subaccount)
    outbound = entry.outbound or ()
    parts = outbound if isinstance(outbound, Sequence) else [outbound]
    return [each for part in parts for each in part.countries or ()]


def _ours(prices: _PriceList, subaccount: str) -> _SubAccount:
    """What is said of a sub-account: under its name, else all that is said."""
    entries = prices.sub_accounts
    for entry in entries:
        if entry.sub_account_id.lower() == subaccount.lower():
            return entry
    return entries[0] if len(entries) == 1 else _SubAccount()


def _price(country: str, amounts: Sequence[_Amount]) -> Price:
    if not all(map(_can_be_a_price, amounts)):
        raise CallError(f"8x8's price list has what is no price, for {country}")
    currencies = {each.currency.upper() for each in amounts}
    if len(currencies) > 1:
        raise CallError(f"8x8's price list has several currencies for {country}")
    values = [each.amount for each in amounts]
    return Price(country, min(values), max(values), currencies.pop())


def _can_be_a_price(each: _Amount) -> bool:
    return bool(each.currency) and each.amount.is_finite() and 0 <= each.amount < MOST


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, what: str) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CallError(f"8x8's answer is not the {what} that was asked for") from error

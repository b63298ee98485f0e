"""The endpoints of the account: prices, balance, webhooks."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bulksender.simulator.answers import json_response
from bulksender.simulator.errors import ApiError, ErrorCode, bad_request
from bulksender.simulator.guard import Guard
from bulksender.simulator.prices import PriceCountry, PriceOperator
from bulksender.simulator.settings import Settings
from bulksender.simulator.wire import decode

_MASK = "***"


class OAuth(msgspec.Struct, rename="camel", omit_defaults=True):
    """How a webhook obtains its access token."""

    url: str
    client_id: str
    client_secret: str
    credentials_location: Literal["header", "body"]
    scope: str | None = None


class Webhook(msgspec.Struct, rename="camel", omit_defaults=True):
    """A webhook of the account. The simulator keeps it and never calls it."""

    sub_account_id: str
    url: str
    enabled: bool | None = None
    http_authorization: str | None = None
    oauth: OAuth | None = None


class WebhookTarget(msgspec.Struct, rename="camel"):
    """Which webhook to delete."""

    sub_account_id: str


class Accounts:
    """The endpoints under ``/api/v1/accounts/{accountId}``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = Guard(settings)
        self._webhooks: dict[str, Webhook] = {}

    async def get_prices(self, request: Request) -> Response:
        """``GET …/prices``.

        ``outbound`` is an object, as in every example of the OpenAPI document; its schema, alone,
        says an array. Inbound prices there are none.
        """
        self._guard.check_account(request)
        subaccount = request.query_params.get("subAccountId")
        if subaccount not in (None, self._settings.subaccount):
            return json_response({"subAccounts": []})
        direction = request.query_params.get("direction", "outbound")
        if direction not in ("outbound", "inbound"):
            raise bad_request(ErrorCode.INVALID_PARAMETER, "direction is outbound or inbound")
        countries = self._countries(request) if direction == "outbound" else []
        entry = {"subAccountId": self._settings.subaccount, direction: {"countries": countries}}
        return json_response({"subAccounts": [entry]})

    async def get_balance(self, request: Request) -> Response:
        """``GET …/balance``; 403, code 1201, when the account is not prepaid."""
        self._guard.check_account(request)
        if self._settings.balance is None:
            raise ApiError(403, ErrorCode.FORBIDDEN, "Account not in prepaid mode")
        balance, currency = self._settings.balance
        return json_response({"balance": balance, "currency": currency})

    async def get_webhooks(self, request: Request) -> Response:
        """``GET …/webhooks``, secrets masked."""
        self._guard.check_account(request)
        return json_response([_without_secrets(webhook) for webhook in self._webhooks.values()])

    async def post_webhooks(self, request: Request) -> Response:
        """``POST …/webhooks``: create or replace, one for each ``subAccountId``."""
        self._guard.check_account(request)
        body, content_type = await request.body(), request.headers.get("content-type")
        webhooks = decode(body, content_type, list[Webhook])
        for webhook in webhooks:
            self._check_scope(webhook.sub_account_id)
            if not _is_url(webhook.url):
                raise bad_request(ErrorCode.INVALID_CALLBACK_URL, "url is not an http(s) URL")
        self._webhooks.update((webhook.sub_account_id, webhook) for webhook in webhooks)
        return Response(status_code=200)

    async def delete_webhooks(self, request: Request) -> Response:
        """``DELETE …/webhooks``; ``*`` names the account-wide webhook, not all of them."""
        self._guard.check_account(request)
        body, content_type = await request.body(), request.headers.get("content-type")
        targets = decode(body, content_type, list[WebhookTarget])
        for target in targets:
            self._check_scope(target.sub_account_id)
        for target in targets:
            self._webhooks.pop(target.sub_account_id, None)
        return Response(status_code=200)

    def _check_scope(self, subaccount: str) -> None:
        if subaccount not in ("*", self._settings.subaccount):
            raise bad_request(
                ErrorCode.ILLEGAL_SUBACCOUNT,
                "Provided subAccountId doesn't belongs to your account",
            )

    def _countries(self, request: Request) -> list[PriceCountry]:
        """Return the part of the price list that the query asks for."""
        query = request.query_params
        alpha2_code, mcc, mnc = query.get("country"), query.get("mcc"), query.get("mnc")
        if alpha2_code is not None and not (len(alpha2_code) == 2 and alpha2_code.isalpha()):
            raise bad_request(ErrorCode.INVALID_COUNTRY, "country is of two letters")
        if (mcc is None) != (mnc is None):
            raise bad_request(ErrorCode.INVALID_PARAMETER, "mcc and mnc come in pairs")
        countries = [
            country
            for country in self._settings.prices
            if alpha2_code is None or country.alpha2_code == alpha2_code.upper()
        ]
        if mcc is None or mnc is None:
            return countries
        if not (mcc.isdecimal() and mnc.isdecimal()):
            raise bad_request(ErrorCode.INVALID_PARAMETER, "mcc and mnc are numbers")
        return _of_network(countries, int(mcc), int(mnc))


def _of_network(countries: list[PriceCountry], mcc: int, mnc: int) -> list[PriceCountry]:
    """Return countries with the operators of one network alone; without any, they are left out."""
    found = []
    for country in countries:
        operators = tuple(each for each in country.operators if _has_network(each, mcc, mnc))
        if operators:
            found.append(msgspec.structs.replace(country, operators=operators))
    return found


def _has_network(operator: PriceOperator, mcc: int, mnc: int) -> bool:
    # Compared as numbers, because that is what the query's parameters are: mnc=1 finds "01".
    return any(int(hni.mcc) == mcc and int(hni.mnc) == mnc for hni in operator.hni)


def _without_secrets(webhook: Webhook) -> Webhook:
    oauth = webhook.oauth
    return msgspec.structs.replace(
        webhook,
        enabled=webhook.enabled is not False,
        http_authorization=None if webhook.http_authorization is None else _MASK,
        oauth=None if oauth is None else msgspec.structs.replace(oauth, client_secret=_MASK),
    )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)

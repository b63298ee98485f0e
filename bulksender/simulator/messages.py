"""The endpoints for messages that were sent: details, cancellation, removal of personal data."""

from __future__ import annotations

import math
import threading
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bulksender.simulator.answers import json_response
from bulksender.simulator.errors import ApiError, ErrorCode, bad_request
from bulksender.simulator.guard import Guard
from bulksender.simulator.ids import is_id
from bulksender.simulator.prices import country_of, price_of
from bulksender.simulator.records import AcceptedMessage
from bulksender.simulator.settings import Settings
from bulksender.simulator.store import CANCELLED, Store
from bulksender.simulator.times import wire_time

MASKED_BODY: Final = "**MASKED**"
"""What stands for every text in details and log exports (the schema's default)."""

_DETAILS_INTERVAL: Final = timedelta(seconds=1)
"""One request for details a second and sub-account (the endpoint's description)."""


class DeliveryStatus(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A message's state, as details and receipts give it (MessageStatus)."""

    state: str
    timestamp: str
    detail: str | None = None
    error_code: int | None = None
    error_message: str | None = None


class TotalPrice(msgspec.Struct, rename="camel"):
    """What a message costs: for all parts, and for one."""

    total: float
    per_sms: float
    currency: str


class MessageDetails(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The answer of the details endpoint, numbers and text masked."""

    umid: str
    sub_account_id: str
    direction: str
    status: DeliveryStatus
    msisdn: str
    source: str
    body: str
    encoding: str
    created_at: str
    sms_count: int
    price: TotalPrice
    country: str | None = None
    client_message_id: str | None = None
    client_batch_id: str | None = None
    batch_id: str | None = None


def status_of(message: AcceptedMessage) -> DeliveryStatus:
    """Return a message's state in the form of the API.

    A cancelled message is ``failed``: the documented states have no word of its own for it, and
    this one's meaning, "will not be processed", is the nearest.
    """
    return DeliveryStatus(
        state="failed" if message.state == CANCELLED else message.state,
        timestamp=wire_time(message.state_at),
        detail=message.detail,
        error_code=message.error_code,
        error_message=message.error_message,
    )


def total_price(message: AcceptedMessage, settings: Settings) -> TotalPrice:
    """Return what a message costs by the simulator's price list."""
    price = price_of(country_of(message, settings.prices), settings.prices)
    return TotalPrice(round(price.amount * message.parts, 7), price.amount, price.currency)


def masked(destination: str) -> str:
    """Return a number as 8x8 shows it: ``+63922110xxxx``."""
    return f"+{destination.removeprefix('+')[:-4]}xxxx"


class Messages:
    """The endpoints under ``…/messages/{umid}`` and ``…/messages/batch/{batchId}``."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._guard = Guard(settings)
        self._lock = threading.Lock()
        self._last_details: datetime | None = None

    async def get_details(self, request: Request) -> Response:
        """``GET …/messages/{umid}``: at most once a second, by the simulator's clock."""
        self._guard.check_subaccount(request)
        self._check_rate()
        message = self._message(request)
        return json_response(
            MessageDetails(
                umid=message.umid,
                sub_account_id=self._settings.subaccount,
                direction="outbound",
                status=status_of(message),
                msisdn=masked(message.destination),
                source=message.source or "",
                body=MASKED_BODY,
                encoding=message.encoding,
                created_at=wire_time(message.created_at),
                sms_count=message.parts,
                price=total_price(message, self._settings),
                country=country_of(message, self._settings.prices),
                client_message_id=message.client_message_id,
                client_batch_id=message.client_batch_id,
                batch_id=message.batch_id,
            )
        )

    async def cancel_message(self, request: Request) -> Response:
        """``DELETE …/messages/{umid}``; a count of 0 when it is too late."""
        self._guard.check_subaccount(request)
        message = self._message(request)
        count = self._store.cancel([message.umid], self._settings.clock())
        return json_response({"cancelledCount": count})

    async def cancel_batch(self, request: Request) -> Response:
        """``DELETE …/messages/batch/{batchId}``.

        A batch that is not known has a count of 0: the OpenAPI document has no 404 here.
        """
        self._guard.check_subaccount(request)
        batch_id = request.path_params["batch"]
        if not is_id(batch_id):
            raise bad_request(ErrorCode.INVALID_PARAMETER, "Invalid batchId.")
        count = self._store.cancel(self._store.batch(batch_id), self._settings.clock())
        return json_response({"cancelledCount": count})

    async def delete_personal_data(self, request: Request) -> Response:
        """``DELETE …/messages/{umid}/pii``: forget the message's number and text."""
        self._guard.check_subaccount(request)
        message = self._message(request)
        self._store.change_message(message.umid, destination="", text="")
        return Response(status_code=202)

    def _message(self, request: Request) -> AcceptedMessage:
        umid = request.path_params["umid"]
        if not is_id(umid):
            raise bad_request(ErrorCode.INVALID_PARAMETER, "Invalid umid.")
        message = self._store.message(umid)
        if message is None:
            raise ApiError(404, ErrorCode.NOT_FOUND, "Message not found.")
        return message

    def _check_rate(self) -> None:
        now = self._settings.clock()
        with self._lock:
            last = self._last_details
            if last is not None and now - last < _DETAILS_INTERVAL:
                seconds = math.ceil((last + _DETAILS_INTERVAL - now).total_seconds())
                raise ApiError(
                    429,
                    ErrorCode.QUOTA_EXCEEDED,
                    f"Quota exceeded. Please try again in {seconds} second(s).",
                    {"Retry-After": str(seconds)},
                )
            self._last_details = now

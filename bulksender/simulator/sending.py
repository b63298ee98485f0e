"""The endpoints that send: a batch, and one message alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from bulksender.simulator import answers, checks, wire
from bulksender.simulator.errors import ApiError
from bulksender.simulator.faults import Fault, FaultKind, FaultPlan
from bulksender.simulator.guard import Guard
from bulksender.simulator.ids import new_id
from bulksender.simulator.parts import Counted, count
from bulksender.simulator.records import AcceptedMessage
from bulksender.simulator.settings import Settings
from bulksender.simulator.store import Store
from bulksender.simulator.times import parse_moment

Pause = Callable[[float], Awaitable[None]]

_NO_TEMPLATE = wire.SmsFields()


class Judge:
    """Decides on the messages of one request.

    Args:
        settings: the simulator's.
        now: when the request arrived.
        template: what messages leave out.
        batch_id: the batch's id; None for a message alone.
        client_batch_id: the batch's id as its sender gave it.
    """

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        template: wire.SmsFields = _NO_TEMPLATE,
        batch_id: str | None = None,
        client_batch_id: str | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._template = template
        self._batch_id = batch_id
        self._client_batch_id = client_batch_id
        self.accepted: list[AcceptedMessage] = []

    def judge(self, message: wire.SmsRequest, refusal: str | None = None) -> wire.SmsAnswer:
        """Return the answer for one message; when it is QUEUED, add it to ``accepted``.

        Args:
            message: the message, which keeps the rules of requests.
            refusal: the description with which to reject it in any case.
        """
        template = self._template
        destination = message.destination or ""
        text = template.text if message.text is None else message.text
        source = template.source if message.source is None else message.source
        expiry = _moment(message.expiry or template.expiry)
        refusal = refusal or checks.rejection(
            destination, source, text, expiry, self._now, self._settings.reject
        )
        counted = count(text or "", message.encoding or template.encoding or "AUTO")
        umid = new_id()
        if refusal is None:
            self.accepted.append(self._record(umid, message, source, expiry, counted))
        return wire.SmsAnswer(
            umid=umid,
            client_message_id=_or_unset(message.client_message_id),
            destination=destination,
            encoding=counted.encoding,
            status=_QUEUED if refusal is None else wire.SmsStatus("REJECTED", refusal),
        )

    def _record(
        self,
        umid: str,
        message: wire.SmsRequest,
        source: str | None,
        expiry: datetime | None,
        counted: Counted,
    ) -> AcceptedMessage:
        return AcceptedMessage(
            umid=umid,
            batch_id=self._batch_id,
            client_batch_id=self._client_batch_id,
            client_message_id=message.client_message_id,
            destination=message.destination or "",
            source=source,
            text=counted.text,
            encoding=counted.encoding,
            parts=counted.parts,
            scheduled=_moment(message.scheduled or self._template.scheduled),
            expiry=expiry,
            created_at=self._now,
            country=message.country,
            dlr_callback_url=message.dlr_callback_url or self._template.dlr_callback_url,
            state="queued",
            state_at=self._now,
        )


_QUEUED = wire.SmsStatus("QUEUED", wire.QUEUED)


def _moment(value: str | None) -> datetime | None:
    return None if value is None else parse_moment(value)


def _or_unset(value: str | None) -> str | UnsetType:
    return UNSET if value is None else value


class Sending:
    """The two endpoints.

    Args:
        settings: the simulator's.
        store: where POSTs and messages are recorded.
        faults: what goes wrong, and when.
        pause: how to sleep for some seconds.
    """

    def __init__(self, settings: Settings, store: Store, faults: FaultPlan, pause: Pause) -> None:
        self._settings = settings
        self._store = store
        self._faults = faults
        self._pause = pause
        self._guard = Guard(settings)

    async def post_batch(self, request: Request) -> Response:
        """``POST /api/v1/subaccounts/{subAccountId}/messages/batch``."""
        body = await request.body()
        number = self._store.add_post(
            self._settings.clock(), _headers_without_key(request), body, wire.client_batch_id(body)
        )
        fault = self._faults.take(number)
        try:
            response = self._batch_response(request, body, number, fault)
        except ApiError as error:
            response = error.response()
        slow = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW else 0.0
        await self._pause(self._settings.latency + slow)
        if not isinstance(response, answers.DroppedConnection):
            self._store.set_post_status(number, response.status_code)
        return response

    async def post_message(self, request: Request) -> Response:
        """``POST /api/v1/subaccounts/{subAccountId}/messages``."""
        self._guard.check_subaccount(request)
        body, content_type = await request.body(), request.headers.get("content-type")
        message = wire.decode(body, content_type, wire.SmsRequest)
        now = self._settings.clock()
        checks.check_message(message, now, "message")
        judge = Judge(self._settings, now)
        answer = judge.judge(message)
        for accepted in judge.accepted:
            self._store.accept_message(accepted)
        return answers.json_response(answer)

    def _batch_response(
        self, request: Request, body: bytes, number: int, fault: Fault | None
    ) -> Response:
        if fault is not None and (refusal := answers.refuse(fault)) is not None:
            return refusal
        self._guard.check_subaccount(request)
        batch = wire.decode(body, request.headers.get("content-type"), wire.BatchRequest)
        answer = self._accept(batch, number, partly=fault is not None and _is_partly(fault))
        return answers.json_response(answer) if fault is None else answers.distort(fault, answer)

    def _accept(self, batch: wire.BatchRequest, number: int, *, partly: bool) -> wire.BatchAnswer:
        now = self._settings.clock()
        messages = checks.check_batch(batch, now)
        batch_id = new_id()
        template = batch.template or _NO_TEMPLATE
        judge = Judge(self._settings, now, template, batch_id, batch.client_batch_id)
        judged = [
            judge.judge(message, checks.INTERNAL_ERROR if partly and index % 2 else None)
            for index, message in enumerate(messages)
        ]
        self._store.accept_batch(number, batch_id, judge.accepted)
        return wire.BatchAnswer(
            batch_id=batch_id,
            client_batch_id=_or_unset(batch.client_batch_id),
            accepted_count=len(judge.accepted),
            rejected_count=len(judged) - len(judge.accepted),
            messages=judged if batch.include_messages_in_response else None,
        )


def _is_partly(fault: Fault) -> bool:
    return fault.kind is FaultKind.PARTLY


def _headers_without_key(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name != "authorization"}

"""What a fault makes of the answer to a batch POST."""

from __future__ import annotations

from asyncio import Transport
from collections.abc import Callable
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bulksender.simulator.errors import JSON, ErrorCode, error_response
from bulksender.simulator.faults import ExportFaultKind, Fault, FaultKind
from bulksender.simulator.wire import BatchAnswer

REDIRECT_PATH: Final = "/redirected"
"""Where a REDIRECT fault points; requests to it are counted."""

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


class DroppedConnection(Response):
    """No answer: the connection is dropped."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Drop the connection of the request in ``scope``."""
        transport: Transport = scope["state"]["transport"]
        transport.abort()
        await _disconnected(receive)


class TruncatedResponse(Response):
    """Half of the body that the headers announce, then the connection is dropped."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and half of the body."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport: Transport = scope["state"]["transport"]
        transport.close()  # after what was written has left
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    """Wait until the server has noticed the lost connection, so that it sends no answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


def json_response(answer: object) -> Response:
    """Return an answer of 200 with a JSON body."""
    return Response(msgspec.json.encode(answer), media_type=JSON)


def refuse(fault: Fault) -> Response | None:
    """Return the answer of a fault that accepts nothing; None when the fault accepts."""
    make = _REFUSALS.get(fault.kind)
    return make(fault) if make is not None else None


def distort(fault: Fault, answer: BatchAnswer) -> Response:
    """Return the answer of a fault that accepts, given the right answer."""
    make = _DISTORTIONS.get(fault.kind)
    return make(answer) if make is not None else json_response(answer)


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:.15g}"}


def _error(
    status: int, code: ErrorCode, message: str, headers: dict[str, str] | None = None
) -> Callable[[Fault], Response]:
    return lambda fault: error_response(status, code, message, headers)


def _too_many(fault: Fault) -> Response:
    return error_response(429, ErrorCode.QUOTA_EXCEEDED, "Too many requests", _retry_after(fault))


def _unavailable(fault: Fault) -> Response:
    return Response(status_code=503, headers=_retry_after(fault))


def _redirect(fault: Fault) -> Response:
    return Response(status_code=307, headers={"Location": REDIRECT_PATH})


def _truncated(answer: BatchAnswer) -> Response:
    return TruncatedResponse(msgspec.json.encode(answer), media_type=JSON)


def _missing(answer: BatchAnswer) -> Response:
    if answer.messages is not None:
        answer.messages = [
            message for index, message in enumerate(answer.messages, start=1) if index % 3
        ]
    return json_response(answer)


def _shuffled(answer: BatchAnswer) -> Response:
    if answer.messages is not None:
        # By one, all the way round: not one message stays where it was.
        answer.messages = answer.messages[1:] + answer.messages[:1]
        for message in answer.messages[::2]:
            message.destination = message.destination.removeprefix("+")
    return json_response(answer)


def _counts_only(answer: BatchAnswer) -> Response:
    answer.messages = None
    return json_response(answer)


_INTERNAL = _error(500, ErrorCode.INTERNAL, "Internal server error")

_REFUSALS: Final[dict[FaultKind | ExportFaultKind, Callable[[Fault], Response]]] = {
    FaultKind.TOO_MANY: _too_many,
    FaultKind.INTERNAL: _INTERNAL,
    FaultKind.UNAVAILABLE: _unavailable,
    FaultKind.BAD_GATEWAY: lambda fault: Response(_HTML, 502, media_type="text/html"),
    FaultKind.UNAUTHORIZED: _error(
        401, ErrorCode.UNAUTHORIZED, "Request was not authenticated properly"
    ),
    FaultKind.FORBIDDEN: _error(403, ErrorCode.FORBIDDEN, "Forbidden"),
    FaultKind.BAD_REQUEST: _error(400, ErrorCode.INVALID_PARAMETER, "Invalid parameter"),
    FaultKind.NOT_FOUND: _error(404, ErrorCode.NOT_FOUND, "Not found"),
    FaultKind.GONE: _error(410, ErrorCode.API_VERSION, "This version of the API is gone"),
    FaultKind.UNPROCESSABLE: _error(422, ErrorCode.INVALID_PARAMETER, "Unprocessable request"),
    FaultKind.TLS: _error(
        426,
        ErrorCode.INSECURE_PROTOCOL,
        "TLS 1.3+ is required for Singapore-bound messages. Detected: TLSv1.2",
        {"Upgrade": "TLS/1.3"},
    ),
    FaultKind.REDIRECT: _redirect,
    FaultKind.CLOSE_BEFORE: lambda fault: DroppedConnection(),
}

_DISTORTIONS: Final[dict[FaultKind | ExportFaultKind, Callable[[BatchAnswer], Response]]] = {
    FaultKind.CLOSE_AFTER: lambda answer: DroppedConnection(),
    FaultKind.INTERNAL_AFTER: lambda answer: error_response(
        500, ErrorCode.INTERNAL, "Internal server error"
    ),
    FaultKind.TRUNCATED: _truncated,
    FaultKind.GARBAGE: lambda answer: Response(b"\x89\x00 not JSON \xff", media_type=JSON),
    FaultKind.MISSING: _missing,
    FaultKind.SHUFFLED: _shuffled,
    FaultKind.COUNTS_ONLY: _counts_only,
    FaultKind.WRONG_SHAPE: lambda answer: json_response(["accepted", answer.accepted_count]),
}

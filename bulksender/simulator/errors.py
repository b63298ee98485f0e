"""The errors of the 8x8 API, as they travel.

Every error is a JSON object ``{"code", "message", "errorId", "timestamp"}`` (the ErrorResponse
schema of 8x8's OpenAPI document). Messages never repeat a number or a text of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import TypedDict

import msgspec
from starlette.responses import Response

from bulksender.simulator.ids import new_id
from bulksender.simulator.times import wire_time

JSON = "application/json"


class ErrorCode(IntEnum):
    """8x8's error codes that the simulator uses (8x8 documentation, "API error codes")."""

    QUOTA_EXCEEDED = 429
    INVALID_PARAMETER = 1000
    ILLEGAL_SUBACCOUNT = 1001
    INVALID_ENCODING = 1003
    INVALID_EXPIRY = 1006
    OUT_OF_RANGE = 1010
    INVALID_SCHEDULE = 1011
    INSECURE_PROTOCOL = 1014
    UNAUTHORIZED = 1200
    FORBIDDEN = 1201
    NOT_FOUND = 1300
    INTERNAL = 2000
    API_VERSION = 2002
    MSISDN_MISSING = 3002
    CLIENT_MESSAGE_ID_TOO_LONG = 3009
    NO_MESSAGES = 3012
    TOO_MANY_MESSAGES = 3013
    CLIENT_BATCH_ID_TOO_LONG = 3014
    INVALID_COUNTRY = 3018
    INVALID_CALLBACK_URL = 3020
    INVALID_JOB = 4018


class ErrorBody(TypedDict):
    """The JSON object of an error."""

    code: int
    message: str
    errorId: str
    timestamp: str


class ApiError(Exception):
    """A request that is answered with an error.

    Args:
        status: the HTTP status, 400 or above.
        code: the ``code`` of the body.
        message: the ``message`` of the body; holds no personal data.
        headers: more headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self, status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the answer to send."""
        return error_response(self.status, self.code, self.message, self.headers)


def bad_request(code: ErrorCode, message: str) -> ApiError:
    """Return the error for a request that breaks a rule: HTTP 400."""
    return ApiError(400, code, message)


def error_response(
    status: int, code: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error answer in 8x8's shape, with a fresh ``errorId``."""
    body = ErrorBody(
        code=int(code),
        message=message,
        errorId=new_id(),
        timestamp=wire_time(datetime.now(UTC)),
    )
    return Response(msgspec.json.encode(body), status, dict(headers or {}), JSON)

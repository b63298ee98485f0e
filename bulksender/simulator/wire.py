"""The JSON of the 8x8 API, read and written (schemas of 8x8's OpenAPI document).

What a request leaves out and what it gives as null are the same: None. Fields the API does not
know are ignored.
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from bulksender.simulator.errors import ErrorCode, bad_request

T = TypeVar("T")

QUEUED: Final = "SMS is accepted and queued for processing"
"""The description of every QUEUED message (SmsResponse's example)."""


class SmsFields(msgspec.Struct, rename="camel", gc=False):
    """What a message and the template of its batch have in common (SmsTemplateFull)."""

    source: str | None = None
    text: str | None = None
    encoding: str | None = None
    scheduled: str | None = None
    expiry: str | None = None
    dlr_callback_url: str | None = None


class SmsRequest(SmsFields, rename="camel", gc=False):
    """One message (SmsRequest)."""

    destination: str | None = None
    country: str | None = None
    client_message_id: str | None = None
    client_ip: str | None = None
    track: str | None = None


class BatchRequest(msgspec.Struct, rename="camel"):
    """A batch (BatchSmsRequest)."""

    messages: list[SmsRequest] | None = None
    destinations: list[str] | None = None
    template: SmsFields | None = None
    client_batch_id: str | None = None
    include_messages_in_response: bool | None = None
    client_ip: str | None = None


class SmsStatus(msgspec.Struct, gc=False):
    """Whether a message was accepted (SmsStatus)."""

    code: Literal["QUEUED", "REJECTED"]
    description: str


class SmsAnswer(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """What became of one message (SmsResponse)."""

    umid: str
    client_message_id: str | UnsetType = UNSET
    destination: str
    encoding: str
    status: SmsStatus


class BatchAnswer(msgspec.Struct, rename="camel", kw_only=True):
    """What became of a batch (BatchSmsResponse)."""

    batch_id: str
    client_batch_id: str | UnsetType = UNSET
    accepted_count: int
    rejected_count: int
    messages: list[SmsAnswer] | None


class _OnlyBatchId(msgspec.Struct, rename="camel"):
    client_batch_id: str | None = None


_BATCH_ID = msgspec.json.Decoder(_OnlyBatchId)


def client_batch_id(body: bytes) -> str | None:
    """Return the ``clientBatchId`` of a batch's body; None where there is none to read."""
    try:
        return _BATCH_ID.decode(body).client_batch_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def decode(body: bytes, content_type: str | None, shape: type[T]) -> T:
    """Return a request's JSON as ``shape``.

    Raises:
        ApiError: 400, code 1000: it is not declared as JSON, is not JSON (a text with half a
            surrogate pair is not), or has another shape. The message names a path, never a value.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise bad_request(ErrorCode.INVALID_PARAMETER, "Content-Type must be application/json")
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise bad_request(ErrorCode.INVALID_PARAMETER, f"Invalid parameter: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_request(ErrorCode.INVALID_PARAMETER, "The body is not valid JSON") from None

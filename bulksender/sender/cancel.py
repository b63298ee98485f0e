"""Cancelling what is still scheduled at 8x8: a whole batch, or the look at a single message.

`DELETE …/messages/batch/{batchId}` and `GET …/messages/{umid}` of 8x8's OpenAPI document. Neither
sends anything, so both are repeated like every call of `Api`.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from bulksender.model import RowStatus
from bulksender.sender.api import Api, CallError

BETWEEN_LOOKS = 1.0
"""Seconds: 8x8 answers one request a second for a message's details."""


class _Cancelled(Struct, rename="camel"):
    cancelled_count: int


class _Status(Struct):
    state: str


class _Details(Struct):
    status: _Status


_counts = msgspec.json.Decoder(_Cancelled)
_details = msgspec.json.Decoder(_Details)
_STATES = {
    "queued": RowStatus.QUEUED,
    "failed": RowStatus.CANCELLED,  # will not be processed
    "cancelled": RowStatus.CANCELLED,
    "rejected": RowStatus.REJECTED,
    "sent": RowStatus.SENT,
    "delivered": RowStatus.DELIVERED,
    "undelivered": RowStatus.UNDELIVERED,
    "read": RowStatus.READ,
}


def cancel_batch(api: Api, batch_id: str) -> int:
    """Cancel what is still scheduled of a batch; how many messages that were. Raises CallError."""
    answer = api.call("DELETE", f"batch/{batch_id}")
    try:
        return _counts.decode(answer.content).cancelled_count
    except msgspec.DecodeError as error:
        raise CallError("8x8's answer does not say how many messages it has cancelled") from error


def state_of(api: Api, umid: str) -> RowStatus | None:
    """A message's state now; None where 8x8 says one that is not known here. Raises CallError."""
    api.sleep(BETWEEN_LOOKS)
    answer = api.call("GET", umid)
    try:
        return _STATES.get(_details.decode(answer.content).status.state.lower())
    except msgspec.DecodeError as error:
        raise CallError("8x8's answer does not say what state the message is in") from error

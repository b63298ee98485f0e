"""What the simulator remembers: the batch POSTs it got and the messages it accepted."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bulksender.simulator.parts import Encoding


class PostRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One batch POST, whatever its answer.

    Attributes:
        number: 1 for the first that arrived.
        received_at: when its last byte arrived; aware, UTC.
        headers: names in lower case, without ``authorization``.
        body: the raw bytes.
        client_batch_id: the body's ``clientBatchId``, where it could be read.
        accepted: whether its messages were accepted (those that are not REJECTED, that is).
        status: the HTTP status answered; None when the connection was dropped without one, and
            while the answer is still to come.
    """

    number: int
    received_at: datetime
    headers: dict[str, str]
    body: bytes
    client_batch_id: str | None
    accepted: bool = False
    status: int | None = None


class AcceptedMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message that was answered with QUEUED.

    Times are aware, in UTC. ``gc=False``: it holds no containers, and a run of a million messages
    must not slow the collector of the program that shares this interpreter.

    Attributes:
        umid: 8x8's id of the message, a UUID.
        batch_id: 8x8's id of its batch; None for a message sent alone.
        destination: as the request gave it; empty once its personal data were removed.
        source: the sender id; None when neither message nor template named one.
        text: what goes out: the template's text where the message had none, characters outside
            GSM7 replaced when GSM7 was demanded, cut off after ten parts.
        encoding: the alphabet it goes out in.
        parts: SMS parts, 1 to 10.
        country: ISO 3166-1 alpha-2, as the request gave it; None when it did not.
        state: queued, sent, delivered, undelivered, read, rejected or cancelled.
        detail: the receipt's ``status.detail``.
        state_at: when it entered the state.
        error_code: an error code of the delivery receipts, 0 to 61.
    """

    umid: str
    batch_id: str | None
    client_batch_id: str | None
    client_message_id: str | None
    destination: str
    source: str | None
    text: str
    encoding: Encoding
    parts: int
    scheduled: datetime | None
    expiry: datetime | None
    created_at: datetime
    country: str | None
    dlr_callback_url: str | None
    state: str
    state_at: datetime
    detail: str | None = None
    error_code: int | None = None
    error_message: str | None = None

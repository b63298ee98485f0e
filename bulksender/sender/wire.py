"""What goes over the wire: the batch request, and the answer matched to its messages.

Shapes and limits are those of 8x8's OpenAPI document, operation Send-Many-Sms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

import msgspec
from msgspec import Struct

from bulksender.model import Batch, Message, Outcome, RowStatus
from bulksender.regions import Regions
from bulksender.settings import Job

MAX_CLIENT_MESSAGE_ID = 350


class _Template(Struct, rename="camel", omit_defaults=True):
    """The defaults of every message in the batch."""

    source: str | None = None
    text: str | None = None
    encoding: str | None = None
    scheduled: str | None = None
    expiry: str | None = None


class _Message(Struct, rename="camel", omit_defaults=True, gc=False):
    destination: str
    client_message_id: str
    text: str | None = None
    source: str | None = None


class _Request(Struct, rename="camel"):
    client_batch_id: str
    template: _Template
    messages: list[_Message]
    include_messages_in_response: bool = True


class _Status(Struct, gc=False):
    code: str
    description: str = ""


class _Answered(Struct, rename="camel", gc=False):
    client_message_id: str | None = None
    umid: str | None = None
    destination: str | None = None
    status: _Status | None = None


class _Answer(Struct, rename="camel"):
    batch_id: str
    messages: list[_Answered] | None = None


class _Error(Struct, rename="camel"):
    code: int | None = None
    message: str | None = None
    error_id: str | None = None


class Settled(Struct, frozen=True):
    """A batch's answer, and 8x8's id of the batch.

    `accepted` are the umids of the messages that are QUEUED, by row: nearly all, most often.
    """

    batch_id: str
    accepted: dict[int, str]
    others: list[Outcome]

    @property
    def lost(self) -> bool:
        """Whether nothing is known of any message."""
        return self.counts().keys() == {RowStatus.UNKNOWN}

    def counts(self) -> dict[RowStatus, int]:
        """Status → messages, for the states that occur."""
        counts = {RowStatus.QUEUED: len(self.accepted)} if self.accepted else {}
        for outcome in self.others:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
        return counts


class UnreadableError(Exception):
    """The body of a 200 is not the answer that it should be."""


_QUEUED = RowStatus.QUEUED
_OWN_ID = re.compile(r"([0-9a-z]{10})-(\d{1,9})(?:\.(\d{1,9}))?(?:-.*)?", re.DOTALL)
_regions = Regions()
_encoder = msgspec.json.Encoder()
_answers = msgspec.json.Decoder(_Answer)
_errors = msgspec.json.Decoder(_Error)


def client_message_id(run: str, message: Message) -> str:
    """Unique to run, row and attempt: `RUN-ROW`, with `.2` for a second attempt.

    The user's own id stands behind it where there is one.
    """
    again = f".{message.attempt}" if message.attempt > 1 else ""
    own = f"-{message.reference}" if message.reference else ""
    return f"{run}-{message.row}{again}{own}"[:MAX_CLIENT_MESSAGE_ID]


def _client_message_ids(batch: Batch) -> list[str]:
    """Those of all its messages; most have neither an id of the user's nor an earlier attempt."""
    run = batch.run
    return [
        f"{run}-{message.row}"
        if message.attempt == 1 and not message.reference
        else client_message_id(run, message)
        for message in batch.messages
    ]


def parse_client_message_id(text: str) -> tuple[str, int, int] | None:
    """(run, row, attempt) of a clientMessageId that `client_message_id` has made, else None."""
    found = _OWN_ID.fullmatch(text)
    return None if found is None else (found[1], int(found[2]), int(found[3] or 1))


def parse_client_batch_id(run: str, text: str) -> int | None:
    """The number in a run's clientBatchId; None where it is blank, 0 where it is another's."""
    found = re.fullmatch(rf"{run}-(\d{{1,9}})", text)
    return int(found[1]) if found else None if not text else 0


def encode(batch: Batch, job: Job) -> bytes:
    """The JSON body of a batch POST; a text that all its messages share travels once."""
    shared = batch.shared_text
    messages = [
        _Message(message.destination, own, None if shared is not None else message.text)
        for message, own in zip(batch.messages, _client_message_ids(batch), strict=True)
    ]
    if job.sources:
        for message in messages:
            message.source = job.sources.get(_regions.of(message.destination))
    scheduled = batch.due or job.scheduled
    template = _Template(job.source, shared, job.encoding, scheduled, job.expiry)
    return _encoder.encode(_Request(batch.client_batch_id, template, messages))


def match(batch: Batch, body: bytes) -> Settled:
    """Match an answer to its batch by clientMessageId, whatever the order.

    A message that the answer leaves out, or says something else about than QUEUED or REJECTED, is
    UNKNOWN. Raises UnreadableError where the body is not such an answer at all.
    """
    try:
        answer = _answers.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from error
    messages: list[_Answered | None] = [*(answer.messages or ())]
    wanted = _client_message_ids(batch)
    if [found and found.client_message_id for found in messages] != wanted:
        messages = _in_order(messages, wanted)
    accepted: dict[int, str] = {}
    others: list[Outcome] = []
    for message, found in zip(batch.messages, messages, strict=True):
        if _queued(found) and found.umid and found.destination == message.destination[1:]:
            accepted[message.row] = found.umid
        else:
            others.append(_outcome(message, found))
    return Settled(answer.batch_id, accepted, others)


def _in_order(
    messages: Iterable[_Answered | None], wanted: Iterable[str]
) -> list[_Answered | None]:
    """What is said of each message, by its clientMessageId; of several, what says QUEUED."""
    answered: dict[str, _Answered] = {}
    for found in messages:
        own = None if found is None else found.client_message_id
        if found is not None and own is not None and not _queued(answered.get(own)):
            answered[own] = found
    return [answered.get(own) for own in wanted]


def _outcome(message: Message, found: _Answered | None) -> Outcome:
    if found is None or found.status is None:
        return _unknown(message, "8x8's answer leaves this message out")
    if found.destination and found.destination.lstrip("+") != message.destination[1:]:
        return _unknown(message, "8x8's answer names another number for this message")
    if found.status.code == "REJECTED":
        detail = found.status.description or "8x8 gave no reason"
        return Outcome(message.row, RowStatus.REJECTED, found.umid or "", detail)
    if found.umid and _queued(found):
        return Outcome(message.row, _QUEUED, found.umid)
    return _unknown(message, "8x8's answer says neither QUEUED with a umid nor REJECTED")


def _queued(found: _Answered | None) -> TypeGuard[_Answered]:
    return found is not None and found.status is not None and found.status.code == "QUEUED"


def _unknown(message: Message, detail: str) -> Outcome:
    return Outcome(message.row, RowStatus.UNKNOWN, detail=detail)


def error_of(body: bytes) -> tuple[str, str, str]:
    """(message, code, errorId) of an error's body; empty strings where a gateway answered."""
    try:
        error = _errors.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", "", ""
    code = "" if error.code is None else str(error.code)
    return error.message or "", code, error.error_id or ""

"""The rules a request is held to, and those that one message is held to.

A broken rule of the first sort refuses the whole request with HTTP 400; one of the second sort
refuses the message alone, inside an answer of 200. The limits are those of 8x8's OpenAPI document
unless a comment names another source.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from bulksender.simulator.errors import ApiError, ErrorCode, bad_request
from bulksender.simulator.times import parse_moment
from bulksender.simulator.wire import BatchRequest, SmsFields, SmsRequest

MAX_MESSAGES: Final = 10_000
MAX_CLIENT_BATCH_ID: Final = 20
MAX_CLIENT_MESSAGE_ID: Final = 350
MAX_SOURCE: Final = 16
FURTHEST_SCHEDULE: Final = timedelta(days=7)

INVALID_MSISDN: Final = "Invalid MSISDN format (not E.164 international number)"
TEXT_MISSING: Final = "Message text is missing"
SOURCE_TOO_LONG: Final = "Source is over the limit"
SOURCE_INVALID: Final = "Invalid source"
EXPIRY_REACHED: Final = "Expiry time is already reached"
INTERNAL_ERROR: Final = "Internal server error"

_MSISDN = re.compile(r"\+?[1-9][0-9]{6,14}")
# 8x8's guide to sender ids: letters, digits and spaces up to 11, or a number up to the 16
# characters that the OpenAPI document allows.
_SOURCE = re.compile(r"\+[0-9]{1,15}|[0-9]{1,16}|[A-Za-z0-9 ]{1,11}")
_SOURCE_TOO_LONG = re.compile(r"\+?[0-9]+|[A-Za-z0-9 ]{12,}")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_ENCODINGS = frozenset({None, "AUTO", "GSM7", "UCS2"})
_TRACKS = frozenset({None, "None", "Outcome"})


def check_batch(batch: BatchRequest, now: datetime) -> list[SmsRequest]:
    """Return the messages of a batch that breaks no rule of requests.

    ``messages`` goes before ``destinations``, which is discarded when both are given.

    Raises:
        ApiError: 400, with the code of the broken rule.
    """
    if batch.client_batch_id is not None and len(batch.client_batch_id) > MAX_CLIENT_BATCH_ID:
        raise bad_request(
            ErrorCode.CLIENT_BATCH_ID_TOO_LONG,
            f"clientBatchId is longer than {MAX_CLIENT_BATCH_ID} characters",
        )
    messages = batch.messages
    if messages is None:
        messages = [SmsRequest(destination=number) for number in batch.destinations or ()]
    if not messages:
        raise bad_request(ErrorCode.NO_MESSAGES, "There are no messages in the batch")
    if len(messages) > MAX_MESSAGES:
        raise bad_request(
            ErrorCode.TOO_MANY_MESSAGES, f"There are more than {MAX_MESSAGES} messages in the batch"
        )
    if batch.template is not None:
        _check_fields(batch.template, now, "template")
    for index, message in enumerate(messages):
        check_message(message, now, f"messages[{index}]")
    return messages


def check_message(message: SmsRequest, now: datetime, where: str) -> None:
    """Check that one message breaks no rule of requests.

    Args:
        message: the message.
        now: the present time; aware.
        where: its place in the request, for the error's message.

    Raises:
        ApiError: 400, with the code of the broken rule.
    """
    if message.destination is None:
        raise bad_request(ErrorCode.MSISDN_MISSING, f"{where}: destination is missing")
    identifier = message.client_message_id
    if identifier is not None and len(identifier) > MAX_CLIENT_MESSAGE_ID:
        raise bad_request(
            ErrorCode.CLIENT_MESSAGE_ID_TOO_LONG,
            f"{where}: clientMessageId is longer than {MAX_CLIENT_MESSAGE_ID} characters",
        )
    if message.country is not None and not _COUNTRY.fullmatch(message.country):
        raise bad_request(ErrorCode.INVALID_COUNTRY, f"{where}: country is not two letters")
    if message.track not in _TRACKS:
        raise bad_request(ErrorCode.INVALID_PARAMETER, f"{where}: track is None or Outcome")
    _check_fields(message, now, where)


def _check_fields(fields: SmsFields, now: datetime, where: str) -> None:
    if fields.encoding not in _ENCODINGS:
        raise bad_request(ErrorCode.INVALID_ENCODING, f"{where}: unknown encoding")
    if fields.scheduled is not None:
        scheduled = _moment(fields.scheduled, ErrorCode.INVALID_SCHEDULE, f"{where}: scheduled")
        if scheduled - now > FURTHEST_SCHEDULE:
            raise bad_request(
                ErrorCode.INVALID_SCHEDULE, f"{where}: scheduled is more than 7 days ahead"
            )
    if fields.expiry is not None:
        _moment(fields.expiry, ErrorCode.INVALID_EXPIRY, f"{where}: expiry")
    if fields.dlr_callback_url is not None and not is_loopback_url(fields.dlr_callback_url):
        raise bad_request(
            ErrorCode.INVALID_CALLBACK_URL,
            f"{where}: dlrCallbackUrl is not an http(s) URL of this machine, the only one that "
            "the simulator calls",
        )


def _moment(value: str, code: ErrorCode, what: str) -> datetime:
    try:
        return parse_moment(value)
    except ValueError as error:
        raise ApiError(400, code, f"{what}: {error}") from None


@lru_cache(maxsize=1024)
def is_loopback_url(url: str) -> bool:
    """Return whether a URL leads, by HTTP or HTTPS, to this machine.

    The real API calls any host. The simulator must not: it is fed with real sheets, and a rehearsal
    that reports to a live system, or leaks numbers over the network, would be no rehearsal.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def rejection(
    destination: str,
    source: str | None,
    text: str | None,
    expiry: datetime | None,
    now: datetime,
    reject: Mapping[str, str],
) -> str | None:
    """Return the description with which one message is REJECTED; None when it is accepted.

    Args:
        destination: the number as the request gave it.
        source: the sender id that applies; None when there is none.
        text: the text that applies; None when there is none.
        expiry: the expiry that applies; None when there is none.
        now: the present time.
        reject: what to reject: number, without ``+``, to description.
    """
    if not _MSISDN.fullmatch(destination):
        return INVALID_MSISDN
    if not text:
        return TEXT_MISSING
    if source is not None and not _SOURCE.fullmatch(source):
        too_long = len(source) > MAX_SOURCE or _SOURCE_TOO_LONG.fullmatch(source)
        return SOURCE_TOO_LONG if too_long else SOURCE_INVALID
    if expiry is not None and expiry <= now:
        return EXPIRY_REACHED
    return reject.get(destination.removeprefix("+"))

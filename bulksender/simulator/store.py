"""The simulator's memory, shared by its server's thread and its user's. Thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from bulksender.simulator.records import AcceptedMessage, PostRecord

CANCELLED: Final = "cancelled"
"""The state of a message that was cancelled while it was scheduled."""

LAST_CANCEL: Final = timedelta(minutes=3)
"""How long before its send time a message can last be cancelled (8x8 Connect's own page)."""


class Store:
    """Batch POSTs and accepted messages. The records are immutable: a change replaces one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._posts: list[PostRecord] = []
        self._messages: dict[str, AcceptedMessage] = {}
        self._batches: dict[str, list[str]] = {}
        self._download_headers: list[dict[str, str]] = []
        self._redirect_hits = 0

    def add_post(
        self,
        received_at: datetime,
        headers: dict[str, str],
        body: bytes,
        client_batch_id: str | None,
    ) -> int:
        """Record a batch POST and return its number, from 1."""
        with self._lock:
            number = len(self._posts) + 1
            self._posts.append(
                PostRecord(
                    number=number,
                    received_at=received_at,
                    headers=headers,
                    body=body,
                    client_batch_id=client_batch_id,
                )
            )
            return number

    def set_post_status(self, number: int, status: int) -> None:
        """Record the HTTP status with which a batch POST is answered."""
        with self._lock:
            record = self._posts[number - 1]
            self._posts[number - 1] = msgspec.structs.replace(record, status=status)

    def accept_batch(self, number: int, batch_id: str, messages: Sequence[AcceptedMessage]) -> None:
        """Record the messages of a batch, and that its POST was accepted, all at once."""
        with self._lock:
            record = self._posts[number - 1]
            self._posts[number - 1] = msgspec.structs.replace(record, accepted=True)
            self._batches[batch_id] = [message.umid for message in messages]
            self._messages.update((message.umid, message) for message in messages)

    def accept_message(self, message: AcceptedMessage) -> None:
        """Record a message that was sent alone."""
        with self._lock:
            self._messages[message.umid] = message

    def posts(self) -> list[PostRecord]:
        """Return the batch POSTs so far, in order of arrival."""
        with self._lock:
            return list(self._posts)

    def messages(self) -> list[AcceptedMessage]:
        """Return the accepted messages so far, in order of acceptance."""
        with self._lock:
            return list(self._messages.values())

    def message(self, umid: str) -> AcceptedMessage | None:
        """Return one message; None when there is none of that id."""
        with self._lock:
            return self._messages.get(umid)

    def batch(self, batch_id: str) -> list[str]:
        """Return the ids of a batch's messages; empty when there is no such batch."""
        with self._lock:
            return list(self._batches.get(batch_id, ()))

    def change_message(self, umid: str, **changes: Any) -> AcceptedMessage:
        """Give fields of one message other values, and return it as it now is.

        Raises:
            KeyError: there is no message of that id.
        """
        with self._lock:
            changed = msgspec.structs.replace(self._messages[umid], **changes)
            self._messages[umid] = changed
            return changed

    def cancel(self, umids: Iterable[str], now: datetime) -> int:
        """Cancel those messages that are still scheduled, and return how many."""
        cancelled = 0
        with self._lock:
            for umid in umids:
                message = self._messages[umid]
                still_scheduled = (
                    message.state == "queued"
                    and message.scheduled is not None
                    and message.scheduled - now >= LAST_CANCEL
                )
                if still_scheduled:
                    self._messages[umid] = msgspec.structs.replace(
                        message, state=CANCELLED, state_at=now
                    )
                    cancelled += 1
        return cancelled

    def add_download(self, headers: dict[str, str]) -> None:
        """Record the headers with which an export was downloaded."""
        with self._lock:
            self._download_headers.append(headers)

    def download_headers(self) -> list[dict[str, str]]:
        """Return the headers of all downloads so far; names in lower case, values as sent."""
        with self._lock:
            return list(self._download_headers)

    def add_redirect_hit(self) -> None:
        """Record that somebody followed a REDIRECT fault."""
        with self._lock:
            self._redirect_hits += 1

    def redirect_hits(self) -> int:
        """Return how many requests followed a REDIRECT fault."""
        with self._lock:
            return self._redirect_hits

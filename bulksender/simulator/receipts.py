"""Delivery receipts: 8x8 calls the web server of its user."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Sequence
from typing import Final

import msgspec
import requests

from bulksender.simulator.messages import DeliveryStatus, TotalPrice, status_of, total_price
from bulksender.simulator.records import AcceptedMessage
from bulksender.simulator.settings import Settings

DETAILS: Final = {
    "queued": None,
    "rejected": None,
    "sent": None,
    "delivered": "delivered_to_recipient",
    "undelivered": "undelivered_to_recipient",
    "read": None,
}
"""The states of receipts, and the ``detail`` each has when none is given."""

_TIMEOUT: Final = 5.0
_STOP_SECONDS: Final = 0.3


class ReceiptPayload(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What a receipt says."""

    umid: str
    batch_id: str | None = None
    client_message_id: str | None = None
    client_batch_id: str | None = None
    sub_account_id: str
    source: str | None = None
    destination: str
    status: DeliveryStatus
    price: TotalPrice
    sms_count: int


class Receipt(msgspec.Struct, rename="camel", kw_only=True):
    """The envelope of a receipt."""

    namespace: str = "SMS"
    event_type: str = "outbound_message_status_changed"
    description: str = "Outbound message status was changed"
    payload: ReceiptPayload


def receipt_of(message: AcceptedMessage, settings: Settings) -> Receipt:
    """Return the receipt for a message's present state."""
    return Receipt(
        payload=ReceiptPayload(
            umid=message.umid,
            batch_id=message.batch_id,
            client_message_id=message.client_message_id,
            client_batch_id=message.client_batch_id,
            sub_account_id=settings.subaccount,
            source=message.source,
            destination=message.destination,
            status=status_of(message),
            price=total_price(message, settings),
            sms_count=message.parts,
        )
    )


class _Attempt(msgspec.Struct, frozen=True):
    url: str
    body: bytes
    repetitions: int = 0


class Courier:
    """Brings receipts, in a thread that lives from ``start`` to ``stop``.

    Args:
        retries: seconds to wait before each repetition of a receipt that was answered with 4xx or
            5xx, or that found no server; after the last it is lost.
    """

    def __init__(self, retries: Sequence[float]) -> None:
        self._retries = tuple(retries)
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Attempt]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to bring receipts."""
        thread = threading.Thread(target=self._run, name="8x8 receipts", daemon=True)
        with self._changed:
            self._thread = thread
        thread.start()

    def stop(self) -> None:
        """End, and forget what is not brought yet. Without effect when not started."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._due.clear()
            self._changed.notify()
        if thread is not None:
            thread.join(_STOP_SECONDS)

    def bring(self, url: str, receipt: Receipt) -> None:
        """Bring a receipt to a URL of this machine as soon as may be; not when stopped."""
        self._plan(0.0, _Attempt(url, msgspec.json.encode(receipt)))

    def _plan(self, delay: float, attempt: _Attempt) -> None:
        with self._changed:
            if self._thread is not None:
                due = time.monotonic() + delay
                heapq.heappush(self._due, (due, next(self._order), attempt))
                self._changed.notify()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # no proxy: the receiver is on this machine
            while (attempt := self._next()) is not None:
                if self._bring(session, attempt) or attempt.repetitions >= len(self._retries):
                    continue
                again = msgspec.structs.replace(attempt, repetitions=attempt.repetitions + 1)
                self._plan(self._retries[attempt.repetitions], again)

    def _next(self) -> _Attempt | None:
        """Wait for the next attempt that is due; None when it is time to end."""
        with self._changed:
            while self._thread is threading.current_thread():
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    @staticmethod
    def _bring(session: requests.Session, attempt: _Attempt) -> bool:
        """Return whether the receiver took it."""
        try:
            with session.post(
                attempt.url,
                data=attempt.body,
                headers={"Content-Type": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                return response.status_code < 400
        except requests.RequestException:
            return False

"""One batch over HTTP: what came back, and whether that is certain.

The provider has no idempotency key, so the question after every POST is whether the batch may have
been accepted. The classes of `Reply` are the six answers to it; nothing but `Busy` is repeated.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import requests
import tenacity
from msgspec import Struct
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)

from bulksender.ledger import Attempt, iso
from bulksender.sender.session import RUN_REFUSED, TIMEOUTS, causes, new_session, retry_after
from bulksender.sender.wire import error_of
from bulksender.settings import Account

# Not ProxyError: urllib3 raises it, too, when a connection through a proxy closes after the POST.
_NEVER_SENT = (NewConnectionError, NameResolutionError, ConnectTimeoutError)
_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    LocationParseError,
)
_BATCH_REFUSED = frozenset({400, 422})
_ABOUT_THE_ACCOUNT = frozenset({"1001", "1200", "1201"})  # 8x8's codes: sub-account, key, rights


class Answered(Struct, frozen=True):
    """HTTP 200: the answer itself decides, message by message."""

    body: bytes


class Declined(Struct, frozen=True):
    """The batch was certainly not accepted, for something about its messages."""

    reason: str


class Halted(Struct, frozen=True):
    """The batch was certainly not accepted, and no other will be until something is mended."""

    reason: str


class Busy(Struct, frozen=True):
    """The batch was certainly not accepted, this time; it may be repeated."""

    reason: str
    retry_after: float | None = None  # seconds


class Late(Struct, frozen=True):
    """The batch was certainly not accepted, and must not go any more: its time has come."""

    reason: str


class Lost(Struct, frozen=True):
    """The batch may have been accepted; it must not be repeated before that is settled."""

    reason: str


Reply = Answered | Declined | Halted | Busy | Late | Lost


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How long a batch that is certainly not accepted is tried again. Times in seconds."""

    attempts: int = 7
    within: float = 300.0
    first_wait: float = 0.5
    longest_wait: float = 30.0


class Client:
    """A pooled HTTP session to one sub-account of 8x8's SMS API; any thread may use it.

    `stop`, once set, ends waiting for another try. The API key goes into the Authorization header
    of requests to `account.base_url` and nowhere else; redirects are not followed.
    """

    def __init__(
        self,
        account: Account,
        *,
        connections: int = 4,
        policy: RetryPolicy | None = None,
        stop: threading.Event | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self._url = f"{account.base_url}/api/v1/subaccounts/{account.subaccount}/messages/batch"
        self._policy = policy or RetryPolicy()
        self._stop = stop or threading.Event()
        self._clock = clock
        self._session = new_session(account.base_url, account.api_key, connections)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def send(
        self, body: bytes, in_time: Callable[[], bool] = lambda: True
    ) -> tuple[Reply, list[Attempt]]:
        """POST a batch, again while it is certainly not accepted and the policy allows it.

        Returns the last reply and every attempt made; none is made that is not `in_time`. Raises
        nothing: what cannot be told from an accepted batch is Lost.
        """
        attempts: list[Attempt] = []
        policy = self._policy
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda reply: isinstance(reply, Busy)),
            wait=_Wait(policy),
            stop=tenacity.stop_after_attempt(policy.attempts)
            | tenacity.stop_before_delay(policy.within)
            | tenacity.stop_when_event_set(self._stop),
            sleep=tenacity.sleep_using_event(self._stop),
            retry_error_callback=_last_reply,
        )
        reply: Reply = retrying(self._once, body, attempts, in_time)
        return reply, attempts

    def _once(self, body: bytes, attempts: list[Attempt], in_time: Callable[[], bool]) -> Reply:
        if attempts and self._stop.is_set():  # told to stop while it waited for this try
            return Busy("stopped while waiting to try again")
        if not in_time():
            return Late("its time came while it waited to be sent")
        started = self._now()
        try:
            response = self._session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except Exception as error:
            attempts.append(Attempt(started, self._now(), error=type(error).__name__))
            return _failed(error)
        message, code, error_id = ("", "", "") if response.ok else error_of(response.content)
        attempts.append(Attempt(started, self._now(), response.status_code, code, error_id))
        return _reply(response, message, code)

    def _now(self) -> str:
        return iso(self._clock())


class _Wait(tenacity.wait.wait_base):
    """`Retry-After` where 8x8 gives one, else exponential; both with jitter."""

    def __init__(self, policy: RetryPolicy):
        self._backoff = tenacity.wait_exponential(
            multiplier=policy.first_wait, max=policy.longest_wait
        ) + tenacity.wait_random(0, policy.first_wait)
        self._jitter = tenacity.wait_random(0, policy.first_wait / 2)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        reply = _last_reply(retry_state)
        if isinstance(reply, Busy) and reply.retry_after is not None:
            return reply.retry_after + self._jitter(retry_state)
        return self._backoff(retry_state)


def _last_reply(retry_state: tenacity.RetryCallState) -> Reply:
    assert retry_state.outcome is not None  # tenacity calls this after an attempt only
    reply: Reply = retry_state.outcome.result()
    return reply


def _reply(response: requests.Response, message: str, code: str) -> Reply:
    """api.md's table of certain outcomes; whatever is not in it is uncertain."""
    status = response.status_code
    said = f"HTTP {status}" + (f", code {code}" if code else "")
    if status == 200:
        return Answered(response.content)
    if status in _BATCH_REFUSED:
        if code in _ABOUT_THE_ACCOUNT:
            return Halted(f"{message or '8x8 does not know this sub-account'} ({said})")
        return Declined(f"8x8 refused the batch: {message or 'no reason given'} ({said})")
    if status in RUN_REFUSED:
        return Halted(f"{RUN_REFUSED[status]} ({said})")
    if status == 429:
        return Busy(f"8x8 asks to wait ({said})", retry_after(response))
    return Lost(f"8x8 answered {said}; the batch may have been accepted")


def _failed(error: Exception) -> Reply:
    """What an exception says: never sent, or perhaps accepted."""
    name = type(error).__name__
    found = list(causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in found):
        return Halted("8x8's certificate cannot be verified on this machine")
    if any(isinstance(cause, _NO_ADDRESS) for cause in found):
        return Halted(f"the base URL cannot be sent to ({name})")
    if any(isinstance(cause, _NEVER_SENT) for cause in found):
        return Busy(f"8x8 cannot be reached ({name})")
    return Lost(f"no answer from 8x8 ({name}); the batch may have been accepted")

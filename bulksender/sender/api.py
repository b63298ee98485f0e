"""8x8's API but for sending: calls that may be repeated, because they send nothing."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep as real_sleep
from typing import Self

import requests
import tenacity
from msgspec import Struct

from bulksender.sender.session import RUN_REFUSED, TIMEOUTS, new_session, retry_after
from bulksender.sender.wire import error_of
from bulksender.settings import Account


class CallError(Exception):
    """A call got no usable answer; `str()` says why, `status` is the HTTP status if there is one.

    `again` says that a later try may do better.
    """

    def __init__(self, reason: str, status: int | None = None, again: bool = False):
        super().__init__(reason)
        self.status = status
        self.again = again
        self.wait: float | None = None


class Patience(Struct, frozen=True, kw_only=True):
    """How long a call, and an export job, are waited for. Times in seconds."""

    attempts: int = 6
    within: float = 300.0
    first_wait: float = 0.2
    longest_wait: float = 15.0
    job: float = 1800.0


class Api:
    """Calls under one sub-account's messages; a context manager. Redirects are not followed."""

    def __init__(
        self,
        account: Account,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = real_sleep,
    ):
        self.account = account
        self.patience = patience or Patience()
        self.sleep = sleep
        self._url = f"{account.base_url}/api/v1/subaccounts/{account.subaccount}/messages"
        self._session = new_session(account.base_url, account.api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        """Call `…/messages/PATH`, again after a 429, a 5xx or no connection.

        Returns an answer below 300. Raises CallError.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, CallError) and e.again),
            wait=self._wait,
            stop=tenacity.stop_after_attempt(self.patience.attempts)
            | tenacity.stop_before_delay(self.patience.within),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(self._once, method, path, body)

    def _once(self, method: str, path: str, body: bytes | None) -> requests.Response:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._session.request(
                method,
                f"{self._url}/{path}",
                data=body,
                headers=headers,
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            raise CallError(
                f"8x8 cannot be reached ({type(error).__name__})", again=True
            ) from error
        if response.status_code < 300:
            return response
        raise _refused(response)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """`Retry-After` where 8x8 gives one, else exponential."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, CallError) and error.wait is not None:
            return error.wait
        waits = tenacity.wait_exponential(self.patience.first_wait, self.patience.longest_wait)
        return waits(state)


def _refused(response: requests.Response) -> CallError:
    status = response.status_code
    message, code, _ = error_of(response.content)
    said = f"HTTP {status}" + (f", code {code}" if code else "")
    reason = RUN_REFUSED.get(status) or message or "8x8 gave no answer that can be used"
    error = CallError(f"{reason} ({said})", status, again=status == 429 or status >= 500)
    error.wait = retry_after(response)
    return error

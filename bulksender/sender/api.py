"""8x8's API but for sending: calls that may be repeated, because they send nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import sleep as real_sleep
from typing import NamedTuple, Self
from urllib.parse import quote

import requests
import tenacity
from msgspec import Struct

from bulksender.sender.session import RUN_REFUSED, TIMEOUTS, new_session, retry_after
from bulksender.sender.wire import error_of
from bulksender.settings import Account


class CallError(Exception):
    """A call got no usable answer; `str()` says why, `status` is the HTTP status if there is one.

    `code` is 8x8's own code of the error; `again` says that a later try may do better.
    """

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        again: bool = False,
        code: str = "",
    ):
        super().__init__(reason)
        self.status = status
        self.again = again
        self.code = code
        self.wait: float | None = None


class Patience(Struct, frozen=True, kw_only=True):
    """How long a call, and an export job, are waited for. Times in seconds."""

    attempts: int = 6
    within: float = 300.0
    first_wait: float = 0.2
    longest_wait: float = 15.0
    job: float = 1800.0


ACCOUNT_REFUSED = RUN_REFUSED | {
    403: "the API key may not see this account",
    404: "8x8 does not know this account or address",
}
"""What HTTP statuses say where an account was asked, not a sub-account."""


class Api:
    """Calls under one sub-account's messages, or of an account; a context manager.

    Redirects are not followed.
    """

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
        return self._call(_Asked(method, f"{self._url}/{path}", body))

    def account_call(
        self, account_id: str, path: str, query: Mapping[str, str] | None = None
    ) -> requests.Response:
        """`GET …/accounts/{account_id}/PATH`, again as `call` does. Raises CallError."""
        url = f"{self.account.base_url}/api/v1/accounts/{quote(account_id, safe='')}/{path}"
        return self._call(_Asked("GET", url, query=query or {}, refused=ACCOUNT_REFUSED))

    def _call(self, asked: _Asked) -> requests.Response:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, CallError) and e.again),
            wait=self._wait,
            stop=tenacity.stop_after_attempt(self.patience.attempts)
            | tenacity.stop_before_delay(self.patience.within),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(self._once, asked)

    def _once(self, asked: _Asked) -> requests.Response:
        headers = {"Accept": "application/json"}
        if asked.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._session.request(
                asked.method,
                asked.url,
                params=asked.query,
                data=asked.body,
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
        raise _refused(response, asked.refused)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """`Retry-After` where 8x8 gives one, else exponential."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, CallError) and error.wait is not None:
            return error.wait
        waits = tenacity.wait_exponential(self.patience.first_wait, self.patience.longest_wait)
        return waits(state)


class _Asked(NamedTuple):
    """A request; `refused` says in words what HTTP statuses mean of it."""

    method: str
    url: str
    body: bytes | None = None
    query: Mapping[str, str] = {}
    refused: Mapping[int, str] = RUN_REFUSED


def _refused(response: requests.Response, reasons: Mapping[int, str]) -> CallError:
    status = response.status_code
    message, code, _ = error_of(response.content)
    said = f"HTTP {status}" + (f", code {code}" if code else "")
    reason = reasons.get(status) or message or "8x8 gave no answer that can be used"
    again = status == 429 or status >= 500
    error = CallError(f"{reason} ({said})", status, again, code)
    error.wait = retry_after(response)
    return error

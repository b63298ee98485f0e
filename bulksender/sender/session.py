"""HTTP to 8x8 below any endpoint: a session that gives the key to nobody else, and its errors."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from bulksender.settings import is_loopback

TIMEOUTS = (5.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""

RUN_REFUSED = {
    401: "8x8 does not accept the API key",
    403: "the API key may not send from this sub-account",
    404: "8x8 does not know this sub-account or address",
    410: "8x8 has retired this version of its API; upgrade bulksender",
    426: "8x8 demands a newer TLS than this machine speaks",
}
"""What these HTTP statuses say of the account or the address, whatever was asked."""


def new_session(base_url: str, api_key: str | None, connections: int = 1) -> requests.Session:
    """A session for one server. Without an `api_key` no request of it carries any credentials."""
    session = requests.Session()
    session.trust_env = not is_loopback(base_url)  # no proxy to this machine
    session.auth = _Bearer(api_key)  # set, it also keeps .netrc out
    session.headers["User-Agent"] = f"bulksender/{version('bulksender')}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", _TlsAdapter(pool_connections=1, pool_maxsize=connections))
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    return session


class _TlsConnection(HTTPSConnection):
    """Says of whatever fails while connecting, TLS handshake included, that nothing was sent."""

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:  # a refused handshake, or the connection lost in it
            raise NewConnectionError(self, f"no TLS connection: {type(error).__name__}") from error


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": HTTPConnectionPool, "https": _TlsPool}


class _TlsAdapter(HTTPAdapter):
    """A requests adapter whose connections tell a failed handshake from a lost answer."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Bearer(AuthBase):
    """The API key. It has no repr of its own, so that no log shows it."""

    def __init__(self, api_key: str | None):
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._api_key is not None:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def causes(error: BaseException) -> Iterator[BaseException]:
    """The errors that an error carries: requests wraps urllib3's, which carry the reason."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [*current.args, getattr(current, "reason", None), current.__cause__]
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]


def retry_after(response: requests.Response) -> float | None:
    """Seconds to wait, from `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())

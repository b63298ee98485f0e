"""Sheets on a web server, by requests: whole or not at all, and never a log-in page.

fsspec could open these addresses too, but tells neither the headers that say what the file is, nor
where a redirect leads.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import requests

from bulksender.errors import BulksenderError, SettingsError, SheetError
from bulksender.fetcher.addresses import (
    PAGES,
    check_address,
    disposition_name,
    file_name,
    is_delimited,
    known_suffix,
    media_type,
    page_instead,
    refuse_page,
    scheme_of,
    shown,
    suffix_of_type,
)
from bulksender.fetcher.fetched import (
    Fetched,
    Limits,
    Trouble,
    arriving,
    too_large,
    tried,
    unwritable,
)
from bulksender.settings import is_loopback

_PIECE = 1 << 20
_REDIRECTS = 10
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSALS = {
    401: "the server asks for a name and a password, or does not accept those it was given. Write "
    "them in front of the host (https://name:password@host/...), or into ~/.netrc.",
    403: "the server does not allow it: the link may have expired, or the account may lack the "
    "right to read the file.",
    404: "there is no such file on the server. Look whether the address is right.",
    410: "the file is no longer on the server. Look whether the address is right.",
}


def download(url: str, into: Path, limits: Limits) -> Fetched:
    """Download the sheet at an https address, or an http one of this machine, into a folder.

    The name and password may stand in front of the host, or in ~/.netrc; they go to that host only.
    Raises SettingsError for an address that cannot be used, SheetError where no whole sheet comes.
    """
    check_address(url)
    name = shown(url)
    _refuse_clear(url, name)
    if "*" in urlsplit(url).path:
        raise SettingsError(
            f"{name}: a web server does not list its files, so a * finds nothing there. Give the "
            "whole address of one file."
        )
    return tried(name, limits, lambda: _once(url, name, into, limits))


def _once(url: str, name: str, into: Path, limits: Limits) -> Fetched:
    ends = monotonic() + limits.total
    try:
        with _session(url, name) as session:
            asked = session.get(url, stream=True, timeout=(limits.connect, limits.silence))
            with asked as response:
                return _received(response, url, name, into, limits, ends)
    except BulksenderError:
        raise
    except requests.RequestException as error:
        raise _failed(error, name) from None


def _received(
    response: requests.Response, url: str, name: str, into: Path, limits: Limits, ends: float
) -> Fetched:
    _refuse_status(response, name)
    suffix = _suffix(response, url, name)
    whole = response.raw.length_remaining is not None or response.raw.chunked
    if is_delimited(suffix) and not whole:  # RFC 9112, 8: it ends where the connection does
        raise SheetError(
            f"{name}: the server does not say how long the file is, so nobody could tell whether "
            "it came whole. Have it send a Content-Length, or take an .xlsx."
        )
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > limits.size:
        raise too_large(name, limits)
    target = file_name(urlsplit(url).path, suffix)
    with arriving(into, target) as temporary:
        try:
            with temporary.open("wb") as file:
                _copy(_pieces(response, ends), file, name, limits)
            with temporary.open("rb") as file:
                refuse_page(name, file.read(512))
        except requests.RequestException:
            raise
        except OSError as error:
            raise unwritable(into, error) from None
        if length.isdecimal() and response.raw.tell() != int(length):
            raise Trouble("less came than the server had announced")
    return Fetched(path=into / target, name=name, modified_at=_last_modified(response))


def _pieces(response: requests.Response, ends: float) -> Iterator[bytes]:
    for piece in response.iter_content(_PIECE):
        if monotonic() > ends:
            raise Trouble("the server is too slow")
        yield piece


def _copy(pieces: Iterator[bytes], file: BinaryIO, name: str, limits: Limits) -> None:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limits.size:
            raise too_large(name, limits)
        file.write(piece)


def _suffix(response: requests.Response, url: str, name: str) -> str:
    """The kind of sheet, by the first that tells: address, given file name, last address, type."""
    given = known_suffix(disposition_name(response.headers.get("Content-Disposition", "")))
    kind = media_type(response.headers.get("Content-Type", ""))
    if kind in PAGES and not given:
        raise page_instead(name)
    paths = (unquote(urlsplit(each).path) for each in (url, response.url))
    typed, last = map(known_suffix, paths)
    suffix = typed or given or last or suffix_of_type(kind)
    if not suffix:
        raise SheetError(
            f"{name}: neither the address nor the server says what kind of sheet this is "
            f"({kind or 'no type'}). Take an address that ends in .csv, .xlsx ..."
        )
    return suffix


def _refuse_status(response: requests.Response, name: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in _PASSING:
        raise Trouble(f"the server answers HTTP {status}")
    said = _REFUSALS.get(status, "the server gives no file. Look whether the address is right.")
    raise SheetError(f"{name}: {said} (HTTP {status})")


def _refuse_clear(url: str, name: str) -> None:
    """Raise SettingsError where the contacts would travel in the clear."""
    if scheme_of(url) == "http" and not is_loopback(url):
        raise SettingsError(
            f"{name}: the address is not https: the contacts would travel in the clear. Plain http "
            "is only allowed to this machine."
        )


def _last_modified(response: requests.Response) -> datetime | None:
    try:
        when = parsedate_to_datetime(response.headers.get("Last-Modified", ""))
    except (ValueError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


class _Session(requests.Session):
    """Follows redirects only where nothing travels in the clear."""

    def __init__(self, name: str):
        super().__init__()
        self._name = name
        self.max_redirects = _REDIRECTS

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """The address that an answer redirects to, relative ones included; None for no redirect."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        there = urljoin(resp.url, target)
        clear = scheme_of(there) == "http" and is_loopback(there) and is_loopback(resp.url)
        if scheme_of(there) != "https" and not (clear and scheme_of(resp.url) == "http"):
            resp.close()
            raise SheetError(
                f"{self._name}: the server redirects to an address that is not https, where the "
                "contacts would travel in the clear. Give the https address of the file itself."
            )
        return target


def _session(url: str, name: str) -> _Session:
    session = _Session(name)
    session.trust_env = scheme_of(url) == "https"  # no proxy to this machine
    session.headers["User-Agent"] = f"bulksender/{version('bulksender')}"
    return session


def _failed(error: requests.RequestException, name: str) -> Exception:
    """What an exception of requests means; its own words hold the address, credentials included."""
    match error:
        case requests.TooManyRedirects():
            return SheetError(
                f"{name}: the server redirects more than {_REDIRECTS} times, as one does that "
                "wants a log-in. Take an address that gives the file itself."
            )
        case requests.exceptions.SSLError() if _unverified(error):
            return SheetError(
                f"{name}: the server's certificate cannot be verified on this machine. Correct the "
                "host, or name the file of its authority in REQUESTS_CA_BUNDLE."
            )
        case requests.exceptions.ContentDecodingError():
            return Trouble("what came is packed and damaged")
        case requests.exceptions.ChunkedEncodingError():
            return Trouble("the connection broke off before the file was whole")
        case requests.Timeout():
            return Trouble("the server does not answer in time")
        case requests.ConnectionError():
            return Trouble("the server cannot be reached, or has ended the connection")
    return SheetError(
        f"{name}: the address cannot be fetched from ({type(error).__name__}). Correct it."
    )


def _unverified(error: BaseException) -> bool:
    """Whether it is the certificate; requests wraps urllib3's errors, which carry the reason."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ssl.SSLCertVerificationError):
            return True
        if isinstance(each, BaseException) and all(each is not other for other in seen):
            seen.append(each)
            waiting += [*each.args, getattr(each, "reason", None), each.__cause__]
    return False

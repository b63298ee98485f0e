"""8x8's log export: what became of the messages whose answer was lost.

Start a job, wait for it, read its files line by line. Nothing is concluded here: the entries go to
the ledger, which settles rows only when the whole log was read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from time import monotonic
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
import tenacity
from msgspec import Struct

from bulksender.errors import LogUnavailable
from bulksender.ledger import MARGIN, LogEntry
from bulksender.model import CHUNK_ROWS, RowStatus
from bulksender.sender.api import Api, CallError
from bulksender.sender.session import TIMEOUTS, new_session
from bulksender.sender.wire import parse_client_batch_id, parse_client_message_id
from bulksender.settings import is_loopback
from bulksender.source import lines

MOST_SKEW = timedelta(minutes=5)
"""A clock that is further from 8x8's cannot say how long ago something was sent."""
MOST_REDIRECTS = 3

_STATES = {
    "queued": RowStatus.QUEUED,
    "sent": RowStatus.SENT,
    "delivered": RowStatus.DELIVERED,
    "undelivered": RowStatus.UNDELIVERED,
    "read": RowStatus.READ,
    "rejected": RowStatus.REJECTED,
    "failed": RowStatus.REJECTED,
    "cancelled": RowStatus.CANCELLED,
}
_NEEDED = {"umid", "status_value", "clientmessageid", "clientbatchid"}
_OUTBOUND = "1"


class _Started(Struct, rename="camel"):
    job_id: str


class _Job(Struct):
    status: str
    data: list[str] | None = None


def log_entries(api: Api, since: datetime, now: datetime) -> Iterator[list[LogEntry]]:
    """Our messages in the log of `api`'s sub-account, in chunks, from before `since` until `now`.

    Both are aware. Raises LogUnavailable, which says what went wrong: the job failed, its link has
    expired or leads elsewhere, the file is not the log, or 8x8 cannot be reached.
    """
    try:
        job_id = _start(api, since - MARGIN, now + MARGIN)
        job = _finished(api, job_id)
    except CallError as error:
        raise LogUnavailable(f"8x8's log could not be asked for: {error}.") from error
    if job.status == "empty":
        return
    with new_session(api.account.base_url, api_key=None) as session:
        for link in job.data or ():
            yield from _read(api, session, link)


def _start(api: Api, start: datetime, end: datetime) -> str:
    body = {"from": _wire(start), "to": _wire(end), "limit": 0}
    response = api.call("POST", "exports", msgspec.json.encode(body))
    _refuse_wrong_clock(response)
    try:
        return msgspec.json.decode(response.content, type=_Started).job_id
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CallError("the answer cannot be read") from error


def _refuse_wrong_clock(response: requests.Response) -> None:
    said = response.headers.get("Date")
    try:
        theirs = parsedate_to_datetime(said or "")
    except (ValueError, OverflowError):
        return
    skew = abs(datetime.now(UTC) - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)))
    if skew > MOST_SKEW:
        raise LogUnavailable(
            f"This machine's clock and 8x8's are {skew.total_seconds() / 60:,.0f} minutes apart, "
            "so nobody can say what was sent when. Set the clock right."
        )


def _finished(api: Api, job_id: str) -> _Job:
    """The job once it has ended well: `succeeded` or `empty`."""
    until = monotonic() + api.patience.job
    waits = tenacity.wait_exponential(api.patience.first_wait, api.patience.longest_wait)
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda job: job.status in ("queued", "running")),
        wait=waits,
        stop=lambda _: monotonic() >= until,
        sleep=api.sleep,
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    job: _Job = retrying(_status, api, job_id)
    if job.status in ("queued", "running"):
        raise LogUnavailable(f"8x8's log export is still {job.status}; try again later.")
    if job.status not in ("succeeded", "empty"):
        raise LogUnavailable(f"8x8's log export ended as {job.status}; try again later.")
    if job.status == "succeeded" and not job.data:
        raise LogUnavailable("8x8's log export succeeded and names no file; try again later.")
    return job


def _status(api: Api, job_id: str) -> _Job:
    response = api.call("GET", f"exports/{job_id}")
    try:
        return msgspec.json.decode(response.content, type=_Job)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CallError("the answer cannot be read") from error


def _read(api: Api, session: requests.Session, link: str) -> Iterator[list[LogEntry]]:
    try:
        with _opened(api, session, link) as response:
            entries = _entries(_rows(response), api.account.subaccount)
            while chunk := list(islice(entries, CHUNK_ROWS)):
                yield chunk
    except (csv.Error, UnicodeDecodeError) as error:
        raise LogUnavailable("8x8's log export is no CSV file that can be read.") from error
    except (requests.RequestException, ValueError) as error:
        raise LogUnavailable(
            f"8x8's log could not be downloaded whole ({type(error).__name__}); try again."
        ) from error


def _opened(api: Api, session: requests.Session, link: str) -> requests.Response:
    """The file behind a link, without the API key; redirects are followed on the same host only."""
    for _ in range(MOST_REDIRECTS + 1):
        if _origin(link) != _origin(api.account.base_url):
            raise LogUnavailable(
                f"8x8's log export has a link to another host than {api.account.base_url}, which "
                "is not followed."
            )
        response = session.get(link, stream=True, timeout=TIMEOUTS, allow_redirects=False)
        if response.status_code == 200:
            return response
        response.close()
        if not response.is_redirect:
            break
        link = urljoin(link, response.headers["Location"])
    expired = response.status_code in (403, 404, 410)
    why = "its link has expired" if expired else "its link cannot be used"
    raise LogUnavailable(
        f"8x8's log export could not be downloaded: {why} (HTTP {response.status_code}); try again."
    )


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port; None for what may not be fetched: plain http is for loopback only."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme == "https":
        return parts.scheme, parts.hostname, port or 443
    if parts.scheme == "http" and is_loopback(url):
        return parts.scheme, parts.hostname, port or 80
    return None


class _Body(io.RawIOBase):
    """A response's decoded body as a file; a body that breaks off raises, it does not end."""

    def __init__(self, response: requests.Response):
        self._pieces = response.iter_content(1 << 16)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._left = self._left or next(self._pieces, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _rows(response: requests.Response) -> Iterator[dict[str, str]]:
    """The file's lines, by column name. Raises LogUnavailable where it is not the log."""
    text = io.TextIOWrapper(io.BufferedReader(_Body(response)), "utf-8-sig", newline="")
    records = csv.reader(lines(text), strict=True)
    names = [name.strip().lower() for name in next(records, [])]
    if not set(names) >= _NEEDED:
        raise LogUnavailable("8x8's log export is not a list of messages with our ids in it.")
    for record in filter(None, records):  # an empty line is nothing
        if len(record) != len(names):
            raise LogUnavailable("8x8's log export breaks off in the middle of a line; try again.")
        yield dict(zip(names, record, strict=True))


def _entries(rows: Iterator[dict[str, str]], subaccount: str) -> Iterator[LogEntry]:
    for row in rows:
        own = parse_client_message_id(row["clientmessageid"])
        if own is None or not row["umid"] or row.get("direction", _OUTBOUND) != _OUTBOUND:
            continue
        if row.get("subaccountid", subaccount).lower() != subaccount.lower():
            continue
        status, detail = _state(row)
        run, number, attempt = own
        batch = parse_client_batch_id(run, row["clientbatchid"])
        batch_id = row.get("batchid", "")
        yield LogEntry(run, number, attempt, batch, row["umid"], status, detail, batch_id)


def _state(row: Mapping[str, str]) -> tuple[RowStatus, str]:
    """What the log says of a message; a state that is not documented means: accepted."""
    value = row["status_value"].strip().lower()
    status = _STATES.get(value)
    if status in (RowStatus.REJECTED, RowStatus.UNDELIVERED, RowStatus.CANCELLED):
        why = row.get("status_errormessage") or row.get("status_details") or value
        return status, f"8x8's log: {why}"
    if status is None:
        return RowStatus.QUEUED, f"found in 8x8's log as {value or 'nothing'}"
    return status, "found in 8x8's log"


def _wire(moment: datetime) -> str:
    """A time as LogExportRequest has it: `yyyy-MM-ddTHH:mm:ssZ`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

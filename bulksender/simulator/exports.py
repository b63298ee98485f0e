"""The log export: jobs, their CSV files and the links to them."""

from __future__ import annotations

import csv
import io
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bulksender.simulator.answers import TruncatedResponse, json_response
from bulksender.simulator.errors import ApiError, ErrorCode, bad_request
from bulksender.simulator.faults import ExportFaultKind, FaultPlan
from bulksender.simulator.guard import Guard
from bulksender.simulator.messages import MASKED_BODY, masked, status_of, total_price
from bulksender.simulator.prices import country_of
from bulksender.simulator.records import AcceptedMessage
from bulksender.simulator.settings import Settings
from bulksender.simulator.store import Store
from bulksender.simulator.times import parse_export_bound, wire_time
from bulksender.simulator.wire import decode

DEFAULT_SPAN: Final = timedelta(days=7)
"""How far back an export goes that names no ``from`` (LogExportRequest)."""

LINK_LIFE: Final = timedelta(hours=1)
"""How long a link is valid; 8x8 says so only in each answer's ``expires``."""

COLUMNS: Final = (
    "umid",
    "subaccountid",
    "direction",
    "country",
    "operator",
    "mcc",
    "mnc",
    "status_value",
    "status_details",
    "status_errorcode",
    "status_errormessage",
    "status_timestamp",
    "msisdn",
    "source",
    "encoding",
    "createdat",
    "smscount",
    "price_currency",
    "price_persms",
    "price_total",
    "clientmessageid",
    "clientbatchid",
    "batchid",
    "body",
)

ELSEWHERE: Final = "https://files.example.com/exports"
"""Another host, where nothing of 8x8's is (RFC 2606)."""

_ENDINGS: Final[dict[ExportFaultKind | None, str]] = {
    ExportFaultKind.FAILED: "failed",
    ExportFaultKind.ERROR: "error",
    ExportFaultKind.CANCELLED: "cancelled",
    ExportFaultKind.EMPTY: "empty",
    ExportFaultKind.STUCK: "running",
}
_PHONE = re.compile(r"\+?[1-9][0-9]{6,14}")
_COUNTRY = re.compile(r"[A-Za-z]{2}")


class ExportRequest(msgspec.Struct, rename={"start": "from", "end": "to"}):
    """What to export (LogExportRequest)."""

    start: str | None = None
    end: str | None = None
    phone_number: str | None = msgspec.field(name="phoneNumber", default=None)
    countries: list[str] | None = None
    limit: int | None = None


class Selection(msgspec.Struct, frozen=True):
    """An ExportRequest that was checked: both ends included, a limit of 0 is none."""

    start: datetime
    end: datetime
    number: str | None
    countries: frozenset[str]
    limit: int


class Job(msgspec.Struct):
    """An export job. It moves on each time it is asked for, so that no test has to wait."""

    selection: Selection
    fault: ExportFaultKind | None = None
    status: str = "new"
    content: str = ""
    token: str = ""
    expires: datetime | None = None


class JobStatus(msgspec.Struct, omit_defaults=True):
    """What a job's owner is told (LogExportJobStatus)."""

    status: str
    data: list[str] | None = None
    expires: str | None = None


class Exports:
    """The endpoints under ``…/messages/exports`` and the download link."""

    def __init__(self, settings: Settings, store: Store, faults: FaultPlan) -> None:
        self._settings = settings
        self._store = store
        self._faults = faults
        self._guard = Guard(settings)
        self._jobs: dict[str, Job] = {}
        self._started = 0

    async def start_job(self, request: Request) -> Response:
        """``POST …/messages/exports``; an absent body is an empty one."""
        self._guard.check_subaccount(request)
        body, content_type = await request.body(), request.headers.get("content-type")
        wanted = decode(body, content_type, ExportRequest) if body else ExportRequest()
        selection = _select(wanted, self._settings.clock())
        kind = self._next_fault()
        if kind is ExportFaultKind.UNAVAILABLE:
            return Response(status_code=503)
        job_id = secrets.token_urlsafe(48)
        self._jobs[job_id] = Job(selection, kind)
        answer = json_response({"jobId": job_id})
        answer.status_code = 202
        return answer

    async def get_job(self, request: Request) -> Response:
        """``GET …/messages/exports/{jobId}``: queued, then running, then succeeded or empty."""
        self._guard.check_subaccount(request)
        job = self._job(request)
        self._advance(job)
        if job.status != "succeeded" or job.expires is None:
            return json_response(JobStatus(job.status))
        link = str(
            request.url_for("download", subaccount=self._settings.subaccount, token=job.token)
        )
        if job.fault is ExportFaultKind.ELSEWHERE:
            link = f"{ELSEWHERE}/{job.token}"
        return json_response(JobStatus(job.status, [link], wire_time(job.expires)))

    async def cancel_job(self, request: Request) -> Response:
        """``DELETE …/messages/exports/{jobId}``; its link ends with it."""
        self._guard.check_subaccount(request)
        job = self._job(request)
        job.status, job.content, job.token = "cancelled", "", ""
        return Response(status_code=204)

    async def download(self, request: Request) -> Response:
        """``GET …/messages/download/{token}``: the CSV, to whoever knows the token."""
        self._store.add_download(dict(request.headers))
        token, now = request.path_params["token"], self._settings.clock()
        for job in self._jobs.values():
            if job.token == token and job.expires is not None and now < job.expires:
                return _file(job, request)
        raise ApiError(404, ErrorCode.NOT_FOUND, "The link is unknown or has expired")

    def _next_fault(self) -> ExportFaultKind | None:
        self._started += 1
        fault = self._faults.take_export(self._started)
        return fault.kind if fault and isinstance(fault.kind, ExportFaultKind) else None

    def _job(self, request: Request) -> Job:
        job = self._jobs.get(request.path_params["job"])
        if job is None:
            raise ApiError(404, ErrorCode.INVALID_JOB, "Invalid jobId")
        return job

    def _advance(self, job: Job) -> None:
        if job.status == "new":
            job.status = "queued"
        elif job.status == "queued":
            job.status = "running"
        elif job.status == "running" and job.fault in _ENDINGS:
            job.status = _ENDINGS[job.fault]
        elif job.status == "running":
            rows = self._rows(job.selection)
            if job.fault is ExportFaultKind.GAPS:
                rows = [row for index, row in enumerate(rows, start=1) if index % 3]
            job.status = "succeeded" if rows else "empty"
            if rows:
                job.content = _csv(rows)
                job.token = secrets.token_urlsafe(48)
                expired = job.fault is ExportFaultKind.EXPIRED
                job.expires = self._settings.clock() + (timedelta(0) if expired else LINK_LIFE)

    def _rows(self, selection: Selection) -> list[list[object]]:
        visible = self._settings.clock() - timedelta(seconds=self._settings.export_lag)
        rows: list[list[object]] = []
        for message in self._store.messages():
            if message.created_at <= visible and self._is_selected(message, selection):
                rows.append(self._row(message))
                if len(rows) == selection.limit:
                    break
        return rows

    def _is_selected(self, message: AcceptedMessage, selection: Selection) -> bool:
        if not selection.start <= message.created_at <= selection.end:
            return False
        number = message.destination.removeprefix("+")
        if selection.number is not None and number != selection.number:
            return False
        if not selection.countries:
            return True
        return country_of(message, self._settings.prices) in selection.countries

    def _row(self, message: AcceptedMessage) -> list[object]:
        price, status = total_price(message, self._settings), status_of(message)
        country = country_of(message, self._settings.prices)
        operator, mcc, mnc = self._operator(country)
        return [
            message.umid,
            self._settings.subaccount,
            1,  # outbound
            country,
            operator,
            mcc,
            mnc,
            status.state,
            status.detail,
            status.error_code,
            status.error_message,
            status.timestamp,
            masked(message.destination),
            message.source,
            message.encoding,
            wire_time(message.created_at),
            message.parts,
            price.currency,
            price.per_sms,
            price.total,
            message.client_message_id,
            message.client_batch_id,
            message.batch_id,
            MASKED_BODY,
        ]

    def _operator(self, alpha2_code: str | None) -> tuple[str, str, str]:
        """Return the name, MCC and MNC of the operator that stands for a country."""
        for country in self._settings.prices:
            if country.alpha2_code == alpha2_code:
                for operator in country.operators[:1]:
                    for hni in operator.hni[:1]:
                        return operator.operator_name, hni.mcc, hni.mnc
        return "", "", ""


def _file(job: Job, request: Request) -> Response:
    """Return a finished job's file, or what its fault makes of it."""
    if job.fault is ExportFaultKind.REDIRECT:
        return Response(status_code=302, headers={"Location": f"{ELSEWHERE}/{job.token}"})
    if job.fault is ExportFaultKind.MOVED and "moved" not in request.query_params:
        return Response(status_code=302, headers={"Location": f"{request.url.path}?moved"})
    if job.fault is ExportFaultKind.TRUNCATED:
        return TruncatedResponse(job.content, media_type="text/csv")
    content = "\x00no\r\nCSV" if job.fault is ExportFaultKind.GARBAGE else job.content
    return Response(content, media_type="text/csv")


def _select(wanted: ExportRequest, now: datetime) -> Selection:
    """Return what to export.

    Raises:
        ApiError: 400: a field has no meaning, or ``from`` is not before ``to``.
    """
    today = now.date()
    try:
        start = parse_export_bound(wanted.start or str(today - DEFAULT_SPAN), end=False)
        end = parse_export_bound(wanted.end or str(today), end=True)
    except ValueError as error:
        raise bad_request(ErrorCode.INVALID_PARAMETER, f"from or to: {error}") from None
    if start >= end:
        raise bad_request(ErrorCode.OUT_OF_RANGE, "from is not before to")
    if wanted.limit is not None and wanted.limit < 0:
        raise bad_request(ErrorCode.OUT_OF_RANGE, "limit is 0 or more")
    if wanted.phone_number is not None and not _PHONE.fullmatch(wanted.phone_number):
        raise bad_request(ErrorCode.INVALID_PARAMETER, "phoneNumber is not an E.164 number")
    countries = wanted.countries or []
    if not all(_COUNTRY.fullmatch(country) for country in countries):
        raise bad_request(ErrorCode.INVALID_COUNTRY, "countries are of two letters")
    return Selection(
        start,
        end,
        None if wanted.phone_number is None else wanted.phone_number.removeprefix("+"),
        frozenset(country.upper() for country in countries),
        wanted.limit or 0,
    )


def _csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()

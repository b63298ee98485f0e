"""A server that tells its log as a test wants it told: 8x8's export API, job, links and files."""

from __future__ import annotations

import csv
import io
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from bulksender.ledger import LogEntry
from bulksender.sender import Api, Patience, log_entries
from bulksender.settings import Account

RUN = "abcdefghjk"
HASTY = Patience(attempts=3, first_wait=0.001, longest_wait=0.002, job=20)
MESSAGES = "/api/v1/subaccounts/simulator/messages"
COLUMNS = (
    *("umid", "subaccountid", "direction", "status_value", "status_details"),
    *("status_errormessage", "clientmessageid", "clientbatchid", "batchid", "body"),
)

CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7jDpmcgNTct5/CyC
yiAHE4WBaWTrI2hX6Yc2lcZ1OQqhRANCAAQ0feBJlJCfzdGfmPflFHTAvr2p9qkJ
p4lyC4udoVfffqujXeFlEQuEYdy4Vc9hZ6bj1KQ258JPBz7Rc+Dh4frn
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBujCCAWCgAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtzbXMuZXhh
bXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLc21zLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ0feBJlJCf
zdGfmPflFHTAvr2p9qkJp4lyC4udoVfffqujXeFlEQuEYdy4Vc9hZ6bj1KQ258JP
Bz7Rc+Dh4frno4GcMIGZMB0GA1UdDgQWBBTtq61T8zmX8mdhjSc4teDZ0amqujAf
BgNVHSMEGDAWgBTtq61T8zmX8mdhjSc4teDZ0amqujAPBgNVHRMBAf8EBTADAQH/
MA4GA1UdDwEB/wQEAwIChDA2BgNVHREELzAtggtzbXMuZXhhbXBsZYINb3RoZXIu
ZXhhbXBsZYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIQDmTyKy
wWNyAnHoxk8caZAIR8kdoiH6QkGiD88P0+qIAAIgMYi1i1cnMww2pxFveBHhJiRE
SXdVwoazCbCqfrtt8O8=
-----END CERTIFICATE-----
"""
"""Signed by itself, for sms.example, other.example and this machine; its key is in nobody's use."""


class Call(NamedTuple):
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What a request gets. `announced` is a Content-Length that is not the body's.

    A body in pieces goes without any length and ends with the connection.
    """

    status: int = 200
    body: bytes | Callable[[], Iterable[bytes]] = b""
    headers: Mapping[str, str] = {}
    announced: int | None = None


def told(value: object, status: int = 200, **headers: str) -> Answer:
    """A value as JSON."""
    return Answer(status, json.dumps(value).encode(), headers)


def refused(status: int, code: int, message: str) -> Answer:
    """An error as 8x8 tells it."""
    return told({"code": code, "message": message, "errorId": "e", "timestamp": "t"}, status)


class LogServer:
    """The export API of sub-account `simulator`; use it in a `with` statement.

    `starts` answer the POSTs and `states` the questions for the job, in order; the last one of each
    is given again and again. A state that is a word is told with the links, which lead to `files`.
    `date` is its clock's; empty: it tells none.
    It takes CONNECT, too, as a proxy that is every host at once, if it was given a certificate.
    """

    def __init__(
        self,
        *files: bytes | Answer,
        states: Sequence[str | Answer] = ("succeeded",),
        starts: Sequence[Answer] = (told({"jobId": "job-1"}, 202),),
        links: Sequence[str] | None = None,
        date: str | None = None,
    ) -> None:
        self.files = [file if isinstance(file, Answer) else Answer(200, file) for file in files]
        self.states = list(states)
        self.starts = list(starts)
        self.links = links
        self.date = date
        self.calls: list[Call] = []
        self.connects: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False  # they are waited for
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._open: list[socket.socket] = []
        self._tls: ssl.SSLContext | None = None

    def __enter__(self) -> LogServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def certified(self, folder: Path, whole: bool = False) -> Path:
        """Speak TLS behind CONNECT (or from the start); returns the file of the certificate."""
        file = folder / "certificate.pem"
        file.write_text(CERTIFICATE)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(file)
        if whole:
            self.base_url = self.base_url.replace("http:", "https:")
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        return file

    @property
    def downloads(self) -> list[Call]:
        return [call for call in self.calls if "/download/" in call.target]

    def of(self, method: str) -> list[Call]:
        """The calls of the API itself with this method."""
        calls = [call for call in self.calls if "/download/" not in call.target]
        return [call for call in calls if call.method == method]

    def link(self, number: int = 0) -> str:
        return f"{self.base_url}{MESSAGES}/download/{number}"

    def api(self, patience: Patience = HASTY, **arguments: Any) -> Api:
        account = Account(self.base_url, "simulator", "the-key")
        return Api(account, patience, **arguments)

    def _answer(self, call: Call) -> Answer:
        if "/download/" in call.target:
            return self.files[int(call.target.rpartition("/")[2])]
        if call.method == "POST":
            return self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Answer):
            return state
        links = self.links
        if links is None:
            links = [self.link(number) for number in range(len(self.files))]
        return told({"status": state, "data": links} if state == "succeeded" else {"status": state})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def setup(self) -> None:
                super().setup()
                outer._open.append(self.connection)

            def do_CONNECT(self) -> None:
                assert outer._tls is not None
                outer.connects.append(self.path)
                self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                self.connection = outer._tls.wrap_socket(self.connection, server_side=True)
                outer._open.append(self.connection)
                self.rfile.close()
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb", buffering=0)
                self.close_connection = False

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                call = Call(self.command, self.path, headers, self.rfile.read(length))
                outer.calls.append(call)
                answer = outer._answer(call)
                self.send_response_only(answer.status)
                date = formatdate(usegmt=True) if outer.date is None else outer.date
                if date:
                    self.send_header("Date", date)
                for name, value in answer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if isinstance(answer.body, bytes):
                    size = len(answer.body) if answer.announced is None else answer.announced
                    self.send_header("Content-Length", str(size))
                    self.close_connection = answer.announced is not None
                else:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                pieces = [answer.body] if isinstance(answer.body, bytes) else answer.body()
                for piece in pieces:
                    self.wfile.write(piece)

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.answer()

            def handle(self) -> None:
                with suppress(OSError):  # the client went away
                    super().handle()

            def finish(self) -> None:
                with suppress(OSError):
                    super().finish()
                self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def line(
    row: int, *, run: str = RUN, attempt: int = 1, batch: int = 1, **columns: str
) -> list[str]:
    """A line of the log, as 8x8 would write it for a row of ours."""
    again = f".{attempt}" if attempt > 1 else ""
    values = {
        "umid": f"umid-{run}-{row}-{attempt}",
        "subaccountid": "simulator",
        "direction": "1",
        "status_value": "delivered",
        "clientmessageid": f"{run}-{row}{again}",
        "clientbatchid": f"{run}-{batch}",
        "batchid": "8x8-batch",
        "body": "**MASKED**",
    } | columns
    return [values.get(name, "") for name in COLUMNS]


def csv_of(*lines: Sequence[str], names: Sequence[str] = COLUMNS) -> bytes:
    """A log's file, as Python's `csv` and the simulator write it."""
    text = io.StringIO()
    csv.writer(text).writerows([names, *lines])
    return text.getvalue().encode()


def read(api: Api, *times: Any) -> list[LogEntry]:
    """Everything that the log export gives."""
    return list(chunks(api, *times))


def chunks(api: Api, *times: Any) -> Iterator[LogEntry]:
    for chunk in log_entries(api, *times):
        yield from chunk

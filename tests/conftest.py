"""What tests share: a desk with a ledger, simulators, and servers that misbehave below HTTP."""

from __future__ import annotations

import json
import socket
import sqlite3
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from bulksender import campaign, reporter
from bulksender.errors import ExitCode
from bulksender.ledger import Ledger, Result, Run
from bulksender.model import Encoding, Message, RejectedRow
from bulksender.sender import RetryPolicy, Sender
from bulksender.settings import Account, Job, SheetOptions
from bulksender.simulator import Simulator
from bulksender.source import SheetFacts

FAST = RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.02)


def message(row: int, text: str | None = None, **changes: Any) -> Message:
    """The message of a sheet's row; every row has a number and (unless given) a text of its own."""
    words = f"Text of row {row}" if text is None else text
    made = Message(row, f"+65912{row:05}", words, 1, Encoding.GSM7)
    return msgspec.structs.replace(made, **changes)


def facts() -> SheetFacts:
    return SheetFacts(
        path="sheet.csv",
        suffix=".csv",
        header_row=1,
        headers=("Mobile",),
        width=1,
        fingerprint="",
    )


class Desk:
    """A ledger, and what is done with it: plan, send, go on, look."""

    message = staticmethod(message)
    facts = staticmethod(facts)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path, durable=False)  # no waiting for the disk, else the same

    def job(self, **changes: Any) -> Job:
        job = Job(sheet=SheetOptions(path="sheet.csv"), template="Hello", subaccount="simulator")
        return msgspec.structs.replace(job, batch_size=5, concurrency=1, **changes)

    def plan(
        self,
        messages: Sequence[Message] | int = 25,
        refused: Sequence[RejectedRow] = (),
        *,
        approve: bool = True,
        **changes: Any,
    ) -> Run:
        """A sealed run; a number of messages stands for that many rows, from row 2 on.

        What is approved here is approved on purpose, whatever the ledger holds already.
        """
        if isinstance(messages, int):
            messages = [message(row) for row in range(2, messages + 2)]
        settings = {"batch_size": 5, "concurrency": 1, "again": approve} | changes
        job = msgspec.structs.replace(self.job(), **settings)
        with self.ledger.plan(job) as run:
            run.add(messages, refused)
            run.seal(facts())
        if approve:
            run.approve()
        return run

    def send(
        self, run: Run, at: Simulator | str, policy: RetryPolicy = FAST, key: str | None = None
    ) -> str | None:
        """Send a run; returns why it stopped, or None."""
        url = at if isinstance(at, str) else at.base_url
        default = "simulator-key" if isinstance(at, str) else at.api_key
        sender = Sender(run, Account(url, "simulator", key or default), policy=policy)
        campaign.send(run, sender)
        return sender.stopped

    def reopened(self, run: Run) -> Run:
        """The same run as `resume` takes it up: read from the ledger anew."""
        found = campaign.resumable(run.id, self.ledger)
        found.reopen(found.job)
        return found

    def rows(self, run: Run) -> dict[int, Result]:
        return {result.row: result for result in run.outcomes()}

    def counts(self, run: Run) -> dict[str, int]:
        return {status.value: rows for status, rows in run.counts().items()}

    def code(self, run: Run, stopped: str | None) -> ExitCode:
        return campaign.ending(reporter.summarise(run, seconds=0.0), stopped)

    def query(self, statement: str, *values: object) -> list[Any]:
        """Ask the ledger's file itself, over a connection of one's own."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement, values).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


@pytest.fixture
def simulated() -> Iterator[Callable[..., Simulator]]:
    """Start simulators that are stopped when the test is over."""
    with ExitStack() as stack:
        yield lambda **arguments: stack.enter_context(Simulator(**arguments))


class Request(NamedTuple):
    """What arrived: the head's lines as they came, and the body."""

    head: list[str]
    body: bytes

    def header(self, name: str) -> list[str]:
        """The values of every header of this name."""
        split = [line.partition(":") for line in self.head[1:]]
        return [value.strip() for found, _, value in split if found.lower() == name.lower()]

    def queued(self) -> dict[str, Any]:
        """The answer of 8x8 that accepts everything."""
        asked = json.loads(self.body)
        messages = [
            {
                "umid": f"umid-{each['clientMessageId']}",
                "clientMessageId": each["clientMessageId"],
                "destination": each["destination"],
                "encoding": "GSM7",
                "status": {"code": "QUEUED", "description": "SMS is accepted"},
            }
            for each in asked["messages"]
        ]
        return {
            "batchId": "11111111-2222-3333-4444-555555555555",
            "clientBatchId": asked["clientBatchId"],
            "acceptedCount": len(messages),
            "rejectedCount": 0,
            "messages": messages,
        }


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")

    def request(self) -> Request | None:
        """The next request, read whole; None once the client has gone."""
        head: list[str] = []
        while line := self._file.readline().decode("latin-1").rstrip("\r\n"):
            head.append(line)
        if not head:
            return None
        request = Request(head, b"")
        length, *_ = [*request.header("Content-Length"), "0"]  # a GET has none
        return Request(head, self._file.read(int(length)))

    def receive(self) -> bytes:
        """Whatever has come, which need not be HTTP."""
        return self._connection.recv(65536)

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(self, body: object, status: str = "200 OK", *headers: str) -> None:
        """A whole answer; a body that is not bytes goes as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers, "", ""]
        self.send("\r\n".join(lines).encode() + data)

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def close(self) -> None:
        self._file.close()
        self._connection.close()


class RawServer:
    """A TCP server on this machine; `serve` gets every connection, which ends with it."""

    def __init__(self, serve: Callable[[Peer], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.failures: list[Exception] = []
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self) -> None:
        while not self._ending.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                connection.settimeout(10)
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._handle, args=(connection,)))
                self._threads[-1].start()

    def _handle(self, connection: socket.socket) -> None:
        peer = Peer(connection)
        try:
            self._serve(peer)
        except OSError:
            pass  # the client went away
        except Exception as error:
            self.failures.append(error)
        finally:
            peer.close()

    def close(self) -> None:
        self._ending.set()
        self._acceptor.join()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        assert self.failures == []


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[Peer], None]], RawServer]]:
    """Start raw servers that are stopped when the test is over."""
    with ExitStack() as stack:

        def start(serve: Callable[[Peer], None]) -> RawServer:
            server = RawServer(serve)
            stack.callback(server.close)
            return server

        yield start

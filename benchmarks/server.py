"""A stand-in for 8x8's batch API that costs next to nothing, in a process of its own.

    python benchmarks/server.py [--latency SECONDS] [--unique]

It prints its address, accepts every message of every batch, and on SIGTERM prints what it has
received as one line of JSON. It speaks as much HTTP as clients that reuse their connections need,
and checks nothing but the shape: for how 8x8 really behaves there is `bulksender simulator`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from functools import partial

import msgspec
from msgspec import Raw, Struct

MOST_MESSAGES = 10_000
"""In one batch."""
QUEUED = Raw(b'{"code":"QUEUED","description":"SMS is accepted and queued for processing"}')
TAILS = [f"{place:012x}" for place in range(MOST_MESSAGES)]
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Message(Struct, rename="camel", gc=False):
    """What is read of a message, and with a umid put in, what is answered about it."""

    destination: str
    client_message_id: str | None = None
    umid: str = ""
    encoding: str = "GSM7"
    status: Raw = QUEUED


class Batch(Struct, rename="camel"):
    """What is read of a batch."""

    messages: list[Message]
    client_batch_id: str | None = None


class Answer(Struct, rename="camel"):
    """What is answered, as where `includeMessagesInResponse` is true."""

    batch_id: str
    client_batch_id: str | None
    accepted_count: int
    rejected_count: int
    messages: list[Message]


class Error(Struct, rename="camel"):
    """8x8's error."""

    code: int
    message: str
    error_id: str = "00000000-0000-4000-8000-000000000000"
    timestamp: str = "2026-11-02T09:00:00.00Z"


class Received(Struct):
    """What has come in; `unique` counts the numbers, where that was asked for."""

    posts: int = 0
    messages: int = 0
    unique: int | None = None


class Inbox:
    """Takes batches and says what is to be answered."""

    def __init__(self, unique: bool = False):
        self._received = Received()
        self._numbers: set[str] | None = set() if unique else None
        self._decode = msgspec.json.Decoder(Batch).decode
        self._encode = msgspec.json.Encoder().encode

    @property
    def received(self) -> Received:
        """Everything so far."""
        numbers = None if self._numbers is None else len(self._numbers)
        return msgspec.structs.replace(self._received, unique=numbers)

    def answer(self, target: bytes, body: bytes) -> tuple[bytes, bytes]:
        """The status and the body of the answer to a request."""
        if not target.endswith(b"/messages/batch"):
            return b"404 Not Found", self._encode(Error(1300, "Not found"))
        try:
            batch = self._decode(body)
        except msgspec.DecodeError as error:
            return b"400 Bad Request", self._encode(Error(1000, str(error)))
        messages = batch.messages
        if not 0 < len(messages) <= MOST_MESSAGES:
            return b"400 Bad Request", self._encode(Error(1100, "Too few or too many messages"))
        self._received.posts += 1
        self._received.messages += len(messages)
        if self._numbers is not None:
            self._numbers.update(message.destination for message in messages)
        # Like UUIDs: the post, then the place in it.
        stem = f"{self._received.posts:08x}-5e4d-4b1c-8a7f-"
        for message, tail in zip(messages, TAILS, strict=False):
            message.umid = stem + tail
        answer = Answer(stem + "f" * 12, batch.client_batch_id, len(messages), 0, messages)
        return b"200 OK", self._encode(answer)


class Connection(asyncio.Protocol):
    """One connection; a request is answered `latency` seconds after its last byte has come."""

    def __init__(self, inbox: Inbox, latency: float):
        self._inbox = inbox
        self._latency = latency
        self._buffer = bytearray()
        self._body: tuple[int, int] | None = None  # where that of the request begins and ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._took_one():
            pass

    def _took_one(self) -> bool:
        """Answer the request that the buffer begins with; False while it is not there whole."""
        buffer = self._buffer
        if self._body is None:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = LENGTH.search(buffer, 0, end)
            self._body = end + 4, end + 4 + int(length[1] if length else 0)
        start, end = self._body
        if len(buffer) < end:
            return False
        arrived = asyncio.get_running_loop().time()
        line = bytes(buffer[: buffer.index(b"\r\n")])
        status, body = self._inbox.answer(line.split(b" ")[1], bytes(buffer[start:end]))
        del buffer[:end]
        self._body = None
        answer = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        self._say(answer % (status, len(body), body), arrived)
        return True

    def _say(self, answer: bytes, arrived: float) -> None:
        if self._latency:
            loop = asyncio.get_running_loop()
            loop.call_at(arrived + self._latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def serve(latency: float, unique: bool) -> None:
    """Serve on a free port of this machine until SIGTERM or Ctrl-C; `latency` is in seconds."""
    inbox = Inbox(unique)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(partial(Connection, inbox, latency), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await ended.wait()
    server.close()
    print(msgspec.json.encode(inbox.received).decode(), flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description="Stand in for 8x8's batch API.")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options.add_argument("--unique", action="store_true", help="count the numbers, too")
    given = options.parse_args()
    asyncio.run(serve(given.latency, given.unique))


if __name__ == "__main__":
    main()

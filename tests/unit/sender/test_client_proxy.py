"""Behind a proxy, too, a lost answer is lost: urllib3 calls it a ProxyError."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from log_server import CERTIFICATE

from bulksender.sender.client import Busy, Client, Lost, RetryPolicy
from bulksender.settings import Account

BODY = b'{"messages": []}'


class Tunnel:
    """A CONNECT proxy that is 8x8 as well: it reads each POST whole, and answers none.

    With `refusing` it opens no tunnel at all.
    """

    def __init__(self, folder: Path, refusing: bool) -> None:
        self.certificate = folder / "certificate.pem"
        self.certificate.write_text(CERTIFICATE)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate)
        self._refusing = refusing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.posts: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    self._handle(connection)

    def _handle(self, connection: socket.socket) -> None:
        received(connection, b"\r\n\r\n")
        if self._refusing:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self._tls.wrap_socket(connection, server_side=True) as inside:
            self.posts.append(received(inside, BODY))

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def received(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("the client went away")
        data += piece
    return data


@pytest.fixture
def tunnel(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tunnel]:
    made = Tunnel(tmp_path, refusing=getattr(request, "param", False))
    monkeypatch.setenv("HTTPS_PROXY", made.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.certificate))
    yield made
    made.close()


def reply() -> tuple[object, int]:
    policy = RetryPolicy(attempts=3, first_wait=0.01, longest_wait=0.02)
    client = Client(Account("https://sms.example", "simulator", "key"), policy=policy)
    answer, attempts = client.send(BODY)
    client.close()
    return answer, len(attempts)


def test_a_connection_through_a_proxy_that_closes_after_the_post_is_a_lost_answer(
    tunnel: Tunnel,
) -> None:
    answer, attempts = reply()
    assert isinstance(answer, Lost)
    assert (attempts, len(tunnel.posts)) == (1, 1)


@pytest.mark.parametrize("tunnel", [True], indirect=True)
def test_a_proxy_that_opens_no_tunnel_has_let_nothing_through(tunnel: Tunnel) -> None:
    answer, attempts = reply()
    assert isinstance(answer, Busy)
    assert (attempts, tunnel.posts) == (3, [])


def test_a_proxy_that_is_not_there_has_let_nothing_through(
    tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    answer, attempts = reply()
    assert isinstance(answer, Busy)
    assert (attempts, tunnel.posts) == (3, [])

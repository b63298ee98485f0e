"""The head of a request: the key, what it is, and nothing from this machine's other settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bulksender.sender.client import Client, RetryPolicy
from bulksender.settings import Account

if TYPE_CHECKING:
    from conftest import Peer, RawServer, Request

RawServers = Callable[[Callable[["Peer"], None]], "RawServer"]
KEY = "k3y-that-nobody-may-see"


def arrived(raw_server: RawServers, posts: int = 2) -> list[Request]:
    """The requests of some batches, to a server that sets a cookie in each answer."""
    seen: list[Request] = []

    def serve(peer: Peer) -> None:
        while (request := peer.request()) is not None:
            seen.append(request)
            peer.answer({}, "200 OK", "Set-Cookie: session=1; Path=/")

    account = Account(raw_server(serve).base_url, "simulator", KEY)
    client = Client(account, policy=RetryPolicy(attempts=1, first_wait=0.01))
    for _ in range(posts):
        client.send(b'{"messages": []}')
    client.close()
    return seen


def test_a_request_says_what_it_is_and_carries_no_cookie(raw_server: RawServers) -> None:
    first, second = arrived(raw_server)
    for request in (first, second):
        assert request.head[0] == ("POST /api/v1/subaccounts/simulator/messages/batch HTTP/1.1")
        assert request.header("Authorization") == [f"Bearer {KEY}"]
        assert request.header("Content-Type") == ["application/json"]
        assert request.header("Cookie") == []
        assert request.header("User-Agent")[0].startswith("bulksender/")


def test_a_netrc_file_does_not_replace_the_key(
    raw_server: RawServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert [request.header("Authorization") for request in arrived(raw_server)] == [
        [f"Bearer {KEY}"]
    ] * 2


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_what_goes_to_this_machine_goes_through_no_proxy(
    raw_server: RawServers, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(arrived(raw_server)) == 2

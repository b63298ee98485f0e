"""What the tests of the simulator share: a client, a clock, a receiver, the published schemas."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests

from bulksender.simulator import Simulator

START = datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Api:
    """A simulator and a client of it."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {sim.api_key}"

    @property
    def messages_path(self) -> str:
        return f"/api/v1/subaccounts/{self.sim.subaccount}/messages"

    @property
    def account_path(self) -> str:
        return f"/api/v1/accounts/{self.sim.account}"

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.session.request(method, self.sim.base_url + path, timeout=5, **arguments)

    def batch(self, *messages: dict[str, Any], **fields: Any) -> requests.Response:
        body = {"messages": list(messages), "includeMessagesInResponse": True, **fields}
        return self.call("POST", f"{self.messages_path}/batch", json=body)

    def batch_body(self, body: bytes, **headers: str) -> requests.Response:
        headers = {"Content-Type": "application/json", **headers}
        return self.call("POST", f"{self.messages_path}/batch", data=body, headers=headers)

    def message(self, umid: str, method: str = "GET", suffix: str = "") -> requests.Response:
        return self.call(method, f"{self.messages_path}/{umid}{suffix}")


def sms(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"destination": f"+65910000{number:02}", "text": f"Hello {number}", **fields}


def codes(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def wait_for(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Receiver:
    """A web server that takes delivery receipts, or refuses them first."""

    def __init__(self, statuses: tuple[int, ...] = ()) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._statuses = list(statuses)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(outer._statuses.pop(0) if outer._statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/receipts"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

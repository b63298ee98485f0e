"""Endpoints that 8x8 does not have: what the simulator got, for tests in other processes.

They ask for no key. They serve this machine alone, and say nothing that the program under test
did not send.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from bulksender.simulator.answers import json_response
from bulksender.simulator.errors import ErrorCode, bad_request
from bulksender.simulator.faults import Fault, FaultPlan
from bulksender.simulator.records import PostRecord
from bulksender.simulator.store import Store
from bulksender.simulator.wire import decode


class FaultRequest(msgspec.Struct):
    """A fault in its text form, as ``Fault.parse`` reads it."""

    fault: str


class Inspection:
    """The endpoints under ``/_simulator``; none of them is 8x8's."""

    def __init__(self, store: Store, faults: FaultPlan) -> None:
        self._store = store
        self._faults = faults

    async def get_messages(self, request: Request) -> Response:
        """``GET /_simulator/messages``: a list of AcceptedMessage."""
        return json_response(self._store.messages())

    async def get_posts(self, request: Request) -> Response:
        """``GET /_simulator/posts``: a list of PostRecord, bodies decoded."""
        return json_response([_readable(post) for post in self._store.posts()])

    async def post_fault(self, request: Request) -> Response:
        """``POST /_simulator/faults`` with ``{"fault": "close-after@3"}``: plan one more fault."""
        body, content_type = await request.body(), request.headers.get("content-type")
        wanted = decode(body, content_type, FaultRequest)
        try:
            self._faults.add(Fault.parse(wanted.fault))
        except ValueError as error:
            raise bad_request(ErrorCode.INVALID_PARAMETER, str(error)) from None
        return Response(status_code=204)


def _readable(post: PostRecord) -> dict[str, Any]:
    """Return a post with its body as the JSON it is, or else as text."""
    try:
        body = msgspec.json.decode(post.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = post.body.decode("utf-8", "replace")
    return {**msgspec.structs.asdict(post), "body": body}

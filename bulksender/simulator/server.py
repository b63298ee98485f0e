"""The HTTP server: uvicorn on 127.0.0.1, in a daemon thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from asyncio import BaseTransport
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST: Final = "127.0.0.1"
"""The simulator holds people's numbers and its inspection asks for no key: never any other."""

_KEEP_ALIVE_SECONDS: Final = 75
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 2.0


class ReachableTransport(H11Protocol):
    """An HTTP/1.1 connection whose application can reach its transport.

    ASGI has no word for "drop this connection now", and that is the fault a client of an API
    without idempotency keys must be tried against first. uvicorn copies ``app_state`` into the
    ``state`` of every request's scope, so the transport is handed over there.
    """

    def connection_made(self, transport: BaseTransport) -> None:
        """Start a connection, and remember its transport."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(cast(asyncio.Transport, transport))


class _Loop(uvicorn.Server):
    """uvicorn's server, but it stops at once.

    uvicorn looks ten times a second whether to stop, and then waits for its clients. Tests start
    hundreds of simulators, and a client that waits for a slow answer must not hold one up.
    """

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets=sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self.on_tick(0)
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop every connection, whatever it waits for, and let its request end in silence."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the server's end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


class Server:
    """An ASGI application on a port of this machine, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Loop | None = None

    def start(self, app: ASGIApp, port: int) -> int:
        """Start to serve; return the port when connections to it are answered.

        Args:
            app: the application.
            port: 0 for any free one.

        Raises:
            OSError: the port is taken, or not for us; the message names it.
            RuntimeError: it is already running, or the server did not come up.
        """
        if self._thread is not None:
            raise RuntimeError("the simulator is already running")
        listener = _listen(port)
        taken: int = listener.getsockname()[1]
        ready = threading.Event()
        self._server = _Loop(_configuration(app), ready)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener)), name="8x8 simulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            self.stop()
            raise RuntimeError("the simulator's server did not start")
        return taken

    def stop(self) -> None:
        """Stop to serve, dropping what is under way. Without effect when it is not running."""
        if self._thread is None:
            return
        if self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.stopping.set)
        self._thread.join(_STOP_SECONDS)
        self._thread = self._loop = self._server = None

    async def pause(self, seconds: float) -> None:
        """Sleep for some seconds, less when the server is stopped meanwhile."""
        if seconds > 0 and self._server is not None:
            await self._server.pause(seconds)

    async def _serve(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        with listener:
            if self._server is not None:
                await self._server.serve(sockets=[listener])


def _listen(port: int) -> socket.socket:
    """Return a bound socket, so that a port that is taken is the caller's error at once."""
    # Named as TCP, because asyncio turns Nagle's algorithm off only then (40 ms an answer).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # on Windows the option would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        number = error.errno if isinstance(error, OSError) else None
        message = f"the simulator cannot listen on {HOST}:{port}: {reason}"
        raise OSError(number, message) from error
    return listener


def _configuration(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=ReachableTransport,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )

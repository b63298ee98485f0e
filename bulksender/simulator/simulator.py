"""The simulator as its users hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from bulksender.simulator.app import build_app
from bulksender.simulator.faults import Fault, FaultPlan
from bulksender.simulator.prices import DEFAULT_PRICES, read_prices
from bulksender.simulator.receipts import DETAILS, Courier, receipt_of
from bulksender.simulator.records import AcceptedMessage, PostRecord
from bulksender.simulator.server import HOST, Server
from bulksender.simulator.settings import Clock, Settings
from bulksender.simulator.store import Store


def _now() -> datetime:
    return datetime.now(UTC)


class Simulator:
    """The 8x8 SMS API on this machine, over real HTTP; use it in a ``with`` statement.

    What it got is remembered over ``stop``, until the object goes.

    Args:
        port: 0 for any free one.
        api_key: the only key it takes.
        subaccount: the only sub-account there is.
        account: the only account there is.
        faults: what goes wrong, and when.
        reject: numbers, with or without ``+``, that are REJECTED, and with which description.
        export_lag: seconds until an accepted message appears in the log export.
        prices: the countries of the price list in the API's own form
            (``subAccounts[].outbound.countries``); None: a small built-in list.
        balance: amount and currency; None for an account that is not prepaid.
        clock: the present time, aware, in UTC; every time the simulator deals with comes from it.
        dlr_retries: seconds before each repetition of a delivery receipt that was not taken.
        latency: seconds before each answer to a batch POST.

    Raises:
        ValueError: ``prices`` has another form.
    """

    def __init__(
        self,
        port: int = 0,
        api_key: str = "simulator-key",
        subaccount: str = "simulator",
        account: str = "simulator",
        faults: Iterable[Fault] = (),
        reject: Mapping[str, str] | None = None,
        export_lag: float = 0.0,
        prices: Sequence[Mapping[str, object]] | None = None,
        balance: tuple[float, str] | None = (149309.79, "USD"),
        clock: Clock | None = None,
        dlr_retries: Sequence[float] = (1.0, 10.0, 30.0, 90.0),
        latency: float = 0.0,
    ) -> None:
        self.api_key = api_key
        self.subaccount = subaccount
        self.account = account
        self._port = port
        self._faults = FaultPlan(faults)
        self._store = Store()
        self._server = Server()
        self._settings = Settings(
            api_key=api_key,
            subaccount=subaccount,
            account=account,
            reject={number.removeprefix("+"): why for number, why in (reject or {}).items()},
            export_lag=export_lag,
            prices=DEFAULT_PRICES if prices is None else read_prices(prices),
            balance=balance,
            clock=clock or _now,
            latency=latency,
        )
        self._courier = Courier(dlr_retries)
        self._app = build_app(self._settings, self._store, self._faults, self._server.pause)

    def start(self) -> Self:
        """Start to serve; return when requests are answered.

        A simulator that is started again has the port it had before.

        Raises:
            OSError: the port is taken; the message names it.
            RuntimeError: it is already running.
        """
        self._port = self._server.start(self._app, self._port)
        self._courier.start()
        return self

    def stop(self) -> None:
        """Stop to serve, dropping what is under way. Without effect when it is not running."""
        self._server.stop()
        self._courier.stop()

    def __enter__(self) -> Self:
        """Start to serve."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop to serve."""
        self.stop()

    @property
    def base_url(self) -> str:
        """``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: it was never started, and has no port yet.
        """
        if self._port == 0:
            raise RuntimeError("the simulator has no port yet: start it first")
        return f"http://{HOST}:{self._port}"

    @property
    def posts(self) -> list[PostRecord]:
        """The batch POSTs so far, in order of arrival, whatever their answer; a snapshot."""
        return self._store.posts()

    @property
    def messages(self) -> list[AcceptedMessage]:
        """The messages accepted so far, in order; a snapshot."""
        return self._store.messages()

    @property
    def redirect_hits(self) -> int:
        """How many requests followed a REDIRECT fault."""
        return self._store.redirect_hits()

    @property
    def download_headers(self) -> list[dict[str, str]]:
        """The headers of each download of an export, keys included; names in lower case."""
        return self._store.download_headers()

    def deliver(
        self,
        umid: str,
        state: str = "delivered",
        *,
        detail: str | None = None,
        error_code: int | None = None,
        error_message: str | None = None,
    ) -> AcceptedMessage:
        """Bring a message into another state, and send a receipt where it asks for one.

        Receipts go to the message's ``dlrCallbackUrl``, while the simulator runs. Any state may
        follow any other: receipts can repeat and arrive out of order.

        Args:
            umid: the message.
            state: queued, rejected, sent, delivered, undelivered or read.
            detail: the receipt's ``status.detail``; None: the usual one of the state.
            error_code: an error code of the delivery receipts, 0 to 61.
            error_message: what it means.

        Raises:
            KeyError: there is no such message.
            ValueError: there is no such state.
        """
        if state not in DETAILS:
            raise ValueError(f"unknown state {state!r}: use one of {', '.join(DETAILS)}")
        message = self._store.change_message(
            umid,
            state=state,
            state_at=self._settings.clock(),
            detail=DETAILS[state] if detail is None else detail,
            error_code=error_code,
            error_message=error_message,
        )
        if message.dlr_callback_url is not None:
            self._courier.bring(message.dlr_callback_url, receipt_of(message, self._settings))
        return message

    def inject(self, fault: Fault) -> None:
        """Plan one more fault, after those that are already planned. Thread-safe."""
        self._faults.add(fault)

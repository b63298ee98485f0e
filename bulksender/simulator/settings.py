"""What a simulator was asked to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from bulksender.simulator.prices import PriceCountry

Clock = Callable[[], datetime]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a Simulator that its endpoints need; see there.

    ``reject`` has its numbers without ``+`` here.
    """

    api_key: str
    subaccount: str
    account: str
    reject: Mapping[str, str]
    export_lag: float
    prices: Sequence[PriceCountry]
    balance: tuple[float, str] | None
    clock: Clock
    latency: float

"""The price list, and what it says about one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bulksender.simulator.records import AcceptedMessage


class Price(msgspec.Struct, frozen=True):
    """The price of one SMS part."""

    amount: float
    currency: str


class PriceHni(msgspec.Struct, frozen=True):
    """A mobile network: country code and network code, as digits."""

    mcc: str
    mnc: str


class PriceOperator(msgspec.Struct, frozen=True, rename="camel"):
    """A mobile operator and its price."""

    operator_name: str
    operator_id: int
    hni: tuple[PriceHni, ...]
    price: Price


class PriceCountry(msgspec.Struct, frozen=True, rename={"alpha2_code": "alpha2Code"}):
    """A country and its operators.

    Attributes:
        alpha2_code: ISO 3166-1 alpha-2.
        country_name: in English.
        dialing_prefix: with ``+``.
        operators: at least one; the first one's price stands for messages to the country.
    """

    alpha2_code: str
    country_name: str = msgspec.field(name="countryName")
    dialing_prefix: str = msgspec.field(name="dialingPrefix")
    operators: tuple[PriceOperator, ...]


NO_PRICE: Final = Price(0.0, "USD")
"""What a message costs to a country that is not in the list."""


def read_prices(countries: Sequence[Mapping[str, object]]) -> tuple[PriceCountry, ...]:
    """Return a price list given in the API's own form.

    Args:
        countries: what stands in ``subAccounts[].outbound.countries`` of the API's answer.

    Raises:
        ValueError: it has another form.
    """
    try:
        return msgspec.convert(countries, tuple[PriceCountry, ...])
    except msgspec.ValidationError as error:
        raise ValueError(f"not a price list: {error}") from error


def country_of(message: AcceptedMessage, prices: Sequence[PriceCountry]) -> str | None:
    """Return the country a message goes to, as ISO 3166-1 alpha-2; None when it is not known.

    It is the one that the request named, or else that of the longest dialling prefix in the list.
    """
    if message.country is not None:
        return message.country.upper()
    number = "+" + message.destination.removeprefix("+")
    candidates = [country for country in prices if number.startswith(country.dialing_prefix)]
    country = max(candidates, key=lambda each: len(each.dialing_prefix), default=None)
    return country.alpha2_code if country is not None else None


def price_of(alpha2_code: str | None, prices: Sequence[PriceCountry]) -> Price:
    """Return what one part costs to a country; ``NO_PRICE`` when it is not in the list."""
    for country in prices:
        if country.alpha2_code == alpha2_code and country.operators:
            return country.operators[0].price
    return NO_PRICE


def _country(
    code: str, name: str, prefix: str, *operators: tuple[str, str, str, float]
) -> PriceCountry:
    """Return a country of operators given as name, MCC, MNC and price in USD."""
    return PriceCountry(
        code,
        name,
        prefix,
        tuple(
            PriceOperator(name, int(mcc + mnc.zfill(3)), (PriceHni(mcc, mnc),), Price(usd, "USD"))
            for name, mcc, mnc, usd in operators
        ),
    )


DEFAULT_PRICES: Final[tuple[PriceCountry, ...]] = (
    _country(
        "SG",
        "Singapore",
        "+65",
        ("SingTel", "525", "01", 0.0386),
        ("MobileOne", "525", "03", 0.0312),
        ("Starhub", "525", "05", 0.0367),
    ),
    _country(
        "MY", "Malaysia", "+60", ("Maxis", "502", "12", 0.0410), ("Celcom", "502", "19", 0.04)
    ),
    _country("ID", "Indonesia", "+62", ("Telkomsel", "510", "10", 0.0295)),
    _country("PH", "Philippines", "+63", ("Globe", "515", "02", 0.0145)),
    _country("TH", "Thailand", "+66", ("AIS", "520", "03", 0.0120)),
    _country("VN", "Vietnam", "+84", ("Viettel", "452", "04", 0.0450)),
    _country("HK", "Hong Kong", "+852", ("CSL", "454", "00", 0.0520)),
    _country("IN", "India", "+91", ("Airtel", "404", "10", 0.0035)),
    _country("AU", "Australia", "+61", ("Telstra", "505", "01", 0.0330)),
    _country("GB", "United Kingdom", "+44", ("EE", "234", "30", 0.0400)),
    _country("FR", "France", "+33", ("Orange", "208", "01", 0.0520)),
    _country("DE", "Germany", "+49", ("Telekom", "262", "01", 0.0750)),
    _country("US", "United States", "+1", ("T-Mobile", "310", "260", 0.0080)),
)
"""A small list for trying things out: round figures, nobody's real prices."""

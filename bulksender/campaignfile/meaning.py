"""What single values mean. Each function raises FormError with the value's key in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from bulksender.campaignfile.checking import FormError
from bulksender.errors import SettingsError, did_you_mean
from bulksender.regions import country_names, region_named
from bulksender.settings import check_source, duration

_SHORTEST_GRACE = timedelta(minutes=1)

Said = TypeVar("Said")
Meant = TypeVar("Meant")
Number = TypeVar("Number", int, float)


def at(key: str, meaning: Callable[[Said], Meant], said: Said) -> Meant:
    """What a value means; what is wrong with it is told with its place."""
    try:
        return meaning(said)
    except ValueError as error:
        raise FormError(key, str(error)) from error


def settled(key: str, check: Callable[[Said], Meant], said: Said) -> Meant:
    """What one of the checks of settings says of a value, told with its place."""
    try:
        return check(said)
    except SettingsError as error:
        raise FormError(key, str(error).removesuffix(" Correct --source.")) from error


def source(key: str, source: str | None) -> str | None:
    """A sender ID that 8x8 would take."""
    if source is not None:
        settled(key, check_source, source)
    return source


def length(key: str, said: str) -> timedelta:
    """A length of time, such as `2h`."""
    try:
        return duration(key, said)
    except SettingsError as error:
        raise FormError(key, str(error).removeprefix(f"{key} ")) from error


def grace(said: str) -> timedelta:
    """How long after its time a missed run is made up."""
    found = length("schedule.grace", said)
    if found < _SHORTEST_GRACE:
        raise FormError("schedule.grace", "give at least 1m: no timer comes on the very second.")
    return found


def country(said: str | None) -> str | None:
    """A country's code (ISO 3166-1 alpha-2), as a code or a name says it."""
    found = region_named(said) if said is not None else None
    if found == "":
        near = did_you_mean(said or "", country_names())
        raise FormError("country", f'there is no country "{said}".{near} Write it like "SG".')
    return found


def within(key: str, value: Number, least: int, most: int) -> Number:
    """A number that is neither too small nor too large."""
    if not least <= value <= most:
        raise FormError(key, f"{value:,} is out of range: {least:,} to {most:,}.")
    return value

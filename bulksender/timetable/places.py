"""Where a number is, as far as it matters for when it may get a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from msgspec import Struct

from bulksender.errors import SettingsError
from bulksender.timetable.numbering import Numbering, Said, numbering_of

BY_NUMBER = "by number"
BY_COUNTRY = "the country's, since the number does not say"
BY_CAMPAIGN = "the campaign's, since no time zone is known"


class Place(Struct, frozen=True):
    """What decides when a number may get a message; equal places are treated alike.

    `zones` are IANA names: a message waits until all of them are inside the window. `country` is
    ISO 3166-1 alpha-2, "" where it is not known. `how` says in words how the zones were chosen.
    """

    zones: tuple[str, ...]
    country: str
    how: str


class Places:
    """Finds the places of numbers; a number costs 0.1 to 4 µs, by its country.

    What a number says is told by phonenumbers, which zones a country has by the time zone
    database (zone.tab). A country's only zone is always used, since phonenumbers has a neighbour's
    in places (Paris for Algeria, whose clocks do not change). Where the number says no more than
    its country, all zones of the country count, and where no country is known, `timezone` does.
    Raises SettingsError if `timezone` is not a zone of the time zone database.
    """

    def __init__(self, timezone: str):
        if zone(timezone) is None:
            raise SettingsError(
                f'The time zone "{timezone}" is not known. Write one of the time zone database, '
                "such as Asia/Singapore."
            )
        self._timezone = timezone
        self._numberings: dict[str, Numbering] = {}
        self._by_code: dict[str, Place] = {}  # by + and three digits: no calling code has more
        self._by_said: dict[Said, Place] = {}

    def of(self, number: str) -> Place:
        """The place of a valid number in E.164 with +."""
        start = number[:4]
        place = self._by_code.get(start)
        if place is not None:
            return place
        numbering = self._numberings.get(start)
        if numbering is None:
            numbering = self._numberings[start] = numbering_of(start[1:])
            said = numbering.of_all()
            if said is not None:
                place = self._by_code[start] = self._place(said, numbering.everywhere)
                return place
        said = numbering.of(number)
        place = self._by_said.get(said)
        if place is None:
            place = self._by_said[said] = self._place(said, numbering.everywhere)
        return place

    def _place(self, said: Said, everywhere: tuple[str, ...]) -> Place:
        country = said.country
        own = _known(zones_by_country().get(country, ()))
        if len(own) == 1:
            return Place(own, country, BY_NUMBER)
        zones = _known(said.zones)
        if len(zones) == 1 or (zones and said.zones != everywhere):
            return Place(zones, country, BY_NUMBER)
        if own or zones:
            return Place(own or zones, country, BY_COUNTRY)
        return Place((self._timezone,), country, BY_CAMPAIGN)


@cache
def zone(name: str) -> ZoneInfo | None:
    """A time zone by its IANA name, or None where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of names
        return None


def _known(zones: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in zones if zone(name) is not None)


@cache
def zones_by_country() -> Mapping[str, tuple[str, ...]]:
    """The time zones of each country, from the time zone database's zone.tab.

    Source: https://data.iana.org/time-zones/tzdb/zone.tab
    """
    found: dict[str, tuple[str, ...]] = {}
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if not line.startswith("#"):
            country, _, name, *_ = line.split("\t")
            found[country] = (*found.get(country, ()), name)
    return found

"""Times as the 8x8 API reads and writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache

import msgspec


def wire_time(moment: datetime) -> str:
    """Return an aware time as the API writes it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=1024)
def parse_moment(value: str) -> datetime:
    """Return an ISO 8601 date and time with its offset as an aware time in UTC.

    Raises:
        ValueError: it is not such a time, or has no offset.
    """
    try:
        moment = msgspec.convert(value, datetime)
    except msgspec.ValidationError as error:
        raise ValueError("not an ISO 8601 date and time") from error
    if moment.tzinfo is None:
        raise ValueError("the offset from UTC is missing")
    return moment.astimezone(UTC)


def parse_export_bound(value: str, *, end: bool) -> datetime:
    """Return a ``from`` or ``to`` of a log export as an aware time in UTC.

    Both forms of the LogExportRequest schema are read: a date, and a date and time; a time without
    offset is UTC. The schema does not say which instant a bare date means: here it is the day's
    first instant as ``from`` and its last as ``to``, so that the default ``to`` ("today") covers
    today.

    Raises:
        ValueError: it is neither.
    """
    try:
        day = date.fromisoformat(value) if len(value) == len("yyyy-MM-dd") else None
        if day is not None:
            return datetime.combine(day, time.max if end else time.min, UTC)
        moment = msgspec.convert(value, datetime)
    except (ValueError, msgspec.ValidationError) as error:
        raise ValueError("neither yyyy-MM-dd nor an ISO 8601 date and time") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

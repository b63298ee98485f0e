"""A campaign's due times, for APScheduler."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apscheduler.triggers.base import BaseTrigger

from bulksender.periods import next_due
from bulksender.rules import Timing


class DueTrigger(BaseTrigger):  # type: ignore[misc]
    """Fires at each due time of a timing, once."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    def get_next_fire_time(self, previous_fire_time: Any, now: datetime) -> datetime | None:
        """The due time behind the last one at which it has fired, else behind `now`."""
        after: datetime = previous_fire_time or now
        found = next_due(self._timing, after.astimezone(UTC), 1)
        return found[0][1] if found else None

"""What the timetable's tests share: an owner's rules in all variety, and a judge of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from hypothesis import strategies as st

from bulksender.rules import Delivery, Pace
from bulksender.timetable import Lot, Place

MINUTE = timedelta(minutes=1)
UNITS = {
    "second": timedelta(seconds=1),
    "minute": MINUTE,
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
ZONES = (
    *("UTC", "Asia/Singapore", "Europe/London", "Europe/Berlin", "America/New_York"),
    *("America/Los_Angeles", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns"),
    *("America/Sao_Paulo", "America/Santiago", "Australia/Sydney", "Australia/Perth"),
    *("Australia/Lord_Howe", "Australia/Adelaide", "Asia/Kolkata", "Asia/Kathmandu"),
    *("Asia/Tehran", "Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Pacific/Kiritimati"),
    *("Pacific/Pago_Pago", "Pacific/Chatham", "Antarctica/Troll", "America/Nuuk"),
)
COUNTRIES = ("", "SG", "US", "GB", "DE", "AU", "BR", "TA")
DAYS_OF_NOTE = (
    *(date(2026, 3, 7), date(2026, 3, 28), date(2026, 10, 24), date(2026, 10, 31)),  # DST, north
    *(date(2026, 4, 4), date(2026, 10, 3), date(2027, 4, 3)),  # DST, south
    *(date(2028, 2, 24), date(2028, 2, 28), date(2027, 12, 28), date(2026, 12, 31)),
    *(date(2011, 12, 28), date(2026, 2, 17)),  # Samoa leaves out a day; Ramadan in Morocco
)


def place(*zones: str, country: str = "") -> Place:
    return Place(zones, country, "by number")


def allowed(where: Place, rules: Delivery, when: datetime) -> bool:
    """The rules as they are written, for one instant."""
    for name in where.zones:
        local = when.astimezone(ZoneInfo(name))
        if rules.opens is not None and rules.closes is not None:
            inside = rules.opens <= local.time() < rules.closes or (
                rules.closes == time.max and rules.opens <= local.time()
            )
            if not inside:
                return False
        if local.weekday() not in rules.days or local.date() in rules.closed:
            return False
        if rules.holidays and where.country in holidays.list_supported_countries():
            known = holidays.country_holidays(where.country, years=local.year)
            if local.date() in known:
                return False
    return True


def busiest(
    lots: Mapping[Place, Sequence[Lot]], taken: Mapping[datetime, int], unit: timedelta
) -> int:
    """The most messages in any half-open unit of time that holds one of the lots."""
    ours = {lot.due for found in lots.values() for lot in found if lot.due is not None}
    events = sorted(
        [(lot.due, lot.messages) for found in lots.values() for lot in found if lot.due is not None]
        + list(taken.items())
    )
    most = 0
    for at, (start, _) in enumerate(events):
        inside = messages = 0
        for due, number in events[at:]:
            if due >= start + unit:
                break
            messages += number
            inside += due in ours
        most = max(most, messages if inside else 0)
    return most


@st.composite
def nows(draw: st.DrawFn) -> datetime:
    day = draw(st.sampled_from(DAYS_OF_NOTE) | st.dates(date(2026, 1, 1), date(2030, 1, 1)))
    after = draw(st.integers(0, 86_399))
    midnight = datetime.combine(day, time(), UTC)
    return midnight + timedelta(seconds=after, microseconds=draw(st.sampled_from([0, 1, 999_999])))


@st.composite
def deliveries(draw: st.DrawFn, paced: bool | None = None, step: int = 1) -> Delivery:
    """Rules; the window begins and ends on multiples of `step` minutes."""
    opens, closes = None, None
    if draw(st.booleans()) or draw(st.booleans()):
        first = draw(st.integers(0, 1_439 // step)) * step
        last = draw(st.integers(first // step + 1, 1_440 // step)) * step
        opens = time(first // 60, first % 60)
        closes = time.max if last == 1_440 else time(last // 60, last % 60)
    with_pace = draw(st.booleans()) if paced is None else paced
    closed = st.dates(date(2026, 1, 1), date(2030, 1, 1)) | st.sampled_from(DAYS_OF_NOTE)
    return Delivery(
        opens=opens,
        closes=closes,
        days=tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))
        if draw(st.booleans())
        else (0, 1, 2, 3, 4, 5, 6),
        holidays=draw(st.booleans()),
        closed=tuple(draw(st.lists(closed, max_size=3))),
        pace=Pace(
            draw(st.integers(1, 60)), draw(st.sampled_from(["second", "minute", "hour", "day"]))
        )
        if with_pace
        else None,
    )


PLACES = st.builds(
    lambda zones, country: place(*zones, country=country),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True),
    st.sampled_from(COUNTRIES),
)
COUNTS = st.dictionaries(PLACES, st.integers(0, 80), min_size=1, max_size=5)


@st.composite
def takens(draw: st.DrawFn, now: datetime) -> dict[datetime, int]:
    """What was scheduled before, on whole minutes or anywhere."""
    near = st.integers(-86_400, 3 * 86_400)
    grid = draw(st.sampled_from([1, 60, 900]))
    start = now.replace(microsecond=0, second=0, minute=0)
    return {
        start + timedelta(seconds=at // grid * grid): draw(st.integers(1, 30))
        for at in draw(st.lists(near, max_size=6))
    }

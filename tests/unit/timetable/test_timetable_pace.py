"""How messages are spread where there is a pace: evenly, by who can wait least, never above it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from timetable_worlds import UNITS, busiest, place

from bulksender.rules import Delivery, Pace
from bulksender.timetable import DoesNotFit, Lot, Place, lay

SINGAPORE = place("Asia/Singapore", country="SG")
LONDON = place("Europe/London", country="GB")
HOUR = timedelta(hours=1)
NOW = datetime(2026, 5, 4, 0, 0, 30, tzinfo=UTC)  # a Monday, 8:00 in Singapore
FIRST = datetime(2026, 5, 4, 0, 10, tzinfo=UTC)


def working(messages: int, unit: str, opens: int = 9, closes: int = 20) -> Delivery:
    return Delivery(opens=time(opens), closes=time(closes), pace=pace(messages, unit))


def pace(messages: int, unit: str) -> Pace:
    return Pace(messages, unit)  # type: ignore[arg-type]


def by_time(lots: dict[Place, list[Lot]]) -> dict[datetime, int]:
    found: Counter[datetime] = Counter()
    for lot in (lot for lots_of_place in lots.values() for lot in lots_of_place):
        assert lot.due is not None
        found[lot.due] += lot.messages
    return dict(sorted(found.items()))


def test_an_hours_messages_are_spread_over_its_slots() -> None:
    found = by_time(lay({SINGAPORE: 2_000}, Delivery(pace=pace(500, "hour")), NOW))
    assert list(found) == [FIRST + timedelta(minutes=5) * slot for slot in range(48)]
    assert set(found.values()) == {41, 42}
    assert sum(list(found.values())[7:19]) == 500


def test_a_slow_pace_sends_the_first_message_as_soon_as_it_can() -> None:
    found = by_time(lay({SINGAPORE: 3}, Delivery(pace=pace(1, "hour")), NOW))
    assert found == {FIRST: 1, FIRST + HOUR: 1, FIRST + 2 * HOUR: 1}


@pytest.mark.parametrize(("unit", "seconds"), [("second", 1), ("minute", 60)])
def test_a_short_unit_is_a_slot(unit: str, seconds: int) -> None:
    found = by_time(lay({SINGAPORE: 100}, Delivery(pace=pace(40, unit)), NOW))
    first = min(found)
    assert NOW + timedelta(minutes=5) <= first < NOW + timedelta(minutes=5, seconds=seconds)
    step = timedelta(seconds=seconds)
    assert found == {first: 40, first + step: 40, first + 2 * step: 20}


def test_a_days_messages_are_spread_over_the_open_part_of_the_day() -> None:
    found = by_time(lay({SINGAPORE: 880}, working(440, "day"), NOW))
    assert set(found.values()) == {10}
    assert len(found) == 88
    assert {due.date().day for due in found} == {4, 5}
    assert min(found) == datetime(2026, 5, 4, 1, tzinfo=UTC)


def test_a_day_begun_in_the_middle_holds_no_more_than_a_day() -> None:
    rules, now = working(440, "day"), datetime(2026, 5, 4, 7, tzinfo=UTC)
    lots = lay({SINGAPORE: 1_500}, rules, now)
    assert busiest(lots, {}, UNITS["day"]) == 440


def test_what_was_scheduled_before_counts() -> None:
    rules = Delivery(pace=pace(12, "hour"))
    before = {FIRST + timedelta(minutes=5 * slot): 1 for slot in range(6)}
    lots = lay({SINGAPORE: 30}, rules, NOW, before)
    assert busiest(lots, before, HOUR) == 12
    full = {FIRST + timedelta(minutes=20, seconds=7): 12}
    later = lay({SINGAPORE: 1}, rules, NOW, full)
    assert later[SINGAPORE] == [Lot(FIRST + timedelta(minutes=85), 1)]


def test_more_scheduled_than_the_pace_allows_is_waited_out() -> None:
    rules = Delivery(pace=pace(10, "hour"))
    [first, *_] = lay({SINGAPORE: 20}, rules, NOW, {FIRST - timedelta(minutes=5): 500})[SINGAPORE]
    assert first.due == FIRST + timedelta(minutes=55)


def test_what_was_scheduled_long_ago_does_not_count() -> None:
    rules = Delivery(pace=pace(10, "hour"))
    lots = lay({SINGAPORE: 20}, rules, NOW, {FIRST - HOUR: 10})
    assert lots == lay({SINGAPORE: 20}, rules, NOW)


def test_who_can_wait_least_is_served_first() -> None:
    everywhere = place("UTC")
    narrow = place("Asia/Singapore", "Europe/Paris")  # 15:00 to 20:00 in Singapore
    rules = Delivery(opens=time(9), closes=time(20), pace=pace(60, "hour"))
    now = datetime(2026, 5, 4, 6, tzinfo=UTC)
    lots = lay({everywhere: 2_000, narrow: 7 * 60}, rules, now)
    in_narrow = [lot for lot in lots[everywhere] if 7 <= (lot.due or now).hour < 12]
    assert max(lot.due or now for lot in lots[narrow]) < min(
        lot.due or now for lot in in_narrow if (lot.due or now).hour >= 9
    )
    assert busiest(lots, {}, HOUR) <= 60


def test_a_few_elsewhere_do_not_slow_the_others_down_for_good() -> None:
    lots = lay({LONDON: 5, SINGAPORE: 3_000}, working(1_000, "day"), NOW)
    assert max(lot.due or NOW for lot in lots[SINGAPORE]) < NOW + timedelta(days=4)


def test_messages_go_closer_together_where_they_would_not_fit_else() -> None:
    mondays = Delivery(opens=time(9), closes=time(10), days=(0,), pace=pace(1_000, "day"))
    counts = {SINGAPORE: 900, LONDON: 100}
    found = lay(counts, mondays, NOW)
    assert {where: sum(lot.messages for lot in lots) for where, lots in found.items()} == counts
    assert [lot.messages for lot in found[SINGAPORE]] == [250, 250, 250, 150]
    assert busiest(found, {}, UNITS["day"]) == 1_000


def test_a_window_shorter_than_a_slot_has_slots_all_the_same() -> None:
    rules = Delivery(opens=time(9, 7), closes=time(9, 9), pace=pace(10, "day"))
    found = by_time(lay({SINGAPORE: 20}, rules, NOW))
    assert {(due.hour, due.minute) for due in found} == {(1, 7), (1, 8)}
    assert set(found.values()) == {5}


def test_exactly_what_fits_into_a_week_fits() -> None:
    rules = working(500, "hour")
    lots = lay({SINGAPORE: 38_500}, rules, NOW)
    assert sum(lot.messages for lot in lots[SINGAPORE]) == 38_500
    with pytest.raises(DoesNotFit) as refused:
        lay({SINGAPORE: 50_000}, rules, NOW)
    assert str(refused.value) == (
        "At 500/hour within 09:00-20:00, 38,500 of 50,000 messages fit into the 7 days that 8x8 "
        "schedules ahead. Raise the pace, widen the window or split the sheet."
    )
    assert refused.value.fit == 38_500
    assert refused.value.places == (SINGAPORE,)


def test_without_a_window_there_is_none_to_widen() -> None:
    with pytest.raises(DoesNotFit, match=r"At 1/day, 7 of 8 messages .* Raise the pace or split"):
        lay({SINGAPORE: 8}, Delivery(pace=pace(1, "day")), NOW)


def test_a_window_until_midnight_is_told_as_such() -> None:
    rules = Delivery(opens=time(20), closes=time.max, pace=pace(1, "day"))
    with pytest.raises(DoesNotFit, match="within 20:00-24:00"):
        lay({SINGAPORE: 8}, rules, NOW)


def test_a_million_messages_in_many_places_are_all_laid() -> None:
    places = [
        place(f"Etc/GMT{east:+}", country=country)
        for east in range(-12, 12)
        for country in ("SG", "US", "GB", "DE", "FR", "BR", "AU", "JP", "IN", "ZA")
    ]
    rules = Delivery(
        opens=time(9), closes=time(20), days=(0, 1, 2, 3, 4), holidays=True, pace=pace(20, "second")
    )
    counts = dict.fromkeys(places, 4_000)
    lots = lay(counts, rules, NOW)
    assert {where: sum(lot.messages for lot in found) for where, found in lots.items()} == counts
    assert max(by_time(lots).values()) == 20

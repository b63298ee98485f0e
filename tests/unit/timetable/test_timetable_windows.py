"""When messages go out without a pace: the first time that is allowed everywhere they may be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from timetable_worlds import place

from bulksender.errors import ExitCode, Refused
from bulksender.rules import Delivery
from bulksender.timetable import DoesNotFit, Lot, Place, Places, lay, may_go

WORKING = Delivery(opens=time(9), closes=time(20))
SINGAPORE = place("Asia/Singapore", country="SG")
NEW_YORK = place("America/New_York", country="US")
LONDON = place("Europe/London", country="GB")


def at(zone: str, *when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[arg-type, misc]


def due(where: Place, rules: Delivery, now: datetime) -> datetime | None:
    [lot] = lay({where: 3}, rules, now)[where]
    assert lot.messages == 3
    return lot.due


def test_without_rules_everything_goes_at_once() -> None:
    now = at("UTC", 2026, 5, 6, 3, 4, 5)
    counts = {SINGAPORE: 5, place("Mars/Olympus"): 2, LONDON: 0}
    assert lay(counts, Delivery(), now) == {
        SINGAPORE: [Lot(None, 5)],
        place("Mars/Olympus"): [Lot(None, 2)],
        LONDON: [],
    }


def test_nothing_to_send_needs_no_time() -> None:
    assert lay({}, WORKING, at("UTC", 2026, 5, 6)) == {}


def test_each_place_waits_for_its_own_morning() -> None:
    places = Places("UTC")
    now = at("UTC", 2026, 5, 6, 10)
    rules = WORKING
    assert due(places.of("+447400123456"), rules, now) is None  # 11:00
    assert due(places.of("+12125552671"), rules, now) == at("America/New_York", 2026, 5, 6, 9)
    assert due(places.of("+14155552671"), rules, now) == at("America/Los_Angeles", 2026, 5, 6, 9)
    assert due(places.of("+819012345678"), rules, now) is None  # 19:00
    assert due(places.of("+64211234567"), rules, now) == at("Pacific/Auckland", 2026, 5, 7, 9)


def test_an_australian_mobile_waits_until_it_is_morning_in_perth_too() -> None:
    mobile = Places("UTC").of("+61412345678")
    found = due(mobile, WORKING, at("Australia/Sydney", 2026, 7, 6, 8))
    assert found == at("Australia/Perth", 2026, 7, 6, 9)
    evening = due(mobile, WORKING, at("Australia/Sydney", 2026, 7, 6, 20, 30))
    assert evening == at("Australia/Perth", 2026, 7, 7, 9)


def test_at_once_is_only_where_it_stays_allowed_for_a_quarter_of_an_hour() -> None:
    assert due(SINGAPORE, WORKING, at("Asia/Singapore", 2026, 5, 6, 19, 45)) is None
    closing = due(SINGAPORE, WORKING, at("Asia/Singapore", 2026, 5, 6, 19, 45, 1))
    assert closing == at("Asia/Singapore", 2026, 5, 6, 19, 51)
    late = due(SINGAPORE, WORKING, at("Asia/Singapore", 2026, 5, 6, 19, 55))
    assert late == at("Asia/Singapore", 2026, 5, 7, 9)


def test_a_window_begins_with_its_first_second_and_ends_before_its_last() -> None:
    opens, closes = (at("Asia/Singapore", 2026, 5, 6, hour) for hour in (9, 20))
    second = timedelta(seconds=1)
    assert may_go(SINGAPORE, WORKING, opens)
    assert not may_go(SINGAPORE, WORKING, opens - second)
    assert may_go(SINGAPORE, WORKING, closes - second)
    assert not may_go(SINGAPORE, WORKING, closes)


def test_a_window_that_opens_in_a_minute_is_waited_for_with_the_lead() -> None:
    now = at("Asia/Singapore", 2026, 5, 6, 8, 59)
    assert due(SINGAPORE, WORKING, now) == at("Asia/Singapore", 2026, 5, 6, 9, 4)


def test_a_window_may_end_at_midnight() -> None:
    rules = Delivery(opens=time(22), closes=time.max)
    assert due(SINGAPORE, rules, at("Asia/Singapore", 2026, 5, 6, 23, 45)) is None
    found = due(SINGAPORE, rules, at("Asia/Singapore", 2026, 5, 6, 23, 54, 30))
    assert found == at("Asia/Singapore", 2026, 5, 7, 22)
    last = at("Asia/Singapore", 2026, 5, 6, 23, 59, 59) + timedelta(microseconds=999_999)
    assert may_go(SINGAPORE, rules, last)
    assert not may_go(SINGAPORE, rules, last + timedelta(microseconds=1))


def test_a_whole_day_goes_over_into_the_next() -> None:
    rules = Delivery(opens=time(0), closes=time.max)
    assert due(SINGAPORE, rules, at("Asia/Singapore", 2026, 5, 6, 23, 59)) is None


def test_days_that_are_not_allowed_are_waited_out() -> None:
    weekdays = Delivery(opens=time(9), closes=time(20), days=(0, 1, 2, 3, 4))
    saturday = at("Asia/Singapore", 2026, 5, 9, 10)
    assert due(SINGAPORE, weekdays, saturday) == at("Asia/Singapore", 2026, 5, 11, 9)
    closed = Delivery(days=(0, 1, 2, 3, 4), closed=(date(2026, 5, 11),))
    assert due(SINGAPORE, closed, saturday) == at("Asia/Singapore", 2026, 5, 12, 0)


@pytest.mark.parametrize(
    ("where", "holiday", "then"),
    [
        (SINGAPORE, date(2026, 5, 1), date(2026, 5, 2)),  # Labour Day
        (SINGAPORE, date(2026, 8, 10), date(2026, 8, 11)),  # National Day fell on a Sunday
        (NEW_YORK, date(2026, 11, 26), date(2026, 11, 27)),  # Thanksgiving
        (NEW_YORK, date(2027, 12, 31), date(2028, 1, 2)),  # New Year's Day falls on a Saturday
    ],
)
def test_public_holidays_of_the_country_are_waited_out(
    where: Place, holiday: date, then: date
) -> None:
    [zone] = where.zones
    now = at(zone, holiday.year, holiday.month, holiday.day, 10)
    kept = Delivery(opens=time(9), closes=time(20), holidays=True)
    assert due(where, WORKING, now) is None
    assert due(where, kept, now) == at(zone, then.year, then.month, then.day, 9)
    assert due(place(zone, country="TA"), kept, now) is None  # nobody knows its holidays
    assert due(place(zone), kept, now) is None


def test_a_holiday_of_one_country_does_not_keep_another() -> None:
    kept = Delivery(holidays=True)
    now = at("America/New_York", 2026, 11, 26, 10)
    lots = lay({NEW_YORK: 1, place("America/New_York", country="CA"): 1}, kept, now)
    assert [found[0].due is None for found in lots.values()] == [False, True]


def test_a_leap_day_is_a_day() -> None:
    only_tuesday = Delivery(opens=time(9), closes=time(20), days=(1,))
    now = at("Asia/Singapore", 2028, 2, 26, 10)
    assert due(SINGAPORE, only_tuesday, now) == at("Asia/Singapore", 2028, 2, 29, 9)
    closed = Delivery(opens=time(9), closes=time(20), closed=(date(2028, 2, 29),))
    evening = at("Asia/Singapore", 2028, 2, 28, 21)
    assert due(SINGAPORE, closed, evening) == at("Asia/Singapore", 2028, 3, 1, 9)


def test_the_clocks_are_those_of_the_day_itself() -> None:
    evening = at("America/New_York", 2026, 3, 7, 21)  # the clocks change that night
    found = due(NEW_YORK, WORKING, evening)
    assert found == datetime(2026, 3, 8, 13, tzinfo=UTC)
    sydney = place("Australia/Sydney", country="AU")
    found = due(sydney, WORKING, at("Australia/Sydney", 2026, 4, 4, 21))
    assert found == datetime(2026, 4, 4, 23, tzinfo=UTC)


def test_an_hour_that_the_clocks_leave_out_is_waited_for_a_day_longer() -> None:
    rules = Delivery(opens=time(2, 15), closes=time(2, 45))
    evening = at("America/New_York", 2026, 3, 7, 21)
    assert due(NEW_YORK, rules, evening) == at("America/New_York", 2026, 3, 9, 2, 15)


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    rules = Delivery(opens=time(1, 10), closes=time(1, 50))
    first = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
    assert due(NEW_YORK, rules, datetime(2026, 11, 1, 2, tzinfo=UTC)) == first
    between = datetime(2026, 11, 1, 5, 55, tzinfo=UTC)
    assert not may_go(NEW_YORK, rules, between)
    assert due(NEW_YORK, rules, between) == first + timedelta(hours=1)


def test_a_day_that_a_country_leaves_out_is_not_waited_for() -> None:
    samoa = place("Pacific/Apia", country="WS")  # 2011-12-30, a Friday, never came
    rules = Delivery(opens=time(9), closes=time(20), days=(4, 5))
    found = due(samoa, rules, datetime(2011, 12, 29, 22, tzinfo=UTC))
    assert found == datetime(2011, 12, 30, 19, tzinfo=UTC)
    assert found is not None
    assert found.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)


def test_zones_that_this_machine_does_not_know_do_not_count() -> None:
    now = at("Asia/Tokyo", 2026, 5, 6, 3)
    rules = Delivery(timezone="Asia/Tokyo", opens=time(9), closes=time(20))
    assert due(place("Mars/Olympus"), rules, now) == at("Asia/Tokyo", 2026, 5, 6, 9)
    some = place("Mars/Olympus", "Asia/Singapore")
    assert due(some, rules, now) == at("Asia/Singapore", 2026, 5, 6, 9)


def test_zones_that_are_never_open_together_are_refused_by_name_and_count() -> None:
    apart = place("Asia/Singapore", "America/New_York")
    with pytest.raises(DoesNotFit) as refused:
        lay({apart: 1_200, LONDON: 5_000}, WORKING, at("UTC", 2026, 5, 6, 10))
    assert str(refused.value) == (
        "1,200 of 6,200 messages have no allowed time within 09:00-20:00 in the 7 days that 8x8 "
        "schedules ahead: 1,200 of them are for numbers that may be in any of 2 time zones "
        "(Asia/Singapore, America/New_York), which are never allowed at the same time. Widen the "
        "window, allow more days, or leave their rows out of the sheet."
    )
    assert refused.value.fit == 5_000
    assert refused.value.places == (apart,)
    assert isinstance(refused.value, Refused)
    assert refused.value.exit_code == ExitCode.REFUSED


def test_only_the_first_of_many_zones_are_named() -> None:
    toll_free = Places("UTC").of("+18005552671")
    morning = Delivery(opens=time(9), closes=time(10))
    with pytest.raises(DoesNotFit, match=r"any of 29 time zones \(([\w/]+, ){5}…\)"):
        lay({toll_free: 1}, morning, at("UTC", 2026, 5, 6, 10))


def test_a_week_without_an_allowed_day_is_refused() -> None:
    days = tuple(date(2026, 5, 6) + timedelta(days=number) for number in range(10))
    rules = Delivery(closed=days)
    with pytest.raises(DoesNotFit, match="9 of them are for the time zone Asia/Singapore"):
        lay({SINGAPORE: 9, LONDON: 2}, rules, at("UTC", 2026, 5, 6, 10))


def test_nothing_is_due_later_than_8x8_schedules_ahead() -> None:
    rules = Delivery(opens=time(9), closes=time(9, 30), days=(2,))
    wednesday = at("Asia/Singapore", 2026, 5, 6, 9, 20)  # the next one opens 20 minutes too early
    found = due(SINGAPORE, rules, wednesday)
    assert found == at("Asia/Singapore", 2026, 5, 6, 9, 25)
    late = at("Asia/Singapore", 2026, 5, 6, 9, 26)
    assert due(SINGAPORE, rules, late) == at("Asia/Singapore", 2026, 5, 13, 9)
    single = Delivery(opens=time(9, 25), closes=time(9, 30), days=(2,))
    with pytest.raises(DoesNotFit):  # 9:25 in a week is 6 days, 23 hours and 59 minutes ahead
        lay({SINGAPORE: 1}, single, at("Asia/Singapore", 2026, 5, 6, 9, 26))

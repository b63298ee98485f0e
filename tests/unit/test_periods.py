"""Periods share out all of time, and each has one due time, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulksender.errors import SettingsError
from bulksender.periods import (
    begins,
    check_key,
    due,
    following,
    key,
    last_due,
    next_due,
    previous,
)
from bulksender.rules import PeriodKind, Timing

ZONES = (
    *("UTC", "Asia/Singapore", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati"),
    *("America/New_York", "Europe/London", "Europe/Dublin", "Africa/Casablanca"),
    *("Australia/Lord_Howe", "America/Nuuk", "America/Santiago", "Asia/Beirut", "Pacific/Apia"),
    *("America/Havana", "Asia/Gaza", "Pacific/Chatham", "America/St_Johns"),
)
KINDS: tuple[PeriodKind, ...] = ("monthly", "weekly", "daily")

# Since 2012 no zone has skipped a whole day, as Samoa did in 2011: two runs are due at once then.
moments = st.datetimes(datetime(2012, 1, 9), datetime(2045, 1, 1), timezones=st.just(UTC))
times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
timings = st.builds(
    Timing,
    period=st.sampled_from(KINDS),
    timezone=st.sampled_from(ZONES),
    time=times,
    day=st.integers(1, 31),
    weekday=st.integers(0, 6),
)


def timing(period: PeriodKind, zone: str, at: str, day: int = 1, weekday: int = 0) -> Timing:
    return Timing(
        period=period, timezone=zone, time=time.fromisoformat(at), day=day, weekday=weekday
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(timings, moments)
def test_every_instant_lies_in_the_one_period_that_its_key_names(
    timing: Timing, moment: datetime
) -> None:
    found = key(timing, moment)
    behind = following(timing, found)
    assert behind is not None
    assert begins(timing, found) <= moment < begins(timing, behind)
    assert check_key(timing, found) == found
    assert previous(timing, behind) == found


@given(timings, moments)
def test_a_period_begins_with_its_first_instant(timing: Timing, moment: datetime) -> None:
    found = key(timing, moment)
    start = begins(timing, found)
    assert key(timing, start) == found
    before = key(timing, start - timedelta(microseconds=1))
    assert before < found
    assert previous(timing, found) == before


@given(timings, moments)
def test_a_run_is_due_in_its_own_period_or_where_the_gap_ends(
    timing: Timing, moment: datetime
) -> None:
    found = key(timing, moment)
    when = due(timing, found)
    local = when.astimezone(ZoneInfo(timing.timezone))
    shown = local.replace(tzinfo=None, fold=0)
    nominal = datetime.combine(shown.date(), timing.time)
    if shown == nominal and local.fold == 0:
        assert begins(timing, found) <= when
        assert key(timing, when) == found
    else:
        just_before = (when - timedelta(microseconds=1)).astimezone(local.tzinfo)
        assert just_before.replace(tzinfo=None) < shown - timedelta(microseconds=1)
        assert begins(timing, found) <= when <= begins(timing, following(timing, found) or "")


@given(timings, moments, st.integers(1, 20))
def test_next_and_last_due_agree(timing: Timing, moment: datetime, count: int) -> None:
    runs = next_due(timing, moment, count)
    assert len(runs) == count
    assert all(due(timing, found) == when > moment for found, when in runs)
    assert all(first[1] < second[1] for first, second in pairwise(runs))
    assert [following(timing, found) for found, _ in runs[:-1]] == [found for found, _ in runs[1:]]
    for found, when in runs:
        assert last_due(timing, when) == (found, when)
    before = last_due(timing, moment)
    assert before is not None
    assert before[1] <= moment
    assert following(timing, before[0]) == runs[0][0]
    assert last_due(timing, runs[0][1] - timedelta(microseconds=1)) == before


@settings(max_examples=40)
@given(timings, st.integers(2013, 2040))
def test_a_year_has_twelve_months_and_every_week_and_day_is_due_once(
    timing: Timing, year: int
) -> None:
    zone = ZoneInfo(timing.timezone)
    start = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC) - timedelta(days=9)
    runs = next_due(timing, start, 400)
    of_year = {
        found: when for found, when in runs if found.startswith(str(year)) and found[4] == "-"
    }
    days = {
        "monthly": {12},
        "weekly": {52, 53},
        "daily": {365, 366},
    }
    assert len(of_year) in days[timing.period]
    assert len(set(of_year.values())) == len(of_year)


@given(timings, moments)
def test_the_day_is_the_one_asked_for_or_the_months_last(timing: Timing, moment: datetime) -> None:
    when = due(timing, key(timing, moment)).astimezone(ZoneInfo(timing.timezone))
    if when.time() != timing.time:
        assert when.utcoffset() != (when - timedelta(hours=30)).utcoffset()
    elif timing.period == "monthly":
        last = (when + timedelta(days=1)).day == 1
        assert when.day == timing.day or (last and when.day < timing.day)
    elif timing.period == "weekly":
        assert when.weekday() == timing.weekday


@pytest.mark.parametrize(
    ("period", "expected"),
    [("monthly", "2026-11"), ("weekly", "2026-W48"), ("daily", "2026-11-23")],
)
def test_keys_are_written_as_people_write_periods(period: PeriodKind, expected: str) -> None:
    asked = timing(period, "Asia/Singapore", "09:00")
    assert key(asked, utc("2026-11-22T16:00")) == expected
    assert key(asked, utc("2026-10-31T15:59")) < expected


def test_the_days_around_new_year_lie_in_the_iso_weeks_year() -> None:
    weekly = timing("weekly", "UTC", "09:00", weekday=4)
    assert key(weekly, utc("2027-01-02T00:00")) == "2026-W53"
    assert due(weekly, "2026-W53") == utc("2027-01-01T09:00")
    assert following(weekly, "2026-W53") == "2027-W01"


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (29, ["2027-01-29", "2027-02-28", "2027-03-29", "2028-02-29"]),
        (30, ["2027-01-30", "2027-02-28", "2027-03-30", "2028-02-29"]),
        (31, ["2027-01-31", "2027-02-28", "2027-03-31", "2028-02-29"]),
    ],
)
def test_a_shorter_month_has_its_last_day(day: int, expected: list[str]) -> None:
    monthly = timing("monthly", "UTC", "00:00", day)
    months = ("2027-01", "2027-02", "2027-03", "2028-02")
    assert [due(monthly, month) for month in months] == [utc(each) for each in expected]


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        ("America/New_York", "02:30", "2027-03-14", "2027-03-14T07:00"),  # skipped: 03:00 EDT
        ("America/New_York", "02:00", "2027-03-14", "2027-03-14T07:00"),
        ("America/New_York", "03:00", "2027-03-14", "2027-03-14T07:00"),
        ("America/New_York", "01:30", "2027-11-07", "2027-11-07T05:30"),  # twice: first EDT
        ("Europe/Dublin", "01:30", "2027-03-28", "2027-03-28T01:00"),
        ("Europe/Dublin", "01:30", "2027-10-31", "2027-10-31T00:30"),
        ("Australia/Lord_Howe", "02:15", "2027-10-03", "2027-10-02T15:30"),  # half an hour
        ("America/Nuuk", "23:30", "2027-03-27", "2027-03-28T01:00"),  # the gap ends the day
        ("America/Santiago", "00:30", "2027-09-05", "2027-09-05T04:00"),  # there is no midnight
        ("Pacific/Apia", "09:00", "2011-12-30", "2011-12-30T10:00"),  # there is no such day
    ],
)
def test_due_times_where_the_clocks_are_changed(
    zone: str, at: str, day: str, expected: str
) -> None:
    assert due(timing("daily", zone, at), day) == utc(expected)


def test_a_second_is_not_lost_where_the_clocks_are_changed() -> None:
    assert due(timing("daily", "America/New_York", "02:59:59.999999"), "2027-03-14") == utc(
        "2027-03-14T07:00"
    )


def test_a_run_that_falls_behind_its_own_day_is_not_forgotten() -> None:
    nuuk = timing("daily", "America/Nuuk", "23:30")
    end = utc("2027-03-28T01:00")
    assert last_due(nuuk, end) == ("2027-03-27", end)
    assert next_due(nuuk, end - timedelta(seconds=1), 1) == [("2027-03-27", end)]


def test_a_campaign_that_runs_once() -> None:
    once = Timing(period="once", timezone="Asia/Singapore", time=time(9), date=date(2026, 12, 24))
    when = utc("2026-12-24T01:00")
    assert key(once, utc("2020-01-01")) == "once"
    assert check_key(once, " Once ") == "once"
    assert begins(once, "once") == datetime.min.replace(tzinfo=UTC)
    assert due(once, "once") == when
    assert last_due(once, when) == ("once", when)
    assert last_due(once, when - timedelta(seconds=1)) is None
    assert next_due(once, when - timedelta(seconds=1), 5) == [("once", when)]
    assert next_due(once, when, 5) == []
    assert following(once, "once") is previous(once, "once") is None


def test_a_campaign_that_runs_once_needs_its_date() -> None:
    with pytest.raises(SettingsError, match="needs the date"):
        due(Timing(period="once", timezone="UTC", time=time(9)), "once")


def test_a_time_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match='no time zone "Asia/Singapur"'):
        due(timing("daily", "Asia/Singapur", "09:00"), "2026-11-23")
    with pytest.raises(SettingsError, match="no time zone"):
        due(timing("daily", "../etc/passwd", "09:00"), "2026-11-23")


@pytest.mark.parametrize(
    ("period", "text", "expected"),
    [
        ("monthly", "2026-11", "2026-11"),
        ("monthly", " 2026-3 ", "2026-03"),
        ("weekly", "2026-W48", "2026-W48"),
        ("weekly", "2026w8", "2026-W08"),
        ("daily", "2026-11-3", "2026-11-03"),
        ("daily", "2028-02-29", "2028-02-29"),
    ],
)
def test_a_period_may_be_typed_carelessly(period: PeriodKind, text: str, expected: str) -> None:
    assert check_key(timing(period, "UTC", "09:00"), text) == expected


@pytest.mark.parametrize(
    ("period", "text", "such"),
    [
        ("monthly", "2026-13", "a month such as 2026-11"),
        ("monthly", "2026-00", "a month such as 2026-11"),
        ("monthly", "2026-11-23", "a month such as 2026-11"),
        ("monthly", "November", "a month such as 2026-11"),
        ("monthly", "２０２６-１１", "a month such as 2026-11"),
        ("monthly", "", "a month such as 2026-11"),
        ("monthly", "9999-12", "a month such as 2026-11"),
        ("weekly", "2027-W53", "an ISO week such as 2026-W48"),
        ("weekly", "2026-48", "an ISO week such as 2026-W48"),
        ("daily", "2027-02-29", "a day such as 2026-11-23"),
        ("daily", "0001-01-01", "a day such as 2026-11-23"),
        ("once", "2026", 'one period, the word "once"'),
    ],
)
def test_a_period_that_is_none_says_how_it_is_written(
    period: PeriodKind, text: str, such: str
) -> None:
    with pytest.raises(SettingsError) as error:
        check_key(timing(period, "UTC", "09:00"), text)
    assert such in str(error.value)
    assert f'--period "{text}"' in str(error.value)

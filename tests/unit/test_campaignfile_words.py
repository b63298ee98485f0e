"""Times of day, weekdays, windows, paces and places, as people write them in a campaign's file."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulksender.campaignfile import words
from bulksender.rules import WEEKDAYS, Pace, PeriodKind, Unit

TIMES = {"09:00": time(9), "9:05": time(9, 5), " 23:59 ": time(23, 59), "00:00": time(0)}
SECONDS = {"09:00:30": time(9, 0, 30), "09:00:30.25": time(9, 0, 30)}


@pytest.mark.parametrize("said", TIMES | SECONDS)
def test_a_time_of_day_is_hours_and_minutes_and_perhaps_seconds(said: str) -> None:
    assert words.time_of_day(said) == (TIMES | SECONDS)[said]


@pytest.mark.parametrize(
    "said", ["", "9", "09", "0900", "T09:00", "24:00", "09:60", "9 am", "09:00Z", "09:00+08:00"]
)
def test_what_is_no_time_of_day_is_told_with_how_it_is_written(said: str) -> None:
    with pytest.raises(ValueError, match=r'is not a time of day; write it like "09:00"\.') as told:
        words.time_of_day(said)
    assert str(told.value).startswith(f'"{said}" ')


@pytest.mark.parametrize("place", range(7))
def test_a_weekday_is_known_by_its_name_or_the_beginning_of_it(place: int) -> None:
    day = date(2026, 11, 23) + timedelta(days=place)
    name = f"{day:%A}"
    for length in range(3, len(name) + 1):
        assert words.weekday(name[:length]) == place == day.weekday()
        assert words.weekday(f" {name[:length].upper()} ") == place
    assert WEEKDAYS[place] == name[:3].lower()


@pytest.mark.parametrize("said", ["", "m", "mo", "monkey", "mondays", "weekend", "1", "Sonntag"])
def test_what_is_no_weekday_is_told_with_all_of_them(said: str) -> None:
    with pytest.raises(ValueError, match="There are: mon, tue, wed, thu, fri, sat, sun") as told:
        words.weekday(said)
    assert str(told.value).startswith(f'"{said}" is not a day of the week.')


def test_the_nearest_weekday_is_named() -> None:
    with pytest.raises(ValueError, match='Did you mean "thu"'):
        words.weekday("thr")


def test_weekdays_stand_in_their_order_and_once() -> None:
    assert words.weekdays(["sun", "mon", "Monday", "wed"]) == (0, 2, 6)


def test_at_least_one_weekday_is_left() -> None:
    with pytest.raises(ValueError, match="no day is left"):
        words.weekdays([])


WINDOWS = {
    "09:00-20:00": (time(9), time(20)),
    "9:30 - 20:15": (time(9, 30), time(20, 15)),
    "09:00–20:00": (time(9), time(20)),
    "00:00-24:00": (time(0), time.max),
}


@pytest.mark.parametrize("said", WINDOWS)
def test_a_window_opens_and_closes(said: str) -> None:
    assert words.window(said) == WINDOWS[said]


def test_without_a_window_it_is_never_closed() -> None:
    assert words.window(None) == (None, None)


@pytest.mark.parametrize(
    "said", ["", "9-20", "09:00", "09:00-", "09:00-25:00", "24:01-24:02", "09:00 to 20:00"]
)
def test_what_is_no_window_is_told_with_how_it_is_written(said: str) -> None:
    with pytest.raises(ValueError, match='is not a window; write it like "09:00-20:00"'):
        words.window(said)


@pytest.mark.parametrize("said", ["20:00-09:00", "09:00-09:00", "24:00-24:00", "24:00-09:00"])
def test_a_window_that_closes_before_it_opens_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="closes before it opens; it cannot reach over midnight"):
        words.window(said)


@given(st.integers(1, 999_999), st.sampled_from(["second", "minute", "hour", "day"]))
def test_a_pace_is_a_number_in_a_unit(messages: int, unit: Unit) -> None:
    pace = Pace(messages, unit)
    assert words.pace(f"{messages}/{unit}") == pace
    assert words.pace(f" {messages:,} / {unit} ") == pace
    assert words.pace(f"{messages:_}/{unit}") == pace


def test_without_a_pace_there_is_none() -> None:
    assert words.pace(None) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "500",
        "0/hour",
        "-5/hour",
        "5/week",
        "5/hours",
        "a/hour",
        ",_/hour",
        "1.5/hour",
        "9" * 13,
    ],
)
def test_what_is_no_pace_is_told_with_how_it_is_written(said: str) -> None:
    with pytest.raises(ValueError, match=r'is not a pace; write it like "500/hour" \(or second'):
        words.pace(said)


@pytest.mark.parametrize(
    "name", ["UTC", "Asia/Singapore", "America/Argentina/Ushuaia", "Etc/GMT-14"]
)
def test_a_time_zone_is_known_by_its_iana_name(name: str) -> None:
    assert words.timezone(name) == name


@pytest.mark.parametrize("name", ["Singapor", "Asia", "/etc/passwd", "../x", "a\0b", "+08:00", ""])
def test_what_is_no_time_zone_is_told_with_how_it_is_written(name: str) -> None:
    with pytest.raises(ValueError, match='Write it like "Asia/Singapore"'):
        words.timezone(name)


@pytest.mark.parametrize("day", [date(1970, 12, 31), date.min, date.max])
def test_a_day_on_which_no_clock_goes_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="is not a day on which anything can run"):
        words.run_day(day)


def test_days_of_today_and_of_later_are_taken() -> None:
    assert words.run_day(date(1971, 1, 1)) == date(1971, 1, 1)
    assert words.run_day(date(2999, 12, 31)) == date(2999, 12, 31)


ENOUGH: dict[str, PeriodKind] = {
    "{period}": "daily",
    "out/{campaign}/{period}.xlsx": "weekly",
    "{date}": "daily",
    "{date:%Y}/{date:%m-%d}": "daily",
    "{date:%Y-%j}": "daily",
    "{date:%G-W%V}": "weekly",
    "{date:%Y-%m}": "monthly",
    "{date:%B %Y}": "monthly",
    "plain": "once",
}


@pytest.mark.parametrize("place", ENOUGH)
def test_a_place_has_a_name_for_each_run(place: str) -> None:
    assert words.output(place, ENOUGH[place]) == place


TOO_LITTLE: dict[str, PeriodKind] = {
    "plain": "monthly",
    "{campaign}": "daily",
    "{date:%Y-%m}": "weekly",
    "{date:%Y-W%V}-{campaign}": "daily",
    "{date:%Y}": "monthly",
    "{date:%m}": "monthly",
    "{{period}}": "monthly",
}


@pytest.mark.parametrize("place", TOO_LITTLE)
def test_a_place_that_an_earlier_run_has_written_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=r"overwrite what an earlier one .* put \{period\} into"):
        words.output(place, TOO_LITTLE[place])


@pytest.mark.parametrize(
    "place",
    [
        *(
            "{",
            "}",
            "{}",
            "{0}",
            "{peroid}",
            "{period",
            "{period!r}",
            "{period:>9}",
            "{campaign[0]}",
        ),
        *("{date.year}", "{date.__class__}", "{date:%Q}", "{date:%}", "{date:%99999999d}"),
        *("{date:{period}}", "{period:99999999999}", "{date:%-d}", "{date:%H}"),
    ],
)
def test_a_placeholder_that_is_not_known_is_told_with_those_that_are(place: str) -> None:
    with pytest.raises(ValueError, match=r"known placeholders are \{campaign\}, \{period\} and"):
        words.output("{period}" + place, "monthly")


@given(st.text(st.sampled_from("{}:%!.[]adeprtioYmd-/ "), max_size=30))
def test_every_place_that_is_taken_can_be_filled(place: str) -> None:
    try:
        words.output(place, "once")
    except ValueError:
        return
    filled = place.format_map({"campaign": "x", "period": "2026-11", "date": date(2026, 11, 24)})
    assert isinstance(filled, str)

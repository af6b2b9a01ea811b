import zoneinfo
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.local_day import LocalDay, next_dates

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Moscow",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "America/St_Johns",
        "America/Santiago",  # these three change their clocks at midnight
        "America/Asuncion",
        "Asia/Beirut",
    ]
)
DAYS = st.dates(min_value=pd.Timestamp("2013-01-01").date(), max_value=pd.Timestamp("2035-12-31").date())


@given(DAYS, ZONES)
def test_hours_begin_with_the_day_and_follow_one_another(date, zone):
    day = LocalDay(date, zone)
    starts = [*day.hours.tz_convert("UTC"), day.end]
    assert starts[0] == day.start
    assert all(pd.Timedelta(0) < later - earlier <= pd.Timedelta("1h") for earlier, later in pairwise(starts))
    assert set(day.hours.date) == {date}


@given(DAYS, ZONES)
def test_days_follow_one_another_without_gap_or_overlap(date, zone):
    day = LocalDay(date, zone)
    assert day.end == day.plus(1).start


@given(DAYS, ZONES)
def test_an_instant_of_a_day_is_found_in_it(date, zone):
    day = LocalDay(date, zone)
    assert LocalDay.containing(day.start, zone) == day
    assert LocalDay.containing(day.end - pd.Timedelta("1us"), zone) == day


@pytest.mark.parametrize(
    ("key", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-07-01", "Europe/Berlin", 24),
        ("2026-04-24", "Africa/Cairo", 23),  # clocks go forward at midnight: the day begins at 01:00
        ("2026-04-05", "Australia/Lord_Howe", 25),  # half an hour back
        ("2026-10-04", "Australia/Lord_Howe", 24),  # half an hour forward
    ],
)
def test_clock_changes_make_days_of_23_to_25_hours(key, zone, hours):
    assert LocalDay.parse(key, zone).hours.size == hours


def test_both_passages_of_the_repeated_hour_are_distinct():
    hours = LocalDay.parse("2026-10-25", "Europe/Berlin").hours
    repeated = hours[hours.strftime("%H:%M") == "02:00"]
    assert [str(hour.utcoffset()) for hour in repeated] == ["2:00:00", "1:00:00"]


@pytest.mark.sweep
def test_every_zone_of_the_machine_divides_a_year_into_whole_days():
    for zone in zoneinfo.available_timezones() - {"Factory", "localtime"}:
        first = LocalDay.parse("2026-01-01", zone)
        assert sum((day.end - day.start for day in first.until(first.plus(364))), pd.Timedelta(0)) == (
            first.plus(365).start - first.start
        )


def test_until_includes_both_ends():
    first = LocalDay.parse("2026-02-27", "UTC")
    assert [day.key for day in first.until(first.plus(2))] == ["2026-02-27", "2026-02-28", "2026-03-01"]


SKIPPED = [("Pacific/Apia", "2011-12-30"), ("Pacific/Kwajalein", "1993-08-21"), ("Pacific/Kiritimati", "1994-12-31")]


@pytest.mark.parametrize(("zone", "never"), SKIPPED)
def test_a_date_that_a_zone_skipped_is_no_day_of_it(zone, never):
    skipped = pd.Timestamp(never).date()
    before, after = (LocalDay(skipped + pd.Timedelta(days=step), zone) for step in (-1, 1))
    assert before.plus(1) == after
    assert after.plus(-1) == before
    assert before.plus(-3).plus(6) == after.plus(2)
    assert [day.key for day in before.until(after)] == [before.key, after.key]
    assert before.end == after.start
    assert before.hours.size == after.hours.size == 24
    assert LocalDay.containing(before.end, zone) == after
    assert not LocalDay(skipped, zone).exists
    assert next(LocalDay(skipped, zone).until(after.plus(1))) == after
    assert next_dates([before.date, after.date], zone) == {after.date, after.plus(1).date}
    with pytest.raises(ValueError, match=f"{never} never existed in {zone}: {before.key} was followed by {after.key}"):
        LocalDay.parse(never, zone)


@given(DAYS, ZONES, st.integers(-400, 400))
def test_where_no_date_was_skipped_days_are_those_of_the_calendar(date, zone, number):
    assert LocalDay(date, zone).plus(number).date == date + pd.Timedelta(days=number)


@given(DAYS, ZONES, st.integers(0, 400))
def test_many_days_at_once_are_those_that_follow_one_another(date, zone, number):
    days = [first := LocalDay(date, zone)]
    while len(days) <= number:
        days.append(days[-1].plus(1))
    assert list(first.until(days[-1])) == [day for day in days if day.exists]
    assert next_dates((day.date for day in days), zone) == {day.plus(1).date for day in days}

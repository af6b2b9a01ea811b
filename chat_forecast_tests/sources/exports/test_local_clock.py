import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.sources.exports.base import Tally
from chat_forecast.sources.exports.local_clock import LocalClock

BERLIN = "Europe/Berlin"  # 2023-10-29: 03:00 becomes 02:00; 2023-03-26: 02:00 becomes 03:00


def to_utc(*local, tally=None, timezone=BERLIN):
    return list(LocalClock(timezone, tally or Tally()).to_utc(pd.DatetimeIndex(local)).strftime("%H:%M"))


def test_times_of_the_repeated_hour_go_on_in_the_order_of_the_file():
    tally = Tally()
    local = [
        "2023-10-29 01:59",
        "2023-10-29 02:10",
        "2023-10-29 02:50",
        "2023-10-29 02:05",
        "2023-10-29 02:50",
        "2023-10-29 03:00",
    ]
    assert to_utc(*local, tally=tally) == ["23:59", "00:10", "00:50", "01:05", "01:50", "02:00"]
    assert tally.ambiguous == 4
    assert tally.shifted == 0


def test_a_file_with_the_newest_first_is_followed_backwards():
    local = ["2023-10-29 08:00", "2023-10-29 02:50", "2023-10-29 02:05", "2023-10-29 02:50", "2023-10-29 01:00"]
    assert to_utc(*local) == ["07:00", "01:50", "01:05", "00:50", "23:00"]


def test_what_came_before_is_remembered_from_one_piece_of_a_file_to_the_next():
    clock = LocalClock(BERLIN, Tally())
    clock.to_utc(pd.DatetimeIndex(["2023-10-29 02:50"]))
    assert clock.to_utc(pd.DatetimeIndex([])).empty
    assert clock.to_utc(pd.DatetimeIndex(["2023-10-29 02:05"]))[0] == pd.Timestamp("2023-10-29T01:05Z")


def test_a_time_that_never_was_becomes_the_end_of_the_skipped_hour_and_is_counted():
    tally = Tally()
    assert to_utc("2023-03-26 01:59", "2023-03-26 02:30", "2023-03-26 03:10", tally=tally) == [
        "00:59",
        "01:00",
        "01:10",
    ]
    assert tally == Tally(shifted=1, clock_times=3)


@pytest.mark.parametrize("timezone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "Europe/Moscow", "Asia/Kolkata"])
@settings(deadline=None)
@given(first=st.integers(0, 365 * 24 * 60), steps=st.lists(st.integers(0, 40), min_size=1, max_size=300))
def test_a_busy_chat_goes_forward_through_any_clock_change_and_shows_the_times_of_the_file(timezone, first, steps):
    minutes = pd.Series(steps).cumsum() + first
    instants = pd.DatetimeIndex(pd.Timestamp("2014-01-01T00:00Z") + pd.to_timedelta(minutes, unit="min")).as_unit("us")
    local = instants.tz_convert(timezone).tz_localize(None)
    read = LocalClock(timezone, Tally()).to_utc(local)
    assert read.tz_convert(timezone).tz_localize(None).equals(local)
    assert read.is_monotonic_increasing

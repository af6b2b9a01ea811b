import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.read_intervals import ReadIntervals

EPOCH = pd.Timestamp("2026-01-01T00:00Z")


def minute(number):
    return EPOCH + pd.Timedelta(minutes=number)


INTERVALS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda ends: (minute(min(ends)), minute(max(ends)))),
    max_size=8,
)


def minutes_of(coverage):
    """The slow, obvious meaning: the set of minutes covered."""
    return {number for number in range(60) if coverage.covers(minute(number), minute(number + 1))}


@given(INTERVALS, INTERVALS)
def test_union_and_difference_are_those_of_the_sets_of_minutes(some, others):
    one, other = ReadIntervals.of(*some), ReadIntervals.of(*others)
    assert minutes_of(one.union(other)) == minutes_of(one) | minutes_of(other)
    assert minutes_of(one.without(other)) == minutes_of(one) - minutes_of(other)


@given(INTERVALS)
def test_intervals_are_disjoint_ascending_and_survive_json(intervals):
    coverage = ReadIntervals.of(*intervals)
    ends = [end for interval in coverage.intervals for end in interval]
    assert ends == sorted(set(ends))
    assert ReadIntervals.from_json(coverage.to_json()) == coverage


@given(INTERVALS, st.integers(0, 60), st.integers(0, 60))
def test_clip_keeps_just_what_lies_inside(intervals, low, high):
    clipped = ReadIntervals.of(*intervals).clip(minute(low), minute(high))
    assert minutes_of(clipped) == {number for number in minutes_of(ReadIntervals.of(*intervals)) if low <= number < high}


def test_an_hour_read_in_part_is_not_covered():
    coverage = ReadIntervals.of((minute(17), minute(180)))
    hours = pd.date_range(EPOCH, periods=3, freq="h")
    assert coverage.covered_hours(hours, minute(180)).tolist() == [False, True, True]


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="without a time zone"):
        ReadIntervals.of((pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")))

from dataclasses import asdict

import numpy as np
import pytest

from chat_forecast.forecasting.dependent_hours import variance_of_sums
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.unusual_events import join_hours
from chat_forecast.forecasting.unusual_hours import (
    LEAST,
    RANKS,
    Hours,
    Signals,
    find_thresholds,
    is_too_busy,
    is_too_silent,
    measure,
    most_in_a_burst,
)

DAYS = 57


def make_hours(change=(), *, mean=10.0, last_is_over=True, bursts=None):
    """57 ordinary days, the last of which is changed: pairs of a clock hour and its messages, None for unread.

    ``mean``: of every hour, or of each of the day.
    """
    mean = np.resize(mean, DAYS * 24)
    rng = np.random.default_rng(3)
    counts = rng.poisson(mean, DAYS * 24).astype(float)
    for hour, count in change:
        counts[(DAYS - 1) * 24 + hour] = np.nan if count is None else count
    is_over = np.ones(len(counts), dtype=bool)
    is_over[-1] = last_is_over
    midnight = NegativeBinomial(mean, np.full(len(counts), 3.0))
    days = np.repeat(np.arange(DAYS), 24)
    return Hours(days, counts, np.zeros(len(counts)) if bursts is None else bursts, midnight, is_over)


def found(hours):
    """The clock hours of the last day that are too busy, and those that are too silent."""
    signals = measure(hours)
    limits = find_thresholds(hours, signals, DAYS - 1, 56)
    busy, silent = is_too_busy(hours, signals, limits), is_too_silent(signals, limits)
    return np.flatnonzero(busy[-24:]).tolist(), np.flatnonzero(silent[-24:]).tolist()


def test_ordinary_hours_alarm_nobody():
    assert found(make_hours()) == ([], [])


def test_one_busy_hour_alarms():
    assert found(make_hours([(14, 70)])) == ([14], [])


def test_an_event_that_the_update_learns_goes_on_alarming():
    assert found(make_hours([(hour, 60) for hour in range(12, 18)]))[0][:6] == [12, 13, 14, 15, 16, 17]


def test_a_few_messages_alarm_nobody_however_unexpected():
    assert found(make_hours([(4, 9)], mean=0.05))[0] == []
    assert found(make_hours([(4, 30)], mean=0.05))[0] == [4]


def test_a_silence_alarms_as_soon_as_it_is_long_enough():
    silence = found(make_hours([(hour, 0) for hour in range(10, 20)]))[1]
    assert silence[-1] == 19
    assert 10 < silence[0] < 15


def test_hours_that_were_not_read_are_never_silent():
    assert found(make_hours([(hour, None) for hour in range(10, 20)])) == ([], [])


def test_a_silence_is_not_seen_before_its_hour_was_read_to_the_end():
    silent = [(hour, 0) for hour in range(14, 24)]
    whole, under_way = found(make_hours(silent))[1], found(make_hours(silent, last_is_over=False))[1]
    assert whole == [*under_way, 23]


def test_the_hour_under_way_alarms_while_it_goes_on():
    assert found(make_hours([(23, 70)], last_is_over=False))[0] == [23]


def test_a_burst_of_five_minutes_alarms_above_what_the_chat_has_done():
    bursts = np.full(DAYS * 24, 6.0)
    bursts[-10] = 25
    assert found(make_hours(bursts=bursts))[0] == [14]
    bursts[24 * np.arange(10, 16)] = 40  # on six days of the 56 it did more
    assert found(make_hours(bursts=bursts))[0] == []


NIGHTS = np.where(np.arange(24) < 6, 3.0, 12.0)
"""Of the first six hours of a day little is expected."""


def test_an_hour_at_night_is_compared_with_nights_and_one_by_day_with_days():
    ordinary, loud_days, loud_nights = (make_hours([(3, 20), (14, 60)], mean=NIGHTS) for _ in range(3))
    loud_days.counts[24 * np.arange(20, 30) + 15] = 120.0
    loud_nights.counts[24 * np.arange(20, 30) + 4] = 50.0
    assert [found(each)[0] for each in (ordinary, loud_days, loud_nights)] == [[3, 14], [3], [14]]


def test_each_hour_is_measured_by_day_or_at_night():
    signals = measure(make_hours(mean=NIGHTS))
    assert np.isnan(signals.hour).reshape(DAYS, 24).all(axis=0).tolist() == [True] * 6 + [False] * 18
    assert np.isnan(signals.night).reshape(DAYS, 24).all(axis=0).tolist() == [False] * 6 + [True] * 18
    assert np.isnan(measure(make_hours()).night).all()  # where hours are alike there is no night


def test_a_chat_that_is_known_for_two_weeks_has_thresholds_and_a_younger_one_has_none():
    hours = make_hours()
    assert find_thresholds(hours, measure(hours), 14, 56) is not None
    assert find_thresholds(hours, measure(hours), 13, 56) is None


def test_thresholds_follow_the_chat_and_never_fall_below_the_least():
    even, loud = make_hours(), make_hours()
    loud.counts[24 * np.arange(10, 20)] = 90.0
    limits = [find_thresholds(each, measure(each), DAYS - 1, 56) for each in (even, loud)]
    assert limits[0] == LEAST[2]
    assert limits[1].hour > 2 * LEAST[2].hour


@pytest.mark.parametrize(("mean", "level"), [(1.0, 0), (4.0, 1), (10.0, 2)])
def test_a_threshold_is_the_rank_of_the_chats_level_among_the_daily_maxima(mean, level):
    hours = make_hours(mean=mean)
    rising = 100.0 + np.repeat(np.random.default_rng(7).permutation(DAYS - 1), 24)
    signals = Signals(*(np.append(rising * factor, np.full(24, 9e9)) for factor in (1, 2, 3, 4, 5)))
    limits = find_thresholds(hours, signals, DAYS - 1, DAYS - 1)
    factors = {"hour": 1, "night": 2, "burst": 3, "lasting": 4, "silence": 5}
    assert asdict(limits) == {name: factor * (156 - RANKS[level][name]) for name, factor in factors.items()}


def test_a_silence_is_as_unlikely_as_the_sum_of_its_hours_which_are_silent_together():
    rng = np.random.default_rng(5)
    mean, size = rng.uniform(1, 9, 24), rng.uniform(0.3, 3, 24)
    counts = np.where(np.isin(np.arange(24), [3, 9, 20]), 4.0, 0.0)
    counts[13] = np.nan  # in the second silence, and not known
    found = measure(Hours(np.zeros(24, int), counts, counts, NegativeBinomial(mean, size), ~np.isnan(counts))).silence
    for begin, place in [(0, 0), (0, 2), (4, 8), (10, 12), (10, 19), (21, 23)]:
        run = slice(begin, place + 1)
        known = np.where(np.isnan(counts[run]), 0.0, mean[run])
        total, variance = known.sum(), variance_of_sums(known, size[run])
        joint = total**2 / (variance - total)
        assert found[place] == pytest.approx(joint * np.log10(1 + total / joint))
    assert found[[3, 9, 20]].tolist() == [0, 0, 0]
    assert found[12] < np.sum((size * np.log10(1 + mean / size))[10:13])  # of hours on their own


def test_what_comes_later_changes_no_signal():
    whole = make_hours([(20, 300)])
    first = measure(make_hours())
    for name in ("hour", "lasting", "silence"):
        assert getattr(measure(whole), name)[:-4].tolist() == getattr(first, name)[:-4].tolist()


@pytest.mark.parametrize("minutes", [[], [3.0], [0, 4.9, 5, 40, 41, 42, 45, 59, 61, 62, 64, 130]])
def test_bursts_are_those_of_a_slow_count(minutes):
    bounds = np.array([0.0, 60, 120, 180])
    slow = [
        max([sum(end - 5 < each <= end for each in minutes) for end in minutes if low <= end < low + 60], default=0)
        for low in (0, 60, 120)
    ]
    assert most_in_a_burst(np.array(minutes, dtype=float), bounds).tolist() == slow


def events(kind, alarms, goes_on=(), *, known=24, counts=None):
    """The events of a day of which so many hours are read: begin, end, whether over."""
    counts = np.full(24, 5.0) if counts is None else counts
    counts[known:] = np.nan
    midnight = NegativeBinomial(np.full(24, 2.0), np.ones(24))
    hours = Hours(np.zeros(24, int), counts, np.zeros(24), midnight, np.arange(24) < known)
    masks = [np.isin(np.arange(24), places) for places in (alarms, goes_on)]
    return join_hours(kind, hours, *masks)


def spans(*args, **kwargs):
    return [(event.begin, event.end, event.is_over) for event in events(*args, **kwargs)]


def test_neighbouring_hours_are_one_event():
    assert spans("busy", [8, 9, 10]) == [(8, 11, True)]


def test_an_event_goes_on_while_hours_lie_above_the_interval():
    assert spans("busy", [8], [9, 10, 14]) == [(8, 11, True)]


def test_an_alarm_within_three_hours_belongs_to_the_event_and_a_later_one_does_not():
    assert spans("busy", [8, 11]) == [(8, 12, True)]
    assert spans("busy", [8, 12]) == [(8, 9, True), (12, 13, True)]
    assert spans("silent", [8, 14]) == [(8, 15, True)]


def test_all_clear_after_two_ordinary_hours_and_not_after_two_unread_ones():
    assert spans("busy", [8], known=10) == [(8, 9, False)]
    assert spans("busy", [8], known=11) == [(8, 9, True)]


def test_a_silence_begins_with_its_first_empty_hour():
    assert spans("silent", [8, 9], [5, 6, 7, 8, 9]) == [(5, 10, True)]


def test_an_event_has_its_messages_and_what_was_expected():
    event = events("busy", [8, 9], counts=np.where(np.arange(24) == 9, np.nan, 30.0))[0]
    assert (event.messages, event.expected) == (30, 2.0)

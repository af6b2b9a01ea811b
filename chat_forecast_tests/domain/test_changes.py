"""Which changes of a chat are found, when, and which are none."""

from datetime import date

import numpy as np
import pytest

from chat_forecast.domain.changes import LOOKBACK_DAYS, changes_to_report, find_changes, is_news, newest_rhythm_change
from chat_forecast.domain.local_day import LocalDay
from chat_forecast_tests.factories import make_series

FIRST = LocalDay.parse("2025-09-01", "Europe/Moscow")
CHANGED = FIRST.plus(100)


def make_chat(days=130, *, changed=CHANGED, evening=20, weekend=1.5, level=8.0, after=None, missing=frozenset(), seed=5):
    """A chat with evenings and weekends, overdispersed; from ``changed`` on, ``after`` replaces some of its numbers."""
    rng, before = np.random.default_rng(seed), {"evening": evening, "weekend": weekend, "level": level}

    def count(hour):
        is_after = after is not None and hour >= changed.start
        now = before | (after if is_after else {})
        away = (hour.hour - now["evening"] + 12) % 24 - 12
        mean = now["level"] * (0.2 + np.exp(-((away / 4) ** 2))) * (now["weekend"] if hour.day_of_week >= 5 else 1)
        drawn = int(rng.negative_binomial(4, 4 / (4 + mean)))
        return None if hour.date() in missing else drawn

    return make_series(FIRST, days, count)


@pytest.mark.parametrize("seed", range(4))
def test_a_chat_that_stays_as_it_is_has_no_change(seed):
    assert find_changes(make_chat(250, seed=seed)) == []


def test_a_chat_without_rows_has_no_change():
    assert find_changes(make_chat().iloc[:0]) == []


def test_hours_that_move_by_eight_are_found_within_five_days():
    (change,) = find_changes(make_chat(after={"evening": 4}))
    assert change.kind == "hours"
    assert change.since == CHANGED.date
    assert (change.found - change.since).days < 5
    assert abs(change.before - 20) <= 1
    assert abs(change.after - 4) <= 1


def test_a_weekend_that_becomes_quiet_is_found_within_three_weeks():
    (change,) = find_changes(make_chat(after={"weekend": 0.3}), ("weekdays",))
    assert (change.found - CHANGED.date).days < 21
    assert change.weekday in (5, 6)
    assert change.before > 1 / 7 > change.after


@pytest.mark.parametrize(("factor", "least", "most"), [(3, 2.2, 3.8), (1 / 3, 0.25, 0.45)])
def test_a_level_that_jumps_and_stays_is_found_within_two_weeks(factor, least, most):
    (change,) = find_changes(make_chat(after={"level": 8 * factor}))
    assert change.kind == "level"
    assert abs((change.since - CHANGED.date).days) <= 2
    assert 7 <= (change.found - CHANGED.date).days <= 14
    assert least < change.after / change.before < most


def test_a_busy_week_is_no_new_level():
    week = {CHANGED.plus(day).date for day in range(7)}
    series = make_chat()
    is_busy = series["hour"].dt.date.isin(week)
    series["messages"] = series["messages"].where(~is_busy, series["messages"] * 5)
    assert find_changes(series, ("level",)) == []


def test_a_busy_day_is_no_change_of_the_weekdays():
    series = make_chat()
    is_busy = series["hour"].dt.date == CHANGED.date
    series["messages"] = series["messages"].where(~is_busy, series["messages"] * 10)
    assert find_changes(series, ("weekdays",)) == []


def test_days_that_were_not_read_are_no_change():
    assert find_changes(make_chat(missing={CHANGED.plus(day).date for day in range(20)})) == []


def test_what_comes_later_does_not_change_what_was_found():
    series = make_chat(160, after={"evening": 4, "level": 24.0})
    whole = find_changes(series)
    assert {change.kind for change in whole} >= {"hours", "level"}
    for back in (10, 25, 40, 59):
        known = series[series["hour"] < FIRST.plus(160 - back).start]
        until = FIRST.plus(160 - back).date
        before = [change for change in whole if change.found < until]
        assert [(each.kind, each.found) for each in find_changes(known)] == [(each.kind, each.found) for each in before]


def test_the_newest_change_of_the_rhythm_is_no_level():
    assert newest_rhythm_change(make_chat(after={"level": 24.0})) is None
    assert newest_rhythm_change(make_chat(after={"evening": 4})).kind == "hours"


def test_people_are_told_the_same_whatever_lies_before_the_days_looked_at():
    series, last = make_chat(260, after={"evening": 4}), FIRST.plus(259).date
    recent = series[series["hour"] >= FIRST.plus(260 - LOOKBACK_DAYS).start]
    told = changes_to_report(series, last)
    assert told == changes_to_report(recent, last)
    assert [change.kind for change in told] == ["hours"]


def test_a_change_is_news_for_four_weeks_after_it_was_found():
    (change,) = find_changes(make_chat(after={"evening": 4}))
    assert is_news(change, change.found)
    assert is_news(change, date.fromordinal(change.found.toordinal() + 27))
    assert not is_news(change, date.fromordinal(change.found.toordinal() + 28))

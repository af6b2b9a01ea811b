from datetime import date

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.reports.facts import gather
from chat_forecast.presentation.reports.facts.history import busiest_days, daily, heat_map, pooled_coverage
from chat_forecast.settings.models import Check
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.presentation.reports.stored import (
    FIRST,
    make_chat,
    store_forecasts,
    store_scores,
    store_series,
    store_training,
)


@pytest.fixture
def storage(tmp_path):
    return Storages(str(tmp_path), Locks(tmp_path / "locks")).of(make_chat())


def test_days_are_summed_by_the_local_calendar_and_a_day_never_stored_is_a_missing_one():
    series = make_series(FIRST, 3, lambda hour: None if hour.day == 2 else 1)
    days = daily(series[series["hour"].dt.day != 3])
    assert days["messages"].tolist() == [24, pd.NA]
    apart = pd.concat([make_series(FIRST, 1), make_series(FIRST.plus(28), 1)])  # 29 March has 23 hours
    days = daily(apart)
    assert len(days) == 29
    assert (days["messages"].iloc[0], days["messages"].iloc[-1]) == (240, 230)
    assert days["messages"].isna().sum() == days["hours_missing"].eq(24).sum() == 27


def test_a_busy_day_is_set_beside_the_median_of_its_weekday_around_it():
    days = pd.DataFrame({"day": [FIRST.plus(number).date for number in range(29)], "hours_missing": 0})
    counts = [10] * 29
    counts[7], counts[14], counts[21], counts[28] = 100, 20, 30, 40
    top = busiest_days(days.assign(messages=pd.array(counts, dtype="Int64")))
    assert top.iloc[0].to_dict() == {"day": FIRST.plus(7).date, "messages": 100, "usual": 25.0}  # of 10, 20, 30, 40
    assert np.isnan(busiest_days(days.assign(messages=pd.array([5] + [None] * 28, dtype="Int64")))["usual"].iloc[0])


def test_heat_map_is_the_mean_over_known_hours_of_the_last_weeks():
    def counts(hour):
        if hour.date() == date(2026, 3, 2):
            return None if hour.hour == 5 else 100
        return 4 if hour.date() < date(2026, 4, 1) else 2

    series = make_series(FIRST, 120, counts)
    heat = heat_map(series, FIRST.plus(119)).set_index(["weekday", "hour"])["mean"]
    assert len(heat) == 7 * 24
    assert set(heat) == {2.0}
    assert heat_map(make_series(FIRST, 2, counts), FIRST.plus(1)).set_index(["weekday", "hour"])["mean"].get((0, 5)) is None


def test_coverage_over_days_weighs_hours():
    scores = pd.DataFrame({"hours_scored": [24, 12, 24], "coverage_80": [1.0, 0.5, 0.0]})
    assert pooled_coverage(scores) == pytest.approx(30 / 60)
    assert pooled_coverage(scores.head(0)) is None


def test_a_score_not_yet_stored_is_computed_from_the_same_files(storage):
    store_series(storage, 40)
    store_forecasts(storage, 30, 39)
    store_scores(storage, 31, 38)
    before = gather(make_chat(), storage)
    assert before.yesterday.is_score_computed
    assert before.yesterday.verdict is None
    store_scores(storage, 39, 39)
    after = gather(make_chat(), storage)
    assert not after.yesterday.is_score_computed
    assert after.yesterday.verdict is not None
    assert before.scores["day"].tolist() == after.scores["day"].tolist()
    assert before.scores["squared_error"].tolist() == after.scores["squared_error"].tolist()
    assert before.tomorrow.day == FIRST.plus(40)
    assert before.tomorrow.week_before == 143


def test_trainings_say_when_why_what_changed_and_what_they_brought(whole_chat):
    newest, oldest = gather(make_chat(), whole_chat.of(make_chat())).trainings
    assert (newest.through, newest.method, newest.method_before) == (FIRST.plus(68).date, "prophet", "same_hour")
    assert newest.reason == "the model is 28 days old (limit: 14)"
    assert newest.verdict.figures["model_age_days"] == 28
    assert newest.candidates == (("prophet", 1.234), ("same_hour", 1.5))
    assert newest.skill_before is not None
    assert newest.days_after == 7
    assert oldest.method_before is None
    assert not oldest.verdict.passed  # the day has a score without a forecast


def test_a_training_that_no_score_asked_for_has_no_reason_and_the_oldest_ones_are_only_counted(storage):
    store_series(storage, 40)
    for number in range(20, 36):
        store_training(storage, number)
    store_forecasts(storage, 20, 39)
    store_scores(storage, 21, 39)
    facts = gather(make_chat(), storage)
    assert (len(facts.trainings), facts.earlier_trainings, facts.first_training) == (12, 4, FIRST.plus(20).date)
    assert facts.trainings[0].through == FIRST.plus(35).date
    assert all(note.method_before == "prophet" for note in facts.trainings)
    assert facts.trainings[0].reason is None
    assert facts.trainings[0].verdict.passed


def test_verdicts_are_those_that_are_stored_whatever_the_settings_say_today(storage):
    store_series(storage, 40)
    store_training(storage, 30, reason="the model is 14 days old (limit: 14)")
    store_forecasts(storage, 30, 39)
    store_scores(storage, 31, 39)
    strict = make_chat(check=Check(rule="smape", smape_threshold=0.001))
    assert gather(strict, storage).yesterday.verdict == gather(make_chat(), storage).yesterday.verdict
    assert gather(strict, storage).yesterday.verdict.passed


def test_a_chat_of_which_nothing_is_stored_has_no_days(storage):
    facts = gather(make_chat(), storage)
    assert (facts.last_day, facts.messages, facts.missing, facts.tomorrow) == (None, 0, [], None)


def test_missing_days_are_ranges(whole_chat):
    assert gather(make_chat(), whole_chat.of(make_chat())).missing == [
        (FIRST.plus(20).date, FIRST.plus(29).date),
        (FIRST.plus(33).date, FIRST.plus(33).date),
    ]


def test_a_local_day_is_compared_with_the_same_clock_a_week_before(storage):
    store_series(storage, 29, lambda number, hour: number * 100 + hour)  # through 29 March, which has 23 hours
    store_forecasts(storage, 28, 28)
    coming = gather(make_chat(), storage).tomorrow
    assert coming.day == LocalDay.parse("2026-03-30", "Europe/Berlin")
    # 168 hours before 01:00 summer time it was 00:00 winter time.
    assert coming.hours["week_before"].tolist()[:3] == [2123, 2200, 2201]

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.forecast_table import QUANTILES
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.scoring import SCORE_COLUMNS, pooled_skill, score_day, unusual_hours
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast_tests.factories import make_series

DAY = LocalDay.parse("2026-02-02", "Europe/Moscow")


def make_forecast(day, expected=2.0, low=0.0, high=5.0):
    point = {"expected": expected, "median": 2.0, "smape_point": 2.0}
    quantiles = {name: low if tau < 0.5 else high for name, tau in QUANTILES.items()}
    made_by = {"forecaster": "prophet", "trained_through": day.plus(-3).key}
    return pd.DataFrame({"hour": day.hours, **point, **quantiles, **made_by})


def actuals(day, counts):
    return make_series(day, 1, dict(zip(day.hours, counts, strict=True)).get)


def score_against(actuals, forecast, history):
    """Score a day beside what the baselines make of its history."""
    return score_day(actuals, forecast, forecast_baselines(history, pd.DatetimeIndex(actuals["hour"])))


def test_a_day_has_every_column_and_plain_values():
    score = score_against(actuals(DAY, [2] * 24), make_forecast(DAY), make_series(DAY.plus(-28), 28, lambda _: 4))
    assert list(score) == list(SCORE_COLUMNS)
    kinds = {"str": str, "int": int, "float": float}
    assert all(type(score[name]) is kinds[kind] for name, kind in SCORE_COLUMNS.items())
    assert score["day"] == DAY.key
    assert score["model_age_days"] == 3
    assert score["rmse"] == 0
    assert score["seasonal_naive_rmse"] == score["same_hour_rmse"] == 2
    assert score["skill"] == score["skill_to_same_hour"] == 1
    assert score["same_hour_squared_error"] == 24 * 4


def test_missing_hours_are_not_scored_as_zeros():
    score = score_against(actuals(DAY, [2] * 20 + [None] * 4), make_forecast(DAY), make_series(DAY.plus(-28), 28))
    assert (score["hours_scored"], score["hours_missing"]) == (20, 4)
    assert score["messages"] == score["expected_total"] == 40
    assert score["total_error"] == 0


def test_a_missing_day_has_no_score():
    score = score_against(actuals(DAY, [None] * 24), make_forecast(DAY), make_series(DAY.plus(-28), 28))
    assert (score["hours_scored"], score["hours_missing"]) == (0, 24)
    assert score["forecaster"] == "prophet"
    assert score["messages"] is score["rmse"] is score["same_hour_hours"] is None


def test_a_forecast_whose_hours_are_in_another_order_has_the_same_score():
    rng = np.random.default_rng(4)
    day = actuals(DAY, [*rng.integers(0, 9, 20).tolist(), None, 3, None, 7])
    history = make_series(DAY.plus(-28), 28, lambda _: int(rng.integers(0, 9)))
    forecast = make_forecast(DAY, expected=rng.gamma(3, 1, 24), low=0.5)
    baselines = forecast_baselines(history, DAY.hours)
    plain = score_day(day, forecast, baselines)
    assert score_day(day, forecast.iloc[::-1], baselines) == plain
    assert score_day(day, forecast, baselines.iloc[::-1]) == plain
    assert unusual_hours(day, forecast.iloc[::-1]).equals(unusual_hours(day, forecast))
    assert len(unusual_hours(day, forecast))


@pytest.mark.parametrize("nothing", [None, make_forecast(DAY).iloc[:0]])
def test_a_day_that_was_read_without_a_forecast_still_tells_its_messages(nothing):
    score = score_against(actuals(DAY, [3] * 24), nothing, make_series(DAY.plus(-28), 28))
    assert score["messages"] == 72
    assert score["hours_scored"] == 0
    assert score["forecaster"] is score["rmse"] is None


def test_a_history_too_short_for_a_baseline_gives_no_number_instead_of_zero():
    score = score_against(actuals(DAY, [3] * 24), make_forecast(DAY), make_series(DAY.plus(-2), 2, lambda _: 3))
    assert score["seasonal_naive_hours"] == 0
    assert score["seasonal_naive_rmse"] is score["skill"] is None
    assert score["same_hour_rmse"] == 0
    score = score_against(actuals(DAY, [3] * 24), make_forecast(DAY), make_series(DAY, 0))
    assert score["same_hour_hours"] == 0
    assert score["same_hour_rmse"] is score["same_hour_squared_error"] is None


def test_a_comparison_is_made_on_the_hours_that_both_know():
    history = make_series(DAY.plus(-7), 1, lambda hour: 2 if hour.hour < 6 else None)
    score = score_against(actuals(DAY, [2] * 6 + [50] * 18), make_forecast(DAY, expected=3.0), history)
    assert score["seasonal_naive_hours"] == 6
    assert score["seasonal_naive_rmse"] == 0
    assert score["skill"] is None
    history = make_series(DAY.plus(-7), 1, lambda hour: 0 if hour.hour < 6 else None)
    assert score_against(actuals(DAY, [2] * 6 + [50] * 18), make_forecast(DAY, expected=3.0), history)["skill"] == 0.5


def test_errors_of_several_days_add_up_to_their_common_rmse():
    rng = np.random.default_rng(1)
    history = make_series(DAY.plus(-28), 28)
    counts = rng.poisson(3, (5, 24))
    scores = [score_against(actuals(DAY.plus(n), counts[n]), make_forecast(DAY.plus(n)), history) for n in range(5)]
    together = math.sqrt(sum(s["squared_error"] for s in scores) / sum(s["hours_scored"] for s in scores))
    assert together == pytest.approx(np.sqrt(((counts - 2.0) ** 2).mean()))


@given(
    st.sampled_from(
        [("2026-03-29", "Europe/Berlin"), ("2026-10-25", "Europe/Berlin"), ("2026-04-05", "Australia/Lord_Howe")]
    )
)
def test_days_of_clock_changes_are_scored_hour_by_hour(day):
    day = LocalDay.parse(*day)
    score = score_against(actuals(day, range(day.hours.size)), make_forecast(day), make_series(day.plus(-28), 28))
    assert score["hours_scored"] == day.hours.size
    assert score["messages"] == sum(range(day.hours.size))


def test_unusual_hours_are_those_outside_the_98_percent_interval():
    found = unusual_hours(actuals(DAY, [2, 2, 2, 40, None] + [2] * 19), make_forecast(DAY))
    assert found["hour"].dt.hour.tolist() == [3]
    assert found["messages"].tolist() == [40]
    assert unusual_hours(actuals(DAY, [2] * 24), make_forecast(DAY)).empty
    assert unusual_hours(actuals(DAY, [99] * 24), None).empty


def test_hours_that_stayed_quiet_can_be_unusual():
    found = unusual_hours(actuals(DAY, [0] + [9] * 23), make_forecast(DAY, expected=9.0, low=3.0, high=20.0))
    assert found[["messages", "expected"]].to_numpy().tolist() == [[0, 9]]


def test_skill_of_several_days_is_that_of_their_hours_taken_together():
    def counts(hour):
        if hour.date() == DAY.plus(-6).date and hour.hour >= 12:
            return None  # so that the day a week later is compared on half of its hours
        return (hour.day * 7 + hour.hour * 5) % 11

    series = make_series(DAY.plus(-28), 31, counts)
    days = list(DAY.until(DAY.plus(2)))
    scores, errors, naive_errors = [], [], []
    for day in days:
        today = series[(series["hour"] >= day.start) & (series["hour"] < day.end)].reset_index(drop=True)
        forecast = make_forecast(day, expected=5.0)
        scores.append(score_against(today, forecast, series[series["hour"] < day.start]))
        for hour, messages in zip(today["hour"], today["messages"], strict=True):
            before = series.loc[series["hour"] == hour - pd.Timedelta(hours=168), "messages"].iloc[0]
            if not pd.isna(before):
                errors.append((messages - 5.0) ** 2)
                naive_errors.append((messages - before) ** 2)
    assert len(errors) == 60
    expected = 1 - math.sqrt(sum(errors) / sum(naive_errors))
    assert pooled_skill(pd.DataFrame(scores)) == pytest.approx(expected)
    assert pooled_skill(pd.DataFrame(scores), least_days=4) is None


def test_a_day_on_which_the_week_before_was_perfect_counts_against_the_forecast():
    days = pd.DataFrame(
        {
            "hours_scored": [24, 24],
            "squared_error": [24.0, 72.0],
            "seasonal_naive_hours": [24, 24],
            "seasonal_naive_rmse": [2.0, 0.0],
            "skill": [0.5, None],
        }
    )
    assert pooled_skill(days) == pytest.approx(1 - math.sqrt((24 + 72) / (24 * 4)))
    assert pooled_skill(days.tail(1)) is None
    assert pooled_skill(days.head(0)) is None

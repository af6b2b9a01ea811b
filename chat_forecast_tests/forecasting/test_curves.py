import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import PoissonRegressor

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.base import NotEnoughHistory
from chat_forecast.forecasting.curves import poisson_glm, week_profile
from chat_forecast.forecasting.curves.base import fourier, known_hours, recent_weights
from chat_forecast.forecasting.curves.poisson_glm import PoissonCurve, fit_poisson
from chat_forecast.forecasting.curves.week_profile import ProfileCurve, fit_profile
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import FIRST, make_chat

WEEK = pd.date_range("2026-03-02", periods=168, freq="h", tz="Europe/Moscow")


@pytest.fixture(scope="module")
def chat():
    return make_chat(days=60)


def test_fourier_columns_are_sine_and_cosine_in_turn():
    days = np.array([0.0, 0.25])
    assert fourier(days, 1, 2).round(9).tolist() == [[0, 1, 0, 1], [1, 0, 0, -1]]


def test_the_newest_hour_weighs_1_and_that_of_42_days_before_half():
    hours = pd.DatetimeIndex(["2026-01-01T00:00Z", "2026-02-12T00:00Z"])
    assert recent_weights(hours).tolist() == [0.5, 1.0]


def test_the_poisson_curve_is_what_the_regression_itself_predicts(chat):
    hours, counts = known_hours(chat, at_least=1)
    columns = poisson_glm._columns(hours)
    scaled = (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-9)
    model = PoissonRegressor(alpha=poisson_glm.PENALTY, solver="newton-cholesky")
    expected = model.fit(scaled, counts, sample_weight=recent_weights(hours)).predict(scaled)
    np.testing.assert_allclose(fit_poisson(chat).means(hours), expected, rtol=1e-9)


def test_the_profile_of_a_regular_chat_is_its_week():
    chat = make_series(FIRST, 120, lambda hour: 30 if hour.day_of_week == 5 else 10)
    means = fit_profile(chat).means(WEEK)
    wednesday, saturday, sunday = (means[24 * day + 12] for day in (2, 5, 6))
    assert wednesday == pytest.approx(10, rel=0.05)
    assert 30 > saturday > 20 > sunday > 10  # drawn towards each other


def test_the_profile_of_one_day_is_drawn_towards_its_mean():
    means = fit_profile(make_series(FIRST, 1, lambda hour: 24 if hour.hour == 12 else 0)).means(WEEK)
    assert means.sum() / 7 == pytest.approx(24, rel=0.1)
    assert 1 < means[12] < 6


def test_more_history_lets_an_hour_speak_for_itself():
    loud_noon = [fit_profile(make_series(FIRST, days, lambda hour: 24 * (hour.hour == 12))) for days in (2, 14, 120)]
    noons = [curve.means(WEEK)[12] for curve in loud_noon]
    assert noons == sorted(noons)


@pytest.mark.parametrize("fit", [fit_poisson, fit_profile])
def test_curves_survive_json_and_are_positive(fit, chat):
    curve = fit(chat)
    again = type(curve).from_dict(json.loads(json.dumps(curve.to_dict())))
    assert again == curve
    assert isinstance(curve, (PoissonCurve, ProfileCurve))
    assert (again.means(WEEK) > 0).all()


def test_missing_hours_change_no_curve(chat):
    day = LocalDay.containing(chat["hour"].iloc[-1].to_pydatetime(), "Europe/Moscow").plus(1)
    longer = pd.concat([chat, make_series(day, 5, lambda _: None)], ignore_index=True)
    for fit in (fit_poisson, fit_profile):
        assert fit(longer) == fit(chat)


def test_too_little_history_is_refused_with_figures():
    with pytest.raises(NotEnoughHistory, match="240 hours are known, expected at least 672"):
        fit_poisson(make_chat(days=10, missing=0))
    with pytest.raises(NotEnoughHistory, match="no message"):
        fit_poisson(make_series(FIRST, 40, lambda _: 0))
    with pytest.raises(NotEnoughHistory, match="0 hours are known"):
        week_profile.fit_profile(make_series(FIRST, 2, lambda _: None))

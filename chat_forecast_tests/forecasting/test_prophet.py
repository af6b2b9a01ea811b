import logging
import warnings

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.base import NotEnoughHistory
from chat_forecast.forecasting.curves import prophet
from chat_forecast.forecasting.curves.prophet import ProphetCurve, fit_prophet
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.forecasting.test_training import make_chat


@pytest.fixture(scope="module")
def chat():
    return make_chat(days=60)


@pytest.fixture(scope="module")
def curve(chat):
    return fit_prophet(chat)


def test_the_curve_is_what_prophet_itself_would_predict(chat, monkeypatch):
    kept = []
    original = prophet._fitted
    monkeypatch.setattr(prophet, "_fitted", lambda table: kept.append(original(table)) or kept[0])
    curve = fit_prophet(chat)
    hours = pd.date_range(chat["hour"].iloc[-400], periods=400, freq="h")
    wall = hours.tz_localize(None)
    future = pd.DataFrame({"ds": wall, "on_weekdays": wall.day_of_week < 5, "at_weekends": wall.day_of_week >= 5})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = kept[0].predict(future)["yhat"].to_numpy()
    np.testing.assert_allclose(curve.roots(hours), expected, rtol=1e-9, atol=1e-9)


def test_the_trend_stands_still_after_the_last_known_hour():
    """A chat that grew from 30 to 102 a day does not go on growing while nothing is known of it."""
    first = LocalDay.parse("2026-01-01", "UTC")
    growing = make_series(first, 90, lambda hour: round((30 + 0.8 * (hour - first.start).days) / 48 * (1 + hour.hour % 3)))
    curve = fit_prophet(growing)
    weeks = [pd.DatetimeIndex([h for n in range(7) for h in first.plus(days + n).hours]) for days in (90, 104, 1547)]
    totals = [curve.means(week).sum() for week in weeks]
    assert totals == pytest.approx([totals[0]] * 3)
    assert totals[0] < 1.2 * growing["messages"].tail(7 * 24).sum()


def test_the_means_add_up_to_the_last_days(chat, curve):
    recent = chat.tail(56 * 24).dropna()
    means = curve.means(pd.DatetimeIndex(recent["hour"]))
    assert means.sum() == pytest.approx(recent["messages"].sum(), rel=0.01)


def test_the_day_and_the_week_are_found(curve):
    hours = LocalDay.parse("2026-03-02", "Europe/Moscow").hours
    means = curve.means(hours)
    assert means[18:22].mean() > 3 * means[3:6].mean()


def test_nothing_is_written_to_the_log(chat, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        fit_prophet(chat)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("cmdstanpy").disabled


def test_numbers_survive_json(curve):
    import json

    assert ProphetCurve.from_dict(json.loads(json.dumps(curve.to_dict()))) == curve


def test_too_little_history_is_refused_with_figures():
    with pytest.raises(NotEnoughHistory, match="480 hours are known, expected at least 672"):
        fit_prophet(make_chat(days=20, missing=0))
    silent = make_series(LocalDay.parse("2026-01-01", "UTC"), 40, lambda _: 0)
    with pytest.raises(NotEnoughHistory, match="no message"):
        fit_prophet(silent)

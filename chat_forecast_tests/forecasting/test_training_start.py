"""When the days before a change are left out of a training, and when not."""

import numpy as np
import pytest

from chat_forecast.forecasting import train
from chat_forecast.forecasting.bursts import cap_for_training
from chat_forecast.forecasting.methods import fit_curves
from chat_forecast.forecasting.training_start import trim_to_change
from chat_forecast_tests.domain.test_changes import CHANGED, FIRST, make_chat
from chat_forecast_tests.factories import make_series


def test_hours_that_moved_are_forecast_where_they_are_now_within_a_week():
    known = make_chat(107, after={"evening": 4})
    expected = train(known).fitted.forecast(known, FIRST.plus(107).hours)["expected"].to_numpy()
    assert np.argmax(expected) in range(2, 7)
    assert expected[2:7].sum() > 2 * expected[18:23].sum()


def test_the_record_of_a_training_says_what_was_forgotten():
    training = train(make_chat(110, after={"evening": 4}))
    assert f"the days before {CHANGED.key} were forgotten: the hours changed" in training.why
    assert "forgotten" not in train(make_chat(110)).why


def test_a_chat_that_does_not_change_forgets_nothing():
    series = cap_for_training(make_chat(110))
    kept, change = trim_to_change(series, fit_curves(series)[0])
    assert change is None
    assert kept is series


def test_old_hours_that_are_back_are_not_forgotten():
    holidays, usual = make_chat(130, after={"evening": 4}), make_chat(130)
    holidays["messages"] = holidays["messages"].where(holidays["hour"] < CHANGED.plus(8).start, usual["messages"])
    during = cap_for_training(holidays[holidays["hour"] < CHANGED.plus(7).start].reset_index(drop=True))
    assert trim_to_change(during, fit_curves(during)[0])[1] is not None
    afterwards = cap_for_training(holidays[holidays["hour"] < CHANGED.plus(16).start].reset_index(drop=True))
    assert trim_to_change(afterwards, fit_curves(afterwards)[0])[1] is None


@pytest.mark.parametrize("missing", [1, 2])
def test_a_young_chat_whose_last_days_were_not_read_can_be_trained(missing):
    days = 4
    series = make_series(FIRST, days, lambda hour: None if hour >= FIRST.plus(days - missing).start else hour.hour)
    assert train(series).fitted.forecast(series, FIRST.plus(days).hours)["expected"].gt(0).all()

import numpy as np
import pytest

from chat_forecast.forecasting.level import level_factors


def factors(actual, fitted):
    return level_factors(np.array(actual, float), np.array(fitted, float), np.full(len(actual), 24.0))


def test_a_curve_that_is_right_is_left_alone():
    assert factors([50] * 30, [50] * 30).tolist() == [1.0] * 31


def test_a_doubled_level_is_mostly_reached_within_a_week():
    assert factors([50] * 30 + [100] * 7, [50] * 37)[-1] == pytest.approx(1.68, abs=0.01)


def test_a_day_changes_only_the_factors_after_it():
    before, after = factors([50] * 20, [50] * 20), factors([50] * 10 + [500] + [50] * 9, [50] * 20)
    assert before[:11].tolist() == after[:11].tolist()
    assert after[11] > 2


def test_an_unread_day_only_lets_older_days_fade():
    actual, fitted, hours = np.array([[100.0, 0, 0], [50.0, 0, 0], [24.0, 0, 0]])
    levels = level_factors(actual, fitted, hours)
    assert levels[1] > levels[2] > levels[3] > 1


def test_days_of_silence_lead_towards_zero_and_not_below():
    silent = factors([50] * 30 + [0] * 90, [50] * 120)
    assert 0 <= silent[-1] < 1e-6


def test_nothing_on_either_side_is_no_change():
    assert factors([0] * 5, [0] * 5).tolist() == [1.0] * 6

import numpy as np
import pandas as pd
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.week_ahead import look_ahead
from chat_forecast_tests.factories import make_series

FIRST = LocalDay.parse("2026-10-22", "Europe/Berlin")
"""A week with a clock change."""


class Flat:
    """A forecaster that expects the same of every hour."""

    def __init__(self, mean):
        self.mean = mean

    def distribution(self, _series, hours):
        return NegativeBinomial(np.full(len(hours), self.mean), np.full(len(hours), 2.0))


def make_week(mean=10.0, *, usual=10, tomorrow=None):
    hours = pd.DatetimeIndex([hour for day in FIRST.until(FIRST.plus(6)) for hour in day.hours]).as_unit("us")
    return look_ahead(Flat(mean), hours, make_series(FIRST.plus(-30), 30, lambda _hour: usual), tomorrow)


def test_the_days_and_the_week_add_up():
    week = make_week()
    assert week.days.mean == pytest.approx([240, 240, 240, 250, 240, 240, 240], rel=0.01)
    assert week.total.mean == pytest.approx(week.hours.mean.sum())


def test_a_day_further_ahead_is_less_certain():
    low, high = make_week().days.quantiles([0.1, 0.9]).T
    widths = (high - low) / make_week().days.mean
    assert widths[0] < widths[1] < widths[2]
    assert widths[-1] == widths.max()


def test_a_level_far_from_that_of_four_weeks_does_not_last():
    high, steady = make_week(20.0), make_week(20.0, usual=20)
    assert high.days.mean[0] == steady.days.mean[0] == 480
    assert high.days.mean[6] == pytest.approx(480 * 0.5**0.4, rel=0.01)
    assert steady.days.mean[6] == pytest.approx(480, rel=0.01)


def test_what_was_said_of_tomorrow_before_is_not_asked_again():
    other = make_week(tomorrow=NegativeBinomial(np.full(24, 5.0), np.full(24, 2.0)))
    assert other.days.mean[0] == 120
    same = make_week(tomorrow=Flat(10.0).distribution(None, range(24)))
    assert same.days.quantiles([0.1, 0.9]).tolist() == make_week().days.quantiles([0.1, 0.9]).tolist()


def test_without_a_known_day_nothing_is_pulled():
    assert make_week(usual=None).days.mean[6] == pytest.approx(240)

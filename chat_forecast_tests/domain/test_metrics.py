"""Each metric against a slow, obvious version of itself."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain import metrics

HOURS = st.lists(st.tuples(st.none() | st.integers(0, 50), st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=30)


def columns(hours):
    """The actual counts, with missing ones, and two columns of forecasts."""
    actual, first, second = zip(*hours, strict=True)
    return pd.Series(actual, dtype="Int64"), list(first), list(second)


def mean_over_known(hours, error):
    errors = [error(y, p) for y, p, _ in hours if y is not None]
    return sum(errors) / len(errors) if errors else math.nan


def slow_smape(y, p):
    return 0.0 if y == p == 0 else 2 * abs(y - p) / (abs(y) + abs(p))


def slow_deviance(y, p):
    if y == 0:
        return 2 * p
    return math.inf if p == 0 else 2 * (y * math.log(y / p) - y + p)


@pytest.mark.parametrize(
    ("metric", "slow"),
    [
        (metrics.smape, slow_smape),
        (metrics.mae, lambda y, p: abs(y - p)),
        (lambda y, p: metrics.rmse(y, p) ** 2, lambda y, p: (y - p) ** 2),
        (metrics.poisson_deviance, slow_deviance),
        (lambda y, p: metrics.coverage(y, [0] * len(p), p), lambda y, p: float(y <= p)),
    ],
)
@settings(deadline=None)  # the first call imports a library
@given(hours=HOURS)
def test_a_metric_is_the_mean_of_its_hours_without_the_missing_ones(metric, slow, hours):
    actual, forecast, _ = columns(hours)
    expected = mean_over_known(hours, slow)
    assert metric(actual, forecast) == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(HOURS)
def test_pinball_charges_the_side_on_which_the_actual_lies(hours):
    actual, low, high = columns(hours)

    def loss(y, q, probability):
        return probability * (y - q) if y > q else (1 - probability) * (q - y)

    known = [(y, p, q) for y, p, q in hours if y is not None]
    slow = [loss(y, p, 0.1) for y, p, _ in known] + [loss(y, q, 0.9) for y, _, q in known]
    expected = sum(slow) / len(slow) if slow else math.nan
    assert metrics.pinball(actual, {0.1: low, 0.9: high}) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@given(HOURS)
def test_errors_of_totals_are_relative_to_the_actual_total_of_the_known_hours(hours):
    actual, forecast, _ = columns(hours)
    known = [(y, p) for y, p, _ in hours if y is not None]
    total = sum(y for y, _ in known)
    if total:
        wrong = sum(abs(y - p) for y, p in known)
        assert metrics.wape(actual, forecast) == pytest.approx(wrong / total, abs=1e-9)
        assert metrics.total_error(actual, forecast) == pytest.approx(sum(p for _, p in known) / total - 1, abs=1e-9)


def test_ratios_to_nothing_are_said():
    assert metrics.smape([0, 0], [0, 0]) == 0
    assert metrics.smape([0, 5], [1, 0]) == 2
    assert metrics.wape([0, 0], [0, 0]) == 0
    assert metrics.wape([0, 0], [0, 1]) == math.inf
    assert metrics.skill(0, 0) == 0
    assert math.isnan(metrics.skill(1, 0))


def test_without_a_known_hour_there_is_no_number():
    nothing = pd.Series([pd.NA, pd.NA], dtype="Int64")
    single = (metrics.smape, metrics.rmse, metrics.mae, metrics.wape, metrics.total_error, metrics.poisson_deviance)
    assert all(math.isnan(metric(nothing, [1, 2])) for metric in single)
    assert math.isnan(metrics.coverage(nothing, [1, 2], [3, 4]))
    assert math.isnan(metrics.pinball(nothing, {0.5: [1, 2]}))


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="found \\[1, 2\\]"):
        metrics.smape([1], np.array([1, 2]))


def test_the_pit_s_coverage_is_right_on_counts_however_small():
    from scipy.stats import poisson

    rng = np.random.default_rng(3)
    for mean in (0.1, 1.0, 30.0):
        counts = rng.poisson(mean, 20_000)
        below, at_most = poisson.cdf(counts - 1, mean), poisson.cdf(counts, mean)
        drawn = below + rng.random(counts.size) * (at_most - below)
        assert metrics.pit_coverage(below, at_most) == pytest.approx(0.8, abs=0.01)
        assert metrics.pit_coverage(below, at_most) == pytest.approx(((drawn > 0.1) & (drawn < 0.9)).mean(), abs=0.01)


def test_the_pinball_loss_is_that_of_scikit_learn():
    from sklearn.metrics import mean_pinball_loss

    rng = np.random.default_rng(5)
    actual, quantiles = rng.poisson(4, 200), {tau: rng.poisson(4, 200) for tau in (0.1, 0.5, 0.9)}
    expected = np.mean([mean_pinball_loss(actual, quantile, alpha=tau) for tau, quantile in quantiles.items()])
    assert metrics.pinball(actual, quantiles) == pytest.approx(expected)

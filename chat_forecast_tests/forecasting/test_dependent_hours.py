import numpy as np
import pytest

from chat_forecast.forecasting.calibration import MOST_SIZE
from chat_forecast.forecasting.dependent_hours import (
    as_negative_binomials,
    correlation,
    distribution_of_sum,
    surprise,
    variance_of_sums,
)
from chat_forecast.forecasting.distributions import Empirical, NegativeBinomial, RegularCounts


def slow_variance(mean, size):
    hours = range(len(mean))
    alone = sum(mean[i] + mean[i] ** 2 / size[i] for i in hours)
    pairs = [(i, j) for i in hours for j in hours if i != j]
    return alone + sum(correlation(abs(i - j)) * mean[i] * mean[j] / np.sqrt(size[i] * size[j]) for i, j in pairs)


def test_a_sum_varies_as_every_pair_of_its_hours_says():
    rng = np.random.default_rng(1)
    mean, size = rng.uniform(0, 9, 25), rng.uniform(0.2, 5, 25)
    assert variance_of_sums(mean, size) == pytest.approx(slow_variance(mean, size))


def test_the_interval_of_a_total_is_wider_than_with_independent_hours():
    mean, size = np.full(24, 5.0), np.full(24, 1.0)
    total = distribution_of_sum(mean, size)
    independent = (mean + mean**2 / size).sum()
    assert total.mean[0] == 120
    assert (total.mean + total.mean**2 / total.size)[0] > 2 * independent


def test_a_surprise_is_the_tail_of_the_negative_binomial():
    mean, size, counts = np.full(4, 3.0), np.full(4, 0.7), np.array([0.0, 1, 5, 40])
    tails = 1 - NegativeBinomial(mean, size).at_most(counts - 1)
    assert surprise(counts, mean, size) == pytest.approx(-np.log10(tails), abs=1e-6)


def test_a_count_beyond_all_bounds_has_a_finite_surprise_and_an_unread_hour_none():
    assert surprise(np.array([1e9]), np.array([1.0]), np.array([1000.0])).tolist() == [300.0]
    assert np.isnan(surprise(np.array([np.nan]), np.array([1.0]), np.array([1.0]))).all()


def test_other_distributions_keep_their_mean_and_their_spread():
    seen = Empirical((np.array([0.0, 0, 0, 40]), np.array([0.0, 0, 0, 0])))
    found = as_negative_binomials(seen)
    assert found.mean == pytest.approx([10, 0], abs=0.01)
    assert (found.mean + found.mean**2 / found.size)[0] == pytest.approx(300)
    even = as_negative_binomials(RegularCounts(np.full(2, 4.0), 5.0))
    assert even.mean == pytest.approx([4, 4], abs=0.5)
    assert even.size.tolist() == [MOST_SIZE] * 2

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from chat_forecast.forecasting.distributions import Empirical, NegativeBinomial, RegularCounts, describe_counts

HOURS = pd.date_range("2026-01-01", periods=24, freq="h", tz="Europe/Moscow")
ASCENDING = ["q01", "q10", "q25", "median", "q75", "q90", "q99"]
NUMBERS = ["expected", "smape_point", *ASCENDING]


def slow_smape_point(counts):
    """Try every whole number."""

    def loss(point):
        return sum(abs(count - point) / (count + point) if count + point else 0 for count in counts)

    return min(range(int(max(counts)) + 1), key=loss)


@settings(deadline=None)
@given(st.floats(1e-4, 1e5), st.floats(0.02, 1000))
def test_any_negative_binomial_gives_whole_ordered_finite_quantiles(mean, size):
    table = describe_counts(HOURS[:1], NegativeBinomial(np.array([mean]), np.array([size])))
    values = table[NUMBERS].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(table[ASCENDING].to_numpy()) >= 0).all()
    assert (table[["smape_point", *ASCENDING]] % 1 == 0).all(axis=None)
    assert table["expected"].item() == mean


@pytest.mark.parametrize(("mean", "size"), [(0.3, 0.5), (2.0, 1.0), (30.0, 4.0)])
def test_quantiles_hold_as_many_draws_as_they_say(mean, size):
    draws = np.random.default_rng(3).negative_binomial(size, size / (size + mean), 100_000)
    table = describe_counts(HOURS[:1], NegativeBinomial(np.array([mean]), np.array([size]))).iloc[0]
    for name, probability in {"q10": 0.1, "median": 0.5, "q90": 0.9, "q99": 0.99}.items():
        assert (draws <= table[name]).mean() >= probability - 0.005
        assert (draws < table[name]).mean() <= probability + 0.005


@pytest.mark.parametrize("mean", [0.01, 1.0, 10.0, 60.0, 1000.0, 1e5])
@pytest.mark.parametrize("size", [0.02, 1.0, 1000.0, 1e6])
@pytest.mark.parametrize("rows", [60, 800])
def test_quantiles_found_by_counting_or_halving_are_those_that_scipy_searches(mean, size, rows):
    means, sizes = (scale * np.random.default_rng(5).gamma(2, 0.5, rows) + 1e-3 for scale in (mean, size))
    probabilities = [0.5, 0.01, 0.1, 0.25, 0.75, 0.9, 0.99, 0.995]
    slow = nbinom.ppf(probabilities, sizes[:, None], (sizes / (sizes + means))[:, None])
    np.testing.assert_array_equal(NegativeBinomial(means, sizes).quantiles(probabilities), slow)
    counts = np.append(np.random.default_rng(6).uniform(-1, 3, rows - 2) * means[2:], [-0.5, 0])
    at_most = nbinom.cdf(counts, sizes, sizes / (sizes + means))
    np.testing.assert_array_equal(NegativeBinomial(means, sizes).at_most(counts), at_most)


def test_a_few_quantiles_are_found_without_importing_scipy_and_probabilities_without_all_of_it():
    code = (
        "import sys; import numpy as np; from chat_forecast.forecasting.distributions import NegativeBinomial;"
        "many = NegativeBinomial(np.array([900.0]), np.array([9.0]));"
        "many.quantiles([0.1, 0.9]); assert 'scipy' not in sys.modules;"
        "many.at_most(np.array([7.0])); assert 'scipy.stats' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_empirical_quantiles_are_counts_that_were_seen(counts):
    table = describe_counts(HOURS[:1], Empirical((np.array(counts, dtype=float),))).iloc[0]
    assert set(table[ASCENDING]) <= set(counts)
    assert table["expected"] == pytest.approx(np.mean(counts))
    assert table["q01"] == min(counts)


@pytest.mark.parametrize("lengths", [[28] * 24, [28] * 23 + [27], [1] * 24, list(range(1, 25))])
def test_quantiles_of_hours_taken_together_are_those_of_each(lengths):
    rng = np.random.default_rng(8)
    counts = tuple(rng.integers(0, 40, length) * 1.5 for length in lengths)
    probabilities = [0.01, 0.1, 0.5, 0.9, 0.99]
    each = [[sorted(seen)[max(math.ceil(len(seen) * p - 1), 0)] for p in probabilities] for seen in counts]
    np.testing.assert_array_equal(Empirical(counts).quantiles(probabilities), each)


@pytest.mark.parametrize(("mean", "size"), [(0.2, 1.0), (1.5, 1.0), (3.0, 2.0), (12.0, 3.0), (80.0, 5.0)])
def test_the_smape_point_is_nearly_as_good_as_the_best_of_all_whole_numbers(mean, size):
    distribution = NegativeBinomial(np.array([mean]), np.array([size]))
    counts = distribution.quantiles(list((np.arange(1000) + 0.5) / 1000))[0]

    def loss(point):
        return np.mean([2 * abs(count - point) / (count + point) if count + point else 0 for count in counts])

    point = describe_counts(HOURS[:1], distribution)["smape_point"].item()
    assert loss(point) <= loss(slow_smape_point(counts)) + 0.01


def test_the_smape_point_of_a_mostly_quiet_hour_is_zero_whatever_its_mean():
    counts = np.array([0.0] * 60 + [500.0] * 40)
    assert describe_counts(HOURS[:1], Empirical((counts,)))["smape_point"].item() == 0


def slow_regular_counts(rate, regularity, draws, seed=3):
    """Let messages come one after the other, from long before the hour's start."""
    gaps = np.random.default_rng(seed).gamma(regularity, 1 / (regularity * rate), (draws, 400)).cumsum(axis=1)
    return (gaps < 1).sum(axis=1)


@pytest.mark.parametrize(("rate", "regularity"), [(0.4, 2.0), (3.0, 1.5), (20.0, 4.0)])
def test_regular_counts_are_those_of_messages_with_gamma_distributed_pauses(rate, regularity):
    drawn = slow_regular_counts(rate, regularity, 20_000)
    distribution = RegularCounts(np.array([rate]), regularity)
    assert distribution.mean[0] == pytest.approx(drawn.mean(), rel=0.03)
    for count in range(int(drawn.max())):
        assert distribution.at_most(np.array([float(count)]))[0] == pytest.approx((drawn <= count).mean(), abs=0.012)
    assert distribution.at_most(np.array([-1.0]))[0] == 0


@settings(deadline=None)
@given(st.floats(1e-4, 1e4), st.floats(1, 50))
def test_a_quantile_of_regular_counts_is_the_least_count_not_exceeded_so_often(rate, regularity):
    distribution = RegularCounts(np.array([rate]), regularity)
    for probability, quantile in zip((0.01, 0.5, 0.99), distribution.quantiles((0.01, 0.5, 0.99))[0], strict=True):
        assert distribution.at_most(np.array([quantile]))[0] >= probability
        assert distribution.at_most(np.array([quantile - 1]))[0] < probability


def test_probabilities_and_quantiles_of_a_distribution_belong_together():
    for distribution in (
        NegativeBinomial(np.array([0.2, 7.0]), np.array([0.3, 2.0])),
        Empirical((np.array([0.0, 0, 3]), np.array([1.0, 2, 9]))),
    ):
        quantiles = distribution.quantiles((0.3, 0.9))
        for column, probability in zip(quantiles.T, (0.3, 0.9), strict=True):
            assert (distribution.at_most(column) >= probability).all()
            assert (distribution.at_most(column - 1) < probability).all()

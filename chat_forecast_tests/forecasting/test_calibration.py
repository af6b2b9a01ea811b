import numpy as np
import pytest

from chat_forecast.forecasting.calibration import CountLayer, fit_count_layer


def draw(means, size, seed=5):
    return np.random.default_rng(seed).negative_binomial(size, size / (size + means)).astype(float)


def test_the_layer_finds_the_spread_the_counts_were_drawn_with():
    means = np.exp(np.random.default_rng(1).uniform(-1, 4, 3000))
    layer = fit_count_layer(means, draw(means, 2.0 * means**0.3))
    assert (layer.a, layer.b) == pytest.approx((0, 1), abs=0.06)
    assert np.exp(layer.c) == pytest.approx(2.0, rel=0.2)
    assert layer.d == pytest.approx(0.3, abs=0.08)


def test_means_that_are_too_high_are_corrected():
    means = np.full(2000, 10.0)
    layer = fit_count_layer(means, draw(means / 2, 3.0))
    assert layer.distribution(means[:1]).mean.item() == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("counts", [np.zeros(5), np.array([0.0, 0, 0, 0, 10_000]), np.array([1.0])])
def test_hardly_any_pairs_give_a_sane_layer(counts):
    layer = fit_count_layer(np.full(len(counts), 0.5), counts)
    distribution = layer.distribution(np.array([0.01, 1.0, 1000.0]))
    assert np.isfinite(distribution.mean).all()
    assert (distribution.size > 0).all()
    assert isinstance(layer, CountLayer)


def test_a_chat_more_even_than_chance_gets_regular_counts_and_a_burst_does_not():
    rng = np.random.default_rng(2)
    means = np.exp(rng.uniform(-1, 2, 3000))
    even = rng.binomial(np.ceil(2 * means).astype(int), means / np.ceil(2 * means)).astype(float)
    layer = fit_count_layer(means, even)
    assert layer.regularity > 1.2
    assert layer.distribution(means).mean.sum() == pytest.approx(even.sum(), rel=0.05)
    assert fit_count_layer(means, rng.poisson(means).astype(float)).distribution(means).mean.sum() > 0
    assert fit_count_layer(means, draw(means, 1.0)).regularity is None


@pytest.mark.parametrize("seed", [81, 110, 147])
def test_busy_hours_that_once_stopped_the_optimiser_at_a_bound_keep_their_mean(seed):
    rng = np.random.default_rng(seed)
    means = np.exp(rng.normal(rng.uniform(1, 4), rng.uniform(0.5, 1.5), 1500))
    size = rng.uniform(0.05, 0.5) * means ** rng.uniform(0, 0.8)
    counts = rng.negative_binomial(size, size / (size + means)).astype(float)
    layer = fit_count_layer(means, counts)
    assert layer.distribution(means).mean.sum() == pytest.approx(counts.sum(), rel=0.25)
    assert layer.b == pytest.approx(1, abs=0.15)

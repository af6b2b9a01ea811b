"""That Prophet's optimum, found without Stan, is the optimum of Prophet's model."""

import numpy as np
import pytest
from prophet.models import CmdStanPyBackend

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.base import FittingFailed
from chat_forecast.forecasting.curves import prophet_optimum
from chat_forecast.forecasting.curves.prophet import fit_prophet
from chat_forecast.forecasting.curves.prophet_optimum import ExactOptimum, most_probable
from chat_forecast_tests.forecasting.test_training import make_chat


def log_probability(parameters: dict[str, Floats], data: dict) -> float:
    """The logarithm of the posterior, up to a constant, as ``prophet.stan`` states it."""
    slope, offset, changes, noise, waves = (parameters[name].ravel() for name in ("k", "m", "delta", "sigma_obs", "beta"))
    times = np.asarray(data["t"], dtype=float)
    trend = slope * times + offset + np.maximum(times[:, None] - data["t_change"], 0) @ changes
    errors = np.asarray(data["y"]) - trend - np.asarray(data["X"]) @ waves
    prior = (
        -(slope[0] ** 2 + offset[0] ** 2) / (2 * 5**2)
        - np.abs(changes).sum() / data["tau"]
        - noise[0] ** 2 / (2 * 0.5**2)
        - ((waves / data["sigmas"]) ** 2).sum() / 2
    )
    return float(-len(errors) * np.log(noise[0]) - (errors**2).sum() / (2 * noise[0] ** 2) + prior)


@pytest.fixture(scope="module")
def handed():
    """What Prophet hands to its backend for a chat: where to start, and the data."""
    kept = []

    class Kept(ExactOptimum):
        def fit(self, stan_init, stan_data, **options):
            kept.extend([stan_init, stan_data])
            return super().fit(stan_init, stan_data, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prophet_optimum, "ExactOptimum", Kept)
        fit_prophet(make_chat(days=120))
    return kept


def test_the_optimum_is_at_least_as_probable_as_what_stan_finds_and_close_to_it(handed):
    start, data = handed
    exact = ExactOptimum().fit(start, data)
    ours = log_probability(exact, data)
    stan = CmdStanPyBackend().fit(start, data, seed=1)
    assert log_probability(stan, data) <= ours < log_probability(stan, data) + 10
    assert exact["sigma_obs"] == pytest.approx(stan["sigma_obs"], rel=0.01)


def test_no_step_away_from_the_optimum_is_more_probable(handed):
    start, data = handed
    exact = ExactOptimum().fit(start, data)
    best = log_probability(exact, data)
    random = np.random.default_rng(1)
    for size in (1e-1, 1e-3, 1e-5):
        for name in exact:
            step = size * random.standard_normal(exact[name].shape)
            moved = {**exact, name: exact[name] + (np.abs(step) if name == "sigma_obs" else step)}
            assert log_probability(moved, data) < best


def test_known_coefficients_are_found():
    random = np.random.default_rng(1)
    ridge, lasso = random.standard_normal((5000, 3)), random.standard_normal((5000, 4))
    values = ridge @ [1, -2, 3] + lasso @ [0, 4, 0, 0] + 0.1 * random.standard_normal(5000)
    found, changes, variance = most_probable(ridge, np.full(3, 1e-4), lasso, 1000.0, values)
    assert found == pytest.approx([1, -2, 3], abs=0.01)
    assert changes == pytest.approx([0, 4, 0, 0], abs=0.01)
    assert np.sqrt(variance) == pytest.approx(0.1, rel=0.03)


def test_a_noise_that_does_not_settle_fails(monkeypatch):
    monkeypatch.setattr(prophet_optimum, "MOST_ROUNDS", 1)
    random = np.random.default_rng(1)
    with pytest.raises(FittingFailed, match="not found in 1 rounds"):
        most_probable(random.standard_normal((9, 1)), np.ones(1), np.ones((9, 1)), 1.0, random.standard_normal(9))


def test_it_does_not_sample():
    with pytest.raises(FittingFailed, match="use Prophet's own"):
        ExactOptimum().sampling({}, {}, 10)

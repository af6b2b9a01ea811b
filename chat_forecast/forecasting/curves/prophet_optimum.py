"""Prophet's optimum, found exactly and in this process.

Belongs here: the most probable parameters of the model that Prophet states in ``prophet.stan``, for a linear trend and
additive seasonalities.
Does not belong here: which seasonalities a chat's curve has, or what is read off the parameters (:mod:`.prophet`).

Prophet hands its data to a backend, which by default starts a process of Stan's optimiser, a method for smooth functions
that stops near the optimum. But given the noise, the model is a least-squares problem with a Gaussian prior on all
coefficients, except a Laplace prior on the changes of the trend: a ridge regression and, once that is solved for, a lasso
in the 25 changes alone, which has an exact solution. The noise has a closed form given the rest. The two alternate.
"""

from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.models import IStanBackend

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.base import FittingFailed

TREND_SD = 5.0
"""Standard deviation of Prophet's prior on the slope and the offset."""
NOISE_SD = 0.5
"""The same of its prior on the noise."""
TOLERANCE = 1e-9
"""The noise is found when its variance changes by a smaller share;"""
MOST_ROUNDS = 100
"""a usual fit takes about five rounds."""


class ExactOptimum(IStanBackend):
    """A backend for Prophet that finds the most probable parameters, without Stan."""

    @staticmethod
    def get_type() -> str:
        """See :class:`prophet.models.IStanBackend`."""
        return "EXACT"

    def load_model(self) -> None:
        """There is no compiled model."""

    def fit(
        self,
        stan_init: dict[str, Any],  # noqa: ARG002 - where Stan would start; the exact optimum needs no start
        stan_data: dict[str, Any],
        **_: object,
    ) -> dict[str, Any]:
        """Find the parameters, each of shape ``(1, …)`` as Prophet keeps them.

        Raises:
            FittingFailed: the noise does not settle.
        """
        times, offsets = np.asarray(stan_data["t"], dtype=float), np.asarray(stan_data["t_change"], dtype=float)
        waves = np.asarray(stan_data["X"], dtype=float)
        changes = np.maximum(times[:, None] - offsets, 0.0)
        ridge = np.hstack([times[:, None], np.ones((len(times), 1)), waves])
        precision = np.concatenate([np.full(2, TREND_SD), stan_data["sigmas"]]) ** -2.0
        found, delta, variance = most_probable(
            ridge, precision, changes, 1 / stan_data["tau"], np.asarray(stan_data["y"], dtype=float)
        )
        parameters = {"k": found[:1], "m": found[1:2], "delta": delta, "sigma_obs": np.sqrt([variance]), "beta": found[2:]}
        return {name: values.reshape(1, -1) for name, values in parameters.items()}

    def sampling(self, *_: object, **__: object) -> dict[str, Any]:
        """Refuse: Prophet asks a backend to sample only with ``mcmc_samples``, which no curve here uses.

        Raises:
            FittingFailed: always.
        """
        raise FittingFailed("this backend finds the optimum only: use Prophet's own one to sample")


class ExactProphet(Prophet):
    """Prophet with :class:`ExactOptimum`.

    Which columns belong to which seasonality follows from their names alone, and takes Prophet a tenth of a training to
    find: it is remembered.
    """

    _components: ClassVar[dict[tuple[str, ...], Any]] = {}

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - Prophet takes settings of any type
        super().__init__(**settings)
        self.stan_backend = ExactOptimum()

    def regressor_column_matrix(self, seasonal_features: pd.DataFrame, modes: Any) -> Any:  # noqa: ANN401 - Prophet gives its types no public name
        """See :meth:`prophet.Prophet.regressor_column_matrix`."""
        names = (*seasonal_features.columns, repr(modes))
        if names not in self._components:
            self._components[names] = super().regressor_column_matrix(seasonal_features, modes)
        return deepcopy(self._components[names])


def most_probable(
    ridge: Floats, precision: Floats, lasso: Floats, rate: float, values: Floats
) -> tuple[Floats, Floats, float]:
    """Find the most probable coefficients and noise of ``values ~ Normal(ridge @ a + lasso @ b, noise)``.

    ``ridge`` has the shape ``(n, p)``, with a prior ``a ~ Normal(0, precision ** -0.5)``; ``lasso`` the shape ``(n, q)``,
    with a prior ``b ~ Laplace(0, 1 / rate)``; the noise a prior ``Normal(0, NOISE_SD)``. Returns ``a``, ``b`` and the
    noise's variance.

    Raises:
        FittingFailed: the noise does not settle.
    """
    from sklearn.linear_model import lars_path_gram

    both = np.hstack([ridge, lasso])
    size, gram, products = ridge.shape[1], both.T @ both, both.T @ values
    variance = float(values.var())
    for _ in range(MOST_ROUNDS):
        solved = np.linalg.solve(
            gram[:size, :size] + variance * np.diag(precision), np.column_stack([products[:size], gram[:size, size:]])
        )
        rest, part = solved[:, 0], solved[:, 1:]
        _, _, changes = lars_path_gram(
            products[size:] - gram[size:, :size] @ rest,
            gram[size:, size:] - gram[size:, :size] @ part,
            n_samples=1,
            alpha_min=variance * rate,
            method="lasso",
            return_path=False,
        )
        coefficients = rest - part @ changes
        errors = float(((values - ridge @ coefficients - lasso @ changes) ** 2).sum())
        # The positive root of variance² / NOISE_SD² + n · variance = errors.
        found = 2 * errors / (len(values) + np.sqrt(len(values) ** 2 + 4 * errors / NOISE_SD**2))
        if abs(found - variance) <= TOLERANCE * variance:
            return coefficients, changes, found
        variance = found
    raise FittingFailed(f"Prophet's optimum is not found in {MOST_ROUNDS} rounds")

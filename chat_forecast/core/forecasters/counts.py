"""The layer between a curve of means and a distribution of counts.

Belongs here: the negative binomial around a mean, and fitting it to pairs of a forecast mean and the count that came.
Does not belong here: where the means come from.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chat_forecast.core.forecasters.distribution import NegativeBinomial

Floats = npt.NDArray[np.float64]

LEAST_SIZE, MOST_SIZE = 0.02, 1000.0


@dataclass(frozen=True)
class CountLayer:
    """``log mean = a + b log m`` and ``log size = c + d log m`` of a negative binomial, for a forecast mean ``m``."""

    a: float = 0.0
    b: float = 1.0
    c: float = 0.0
    d: float = 0.5

    def distribution(self, means: Floats) -> NegativeBinomial:
        """Spread counts around positive means."""
        log_mean = np.log(means)
        size = np.exp(np.clip(self.c + self.d * log_mean, np.log(LEAST_SIZE), np.log(MOST_SIZE)))
        return NegativeBinomial(np.exp(self.a + self.b * log_mean), size)

    def to_dict(self) -> dict[str, Any]:
        """Give the four parameters as plain numbers."""
        return asdict(self)


def fit_count_layer(means: Floats, counts: Floats) -> CountLayer:
    """Fit the layer to pairs of a positive forecast mean and the count that came, by penalised likelihood.

    The penalty draws towards a forecast that needs no correction (``a = 0, b = 1``) and a size that grows with the root
    of the mean; it weighs as much as a few hours, so that it decides only where there is little to learn from.
    """
    from scipy.optimize import minimize
    from scipy.special import digamma, gammaln

    start = CountLayer()
    prior, weight = np.array([start.a, start.b, start.c, start.d]), np.array([20.0, 100.0, 1.0, 20.0])
    columns = np.stack([np.ones(len(means)), np.log(means)])
    least, most = np.log(LEAST_SIZE), np.log(MOST_SIZE)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        """Give the penalised negative log-likelihood and its gradient."""
        log_mean, free_log_size = parameters[:2] @ columns, parameters[2:] @ columns
        log_size = np.clip(free_log_size, least, most)
        size = np.exp(log_size)
        log_total = np.logaddexp(log_size, log_mean)
        likelihood = gammaln(counts + size) - gammaln(size) + size * (log_size - log_total) + counts * (log_mean - log_total)
        surplus = counts - (counts + size) * np.exp(log_mean - log_total)
        by_size = digamma(counts + size) - digamma(size) + log_size - log_total + 1 - (counts + size) * np.exp(-log_total)
        by_log_size = np.where(log_size == free_log_size, size * by_size, 0.0)
        gradient = np.concatenate([columns @ surplus, columns @ by_log_size])
        distance = parameters - prior
        return float(-likelihood.sum() + weight @ distance**2), -gradient + 2 * weight * distance

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(-1, 1), (0.5, 1.5), (-4, 6), (-0.5, 1.5)])
    return CountLayer(*(float(value) for value in found.x))

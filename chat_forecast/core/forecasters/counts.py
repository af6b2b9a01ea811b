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
    from scipy.special import gammaln

    start = CountLayer()
    prior, weight = np.array([start.a, start.b, start.c, start.d]), np.array([20.0, 100.0, 1.0, 20.0])
    log_means = np.log(means)

    def loss(parameters: Floats) -> float:
        a, b, c, d = parameters
        log_mean = a + b * log_means
        log_size = np.clip(c + d * log_means, np.log(LEAST_SIZE), np.log(MOST_SIZE))
        size = np.exp(log_size)
        log_total = np.logaddexp(log_size, log_mean)
        likelihood = gammaln(counts + size) - gammaln(size) + size * (log_size - log_total) + counts * (log_mean - log_total)
        return float(-likelihood.sum() + weight @ (parameters - prior) ** 2)

    found = minimize(loss, prior, method="L-BFGS-B", bounds=[(-1, 1), (0.5, 1.5), (-4, 6), (-0.5, 1.5)])
    return CountLayer(*(float(value) for value in found.x))

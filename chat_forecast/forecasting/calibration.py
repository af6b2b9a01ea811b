"""The layer between a curve of means and a distribution of counts.

Belongs here: the distribution around a mean, a negative binomial or, for chats more even than chance, regular counts; and
fitting it to pairs of a forecast mean and the count that came.
Does not belong here: where the means come from.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.distributions import NegativeBinomial, RegularCounts

LEAST_SIZE, MOST_SIZE = 0.02, 1000.0
MOST_REGULARITY = 50.0
ENOUGH_MESSAGES = 200
"""Fewer do not show that a chat is more even than chance,"""
DOUBT = 5.0
"""nor does a log-likelihood that is not higher by this much."""


@dataclass(frozen=True)
class CountLayer:
    """``log mean = a + b log m`` and ``log size = c + d log m`` of a negative binomial, for a forecast mean ``m``.

    With a ``regularity`` it is regular counts of the rate ``exp(a + b log m)`` instead, and ``c`` and ``d`` are not used.
    """

    a: float = 0.0
    b: float = 1.0
    c: float = 0.0
    d: float = 0.5
    regularity: float | None = None

    def distribution(self, means: Floats) -> NegativeBinomial | RegularCounts:
        """Spread counts around positive means."""
        log_mean = np.log(means)
        if self.regularity is not None:
            return RegularCounts(np.exp(self.a + self.b * log_mean), self.regularity)
        size = np.exp(np.clip(self.c + self.d * log_mean, np.log(LEAST_SIZE), np.log(MOST_SIZE)))
        return NegativeBinomial(np.exp(self.a + self.b * log_mean), size)

    def to_dict(self) -> dict[str, Any]:
        """Give the parameters as plain numbers."""
        return asdict(self)


def fit_count_layer(means: Floats, counts: Floats) -> CountLayer:
    """Fit the layer to pairs of a positive forecast mean and the count that came, by penalised likelihood.

    The penalty pulls towards a forecast that needs no correction (``a = 0, b = 1``) and a size that grows with the root
    of the mean; it weighs as much as a few hours, so that it decides only where there is little to learn from.
    """
    from scipy.optimize import minimize
    from scipy.special import digamma, gammaln

    start = CountLayer()
    prior, weight = np.array([start.a, start.b, start.c, start.d]), np.array([20.0, 100.0, 1.0, 20.0])
    columns = np.stack([np.ones(len(means)), np.log(means)])
    least, most = np.log(LEAST_SIZE), np.log(MOST_SIZE)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        """Give the penalised negative log-likelihood and its gradient, both per pair.

        As sums of many thousands they make the optimiser's first step so long that it may stop at a bound.
        """
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
        return float(weight @ distance**2 - likelihood.sum()) / len(counts), (2 * weight * distance - gradient) / len(counts)

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(-1, 1), (0.5, 1.5), (-4, 6), (-0.5, 1.5)])
    layer = CountLayer(*(float(value) for value in found.x))
    is_even = ((counts - means) ** 2).sum() < means.sum()  # a Poisson distribution's squared errors add up to its means
    return _more_even(layer, means, counts) if is_even and counts.sum() >= ENOUGH_MESSAGES else layer


def _more_even(layer: CountLayer, means: Floats, counts: Floats) -> CountLayer:
    """Take regular counts where they are likelier than the negative binomial, which is never more even than chance."""
    from scipy.optimize import minimize

    def surprise(candidate: CountLayer) -> float:
        distribution = candidate.distribution(means)
        likelihood = distribution.at_most(counts) - distribution.at_most(counts - 1)
        return float(-np.log(np.maximum(likelihood, 1e-300)).sum())

    def candidate(parameters: Floats) -> CountLayer:
        a, b, log_regularity = (float(value) for value in parameters)
        return CountLayer(a, b, layer.c, layer.d, float(np.exp(log_regularity)))

    found = minimize(
        lambda parameters: surprise(candidate(parameters)) + 20 * parameters[0] ** 2 + 100 * (parameters[1] - 1) ** 2,
        np.array([0.0, 1.0, 0.1]),
        method="L-BFGS-B",
        bounds=[(-1, 1), (0.5, 1.5), (0.0, np.log(MOST_REGULARITY))],
    )
    regular = candidate(found.x)
    return regular if surprise(regular) < surprise(layer) - DOUBT else layer

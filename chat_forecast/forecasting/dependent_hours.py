"""Sums of hours: how messages of several hours together are distributed, and how likely a count is.

Belongs here: the dependence between hours, the distribution of a sum, the surprise of a count.
Does not belong here: the distributions of single hours (:mod:`.calibration`), or what is done with a sum
(:mod:`.rest_of_day`, :mod:`.week_ahead`, :mod:`.unusual_hours`).

Hours of one day are busy or quiet together: with independent hours an 80% interval of a day's total holds 48 to 75% of the
days. The correlation that is assumed falls with the distance, most of it within two hours; measured by ``bench_week``.
"""

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.base import Distribution
from chat_forecast.forecasting.calibration import LEAST_SIZE, MOST_SIZE
from chat_forecast.forecasting.distributions import Empirical, NegativeBinomial

NEAR_SHARE, NEAR_FALL = 0.55, 0.4
FAR_SHARE, FAR_FALL = 0.1, 0.9
"""Two hours ``k`` apart are correlated by ``.55 · .4**k + .1 · .9**k`` of what their excess over chance is."""
LEAST_MEAN = 0.001
MOST_SURPRISE = 300.0


def as_negative_binomials(distribution: Distribution) -> NegativeBinomial:
    """The distributions of hours as negative binomials of the same mean and spread.

    Counts that are more even than chance are taken for counts by chance.
    """
    if isinstance(distribution, NegativeBinomial):
        return distribution
    mean = np.maximum(distribution.mean, LEAST_MEAN)
    size = np.full(len(mean), MOST_SIZE)
    if isinstance(distribution, Empirical):
        excess = np.array([counts.var() for counts in distribution.counts]) - mean
        size = np.divide(mean**2, excess, out=size, where=excess > 0)
    return NegativeBinomial(mean, np.clip(size, LEAST_SIZE, MOST_SIZE))


def correlation(lag: int) -> float:
    """How far two hours of this distance are busy or quiet together.

    >>> [round(correlation(lag), 2) for lag in (1, 2, 6)]
    [0.31, 0.17, 0.06]
    """
    return float(NEAR_SHARE * NEAR_FALL**lag + FAR_SHARE * FAR_FALL**lag)


def variance_of_sums(mean: Floats, size: Floats) -> Floats:
    """The variances of sums over the last axis, whose hours follow one another; an hour of mean 0 adds nothing."""
    shared = mean / np.sqrt(size)
    total = (mean + mean**2 / size).sum(axis=-1)
    for lag in range(1, mean.shape[-1]):
        total = total + 2 * correlation(lag) * (shared[..., lag:] * shared[..., :-lag]).sum(axis=-1)
    return np.asarray(total)


def distribution_of_sum(mean: Floats, size: Floats, doubt: float = 0.0) -> NegativeBinomial:
    """The distribution of the messages of hours that follow one another: one negative binomial, of shape ``(1,)``.

    ``doubt`` is the variance, as a share of the squared total, by which the whole may be off: no level is known for sure.

    >>> hours = np.full(24, 10.0), np.full(24, 2.0)
    >>> [round(float(distribution_of_sum(*hours, doubt).quantiles([0.9])[0, 0])) for doubt in (0.0, 0.1)]
    [319, 369]
    """
    total = float(mean.sum())
    return _spread(total, float(variance_of_sums(mean, size)) + doubt * total**2)


def distribution_of_total(mean: float, variance: float) -> NegativeBinomial:
    """One negative binomial of this mean and variance, shape ``(1,)``."""
    return _spread(mean, variance)


def surprise(counts: Floats, mean: Floats, size: Floats) -> Floats:
    """``−log10`` of the probability of at least this many messages: 0 without messages, 3 for one in a thousand.

    NaN counts give NaN.
    """
    from scipy.special import betainc

    likelihood = betainc(np.maximum(counts, 1e-9), size, mean / (mean + size))
    found = -np.log10(np.maximum(likelihood, 10.0**-MOST_SURPRISE))
    return np.asarray(np.where(counts <= 0, 0.0, found))


def _spread(mean: float, variance: float) -> NegativeBinomial:
    if mean <= 0:
        return NegativeBinomial(np.zeros(1), np.ones(1))
    size = mean**2 / max(variance - mean, mean**2 / MOST_SIZE)
    return NegativeBinomial(np.array([mean]), np.array([size]))

"""Predictive distributions of hourly counts, and the forecast that is read off them.

Belongs here: distributions of whole numbers, and their mean, quantiles and points.
Does not belong here: finding a distribution from a series.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS, QUANTILES
from chat_forecast.forecasting.base import Distribution

DRAWS = 100
"""A distribution is cut into this many equally likely counts to find its sMAPE-optimal point."""
COUNTED = (0, 16, 64, 256)
"""Up to these counts, in groups of hours, quantiles are found by adding up the probabilities of all counts below."""
TAIL = 6.0
"""The largest quantile asked for lies at most about this many standard deviations above the mean."""
MOST_ADDED = 20_000
"""Up to these counts the logarithms of the probabilities are added up, if that is certain,"""
UNCERTAIN = 1e-8
"""which it is where the probability of a count or less is as far from the one asked for: rounding adds up to less."""
FEW = 5000
"""Up to this many quantiles are computed here: importing ``scipy.stats`` takes longer, most of a second."""
LEAST_LOG = -600.0
"""A probability below ``exp(-600)`` is too near to the smallest number there is to be multiplied with."""


@dataclass(frozen=True)
class NegativeBinomial:
    """Counts with mean ``m`` and variance ``m + m² / size``; both arrays have shape ``(n,)`` and are above 0."""

    mean: Floats
    size: Floats

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """See :meth:`Distribution.quantiles`."""
        wanted = np.array(probabilities, dtype=float)
        found = np.full((len(self.mean), len(wanted)), np.nan)
        reach = self.mean + TAIL * np.sqrt(self.mean + self.mean**2 / self.size)
        log_none = -self.size * np.log1p(self.mean / self.size)  # of the probability of 0
        for least, most in pairwise(COUNTED):
            rows = np.flatnonzero((reach >= least) & (reach < most) & (log_none > LEAST_LOG))
            found[rows] = _quantiles_by_counting(self.mean[rows, None], self.size[rows, None], wanted, most)
        rows = np.flatnonzero(np.isnan(found).any(axis=1))
        if len(rows):
            found[rows] = NegativeBinomial(self.mean[rows], self.size[rows])._quantiles_of_many(wanted)
        return found

    def _quantiles_of_many(self, wanted: Floats) -> Floats:
        """Quantiles of counts too high to be counted up to."""
        size, mean = self.size[:, None], self.mean[:, None]
        if len(mean) * len(wanted) > FEW:
            from scipy.stats import nbinom

            return np.asarray(nbinom.ppf(wanted, size, size / (size + mean)))
        reach = np.ceil(mean + TAIL * np.sqrt(mean + mean**2 / size)) + 1
        found = _quantiles_by_logarithms(mean, size, wanted, int(min(reach.max(), MOST_ADDED)))
        rows = np.flatnonzero(np.isnan(found).any(axis=1))
        if len(rows):
            mean, size = mean[rows], size[rows]
            found[rows] = _quantiles_by_halving(lambda counts: _at_most(counts, mean, size), wanted, reach[rows])
        return found

    def at_most(self, counts: Floats) -> Floats:
        """See :meth:`Distribution.at_most`."""
        return _at_most(counts, self.mean, self.size)


def _at_most(counts: Floats, mean: Floats, size: Floats) -> Floats:
    """The probability of a negative binomial to be at most ``counts``: what ``scipy.stats`` gives, without importing it."""
    from scipy.special import betainc

    whole = np.floor(counts)
    return np.where(whole < 0, 0.0, betainc(size, np.maximum(whole, 0) + 1, size / (size + mean)))


def _quantiles_by_halving(at_most: Callable[[Floats], Floats], wanted: Floats, reach: Floats) -> Floats:
    """For each row and wanted probability the smallest count that is not exceeded with it.

    ``at_most`` gives the probabilities of counts, an array of rows and wanted ones. ``reach``, of shape ``(n, 1)``, is where
    the largest quantile is looked for first.
    """
    shape = (len(reach), len(wanted))
    low, high = np.full(shape, -1.0), np.broadcast_to(reach, shape)
    while (is_short := at_most(high) < wanted).any():
        low, high = np.where(is_short, high, low), np.where(is_short, 2 * high, high)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        is_enough = at_most(middle) >= wanted
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return np.asarray(high)


def _quantiles_by_counting(mean: Floats, size: Floats, wanted: Floats, most: int) -> Floats:
    """Find quantiles of negative binomials by adding up their probabilities from 0 on; NaN in rows that reach ``most``.

    ``mean`` and ``size`` have the shape ``(n, 1)``. Several times as fast as scipy's search for each quantile.
    """
    counts = np.arange(1, most)
    ratios = (counts - 1 + size) / counts * (mean / (size + mean))  # of the probability of a count to that of one less
    none = np.exp(-size * np.log1p(mean / size))
    at_most = np.cumsum(np.cumprod(np.hstack([none, ratios]), axis=1), axis=1)
    found = np.stack([np.count_nonzero(at_most < each, axis=1) for each in wanted], axis=1).astype(float)
    return np.where(found < most, found, np.nan)


def _quantiles_by_logarithms(mean: Floats, size: Floats, wanted: Floats, most: int) -> Floats:
    """As :func:`_quantiles_by_counting`, of probabilities too small to be multiplied; NaN in rows where one is not certain.

    What needs ``scipy.special`` waits longer for its import than this takes.
    """
    counts = np.arange(1, most)
    steps = np.log((counts - 1 + size) / counts) + np.log(mean / (size + mean))
    at_most = np.cumsum(np.exp(np.cumsum(np.hstack([-size * np.log1p(mean / size), steps]), axis=1)), axis=1)
    places = np.stack([np.searchsorted(row, wanted) for row in at_most])
    around = [np.take_along_axis(at_most, each.clip(0, most - 1), axis=1) for each in (places - 1, places)]
    is_certain = (places < most) & (np.abs(np.stack(around) - wanted) > UNCERTAIN).all(axis=0)
    return np.where(is_certain, places.astype(float), np.nan)


@dataclass(frozen=True)
class RegularCounts:
    """Counts of messages that come more evenly than by chance, as a channel's that publishes by a plan.

    The time between two messages is gamma distributed, with ``regularity`` as its shape: 1 would be a Poisson process,
    more is more even. ``rate`` has shape ``(n,)``: the messages in an hour far from its start. Source: Winkelmann 1995.
    """

    rate: Floats
    regularity: float

    @property
    def mean(self) -> Floats:
        """See :attr:`Distribution.mean`."""
        most = np.ceil(self.rate.max() + 12 * np.sqrt(self.rate.max()) + 20)
        exceeded = 1 - self._at_most(np.arange(most)[None, :], self.rate[:, None])
        return np.asarray(exceeded.sum(axis=1))

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """See :meth:`Distribution.quantiles`."""
        rate = self.rate[:, None]
        reach = np.ceil(rate + 40 * np.sqrt(rate) + 40)
        return _quantiles_by_halving(lambda counts: self._at_most(counts, rate), np.array(probabilities, dtype=float), reach)

    def at_most(self, counts: Floats) -> Floats:
        """See :meth:`Distribution.at_most`."""
        return self._at_most(counts, self.rate)

    def _at_most(self, counts: Floats, rate: Floats) -> Floats:
        from scipy.special import gammaincc

        shape = self.regularity * (np.maximum(counts, -1) + 1)
        return np.where(counts < 0, 0.0, gammaincc(np.maximum(shape, 1e-12), self.regularity * rate))


@dataclass(frozen=True)
class Empirical:
    """Counts that were seen, each as likely as the others: one non-empty array for each hour."""

    counts: tuple[Floats, ...]

    @cached_property
    def _ascending(self) -> list[Floats]:
        """The counts in ascending order: hours with equally many of them in one array, or each in its own."""
        if len({len(counts) for counts in self.counts}) == 1:
            return [np.sort(np.stack(self.counts), axis=1)]
        return [np.sort(counts)[None, :] for counts in self.counts]

    @property
    def mean(self) -> Floats:
        """See :attr:`Distribution.mean`."""
        return np.array([counts.mean() for counts in self.counts])

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """See :meth:`Distribution.quantiles`."""
        return np.concatenate([_of_ascending(rows, probabilities) for rows in self._ascending])

    def at_most(self, counts: Floats) -> Floats:
        """See :meth:`Distribution.at_most`."""
        return np.array([(seen <= count).mean() for seen, count in zip(self.counts, counts, strict=True)])


def empirical_quantiles(counts: Floats, probabilities: Sequence[float]) -> Floats:
    """For each probability, find the smallest of the counts that is not exceeded with that probability.

    >>> empirical_quantiles(np.array([1.0, 2, 3, 4]), [0.25, 0.3, 0.99]).tolist()
    [1.0, 2.0, 4.0]
    """
    (found,) = _of_ascending(np.sort(counts)[None, :], probabilities)
    return np.asarray(found)


def _of_ascending(rows: Floats, probabilities: Sequence[float]) -> Floats:
    """Do :func:`empirical_quantiles` of the counts in each row, which ascend."""
    places = np.ceil(rows.shape[1] * np.array(probabilities) - 1).astype(int)
    return np.ascontiguousarray(rows[:, np.maximum(places, 0)], dtype=np.float64)


def describe_counts(hours: pd.DatetimeIndex, distribution: Distribution) -> pd.DataFrame:
    """Make the forecast of the ``hours`` from their distributions: :data:`FORECAST_COLUMNS`, one row an hour.

    >>> hours = pd.date_range("2026-01-01", periods=2, freq="h", tz="Europe/Moscow")
    >>> table = describe_counts(hours, Empirical((np.array([0, 0, 0, 8.0]), np.array([4, 4, 5.0]))))
    >>> table[["expected", "median", "smape_point", "q90"]].to_numpy().tolist()
    [[2.0, 0.0, 0.0, 8.0], [4.333333333333333, 4.0, 4.0, 5.0]]
    """
    return pd.DataFrame(count_columns(hours, distribution))


def count_columns(hours: pd.DatetimeIndex, distribution: Distribution) -> dict[str, pd.DatetimeIndex | Floats]:
    """The columns of :func:`describe_counts`, for a table that has others too."""
    columns = {"median": 0.5, **QUANTILES}
    quantiles = dict(zip(columns, distribution.quantiles(list(columns.values())).T, strict=True))
    points = {"expected": distribution.mean, "smape_point": _smape_points(distribution)}
    found = {"hour": hours, **points, **quantiles}
    return {name: found[name] for name in FORECAST_COLUMNS}


def _smape_points(distribution: Distribution) -> Floats:
    """Find the whole numbers that minimise the expected sMAPE, shape ``(n,)``.

    Each distribution is cut into :data:`DRAWS` equally likely counts, and the best one among half of them and 0 is
    taken: right to about 1% of probability, finer than any distribution is known.
    """
    draws = distribution.quantiles(list((np.arange(DRAWS) + 0.5) / DRAWS))
    candidates = draws[:, ::2]
    rows, places = np.nonzero(np.diff(candidates, axis=1, prepend=-1))  # they ascend: of equal ones the first is tried
    of_rows, tried = draws[rows], candidates[rows, places][:, None]
    difference, total = np.abs(of_rows - tried), of_rows + tried
    losses = np.full(candidates.shape, np.inf)
    losses[rows, places] = np.divide(difference, total, out=difference, where=total > 0).sum(axis=1)  # of 0 and 0 none
    zero = (draws > 0).sum(axis=1)
    best = losses.argmin(axis=1)
    rows = np.arange(len(draws))
    return np.where(zero <= losses[rows, best], 0.0, candidates[rows, best])

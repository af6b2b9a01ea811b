"""The rest of a day, updated from its hours so far.

Belongs here: how the hours so far move the expected ones, and the day's total.
Does not belong here: the forecast that was made at midnight, or whether an hour is unusual (:mod:`.unusual_hours`).

A busy morning says much about the next hours and little about the evening: the mean of an hour is multiplied by
``ratio ** (0.6 · exp(−ahead / 6))``, where the ratio of actual to expected messages looks back with a half-life of an hour.
"""

import math
from dataclasses import dataclass

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.dependent_hours import distribution_of_total, variance_of_sums
from chat_forecast.forecasting.distributions import NegativeBinomial

KEPT = 0.5
"""An hour weighs this share of what the hour after it weighs."""
CAUTION = 0.05
"""This share of the day's mean total is added to both sides of the ratio."""
SHARE, FADING_HOURS = 0.6, 6.0
DOUBT = 0.02
"""The variance by which a whole day may be off, as a share of its squared total."""


@dataclass(frozen=True)
class RestOfDay:
    """A day, some hours of which are over."""

    hours: NegativeBinomial
    """The distribution of each hour of the day: as at midnight for the hours so far, updated for the coming ones."""
    so_far: int
    """The messages known so far."""
    total: NegativeBinomial
    """The distribution of the messages not known yet, in hours to come and in those that were not read: shape ``(1,)``."""

    @property
    def expected(self) -> float:
        """The expected total of the day."""
        return self.so_far + float(self.total.mean[0])

    def quantiles(self, *probabilities: float) -> list[float]:
        """Quantiles of the day's total."""
        return [self.so_far + float(value) for value in self.total.quantiles(probabilities)[0]]


def ratios(counts: Floats, mean: Floats) -> Floats:
    """For each hour of a day and the one after its last: the ratio of actual to expected messages in the hours before it.

    ``counts`` are NaN where an hour is not known, as the coming ones. Shape ``(len(counts) + 1,)``; 1 where nothing is
    known yet.

    >>> ratios(np.array([8.0, np.nan, 2.0]), np.array([2.0, 2, 2])).round(2).tolist()
    [1.0, 3.61, 3.31, 1.54]
    """
    caution = max(CAUTION * float(mean.sum()), 1e-9)
    found, seen, expected = np.ones(len(counts) + 1), 0.0, 0.0
    for place, (count, fitted) in enumerate(zip(counts.tolist(), mean.tolist(), strict=True)):
        seen, expected = seen * KEPT, expected * KEPT
        if not math.isnan(count):
            seen, expected = seen + count, expected + fitted
        found[place + 1] = (seen + caution) / (expected + caution)
    return found


def update_rest(counts: Floats, midnight: NegativeBinomial, over: int, under_way: tuple[int, float] = (0, 0.0)) -> RestOfDay:
    """Update a day of which ``over`` hours are over.

    ``counts`` and ``midnight`` have an entry for every hour of the day; what is counted after the hours that are over is not
    looked at, but for the hour ``under_way``: its messages so far, and which share of it has passed. Sizes stay.
    """
    ahead = np.arange(len(counts) - over)
    past = np.where(np.arange(len(counts)) < over, counts, np.nan)
    ratio = ratios(past, midnight.mean)[over]
    mean = midnight.mean.copy()
    mean[over:] *= ratio ** (SHARE * np.exp(-ahead / FADING_HOURS))
    left = np.where(np.isnan(past), mean, 0.0)
    left[over : over + 1] *= 1 - under_way[1]
    variance = float(variance_of_sums(left, midnight.size)) + DOUBT * float(left.sum()) ** 2
    so_far = int(np.nansum(past)) + under_way[0]
    return RestOfDay(NegativeBinomial(mean, midnight.size), so_far, distribution_of_total(float(left.sum()), variance))

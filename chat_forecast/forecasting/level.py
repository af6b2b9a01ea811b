"""The level: how much busier or quieter a chat has become than a curve fitted to its past.

Belongs here: one factor a day, from the actual and the fitted messages of the days before; and how far a single day may
move it.
Does not belong here: the curves (:mod:`.curves`), or raising them to the level hour by hour (:mod:`.levelled_means`).
"""

from dataclasses import dataclass

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.windows import RECENT_DAYS

HALF_LIFE_DAYS = 2.0
"""A day's weight in the level halves in this many days."""
SETTLING_DAYS = 7
"""On the first days of a series the level is not yet known well enough to learn from."""

ALONE = 2.0
"""A day that no neighbour confirms counts at most this many times what the level without it lets expect."""
CONFIRMED = 2.0
"""A day that a neighbour confirms counts at most this many times the neighbour."""
MOST_MOVE = 1.25
"""A day alone raises the forecast of the next one, with what is carried over midnight, by at most this factor,"""
LEAST_MOVE = 1.05
"""or by this one if it went far beyond anything in the 56 days before."""
BEYOND = 1.25
"""At this many times the greatest of the 56 days before, a count says nothing about what comes next."""
ENOUGH_DAYS = 14
"""Until this many of these days are known, nothing goes beyond them."""
FEW_MESSAGES = 5.0
"""Counts up to this many never do."""


@dataclass(frozen=True)
class Levels:
    """The level of each day and of the one after the last, each from the days before it, both of shape ``(days + 1,)``."""

    factors: Floats
    """By which the fitted messages of a day are multiplied."""
    most: Floats
    """The same at most, whatever else is known of the evening before."""


def find_levels(actual: Floats, fitted: Floats, hours: Floats) -> Levels:
    """Find the level of each day from the days before it.

    For every day, without gaps between days: the actual and the fitted messages in its known hours, and the number of
    those hours. A day's factor is ``(Σ w·actual + c) / (Σ w·fitted + c)`` with ``w = 0.5 ** (age / 2 days)``, where ``c``
    is the mean of a day (24 hours) over the 56 days before: with it, a few messages in a quiet chat do not move the level
    far. Where neither side has anything, it is 1.

    A burst is not a new level. Of a day far above the level, only a part counts until a day next to it is as busy:
    see :data:`ALONE`, :data:`CONFIRMED`, :data:`BEYOND`.

    >>> hours, fitted = np.full(20, 24.0), np.full(20, 24.0)
    >>> busy = np.repeat([24.0, 96.0], [18, 2])
    >>> find_levels(busy, fitted, hours).factors[[18, 19, 20]].round(2).tolist()
    [1.0, 1.0, 2.09]
    """
    levels = Levels(np.ones(len(actual) + 1), np.full(len(actual) + 1, MOST_MOVE))
    total, known = (np.concatenate([[0.0], np.cumsum(values)]) for values in (actual, hours))
    follower = _Follower()
    for day in range(1, len(levels.factors)):
        begin = max(0, day - RECENT_DAYS)
        follower.fade()
        if hours[day - 1]:
            is_known = hours[begin : day - 1] > 0
            trust = trust_in(actual[day - 1 : day], actual[begin : day - 1][is_known], days=int(is_known.sum()))
            follower.add(float(actual[day - 1]), float(fitted[day - 1]), float(trust[0]))
        caution = 24 * (total[day] - total[begin]) / max(1.0, known[day] - known[begin])
        if follower.settled_fitted + caution > 0:
            levels.factors[day], levels.most[day] = follower.find(float(caution))
    return levels


def trust_in(counts: Floats, before: Floats, *, days: int) -> Floats:
    """How much counts say about what comes next, from 0 to 1: 1 unless they go beyond the greatest of those before.

    ``before`` are the known counts of the 56 days before, ``days`` of which are known.

    >>> trust_in(np.array([8.0, 9.0, 99.0]), np.array([2.0, 8.0]), days=30).tolist()
    [1.0, 0.5, 0.0]
    """
    if days < ENOUGH_DAYS:
        return np.ones(len(counts))
    greatest = max(FEW_MESSAGES, float(before.max()))
    return np.asarray(np.clip((BEYOND - counts / greatest) / (BEYOND - 1), 0.0, 1.0))


@dataclass
class _Follower:
    """The sums behind the level, as it follows one day after the other.

    The last known day stands apart until the next one is known, which says whether it was a burst.
    """

    settled_actual: float = 0.0
    settled_fitted: float = 0.0
    last_fitted: float = 0.0
    last_ratio: float = 1.0
    last_trust: float = 1.0
    ratio_before: float = 0.0
    """Actual ÷ fitted messages of the known day before the last one."""
    settled_level: float = 1.0
    """The level without the last known day."""

    def fade(self) -> None:
        """Let a day pass."""
        decay = 0.5 ** (1 / HALF_LIFE_DAYS)
        self.settled_actual *= decay
        self.settled_fitted *= decay
        self.last_fitted *= decay

    def add(self, actual: float, fitted: float, trust: float) -> None:
        """Add a known day, and settle the one before it."""
        ratio = actual / max(fitted, 1e-9)
        self.settled_actual += self.last_fitted * self._counted(max(self.ratio_before, ratio))
        self.settled_fitted += self.last_fitted
        self.ratio_before = self.last_ratio if self.last_fitted else 0.0
        self.last_fitted, self.last_ratio, self.last_trust = fitted, ratio, trust

    def find(self, caution: float) -> tuple[float, float]:
        """The factor of the coming day, and the most that it can be; ``caution`` is added to both sides of the ratio."""
        self.settled_level = (self.settled_actual + caution) / (self.settled_fitted + caution)
        counted = self.last_fitted * self._counted(self.ratio_before)
        factor = (self.settled_actual + counted + caution) / (self.settled_fitted + self.last_fitted + caution)
        most = self.settled_level * (LEAST_MOVE + self.last_trust * (MOST_MOVE - LEAST_MOVE))
        is_confirmed = self.ratio_before > ALONE * self.settled_level
        return factor, max(most, MOST_MOVE * min(self.last_ratio, self.ratio_before)) if is_confirmed else most

    def _counted(self, neighbour: float) -> float:
        """The part of the last known day's ratio that counts, beside the greater ratio of its neighbours."""
        if neighbour > ALONE * self.settled_level:
            return min(self.last_ratio, CONFIRMED * neighbour)
        return min(self.last_ratio, max(neighbour, self.settled_level * (1 + self.last_trust * (ALONE - 1))))

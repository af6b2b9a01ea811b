"""The level step: how much busier or quieter a chat has become than a curve fitted to its past.

Belongs here: one factor a day, from the actual and the fitted messages of the days before; and what a conversation that
goes on over midnight adds to the first hours.
Does not belong here: the curves, or the distribution around them (:mod:`.levelled`).
"""

import numpy as np

from chat_forecast.domain.arrays import Floats

HALF_LIFE_DAYS = 2.0
CAUTION_DAYS = 56
"""A mean day of this many is added to both sides, so that a few messages in a quiet chat do not move it far."""


CARRIED_HOURS = 2
"""The last hours of a day whose messages tell of the first ones of the next."""
CARRIED_SHARE = 0.5
"""Exponent of their ratio in the first hour of the day."""
FADING_HOURS = 3.0
"""After so many hours the exponent has shrunk to a 1/e-th."""


def level_factors(actual: Floats, fitted: Floats, hours: Floats) -> Floats:
    """Find the factor of each day and of the one after the last, shape ``(days + 1,)``, each from the days before it.

    For every day, without gaps between days: the actual and the fitted messages in its known hours, and how many hours
    that are. A day's factor is ``(Σ w·actual + c) / (Σ w·fitted + c)`` with ``w = 0.5 ** (age / 2 days)``, where ``c``
    is the mean of a day (24 hours) over the 56 days before. Where neither side has anything, it is 1.

    >>> level_factors(np.array([24.0, 24.0]), np.array([12.0, 24.0]), np.array([24.0, 24.0])).round(3).tolist()
    [1.0, 1.333, 1.15]
    """
    decay = 0.5 ** (1 / HALF_LIFE_DAYS)
    factors = np.ones(len(actual) + 1)
    total = np.concatenate([[0.0], np.cumsum(actual)])
    known = np.concatenate([[0.0], np.cumsum(hours)])
    recent_actual = recent_fitted = 0.0
    for day in range(1, len(factors)):
        recent_actual = actual[day - 1] + decay * recent_actual
        recent_fitted = fitted[day - 1] + decay * recent_fitted
        begin = max(0, day - CAUTION_DAYS)
        caution = 24 * (total[day] - total[begin]) / max(1.0, known[day] - known[begin])
        if recent_fitted + caution > 0:
            factors[day] = (recent_actual + caution) / (recent_fitted + caution)
    return factors


def carry_over(actual: float, fitted: float, means: Floats) -> Floats:
    """Find the factor of each hour of a day from the last :data:`CARRIED_HOURS` hours before it, shape as ``means``.

    ``actual`` and ``fitted`` are the messages of those hours that are known; ``means`` those expected in the hours of the
    day, whose mean is added to both sides once an hour, so that a quiet chat is not moved far by a few messages.

    >>> carry_over(10.0, 2.0, np.full(24, 2.0)).round(2).tolist()[:4]
    [1.53, 1.35, 1.24, 1.17]
    """
    caution = CARRIED_HOURS * means.mean()
    if fitted + caution <= 0:
        return np.ones(len(means))
    exponent = CARRIED_SHARE * np.exp(-np.arange(len(means)) / FADING_HOURS)
    return np.asarray(((actual + caution) / (fitted + caution)) ** exponent)

"""The level step: how much busier or quieter a chat has become than a curve fitted to its past.

Belongs here: one factor a day, from the actual and the fitted messages of the days before.
Does not belong here: the curve (:mod:`.prophet`), or the distribution around it.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HALF_LIFE_DAYS = 2.0
CAUTION_DAYS = 56
"""A mean day of this many is added to both sides, so that a few messages in a quiet chat do not move it far."""


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

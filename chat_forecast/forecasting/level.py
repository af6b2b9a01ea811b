"""The level step: how much busier or quieter a chat has become than a curve fitted to its past.

Belongs here: one factor a day, from the actual and the fitted messages of the days before; what a conversation that
goes on over midnight adds to the first hours; and curves raised to that level, hour by hour.
Does not belong here: the curves (:mod:`.curves`), or the distribution around them (:mod:`.calibration`).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import RECENT_DAYS

HALF_LIFE_DAYS = 2.0
"""A day's weight in the level halves in this many days."""
SETTLING_DAYS = 7
"""On the first days of a series the level is not yet known well enough to learn from."""

CARRIED_HOURS = 2
"""How many of the last hours before midnight bear on the first hours of the next day."""
CARRIED_SHARE = 0.5
"""Exponent of the ratio of actual to fitted messages of these hours, in the first hour of the day."""
FADING_HOURS = 3.0
"""The exponent falls to 1/e of itself in this many hours."""


Means = Callable[[pd.DatetimeIndex], Floats]
"""Messages an hour at aware local hours, as a fitted curve gives them."""


def level_factors(actual: Floats, fitted: Floats, hours: Floats) -> Floats:
    """Find the factor of each day and of the one after the last, shape ``(days + 1,)``, each from the days before it.

    For every day, without gaps between days: the actual and the fitted messages in its known hours, and the number of
    those hours. A day's factor is ``(Σ w·actual + c) / (Σ w·fitted + c)`` with ``w = 0.5 ** (age / 2 days)``, where ``c``
    is the mean of a day (24 hours) over the 56 days before: with it, a few messages in a quiet chat do not move the level
    far. Where neither side has anything, it is 1.

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
        begin = max(0, day - RECENT_DAYS)
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


def levelled_means(curves: Sequence[Means], series: pd.DataFrame, coming: pd.DatetimeIndex) -> Floats:
    """Find the means of every hour of a series and of the ``coming`` ones, each as known at the end of the day before it.

    ``curves`` are the means of one or more fitted curves; the result is their average, each at its own level, in messages
    an hour. The coming hours follow the series; those after
    the first day keep the level of that day. Shape ``(len(series) + len(coming),)``.
    """
    hours = pd.DatetimeIndex(pd.DatetimeIndex(series["hour"]).append(coming)) if len(series) else coming
    counts = np.concatenate([to_floats(series["messages"]), np.full(len(coming), np.nan)])
    days = day_numbers(hours)
    place = np.minimum(days, days[len(series)] if len(coming) else days[-1]) - days[0]
    is_known = ~np.isnan(counts)
    means = np.zeros(len(hours))
    for curve in curves:
        fitted = curve(hours)
        sums = [
            np.bincount(place[is_known], values[is_known], minlength=place[-1] + 1).astype(float)
            for values in (counts, fitted, np.ones(len(hours)))
        ]
        means += fitted * level_factors(*sums)[place] / len(curves)
    return _carried(hours, means, counts, place)


def _carried(hours: pd.DatetimeIndex, means: Floats, counts: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """Let each day's means go on from what the last hours before it were like."""
    starts = np.flatnonzero(np.diff(place, prepend=place[0]))
    instants = hours.asi8
    reach = pd.Timedelta(hours=CARRIED_HOURS).as_unit(hours.unit).value
    is_known = ~np.isnan(counts)
    carried = means.copy()
    for start, end in pairwise([*starts, len(means)]):
        before = slice(max(0, start - CARRIED_HOURS), start)
        chosen = is_known[before] & (instants[start] - instants[before] <= reach)
        if chosen.any():
            actual, fitted = counts[before][chosen].sum(), means[before][chosen].sum()
            carried[start:end] *= carry_over(float(actual), float(fitted), means[start:end])
    return carried

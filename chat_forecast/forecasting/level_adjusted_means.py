"""The mean of each hour: fitted curves multiplied by the chat's current level.

Belongs here: averaging several curves, each at its own level, and carrying a conversation that goes on over midnight into
the first hours of the day.
Does not belong here: the level itself (:mod:`.level`), or the distribution around the means (:mod:`.calibration`).
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.forecasting.level import find_levels

CARRIED_HOURS = 2
"""How many of the last hours before midnight influence the first hours of the next day."""
CARRIED_SHARE = 0.5
"""Exponent of the ratio of actual to fitted messages of these hours, in the first hour of the day."""
FADING_HOURS = 3.0
"""The exponent falls to 1/e of itself in this many hours."""

Means = Callable[[pd.DatetimeIndex], Floats]
"""Messages an hour at aware local hours, as a fitted curve gives them."""


def level_adjusted_means(curves: Sequence[Means], series: pd.DataFrame, coming: pd.DatetimeIndex) -> Floats:
    """Find the means of every hour of a series and of the ``coming`` ones, each from the days before it alone.

    ``curves`` are the means of one or more fitted curves; the result is their average, each at its own level, in messages
    an hour. ``series`` is without bursts (:func:`.cap_bursts`). The coming hours follow it; those after the first day keep
    the level of that day. Shape ``(len(series) + len(coming),)``.
    """
    hours = pd.DatetimeIndex(pd.DatetimeIndex(series["hour"]).append(coming)) if len(series) else coming
    counts = np.concatenate([to_floats(series["messages"]), np.full(len(coming), np.nan)])
    days = day_numbers(hours)
    place = np.minimum(days, days[len(series)] if len(coming) else days[-1]) - days[0]
    is_known = ~np.isnan(counts)
    means, most = np.zeros(len(hours)), np.zeros(len(hours))
    for curve in curves:
        fitted = curve(hours)
        sums = [
            np.bincount(place[is_known], values[is_known], minlength=place[-1] + 1).astype(float)
            for values in (counts, fitted, np.ones(len(hours)))
        ]
        levels = find_levels(*sums)
        means += fitted * levels.factors[place] / len(curves)
        most += fitted * levels.most[place] / len(curves)
    carried = _carried(hours, means, counts, place)
    totals, greatest = np.bincount(place, carried), np.bincount(place, most)
    scale = np.divide(greatest, totals, out=np.ones_like(totals), where=totals > greatest)
    return np.asarray(carried * scale[place])


def carry_over(actual: Floats, fitted: Floats, average: Floats, age: Floats) -> Floats:
    """Find the factors that carry the evening into hours that begin ``age`` hours after midnight; all arrays of one shape.

    ``actual`` and ``fitted`` are the messages in the last :data:`CARRIED_HOURS` hours before the hour's day, as far as they
    are known; ``average`` is the mean expected in an hour of the day. It is added to both sides once an hour, so that a
    quiet chat is not moved far by a few messages.

    >>> carry_over(np.full(4, 10.0), np.full(4, 2.0), np.full(4, 2.0), np.arange(4)).round(2).tolist()
    [1.53, 1.35, 1.24, 1.17]
    """
    caution = CARRIED_HOURS * average
    ratio = np.divide(actual + caution, fitted + caution, out=np.ones_like(caution), where=fitted + caution > 0)
    return np.asarray(ratio ** (CARRIED_SHARE * np.exp(-age / FADING_HOURS)))


def _carried(hours: pd.DatetimeIndex, means: Floats, counts: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """Apply :func:`carry_over` to the means of each day."""
    starts = np.flatnonzero(np.diff(place, prepend=place[0] - 1))
    day = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(place)))
    instants = hours.asi8
    reach = pd.Timedelta(hours=CARRIED_HOURS).as_unit(hours.unit).value
    last = starts[:, None] - np.arange(CARRIED_HOURS, 0, -1)
    is_near = (last >= 0) & (instants[starts][:, None] - instants[last] <= reach)
    chosen = is_near & ~np.isnan(counts[last])
    actual, fitted = (np.where(chosen, values[last], 0.0).sum(axis=1)[day] for values in (counts, means))
    average = (np.bincount(day, means) / np.bincount(day))[day]
    return means * carry_over(actual, fitted, average, (np.arange(len(place)) - starts[day]).astype(float))

"""Where training data should start after a chat's rhythm changed.

Belongs here: comparing, on the days since the change, curves fitted to all days with one fitted to these days alone.
Does not belong here: finding the change (:mod:`chat_forecast.domain.changes`), training (:mod:`.training`).

A curve fitted to half a year of the old hours needs months to learn new ones: the level step moves it up and down, not along
the day. But many changes end: after a week of holidays the old hours are back, and only the days before the change show
them. So those are left out of a training only as long as that would have been better on the newest days.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.changes import Change, newest_rhythm_change
from chat_forecast.domain.day_table import EPOCH, Numbers
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.forecasting.curves.base import Curve
from chat_forecast.forecasting.curves.week_profile import fit_profile
from chat_forecast.forecasting.level import HALF_LIFE_DAYS

COMPARED_DAYS = 14
"""The comparison is over at most this many of the newest days since the change."""
HALF_LIFE = 4.0
"""A day's weight in the comparison halves in this many days, so that a change that ended does not count for long."""
MARGIN = 0.03
"""The days before the change are left out if that lowers the deviance by more than this share."""
LEAST_MEAN = 0.01


def trim_to_change(series: pd.DataFrame, curves: Mapping[str, Curve]) -> tuple[pd.DataFrame, Change | None]:
    """Drop the days before the last change of a chat's hours or weekdays, if forecasts get better without them.

    ``series`` is without bursts (:func:`.cap_for_training`), ``curves`` are fitted to all of it. Returns the series to train
    on, and the change at which it begins, or None if nothing was dropped.
    """
    change = newest_rhythm_change(series)
    if change is None or not curves:
        return series, None
    hours = pd.DatetimeIndex(series["hour"])
    numbers = day_numbers(hours)
    begin = int(np.searchsorted(numbers, (change.since - EPOCH).days))
    since = series.iloc[begin:].reset_index(drop=True)
    if since["messages"].isna().all():
        return series, None
    of_all = np.mean([curve.means(hours[begin:]) for curve in curves.values()], axis=0)
    is_better = _is_better(since, numbers[begin:], of_all)
    return (since, change) if is_better else (series, None)


def _is_better(since: pd.DataFrame, numbers: Numbers, of_all: Floats) -> bool:
    """Whether the profile of the days since the change, each forecast from those before it, beats the curves of all days."""
    counts, hours = to_floats(since["messages"]), pd.DatetimeIndex(since["hour"])
    losses = np.zeros(2)
    for day in range(max(int(numbers[0]) + 1, int(numbers[-1]) + 1 - COMPARED_DAYS), int(numbers[-1]) + 1):
        low, high = np.searchsorted(numbers, [day, day + 1])
        is_known = ~np.isnan(counts[low:high])
        if not is_known.any() or np.isnan(counts[:low]).all():
            continue
        learnt = fit_profile(since.iloc[:low]).means(hours[:high])
        weight = 0.5 ** ((numbers[-1] - day) / HALF_LIFE)
        for place, means in enumerate((of_all[:high], learnt)):
            levelled = _level(counts[:low], means[:low], (day - numbers[:low]).astype(np.float64)) * means[low:]
            deviances = metrics.poisson_deviances(counts[low:high], np.maximum(levelled, LEAST_MEAN))
            losses[place] += weight * float(deviances[is_known].sum())
    return bool(losses[1] < (1 - MARGIN) * losses[0])


def _level(counts: Floats, means: Floats, age: Floats) -> float:
    """The ratio of actual to fitted messages, the newest days weighing most."""
    weights = np.where(np.isnan(counts), 0.0, 0.5 ** (age / HALF_LIFE_DAYS))
    expected = float(weights @ means)
    return float(weights @ np.nan_to_num(counts)) / expected if expected > 0 else 1.0

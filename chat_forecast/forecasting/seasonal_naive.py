"""The baseline: the count of the same hour one week before."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import to_floats

WEEK = pd.Timedelta(hours=168)


def seasonal_naive(series: pd.DataFrame, hours: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Look up the counts 168 hours before the ``hours``; NaN where they are not known.

    Where clocks changed by half an hour in between, no hour began just then: the hour with the same wall time counts.
    """
    counts = pd.Series(to_floats(series["messages"]), index=pd.DatetimeIndex(series["hour"]))
    found = to_floats(counts.reindex(hours - WEEK))
    is_between = (_offset(hours) - _offset(hours - WEEK)) % pd.Timedelta(hours=1) != pd.Timedelta(0)
    if is_between.any():
        by_wall = counts.set_axis(pd.DatetimeIndex(counts.index).tz_localize(None).floor("h"))
        by_wall = by_wall[~by_wall.index.duplicated()]
        same_wall = by_wall.reindex((hours.tz_localize(None) - WEEK).floor("h"))
        found = np.where(is_between, to_floats(same_wall), found)
    return found


def _offset(instants: pd.DatetimeIndex) -> pd.TimedeltaIndex:
    return instants.tz_localize(None) - instants.tz_convert("UTC").tz_localize(None)

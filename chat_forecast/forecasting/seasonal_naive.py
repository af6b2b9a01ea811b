"""The baseline: the count of the same hour one week before."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.message_arrays import to_microseconds

WEEK = pd.Timedelta(hours=168)
NO_HOUR = np.iinfo("int64").min
"""In place of an hour in microseconds: none."""
HOUR, NO_TIME = np.timedelta64(1, "h"), np.timedelta64(0, "h")


def seasonal_naive(series: pd.DataFrame, hours: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Look up the counts 168 hours before the ``hours``; NaN where they are not known.

    Where clocks changed by half an hour in between, no hour began just then: the hour with the same wall time counts.
    """
    week_before, known = hours - WEEK, to_microseconds(series["hour"])
    counts, wanted = to_floats(series["messages"]), week_before.as_unit("us").asi8
    places = known.searchsorted(wanted)
    is_known = np.append(known, NO_HOUR)[places] == wanted
    found = np.where(is_known, np.append(counts, np.nan)[places], np.nan)
    is_between = (_offset(hours) - _offset(week_before)) % HOUR != NO_TIME
    if is_between.any():
        by_wall = pd.Series(counts, pd.DatetimeIndex(series["hour"]).tz_localize(None).floor("h"))
        by_wall = by_wall[~by_wall.index.duplicated()]
        same_wall = by_wall.reindex((hours.tz_localize(None) - WEEK).floor("h"))
        found = np.where(is_between, to_floats(same_wall), found)
    return found


def _offset(instants: pd.DatetimeIndex) -> npt.NDArray[np.timedelta64]:
    return np.asarray(instants.tz_localize(None).to_numpy() - instants.tz_convert(None).to_numpy())

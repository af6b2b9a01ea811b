"""The baseline: the count of the same hour one week before."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import to_floats

WEEK = pd.Timedelta(hours=168)


def seasonal_naive(series: pd.DataFrame, hours: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Look up the counts 168 hours before the ``hours``; NaN where they are not known."""
    counts = pd.Series(to_floats(series["messages"]), index=pd.DatetimeIndex(series["hour"]))
    return to_floats(counts.reindex(hours - WEEK))

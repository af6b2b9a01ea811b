"""Bursts: hours far above anything a chat has done before.

Belongs here: cutting a burst down before a method learns from it.
Does not belong here: scoring, which sees the counts as they were.
"""

from itertools import pairwise

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import RECENT_DAYS

MOST_TIMES = 1.5
"""An hour counts at most this many times the greatest hour of the 56 days before it."""
LEAST_CAP = 5.0
"""No cap is below this many messages."""
ENOUGH_DAYS = 14
"""There is no cap until this many of the days before are known, at least in part."""


def cap_bursts(series: pd.DataFrame) -> pd.DataFrame:
    """Cut down the hours of a series that are far above anything in the 56 local days before them.

    Hour by hour in order, ``capped = min(messages, max(5, 1.5 × greatest capped hour of the 56 days before))``. The question
    is what the chat has ever done and not what a model expects, so a chat that lives from bursts keeps them; and a
    new level is reached within days. Only the past is looked at. ``messages`` of the result is a float, NaN where missing.
    """
    counts = to_floats(series["messages"]).copy()
    days = day_numbers(pd.DatetimeIndex(series["hour"]))
    bounds = [*np.flatnonzero(np.diff(days, prepend=-1)), len(days)]
    greatest: list[tuple[int, float]] = []
    for start, end in pairwise(bounds):
        greatest = [(day, most) for day, most in greatest if day >= days[start] - RECENT_DAYS]
        if len(greatest) >= ENOUGH_DAYS:
            cap = max(LEAST_CAP, MOST_TIMES * max(most for _, most in greatest))
            counts[start:end] = np.minimum(counts[start:end], cap)
        if not np.isnan(counts[start:end]).all():
            greatest.append((int(days[start]), float(np.nanmax(counts[start:end]))))
    return series.assign(messages=counts)

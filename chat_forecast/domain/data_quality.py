"""What can be wrong with a day's stored data.

Belongs here: finding faults and saying them in words; every function returns an empty list when all is well.
Does not belong here: forecasts (:mod:`.forecast_limits`), or what happens then (:mod:`chat_forecast.pipeline.checks`).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays


def repeated_ids(ids: npt.NDArray[np.int64]) -> list[str]:
    """Message ids that occur more than once, of all the ids of a day."""
    repeated = len(ids) - len(np.unique(ids))
    return [f"{repeated} messages repeat an id"] if repeated else []


def wrong_hours(series: pd.DataFrame, day: LocalDay) -> list[str]:
    """Hours of the day that are absent from its series, repeated, or not hours of that day."""
    expected = day.hours
    if series["hour"].array.equals(expected.array):
        return []
    found = pd.DatetimeIndex(series["hour"])
    faults = {
        "absent": expected.difference(found),
        "repeated": found[found.duplicated()],
        "not of this day": found.difference(expected),
    }
    return [f"{len(hours)} hours {fault}, first {hours[0]}" for fault, hours in faults.items() if len(hours)]


def wrong_counts(series: pd.DataFrame, messages: MessageArrays, day: LocalDay) -> list[str]:
    """Whether the hours' counts differ from the number of messages in the hours that were read."""
    counts = to_floats(series["messages"])
    is_read = ~np.isnan(counts)
    place = day.bounds.searchsorted(messages.sent_at, side="right") - 1
    stored, counted = int(is_read[place].sum()), int(counts[is_read].sum())
    return [] if counted == stored else [f"the hours add up to {counted}, stored are {stored} messages"]


def missing_hours(series: pd.DataFrame) -> list[str]:
    """Hours that were never read, or not from end to end."""
    is_missing = series["messages"].isna().to_numpy()
    if not is_missing.any():
        return []
    missing = series.loc[is_missing, "hour"]
    if len(missing) == len(series):
        return ["missing day: nothing of it was read"]
    listed = ", ".join(f"{hour:%H:%M}" for hour in missing)
    return [f"{len(missing)} of {len(series)} hours were not read: {listed}"]

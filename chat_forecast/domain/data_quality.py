"""What can be wrong with a day's stored data.

Belongs here: finding faults and saying them in words; every function returns an empty list when all is well.
Does not belong here: what happens then (:mod:`chat_forecast.pipeline.checks`).
"""

import numpy as np
import pandas as pd

from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch

ASCENDING = ("q01", "q10", "q25", "median", "q75", "q90", "q99")


def repeated_ids(batch: MessageBatch) -> list[str]:
    """Message ids that occur more than once."""
    repeated = int(batch.messages["message_id"].duplicated().sum())
    return [f"{repeated} messages repeat an id"] if repeated else []


def wrong_hours(series: pd.DataFrame, day: LocalDay) -> list[str]:
    """Hours of the day that are absent from its series, repeated, or not hours of that day."""
    expected, found = day.hours, pd.DatetimeIndex(series["hour"])
    faults = {
        "absent": expected.difference(found),
        "repeated": found[found.duplicated()],
        "not of this day": found.difference(expected),
    }
    return [f"{len(hours)} hours {fault}, first {hours[0]}" for fault, hours in faults.items() if len(hours)]


def wrong_counts(series: pd.DataFrame, batch: MessageBatch, day: LocalDay) -> list[str]:
    """Whether the hours' counts differ from the number of messages in the hours that were read."""
    bounds = [*day.hours.tz_convert("UTC"), day.end]
    is_read = series["messages"].notna().to_numpy()
    sent_at = batch.messages["sent_at"]
    place = pd.DatetimeIndex(bounds).searchsorted(pd.DatetimeIndex(sent_at), side="right") - 1
    stored = int(is_read[place].sum())
    counted = int(series["messages"].sum())
    return [] if counted == stored else [f"the hours add up to {counted}, stored are {stored} messages"]


def missing_hours(series: pd.DataFrame) -> list[str]:
    """Hours that were never read, or not from end to end."""
    missing = series.loc[series["messages"].isna(), "hour"]
    if missing.empty:
        return []
    if len(missing) == len(series):
        return ["missing day: nothing of it was read"]
    listed = ", ".join(f"{hour:%H:%M}" for hour in missing)
    return [f"{len(missing)} of {len(series)} hours were not read: {listed}"]


def forecast_faults(forecast: pd.DataFrame, day: LocalDay) -> list[str]:
    """Values of a forecast that cannot be: not finite, negative, quantiles out of order, or hours of another day.

    A forecast without rows is the honest answer of a chat that has no model yet, and no fault.
    """
    if forecast.empty:
        return []
    faults = wrong_hours(forecast, day)
    values = forecast[list(FORECAST_COLUMNS[1:])]
    for name, column in values.items():
        if not np.isfinite(column).all():
            faults.append(f"{name} is not finite")
        elif (column < 0).any():
            faults.append(f"{name} is negative: {column.min():g}")
    steps = np.diff(values[list(ASCENDING)].to_numpy(), axis=1)
    if (steps < 0).any():
        faults.append(f"quantiles out of order in {int((steps < 0).any(axis=1).sum())} hours")
    return faults

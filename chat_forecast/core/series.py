"""The hourly series: how many messages, by how many senders, in each hour of a local day.

Belongs here: counting messages by the hour, and telling quiet hours from missing ones.
Does not belong here: forecasting the series.
"""

import pandas as pd

from chat_forecast.core.days import LocalDay
from chat_forecast.core.messages import Reading

COUNT_COLUMNS = ("messages", "senders")


def count_by_hour(reading: Reading, day: LocalDay) -> pd.DataFrame:
    """Count the messages and the distinct senders of every hour of a day.

    Returns one row an hour, ascending: ``hour`` (aware, local), ``messages`` and ``senders`` (``Int64``). A quiet hour
    holds 0; an hour that was not read from end to end holds ``NA``. Messages outside the day are an error.

    Raises:
        ValueError: a message lies outside the day.
    """
    sent_at = reading.messages["sent_at"]
    if len(sent_at) and (sent_at.min() < day.start or sent_at.max() >= day.end):
        raise ValueError(f"messages from {sent_at.min()} to {sent_at.max()} do not all lie in {day.key} ({day.timezone})")
    hours = day.hours
    bounds = hours.tz_convert("UTC")
    position = bounds.searchsorted(pd.DatetimeIndex(sent_at), side="right") - 1
    by_hour = reading.messages["sender"].groupby(position)
    counts = pd.DataFrame({"messages": by_hour.size(), "senders": by_hour.nunique()}, index=pd.RangeIndex(len(hours)))
    counts = counts.fillna(0).astype("Int64")
    counts.loc[~reading.coverage.covered_hours(hours, day.end).to_numpy()] = pd.NA
    counts.insert(0, "hour", hours)
    return counts


def is_missing_day(series: pd.DataFrame) -> bool:
    """Whether no hour of a day's series was read."""
    return bool(series["messages"].isna().all())

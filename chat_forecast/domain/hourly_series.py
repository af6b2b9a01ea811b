"""The hourly series: how many messages, by how many senders, in each hour of a local day.

Belongs here: counting messages by the hour, and telling quiet hours from missing ones.
Does not belong here: forecasting the series.
"""

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch

COUNT_COLUMNS = ("messages", "senders")


def count_by_hour(batch: MessageBatch, day: LocalDay) -> pd.DataFrame:
    """Count the messages and the distinct senders of every hour of a day.

    Returns one row an hour, ascending: ``hour`` (aware, local), ``messages`` and ``senders`` (``Int64``). A quiet hour
    holds 0; an hour that was not read from end to end holds ``NA``. Messages outside the day are an error.

    Raises:
        ValueError: a message lies outside the day.
    """
    sent_at = batch.messages["sent_at"]
    if len(sent_at) and (sent_at.min() < day.start or sent_at.max() >= day.end):
        raise ValueError(f"messages from {sent_at.min()} to {sent_at.max()} do not all lie in {day.key} ({day.timezone})")
    hours = day.hours
    bounds = hours.tz_convert("UTC")
    position = bounds.searchsorted(pd.DatetimeIndex(sent_at), side="right") - 1
    senders, known = pd.factorize(batch.messages["sender"])
    seen = np.unique((position * len(known) + senders)[senders >= 0])  # each sender of each hour once
    places = seen // max(len(known), 1)
    is_missing = ~batch.read_intervals.covered_hours(hours, day.end).to_numpy()
    counts = {
        name: pd.arrays.IntegerArray(np.bincount(found, minlength=len(hours)), is_missing.copy())
        for name, found in (("messages", position), ("senders", places))
    }
    return pd.DataFrame({"hour": hours, **counts})


def split_by_newness(shown: MessageBatch, stored: MessageBatch, merged: MessageBatch, day: LocalDay) -> pd.DataFrame:
    """Count the messages of a reading in every hour of a day, known ones apart from new ones.

    ``stored`` is what was there before it, ``merged`` is what is there with it. Returns one row an hour: ``hour``,
    ``known``, ``new``, and ``is_read``: whether the reading covers the hour from end to end.
    """
    bounds = day.hours.tz_convert("UTC")

    def count(batch: MessageBatch) -> pd.Series:
        position = bounds.searchsorted(pd.DatetimeIndex(batch.messages["sent_at"]), side="right") - 1
        return pd.Series(position).value_counts().reindex(range(len(bounds)), fill_value=0)

    total = count(shown)
    new = (count(merged) - count(stored)).clip(lower=0, upper=total)
    is_read = shown.read_intervals.covered_hours(day.hours, day.end)
    return pd.DataFrame({"hour": day.hours, "known": total - new, "new": new, "is_read": is_read.to_numpy()})


def fill_unstored(series: pd.DataFrame, first: LocalDay, last: LocalDay) -> pd.DataFrame:
    """Give every hour of the days from ``first`` to ``last`` its row; hours that ``series`` lacks hold ``NA``."""
    hours = pd.DatetimeIndex([hour for day in first.until(last) for hour in day.hours], name="hour")
    filled = series.set_index("hour").reindex(hours.as_unit("us")).reset_index()
    return filled.astype(dict.fromkeys(COUNT_COLUMNS, "Int64"))


def is_missing_day(series: pd.DataFrame) -> bool:
    """Whether no hour of a day's series was read."""
    return bool(series["messages"].isna().all())

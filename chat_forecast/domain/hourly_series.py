"""The hourly series: how many messages, by how many senders, in each hour of a local day.

Belongs here: counting messages by the hour, and telling quiet hours from missing ones.
Does not belong here: forecasting the series.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch

COUNT_COLUMNS = ("messages", "senders")


@dataclass(frozen=True)
class HourlyCounts:
    """What :func:`count_by_hour` gives, as plain arrays with an element an hour."""

    messages: npt.NDArray[np.int64]
    senders: npt.NDArray[np.int64]
    is_missing: npt.NDArray[np.bool_]
    """Which hours were not read from end to end: their counts say nothing."""


def count_by_hour(batch: MessageBatch, day: LocalDay) -> pd.DataFrame:
    """Count the messages and the distinct senders of every hour of a day.

    Returns one row an hour, ascending: ``hour`` (aware, local), ``messages`` and ``senders`` (``Int64``). A quiet hour
    holds 0; an hour that was not read from end to end holds ``NA``. Messages outside the day are an error.

    Raises:
        ValueError: a message lies outside the day.
    """
    found = count_arrays(MessageArrays.of(batch), day)
    counts = {
        name: pd.arrays.IntegerArray(numbers, found.is_missing.copy())
        for name, numbers in (("messages", found.messages), ("senders", found.senders))
    }
    return pd.DataFrame({"hour": day.hours, **counts})


def count_arrays(messages: MessageArrays, day: LocalDay) -> HourlyCounts:
    """Do what :func:`count_by_hour` does, without a table; raises as that."""
    bounds, sent_at = day.bounds, messages.sent_at
    hours = len(bounds) - 1
    position = bounds.searchsorted(sent_at, side="right") - 1
    if len(sent_at) and (position.min() < 0 or position.max() >= hours):
        first, last = (pd.Timestamp(int(each), unit="us", tz="UTC") for each in (sent_at.min(), sent_at.max()))
        raise ValueError(f"messages from {first} to {last} do not all lie in {day.key} ({day.timezone})")
    of_senders = position * messages.known_senders + messages.senders
    seen = np.unique(of_senders[messages.senders >= 0])  # each sender of each hour once
    places = seen // max(messages.known_senders, 1)
    counted, members = (np.bincount(found, minlength=hours).astype(np.int64, copy=False) for found in (position, places))
    return HourlyCounts(counted, members, messages.read_intervals.missing_hours(day.hours, day.end))


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

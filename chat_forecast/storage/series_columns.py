"""The columns of a day's hourly series, from the counts as plain arrays.

Belongs here: what of a series is stored, in Arrow.
Does not belong here: counting it (:mod:`chat_forecast.domain.hourly_series`).
"""

import pyarrow as pa

from chat_forecast.domain.hourly_series import HourlyCounts
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.local_times import local_time
from chat_forecast.storage.partition_content import Columns


def series_columns(counts: HourlyCounts, day: LocalDay) -> Columns:
    """The rows that :func:`~chat_forecast.domain.hourly_series.count_by_hour` gives as a table, ready to be stored."""
    numbers = {"messages": counts.messages, "senders": counts.senders}
    columns = {name: pa.array(found, pa.int64(), mask=counts.is_missing) for name, found in numbers.items()}
    return Columns({"hour": hour_column(day), **columns})


def hour_column(day: LocalDay) -> pa.Array:
    """The local hours of a day, as they are stored."""
    return pa.array(day.bounds[:-1].view("datetime64[us]"), local_time(day.timezone))

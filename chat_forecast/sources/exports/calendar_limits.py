"""Times that pandas can represent but Python's calendar (years 1 to 9999) cannot.

Belongs here: removing them from a file's columns, and showing a time of any year.
Does not belong here: whether a time is likely for a chat (:mod:`chat_forecast.app.reading_files`).
"""

import numpy as np
import pandas as pd

EARLIEST, LATEST = (int(np.datetime64(day, "s").astype("int64")) for day in ("0001-01-03", "9999-12-29"))
"""In seconds: two days within the years that Python's calendar has, so that no offset from UTC leads out of it."""
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_LIMITS = np.iinfo("int64")


def within_calendar(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The same times in microseconds, with a zone or without; NaT for those of no year from 1 to 9999.

    >>> within_calendar(pd.DatetimeIndex(["2023-05-01", "0000-01-01"], dtype="M8[s]")).isna().tolist()
    [False, True]
    """
    factor = _PER_SECOND[times.unit]
    first, last = max(EARLIEST * factor, _LIMITS.min + 1), min(LATEST * factor, _LIMITS.max)
    values = times.asi8
    is_possible = (values >= first) & (values <= last)
    if is_possible.all():
        return times.as_unit("us")
    return pd.DatetimeIndex(times.where(is_possible)).as_unit("us")


def shown_time(instant: pd.Timestamp) -> str:
    """A time of any year, to the minute.

    >>> shown_time(pd.Timestamp("2023-05-01T10:10:59Z"))
    '2023-05-01 10:10'
    """
    naive = instant.tz_convert("UTC").tz_localize(None) if instant.tzinfo else instant
    return str(np.datetime_as_string(naive.to_datetime64(), unit="m")).replace("T", " ")

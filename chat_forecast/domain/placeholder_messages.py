"""Placeholders: rows that replace old messages and keep only what is counted, the messages and senders of each hour.

Belongs here: turning messages into placeholders, and recognising these.
Does not belong here: how old a message must be for it (:mod:`chat_forecast.storage.retention`).
"""

import pandas as pd

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import order_messages

_LOWEST = LOWEST_REAL_ID - 2**50
"""Placeholders have ids in ``[_LOWEST, LOWEST_REAL_ID)``, where no message has one."""
_HOUR = 3600
_ROWS_OF_AN_HOUR = 2**20


def to_placeholders(messages: pd.DataFrame, day: LocalDay) -> pd.DataFrame:
    """Replace the messages of a day by as many placeholders in each hour, with as many senders.

    Those of an hour are all sent at its start; senders are numbered from 1 within each hour, so that nobody can be followed
    from one hour to the next. The hourly series stays the same. Applied to placeholders, it changes nothing.
    """
    bounds = day.hours.tz_convert("UTC")
    place = bounds.searchsorted(pd.DatetimeIndex(messages["sent_at"]), side="right") - 1
    members = messages["sender"].groupby(place).nunique()
    running = pd.Series(place).groupby(place).cumcount().to_numpy()
    starts = bounds[place].as_unit("us")
    hours = starts.as_unit("s").asi8 // _HOUR
    is_named = running < members.reindex(place).to_numpy()
    senders = [f"{number + 1:016x}" if named else None for number, named in zip(running, is_named, strict=True)]
    ids = LOWEST_REAL_ID - 1 - (hours * _ROWS_OF_AN_HOUR + running)
    sender = pd.Series(senders, dtype="str")
    return order_messages(pd.DataFrame({"message_id": ids, "sent_at": starts, "sender": sender}))


def are_placeholders(messages: pd.DataFrame) -> bool:
    """Whether rows are placeholders; False for no rows."""
    ids = messages["message_id"]
    return len(ids) > 0 and bool(((ids < LOWEST_REAL_ID) & (ids >= _LOWEST)).all())

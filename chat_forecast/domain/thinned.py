"""Messages of which nothing is kept but what is counted: their hour, and by how many members its messages were.

Belongs here: making such rows of messages, and telling them from messages.
Does not belong here: how old a message must be for it (:mod:`chat_forecast.storage.retention`).
"""

import pandas as pd

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import order_messages

_LOWEST = LOWEST_REAL_ID - 2**50
_HOUR = 3600
_ROWS_OF_AN_HOUR = 2**20


def thinned(messages: pd.DataFrame, day: LocalDay) -> pd.DataFrame:
    """As many rows in each hour of the day, at its start, by as many members, who are numbered anew in each hour.

    Counted again, they give the same hourly series. Thinning them again changes nothing.
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


def is_thinned(messages: pd.DataFrame) -> bool:
    """Whether rows are of that kind; of no rows nothing is left to thin."""
    ids = messages["message_id"]
    return len(ids) > 0 and bool(((ids < LOWEST_REAL_ID) & (ids >= _LOWEST)).all())

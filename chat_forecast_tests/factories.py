"""Inputs for tests: the smallest thing that is like the real one."""

import numpy as np
import pandas as pd

from chat_forecast.core.coverage import Coverage
from chat_forecast.core.days import LocalDay
from chat_forecast.core.messages import Reading, order_messages


def make_messages(sent_at, *, first_id: int = 1) -> pd.DataFrame:
    """Messages at the given instants, with ids in order and two senders in turn."""
    times = pd.DatetimeIndex(pd.to_datetime(list(sent_at), utc=True)).as_unit("us")
    ids = np.arange(first_id, first_id + len(times))
    return order_messages(
        pd.DataFrame({"message_id": ids, "sent_at": times, "sender": [("a" * 16, "b" * 16)[i % 2] for i in ids]})
    )


def make_reading(day: LocalDay, minutes=(), *, first_id: int = 1, coverage: Coverage | None = None) -> Reading:
    """A wholly read day with messages so many minutes after its start."""
    sent_at = [day.start + pd.Timedelta(minutes=float(minute)) for minute in minutes]
    return Reading(make_messages(sent_at, first_id=first_id), coverage or Coverage.of((day.start, day.end)))


def make_series(first: LocalDay, days: int, counts=lambda _hour: 10) -> pd.DataFrame:
    """An hourly series of so many days; ``counts`` gives the messages of an hour, None for a missing one."""
    hours = [hour for number in range(days) for hour in first.plus(number).hours]
    messages = pd.array([counts(hour) for hour in hours], dtype="Int64")
    index = pd.DatetimeIndex(hours).as_unit("us")
    return pd.DataFrame({"hour": index, "messages": messages, "senders": messages})

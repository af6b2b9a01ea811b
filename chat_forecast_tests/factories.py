"""Inputs for tests: the smallest thing that is like the real one."""

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch, order_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS
from chat_forecast.domain.scoring import SCORE_COLUMNS


def make_messages(sent_at, *, first_id: int = 1) -> pd.DataFrame:
    """Messages at the given instants, with ids in order and two senders in turn."""
    times = pd.DatetimeIndex(pd.to_datetime(list(sent_at), utc=True)).as_unit("us")
    ids = np.arange(first_id, first_id + len(times))
    return order_messages(
        pd.DataFrame({"message_id": ids, "sent_at": times, "sender": [("a" * 16, "b" * 16)[i % 2] for i in ids]})
    )


def make_message_batch(
    day: LocalDay, minutes=(), *, first_id: int = 1, read_intervals: ReadIntervals | None = None
) -> MessageBatch:
    """A wholly read day with messages so many minutes after its start."""
    sent_at = [day.start + pd.Timedelta(minutes=float(minute)) for minute in minutes]
    return MessageBatch(make_messages(sent_at, first_id=first_id), read_intervals or ReadIntervals.of((day.start, day.end)))


def make_series(first: LocalDay, days: int, counts=lambda _hour: 10) -> pd.DataFrame:
    """An hourly series of so many days; ``counts`` gives the messages of an hour, None for a missing one."""
    hours = [hour for number in range(days) for hour in first.plus(number).hours]
    messages = pd.array([counts(hour) for hour in hours], dtype="Int64")
    index = pd.DatetimeIndex(hours).as_unit("us")
    return pd.DataFrame({"hour": index, "messages": messages, "senders": messages})


def make_forecast(day: LocalDay, expected: float = 4.0) -> pd.DataFrame:
    """A forecast that expects the same in each hour of a day, from nothing to three times as much."""
    widths = {"median": 1.0, "smape_point": 1.0, "q01": 0.0, "q10": 0.25, "q25": 0.5, "q75": 1.5, "q90": 2.0, "q99": 3.0}
    quantities = {"expected": expected} | {name: round(expected * width) * 1.0 for name, width in widths.items()}
    made = {"forecaster": "flat", "trained_through": "2026-05-01"}
    return pd.DataFrame({"hour": day.hours.as_unit("us"), **quantities, **made})


def make_scores(first: LocalDay, skills) -> pd.DataFrame:
    """The scores of days in a row that had 96 messages and these skills; None where there was none."""
    rows = [
        dict.fromkeys([*SCORE_COLUMNS, *VERDICT_COLUMNS]) | {"day": first.plus(number).key} for number in range(len(skills))
    ]
    for row, skill in zip(rows, skills, strict=True):
        if skill is not None:
            row |= {"skill": skill, "seasonal_naive_rmse": 2.0, "seasonal_naive_hours": 24, "hours_scored": 24}
            row |= {"squared_error": 24 * (2.0 * (1 - skill)) ** 2}
            row |= {"messages": 96, "expected_total": 96.0, "hours_missing": 0}
    kinds = {"int": "Int64", "float": "float64", "str": "object", "bool": "boolean"}
    return pd.DataFrame(rows).astype({name: kinds[kind] for name, kind in (SCORE_COLUMNS | VERDICT_COLUMNS).items()})

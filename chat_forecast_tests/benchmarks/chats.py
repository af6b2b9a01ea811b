"""Real chats for benchmarks: Parquet files with ``message_id``, ``sent_at``, ``sender``, beside an ``index.csv`` of zones.

They are not part of the repository. Stretches listed in a ``gaps.csv`` beside them (``chat``, ``from_utc``, ``to_utc``) were
never read, and are missing, not quiet.
"""

from pathlib import Path

import pandas as pd

from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch, order_messages
from chat_forecast.domain.read_intervals import ReadIntervals


def read_chat(folder: Path, chat: str, timezone: str) -> pd.DataFrame:
    """The hourly series of a chat from its first day to its last: ``hour``, ``messages``, ``senders``."""
    raw = pd.read_parquet(folder / f"{chat}.parquet")
    sent_at = pd.to_datetime(raw["sent_at"], utc=True).astype(MESSAGE_DTYPES["sent_at"])
    ids = pd.RangeIndex(len(raw))
    messages = order_messages(pd.DataFrame({"message_id": ids, "sent_at": sent_at, "sender": raw["sender"].astype(str)}))
    covered = ReadIntervals.of((messages["sent_at"].min(), messages["sent_at"].max())).without(_gaps(folder, chat))
    first, last = (
        LocalDay.containing(instant, timezone) for instant in covered.intervals[0][:1] + covered.intervals[-1][1:]
    )
    instants, tables = messages["sent_at"], []
    for day in first.until(last):
        low, high = instants.searchsorted([day.start, day.end])
        batch = MessageBatch(messages.iloc[low:high].reset_index(drop=True), covered.clip(day.start, day.end))
        tables.append(count_by_hour(batch, day))
    return pd.concat(tables, ignore_index=True)


def _gaps(folder: Path, chat: str) -> ReadIntervals:
    path = folder / "gaps.csv"
    if not path.exists():
        return ReadIntervals()
    gaps = pd.read_csv(path, parse_dates=["from_utc", "to_utc"])
    gaps = gaps[gaps["chat"] == chat]
    return ReadIntervals.of(*zip(gaps["from_utc"], gaps["to_utc"], strict=True))

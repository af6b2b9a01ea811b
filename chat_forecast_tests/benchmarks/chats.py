"""Real chats for benchmarks: Parquet files with ``message_id``, ``sent_at``, ``sender``, beside an ``index.csv`` of zones.

They are not part of the repository. Stretches listed in a ``gaps.csv`` beside them (``chat``, ``from_utc``, ``to_utc``) were
never read, and are missing, not quiet.
"""

import csv
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch, order_messages
from chat_forecast.domain.read_intervals import ReadIntervals


@dataclass(frozen=True)
class Chat:
    """A chat's hourly series: ``hour``, ``messages``, ``senders``."""

    name: str
    timezone: str
    series: pd.DataFrame

    @property
    def last(self) -> LocalDay:
        """The last day of the series."""
        return LocalDay.containing(self.series["hour"].iloc[-1].to_pydatetime(), self.timezone)

    def changed(self, change: Callable[[Floats], Floats], since: pd.Timestamp) -> "Chat":
        """The same chat, whose counts are changed from an instant on."""
        counts = to_floats(self.series["messages"])
        changed = np.where(self.series["hour"] >= since, change(counts), counts)
        return replace(self, series=self.series.assign(messages=pd.array(changed, dtype="Int64")))


def read_chats(folder: Path, only: Collection[str] = ()) -> Iterator[Chat]:
    """Read the chats of a folder in the order of its ``index.csv``; if named, ``only`` some."""
    with (folder / "index.csv").open() as file:
        zones = {row["chat"]: row["timezone"] for row in csv.DictReader(file)}
    for name in only or zones:
        yield Chat(name, zones[name], read_chat(folder, name, zones[name]))


def hours_before(chat: Chat, day: LocalDay, days: int) -> pd.DataFrame:
    """Take the hours of the series of so many days before a day."""
    starts = pd.DatetimeIndex(chat.series["hour"])
    begin, end = starts.searchsorted([day.plus(-days).start, day.start])
    return chat.series.iloc[begin:end].reset_index(drop=True)


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

"""How Dagster stores and loads the days of an asset: one day and a range of days in the same way.

Belongs here: the I/O manager and the inputs it hands to assets.
Does not belong here: the files themselves (:mod:`.storage`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import dagster as dg
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, Storages

Stored = TypeVar("Stored", MessageBatch, pd.DataFrame)


@dataclass(frozen=True)
class StoredDays(Generic[Stored]):
    """The stored partitions of an asset's days, each read when its turn comes."""

    days: Sequence[LocalDay]
    read: Callable[[LocalDay], Stored]

    def __iter__(self) -> Iterator[tuple[LocalDay, Stored]]:
        """Yield every day with its value, in order."""
        return ((day, self.read(day)) for day in self.days)


class NotMaterialised(ChatForecastError):
    """A partition that a step needs is not stored; the message names it and what to do."""


class DayIOManager(dg.IOManager):
    """Reads and writes days: one day and a range of days in the same way, one after the other.

    An asset returns an iterable of ``(day, value)``, best a generator: each value is stored before the next is asked for,
    so a range of years needs the memory of a day. An input is a :class:`StoredDays`.
    """

    def __init__(self, storages: Storages, chats: Sequence[Chat]) -> None:
        self._storages = {chat.slug: storages.of(chat) for chat in chats}

    def handle_output(self, context: dg.OutputContext, obj: Iterable[tuple[LocalDay, MessageBatch | pd.DataFrame]]) -> None:
        """Store the days that an asset yields, one at a time, holding the chat's lock."""
        chat, asset = context.asset_key.path
        storage = self._storages[chat]
        with storage.lock():
            written = []
            for day, value in obj:
                storage.write(asset, day, value)
                written.append(day.key)
        if written != list(context.asset_partition_keys):
            raise dg.DagsterInvariantViolationError(
                f"{chat}/{asset} made {len(written)} days; the run was to make {len(context.asset_partition_keys)}"
            )

    def load_input(self, context: dg.InputContext) -> "StoredDays[MessageBatch] | StoredDays[pd.DataFrame]":
        """Offer the stored days of an upstream asset that the step's partitions map to."""
        chat, asset = context.asset_key.path
        storage = self._storages[chat]
        days = [LocalDay.parse(key, storage.timezone) for key in context.asset_partition_keys]
        if asset in ("raw_messages", "merged_history"):
            return StoredDays(days, lambda day: storage.messages(asset, _stored(storage, asset, day)))
        return StoredDays(days, lambda day: storage.frames(asset, _stored(storage, asset, day), day))


def _stored(storage: ChatStorage, asset: str, day: LocalDay) -> LocalDay:
    """The same day, if it is stored."""
    if not storage.has(asset, day):
        raise NotMaterialised(
            f"{storage.chat}/{asset} of {day.key} is not stored ({storage.url(asset, day)}). "
            f"Materialise it first: chat-forecast backfill {storage.chat} --from {day.key} --to {day.key}"
        )
    return day

"""What is kept of a day that is not over: apart from the partitions, and gone when the next one is looked at.

Belongs here: the messages read so far, the plan of the day, the events of the last days; in a folder beside the chats'.
Does not belong here: reading messages, or the partitions, which nothing here is ever copied to: the night reads the whole
day itself.

Of a message its id and its time are kept, and nothing of who wrote it. Whatever is damaged here is made again.
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.forecasting.day_plan import DayPlan
from chat_forecast.forecasting.known_events import KnownEvent
from chat_forecast.storage.atomic_files import join_url, read_file, remove_file, write_file
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_files import PartitionFiles
from chat_forecast.storage.schemas import StoredFileError

FOLDER = ".today"
MESSAGES = "raw_messages"
"""The folder of the messages, which have the form of this asset's partitions."""
LOCK_SECONDS = 5.0
PLAN, EVENTS = "plan.json", "events.json"


@dataclass(frozen=True)
class TodayFiles:
    """The files of one chat."""

    storage: str
    """Where the chats' partitions lie: a local path or any fsspec URL."""
    chat: str
    timezone: str
    locks: Locks

    @property
    def root(self) -> str:
        """The folder of all chats' days."""
        return join_url(self.storage, FOLDER)

    @property
    def _files(self) -> PartitionFiles:
        return PartitionFiles(self.root, self.chat, self.timezone, self.locks)

    def lock(self) -> AbstractContextManager[object]:
        """Let one process at a time look at the chat's day; raises :class:`.LockTaken` after some seconds."""
        return self.locks.hold(f"{self.chat}.today", LOCK_SECONDS)

    def messages(self, day: LocalDay) -> MessageBatch:
        """What was read of a day; nothing, where nothing was or the file is damaged."""
        try:
            return self._files.messages(MESSAGES, day)
        except StoredFileError:
            return MessageBatch()

    def keep_messages(self, day: LocalDay, batch: MessageBatch) -> None:
        """Keep what was read of a day, and drop what is left of days before it."""
        messages = batch.messages.assign(sender=pd.Series([None] * len(batch.messages), dtype="str"))
        self._files.write(MESSAGES, day, MessageBatch(messages, batch.read_intervals))
        for old in self._files.days(MESSAGES):
            if old < day:
                remove_file(self._files.url(MESSAGES, old))

    def plan(self, day: LocalDay, version: str) -> DayPlan | None:
        """The plan of a day, if one was kept that was made from the same."""
        stored = self._json(PLAN)
        if not isinstance(stored, dict) or stored.get("version") != version:
            return None
        try:
            plan = DayPlan.from_dict(stored["plan"])
        except (KeyError, TypeError, ValueError):
            return None
        return plan if plan.day == day else None

    def keep_plan(self, plan: DayPlan, version: str) -> None:
        """Keep the plan of the day; ``version`` says what it was made from."""
        self._keep_json(PLAN, {"version": version, "plan": plan.to_dict()})

    def events(self) -> list[KnownEvent]:
        """The events of the last days, oldest first."""
        stored = self._json(EVENTS)
        try:
            return [KnownEvent.from_dict(each) for each in stored or []]
        except (KeyError, TypeError, ValueError):
            return []

    def keep_events(self, events: Sequence[KnownEvent]) -> None:
        """Keep the events."""
        self._keep_json(EVENTS, [event.to_dict() for event in events])

    def _json(self, name: str) -> Any:  # noqa: ANN401 - whatever the file holds
        try:
            return json.loads(read_file(join_url(self.root, self.chat, name)) or b"null")
        except (ValueError, RecursionError, OSError):
            return None

    def _keep_json(self, name: str, content: object) -> None:
        write_file(join_url(self.root, self.chat, name), json.dumps(content).encode())

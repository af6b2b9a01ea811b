"""Making the days of an asset, one after the other: written once, for all six.

Belongs here: the loop over the days of a run, progress, storing, attaching metadata.
Does not belong here: any one asset, or computing a day.

Days are streamed: the inputs of a day are read when its turn comes, after the day before it was stored. So a range of years
needs the memory of a day, and a day may read what the run has stored of the days before it.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import dagster as dg
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.pipeline.partitions import days_of_run
from chat_forecast.pipeline.resources import Resources
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partition_files import NotedTable
from chat_forecast.storage.partitions import ChatStorage

Inputs = TypeVar("Inputs")
Made = TypeVar("Made", MessageBatch, pd.DataFrame, NotedTable)
Metadata = dict[str, Any]
Progress = Callable[[str, int, int], None]
"""Called with an asset's name, the days done and the days to do."""

DETAILED_DAYS = 14
"""In a range, the newest days have a table of their hours in their metadata; a year of tables would swell the event log."""

DAYS_AT_ONCE = 30
"""How often the stored days of a long range are copied elsewhere, while the next ones are computed beside."""


def no_progress(_asset: str, _done: int, _total: int) -> None:
    """Show no progress."""


class AssetRun:
    """One asset in one run: its days, and where they are stored."""

    def __init__(self, context: dg.AssetExecutionContext, chat: Chat, stores: Resources, progress: Progress) -> None:
        self.context = context
        self.chat = chat
        self.stores = stores
        self.asset = context.asset_key.path[-1]
        self.days = days_of_run(context, chat)
        self._progress = progress
        self._done = 0

    @property
    def storage(self) -> ChatStorage:
        """The chat's stored partitions."""
        return self.stores.storages.of(self.chat)

    def say(self, phrase: str) -> None:
        """Say what takes long, in the run's log and beside its progress."""
        self.context.log.warning(phrase)
        self._progress(phrase, self._done, len(self.days))

    def materialise(
        self,
        inputs: Iterable[Inputs],
        make: Callable[[LocalDay, Inputs], Made],
        describe: Callable[[LocalDay, Inputs, Made], Metadata],
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Make each day from its inputs, store it, and describe it to the UI; the chat's lock is held meanwhile.

        ``inputs`` yields those of each day, in order. ``make`` is a plain function of a day. ``describe`` gives the metadata
        of just that day. ``meanwhile`` is called each time that :data:`DAYS_AT_ONCE` days more are stored, and as many left.

        Raises:
            StoredFileError: a day could not be stored; those before it are.
            LockLost: the chat may be another process's by now; nothing more is stored.
        """
        total = len(self.days)
        with self.storage.lock() as held:
            self.storage.expect_zone()  # else days of two zones would lie side by side
            self._progress(self.asset, 0, total)
            for number, (day, given) in enumerate(zip(self.days, inputs, strict=True)):
                value = make(day, given)
                held.expect()
                self.storage.write(self.asset, day, value)
                self.describe(day, describe(day, given, value))
                self._done = number + 1
                if meanwhile is not None and self._done % DAYS_AT_ONCE == 0 and total - self._done >= DAYS_AT_ONCE:
                    meanwhile()
                self._progress(self.asset, self._done, total)

    def describe(self, day: LocalDay, metadata: Metadata) -> None:
        """Add metadata to the materialisation event of a day."""
        self.context.add_asset_metadata(metadata, partition_key=day.key)

    def is_detailed(self, day: LocalDay) -> bool:
        """Whether the day is one of the newest of the run, whose hours are shown in its metadata."""
        return day >= self.days[-1].plus(1 - DETAILED_DAYS)

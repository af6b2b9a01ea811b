"""What a process needs to make days of an asset: that of the run, or one of its workers.

Belongs here: the plain values by which a day is made and described, and a day that is ready to be stored.
Does not belong here: the run itself (:mod:`.asset_run`), or any one asset.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partition_content import Value
from chat_forecast.storage.partitions import ChatStorage

Metadata = dict[str, Any]

DETAILED_DAYS = 14
"""How many newest days of a run have a table of their hours in their metadata: a year of them would swell the event log."""


class ReadyDay(NamedTuple):
    """A day of an asset, ready to be stored."""

    content: bytes
    """Of the partition's file."""
    metadata: Metadata
    """What the UI shows of it."""


@dataclass(frozen=True)
class AssetTask:
    """One asset in one run, as plain values that can be given to a worker."""

    chat: Chat
    storage: ChatStorage
    """The chat's stored partitions."""
    asset: str
    newest: LocalDay
    """The last day of the run."""
    reports_url: str
    """Where plots are served."""

    def ready(self, day: LocalDay, value: Value, metadata: Metadata) -> ReadyDay:
        """Turn a day's value into the bytes of its file, with its metadata."""
        return ReadyDay(self.storage.content(self.asset, day, value), metadata)

    def is_detailed(self, day: LocalDay) -> bool:
        """Whether the day's metadata show its hours: it is one of the newest of the run."""
        return day >= self.newest.plus(1 - DETAILED_DAYS)


MakeDays = Callable[[AssetTask, Sequence[LocalDay]], Iterable[ReadyDay]]
"""Makes ascending days of an asset, each when it is asked for."""

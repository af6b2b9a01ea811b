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
"""In a range, the newest days have a table of their hours in their metadata; a year of tables would swell the event log."""


class ReadyDay(NamedTuple):
    """A day of an asset, to be stored as it is."""

    content: bytes
    """Of its file."""
    metadata: Metadata
    """What is said of it to the UI."""


@dataclass(frozen=True)
class AssetTask:
    """One asset in one run, as plain values: it can be given to another process."""

    chat: Chat
    storage: ChatStorage
    """The chat's stored partitions."""
    asset: str
    newest: LocalDay
    """The last day of the run."""
    reports_url: str
    """Where plots are served."""

    def ready(self, day: LocalDay, value: Value, metadata: Metadata) -> ReadyDay:
        """A day that was made, ready to be stored."""
        return ReadyDay(self.storage.content(self.asset, day, value), metadata)

    def is_detailed(self, day: LocalDay) -> bool:
        """Whether the day is one of the newest of the run, whose hours are shown in its metadata."""
        return day >= self.newest.plus(1 - DETAILED_DAYS)


MakeDays = Callable[[AssetTask, Sequence[LocalDay]], Iterable[ReadyDay]]
"""Makes ascending days of an asset, each when it is asked for."""

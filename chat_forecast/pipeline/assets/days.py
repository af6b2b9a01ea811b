"""What the assets of a chat have in common: their keys, their partitions, and streaming over days.

Belongs here: arguments and return values shared by all six assets.
Does not belong here: any one asset.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypedDict

import dagster as dg
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.pipeline.partitions import SAME_DAY, daily_partitions
from chat_forecast.settings.models import Chat

Metadata = dict[str, Any]
Describe = Callable[[bool], Metadata]
"""Gives the metadata of one day; its argument tells whether to draw the day's picture."""
DescribedDay = tuple[LocalDay, MessageBatch | pd.DataFrame, Describe]
Progress = Callable[[str, int, int], None]
"""Called with an asset's name, the days done and the days to do."""


def no_progress(_asset: str, _done: int, _total: int) -> None:
    """Show no progress."""


SESSION_POOL = "telegram_session"
"""The pool of everything that opens Telegram's session: one run at a time, whichever chat it is of. The lock around the
session (:mod:`chat_forecast.sources.telegram.session`) holds against other processes too; the pool keeps runs from waiting
for it."""

PICTURED_DAYS = 14
"""In a range, the newest days get a picture drawn; a year of pictures would only slow it and swell the event log."""


def is_pictured(number: int, total: int) -> bool:
    """Whether the day of this number (from 0) in a run of so many days gets a picture."""
    return number >= total - PICTURED_DAYS


class AssetArguments(TypedDict):
    """Keyword arguments that every asset of a chat is made with."""

    key_prefix: str
    group_name: str
    partitions_def: dg.DailyPartitionsDefinition
    backfill_policy: dg.BackfillPolicy
    tags: dict[str, str]
    pool: str


def asset_arguments(chat: Chat) -> AssetArguments:
    """Key prefix, group, partitions, backfill policy and pool of a chat's assets.

    The pool holds one run at a time (see the instance's settings), so that runs of a chat never overlap, whatever
    launched them.
    """
    return {
        "key_prefix": chat.slug,
        "group_name": chat.group,
        "partitions_def": daily_partitions(chat),
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "tags": {"source": chat.source},
        "pool": f"chat_{chat.group}",
    }


def upstream(chat: Chat, asset: str, mapping: dg.PartitionMapping = SAME_DAY) -> dg.AssetDep:
    """A dependency on another asset of the chat that is read through storage, not as an input."""
    return dg.AssetDep([chat.slug, asset], partition_mapping=mapping)


def upstream_input(chat: Chat, asset: str) -> dg.AssetIn:
    """A dependency on the same days of another asset of the chat, loaded as an input."""
    # Dagster cannot check the type of a generic class; mypy does.
    return dg.AssetIn(key=[chat.slug, asset], partition_mapping=SAME_DAY, dagster_type=dg.Any)


class DayStream:
    """The days that an asset makes, one after the other, each described for the UI as it passes."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        progress: Progress,
        values: Iterable[DescribedDay],
    ) -> None:
        self._context = context
        self._progress = progress
        self._values = values

    def __iter__(self) -> Iterator[tuple[LocalDay, MessageBatch | pd.DataFrame]]:
        """Yield each day with its value; its metadata reach the materialisation event of just that day."""
        asset = self._context.asset_key.path[-1]
        total = len(self._context.partition_keys)
        self._progress(asset, 0, total)
        for done, (day, value, describe) in enumerate(self._values, start=1):
            yield day, value
            metadata = describe(is_pictured(done - 1, total))
            self._context.add_asset_metadata(metadata, partition_key=day.key)
            self._progress(asset, done, total)

"""The days of a chat as Dagster partitions.

Belongs here: translating between partition keys and :class:`~chat_forecast.domain.local_day.LocalDay`.
Does not belong here: anything about what a day holds.
"""

import warnings
from datetime import date
from functools import cache

import dagster as dg

from chat_forecast.domain.local_day import DAY_FORMAT, LocalDay
from chat_forecast.pipeline.compat import BetaWarning, PreviewWarning
from chat_forecast.settings.models import Chat

# Backfill policies, lenient mappings and checks with partitions are meant, and Dagster is pinned to one minor version.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)

DAY_BEFORE = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True)
SAME_DAY = dg.TimeWindowPartitionMapping()


def daily_partitions(chat: Chat) -> dg.DailyPartitionsDefinition:
    """One partition for each local day of the chat, from its first day to the last one that has ended."""
    return _daily(chat.first_day, chat.timezone)


@cache  # chats with the same days share one: building it reads the zone's rules
def _daily(first_day: date, timezone: str) -> dg.DailyPartitionsDefinition:
    return dg.DailyPartitionsDefinition(start_date=first_day.strftime(DAY_FORMAT), timezone=timezone)


def days_of_run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, chat: Chat) -> list[LocalDay]:
    """The days that a step is to make: one, or every day of the run's range."""
    return [LocalDay.parse(key, chat.timezone) for key in context.partition_keys]

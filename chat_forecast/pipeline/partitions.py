"""The days of a chat as Dagster partitions.

Belongs here: translating between partition keys and :class:`~chat_forecast.domain.local_day.LocalDay`.
Does not belong here: anything about what a day holds.
"""

import warnings
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import dagster as dg

from chat_forecast.domain.local_day import DAY_FORMAT, LocalDay, skipped_dates
from chat_forecast.pipeline.compat import BetaWarning, PreviewWarning
from chat_forecast.settings.models import Chat

# Backfill policies, lenient mappings and checks with partitions are meant, and Dagster is pinned to one minor version.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)

DAY_BEFORE = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True)
LAST_KNOWN_DAY = "2099-01-01"
"""Its offset is the one that a zone keeps by the rules now in force."""
SAME_DAY = dg.TimeWindowPartitionMapping()


def daily_partitions(chat: Chat) -> dg.DailyPartitionsDefinition:
    """One partition for each local day of the chat, from its first day to its last one, or to yesterday if it goes on."""
    return _daily(chat.first_day, chat.last_day, chat.timezone)


@cache  # chats with the same days share one: building it reads the zone's rules
def _daily(first_day: date, last_day: date | None, timezone: str) -> dg.DailyPartitionsDefinition:
    end = None if last_day is None else (last_day + timedelta(days=1)).strftime(DAY_FORMAT)  # exclusive
    skipped = sorted(day for day in skipped_dates(timezone) if day >= first_day)
    if not skipped:
        return dg.DailyPartitionsDefinition(start_date=first_day.strftime(DAY_FORMAT), end_date=end, timezone=timezone)
    # Where a zone skipped a date, Dagster gives that date and the next one the same instant: a key too many, and one that
    # cannot be excluded without the other. At the zone's present offset every date exists, and excluding one is enough.
    first = next(LocalDay(first_day, timezone).until(LocalDay.parse(LAST_KNOWN_DAY, timezone)))
    return dg.DailyPartitionsDefinition(
        start_date=first.key,
        end_date=end,
        timezone=_fixed_offset(timezone),
        exclusions=[datetime.combine(day, time()) for day in skipped if day > first.date],
    )


def _fixed_offset(timezone: str) -> str:
    """The zone of whole hours that never changes its clocks and has the offset that a zone is known to keep.

    >>> _fixed_offset("Pacific/Apia")
    'Etc/GMT-13'
    """
    midnight = datetime.fromisoformat(LAST_KNOWN_DAY)
    offset = midnight.replace(tzinfo=UTC) - midnight.replace(tzinfo=ZoneInfo(timezone))
    return f"Etc/GMT{-round(offset.total_seconds() / 3600):+d}"


def days_of_run(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, chat: Chat) -> list[LocalDay]:
    """The days that a step is to make: one, or every day of the run's range."""
    return [LocalDay.parse(key, chat.timezone) for key in context.partition_keys]

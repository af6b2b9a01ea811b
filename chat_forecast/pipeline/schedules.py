"""When a day is done: at 00:01 of the chat's own time zone, for the day that ended."""

import dagster as dg
from dagster._core.definitions.partitions.partitioned_schedule import (
    UnresolvedPartitionedAssetScheduleDefinition,
)

from chat_forecast.pipeline.jobs import CHAT_TAG, day_job, day_job_name
from chat_forecast.settings.models import Chat


def nightly_schedule(chat: Chat) -> dg.ScheduleDefinition | UnresolvedPartitionedAssetScheduleDefinition:
    """The nightly run of a chat, on from the start."""
    return dg.build_schedule_from_partitioned_job(
        day_job(chat),
        name=f"{day_job_name(chat)}_at_00_01",
        description=f"At 00:01 in {chat.timezone}: the day that ended.",
        hour_of_day=0,
        minute_of_hour=1,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        tags={CHAT_TAG: chat.slug},
    )

"""The nightly schedules: at 00:01 of each time zone, a run of each of its chats for the day that just ended.

Belongs here: one schedule for each time zone, and what it requests.
Does not belong here: what a nightly run makes (:mod:`.runs`).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.catch_up import missed_days
from chat_forecast.pipeline.compat import IMPLICIT_ASSET_JOB_NAME
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.runs import request_day
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic

JUST_AFTER_MIDNIGHT = "1 0 * * *"


def nightly_schedules(chats: Sequence[Chat]) -> list[dg.ScheduleDefinition]:
    """A schedule for each time zone that a chat lives in, in the order of the zones' names; on from the start."""
    # A topic's night is requested once its forum's is done: see `catch_up`.
    ordered = sorted((chat for chat in chats if not isinstance(chat, Topic)), key=lambda chat: chat.timezone)
    return [_nightly(zone, list(of_zone)) for zone, of_zone in groupby(ordered, key=lambda chat: chat.timezone)]


def schedule_name(timezone: str) -> str:
    """The name of a zone's schedule.

    >>> schedule_name("America/Port-au-Prince"), schedule_name("Etc/GMT+5")
    ('nightly_america_port_au_prince', 'nightly_etc_gmt_plus_5')
    """
    words = timezone.lower().replace("+", "_plus_").replace("-", "_").replace("/", "_")
    return f"nightly_{words}"


def _nightly(timezone: str, chats: Sequence[Chat]) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=schedule_name(timezone),
        job_name=IMPLICIT_ASSET_JOB_NAME,
        cron_schedule=JUST_AFTER_MIDNIGHT,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"At 00:01 in {timezone}: the day that ended, for each of its chats.",
    )
    def request(
        context: dg.ScheduleEvaluationContext, stores: dg.ResourceParam[Resources]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        day = LocalDay.containing(context.scheduled_execution_time, timezone).plus(-1)
        due = [chat for chat in chats if _is_due(chat, stores, day)]
        yield from (request_day(chat, day) for chat in due)
        if not due:
            yield dg.SkipReason(f"No chat in {timezone} is due for {day.key}: not begun, ended, done, or caught up.")

    return request


def _is_due(chat: Chat, stores: Resources, day: LocalDay) -> bool:
    """Whether a chat has begun, has not ended, and lacks this night alone: several are caught up together."""
    if chat.first_day > day.date:
        return False
    try:
        has_ended, storage = stores.sources.last_day(chat, day) < day, stores.storages.of(chat)
        is_done = storage.has("next_day_forecast", day)
        return not has_ended and not is_done and len(missed_days(chat, storage, day)) <= 1
    except ChatForecastError:
        return True  # its own run says what is wrong with its files

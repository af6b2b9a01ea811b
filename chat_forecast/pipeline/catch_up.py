"""The sensor that catches up on missed nights, all of a chat in one run.

Belongs here: which days should have been done by now, and the sensor that requests them.
Does not belong here: the night itself (:mod:`.schedules`).

When a machine comes back after ten nights, each chat gets one run over the whole range: its source is read in one pass, and
there is one retraining if the newest verdict asks for it. A chat of which nothing was ever done has missed nothing: its past
is a backfill, which somebody asks for.

A topic's nights follow those of its forum: they are requested here too, as soon as the forum has the day.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.compat import IMPLICIT_ASSET_JOB_NAME, NOT_FINISHED_STATUSES, PARTITION_NAME_TAG
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.runs import CHAT_TAG, DAY, KIND_TAG, request_catch_up, request_day
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.sources.topics import ASSET as TOPICS_ARE_OF
from chat_forecast.storage.partitions import ChatStorage

INTERVAL_SECONDS = 60
SCHEDULE_TIME = timedelta(minutes=10)
"""A single night is the schedule's for so long after its day's end. Whoever starts after 00:01 for the first time has missed
its tick."""


def missed_days(chat: Chat, storage: ChatStorage, last: LocalDay) -> list[LocalDay]:
    """The days after the newest one done, up to ``last``, ascending; of many the newest ``catch_up_days``.

    A day is done when the forecast at its end was made: the last thing that a night does. A run writes two days at a time:
    one that was killed meanwhile may have stored the newest one alone, and then the day before it was missed too.
    """
    done = [day for day in storage.days("next_day_forecast") if day <= last]
    if not done:
        return []
    newest = done[-1]
    is_alone = newest.plus(-2) in done[-2:] and newest.plus(-1) not in done[-2:]
    return list(newest.plus(-1 if is_alone else 1).until(last))[-chat.catch_up_days :]


def utc_now() -> datetime:
    """What the machine's clock shows."""
    return datetime.now(UTC)


def catch_up_sensor(chats: Sequence[Chat], clock: Callable[[], datetime] = utc_now) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="catch_up",
        job_name=IMPLICIT_ASSET_JOB_NAME,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Does the nights that were missed, while the machine was off or a source away, in one run a chat.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        now, requests = clock(), []
        for chat in chats:
            try:
                yesterday = LocalDay.containing(now, chat.timezone).plus(-1)
                last = stores.sources.last_day(chat, yesterday)
                if isinstance(chat, Topic):
                    requests += _nights_of_topic(context.instance, chat, stores, yesterday)
                    continue
                days = missed_days(chat, stores.storages.of(chat), last)
            except ChatForecastError as error:  # one chat's damaged file is its own: `status` names it too
                context.log.error(f"{chat.slug}: {error}")
                continue
            is_wanted = len(days) > 1 or (len(days) == 1 and _was_left(context.instance, chat, days[0], now))
            if is_wanted and not _has_run_under_way(context.instance, chat):
                requests.append(request_catch_up(chat, days[0], days[-1]))
        return dg.SensorResult(run_requests=requests, skip_reason=None if requests else "No chat has missed a night.")

    return sensor


def _nights_of_topic(
    instance: dg.DagsterInstance, topic: Topic, stores: Resources, yesterday: LocalDay
) -> list[dg.RunRequest]:
    """What a topic lacks up to the last day that its forum has; nothing while either of them is being made.

    Of a topic of which nothing was ever done that is the night alone, as of any chat.
    """
    storage, forum = stores.storages.of(topic), stores.storages.of(topic.forum)
    read = [day for day in forum.days(TOPICS_ARE_OF) if topic.first_day <= day.date <= yesterday.date]
    if not read or storage.has("next_day_forecast", read[-1]):
        return []
    missed = set(missed_days(topic, storage, read[-1])) or {yesterday}
    # The forum may lack a day for ever: the days before it are a run of their own.
    days = list(_without_gap([day for day in read if day in missed]))
    if not days or any(_has_run_under_way(instance, chat) for chat in (topic, topic.forum)):
        return []
    return [request_day(topic, days[0]) if len(days) == 1 else request_catch_up(topic, days[0], days[-1])]


def _without_gap(days: Sequence[LocalDay]) -> Iterator[LocalDay]:
    """The first of the days, as far as they follow one another."""
    for number, day in enumerate(days):
        if day != days[0].plus(number):
            return
        yield day


def _was_left(instance: dg.DagsterInstance, chat: Chat, day: LocalDay, now: datetime) -> bool:
    """Whether the schedule has had its time for a day's night, and did not ask for it."""
    asked = dg.RunsFilter(tags={CHAT_TAG: chat.slug, KIND_TAG: DAY, PARTITION_NAME_TAG: day.key})
    return now >= day.end + SCHEDULE_TIME and instance.get_runs_count(asked) == 0


def _has_run_under_way(instance: dg.DagsterInstance, chat: Chat) -> bool:
    """Whether the chat's newest run has not ended, or has failed and is about to be retried."""
    newest = instance.get_runs(dg.RunsFilter(tags={CHAT_TAG: chat.slug}), limit=1)
    return any(run.status in NOT_FINISHED_STATUSES or run.is_complete_and_waiting_to_retry for run in newest)

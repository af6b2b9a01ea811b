"""When a model is trained anew: after the check of a chat's newest scored day has failed. And when people are told.

Belongs here: the decision, from the state of the chat, and the sensors that act on it.
Does not belong here: the rule behind the check (:mod:`chat_forecast.domain.retraining_rule`), or what is told
(:mod:`chat_forecast.presentation.notifications`).
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES, DagsterRunStatus
from dagster._core.storage.tags import PARTITION_NAME_TAG
from filelock import Timeout

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.checks import SCORE_CHECK
from chat_forecast.pipeline.jobs import CHAT_TAG, retraining_job, retraining_job_name
from chat_forecast.presentation.notifications import Telling
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, Storages

SENSOR_INTERVAL_SECONDS = 30
NOTIFY_INTERVAL_SECONDS = 60
EVALUATED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}


def day_to_train(instance: dg.DagsterInstance, chat: Chat, storage: ChatStorage) -> LocalDay | None:
    """The day through which the chat's model should be trained now, or None if it need not be.

    That is the newest scored day, if its check failed, no model covers it yet, and no run is about to train one. Looking
    at this state and not at events, nothing is missed while nobody looked, nothing is trained twice, and a backfill that
    fails a year of old checks asks for one training at most.
    """
    check = dg.AssetCheckKey(dg.AssetKey([chat.slug, "daily_score"]), SCORE_CHECK)
    # get_event_records cannot find check evaluations on the default SQLite instance; this works on every storage.
    scored = {
        info.partition_key: info.latest_execution_status
        for info in instance.event_log_storage.get_asset_check_partition_info([check])
        if info.partition_key and info.latest_execution_status in EVALUATED
    }
    if not scored:
        return None
    newest = max(scored)
    day = LocalDay.parse(newest, chat.timezone)
    is_failed = scored[newest] == AssetCheckExecutionRecordStatus.FAILED
    is_covered = any(trained >= day for trained in storage.days("trained_model"))
    return day if is_failed and not is_covered and not _is_training(instance, chat, newest) else None


def _is_training(instance: dg.DagsterInstance, chat: Chat, day: str) -> bool:
    under_way = dg.RunsFilter(
        job_name=retraining_job_name(chat),
        tags={CHAT_TAG: chat.slug, PARTITION_NAME_TAG: day},
        statuses=[DagsterRunStatus.QUEUED, *IN_PROGRESS_RUN_STATUSES],
    )
    return instance.get_runs_count(under_way) > 0


def retraining_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="retraining",
        jobs=[retraining_job(chat) for chat in chats],
        minimum_interval_seconds=SENSOR_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has a chat's model trained anew when the check of its newest scored day failed.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, storages: dg.ResourceParam[Storages]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        requested = False
        for chat in chats:
            day = day_to_train(context.instance, chat, storages.of(chat))
            if day is not None:
                requested = True
                yield dg.RunRequest(
                    # Dagster starts one run a key, also after a restart: one failed score, one retraining.
                    run_key=f"{chat.slug}/{day.key}",
                    job_name=retraining_job_name(chat),
                    partition_key=day.key,
                    tags={CHAT_TAG: chat.slug},
                )
        if not requested:
            yield dg.SkipReason("The newest score of every chat passed its check, or a model covers its day already.")

    return sensor


def notify_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start; without a URL in the environment it does nothing."""

    @dg.sensor(
        name="notify",
        minimum_interval_seconds=NOTIFY_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people of each night's forecast, and of what needs a look: each thing once, and only of the "
        "day that ended last. Where to is set by CHAT_FORECAST_NOTIFY_URL in the daemon's environment.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, storages: dg.ResourceParam[Storages], telling: dg.ResourceParam[Telling]
    ) -> dg.SkipReason:
        services = telling.services(os.environ)
        if not services:
            return dg.SkipReason(f"Nobody to tell: {telling.settings.url_variable} is not set.")
        to_train = {chat.slug: day_to_train(context.instance, chat, storages.of(chat)) for chat in chats}
        try:
            now = datetime.now(UTC)
            told = telling.tell(context.instance, chats, storages, services, now, to_train=to_train)
        except Timeout:
            return dg.SkipReason("Another process is telling.")
        if told.failed:
            return dg.SkipReason(f"Not taken, to be tried again: {', '.join(told.failed)}.")
        return dg.SkipReason(f"Told: {'; '.join(told.sent)}." if told.sent else "Nothing new to tell.")

    return sensor

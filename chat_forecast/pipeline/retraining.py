"""When a model is retrained: after the verdict on a chat's newest scored day says that it was not good enough.

Belongs here: the decision, from what is stored, and the sensor that acts on it.
Does not belong here: the rule behind the verdict (:mod:`chat_forecast.domain.retraining_rule`).

What is stored is looked at, not events: nothing is missed while nobody looked, nothing is retrained twice, and a backfill
that fails a year of old verdicts asks for one training at most. So that a thousand chats need not be read twice a minute,
the sensor reads only those whose score was checked since its last tick, or which still waited then.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.checks import score_check_key
from chat_forecast.pipeline.compat import (
    IMPLICIT_ASSET_JOB_NAME,
    IN_PROGRESS_RUN_STATUSES,
    PARTITION_NAME_TAG,
    AssetCheckExecutionRecordStatus,
)
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.runs import CHAT_TAG, KIND_TAG, RETRAINING, request_retraining
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

INTERVAL_SECONDS = 30
EVALUATED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}


@dataclass(frozen=True)
class Retraining:
    """A training that a chat's newest verdict asks for."""

    day: LocalDay
    """The day to train through."""
    reason: str


def wanted_retraining(storage: ChatStorage) -> Retraining | None:
    """The training that the newest score asks for: its verdict failed, and no model covers its day yet.

    Raises:
        StoredFileError: the newest score is damaged.
    """
    scored = storage.days("daily_score")
    if not scored:
        return None
    day = scored[-1]
    score = storage.frame("daily_score", day)
    verdict = None if score is None or score.empty else Verdict.from_row(score.iloc[-1])
    if verdict is None or verdict.passed or any(trained >= day for trained in storage.days("trained_model")):
        return None
    return Retraining(day, verdict.reason)


def day_to_train(instance: dg.DagsterInstance, chat: Chat, storage: ChatStorage) -> LocalDay | None:
    """The day through which the chat's model should be trained now; None if it need not be, or is about to be.

    Raises:
        StoredFileError: the newest score is damaged.
    """
    wanted = wanted_retraining(storage)
    return wanted.day if wanted is not None and not is_retraining(instance, chat, wanted.day) else None


def is_retraining(instance: dg.DagsterInstance, chat: Chat, day: LocalDay) -> bool:
    """Whether a run is about to train the chat's model through a day."""
    under_way = dg.RunsFilter(
        tags={CHAT_TAG: chat.slug, KIND_TAG: RETRAINING, PARTITION_NAME_TAG: day.key},
        statuses=[dg.DagsterRunStatus.QUEUED, *IN_PROGRESS_RUN_STATUSES],
    )
    return instance.get_runs_count(under_way) > 0


def retraining_sensor(chats: Sequence[Chat]) -> dg.SensorDefinition:
    """One sensor for all chats, on from the start."""

    @dg.sensor(
        name="retraining",
        job_name=IMPLICIT_ASSET_JOB_NAME,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Retrains a chat's model when the verdict on its newest score says that it was not good enough.",
    )
    def sensor(context: dg.SensorEvaluationContext, stores: dg.ResourceParam[Resources]) -> dg.SensorResult:
        checked, before = _last_checks(context.instance, chats), json.loads(context.cursor or "{}")
        requests, after = [], {}
        for chat in chats:
            last = checked.get(chat.slug)
            if chat.slug in before and before[chat.slug] == (last and list(last)):
                after[chat.slug] = last
                continue
            if last is not None and not last.is_settled:
                continue  # in the middle of a run, the newest score stored is not the newest to come
            try:
                wanted = wanted_retraining(stores.storages.of(chat))
            except ChatForecastError as error:  # one chat's damaged file is its own: `status` names it too
                context.log.error(f"{chat.slug}: {error}")
                continue
            if wanted is None:
                after[chat.slug] = last
            elif not is_retraining(context.instance, chat, wanted.day):  # looked at again until a model covers the day
                requests.append(request_retraining(chat, wanted.day, wanted.reason))
        skip = None if requests else "The newest score of every chat passed, or a model covers its day already."
        return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=json.dumps(after))

    return sensor


class LastCheck(NamedTuple):
    """The last evaluation of a chat's score check."""

    storage_id: int
    is_settled: bool
    """Whether it is done, and not about to be."""


def _last_checks(instance: dg.DagsterInstance, chats: Sequence[Chat]) -> dict[str, LastCheck]:
    """For each chat whose score was ever checked, its last evaluation: one query for all."""
    keys = {score_check_key(chat): chat.slug for chat in chats}
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    return {keys[key]: LastCheck(record.id, record.status in EVALUATED) for key, record in found.items()}

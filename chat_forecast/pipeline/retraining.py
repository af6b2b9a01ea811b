"""The sensor that requests retraining, when a chat's newest scored day was not good enough.

Belongs here: the decision, from what is stored, and the sensor that acts on it.
Does not belong here: the rule behind the verdict (:mod:`chat_forecast.domain.retraining_rule`).

The sensor looks at what is stored and not at events: nothing is missed while it was off, nothing is retrained twice, and a
backfill that fails a year of old verdicts asks for one training at most. To spare reading a thousand chats twice a minute,
it reads only those whose score was checked since its last tick, or which were still waiting then.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.checks import forecast_check_key, score_check_key
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
    """The training that a chat asks for: its newest verdict failed, or its newest forecast is withheld from people.

    None once a model is trained through the day that it was asked for.

    Raises:
        StoredFileError: the newest score or forecast is damaged, or what is stored was counted in another time zone.
    """
    storage.expect_zone()
    asked = _asked_by_forecast(storage) or _asked_by_verdict(storage)
    if asked is None or any(trained >= asked.day for trained in storage.days("trained_model")):
        return None
    return asked


def _asked_by_verdict(storage: ChatStorage) -> Retraining | None:
    scored = storage.days("daily_score")
    score = storage.frame("daily_score", scored[-1]) if scored else None
    verdict = None if score is None or score.empty else Verdict.from_row(score.iloc[-1])
    return None if verdict is None or verdict.passed else Retraining(scored[-1], verdict.reason)


def _asked_by_forecast(storage: ChatStorage) -> Retraining | None:
    made = storage.days("next_day_forecast")
    withheld = storage.notes("next_day_forecast", made[-1]).get("withheld") if made else None
    return Retraining(made[-1], f"the forecast for {made[-1].plus(1).key} is {withheld}") if withheld else None


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
    """The last evaluation of the checks that a chat's retraining hangs on."""

    storage_id: int
    is_settled: bool
    """Whether they are done, and not about to be."""


def _last_checks(instance: dg.DagsterInstance, chats: Sequence[Chat]) -> dict[str, LastCheck]:
    """For each chat whose score or forecast was ever checked, the last evaluation: one query for all."""
    keys = {key: chat.slug for chat in chats for key in (score_check_key(chat), forecast_check_key(chat))}
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    last: dict[str, LastCheck] = {}
    for key, record in found.items():
        before = last.get(keys[key], LastCheck(0, is_settled=True))
        is_settled = record.status in EVALUATED and before.is_settled
        last[keys[key]] = LastCheck(max(record.id, before.storage_id), is_settled)
    return last

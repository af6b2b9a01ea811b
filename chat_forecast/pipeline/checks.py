"""Asset checks: is a day's data whole, is its forecast sane, was the last forecast good enough.

Belongs here: what is checked of which asset, and the one seam to Dagster's partitioned checks.
Does not belong here: the rule that decides about retraining (:mod:`chat_forecast.domain.retraining_rule`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from chat_forecast.domain import data_quality
from chat_forecast.domain.forecast_limits import LONGEST_GAP_DAYS, forecast_faults
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.pipeline.partitions import daily_partitions, days_of_run
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, Storages

SCORE_CHECK = "forecast_good_enough"


@dataclass(frozen=True)
class Finding:
    """What a check found on one day."""

    passed: bool
    description: str
    figures: dict[str, Any] = field(default_factory=dict)


def chat_checks(chat: Chat) -> list[dg.AssetChecksDefinition]:
    """The checks of one chat's assets."""
    return [
        _daily_check(chat, "merged_history", "ids_unique", _ids_unique, "Every message is there once."),
        _daily_check(chat, "hourly_series", "hours_complete", _hours_complete, "Every hour of the day is there once."),
        _daily_check(
            chat, "hourly_series", "counts_add_up", _counts_add_up, "The hours' counts add up to the messages stored."
        ),
        _daily_check(
            chat,
            "hourly_series",
            "day_read",
            _day_read,
            "The whole day was read. A missing hour is neither trained on nor scored.",
            gates=False,
        ),
        _daily_check(
            chat,
            "next_day_forecast",
            "forecast_sane",
            _forecast_sane,
            "The forecast is finite, not negative, and its quantiles are in order.",
        ),
        _daily_check(
            chat,
            "daily_score",
            SCORE_CHECK,
            _good_enough,
            "The forecasts of the last days were good enough. If not, a sensor retrains the model.",
            gates=False,
        ),
    ]


def _ids_unique(storage: ChatStorage, day: LocalDay) -> Finding:
    return _finding(data_quality.repeated_ids(storage.messages("merged_history", day)))


def _hours_complete(storage: ChatStorage, day: LocalDay) -> Finding:
    return _finding(data_quality.wrong_hours(storage.frames("hourly_series", day, day), day))


def _counts_add_up(storage: ChatStorage, day: LocalDay) -> Finding:
    series, history = storage.frames("hourly_series", day, day), storage.messages("merged_history", day)
    return _finding(data_quality.wrong_counts(series, history, day))


def _day_read(storage: ChatStorage, day: LocalDay) -> Finding:
    return _finding(data_quality.missing_hours(storage.frames("hourly_series", day, day)))


def _forecast_sane(storage: ChatStorage, day: LocalDay) -> Finding:
    history = storage.frames("hourly_series", day.plus(1 - RECENT_DAYS - LONGEST_GAP_DAYS), day)
    return _finding(forecast_faults(storage.frames("next_day_forecast", day, day), day.plus(1), history))


def _good_enough(storage: ChatStorage, day: LocalDay) -> Finding:
    verdict = Verdict.from_row(storage.frames("daily_score", day, day).iloc[-1])
    if verdict is None:
        return Finding(passed=True, description="no verdict is stored with this score: an older version wrote it")
    return Finding(verdict.passed, verdict.reason, verdict.figures)


def _finding(faults: list[str]) -> Finding:
    return Finding(not faults, "; ".join(faults) or "as it should be")


def _daily_check(
    chat: Chat,
    asset: str,
    name: str,
    evaluate: Callable[[ChatStorage, LocalDay], Finding],
    description: str,
    *,
    gates: bool = True,
) -> dg.AssetChecksDefinition:
    """A check with one evaluation a day, in a run over a range too.

    This is the project's only use of partitioned checks, a preview feature of Dagster. A plain ``AssetCheckResult`` would
    give a range one evaluation without a partition, so the evaluations are yielded beside one empty output.

    A check that ``gates`` stops the assets downstream in the same run; the others only warn.
    """
    key = dg.AssetKey([chat.slug, asset])
    severity = dg.AssetCheckSeverity.ERROR if gates else dg.AssetCheckSeverity.WARN

    @dg.asset_check(  # type: ignore[arg-type]  # typed for one result, while a range gives one a day
        asset=key, name=name, description=description, blocking=gates, partitions_def=daily_partitions(chat)
    )
    def check(context: dg.AssetCheckExecutionContext, storages: dg.ResourceParam[Storages]) -> Iterator[Any]:
        storage = storages.of(chat)
        for day in days_of_run(context, chat):
            finding = evaluate(storage, day)
            yield dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                passed=finding.passed,
                severity=severity,
                description=finding.description,
                metadata=finding.figures,
                blocking=gates,
                partition=day.key,
            )
        yield dg.Output(None)

    return check

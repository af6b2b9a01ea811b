"""Asset checks: whether a day's data are whole, its forecast is sane, and the last forecast was good enough.

Belongs here: what is checked of which asset, and the only use of Dagster's partitioned checks.
Does not belong here: finding a fault (:mod:`chat_forecast.domain.data_quality`), or the rule behind the verdict
(:mod:`chat_forecast.domain.retraining_rule`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dagster as dg

from chat_forecast.domain import data_quality
from chat_forecast.domain.forecast_limits import LONGEST_GAP_DAYS, forecast_faults
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS, Verdict
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.pipeline import worker_processes
from chat_forecast.pipeline.compat import AssetCheckEvaluationTargetMaterializationData
from chat_forecast.pipeline.event_batches import evaluation_events
from chat_forecast.pipeline.newest_events import newest_materialisations
from chat_forecast.pipeline.partitions import daily_partitions, days_of_run
from chat_forecast.pipeline.resources import Resources
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

SCORE_CHECK = "forecast_good_enough"
FORECAST_CHECK = "forecast_sane"


@dataclass(frozen=True)
class Finding:
    """What a check found on one day."""

    passed: bool
    description: str
    figures: dict[str, Any] = field(default_factory=dict)


Evaluate = Callable[[ChatStorage, Sequence[LocalDay]], Iterable[Finding]]
"""Checks ascending days, one finding a day; it can be given to a worker."""


def chat_checks(chat: Chat) -> list[dg.AssetChecksDefinition]:
    """The checks of one chat's assets."""
    return [
        _daily_check(chat, "merged_history", "ids_unique", partial(_each, ids_unique), "Every message is there once."),
        _daily_check(chat, "hourly_series", "hours_complete", hours_complete, "Every hour of the day is there once."),
        _daily_check(
            chat,
            "hourly_series",
            "counts_add_up",
            counts_add_up,
            "The hours' counts add up to the messages stored.",
        ),
        _daily_check(
            chat,
            "hourly_series",
            "day_read",
            day_read,
            "The whole day was read. A missing hour is neither trained on nor scored.",
            blocking=False,
        ),
        _daily_check(
            chat,
            "next_day_forecast",
            FORECAST_CHECK,
            forecasts_sane,
            "The forecast is possible, given all that the chat has ever done. If not, it is withheld from people, and a "
            "sensor retrains the model.",
            blocking=False,
            severity=dg.AssetCheckSeverity.ERROR,
        ),
        _daily_check(
            chat,
            "daily_score",
            SCORE_CHECK,
            partial(_each, forecast_good_enough),
            "The verdict stored with the score: the forecasts of the last days were good enough. If not, a sensor "
            "retrains the model.",
            blocking=False,
        ),
    ]


def score_check_key(chat: Chat) -> dg.AssetCheckKey:
    """The key of the check that shows the verdict on a day's forecast."""
    return dg.AssetCheckKey(dg.AssetKey([chat.slug, "daily_score"]), SCORE_CHECK)


def forecast_check_key(chat: Chat) -> dg.AssetCheckKey:
    """The key of the check that tells whether a forecast is sane."""
    return dg.AssetCheckKey(dg.AssetKey([chat.slug, "next_day_forecast"]), FORECAST_CHECK)


def ids_unique(storage: ChatStorage, day: LocalDay) -> Finding:
    """Whether each message of a day is in its history once."""
    stored = storage.message_table("merged_history", day)
    return _finding([] if stored is None else data_quality.repeated_ids(stored.ids))


def hours_complete(storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[Finding]:
    """Whether the series of some days have each of their hours once."""
    for day, series in zip(days, storage.frames_of("hourly_series", days), strict=True):
        yield _finding(data_quality.wrong_hours(series, day))


def counts_add_up(storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[Finding]:
    """Whether the counts of the series of some days add up to their history."""
    for day, series in zip(days, storage.frames_of("hourly_series", days), strict=True):
        stored = storage.message_table("merged_history", day)
        messages = MessageArrays() if stored is None else stored.arrays()
        yield _finding(data_quality.wrong_counts(series, messages, day))


def day_read(storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[Finding]:
    """Whether every hour of some days was read."""
    for series in storage.frames_of("hourly_series", days):
        yield _finding(data_quality.missing_hours(series))


def forecasts_sane(storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[Finding]:
    """Whether the forecasts made at the end of some days are possible, given all that the chat has ever done."""
    histories = storage.series_before(days, days=RECENT_DAYS + LONGEST_GAP_DAYS)
    for day, forecast, history in zip(days, storage.frames_of("next_day_forecast", days), histories, strict=True):
        yield _finding(forecast_faults(forecast, day.plus(1), history))


def forecast_good_enough(storage: ChatStorage, day: LocalDay) -> Finding:
    """The verdict stored with a day's score; nothing is judged again."""
    rows = storage.required_table("daily_score", day).select(list(VERDICT_COLUMNS)).to_pylist()
    verdict = Verdict.from_row(rows[-1])
    if verdict is None:
        return Finding(passed=True, description="no verdict is stored with this score: an older version wrote it")
    # In the style of all metadata: words as keys, rounded numbers.
    figures = {name.replace("_", " "): float(f"{number:.4g}") for name, number in verdict.figures.items()}
    return Finding(verdict.passed, verdict.reason, {"rule": verdict.rule, **figures})


def _each(
    evaluate: Callable[[ChatStorage, LocalDay], Finding], storage: ChatStorage, days: Sequence[LocalDay]
) -> Iterator[Finding]:
    """Evaluate days one by one."""
    return (evaluate(storage, day) for day in days)


def _finding(faults: list[str]) -> Finding:
    return Finding(not faults, "; ".join(faults) or "as it should be")


def _daily_check(
    chat: Chat,
    asset: str,
    name: str,
    evaluate: Evaluate,
    description: str,
    *,
    blocking: bool = True,
    severity: dg.AssetCheckSeverity | None = None,
) -> dg.AssetChecksDefinition:
    """A check with one evaluation for each day of its run.

    This is the project's only use of partitioned checks, a preview feature of Dagster. A plain ``AssetCheckResult`` would
    give a whole range one evaluation without a partition. So the evaluations are yielded by hand, beside one empty output.

    If a ``blocking`` check fails, the assets downstream are not made in the same run. Others only warn, unless ``severity``
    says otherwise.
    """
    key = dg.AssetKey([chat.slug, asset])
    warning = dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN
    evaluation = partial(_evaluation, dg.AssetCheckKey(key, name), severity=severity or warning, blocking=blocking)

    @dg.asset_check(  # type: ignore[arg-type]  # typed for one result, while a range gives one a day
        asset=key, name=name, description=description, blocking=blocking, partitions_def=daily_partitions(chat)
    )
    def check(context: dg.AssetCheckExecutionContext, stores: dg.ResourceParam[Resources]) -> Iterator[Any]:
        storage, days = stores.storages.of(chat), days_of_run(context, chat)
        with worker_processes.workers_for(len(days), worker_processes.LEAST_DAYS) as workers:
            findings = zip(days, workers.make_days(evaluate, storage, days), strict=True)
            yield from evaluation_events(context, _evaluated(context.instance, key, days, findings, evaluation))
        yield dg.Output(None)

    return check


def _evaluated(
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    days: Sequence[LocalDay],
    findings: Iterable[tuple[LocalDay, Finding]],
    evaluation: Callable[[LocalDay, Finding, AssetCheckEvaluationTargetMaterializationData | None], dg.AssetCheckEvaluation],
) -> Iterator[dg.AssetCheckEvaluation]:
    """The evaluations of some days. Which materialisations were checked is looked up while workers make the findings."""
    targets: dict[str, AssetCheckEvaluationTargetMaterializationData] | None = None
    for day, finding in findings:
        targets = newest_materialisations(instance, key, days) if targets is None else targets
        yield evaluation(day, finding, targets.get(day.key))


def report_verdicts(instance: dg.DagsterInstance, chat: Chat, storage: ChatStorage, days: Sequence[LocalDay]) -> None:
    """Report verdicts that were renewed outside a run, to the UI and to the retraining sensor."""
    key = score_check_key(chat)
    targets = newest_materialisations(instance, key.asset_key, days)
    for day in days:
        finding, target = forecast_good_enough(storage, day), targets.get(day.key)
        evaluation = _evaluation(key, day, finding, target, severity=dg.AssetCheckSeverity.WARN, blocking=False)
        instance.report_runless_asset_event(evaluation)


def _evaluation(
    key: dg.AssetCheckKey,
    day: LocalDay,
    finding: Finding,
    target: AssetCheckEvaluationTargetMaterializationData | None,
    *,
    severity: dg.AssetCheckSeverity,
    blocking: bool,
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=finding.passed,
        severity=severity,
        description=finding.description,
        metadata=finding.figures,
        blocking=blocking,
        partition=day.key,
        target_materialization_data=target,
    )

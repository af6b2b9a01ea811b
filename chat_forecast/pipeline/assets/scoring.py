"""The asset that scores a chat's forecasts: ``daily_score``, with its verdict.

Belongs here: what a score is made from, and which earlier scores a verdict looks back on.
Does not belong here: scoring (:mod:`chat_forecast.domain.scoring`), or the rule behind the verdict
(:mod:`chat_forecast.domain.retraining_rule`).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import JUDGED_COLUMNS, Judged
from chat_forecast.domain.scoring import Score
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.score_record import ScoreInputs, judge_score, score
from chat_forecast.pipeline.assets import metadata
from chat_forecast.pipeline.assets.arguments import asset_arguments, upstream
from chat_forecast.pipeline.assets.asset_run import AssetRun, Progress
from chat_forecast.pipeline.assets.asset_task import AssetTask, Metadata, ReadyDay
from chat_forecast.pipeline.assets.tracking import MlflowCopy
from chat_forecast.pipeline.partitions import DAY_BEFORE
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.worker_processes import workers_for
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, RecentDays


def daily_score_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset whose verdict decides whether the model is retrained."""

    @dg.asset(
        **asset_arguments(chat, "daily_score"),
        kinds={"mlflow", "parquet"},
        deps=[
            upstream(chat, "hourly_series"),
            upstream(chat, "next_day_forecast", DAY_BEFORE),
            # Nothing is read from it: see "One run a backfill" in docs/architecture.md.
            upstream(chat, "merged_history"),
        ],
    )
    def daily_score(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """How well the forecast made the night before did, over the hours that were read, and whether that is good enough.

        Skill is 1 − error ÷ error of the same hour a week before: above 0, the forecast is better than that. sMAPE runs
        from 0 to 2, and scores the point forecast that is best for it. The verdict follows the chat's rule at the time.
        """
        run = AssetRun(context, chat, stores, progress)
        with workers_for(len(run.days)) as workers:
            copy = MlflowCopy(run, workers)
            scored = workers.make_days(score_days, run.task, run.days)
            run.store(judge_days(run.task, run.days, scored), copy.meanwhile)
            copy.finish()

    return daily_score


class Scored(NamedTuple):
    """A day's score before it is judged, which does not need the scores of other days."""

    score: Score
    withheld: str
    """Why the forecast was withheld from people; empty where it was not."""
    metadata: Metadata
    """What the UI shows of the score."""


def score_days(task: AssetTask, days: Sequence[LocalDay]) -> Iterator[Scored]:
    """Score some days."""
    for day, given in zip(days, score_inputs(task.storage, days), strict=True):
        found = score(day, given)
        yield Scored(found, given.withheld, metadata.of_score(task, day, given, found))


def judge_days(task: AssetTask, days: Sequence[LocalDay], scored: Iterable[Scored]) -> Iterator[ReadyDay]:
    """Judge scores one after the other, since a verdict looks back on the scores of the days before."""
    rule = task.chat.check
    before = deque(scores_before(task.storage, days[0], rule.window_days), rule.window_days)
    for day, found in zip(days, scored, strict=True):
        row, verdict = judge_score(found.score, before, rule, found.withheld)
        yield task.ready(day, row, metadata.of_judged_score(task, day, verdict, found.metadata))
        before.append(found.score)


def scores_before(storage: ChatStorage, day: LocalDay, window_days: int) -> list[Judged]:
    """The stored scores on which the verdict on a day looks back."""
    stored = RecentDays(storage, "daily_score", window_days - 1, columns=JUDGED_COLUMNS).ending(day.plus(-1))
    return list(stored.to_dict("records"))


def score_inputs(storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[ScoreInputs]:
    """Read what the scores of some days are made from, day by day."""
    before = [day.plus(-1) for day in days]
    for day, night, history in zip(days, before, storage.series_before(before, days=SAME_HOUR_DAYS), strict=True):
        made = storage.noted("next_day_forecast", night)
        yield ScoreInputs(
            actuals=storage.required_frame("hourly_series", day),
            forecast=made.table if made else None,
            history=history,
            withheld=made.notes.get("withheld", "") if made else "",
        )

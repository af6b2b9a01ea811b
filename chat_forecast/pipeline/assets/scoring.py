"""Scoring a chat's forecasts: the daily score and its verdict."""

from collections.abc import Iterator, Sequence

import dagster as dg

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.score_record import ScoreInputs, score_with_verdict
from chat_forecast.pipeline.assets import metadata
from chat_forecast.pipeline.assets.arguments import asset_arguments, upstream
from chat_forecast.pipeline.assets.asset_run import AssetRun, Progress
from chat_forecast.pipeline.assets.tracking import MlflowCopy
from chat_forecast.pipeline.partitions import DAY_BEFORE
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.side_process import processes_beside
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, RecentDays

BASELINE_DAYS = SAME_HOUR_DAYS + 1
"""The day itself, and the days before it from which the baselines are made."""


def daily_score_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset whose verdict decides about retraining."""

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
        """How the forecast made the night before did on the day, over the hours that were read, and whether it will do.

        Skill is 1 − error ÷ error of the same hour a week before: above 0, the forecast is better than that. sMAPE runs
        from 0 to 2 and is taken of the point that is best for it. The verdict is that of the chat's rule at the time.
        """
        run = AssetRun(context, chat, stores, progress)
        with processes_beside(len(run.days)) as beside:
            copy = MlflowCopy(run, beside)
            run.materialise(
                score_inputs(chat, run.storage, run.days),
                lambda day, given: score_with_verdict(day, given, chat.check),
                metadata.of_score(run),
                copy.meanwhile,
            )
            copy.finish()

    return daily_score


def score_inputs(chat: Chat, storage: ChatStorage, days: Sequence[LocalDay]) -> Iterator[ScoreInputs]:
    """Read, day by day, what the scores of some days are made from."""
    recent = RecentDays(storage, "daily_score", chat.check.window_days - 1)
    for day, series in zip(days, storage.series_before(days, days=BASELINE_DAYS), strict=True):
        yield ScoreInputs(
            actuals=storage.required_frame("hourly_series", day),
            forecast=storage.frame("next_day_forecast", day.plus(-1)),
            history=series[series["hour"] < day.start],
            scores=recent.ending(day.plus(-1)),
            withheld=storage.notes("next_day_forecast", day.plus(-1)).get("withheld", ""),
        )

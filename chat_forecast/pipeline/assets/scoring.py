"""Scoring a chat's forecasts: the daily score."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS, Score, measures, score_day, unusual_hours
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.pipeline.assets import describe
from chat_forecast.pipeline.assets.days import DayStream, DescribedDay, Progress, asset_arguments, upstream, upstream_input
from chat_forecast.pipeline.io_manager import StoredDays
from chat_forecast.pipeline.partitions import DAY_BEFORE
from chat_forecast.presentation import phrases, plots
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import RecentDays, Storages
from chat_forecast.tracking.mlflow_store import Tracking

BASELINE_DAYS = SAME_HOUR_DAYS + 1
"""The day itself, and the days before it from which the baselines are made."""


def scoring_assets(chat: Chat) -> list[dg.AssetsDefinition]:
    """The daily score of one chat."""

    @dg.asset(
        **asset_arguments(chat),
        kinds={"mlflow"},
        ins={"hourly_series": upstream_input(chat, "hourly_series")},
        deps=[
            upstream(chat, "next_day_forecast", DAY_BEFORE),
            # Nothing is read from it. Walking down the graph, a backfill's launch then comes to the score before it comes
            # to the forecast, and gives it the days asked for. Otherwise it is left to the order of a set whether it
            # adds the day after the last, and makes two runs of one.
            upstream(chat, "merged_history"),
        ],
    )
    def daily_score(
        context: dg.AssetExecutionContext,
        storages: dg.ResourceParam[Storages],
        tracking: dg.ResourceParam[Tracking],
        progress: dg.ResourceParam[Progress],
        hourly_series: StoredDays[pd.DataFrame],
    ) -> DayStream:
        """How the forecast made the night before did on the day, over the hours that were read.

        Skill is 1 − error ÷ error of the same hour a week before: above 0, the forecast is better than that. sMAPE runs
        from 0 to 2 and is taken of the point that is best for it. Each scored day is one run in MLflow.
        """
        storage = storages.of(chat)
        recent = RecentDays(storage, "daily_score", plots.SKILL_DAYS - 1)

        def values() -> Iterator[DescribedDay]:
            histories = storage.series_before(hourly_series.days, days=BASELINE_DAYS)
            for (day, actuals), history in zip(hourly_series, histories, strict=True):
                forecast = storage.frame("next_day_forecast", day.plus(-1))
                score = score_day(actuals, forecast, forecast_baselines(history[history["hour"] < day.start], day.hours))
                window = storage.frames("daily_score", day.plus(1 - chat.check.window_days), day.plus(-1))
                row = judged(score, window, chat)
                if forecast is None or not score["hours_scored"]:
                    yield day, row, describe.no_score(chat, storage, day, score)
                    continue
                unusual = unusual_hours(actuals, forecast)
                picture = draw(chat, day, score, forecast, actuals, list(unusual["words"]), recent.ending(day.plus(-1)))
                hours = actuals.merge(forecast, on="hour")
                run = tracking.log_score(
                    chat.slug,
                    day.key,
                    str(score["trained_through"]),
                    measures(score),
                    hours,
                    picture,
                    is_simulated=chat.source == "simulated",
                )
                yield day, row, describe.score(chat, storage, day, score, hours, unusual, run.url, picture)

        return DayStream(context, progress, values())

    return [daily_score]


def judged(score: Score, before: pd.DataFrame, chat: Chat) -> pd.DataFrame:
    """The row that is stored of a score: the score, and the verdict of the rule now in force."""
    row = pd.DataFrame([score])[list(SCORE_COLUMNS)]
    verdict = evaluate_rule(
        pd.concat([before[list(SCORE_COLUMNS)], row.astype(before.dtypes[list(SCORE_COLUMNS)])]), chat.check
    )
    return row.assign(**verdict.to_row())


def draw(
    chat: Chat,
    day: LocalDay,
    score: Score,
    forecast: pd.DataFrame,
    actuals: pd.DataFrame,
    unusual: list[str],
    before: pd.DataFrame,
) -> bytes:
    """Draw a score; ``before`` holds the scores of the days before it."""
    said = phrases.score_in_words(score, unusual)
    return plots.draw_score(
        forecast, actuals, skills_of_days(before, day, score), describe.title(chat, day, "forecast and actual"), said
    )


def skills_of_days(before: pd.DataFrame, day: LocalDay, score: Score) -> "pd.Series[float]":
    """The skill of each day from the first one scored before to this one, by date; NaN where there is none."""
    skills = [*before["skill"], score["skill"]]
    known = pd.Series(skills, index=pd.to_datetime([*before["day"], day.key]), dtype=float)
    days = pd.date_range(known.index[0], known.index[-1])
    return known.reindex(days).set_axis(days.date)

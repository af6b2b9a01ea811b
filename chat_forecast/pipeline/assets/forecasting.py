"""The assets that forecast a chat: ``trained_model`` and ``next_day_forecast``.

Belongs here: what a training and a forecast are made from, and how they are stored.
Does not belong here: training and forecasting (:mod:`chat_forecast.forecasting`), or what asks for a retraining
(:mod:`chat_forecast.pipeline.retraining`).
"""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS, make_forecast
from chat_forecast.forecasting.model_record import train_record
from chat_forecast.pipeline.assets import metadata
from chat_forecast.pipeline.assets.arguments import asset_arguments, upstream
from chat_forecast.pipeline.assets.asset_run import AssetRun, Progress
from chat_forecast.pipeline.assets.asset_task import AssetTask, ReadyDay
from chat_forecast.pipeline.assets.tracking import MlflowCopy
from chat_forecast.pipeline.resources import Resources
from chat_forecast.pipeline.runs import REASON_TAG
from chat_forecast.pipeline.worker_processes import workers_for
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partition_content import NotedTable

Known = tuple["pd.Series[str] | None", pd.DataFrame]
"""What is known at a day's end: the newest model's record, if there is one, and the hourly series."""


def trained_model_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset that is made again when a verdict fails."""

    @dg.asset(**asset_arguments(chat, "trained_model"), kinds={"prophet", "mlflow"}, deps=[upstream(chat, "hourly_series")])
    def trained_model(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """The model trained on the hourly series up to and including the day, and the record of how it was chosen.

        Made when a verdict has failed, not every night. Registered in MLflow as a version of the chat's model; the alias
        `champion` marks the version that is trained through the latest day. Empty if no hour up to the day is known, so that
        there is nothing to train on.
        """
        run, reason = AssetRun(context, chat, stores, progress), context.run.tags.get(REASON_TAG)
        histories = run.storage.series_before(run.days, days=chat.training.days)
        given = ((series, day.key, chat.training.holidays, reason) for day, series in zip(run.days, histories, strict=True))
        with workers_for(len(run.days)) as workers:
            copy = MlflowCopy(run, workers)
            trained = (record for _, record in workers.map_ahead(train_record, given))
            run.store(describe_models(run.task, run.days, trained), copy.meanwhile)
            copy.finish()

    return trained_model


def next_day_forecast_asset(chat: Chat) -> dg.AssetsDefinition:
    """The asset that people read."""

    @dg.asset(
        **asset_arguments(chat, "next_day_forecast"),
        kinds={"pandas", "parquet"},
        deps=[upstream(chat, "hourly_series"), upstream(chat, "trained_model")],
    )
    def next_day_forecast(
        context: dg.AssetExecutionContext, stores: dg.ResourceParam[Resources], progress: dg.ResourceParam[Progress]
    ) -> None:
        """The 24 hours (23 or 25 at a clock change) of the day after the partition's day, as known at its end.

        `expected` is the mean; four counts of five lie from `q10` to `q90`. Made by the newest model trained through the day
        or an earlier one; while a chat has no model, from the counts of the same hour over 28 days. Empty, with the reason,
        if too little is known.
        """
        AssetRun(context, chat, stores, progress).make(forecast_days)

    return next_day_forecast


def describe_models(task: AssetTask, days: Iterable[LocalDay], trained: Iterable[pd.DataFrame]) -> Iterator[ReadyDay]:
    """The records of trainings, ready to be stored with their metadata."""
    for day, record in zip(days, trained, strict=True):
        yield task.ready(day, record, metadata.of_model(task, day, record))


def forecast_days(task: AssetTask, days: Sequence[LocalDay]) -> Iterator[ReadyDay]:
    """Make the forecasts of the days after some days."""
    histories = task.storage.series_before(days, days=HISTORY_DAYS)
    for day, record, series in zip(days, task.storage.newest_models(days), histories, strict=True):
        forecast = forecast_next_day(day, (record, series))
        yield task.ready(day, forecast, metadata.of_forecast(task, day, series, forecast))


def forecast_next_day(day: LocalDay, known: Known) -> NotedTable:
    """Forecast the day after by the best model there is; the notes say why it is not a better one, or not shown."""
    record, series = known
    forecast = make_forecast(record, series, day.plus(1).hours)
    notes = {"source": forecast.source, "reason": forecast.reason, "withheld": forecast.withheld}
    return NotedTable(forecast.table, notes)

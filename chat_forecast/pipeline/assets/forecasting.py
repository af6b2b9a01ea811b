"""Forecasting a chat: the trained model and the next day's forecast."""

import json
from collections.abc import Iterator

import dagster as dg
import pandas as pd

from chat_forecast import forecasting
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS, Training
from chat_forecast.pipeline.assets import describe
from chat_forecast.pipeline.assets.days import DayStream, DescribedDay, Progress, asset_arguments, is_pictured, upstream
from chat_forecast.pipeline.partitions import days_of_run
from chat_forecast.presentation import plots
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import Storages
from chat_forecast.storage.schemas import TRAINED_MODEL
from chat_forecast.tracking.mlflow_store import RegisteredModel, Tracking


def forecasting_assets(chat: Chat) -> list[dg.AssetsDefinition]:
    """The trained model and the forecast of one chat."""

    @dg.asset(**asset_arguments(chat), kinds={"prophet", "mlflow"}, deps=[upstream(chat, "hourly_series")])
    def trained_model(
        context: dg.AssetExecutionContext,
        storages: dg.ResourceParam[Storages],
        tracking: dg.ResourceParam[Tracking],
        progress: dg.ResourceParam[Progress],
    ) -> DayStream:
        """The model trained on the hourly series up to and including the day, and the record of how it was chosen.

        Made when a score's check has failed, not every night. Registered in MLflow as a model version of the chat; the
        alias `champion` is on the version that is trained through the latest day. Empty where no hour is known up to the
        day, so that there is nothing to train on.
        """
        days = days_of_run(context, chat)
        storage = storages.of(chat)

        def values() -> Iterator[DescribedDay]:
            histories = storage.series_before(days, days=chat.training.days)
            for number, (day, series) in enumerate(zip(days, histories, strict=True)):
                if series["messages"].isna().all():
                    # An error here would fail a whole backfill for its first day, of which often only the end is known.
                    yield day, TRAINED_MODEL.arrow().empty_table().to_pandas(), describe.no_model(chat)
                    continue
                training = forecasting.train(series, chat.training.holidays)
                picture = draw(chat, day, series, training) if is_pictured(number, len(days)) else None
                version = register(tracking, chat, day, series, training, picture)
                record = training_record(day, series, training)
                yield day, record, describe.model(chat, storage, day, record.iloc[0], version.url, picture)

        return DayStream(context, progress, values())

    @dg.asset(
        **asset_arguments(chat),
        kinds={"parquet"},
        deps=[upstream(chat, "hourly_series"), upstream(chat, "trained_model")],
    )
    def next_day_forecast(
        context: dg.AssetExecutionContext,
        storages: dg.ResourceParam[Storages],
        progress: dg.ResourceParam[Progress],
    ) -> DayStream:
        """The 24 hours (23 or 25 at a clock change) of the day **after** the partition's day, as known at its end.

        `expected` is the mean, `q10` to `q90` hold the count in four cases of five. Made by the newest model trained
        through the day or an earlier one; while a chat has none, the forecast is empty and its score's check asks for one.
        """
        days = days_of_run(context, chat)
        storage = storages.of(chat)

        def values() -> Iterator[DescribedDay]:
            for day, series in zip(days, storage.series_before(days, days=HISTORY_DAYS), strict=True):
                table = forecast_day(storage.newest_model(day), series, day.plus(1).hours)
                yield day, table, describe.forecast(chat, storage, day, table, series)

        return DayStream(context, progress, values())

    return [trained_model, next_day_forecast]


def register(
    tracking: Tracking, chat: Chat, day: LocalDay, series: pd.DataFrame, training: Training, picture: bytes | None
) -> RegisteredModel:
    """Register a training in MLflow."""
    known = series.dropna(subset="messages")
    numbers = training.comparison.select_dtypes("number").columns
    chosen = training.comparison[training.comparison["is_chosen"]]
    return tracking.register_model(
        chat.slug,
        day.key,
        training.fitted.to_dict(),
        chat.timezone,
        data_span=(known["hour"].iloc[0], known["hour"].iloc[-1]),
        params={"forecaster": training.fitted.name, "training_days": chat.training.days, "hours_known": len(known)},
        metrics={name: float(chosen[name].iloc[0]) for name in numbers if len(chosen)},
        comparison=training.comparison,
        is_simulated=chat.source == "simulated",
        picture=picture,
    )


def draw(chat: Chat, day: LocalDay, series: pd.DataFrame, training: Training) -> bytes:
    """Draw a training; what the model holds of week and day shows in its forecast of the 7 coming days."""
    coming = pd.DatetimeIndex([hour for number in range(1, 8) for hour in day.plus(number).hours], name="hour")
    week = training.fitted.forecast(series, coming.as_unit("us"))
    title = describe.title(chat, day, "model trained through")
    return plots.draw_model(training.comparison, series, week, title, training.why)


def training_record(day: LocalDay, series: pd.DataFrame, training: Training) -> pd.DataFrame:
    """The row that is stored of a training: the model itself, and how it came to be."""
    known = series.dropna(subset="messages")
    record = {
        "trained_through": day.key,
        "forecaster": training.fitted.name,
        "why": training.why,
        "comparison": training.comparison.to_json(orient="records"),
        "model": json.dumps(training.fitted.to_dict()),
        "first_hour": known["hour"].iloc[0].isoformat(),
        "last_hour": known["hour"].iloc[-1].isoformat(),
        "hours_known": len(known),
        "reason": None,
    }
    columns: list[str] = TRAINED_MODEL.arrow().names
    return pd.DataFrame([record])[columns]


def forecast_day(record: "pd.Series[str] | None", series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast the hours with a stored model; no rows where there is no model yet."""
    if record is None:
        empty = pd.DataFrame({name: pd.Series(dtype="float64") for name in FORECAST_COLUMNS})
        made = empty.assign(hour=hours[:0])
        return made.assign(forecaster="", trained_through="")
    table: pd.DataFrame = forecasting.load(json.loads(str(record["model"]))).forecast(series, hours)
    return table.assign(
        forecaster=record["forecaster"],
        trained_through=record["trained_through"],
    )

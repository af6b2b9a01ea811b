"""Backtests of a chat on its stored series, several origins at once.

Belongs here: which days are forecast, building the series that are not stored yet, and the processes.
Does not belong here: what is done at an origin (:mod:`chat_forecast.forecasting.backtest`), or printing it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.forecasting import HISTORY_DAYS, backtest
from chat_forecast.forecasting.threads import one_thread
from chat_forecast.pipeline.worker_processes import WorkerPool
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.storage.parquet_files import write_parquet
from chat_forecast.storage.partitions import ChatStorage

LEAST_DAYS = 2
"""How many days there must be before the first one that is forecast."""

AHEAD = 4
"""How many origins each worker forecasts before the first of them is taken."""
Progress = Callable[[int, int], None]
"""Called with the origins done and those to do."""


class BacktestError(ChatForecastError):
    """A chat cannot be backtested; the message says what it lacks and what to do."""


@dataclass(frozen=True)
class Backtest:
    """The forecasts of a walk-forward, and the series before its first origin."""

    rows: pd.DataFrame
    """:data:`.backtest.BACKTEST_COLUMNS`, by origin, forecaster and hour."""
    history: pd.DataFrame


def run_backtest(
    chat: Chat,
    yesterday: LocalDay,
    *,
    storage: ChatStorage,
    sources: Sources,
    days: int,
    every: int,
    jobs: int,
    progress: Progress,
) -> Backtest:
    """Forecast every ``every``-th of the last ``days`` days by every forecaster, each from what was known the night before.

    The last day is the last one worth doing (``yesterday``, or the end of an archive). A series that is not stored is built
    from the archive, without storing it. ``jobs`` processes share the origins.

    Raises:
        BacktestError: the chat has too few days, or no hour of them is known.
        StoredFileError: a stored file is damaged or foreign.
    """
    last = sources.last_day(chat, yesterday)
    start = LocalDay(chat.first_day, chat.timezone)
    first = max(last.plus(1 - days), start.plus(LEAST_DAYS))
    if first > last:
        raise BacktestError(
            f"{chat.slug} has the days {start.key} to {last.key}: too few for a backtest, which needs {LEAST_DAYS} days "
            "before the first one it forecasts. Import an older export, or wait."
        )
    begin = max(start, first.plus(-max(HISTORY_DAYS, chat.training.days)))
    series = read_series(chat, storage, sources, begin, last)
    origins = [day.plus(-1) for day in list(first.until(last))[::every]]
    settings = backtest.Settings(chat.training.days, chat.training.holidays)
    tables = []
    for done, table in enumerate(_forecasts(series, origins, settings, jobs), start=1):
        tables.append(table)
        progress(done, len(origins))
    found = [table for table in tables if len(table)]
    if not found:
        raise BacktestError(f"{chat.slug}: no hour from {begin.key} to {last.key} is known, so nothing can be forecast")
    rows = pd.concat(found, ignore_index=True).sort_values(["origin", "forecaster", "hour"], kind="stable")
    return Backtest(rows.reset_index(drop=True), series[series["hour"] < first.start].reset_index(drop=True))


def read_series(chat: Chat, storage: ChatStorage, sources: Sources, first: LocalDay, last: LocalDay) -> pd.DataFrame:
    """Read the hourly series of some days; those not stored are counted from what can be read without a network."""
    stored = set(storage.days("hourly_series"))
    absent = [day for day in first.until(last) if day not in stored]
    parts = [storage.frames("hourly_series", first, last)]
    source = sources.offline(chat)
    if absent and source is not None:
        for day, batch in zip(absent, source.read_days(absent), strict=True):
            parts.append(count_by_hour(merge_batches([storage.messages("merged_history", day), batch]), day))
    return pd.concat(parts, ignore_index=True).sort_values("hour", kind="stable", ignore_index=True)


def store_rows(path: Path, rows: pd.DataFrame) -> None:
    """Write the rows of a backtest to a Parquet file, whole or not at all."""
    write_parquet(str(path.absolute()), pa.Table.from_pandas(rows, preserve_index=False))


def _forecasts(
    series: pd.DataFrame, origins: Sequence[LocalDay], settings: backtest.Settings, jobs: int
) -> Iterator[pd.DataFrame]:
    """Forecast the origins, each when it is asked for; several workers compute some origins ahead."""
    number = min(jobs, len(origins))
    workers = WorkerPool(number if number > 1 else 0)
    try:
        given = ((series, origin, settings) for origin in origins)
        yield from (table for _, table in workers.map_ahead(_forecast, given, AHEAD * number))
    finally:
        workers.shut_down()


def _forecast(series: pd.DataFrame, origin: LocalDay, settings: backtest.Settings) -> pd.DataFrame:
    with one_thread():  # the other processors have origins of their own
        return backtest.forecast_origin(series, origin, settings)

"""What there is to log of a stored day: read from its partitions, in plain values, with a digest of it all.

Belongs here: turning partitions into what MLflow is given, without MLflow.
Does not belong here: giving it to MLflow (:mod:`.score_runs`, :mod:`.model_registry`).
"""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.io.json import ujson_dumps  # type: ignore[attr-defined]  # the stubs lack it

from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.hour_join import join_on_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partition_files import to_pandas
from chat_forecast.storage.partitions import ChatStorage

Columns = dict[str, list[Any]]
"""Plain values by name, one a row."""

LAYOUT = 1
"""Part of every digest: raise it when what is logged of a day changes, and every day is logged again, into the same runs."""

UNLOGGED = {"day", "verdict_figures"}
"""Texts of a score that are no tags: the day is one anyway, and the figures stand in the verdict's reason."""


@dataclass(frozen=True)
class DataSpan:
    """Which hours of the series something is about: an input of its run."""

    first: LocalDay
    last: LocalDay
    hours_known: int
    digest: str
    """Of the hours' counts: the same data have the same digest."""
    url: str
    """Where the last day is stored."""


@dataclass(frozen=True)
class ScoreRecord:
    """A scored day."""

    day: LocalDay
    metrics: dict[str, float | None]
    """Every figure of the score; None where it is not known."""
    tags: dict[str, str]
    """What names its model and its verdict; only what is known."""
    hours: Columns
    """One row an hour: ``hour`` (aware, local), ``messages``, ``senders`` and the forecast's quantities."""
    data: DataSpan

    @property
    def trained_through(self) -> str | None:
        """The model that was scored."""
        return self.tags.get("trained_through")

    @cached_property
    def table(self) -> bytes:
        """The hours as MLflow shows a table."""
        return written(self.hours)

    @cached_property
    def digest(self) -> str:
        """Of all that is logged; a figure that later versions add and this score lacks changes nothing."""
        figures = {name: value for name, value in self.metrics.items() if value is not None}
        return _digest(json.dumps([self.day.key, figures, self.tags]).encode(), self.table)


@dataclass(frozen=True)
class TrainingRecord:
    """A trained model, and how it came to be."""

    day: LocalDay
    """The day it is trained through."""
    forecaster: dict[str, object]
    """The fitted model as plain JSON values."""
    name: str
    """The method's name."""
    why: str
    """Why this method was chosen."""
    reason: str | None
    """Why the model was trained."""
    comparison: pd.DataFrame
    """What was compared, one row a candidate."""
    first_hour: str
    last_hour: str
    data: DataSpan

    @cached_property
    def digest(self) -> str:
        """Of the model alone: trained again to the same model, it is the same version."""
        return model_digest(self.forecaster)

    @property
    def metrics(self) -> dict[str, float | None]:
        """The figures of the candidate that was chosen."""
        chosen = self.comparison[self.comparison["is_chosen"].astype(bool)] if "is_chosen" in self.comparison else None
        if chosen is None or chosen.empty:
            return {}
        return {name: known(chosen[name].iloc[0]) for name in chosen.select_dtypes("number").columns}


def read_score(storage: ChatStorage, day: LocalDay) -> ScoreRecord | None:
    """Read a scored day; None where there was nothing to score, or what was scored is not stored any more.

    Raises:
        StoredFileError: a partition is damaged or foreign.
    """
    score = storage.table("daily_score", day)
    if score is None or not score.num_rows or not score.column("hours_scored")[0].as_py():
        return None
    actuals, forecast = storage.table("hourly_series", day), storage.table("next_day_forecast", day.plus(-1))
    if actuals is None or forecast is None:
        return None
    (row,) = score.slice(length=1).to_pylist()
    texts = {each.name for each in score.schema if pa.types.is_string(each.type)}
    hours_known = len(actuals) - actuals.column("messages").null_count
    counted = _plain(actuals)
    span = DataSpan(day, day, hours_known, _digest(written(counted)), storage.url("hourly_series", day))
    return ScoreRecord(
        day=day,
        metrics={name: known(value) for name, value in row.items() if name not in texts},
        tags={name: value for name, value in row.items() if name in texts - UNLOGGED and value is not None},
        hours=_side_by_side(actuals, counted, forecast.select(list(FORECAST_COLUMNS))),
        data=span,
    )


def has_score(storage: ChatStorage, day: LocalDay) -> bool:
    """Whether a stored score has anything to log; quicker than reading all of it.

    Raises:
        StoredFileError: the partition is damaged or foreign.
    """
    score = storage.table("daily_score", day)
    return score is not None and any(score.column("hours_scored").to_pylist())


def has_training(storage: ChatStorage, day: LocalDay) -> bool:
    """Whether there is a model trained through a day; there is none where no hour was known.

    Raises:
        StoredFileError: the partition is damaged or foreign.
    """
    record = storage.table("trained_model", day)
    return record is not None and record.num_rows > 0


class TrainingReader:
    """Reads trainings of ascending days; the series of a day is read once, however many trainings saw it."""

    def __init__(self, chat: Chat, storage: ChatStorage) -> None:
        self._timezone = chat.timezone
        self._storage = storage
        self._digests: dict[LocalDay, bytes] = {}

    def read(self, day: LocalDay) -> TrainingRecord | None:
        """Read the training through a day; None where nothing was known to train on.

        Raises:
            StoredFileError: a partition is damaged or foreign.
        """
        record = self._storage.frame("trained_model", day)
        if record is None or record.empty:
            return None
        row = record.iloc[0]
        reason = row.get("reason")
        return TrainingRecord(
            day=day,
            forecaster=json.loads(row["model"]),
            name=str(row["forecaster"]),
            why=str(row["why"]),
            reason=None if pd.isna(reason) else str(reason),
            comparison=pd.DataFrame(json.loads(row["comparison"])),
            first_hour=str(row["first_hour"]),
            last_hour=str(row["last_hour"]),
            data=self._span(str(row["first_hour"]), day, int(row["hours_known"])),
        )

    def _span(self, first_hour: str, last: LocalDay, hours_known: int) -> DataSpan:
        first = LocalDay.containing(pd.Timestamp(first_hour), self._timezone)
        # Of a year of trainings only the days of the newest one's span are kept.
        self._digests = {day: self._digests.get(day) or self._digest_of(day) for day in first.until(last)}
        return DataSpan(first, last, hours_known, _digest(*self._digests.values()), self._storage.url("hourly_series", last))

    def _digest_of(self, day: LocalDay) -> bytes:
        table = self._storage.table("hourly_series", day)
        counts = [] if table is None else table.column("messages").to_pylist()
        return _digest(json.dumps(counts).encode()).encode()


def model_digest(forecaster: object) -> str:
    """The digest of a fitted model's JSON values."""
    return _digest(json.dumps(forecaster, sort_keys=True).encode())


def to_table(frame: pd.DataFrame) -> bytes:
    """Write a table as ``MlflowClient.log_table`` does, which can only append to one; instants in ISO 8601.

    It is what ``DataFrame.to_json`` writes with ``orient="split"``, in a third of the time.
    """
    return written({str(name): column.array.tolist() for name, column in frame.items()})


def written(columns: Columns) -> bytes:
    """Write columns as :func:`to_table` does a table."""
    plain = [
        [value.isoformat() if isinstance(value, datetime) else value for value in values] for values in columns.values()
    ]
    rows = list(zip(*plain, strict=True))
    return str(ujson_dumps({"columns": list(columns), "data": rows}, double_precision=4)).encode()


def _plain(table: pa.Table) -> Columns:
    return dict(zip(table.column_names, (column.to_pylist() for column in table.columns), strict=True))


def _side_by_side(actuals: pa.Table, counted: Columns, forecast: pa.Table) -> Columns:
    """The hours that are in both tables, with the columns of both; those of the actuals are at hand."""
    if actuals.column("hour").equals(forecast.column("hour")):  # as mostly: pandas takes longer than all that is logged
        return counted | _plain(forecast.drop_columns("hour"))
    hours = join_on_hour(to_pandas(actuals), to_pandas(forecast))
    return {str(name): column.array.tolist() for name, column in hours.items()}


def known(value: object) -> float | None:
    """A number, if it is one and finite."""
    number = math.nan if value is None or value is pd.NA else float(value)  # type: ignore[arg-type]  # a number
    return number if math.isfinite(number) else None


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256(str(LAYOUT).encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]

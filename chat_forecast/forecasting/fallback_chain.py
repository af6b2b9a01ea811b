"""Forecasting a day by the best method that is available.

The chain: the trained model; if there is no usable one, the same hour of 28 days; if too little is known for that, no
forecast, with the reason.

Belongs here: deciding between these, for a table of a day (:func:`make_forecast`) and for distributions.
Does not belong here: the methods, choosing the newest model (:mod:`chat_forecast.storage`), storing the forecast.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pandas as pd

from chat_forecast.domain.forecast_limits import missing_days_before, no_forecast_reason, reason_of_gap, withheld_reason
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.base import Distribution, FittedForecaster
from chat_forecast.forecasting.distributions import count_columns, describe_counts
from chat_forecast.forecasting.same_hour import NAME, FittedSameHour, fit_same_hour
from chat_forecast.forecasting.training import load

MADE_COLUMNS = (*FORECAST_COLUMNS, "forecaster", "trained_through")
"""The columns of every forecast, and which method and model made it: ``forecaster`` is the method's name,
``trained_through`` the last day whose series its model has seen, None where no model was used."""

Source = Literal["model", "same_hour", "none"]

_UNUSABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""A stored model is data from outside: whatever is wrong with it, the day gets a forecast."""


@dataclass(frozen=True)
class Forecast:
    """The forecast of a day, or why there is none."""

    table: pd.DataFrame
    """:data:`MADE_COLUMNS`, one row an hour; no rows where there is no forecast."""
    source: Source
    """What it was made from: the trained model, the same hour of 28 days, or nothing."""
    reason: str
    """Why it was not made by the trained model, in words; empty where it was."""
    missing_days: int | None
    """Whole days without a known hour just before the day; None where nothing is known."""
    withheld: str
    """Why it is not shown to people, in words; empty where it may be."""


@dataclass(frozen=True)
class ForecastDistribution:
    """The predictive distributions of some hours, or why there are none."""

    distribution: Distribution | None
    """None where too little is known."""
    forecaster: FittedForecaster | None
    """Which made the distribution; None where there is none."""
    source: Source
    """``source``, ``reason`` and ``withheld`` are those of :class:`Forecast`."""
    reason: str
    withheld: str


def forecast_distribution(
    record: "Mapping[str, Any] | pd.Series[Any] | None",
    series: pd.DataFrame,
    hours: pd.DatetimeIndex,
    *,
    no_model_because: str = "there is no trained model yet",
) -> ForecastDistribution:
    """Forecast the distributions of the ``hours`` of a local day by the best method available; see :func:`make_forecast`."""
    day = LocalDay.containing(hours[0].to_pydatetime(), str(hours.tz))
    reason = no_forecast_reason(series, day)
    if reason:
        return ForecastDistribution(None, None, "none", reason, "")
    reason = no_model_because
    if record is not None:
        try:
            fitted = load(json.loads(record["model"]))
            return _distribution_by(fitted, "model", "", series, hours, day)
        except _UNUSABLE as error:
            reason = _unusable(record, error)
    return _distribution_by(fit_same_hour(series), "same_hour", reason, series, hours, day)


def _distribution_by(
    fitted: FittedForecaster, source: Source, reason: str, series: pd.DataFrame, hours: pd.DatetimeIndex, day: LocalDay
) -> ForecastDistribution:
    distribution = fitted.distribution(series, hours)
    withheld = withheld_reason(describe_counts(hours, distribution), day, series)
    return ForecastDistribution(distribution, fitted, source, reason, withheld)


def make_forecast(
    record: "Mapping[str, Any] | pd.Series[Any] | None",
    series: pd.DataFrame,
    hours: pd.DatetimeIndex,
    *,
    no_model_because: str = "there is no trained model yet",
) -> Forecast:
    """Forecast the ``hours`` of a local day from all that is known before it, by the best method available.

    ``record`` is the row that was stored of the newest training (``model``: its JSON, ``forecaster``, ``trained_through``),
    or None, with the reason in ``no_model_because``. ``series`` has ``hour`` (aware, local, ascending) and ``messages`` of
    the last :data:`.HISTORY_DAYS` days before the first of the ``hours``; hours that are absent or NA were never read.

    A model that cannot be used is no error: the same hour of 28 days is used instead, and ``reason`` says why.
    """
    day = LocalDay.containing(hours[0].to_pydatetime(), str(hours.tz))
    missing = missing_days_before(series, day)
    reason = reason_of_gap(missing)
    if reason:
        return Forecast(_empty(hours), "none", reason, missing, "")
    table, reason = _by_model(record, series, hours) if record is not None else (None, no_model_because)
    source: Source = "model"
    if table is None:
        source, table = "same_hour", _by_same_hour(series, hours)
    return Forecast(table, source, reason, missing, withheld_reason(table, day, series))


def _by_model(
    record: "Mapping[str, Any] | pd.Series[Any]", series: pd.DataFrame, hours: pd.DatetimeIndex
) -> tuple[pd.DataFrame | None, str]:
    """Forecast by a stored model; without a table, the reason says what is wrong with the model."""
    through = record["trained_through"]
    try:
        table = load(json.loads(record["model"])).forecast(series, hours)
    except _UNUSABLE as error:
        return None, _unusable(record, error)
    return table.assign(forecaster=record["forecaster"], trained_through=through), ""


def _unusable(record: "Mapping[str, Any] | pd.Series[Any]", error: Exception) -> str:
    return f"the model trained through {record['trained_through']} cannot be used ({type(error).__name__}: {error})"


def _by_same_hour(series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
    distribution = FittedSameHour(()).distribution(series, hours)  # no counts to fall back on: the series has some
    return pd.DataFrame(count_columns(hours, distribution) | _made_by_same_hour(len(hours)))


@lru_cache(8)  # days have 23 to 25 hours
def _made_by_same_hour(hours: int) -> dict[str, pd.Series]:
    """Who made a forecast by the same hour, and that no model was used."""
    made = {"forecaster": NAME, "trained_through": None}
    return {name: pd.Series([text] * hours, dtype="str") for name, text in made.items()}


def _empty(hours: pd.DatetimeIndex) -> pd.DataFrame:
    numbers = {name: pd.Series(dtype="float64") for name in FORECAST_COLUMNS[1:]}
    texts = {name: pd.Series(dtype="str") for name in MADE_COLUMNS[len(FORECAST_COLUMNS) :]}
    return pd.DataFrame({"hour": hours[:0], **numbers, **texts})

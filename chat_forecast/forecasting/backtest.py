"""Backtests: the walk-forward over a chat's past, of the product's forecaster and of what one might use instead.

Belongs here: what is forecast at one origin, and summing up many.
Does not belong here: running origins side by side (:mod:`chat_forecast.app.backtesting`), or the forecasters.

Everything at an origin is computed from the hours before it, just as the nightly pipeline does with a model trained that
night.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS, PROBABILITIES
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS, train
from chat_forecast.forecasting.benchmark_models import COMPETITORS, SEASONAL_NAIVE, Prediction
from chat_forecast.forecasting.seasonal_naive import seasonal_naive

PRODUCT = "product"
LEAST_MEAN = 0.01
"""Means below this many messages an hour are raised to it for the Poisson deviance, which is infinite at 0."""
RESAMPLES = 2000

BACKTEST_COLUMNS = ("origin", "hour", "messages", "forecaster", *FORECAST_COLUMNS[1:], "below", "at_most")
"""One row for each origin, forecaster and hour. ``origin``: the first instant forecast (UTC); ``hour``: aware, local;
``messages``: ``Int64``, NA where never read; then the forecast's columns, NaN where a forecaster has no answer; ``below``
and ``at_most``: the forecast probabilities of fewer messages than came, and of at most as many, for the randomised PIT."""

SUMMARY_COLUMNS = (
    "forecaster", "hours", "rmse", "rmsse", "mae", "smape", "wape_day", "deviance", "pinball", "coverage_80", "skill",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """How the product's model is trained at each origin."""

    training_days: int = 180
    country: str | None = None


def forecast_origin(series: pd.DataFrame, last: LocalDay, settings: Settings) -> pd.DataFrame:
    """Forecast the day after ``last`` by every forecaster, from the hours of the series up to the end of ``last``.

    ``series`` has ``hour`` (aware, local, ascending) and ``messages``; the hours of the coming day in it are only compared
    with. Returns :data:`BACKTEST_COLUMNS`; no rows where no hour is known before the origin.
    """
    starts = pd.DatetimeIndex(series["hour"])
    coming = last.plus(1)
    begin, origin, end = starts.searchsorted([last.plus(1 - HISTORY_DAYS).start, coming.start, coming.end])
    training_begin = starts.searchsorted(last.plus(1 - settings.training_days).start)
    seen = series.iloc[begin:origin].reset_index(drop=True)
    trained_on = series.iloc[training_begin:origin].reset_index(drop=True)
    if trained_on["messages"].isna().all():
        return pd.DataFrame(columns=list(BACKTEST_COLUMNS))
    hours = coming.hours
    fitted = train(trained_on, settings.country).fitted
    predictions = {PRODUCT: Prediction(fitted.forecast(seen, hours), fitted.distribution(seen, hours).at_most)}
    predictions |= {name: predict(trained_on, hours) for name, predict in COMPETITORS.items()}
    actual = pd.DataFrame({"hour": hours}).merge(series.iloc[origin:end][["hour", "messages"]], on="hour", how="left")
    tables = [_rows(name, prediction, actual, coming.start) for name, prediction in predictions.items()]
    return pd.concat(tables, ignore_index=True)


def summarise(rows: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Sum up a backtest: :data:`SUMMARY_COLUMNS`, one row a forecaster, on the hours for which all have a forecast.

    ``rows`` has :data:`BACKTEST_COLUMNS`; ``history`` is the series before the first origin, whose seasonal naive error
    scales ``rmsse``. ``wape_day`` is of the daily totals; ``skill`` of the RMSE against the seasonal naive.
    """
    shared = shared_hours(rows)
    known = history["messages"].notna()
    naive = seasonal_naive(history, pd.DatetimeIndex(history["hour"]))
    scale = metrics.rmse(history.loc[known, "messages"], naive[known.to_numpy()])
    if shared.empty:
        return pd.DataFrame(columns=list(SUMMARY_COLUMNS))
    parts = {name: shared[shared["forecaster"] == name] for name in (PRODUCT, *COMPETITORS)}
    summary = pd.DataFrame([{"forecaster": name, **_measure(part, scale)} for name, part in parts.items()])
    baseline = summary.loc[summary["forecaster"] == SEASONAL_NAIVE, "rmse"].iloc[0]
    summary["skill"] = [metrics.skill(error, baseline) for error in summary["rmse"]]
    return summary[list(SUMMARY_COLUMNS)]


def differences(rows: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Find how much lower the product's errors are than each competitor's: one row a competitor.

    ``rmse``, ``pinball``: the share of the competitor's error that is avoided, above 0 better; ``*_low`` and ``*_high``
    bound it by a bootstrap over the days (percentile interval), since the hours of a day are dependent.
    """
    from scipy.stats import bootstrap

    shared = shared_hours(rows)
    actual = to_floats(shared["messages"])
    losses = pd.DataFrame(
        {
            "forecaster": shared["forecaster"],
            "origin": shared["origin"],
            "rmse": (actual - to_floats(shared["expected"])) ** 2,
            "pinball": metrics.pinball_losses(actual, {tau: shared[name] for name, tau in PROBABILITIES.items()}),
        }
    )
    daily = losses.groupby(["origin", "forecaster"]).sum().unstack("forecaster")
    found = []
    for name in COMPETITORS:
        row: dict[str, float | str] = {"forecaster": name}
        for metric, power in {"rmse": 0.5, "pinball": 1.0}.items():
            pair = (daily[metric][PRODUCT].to_numpy(), daily[metric][name].to_numpy())
            row[metric] = float(_avoided(*pair, power=power))
            if len(daily) > 1:
                interval = bootstrap(
                    pair, partial(_avoided, power=power), paired=True, confidence_level=confidence, n_resamples=RESAMPLES,
                    method="percentile", rng=np.random.default_rng(1),
                ).confidence_interval  # fmt: skip
                row |= {f"{metric}_low": float(interval.low), f"{metric}_high": float(interval.high)}
        found.append(row)
    return pd.DataFrame(found)


def _avoided(product: Floats, other: Floats, axis: int = -1, *, power: float) -> Floats:
    """The share of the other's error that the product avoids, from daily sums of losses along an axis."""
    return np.asarray(1 - (product.sum(axis=axis) / other.sum(axis=axis)) ** power)


def shared_hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the hours that are known and for which every forecaster has a forecast."""
    usable = rows[rows["messages"].notna() & rows["expected"].notna()]
    counts = usable.groupby("hour")["forecaster"].transform("nunique")
    return usable[counts == rows["forecaster"].nunique()]


def _rows(name: str, prediction: Prediction, actual: pd.DataFrame, origin: pd.Timestamp) -> pd.DataFrame:
    counts = to_floats(actual["messages"])
    table = prediction.table.assign(
        origin=origin,
        messages=actual["messages"].array,
        forecaster=name,
        below=np.where(np.isnan(counts), np.nan, prediction.at_most(counts - 1)),
        at_most=np.where(np.isnan(counts), np.nan, prediction.at_most(counts)),
    )
    return table[list(BACKTEST_COLUMNS)]


def _measure(part: pd.DataFrame, scale: float) -> dict[str, float]:
    actual, expected = part["messages"], to_floats(part["expected"])
    totals = part.assign(expected=expected).groupby("origin")[["messages", "expected"]].sum()
    rmse = metrics.rmse(actual, expected)
    return {
        "hours": len(part),
        "rmse": rmse,
        "rmsse": rmse / scale if scale else np.nan,
        "mae": metrics.mae(actual, part["median"]),
        "smape": metrics.smape(actual, part["smape_point"]),
        "wape_day": metrics.wape(totals["messages"], totals["expected"]),
        "deviance": metrics.poisson_deviance(actual, np.maximum(expected, LEAST_MEAN)),
        "pinball": metrics.pinball(actual, {tau: part[name] for name, tau in PROBABILITIES.items()}),
        "coverage_80": metrics.pit_coverage(part["below"], part["at_most"]),
    }

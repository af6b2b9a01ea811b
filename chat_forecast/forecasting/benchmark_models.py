"""What somebody might use instead of the product's forecaster, to compare it with.

Belongs here: the seasonal naive, the 28-day same-hour distribution, Prophet with its defaults, the nearest neighbour of the
pipeline that this one re-imagines.
Does not belong here: the product's own methods (:mod:`.methods`), or the comparison (:mod:`.backtest`).

Each takes a series and the hours to forecast, as a fitted forecaster does, and returns a :class:`Prediction`. Where it has
no answer, its numbers are NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS, QUANTILES
from chat_forecast.forecasting.curves.prophet import silence
from chat_forecast.forecasting.distributions import Empirical, describe_counts
from chat_forecast.forecasting.same_hour import NAME as SAME_HOUR
from chat_forecast.forecasting.same_hour import same_hour_counts
from chat_forecast.forecasting.seasonal_naive import seasonal_naive

LAGS = 168
"""Hours of context in which the nearest neighbour is looked for."""
PROPHET_PATIENCE_SECONDS = 60.0

SEASONAL_NAIVE, NEAREST_NEIGHBOUR, PROPHET_DEFAULT = "seasonal_naive", "nearest_neighbour", "prophet_default"


@dataclass(frozen=True)
class Prediction:
    """A forecast, and what it says about any count."""

    table: pd.DataFrame
    """:data:`FORECAST_COLUMNS`, one row an hour."""
    at_most: Callable[[Floats], Floats]
    """For a count of each hour, the probability of at most that many messages; NaN where there is no forecast."""


def predict_seasonal_naive(series: pd.DataFrame, hours: pd.DatetimeIndex) -> Prediction:
    """Forecast the count of the same hour one week before."""
    return _point(hours, seasonal_naive(series, hours))


def predict_same_hour(series: pd.DataFrame, hours: pd.DatetimeIndex) -> Prediction:
    """Forecast the counts at the same hour of the last 28 days, each as likely as the others."""
    seen = same_hour_counts(series)
    if not seen:
        return _point(hours, np.full(len(hours), np.nan))
    distribution = Empirical(tuple(seen[clock] for clock in hours.hour))
    return Prediction(describe_counts(hours, distribution), distribution.at_most)


def predict_nearest_neighbour(series: pd.DataFrame, hours: pd.DatetimeIndex) -> Prediction:
    """Forecast hour by hour what followed on the 168 hours most like the last 168, forecasts included.

    That is the forecaster of the original pipeline. A missing hour counts as the one a week before it, or as 0.
    """
    counts = to_floats(series["messages"])
    counts = np.where(np.isnan(counts), np.nan_to_num(seasonal_naive(series, pd.DatetimeIndex(series["hour"]))), counts)
    if len(counts) <= LAGS:
        return _point(hours, np.full(len(hours), np.nan))
    contexts = np.lib.stride_tricks.sliding_window_view(counts, LAGS)[:-1]
    followers = counts[LAGS:]
    context = counts[-LAGS:]
    forecast = np.empty(len(hours))
    for place in range(len(hours)):
        nearest = int(((contexts - context) ** 2).sum(axis=1).argmin())
        forecast[place] = followers[nearest]
        context = np.append(context[1:], forecast[place])
    return _point(hours, forecast)


def predict_prophet_default(series: pd.DataFrame, hours: pd.DatetimeIndex) -> Prediction:
    """Forecast with Prophet's defaults, on the plain counts; its means and quantiles are left as they are.

    They may be negative. NaN where Prophet fails or does not finish within a minute.
    """
    known = series[series["messages"].notna()]
    table = pd.DataFrame({"ds": known["hour"].dt.tz_localize(None), "y": to_floats(known["messages"])})
    coming = pd.DataFrame({"ds": hours.tz_localize(None)})
    before = np.random.get_state()  # Prophet draws from the global generator
    with silence():
        from prophet import Prophet

        np.random.seed(1)
        try:
            model = Prophet().fit(table, seed=1, timeout=PROPHET_PATIENCE_SECONDS)
            means = to_floats(model.predict(coming)["yhat"])
            draws = np.sort(np.asarray(model.predictive_samples(coming)["yhat"]), axis=1)
        except (ValueError, RuntimeError, TimeoutError):  # too few rows, or its optimiser
            return _point(hours, np.full(len(hours), np.nan))
        finally:
            np.random.set_state(before)
    columns = {"median": 0.5, **QUANTILES}
    quantiles = dict(zip(columns, np.quantile(draws, list(columns.values()), axis=1), strict=True))
    shown = pd.DataFrame({"hour": hours, "expected": means, "smape_point": means, **quantiles})[list(FORECAST_COLUMNS)]
    return Prediction(shown, lambda counts: (draws <= counts[:, None]).mean(axis=1))


COMPETITORS: dict[str, Callable[[pd.DataFrame, pd.DatetimeIndex], Prediction]] = {
    PROPHET_DEFAULT: predict_prophet_default,
    SEASONAL_NAIVE: predict_seasonal_naive,
    SAME_HOUR: predict_same_hour,
    NEAREST_NEIGHBOUR: predict_nearest_neighbour,
}


def _point(hours: pd.DatetimeIndex, values: Floats) -> Prediction:
    """Make a prediction that is certain of one value an hour."""
    table = pd.DataFrame({"hour": hours, **dict.fromkeys(FORECAST_COLUMNS[1:], values)})
    return Prediction(table, lambda counts: np.where(np.isnan(values), np.nan, (values <= counts).astype(float)))

"""Comparing the methods on a chat's last days, and choosing one.

Belongs here: a walk-forward over the last days with curves fitted before them, and how much better a method must be.
Does not belong here: fitting the methods that are then used (:mod:`.training`).

Refitting for every day would cost as much as a month of trainings. The curves are fitted once, to what was known before
the days compared, and follow these days by the level step alone, which loses little (see the page on forecasting).
"""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.forecast_table import QUANTILES
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.base import Distribution
from chat_forecast.forecasting.curve_forecaster import make_forecaster
from chat_forecast.forecasting.curves.base import ENOUGH_DAYS
from chat_forecast.forecasting.distributions import Empirical
from chat_forecast.forecasting.methods import AVERAGE, PROFILE, fit_curves, methods_of
from chat_forecast.forecasting.same_hour import CLOCK_HOURS, counts_at_clock_hours, wall_hours
from chat_forecast.forecasting.same_hour import NAME as SAME_HOUR

COMPARED_DAYS = 28
"""The last days of a series, on which the methods are compared: four of each day of the week."""
MARGIN = 0.03
"""Another method must have a pinball loss lower than that of the usual one by this share,"""
SIGNIFICANCE = 2.0
"""and the mean of its daily differences must be this many standard errors."""
PREFERRED = (AVERAGE, PROFILE, SAME_HOUR)
"""The usual method: the first of these that a series allows."""
PROBABILITIES = [0.5, *QUANTILES.values()]

LOSS_COLUMNS = ("forecaster", "day", "hours", "pinball", "squared_error", "deviance")
COMPARISON_COLUMNS = ("forecaster", "is_chosen", "days", "pinball", "rmse", "deviance", "note")
"""One row a method. ``days``: compared; ``pinball``, ``rmse``, ``deviance``: in messages an hour, over those days,
missing where the method was not compared; ``note``: in words why it was chosen, or was not possible."""


def compare(series: pd.DataFrame) -> pd.DataFrame:
    """Forecast each of the last :data:`COMPARED_DAYS` days by every method, as known at the end of the day before.

    Returns one row for each method and day that has known hours: ``forecaster``, ``day`` (a number), ``hours``, and the sums
    ``pinball``, ``squared_error`` and ``deviance`` over them. No rows where fewer than :data:`.ENOUGH_DAYS` days, to which
    the curves are fitted, precede the days compared.
    """
    hours = pd.DatetimeIndex(series["hour"])
    days = day_numbers(hours)
    is_compared = days > days[-1] - COMPARED_DAYS
    before = series[~is_compared].reset_index(drop=True)
    if days[-1] - days[0] + 1 < COMPARED_DAYS + ENOUGH_DAYS or before["messages"].isna().all():
        return pd.DataFrame(columns=list(LOSS_COLUMNS))
    forecasts: dict[str, Distribution] = {
        name: make_forecaster(name, curves, before).replay(series, hours[is_compared][0])
        for name, curves in methods_of(fit_curves(before)[0]).items()
    }
    forecasts[SAME_HOUR] = _same_hour(series, days)
    counts = to_floats(series["messages"])[is_compared]
    tables = [_losses(name, forecast, counts, days[is_compared]) for name, forecast in forecasts.items()]
    return pd.concat(tables, ignore_index=True)


def summarise(losses: pd.DataFrame) -> pd.DataFrame:
    """Average the losses of :func:`compare` over hours: ``days``, ``pinball``, ``rmse``, ``deviance`` of each method."""
    groups = losses.groupby("forecaster", sort=False)
    sums = groups[["hours", "pinball", "squared_error", "deviance"]].sum()
    return pd.DataFrame(
        {
            "days": groups.size(),
            "pinball": sums["pinball"] / sums["hours"],
            "rmse": np.sqrt((sums["squared_error"] / sums["hours"]).astype(float)),
            "deviance": sums["deviance"] / sums["hours"],
        }
    )


def choose(losses: pd.DataFrame, usual: str, possible: Collection[str]) -> tuple[str, str]:
    """Choose a method from the losses of :func:`compare`: the usual one, unless another is better by a real margin.

    Another one of the ``possible`` is chosen if its pinball loss is lower by :data:`MARGIN`, and its daily differences lie
    :data:`SIGNIFICANCE` standard errors from 0; of several the one with the lowest loss. Returns its name, and why.
    """
    daily = losses.pivot(index="day", columns="forecaster", values="pinball").astype(float)
    if len(daily.columns) < 2 or usual not in daily or len(daily) < 2:
        return usual, "the usual method; the history is too short to compare others with it"
    rivals = daily.columns.intersection(list(possible)).drop(usual)
    gain = daily[rivals].rsub(daily[usual], axis=0)
    share = (gain.sum() / daily[usual].sum()).dropna()
    if share.empty:
        return usual, "the usual method; no other could be compared with it"
    is_real = gain[share.index].mean() > SIGNIFICANCE * gain[share.index].std() / np.sqrt(len(gain))
    better = share[is_real & (share >= MARGIN)]
    if better.empty:
        gained = float(share.max())
        relation = f"{abs(gained):.1%} {'lower' if gained > 0 else 'higher'}"
        return (
            usual,
            f"the usual method; over {len(daily)} days the best other, {share.idxmax()}, had a pinball loss {relation}",
        )
    return str(better.idxmax()), f"over {len(daily)} days its pinball loss was {better.max():.1%} lower than that of {usual}"


def _losses(name: str, forecast: Distribution, counts: Floats, days: npt.NDArray[np.int64]) -> pd.DataFrame:
    quantiles = dict(zip(PROBABILITIES, forecast.quantiles(PROBABILITIES).T, strict=True))
    hourly = {
        "hours": np.ones(len(counts)),
        "pinball": metrics.pinball_losses(counts, quantiles),
        "squared_error": (counts - forecast.mean) ** 2,
        "deviance": metrics.poisson_deviances(counts, forecast.mean),
    }
    is_known = ~np.isnan(counts)
    place = days[is_known] - days[0]
    daily = {column: np.bincount(place, values[is_known]) for column, values in hourly.items()}
    seen = np.flatnonzero(daily["hours"])
    sums = {column: values[seen] for column, values in daily.items()}
    table = pd.DataFrame({"forecaster": name, "day": seen + days[0], **sums})
    return table.astype({"hours": np.int64})[list(LOSS_COLUMNS)]


def _same_hour(series: pd.DataFrame, days: npt.NDArray[np.int64]) -> Empirical:
    """Forecast each compared day by the counts at the same hours of the :data:`.SAME_HOUR_DAYS` days before it.

    Bursts are cut from the whole series once, not separately for each day.
    """
    wall, messages = wall_hours(series), to_floats(series["messages"])
    clock = wall % CLOCK_HOURS
    counts: list[Floats] = []
    for day in range(days[-1] - COMPARED_DAYS + 1, days[-1] + 1):
        low, start, end = np.searchsorted(days, [day - SAME_HOUR_DAYS, day, day + 1])
        seen = counts_at_clock_hours(wall[low:start], messages[low:start]) or [np.zeros(1)] * CLOCK_HOURS
        counts += [seen[hour] for hour in clock[start:end]]
    return Empirical(tuple(counts))

"""A curve of means, kept at the level of the last days, with a distribution of counts around it.

Belongs here: what a fitted curve needs to become a forecaster.
Does not belong here: the curves themselves (:mod:`.prophet`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.core.forecasters.counts import CountLayer, fit_count_layer
from chat_forecast.core.forecasters.distribution import describe_counts
from chat_forecast.core.forecasters.level import level_factors
from chat_forecast.core.forecasters.prophet import ProphetCurve, fit_prophet
from chat_forecast.core.metrics import to_floats

Floats = npt.NDArray[np.float64]

MEMORY_DAYS = 56
"""How far back the level of a day looks."""


class Curve(Protocol):
    """A mean for any hour, as it was when the curve was fitted."""

    def means(self, hours: pd.DatetimeIndex) -> Floats:
        """Messages an hour, finite and not negative."""

    def to_dict(self) -> dict[str, Any]:
        """Give the curve as plain JSON values."""


@dataclass(frozen=True)
class Levelled:
    """A fitted curve as a forecaster; see :class:`FittedForecaster`."""

    name: str
    curve: Curve
    layer: CountLayer
    least: float
    """The mean is never below this, so that no message is ever impossible."""

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """See :meth:`FittedForecaster.forecast`."""
        recent = series[series["hour"] >= hours[0] - pd.Timedelta(days=MEMORY_DAYS)]
        level = levels_by_day(recent, self.curve, int(day_numbers(hours)[0]))[-1]
        means = self.curve.means(hours) * level
        return describe_counts(hours, self.layer.distribution(np.maximum(means, self.least)))

    def to_dict(self) -> dict[str, Any]:
        """See :meth:`FittedForecaster.to_dict`."""
        return {
            "name": self.name,
            "curve": self.curve.to_dict(),
            "layer": self.layer.to_dict(),
            "least": self.least,
        }


class LevelledProphet:
    """The method around :mod:`.prophet`."""

    name = "prophet"

    def fit(self, series: pd.DataFrame) -> Levelled:
        """See :meth:`Forecaster.fit`."""
        return level_curve(self.name, fit_prophet(series), series)

    def load(self, stored: Mapping[str, Any]) -> Levelled:
        """See :meth:`Forecaster.load`."""
        curve = ProphetCurve.from_dict(stored["curve"])
        return Levelled(self.name, curve, CountLayer(**stored["layer"]), stored["least"])


def level_curve(name: str, curve: Curve, series: pd.DataFrame) -> Levelled:
    """Make a forecaster of a curve: its distribution is fitted to what the level step would have made of the last days.

    ``series`` is what the curve was fitted to, with at least one known hour.
    """
    end = series["hour"].iloc[-1]
    recent = series[series["hour"] > end - pd.Timedelta(days=2 * MEMORY_DAYS)]
    counts = to_floats(recent["messages"])
    is_known = ~np.isnan(counts)
    least = 0.5 / is_known.sum()
    hours = pd.DatetimeIndex(recent["hour"])
    days = day_numbers(hours)
    place = days - days[0]
    levels = levels_by_day(recent, curve, int(days[-1]) + 1)
    means = np.maximum(curve.means(hours) * levels[place], least)
    # The first days have no level yet.
    is_pair = is_known & (place >= min(7, place[-1]))
    return Levelled(name, curve, fit_count_layer(means[is_pair], counts[is_pair]), float(least))


def levels_by_day(series: pd.DataFrame, curve: Curve, last: int) -> Floats:
    """Find the level of every local day, from the first of the series to the ``last``, which is after the series."""
    if series.empty:
        return np.ones(1)
    hours = pd.DatetimeIndex(series["hour"])
    counts = to_floats(series["messages"])
    is_known = ~np.isnan(counts)
    days = day_numbers(hours)
    place, length = (days - days[0])[is_known], last - int(days[0])
    sums = np.zeros((3, length))
    for total, values in zip(sums, (counts, curve.means(hours), np.ones(len(hours))), strict=True):
        np.add.at(total, place, values[is_known])
    return level_factors(*sums)


def day_numbers(hours: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Count the local days of hours from 1970."""
    return hours.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)

"""A forecaster made of fitted curves: their means at the level of the last days, with a distribution of counts around them.

Belongs here: putting curves, level, holiday effect and count layer together.
Does not belong here: any of these (:mod:`.curves`, :mod:`.level`, :mod:`.holiday_effect`, :mod:`.calibration`), or choosing
a method (:mod:`.model_selection`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.forecasting.base import Distribution
from chat_forecast.forecasting.bursts import cap_bursts
from chat_forecast.forecasting.calibration import CountLayer, fit_count_layer
from chat_forecast.forecasting.curves.base import Curve
from chat_forecast.forecasting.distributions import describe_counts
from chat_forecast.forecasting.holiday_effect import NO_EFFECT, HolidayEffect
from chat_forecast.forecasting.level import SETTLING_DAYS
from chat_forecast.forecasting.level_adjusted_means import Means, level_adjusted_means
from chat_forecast.forecasting.methods import LOADERS

PAIR_DAYS = 70
"""The distribution is fitted to the pairs of a mean and a count of this many last days: ten weeks were better on real chats
than six or sixteen."""


@dataclass(frozen=True)
class CurveForecaster:
    """Fitted curves as one forecaster, whose mean is the mean of theirs; see :class:`.FittedForecaster`."""

    name: str
    curves: Mapping[str, Curve]
    layer: CountLayer
    least: float
    """The mean is never below this, in messages an hour, so that no message is ever impossible."""
    effect: HolidayEffect = NO_EFFECT

    def distribution(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> Distribution:
        """See :meth:`FittedForecaster.distribution`."""
        capped = cap_bursts(series)
        recent = capped[capped["hour"] >= hours[0] - pd.Timedelta(days=RECENT_DAYS)]
        means = level_adjusted_means(_means(self.curves, self.effect), recent, hours)[len(recent) :]
        return self.layer.distribution(np.maximum(means, self.least))

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """See :meth:`FittedForecaster.forecast`."""
        return describe_counts(hours, self.distribution(series, hours))

    def replay(self, series: pd.DataFrame, first: pd.Timestamp) -> Distribution:
        """Find the distributions of a series' own hours from ``first`` on, each as known at the end of the day before.

        ``series`` is without bursts (:func:`.cap_bursts`).
        """
        recent = series[series["hour"] >= first - pd.Timedelta(days=RECENT_DAYS)]
        hours = pd.DatetimeIndex(recent["hour"])
        means = level_adjusted_means(_means(self.curves, self.effect), recent, hours[:0])[hours >= first]
        return self.layer.distribution(np.maximum(means, self.least))

    def to_dict(self) -> dict[str, Any]:
        """See :meth:`FittedForecaster.to_dict`."""
        return {
            "name": self.name,
            "curves": {name: curve.to_dict() for name, curve in self.curves.items()},
            "layer": self.layer.to_dict(),
            "least": self.least,
            "effect": self.effect.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "CurveForecaster":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        curves = {name: LOADERS[name](curve) for name, curve in stored["curves"].items()}
        effect = HolidayEffect(**stored["effect"])
        return cls(stored["name"], curves, CountLayer(**stored["layer"]), stored["least"], effect)


def make_forecaster(
    name: str, curves: Mapping[str, Curve], series: pd.DataFrame, effect: HolidayEffect = NO_EFFECT
) -> CurveForecaster:
    """Make a forecaster of curves: its distribution is fitted to what the level step would have made of the last days.

    ``series`` is what the curves were fitted to, without bursts (:func:`.cap_for_training`), with at least one known hour.
    """
    recent = series[series["hour"] > series["hour"].iloc[-1] - pd.Timedelta(days=PAIR_DAYS)]
    counts = to_floats(recent["messages"])
    is_known = ~np.isnan(counts)
    least = 0.5 / max(1, is_known.sum())
    hours = pd.DatetimeIndex(recent["hour"])
    means = np.maximum(level_adjusted_means(_means(curves, effect), recent, hours[:0]), least)
    age = day_numbers(hours) - day_numbers(hours[:1])
    is_pair = is_known & (age >= min(SETTLING_DAYS, age[is_known][-1]))
    return CurveForecaster(name, curves, fit_count_layer(means[is_pair], counts[is_pair]), float(least), effect)


def _means(curves: Mapping[str, Curve], effect: HolidayEffect) -> list[Means]:
    return [effect.applied_to(curve) for curve in curves.values()]

"""Curves of means, kept at the level of the last days, with a distribution of counts around them.

Belongs here: what fitted curves need to become a forecaster, and the methods that are made so.
Does not belong here: the curves (:mod:`.prophet`, :mod:`.poisson_glm`, :mod:`.week_profile`), or choosing a method.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.forecasting.base import Distribution, FittingFailed, NotEnoughHistory
from chat_forecast.forecasting.calibration import CountLayer, fit_count_layer
from chat_forecast.forecasting.curves.base import Curve
from chat_forecast.forecasting.curves.poisson_glm import PoissonCurve, fit_poisson
from chat_forecast.forecasting.curves.prophet import ProphetCurve, fit_prophet
from chat_forecast.forecasting.curves.week_profile import ProfileCurve, fit_profile
from chat_forecast.forecasting.distributions import describe_counts
from chat_forecast.forecasting.holiday_effect import NO_EFFECT, HolidayEffect, find_effect, is_holiday
from chat_forecast.forecasting.level import CARRIED_HOURS, carry_over, level_factors

MEMORY_DAYS = 56
"""How far back the level of a day looks."""
PAIR_DAYS = 70
"""From so many last days come the pairs of a mean and a count to which the distribution is fitted: ten weeks were better on
real chats than six or sixteen."""
SETTLING_DAYS = 7
"""The first days of these have no level yet."""

PROPHET, POISSON, PROFILE, AVERAGE = "prophet", "poisson_glm", "level_profile", "average"
FITTERS: dict[str, Callable[[pd.DataFrame], Curve]] = {PROPHET: fit_prophet, POISSON: fit_poisson, PROFILE: fit_profile}
LOADERS: dict[str, Callable[[Mapping[str, Any]], Curve]] = {
    PROPHET: ProphetCurve.from_dict,
    POISSON: PoissonCurve.from_dict,
    PROFILE: ProfileCurve.from_dict,
}


def fit_curves(series: pd.DataFrame) -> tuple[dict[str, Curve], dict[str, str]]:
    """Fit every curve that the series allows; returns the curves, and of the others why there is none."""
    curves: dict[str, Curve] = {}
    refusals: dict[str, str] = {}
    for name, fit in FITTERS.items():
        try:
            curves[name] = fit(series)
        except (NotEnoughHistory, FittingFailed) as refusal:
            refusals[name] = str(refusal)
    return curves, refusals


def methods_of(curves: Mapping[str, Curve]) -> dict[str, Mapping[str, Curve]]:
    """Tell which methods some fitted curves make, and of which curves each consists: each alone, and all together."""
    alone: dict[str, Mapping[str, Curve]] = {name: {name: curve} for name, curve in curves.items()}
    return {AVERAGE: curves, **alone} if len(curves) > 1 else alone


@dataclass(frozen=True)
class Levelled:
    """Fitted curves as one forecaster, whose mean is that of theirs; see :class:`FittedForecaster`."""

    name: str
    curves: Mapping[str, Curve]
    layer: CountLayer
    least: float
    """The mean is never below this, so that no message is ever impossible."""
    effect: HolidayEffect = NO_EFFECT

    def distribution(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> Distribution:
        """See :meth:`FittedForecaster.distribution`."""
        recent = series[series["hour"] >= hours[0] - pd.Timedelta(days=MEMORY_DAYS)]
        means = levelled_means(list(self.curves.values()), recent, hours, self.effect)[len(recent) :]
        return self.layer.distribution(np.maximum(means, self.least))

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """See :meth:`FittedForecaster.forecast`."""
        return describe_counts(hours, self.distribution(series, hours))

    def replay(self, series: pd.DataFrame, first: pd.Timestamp) -> Distribution:
        """Find the distributions of a series' own hours from ``first`` on, each as known at the end of the day before."""
        recent = series[series["hour"] >= first - pd.Timedelta(days=MEMORY_DAYS)]
        hours = pd.DatetimeIndex(recent["hour"])
        means = levelled_means(list(self.curves.values()), recent, hours[:0], self.effect)[hours >= first]
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
    def from_dict(cls, stored: Mapping[str, Any]) -> "Levelled":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        curves = {name: LOADERS[name](curve) for name, curve in stored["curves"].items()}
        effect = HolidayEffect(**stored["effect"])
        return cls(stored["name"], curves, CountLayer(**stored["layer"]), stored["least"], effect)


def level_curves(
    name: str, curves: Mapping[str, Curve], series: pd.DataFrame, effect: HolidayEffect = NO_EFFECT
) -> Levelled:
    """Make a forecaster of curves: its distribution is fitted to what the level step would have made of the last days.

    ``series`` is what the curves were fitted to, with at least one known hour.
    """
    recent = series[series["hour"] > series["hour"].iloc[-1] - pd.Timedelta(days=PAIR_DAYS)]
    counts = to_floats(recent["messages"])
    is_known = ~np.isnan(counts)
    least = 0.5 / max(1, is_known.sum())
    hours = pd.DatetimeIndex(recent["hour"])
    means = np.maximum(levelled_means(list(curves.values()), recent, hours[:0], effect), least)
    age = day_numbers(hours) - day_numbers(hours[:1])
    is_pair = is_known & (age >= min(SETTLING_DAYS, age[-1]))
    return Levelled(name, curves, fit_count_layer(means[is_pair], counts[is_pair]), float(least), effect)


def levelled_means(
    curves: Sequence[Curve], series: pd.DataFrame, coming: pd.DatetimeIndex, effect: HolidayEffect = NO_EFFECT
) -> Floats:
    """Find the means of every hour of a series and of the ``coming`` ones, each as known at the end of the day before it.

    The mean over the curves, each at its own level. The coming hours follow the series; those after the first day keep
    the level of that day. Shape ``(len(series) + len(coming),)``.
    """
    hours = pd.DatetimeIndex(pd.DatetimeIndex(series["hour"]).append(coming)) if len(series) else coming
    counts = np.concatenate([to_floats(series["messages"]), np.full(len(coming), np.nan)])
    days = day_numbers(hours)
    place = np.minimum(days, days[len(series)] if len(coming) else days[-1]) - days[0]
    is_known = ~np.isnan(counts)
    holidays = effect.factors(hours)
    means = np.zeros(len(hours))
    for curve in curves:
        fitted = curve.means(hours) * holidays
        sums = [
            np.bincount(place[is_known], values[is_known], minlength=place[-1] + 1).astype(float)
            for values in (counts, fitted, np.ones(len(hours)))
        ]
        means += fitted * level_factors(*sums)[place] / len(curves)
    return _carried(hours, means, counts, place)


def find_holiday_effect(country: str, curve: Curve, series: pd.DataFrame) -> tuple[HolidayEffect, str]:
    """Find what the holidays in a series did to what the curve, at the level of the days before, let expect."""
    hours, counts = pd.DatetimeIndex(series["hour"]), to_floats(series["messages"])
    days = day_numbers(hours)
    means = levelled_means([curve], series, hours[:0])
    is_whole = np.isin(days, np.unique(days[np.isnan(counts)]), invert=True)
    chosen = is_whole & is_holiday(hours, country) & (days >= days[0] + SETTLING_DAYS)
    totals = pd.DataFrame({"actual": counts[chosen], "fitted": means[chosen]}).groupby(days[chosen]).sum()
    return find_effect(country, totals["actual"].tolist(), totals["fitted"].tolist())


def _carried(hours: pd.DatetimeIndex, means: Floats, counts: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """Let each day's means go on from what the last hours before it were like."""
    starts = np.flatnonzero(np.diff(place, prepend=place[0]))
    instants = hours.asi8
    reach = pd.Timedelta(hours=CARRIED_HOURS).as_unit(hours.unit).value
    is_known = ~np.isnan(counts)
    carried = means.copy()
    for start, end in pairwise([*starts, len(means)]):
        before = slice(max(0, start - CARRIED_HOURS), start)
        chosen = is_known[before] & (instants[start] - instants[before] <= reach)
        if chosen.any():
            actual, fitted = counts[before][chosen].sum(), means[before][chosen].sum()
            carried[start:end] *= carry_over(float(actual), float(fitted), means[start:end])
    return carried


def day_numbers(hours: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """Count the local days of hours from 1970."""
    return hours.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)

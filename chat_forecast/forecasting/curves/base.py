"""Curves: a mean for any hour of the week, fitted to a series once.

Belongs here: what all curves offer and have in common.
Does not belong here: fitting one (:mod:`.prophet`, :mod:`.poisson_glm`, :mod:`.week_profile`), the level of the last days
(:mod:`chat_forecast.forecasting.level`) and the distribution around a curve (:mod:`chat_forecast.forecasting.calibration`).
"""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.forecasting.base import NotEnoughHistory

ENOUGH_DAYS = 28
"""The curves with many parameters need this many known days: with fewer, the profile of the week alone was as good on real
chats (see the page on forecasting)."""
WEIGHT_HALF_LIFE_DAYS = 42
"""In the curves without a trend of their own, a day's weight halves in this many days."""


class Curve(Protocol):
    """A mean for any hour, as it was when the curve was fitted."""

    def means(self, hours: pd.DatetimeIndex) -> Floats:
        """Messages an hour at aware local hours: finite and not negative."""

    def to_dict(self) -> dict[str, Any]:
        """Give the curve as plain JSON values."""


def known_hours(series: pd.DataFrame, *, at_least: int) -> tuple[pd.DatetimeIndex, Floats]:
    """Take the hours of a series that are known, and their counts.

    Raises:
        NotEnoughHistory: they are fewer than ``at_least``.
    """
    known = series[series["messages"].notna()]
    if len(known) < at_least:
        raise NotEnoughHistory(f"{len(known)} hours are known, expected at least {at_least}")
    return pd.DatetimeIndex(known["hour"]), to_floats(known["messages"])


def recent_weights(hours: pd.DatetimeIndex) -> Floats:
    """Weigh hours: 1 for the last one, half as much for every :data:`WEIGHT_HALF_LIFE_DAYS` days before it."""
    return np.asarray(0.5 ** ((hours[-1] - hours) / pd.Timedelta(days=WEIGHT_HALF_LIFE_DAYS)), dtype=np.float64)


def is_weekend(hours: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Whether hours lie on a Saturday or Sunday."""
    return np.asarray(hours.day_of_week >= 5)


def fourier(days: Floats, period: float, order: int) -> Floats:
    """Sines and cosines, alternating, of times in days: shape ``(n, 2 order)``."""
    angles = 2 * np.pi * np.outer(days, np.arange(1, order + 1)) / period
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(days), 2 * order)

"""Prophet on the square root of the counts, as a curve of means.

Belongs here: fitting Prophet, and evaluating what it found.
Does not belong here: how its optimum is found (:mod:`.prophet_optimum`), the level of the last days (:mod:`..level`), the
distribution around the curve (:mod:`..calibration`).
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.forecasting.base import NotEnoughHistory
from chat_forecast.forecasting.curves.base import ENOUGH_DAYS, fourier, is_weekend, known_hours

WEEKLY_ORDER = 3
DAILY_ORDER = 6
ONE_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class ProphetCurve:
    """What Prophet found, in its own scale: everything needed to evaluate it without Prophet.

    Times are local wall clock, in days since 1970. ``trend`` is the slope and the offset of a trend whose time runs from 0
    at the first known hour to 1 at the last, ``changes`` the slope's changes at the ``changepoints``; the seasonal
    coefficients are those of sines and cosines, alternating.
    """

    start: float
    span: float
    scale: float
    trend: tuple[float, ...]
    changepoints: tuple[float, ...]
    changes: tuple[float, ...]
    weekly: tuple[float, ...]
    on_weekdays: tuple[float, ...]
    at_weekends: tuple[float, ...]
    spread: tuple[float, ...]
    """Variance of the root of the counts around the curve, for each clock hour."""
    factor: float
    """By which the means are multiplied, so that they add up to the last days."""

    def roots(self, hours: pd.DatetimeIndex) -> Floats:
        """Evaluate the curve on the scale of square roots: Prophet's ``yhat``, but the trend ends with the last known hour.

        Prophet would go on with its last slope for ever, which squared back makes thousands of messages out of a hundred.
        """
        wall = hours.tz_localize(None)
        days = wall.to_numpy().astype("datetime64[ns]").astype(np.int64) / ONE_DAY_NS
        time = np.minimum((days - self.start) / self.span, 1.0)
        slope, offset = self.trend
        since = np.maximum(time[:, None] - np.array(self.changepoints), 0)
        level = offset + slope * time + since @ np.array(self.changes)
        daily = np.where(is_weekend(hours), _wave(days, 1, self.at_weekends), _wave(days, 1, self.on_weekdays))
        return self.scale * np.asarray(level + _wave(days, 7, self.weekly) + daily)

    def means(self, hours: pd.DatetimeIndex) -> Floats:
        """Messages an hour: the squared curve and the variance around it."""
        spread = np.array(self.spread)[hours.hour]
        return self.factor * np.asarray(np.maximum(self.roots(hours), 0) ** 2 + spread)

    def to_dict(self) -> dict[str, Any]:
        """All numbers by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ProphetCurve":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        numbers: dict[str, Any] = {name: tuple(n) if isinstance(n, list) else n for name, n in stored.items()}
        return cls(**numbers)


def fit_prophet(series: pd.DataFrame) -> ProphetCurve:
    """Fit Prophet to the roots of the known counts: a trend with changes, the week, and the days of two kinds.

    Raises:
        NotEnoughHistory: fewer than 28 days are known.
        FittingFailed: the optimum could not be found.
    """
    hours, counts = known_hours(series, at_least=ENOUGH_DAYS * 24)
    if not counts.any():
        raise NotEnoughHistory("there is no message in the series, expected at least one")
    weekend = is_weekend(hours)
    table = pd.DataFrame(
        {"ds": hours.tz_localize(None), "y": np.sqrt(counts), "on_weekdays": ~weekend, "at_weekends": weekend}
    )
    curve = _curve(_fitted(table))
    return _spread_out(curve, hours, counts)


def _fitted(table: pd.DataFrame) -> Any:  # noqa: ANN401 - Prophet says of itself that all is None before a fit
    """Fit Prophet itself, without its log."""
    with silence():
        from chat_forecast.forecasting.curves.prophet_optimum import ExactProphet

        model: Any = ExactProphet(
            yearly_seasonality=False,
            weekly_seasonality=WEEKLY_ORDER,
            daily_seasonality=False,
            uncertainty_samples=0,
        )
        for name in ("on_weekdays", "at_weekends"):
            model.add_seasonality(name, period=1, fourier_order=DAILY_ORDER, condition_name=name)
        model.fit(table)
    return model


def _curve(model: Any) -> ProphetCurve:  # noqa: ANN401 - a fitted Prophet, whose attributes Prophet types as None
    """Read the parameters of a fitted Prophet."""
    numbers = {name: np.asarray(values, dtype=float).ravel() for name, values in model.params.items()}
    columns = model.train_component_cols

    def coefficients(name: str) -> tuple[float, ...]:
        return tuple(numbers["beta"][columns[name].to_numpy() == 1].tolist())

    return ProphetCurve(
        start=model.start.value / ONE_DAY_NS,
        span=model.t_scale / pd.Timedelta(days=1),
        scale=float(model.y_scale),
        trend=(float(numbers["k"][0]), float(numbers["m"][0])),
        changepoints=tuple(model.changepoints_t.tolist()),
        changes=tuple(numbers["delta"].tolist()),
        weekly=coefficients("weekly"),
        on_weekdays=coefficients("on_weekdays"),
        at_weekends=coefficients("at_weekends"),
        spread=(0.0,) * 24,
        factor=1.0,
    )


def _spread_out(curve: ProphetCurve, hours: pd.DatetimeIndex, counts: Floats) -> ProphetCurve:
    """Add the variance around the curve in the last days, smoothed over neighbouring hours, and scale it to their total."""
    is_recent = np.asarray(hours > hours[-1] - pd.Timedelta(days=RECENT_DAYS))
    hours, counts = hours[is_recent], counts[is_recent]
    residuals = np.sqrt(counts) - np.maximum(curve.roots(hours), 0)
    seen = np.bincount(hours.hour, minlength=24)
    # A clock hour that is never known takes the mean of all.
    by_clock = (np.bincount(hours.hour, residuals**2, minlength=24) + (residuals**2).mean()) / (seen + 1)
    smooth = 0.5 * by_clock + 0.25 * (np.roll(by_clock, 1) + np.roll(by_clock, -1))
    spread = replace(curve, spread=tuple(smooth.tolist()))
    total = spread.means(hours).sum()
    return replace(spread, factor=float(counts.sum() / total)) if total > 0 else spread


def _wave(days: Floats, period: float, coefficients: tuple[float, ...]) -> Floats:
    return np.asarray(fourier(days, period, len(coefficients) // 2) @ np.array(coefficients))


@contextmanager
def silence() -> Iterator[None]:
    """Keep Prophet and its optimiser from writing to the log, and from warning about their own code."""
    loggers = [logging.getLogger(name) for name in ("prophet", "prophet.plot", "cmdstanpy")]
    before = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, was_disabled in zip(loggers, before, strict=True):
            logger.disabled = was_disabled

"""A Poisson regression on the time of the day and of the week, as a curve of means."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.base import NotEnoughHistory
from chat_forecast.forecasting.curves.base import ENOUGH_DAYS, fourier, is_weekend, known_hours, recent_weights

DAILY_ORDER = 6
WEEKLY_ORDER = 3
PENALTY = 0.01
"""On the coefficients of standardised columns: it matters only where there are hardly any messages."""
MOST_LOG_MEAN = 12.0
"""No mean is above ``exp(12)`` messages an hour, or below ``exp(-12)``."""


@dataclass(frozen=True)
class PoissonCurve:
    """``log mean = intercept + columns @ coefficients``."""

    intercept: float
    coefficients: tuple[float, ...]

    def means(self, hours: pd.DatetimeIndex) -> Floats:
        """See :meth:`.Curve.means`."""
        log_means = self.intercept + _columns(hours) @ np.array(self.coefficients)
        return np.asarray(np.exp(np.clip(log_means, -MOST_LOG_MEAN, MOST_LOG_MEAN)))

    def to_dict(self) -> dict[str, Any]:
        """All numbers by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "PoissonCurve":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        return cls(stored["intercept"], tuple(stored["coefficients"]))


def fit_poisson(series: pd.DataFrame) -> PoissonCurve:
    """Fit the regression to the known counts, the recent ones weighing more.

    Raises:
        NotEnoughHistory: fewer than 28 days are known, or there is no message in them.
    """
    from sklearn.linear_model import PoissonRegressor

    hours, counts = known_hours(series, at_least=ENOUGH_DAYS * 24)
    if not counts.any():
        raise NotEnoughHistory("there is no message in the series, expected at least one")
    columns = _columns(hours)
    middle, scale = columns.mean(axis=0), columns.std(axis=0) + 1e-9
    model = PoissonRegressor(alpha=PENALTY, solver="newton-cholesky")
    model.fit((columns - middle) / scale, counts, sample_weight=recent_weights(hours))
    coefficients = model.coef_ / scale
    return PoissonCurve(float(model.intercept_ - middle @ coefficients), tuple(coefficients.tolist()))


def _columns(hours: pd.DatetimeIndex) -> Floats:
    """Waves of the day, one set for weekdays and one for weekends, waves of the week, and which of the two it is."""
    weekend = is_weekend(hours)[:, None]
    clock = (hours.hour.to_numpy() + 0.5) / 24
    daily = fourier(clock, 1, DAILY_ORDER)
    weekly = fourier(hours.day_of_week.to_numpy() + clock, 7, WEEKLY_ORDER)
    return np.hstack([daily * ~weekend, daily * weekend, weekly, weekend])

"""What every forecaster offers: fit a series once, then forecast any number of days from it without fitting again.

A series has the columns ``hour`` (aware, local, ascending) and ``messages`` (``Int64``, ``NA`` where never read).
"""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

QUANTILES = {"q01": 0.01, "q10": 0.10, "q25": 0.25, "q75": 0.75, "q90": 0.90, "q99": 0.99}
"""Column of a forecast -> probability. The median stands in its own column."""

FORECAST_COLUMNS = ("hour", "expected", "median", "smape_point", *QUANTILES)
"""``hour``: aware local start; the others: messages an hour, as floats. ``expected`` is the mean of the predictive
distribution, ``median`` and the quantiles are whole numbers, ``smape_point`` minimises the expected sMAPE."""


class FittedForecaster(Protocol):
    """A trained model. Small: it holds parameters, never the series it was trained on."""

    @property
    def name(self) -> str:
        """The method's name."""

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the coming ``hours`` (aware, local) from all that is known before the first of them.

        All of ``series`` lies before ``hours``; it may reach further than what the model was fitted on,
        and begins about 200 days before. Returns :data:`FORECAST_COLUMNS`, one row for each of the hours.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the same forecasts in another process, as plain JSON values.

        ``name`` tells which method it is.
        """


class Forecaster(Protocol):
    """A method before training."""

    @property
    def name(self) -> str:
        """What it is called wherever it is shown or stored."""

    def fit(self, series: pd.DataFrame) -> FittedForecaster:
        """Train on a series; missing hours are left out.

        Raises:
            NotEnoughHistory: the series is too short for this method.
            FittingFailed: the method did not come to an end in time, or gave no usable numbers.
        """

    def load(self, stored: Mapping[str, Any]) -> FittedForecaster:
        """Bring back what :meth:`FittedForecaster.to_dict` gave."""


class NotEnoughHistory(ValueError):
    """A series is too short for a method; the message says how long it is and how long it should be."""


class FittingFailed(RuntimeError):
    """A method could not be fitted; the message says why."""

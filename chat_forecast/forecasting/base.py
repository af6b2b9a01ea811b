"""What every forecaster offers: fit a series once, then forecast any number of days from it without fitting again.

A series has the columns ``hour`` (aware, local, ascending) and ``messages`` (``Int64``, ``NA`` where never read).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd

from chat_forecast.domain.arrays import Floats

HISTORY_DAYS = 200
"""How many days of the series a fitted model is given when it forecasts; none looks back further."""


class Distribution(Protocol):
    """One distribution of counts for each of ``n`` hours."""

    @property
    def mean(self) -> Floats:
        """The means, shape ``(n,)``."""

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """The smallest count not exceeded with each probability, a whole number: shape ``(n, len(probabilities))``."""

    def at_most(self, counts: Floats) -> Floats:
        """The probability that an hour has at most ``counts`` messages, both of shape ``(n,)``; 0 for counts below 0."""


class FittedForecaster(Protocol):
    """A trained model. Small: it holds parameters, never the series it was trained on."""

    @property
    def name(self) -> str:
        """The method's name."""

    def distribution(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> "Distribution":
        """Find the predictive distribution of each of the coming ``hours``; :meth:`forecast` is its table."""

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the coming ``hours`` (aware, local) from all that is known before the first of them.

        All of ``series`` lies before ``hours``; it may reach further than what the model was fitted on,
        and begins about :data:`HISTORY_DAYS` days before. Returns :data:`FORECAST_COLUMNS`, one row for each of the hours.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the same forecasts in another process, as plain JSON values.

        ``name`` is the method's name.
        """


class NotEnoughHistory(ValueError):
    """A series is too short for a method; the message says how long it is and how long it should be."""


class FittingFailed(RuntimeError):
    """A method could not be fitted; the message says why."""

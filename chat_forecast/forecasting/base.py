"""What every forecaster offers: it is fitted once, and then forecasts any number of days without being fitted again.

Belongs here: the protocols of fitted models and of their distributions, and the errors that fitting may raise.
Does not belong here: any method, or choosing one (:mod:`.training`).

A *series* has the columns ``hour`` (aware, local, ascending) and ``messages`` (``Int64``, ``NA`` where never read).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd

from chat_forecast.domain.arrays import Floats

HISTORY_DAYS = 200
"""How many days of the series a fitted model is given to forecast from; no method looks back further."""


class Distribution(Protocol):
    """A predictive distribution of the count for each of ``n`` hours."""

    @property
    def mean(self) -> Floats:
        """The means, shape ``(n,)``."""

    def quantiles(self, probabilities: Sequence[float]) -> Floats:
        """For each probability, the smallest whole count not exceeded with it: shape ``(n, len(probabilities))``."""

    def at_most(self, counts: Floats) -> Floats:
        """The probability that an hour has at most ``counts`` messages, both of shape ``(n,)``; 0 for counts below 0."""


class FittedForecaster(Protocol):
    """A trained model. It is small: it holds parameters, never the series it was trained on."""

    @property
    def name(self) -> str:
        """The method's name."""

    def distribution(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> "Distribution":
        """The predictive distributions of the coming ``hours``, of which :meth:`forecast` makes a table."""

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """Forecast the coming ``hours`` (aware, local) from all that is known before the first of them.

        All of ``series`` lies before ``hours``. It begins about :data:`HISTORY_DAYS` days before, and may end later than
        what the model was fitted on. Returns a row for each hour, with the columns :data:`.forecast_table.FORECAST_COLUMNS`.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything needed to make the same forecasts in another process, as plain JSON values.

        ``name`` is the method's name.
        """


class NotEnoughHistory(ValueError):
    """A series is too short for a method; the message says how long it is and how long it should be."""


class FittingFailed(RuntimeError):
    """A method could not be fitted; the message says why."""

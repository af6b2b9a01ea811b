"""What a day's score is compared with: the same hour a week before, and over 28 days.

Belongs here: the two baselines as one table.
Does not belong here: measuring them (:mod:`chat_forecast.domain.scoring`).
"""

import numpy as np
import pandas as pd

from chat_forecast.domain.forecast_table import PROBABILITIES
from chat_forecast.domain.scoring import BASELINE_COLUMNS
from chat_forecast.forecasting.distributions import Empirical
from chat_forecast.forecasting.same_hour import same_hour_counts
from chat_forecast.forecasting.seasonal_naive import seasonal_naive


def forecast_baselines(history: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
    """Forecast coming ``hours`` by the baselines: :data:`BASELINE_COLUMNS`, one row an hour.

    ``history`` is the series (``hour``, ``messages``) of at least :data:`.SAME_HOUR_DAYS` days, all before the first of the
    ``hours``.
    """
    columns = {"hour": hours, "seasonal_naive": seasonal_naive(history, hours)}
    seen = same_hour_counts(history)
    if not seen:
        return pd.DataFrame({**columns, **dict.fromkeys(BASELINE_COLUMNS[2:], np.nan)})
    distribution = Empirical(tuple(seen[clock] for clock in hours.hour))
    quantiles = distribution.quantiles(list(PROBABILITIES.values())).T
    return pd.DataFrame({**columns, "same_hour": distribution.mean, **dict(zip(PROBABILITIES, quantiles, strict=True))})

"""The methods that forecast a chat's next day.

Belongs here: one method a file, each turning an hourly series into a predictive distribution for coming hours.
Does not belong here: choosing the day, storing models, scoring.
"""

from chat_forecast.core.forecasters.base import FORECAST_COLUMNS, HISTORY_DAYS, QUANTILES, FittedForecaster, NotEnoughHistory
from chat_forecast.core.forecasters.training import METHODS, Training, load, train

__all__ = [
    "FORECAST_COLUMNS",
    "HISTORY_DAYS",
    "METHODS",
    "QUANTILES",
    "FittedForecaster",
    "NotEnoughHistory",
    "Training",
    "load",
    "train",
]

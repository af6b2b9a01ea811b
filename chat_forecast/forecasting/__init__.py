"""The methods that forecast a chat's next day.

Belongs here: one method a file, each turning an hourly series into a predictive distribution for coming hours.
Does not belong here: choosing the day, storing models, scoring.
"""

from chat_forecast.forecasting.base import HISTORY_DAYS, FittedForecaster, NotEnoughHistory
from chat_forecast.forecasting.fallback_chain import Forecast, make_forecast
from chat_forecast.forecasting.methods import METHODS
from chat_forecast.forecasting.training import Training, load, train

__all__ = [
    "HISTORY_DAYS",
    "METHODS",
    "FittedForecaster",
    "Forecast",
    "NotEnoughHistory",
    "Training",
    "load",
    "make_forecast",
    "train",
]

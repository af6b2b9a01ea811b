"""The six assets of a chat, as thin shells over plain functions of one day.

Belongs here: which plain inputs a day is made from, which function makes it, what the UI shows of it.
Does not belong here: how anything is computed (:mod:`chat_forecast.domain`, :mod:`chat_forecast.forecasting`), stored or
read from outside.
"""

from dagster import AssetsDefinition

from chat_forecast.pipeline.assets.forecasting import next_day_forecast_asset, trained_model_asset
from chat_forecast.pipeline.assets.history import hourly_series_asset, merged_history_asset, raw_messages_asset
from chat_forecast.pipeline.assets.scoring import daily_score_asset
from chat_forecast.settings.models import Chat


def chat_assets(chat: Chat) -> list[AssetsDefinition]:
    """The six assets of one chat, in the order in which a day passes through them."""
    return [
        raw_messages_asset(chat),
        merged_history_asset(chat),
        hourly_series_asset(chat),
        trained_model_asset(chat),
        next_day_forecast_asset(chat),
        daily_score_asset(chat),
    ]

"""The six assets of a chat, as thin shells over plain functions.

Belongs here: which plain inputs a day is made from, which function makes it, what the UI shows of it.
Does not belong here: how anything is computed (:mod:`chat_forecast.domain`, :mod:`chat_forecast.forecasting`), stored
(:mod:`chat_forecast.storage`) or read from outside (:mod:`chat_forecast.sources`).

Each asset has two parts. The function under ``@dg.asset`` takes the context apart and says how the days of its run are made;
its docstring is the asset's description in the UI. A generator of plain values (``count_days``, ``score_days`` …) makes the
days, in this process or in a worker. What both share for all six is in :mod:`.asset_run` and :mod:`.asset_task`.
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

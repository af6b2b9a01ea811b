"""The six assets of a chat, as thin shells over :mod:`chat_forecast.domain`.

Belongs here: fetching what a day needs, calling one or two core functions, describing the result for the UI.
Does not belong here: how anything is computed, stored or read from outside.
"""

from dagster import AssetsDefinition

from chat_forecast.pipeline.assets.forecasting import forecasting_assets
from chat_forecast.pipeline.assets.history import history_assets
from chat_forecast.pipeline.assets.scoring import scoring_assets
from chat_forecast.settings.models import Chat


def chat_assets(chat: Chat) -> list[AssetsDefinition]:
    """The six assets of one chat, in the order in which a day passes through them."""
    return [*history_assets(chat), *forecasting_assets(chat), *scoring_assets(chat)]

"""Small pictures of a day, as PNG: for asset pages, MLflow runs and messages.

Belongs here: drawing what the pipeline knows, a module a subject, all with one look (:mod:`.look`).
Does not belong here: where a picture is shown, fetching what it shows, or the words of a day (:mod:`..words`).
"""

from chat_forecast.presentation.plots.forecast import SKILL_DAYS, draw_forecast, draw_score
from chat_forecast.presentation.plots.messages import READING_COLUMNS, draw_reading
from chat_forecast.presentation.plots.model import draw_model
from chat_forecast.presentation.plots.series import RHYTHM_DAYS, draw_series

__all__ = [
    "READING_COLUMNS",
    "RHYTHM_DAYS",
    "SKILL_DAYS",
    "draw_forecast",
    "draw_model",
    "draw_reading",
    "draw_score",
    "draw_series",
]

"""Small plots of a day, as PNG: for asset pages, MLflow runs and notices.

Belongs here: drawing what the pipeline knows, a module a subject, all in one style (:mod:`..drawing.style`).
Does not belong here: where a plot is shown, or the phrases about a day (:mod:`..phrases`).
"""

from chat_forecast.presentation.plots.forecast import SKILL_DAYS, draw_forecast, draw_score
from chat_forecast.presentation.plots.messages import READING_COLUMNS, draw_reading
from chat_forecast.presentation.plots.model import draw_model
from chat_forecast.presentation.plots.series import RHYTHM_DAYS, draw_series
from chat_forecast.presentation.plots.today import draw_today

__all__ = [
    "READING_COLUMNS",
    "RHYTHM_DAYS",
    "SKILL_DAYS",
    "draw_forecast",
    "draw_model",
    "draw_reading",
    "draw_score",
    "draw_series",
    "draw_today",
]

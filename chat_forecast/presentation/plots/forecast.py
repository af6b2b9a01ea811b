"""A day's forecast, and how it did."""

from datetime import date, datetime
from typing import cast

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.presentation.drawing import day
from chat_forecast.presentation.drawing.beside import draw_beside

SKILL_DAYS = 30
CURVES = ("expected", "q01", "q10", "q25", "q75", "q90", "q99")


def draw_forecast(forecast: pd.DataFrame, last_week: pd.DataFrame | None, title: str, caption: str = "") -> bytes:
    """Draw a day's forecast with its 50% and 80% intervals, and the counts of the same day last week as a thin line.

    ``last_week`` has ``hour`` (aware, local) and ``messages``; an hour of it stands at the same place of the day.
    """
    has_counts = last_week is not None and last_week["messages"].notna().any()
    counts = _at_same_clock(last_week, forecast["hour"]) if last_week is not None and has_counts else None
    return day.draw_forecast(day.ForecastPlot(title, caption, _hours(forecast), _curves(forecast), counts))


def draw_score(
    forecast: pd.DataFrame,
    actuals: pd.DataFrame,
    skills: "pd.Series[float]",
    title: str,
    caption: str = "",
    *,
    beside: bool = False,
) -> bytes:
    """Draw a day's counts over its forecast, hours outside the 98% interval ringed, and the skill of the last 30 days.

    ``actuals`` has ``hour`` and ``messages``. ``skills`` is the skill of each day up to this one, indexed by date, NaN
    where it is not known. It can be drawn by a process ``beside`` this one (:mod:`..drawing.beside`).
    """
    counts = to_floats(forecast[["hour"]].merge(actuals[["hour", "messages"]], on="hour", how="left")["messages"])
    days, values = cast("list[date]", list(skills.index)), to_floats(skills)
    plot = day.ScorePlot(title, caption, _hours(forecast), _curves(forecast), counts, days, values)
    return draw_beside(day.draw_score, plot) if beside else day.draw_score(plot)


def _hours(table: pd.DataFrame) -> list[datetime]:
    return [hour.to_pydatetime() for hour in table["hour"]]


def _curves(forecast: pd.DataFrame) -> dict[str, Floats]:
    return {name: forecast[name].to_numpy(dtype=float) for name in CURVES}


def _at_same_clock(series: pd.DataFrame, hours: pd.Series) -> Floats:
    """The counts of another day at the clock hours of this one, which may have an hour more or less."""
    counts = dict(zip(series["hour"].dt.hour, to_floats(series["messages"]), strict=True))
    return np.array([counts.get(clock, np.nan) for clock in hours.dt.hour])

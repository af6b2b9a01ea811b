"""A training: the candidates beside each other, and what the chosen model has learnt: week, day, level."""

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.presentation.drawing.style import (
    COUNT,
    EXPECTED,
    FAINT_COUNT,
    FAINT_INK,
    INK,
    LEFT,
    RIGHT,
    draw_bars,
    mark_counts,
    mark_days,
    new_figure,
    new_panel,
    note,
    place_legend,
    shade,
    to_png,
)
from chat_forecast.presentation.plots.series import WEEKDAYS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVEL_DAYS = 42
NAME_CHARACTERS = 24
MEASURES = {"pinball": "pinball loss", "rmse": "RMSE", "deviance": "Poisson deviance"}
"""Column of a comparison -> its name; the first one that is known of any candidate is drawn. Less is better."""


def draw_model(comparison: pd.DataFrame, series: pd.DataFrame, week: pd.DataFrame, title: str, caption: str) -> bytes:
    """Draw a training: how the candidates did, the last daily totals, and what the model expects of a week.

    ``comparison`` has ``forecaster``, ``is_chosen``, ``note`` and, as far as they are known, the numbers of
    :data:`MEASURES`, a row a candidate. ``series`` is what was trained on. ``week`` is the model's forecast (``hour``,
    ``expected``) of the 7 days after it: a model of any kind shows in it what it holds of the days and the hours.
    """
    figure, top = new_figure(title, caption, height=3.9)
    _draw_candidates(figure, comparison, top)
    _draw_level(figure, series, week, top)
    _draw_week(figure, week)
    _draw_day(figure, week)
    return to_png(figure)


def _draw_candidates(figure: "Figure", comparison: pd.DataFrame, top: float) -> None:
    measure = next((name for name in MEASURES if name in comparison and comparison[name].notna().any()), None)
    name = f"candidates: {MEASURES[measure]}, less is better" if measure else "candidates"
    axes = new_panel(figure, 0.2, 0.54, 0.455, top - 0.07)
    figure.text(LEFT, top - 0.06, name, fontsize=8, color=INK, va="bottom")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    values = comparison[measure].to_numpy(dtype=float) if measure else np.full(len(comparison), np.nan)
    is_chosen = comparison["is_chosen"].to_numpy(dtype=bool)
    at = np.arange(len(comparison))
    highest = float(np.nanmax(values)) if measure else 1.0
    axes.barh(at, np.nan_to_num(values), color=np.where(is_chosen, EXPECTED, FAINT_COUNT), height=0.62)
    for place, value, chosen in zip(at, values, is_chosen, strict=True):
        said = ("" if np.isnan(value) else f"{value:.3g}") + (
            " chosen" if chosen else " not compared" if np.isnan(value) else ""
        )
        start = 0.0 if np.isnan(value) else value
        colour = EXPECTED if chosen else INK
        axes.text(start + highest * 0.02, float(place), f" {said.strip()}", va="center", fontsize=7.5, color=colour)
    axes.set_xlim(0, highest * 1.45)
    axes.set_ylim(max(3, len(comparison)) - 0.4, -0.6)
    axes.set_yticks(
        at,
        [
            textwrap.shorten(str(each).replace("_", " "), NAME_CHARACTERS, placeholder=" …")
            for each in comparison["forecaster"]
        ],
    )
    axes.tick_params(axis="y", length=0)


def _draw_level(figure: "Figure", series: pd.DataFrame, week: pd.DataFrame, top: float) -> None:
    axes = new_panel(figure, 0.53, 0.54, RIGHT, top - 0.07, "level: messages a day (orange: as expected)")
    known = daily_totals(series).iloc[-LEVEL_DAYS:]
    coming = _days_of(week)
    days = [*known.index, *coming.index]
    at = np.arange(len(days), dtype=float)
    counts = to_floats(known)
    draw_bars(axes, at[: len(known)], to_floats(known.fillna(0)), COUNT)
    draw_bars(axes, at[len(known) :], to_floats(coming), EXPECTED)
    shade(axes, np.flatnonzero(np.isnan(counts)))
    mark_counts(axes, max(float(np.nanmax(counts, initial=0)), float(coming.max())), steps=3)
    mark_days(axes, days, most=5)
    if not np.nansum(counts) + coming.sum():
        note(axes, "no messages, and none expected")


def _draw_week(figure: "Figure", week: pd.DataFrame) -> None:
    axes = new_panel(figure, LEFT, 0.085, 0.455, 0.4, "week: messages expected on each weekday")
    coming = _days_of(week)
    by_weekday = {day.weekday(): float(total) for day, total in coming.items()}  # type: ignore[attr-defined]  # dates
    draw_bars(axes, np.array(list(by_weekday), dtype=float), np.array(list(by_weekday.values())), EXPECTED, width=0.72)
    axes.set_xlim(-0.6, 6.6)
    for weekday, total in by_weekday.items():
        said = f"{total:.0f}" if total >= 9.95 or total < 0.05 else f"{total:.1f}"
        axes.annotate(said, (weekday, total), (0, 1.5), textcoords="offset points", ha="center", fontsize=7, color=FAINT_INK)
    axes.set_xticks(range(7), WEEKDAYS)
    axes.tick_params(axis="x", length=0)
    mark_counts(axes, coming.max(), room=1.2, steps=3)


def _draw_day(figure: "Figure", week: pd.DataFrame) -> None:
    axes = new_panel(figure, 0.53, 0.085, RIGHT, 0.4, "day: messages expected in an hour")
    is_weekend = week["hour"].dt.day_of_week >= 5
    highest = 0.0
    for name, part, colour, style in (
        ("Mon–Fri", week[~is_weekend], EXPECTED, "-"),
        ("Sat, Sun", week[is_weekend], COUNT, (0, (3, 1.5))),
    ):
        means = part["expected"].groupby(part["hour"].dt.hour).mean()
        axes.plot(means.index, means, color=colour, ls=style, lw=1.5, label=name)
        highest = max(highest, float(means.max()))
    axes.set_xticks(range(0, 24, 3), [f"{hour:02d}:00" for hour in range(0, 24, 3)])
    axes.set_xlim(-0.3, 23.3)
    mark_counts(axes, highest, steps=3)
    place_legend(axes)


def daily_totals(series: pd.DataFrame) -> "pd.Series[int]":
    """The known messages of each local day from the first to the last; NA where no hour of it was read."""
    totals = series.groupby(series["hour"].dt.date)["messages"].sum(min_count=1)
    return totals.reindex(pd.date_range(totals.index[0], totals.index[-1]).date)


def _days_of(week: pd.DataFrame) -> "pd.Series[float]":
    return week.groupby(week["hour"].dt.date)["expected"].sum()

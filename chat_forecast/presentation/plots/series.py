"""A chat's rhythm and its last days: hour × weekday, and the last 14 days hour by hour."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.presentation.drawing.style import (
    COUNT,
    FAINT_INK,
    LEFT,
    MISSING,
    RIGHT,
    UNUSUAL,
    draw_cut,
    mark_counts,
    new_figure,
    new_panel,
    note,
    shade,
    to_png,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RHYTHM_DAYS = 84
"""12 weeks."""
LINE_DAYS = 14
MOST_TIMES = 3.0
"""A count above this many times what nearly all hours have is cut, so that the others can be seen."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def draw_series(series: pd.DataFrame, title: str, caption: str) -> bytes:
    """Draw the mean count of each hour of the week, and the last 14 days as a line; hours never read are hatched.

    ``series`` has ``hour`` (aware, local) and ``messages`` (``Int64``): the :data:`RHYTHM_DAYS` days that end with the
    day shown, or as many of them as there are.
    """
    figure, top = new_figure(title, caption, height=3.7)
    _draw_rhythm(figure, series, top)
    _draw_line(figure, series)
    return to_png(figure)


def mean_by_hour_of_week(series: pd.DataFrame) -> Floats:
    """The mean known count at each clock hour of each weekday, shape ``(7, 24)``; NaN where none is known."""
    known = series[series["messages"].notna()]
    clock = known["hour"].dt.day_of_week.to_numpy() * 24 + known["hour"].dt.hour.to_numpy()
    seen = np.bincount(clock, minlength=168)
    total = np.bincount(clock, known["messages"].to_numpy(dtype=float), minlength=168)
    means: Floats = np.divide(total, seen, out=np.full(168, np.nan), where=seen > 0)
    return means.reshape(7, 24)


def name_days(days: int) -> str:
    """A number of days in words."""
    return f"{days} days" if days != 1 else "1 day"


def _draw_rhythm(figure: "Figure", series: pd.DataFrame, top: float) -> None:
    from matplotlib.colors import PowerNorm

    days = series["hour"].dt.date.nunique()
    span = f"{days // 7} weeks" if days >= 14 else name_days(days)
    means = mean_by_hour_of_week(series)
    unread = " (grey: never read)" if np.isnan(means).any() else ""
    axes = new_panel(figure, LEFT, 0.46, 0.93, top - 0.055, f"mean messages of an hour, last {span}{unread}")
    known = means[np.isfinite(means)]
    # One hour with thousands of messages must not make all others look alike.
    most = max(1.0, float(known.max(initial=0)))
    highest = min(most, max(1.0, MOST_TIMES * float(np.quantile(known, 0.95)))) if known.size else 1.0
    axes.set_facecolor(MISSING)
    image = axes.imshow(means, aspect="auto", cmap="Blues", norm=PowerNorm(0.5, 0, highest), interpolation="nearest")
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks(range(7), WEEKDAYS)
    axes.set_xticks(range(0, 24, 3), [f"{hour:02d}:00" for hour in range(0, 24, 3)])
    axes.tick_params(length=0)
    scale = figure.add_axes((0.94, 0.46, 0.012, top - 0.055 - 0.46))
    figure.colorbar(image, cax=scale, ticks=[0, highest])
    scale.set_yticklabels(["0", f"{highest:.0f}{'+' * (most > highest)}"])
    scale.tick_params(labelsize=7.5, length=0, pad=2)
    scale.spines["outline"].set_visible(False)
    if not known.any():
        note(axes, "no messages in these days" if known.size else "no hour of these days was read")


def _draw_line(figure: "Figure", series: pd.DataFrame) -> None:
    last = series["hour"].iloc[-1].date()
    first = last - timedelta(days=LINE_DAYS - 1)
    shown = series[series["hour"].dt.date >= first].reset_index(drop=True)
    starts = _day_starts(shown["hour"])
    axes = new_panel(figure, LEFT, 0.07, RIGHT, 0.345, f"messages of each hour, last {name_days(len(starts))}")
    counts = to_floats(shown["messages"])
    axes.step(np.arange(len(counts)), counts, where="mid", color=COUNT, lw=1.0)
    axes.fill_between(np.arange(len(counts)), counts, step="mid", color=COUNT, alpha=0.18, lw=0)
    shade(axes, np.flatnonzero(np.isnan(counts)))
    known = counts[np.isfinite(counts)]
    limit = min(known.max(initial=0), max(1.0, MOST_TIMES * float(np.quantile(known, 0.98)))) if known.size else 0.0
    mark_counts(axes, limit, steps=3)
    draw_cut(axes, counts, axes.get_ylim()[1], UNUSUAL)
    axes.set_xticks([place + 12 for place in starts.values()], [f"{WEEKDAYS[d.weekday()]} {d.day}" for d in starts])
    axes.tick_params(axis="x", length=0)
    for place in starts.values():
        axes.axvline(place - 0.5, color=FAINT_INK, lw=0.4, alpha=0.5)
    axes.set_xlim(-0.5, len(counts) - 0.5)
    if np.isnan(counts).all():
        note(axes, "no hour of these days was read")
    elif not np.nansum(counts):
        note(axes, "no messages in these days")


def _day_starts(hours: pd.Series) -> dict[date, int]:
    """The place of each day's first hour."""
    days = hours.dt.date
    return {day: int(place) for place, day in days[~days.duplicated()].items()}

"""A day that is not over: what came so far, beside what was expected at midnight and what is expected now."""

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.presentation.drawing.style import (
    COUNT,
    EXPECTED,
    FAINT_BAND,
    FAINT_COUNT,
    FAINT_INK,
    LEFT,
    RIGHT,
    UNUSUAL,
    draw_bars,
    draw_cut,
    mark_counts,
    mark_hours,
    new_figure,
    new_panel,
    place_legend,
    shade,
    to_png,
)

MOST_TIMES = 3.0
"""A count may make the axes this many times as high as what was expected needs; a higher one is cut, and named."""


def draw_today(table: pd.DataFrame, title: str, caption: str = "") -> bytes:
    """Draw the hours of a day: bars of messages so far, the 80% interval, and what is expected now of the coming ones.

    ``table`` is that of :class:`~chat_forecast.forecasting.today.Today`.
    """
    figure, top = new_figure(title, caption, height=2.7)
    axes = new_panel(figure, LEFT, 0.095, RIGHT, top - 0.055)
    at, counts = np.arange(len(table), dtype=float), to_floats(table["messages"])
    is_coming, is_over = table["is_coming"].to_numpy(dtype=bool), table["is_over"].to_numpy(dtype=bool)
    highest = 1.0
    if table["midnight"].notna().all():
        low = np.where(is_coming, table["low"], table["q10"])
        high = np.where(is_coming, table["high"], table["q90"])
        edges = np.concatenate([[-0.5], at, [len(at) - 0.5]])
        below, above = (np.concatenate([values[:1], values, values[-1:]]) for values in (low, high))
        axes.fill_between(edges, below, above, step="mid", color=FAINT_BAND, lw=0, label="80% interval")
        axes.plot(at, table["midnight"], color=FAINT_INK, lw=1.1, ls=(0, (3, 1.5)), label="expected at midnight")
        axes.plot(at[is_coming], table["expected"][is_coming], color=EXPECTED, lw=1.7, label="expected now")
        highest = float(max(high.max(), table["midnight"].max(), 1.0))
    is_unusual = (table["unusual"] != "").to_numpy()
    limit = max(highest, 4.0) * MOST_TIMES
    shown = np.minimum(np.nan_to_num(counts), limit)
    for chosen, colour, label in (
        (is_over & ~is_unusual, COUNT, "messages"),
        (~is_over & ~is_unusual & ~np.isnan(counts), FAINT_COUNT, "so far"),
        (is_unusual & (np.nan_to_num(counts) > 0), UNUSUAL, "unusual"),
    ):
        if chosen.any():
            draw_bars(axes, at[chosen], shown[chosen], colour, width=0.7, label=label)
    silent = np.flatnonzero((table["unusual"] == "silent").to_numpy())
    if silent.size:
        axes.plot(
            silent, np.zeros(silent.size), lw=0, marker="x", ms=6, mew=1.8, color=UNUSUAL, label="silent", clip_on=False
        )
    draw_cut(axes, counts, limit, UNUSUAL)
    mark_counts(axes, max(highest, float(shown.max(initial=0.0))))
    shade(axes, np.flatnonzero(np.isnan(counts) & ~is_coming), legend=True)
    mark_hours(axes, table["hour"])
    place_legend(axes)
    return to_png(figure)

"""Small pictures of a day, as PNG.

Belongs here: drawing what the pipeline knows, for asset pages and MLflow runs.
Does not belong here: where a picture is shown.
"""

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# One set of colours that reads on a light and on a dark page: every picture brings its own white ground.
ACTUAL = "#1f2937"
EXPECTED = "#c2410c"
BAND = "#fdba74"
COUNT = "#3b82f6"
MISSING = "#e5e7eb"


def draw_counts(series: pd.DataFrame, title: str) -> bytes:
    """Draw the messages of each hour as bars; missing hours are shaded.

    ``series`` has ``hour`` (aware, local) and ``messages`` (``Int64``).
    """
    figure, axes = _canvas(title)
    _bars(axes, series, COUNT, "messages")
    _hour_ticks(axes, series["hour"])
    return _png(figure)


def draw_forecast(forecast: pd.DataFrame, actuals: pd.DataFrame | None, title: str) -> bytes:
    """Draw a day's forecast with its 50 % and 80 % bands, and over it the actual counts where there are any."""
    figure, axes = _canvas(title)
    at = np.arange(len(forecast))
    axes.fill_between(at, forecast["q10"], forecast["q90"], step="mid", color=BAND, alpha=0.45, lw=0, label="80 %")
    axes.fill_between(at, forecast["q25"], forecast["q75"], step="mid", color=BAND, lw=0, label="50 %")
    axes.plot(at, forecast["expected"], color=EXPECTED, lw=1.6, label="expected")
    if actuals is not None:
        counts = actuals["messages"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        axes.plot(at, counts, color=ACTUAL, lw=0, marker="o", ms=4, label="actual")
        _shade_missing(axes, actuals)
    axes.set_ylim(bottom=0)
    _hour_ticks(axes, forecast["hour"])
    axes.legend(loc="upper left", fontsize=7, frameon=False, ncols=4)
    # Room for the legend above the highest point.
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]) * 1.18)
    return _png(figure)


def draw_days(totals: pd.Series, title: str) -> bytes:
    """Draw daily totals (indexed by local date) as bars."""
    figure, axes = _canvas(title)
    at = np.arange(len(totals))
    axes.bar(at, totals.to_numpy(dtype=float), color=COUNT, width=0.8)
    step = max(1, len(totals) // 7)
    axes.set_xticks(at[::step], [f"{day:%d %b}" for day in totals.index[::step]])
    return _png(figure)


def _canvas(title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 2.3), dpi=100, facecolor="white")
    axes = figure.add_axes((0.07, 0.13, 0.91, 0.74))
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=7.5, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    return figure, axes


def _bars(axes: "Axes", series: pd.DataFrame, colour: str, label: str) -> None:
    counts = series["messages"].fillna(0).to_numpy(dtype=float)
    axes.bar(np.arange(len(counts)), counts, color=colour, width=0.85, label=label)
    _shade_missing(axes, series)
    axes.set_ylim(0, max(1.0, counts.max(initial=0) * 1.08))


def _shade_missing(axes: "Axes", series: pd.DataFrame) -> None:
    for at in np.flatnonzero(series["messages"].isna()):
        axes.axvspan(at - 0.5, at + 0.5, color=MISSING, lw=0, zorder=0)


def _hour_ticks(axes: "Axes", hours: pd.Series) -> None:
    at = np.arange(0, len(hours), 3)
    axes.set_xticks(at, [f"{hours.iloc[place]:%H:%M}" for place in at])


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()

"""A day's forecast, and how it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from chat_forecast.presentation.drawing.style import (
    BAND,
    COUNT,
    EXPECTED,
    FAINT_BAND,
    FAINT_INK,
    INK,
    LEFT,
    RIGHT,
    UNUSUAL,
    draw_bars,
    draw_cut,
    mark_counts,
    mark_days,
    mark_hours,
    new_figure,
    new_panel,
    note,
    place_legend,
    shade,
    to_png,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chat_forecast.domain.arrays import Floats

MOST_TIMES = 3.0
"""An actual count may make the axes this many times as high as the forecast needs; a higher one is cut, and named."""
LEAST_SKILL = -1.0
"""The skill axis ends here; a day below it is cut, and marked."""
NAMED_HOURS = 4
"""More unusual hours than these are ringed without their count."""


@dataclass(frozen=True)
class ForecastPlot:
    """What a plot of a day's forecast shows."""

    title: str
    caption: str
    hours: Sequence[datetime]
    """Aware, local."""
    curves: "Mapping[str, Floats]"
    """``expected`` and the quantiles ``q01`` to ``q99``, of each hour."""
    counts: "Floats | None"
    """The actual messages of each hour, or those of the same day a week before; NaN where they are not known."""


@dataclass(frozen=True)
class ScorePlot(ForecastPlot):
    """What a plot of a scored day shows."""

    counts: "Floats"
    days: Sequence[date]
    skills: "Floats"
    """Of each of the days; NaN where it is not known."""


def draw_forecast(plot: ForecastPlot) -> bytes:
    """Draw a day's forecast with its 50% and 80% intervals, and the counts of the same day last week as a thin line."""
    figure, top = new_figure(plot.title, plot.caption, height=2.7)
    axes = new_panel(figure, LEFT, 0.095, RIGHT, top - 0.055)
    highest = _draw_intervals(axes, plot)
    if plot.counts is not None:
        at = np.arange(len(plot.hours))
        axes.plot(at, plot.counts, color=COUNT, lw=1.1, ls=(0, (3, 1.5)), label="same day last week")
        highest = _draw_cut(axes, plot.counts, highest, INK)
    mark_counts(axes, highest)
    mark_hours(axes, plot.hours)
    place_legend(axes)
    return to_png(figure)


def draw_score(plot: ScorePlot) -> bytes:
    """Draw a day's counts over its forecast, hours outside the 98% interval ringed, and the skill of the last days."""
    figure, top = new_figure(plot.title, plot.caption, height=3.6)
    _draw_actuals(figure, plot, top)
    _draw_skill(figure, plot)
    return to_png(figure)


def _draw_intervals(axes: "Axes", plot: ForecastPlot) -> float:
    """The intervals and the expected count; returns the highest value that must be seen."""
    at, curves = np.arange(len(plot.hours)), plot.curves
    edges = np.concatenate([[-0.5], at, [len(at) - 0.5]])

    def whole(name: str) -> "Floats":  # to both ends of the day
        values = curves[name]
        return np.concatenate([values[:1], values, values[-1:]])

    axes.fill_between(edges, whole("q10"), whole("q90"), step="mid", color=FAINT_BAND, lw=0, label="80% interval")
    axes.fill_between(edges, whole("q25"), whole("q75"), step="mid", color=BAND, lw=0, label="50%")
    axes.plot(at, curves["expected"], color=EXPECTED, lw=1.7, label="expected")
    return float(np.nanmax([*curves["q90"], *curves["expected"], 1.0]))


def _draw_cut(axes: "Axes", counts: "Floats", highest: float, colour: str) -> float:
    """How high the axes must be to show the counts; those too high for it get an arrow at the top, and their number."""
    if not np.isfinite(counts).any():
        return highest
    limit = max(highest, 4.0) * MOST_TIMES
    most = float(np.nanmax(counts))
    if most <= limit:
        return max(highest, most)
    draw_cut(axes, counts, limit, colour)
    return limit


def _draw_actuals(figure: "Figure", plot: ScorePlot, top: float) -> None:
    axes = new_panel(figure, LEFT, 0.385, RIGHT, top - 0.055)
    highest = _draw_intervals(axes, plot)
    counts, at = plot.counts, np.arange(len(plot.hours))
    is_outside = (counts < plot.curves["q01"]) | (counts > plot.curves["q99"])
    highest = _draw_cut(axes, counts, highest, UNUSUAL)
    seen = np.where(counts <= highest, counts, np.nan)
    axes.plot(at, seen, color=INK, lw=0, marker="o", ms=3.6, label="actual", clip_on=False, zorder=3)
    if is_outside.any():
        axes.plot(
            at[is_outside], seen[is_outside], lw=0, marker="o", ms=8.5, mfc="none", mec=UNUSUAL, label="outside 98%",
            clip_on=False,
        )  # fmt: skip
    mark_counts(axes, highest, room=1.15)
    if is_outside.sum() <= NAMED_HOURS:
        for place in np.flatnonzero(is_outside & (counts <= highest)):
            side, shift = ("right", -6) if place > len(at) - 3 else ("left", 6)
            axes.annotate(
                f"{counts[place]:.0f}", (place, counts[place]), (shift, 0), textcoords="offset points", ha=side,
                va="center", fontsize=8, color=UNUSUAL,
            )  # fmt: skip
    shade(axes, np.flatnonzero(np.isnan(counts)), legend=True)
    mark_hours(axes, plot.hours)
    place_legend(axes)


def _draw_skill(figure: "Figure", plot: ScorePlot) -> None:
    axes = new_panel(
        figure,
        LEFT,
        0.075,
        RIGHT,
        0.255,
        f"skill of the last {len(plot.days)} days: above 0 is better than the same hour a week before",
    )
    days, values = plot.days, plot.skills
    at = np.arange(len(days), dtype=float)
    is_known = np.isfinite(values)
    shown: Floats = np.clip(np.nan_to_num(values), LEAST_SKILL, 1)
    draw_bars(axes, at, shown, list(np.where(shown >= 0, COUNT, EXPECTED)), width=0.78)
    for place in np.flatnonzero(is_known & (values < LEAST_SKILL)):
        axes.plot([place], [LEAST_SKILL * 0.93], marker="v", ms=3.5, color="white", lw=0)
    # A short dash tells a day without a skill from a skill of 0.
    axes.plot(at[~is_known], np.zeros((~is_known).sum()), lw=0, marker="x", ms=3, color=FAINT_INK)
    axes.axhline(0, color=FAINT_INK, lw=0.8)
    axes.spines["bottom"].set_visible(False)
    least = min(0.0, float(shown.min(initial=0)))
    axes.set_ylim(LEAST_SKILL if least < -0.5 else -0.5 if least < 0 else -0.06, 1)
    axes.set_yticks([tick for tick in (-1, 0, 1) if tick >= axes.get_ylim()[0]])
    mark_days(axes, days)
    if not is_known.any():
        note(axes, "no day with a skill yet")

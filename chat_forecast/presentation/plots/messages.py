"""What was read of a day: its messages by the hour, and which of them were new."""

import numpy as np
import pandas as pd

from chat_forecast.presentation.drawing.style import (
    COUNT,
    FAINT_COUNT,
    LEFT,
    RIGHT,
    draw_bars,
    mark_counts,
    mark_hours,
    new_figure,
    new_panel,
    note,
    place_legend,
    shade,
    to_png,
)

READING_COLUMNS = ("hour", "known", "new", "is_read")
"""``hour``: aware, local; ``known`` and ``new``: messages stored before, and not; ``is_read``: from end to end."""


def draw_reading(hours: pd.DataFrame, title: str, caption: str) -> bytes:
    """Draw the messages of each hour as bars, known ones below and new ones on top; hours not wholly read are hatched.

    ``hours`` has :data:`READING_COLUMNS`, one row an hour of the day.
    """
    figure, top = new_figure(title, caption, height=2.3)
    axes = new_panel(figure, LEFT, 0.11, RIGHT, top - 0.05)
    at = np.arange(len(hours), dtype=float)
    known, new = hours["known"].to_numpy(dtype=float), hours["new"].to_numpy(dtype=float)
    is_read = hours["is_read"].to_numpy(dtype=bool)
    if known.any():
        draw_bars(axes, at, known, COUNT, label="stored before")
    if new.any():
        draw_bars(axes, at, new, FAINT_COUNT, base=known, edge=COUNT, label="new")
    shade(axes, np.flatnonzero(~is_read), legend=True)
    mark_counts(axes, float((known + new).max(initial=0)))
    mark_hours(axes, hours["hour"])
    if axes.get_legend_handles_labels()[0]:
        place_legend(axes)
    if not (known.any() or new.any()):
        note(axes, "no messages" if is_read.any() else "nothing of the day was read")
    return to_png(figure)

"""The plot style: size, colours, type, axes of hours and days, and the PNG.

Belongs here: what all plots have in common.
Does not belong here: what any one plot shows.
"""

import io
import textwrap
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chat_forecast.domain.arrays import Floats


# Every plot brings its own white ground, so that it reads on a light and on a dark page. The colours keep apart for
# people who tell red from green badly; what is meant by a colour is said by a shape or a word too.
INK = "#1f2937"
FAINT_INK = "#6b7280"
GRID = "#e5e7eb"
COUNT = "#3b82f6"
FAINT_COUNT = "#bfdbfe"
EXPECTED = "#c2410c"
BAND = "#fdba74"
FAINT_BAND = "#fee3c4"
UNUSUAL = "#b91c1c"
MISSING = "#d1d5db"
UNREAD: dict[str, Any] = {"facecolor": "none", "edgecolor": "#9ca3af", "hatch": "////", "lw": 0}
"""How a stretch is drawn that was never read."""

DPI = 100
WIDTH = 7.6
"""Inches, as matplotlib counts; the plots are 760 pixels wide."""
LEFT, RIGHT = 0.06, 0.985
COLOURS = 255
"""Of the palette: enough for smooth letters and shades, in a quarter of the bytes of all colours."""
TITLE_SIZE, TITLE_ROOM = 10, 0.97 * WIDTH * DPI
"""In points, of a title that fits into the room, which is in pixels; a longer one is smaller."""
CHARACTERS = 118
"""What fits in a line below a title."""


def new_figure(title: str, caption: str, *, height: float) -> "tuple[Figure, float]":
    """A figure with a title and a caption below it; returns it and how high its panels may reach."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    heading = figure.text(0.012, 1 - 0.07 / height, title, fontsize=TITLE_SIZE, weight="bold", color=INK, va="top")
    FigureCanvasAgg(figure)  # measures texts
    needed = heading.get_window_extent().width
    heading.set_fontsize(TITLE_SIZE * min(1, TITLE_ROOM / needed))
    lines = textwrap.wrap(caption, CHARACTERS, max_lines=2, placeholder=" …")
    figure.text(0.012, 1 - 0.29 / height, "\n".join(lines), fontsize=8, color=FAINT_INK, va="top", linespacing=1.25)
    return figure, 1 - (0.36 + 0.155 * len(lines)) / height


def new_panel(figure: "Figure", left: float, bottom: float, right: float, top: float, name: str = "") -> "Axes":
    """Axes between these fractions of the figure, with horizontal lines only; ``name`` stands above them."""
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    axes.tick_params(labelsize=7.5, length=2, color=FAINT_INK, labelcolor=INK, pad=2)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT_INK)
    axes.grid(visible=True, axis="y", color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    if name:
        axes.set_title(name, fontsize=8, loc="left", pad=3, color=INK)
    return axes


def mark_hours(axes: "Axes", hours: Iterable[datetime]) -> None:
    """Name every third of some aware, local hours below the axes; say where a clock change repeats or skips an hour."""
    hours = list(hours)
    clocks = np.array([hour.hour for hour in hours])
    at = np.flatnonzero(clocks % 3 == 0)
    axes.set_xticks(at, [f"{clocks[place]:02d}:00" for place in at])
    axes.set_xlim(-0.6, len(hours) - 0.4)
    offsets = np.array([(hour.utcoffset() or timedelta()).total_seconds() for hour in hours])
    for place in np.flatnonzero(np.diff(offsets)):
        axes.axvline(place + 0.5, color=FAINT_INK, lw=0.8, ls=(0, (2, 2)))
        axes.annotate(
            " clock change", (place + 0.5, 1), xycoords=("data", "axes fraction"), fontsize=6.5, color=FAINT_INK, va="top"
        )


def mark_days(axes: "Axes", days: Sequence[date], *, most: int = 7) -> None:
    """Name some of the days below the axes, of which each is one wide; the last one always."""
    step = max(1, -(-len(days) // most))
    at = np.arange(len(days) - 1, -1, -step)[::-1]
    axes.set_xticks(at, [f"{days[place]:%-d %b}" for place in at])
    if len(days) > most:
        axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.set_xlim(-0.6, len(days) - 0.4)


def mark_counts(axes: "Axes", highest: float, *, room: float = 1.08, steps: int = 4) -> None:
    """Let the axes begin at 0 and end a little above the highest value, with whole numbers beside them."""
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(0, max(1.0, highest) * room)
    axes.yaxis.set_major_locator(MaxNLocator(steps, integer=True))


def draw_bars(
    axes: "Axes", at: "Floats", heights: "Floats", colours: str | Sequence[str], *, base: "Floats | float" = 0.0,
    width: float = 0.82, edge: str = "none", label: str = "",
) -> None:  # fmt: skip
    """Bars as one shape, which is drawn ten times faster than ``axes.bar`` draws one a bar."""
    from matplotlib.collections import PolyCollection

    left, right, low = at - width / 2, at + width / 2, np.broadcast_to(base, at.shape)
    corners = np.stack([[left, low], [left, low + heights], [right, low + heights], [right, low]]).transpose(2, 0, 1)
    axes.add_collection(PolyCollection(list(corners), facecolor=colours, edgecolor=edge, lw=0.9, label=label), autolim=False)


def draw_cut(axes: "Axes", counts: "Floats", limit: float, colour: str) -> None:
    """An arrow at the top for each count that is too high for axes that end at ``limit``; the highest with its number."""
    cut = np.flatnonzero(np.nan_to_num(counts) > limit)
    for place in cut:
        axes.annotate(
            "", (place, 1), (place, 0.8), xycoords=("data", "axes fraction"), textcoords=("data", "axes fraction"),
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.1, "mutation_scale": 8},
        )  # fmt: skip
    if cut.size:
        highest = cut[np.argmax(counts[cut])]
        side = "right" if highest > len(counts) - 3 else "left" if highest < 2 else "center"
        axes.annotate(
            f"{counts[highest]:.0f}", (highest, 0.79), xycoords=("data", "axes fraction"), ha=side, va="top",
            fontsize=8, color=colour,
        )  # fmt: skip


def shade(axes: "Axes", places: npt.NDArray[np.intp], *, legend: bool = False) -> None:
    """Hatch the places of what was never read, so that it is not taken for quiet."""
    from matplotlib.patches import Rectangle

    # Neighbours become one patch: hatching is slow to draw.
    for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(places) else ():
        patch = Rectangle((run[0] - 0.5, 0), len(run), 1, transform=axes.get_xaxis_transform(), **UNREAD, zorder=1.6)
        axes.add_patch(patch)
        patch.set_label("_")
    if len(places) and legend:
        axes.add_patch(Rectangle((0, 0), 0, 0, label="not read", **UNREAD))


def note(axes: "Axes", text: str) -> None:
    """Say something in the middle of axes that have nothing else to show."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, fontsize=8.5, color=FAINT_INK, ha="center", va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
    )  # fmt: skip


def place_legend(axes: "Axes", *, above: float = 1.0) -> None:
    """A legend in one line above the axes, at their right."""
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.005, above - 0.01), fontsize=7.5, frameon=False, ncols=6, borderpad=0,
        handlelength=1.3, columnspacing=1.1, handletextpad=0.5, labelcolor=INK, borderaxespad=0.25,
    )  # fmt: skip


def to_png(figure: "Figure") -> bytes:
    """The figure as a PNG with a small palette: a quarter of the size of one with all colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no types there
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # the same
    image = Image.fromarray(pixels).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()

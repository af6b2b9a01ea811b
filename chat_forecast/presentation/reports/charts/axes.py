"""What the charts share: colours, axes, layers, and the frame of a specification.

Belongs here: axes of numbered places and of counts, marks that several charts have, what the pointer shows.
Does not belong here: any one chart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import pandas as pd
from altair.utils import schemapi

from chat_forecast.presentation.phrases.catalogue import Phrases

Spec = dict[str, Any]

BAND = "var(--band)"
INNER_BAND = "var(--band-inner)"
EXPECTED = "var(--expected)"
ACTUAL = "var(--actual)"
BEFORE = "var(--before)"
COUNT = "var(--count)"
MISSING = "var(--missing)"
CHANGED = "var(--ink-2)"
BETTER = "var(--better)"
WORSE = "var(--worse)"
HOVER = "var(--hover)"

HEADROOM = 1.04
LOWEST_SKILL = -1.0
"""Bars of worse days end here; the figure itself is in their tooltip."""


@dataclass(frozen=True)
class Axes:
    """What all layers of a chart share: numbered places from left to right, and a height."""

    places: int
    labels: list[str]
    """Beside each place's left edge; the axis looks them up."""
    x_axis: alt.Axis
    y_axis: alt.Axis
    y_scale: alt.Scale

    def x(self, name: str) -> alt.X:
        """The places from left to right, by a field of the rows."""
        return alt.X(f"{name}:Q", axis=self.x_axis, scale=alt.Scale(domain=[0, self.places], nice=False))

    def y(self, name: str) -> alt.Y:
        """The height, by a field of the rows."""
        return alt.Y(f"{name}:Q", axis=self.y_axis, scale=self.y_scale)


def hour_axes(phrases: Phrases, hours: "pd.Series[pd.Timestamp]", highest: float) -> Axes:
    """The hours of a day, numbered, with what the clocks show as labels; and counts up to the highest that is drawn."""
    labels = [f"{hour:%H:%M}" for hour in hours] + ["24:00"]
    # Every third full hour, also where a clock change moves them.
    at = [place for place, label in enumerate(labels) if int(label[:2]) % 3 == 0 and label not in labels[:place]]
    axis = _place_axis(at, "labels[datum.value]")
    return Axes(len(hours), labels, axis, count_axis(phrases("hour.axis")), count_scale(highest))


def day_axes(phrases: Phrases, scores: pd.DataFrame, title: str, y_scale: alt.Scale, *, is_share: bool = False) -> Axes:
    """Scored days, numbered; the newest one and every seventh before it are labelled, or all of a few."""
    labels = [phrases.date(date.fromisoformat(day), "short") for day in scores["day"]]
    at = [place + 0.5 for place in range(len(labels) - 1, -1, -1 if len(labels) < 8 else -7)]
    axis = _place_axis(at[::-1], "labels[floor(datum.value)]")
    return Axes(len(labels), labels, axis, count_axis(title, is_share=is_share), y_scale)


def count_scale(highest: float) -> alt.Scale:
    """A scale of counts from 0 up.

    Its end is given: found from the rows it would be infinite until they are there, of which Vega warns in the console.
    """
    return alt.Scale(domain=[0, max(1.0, highest) * HEADROOM], nice=True)


def count_axis(title: str, *, is_share: bool = False) -> alt.Axis:
    """A height's axis, with its title above it: beside it there is no room on a phone."""
    return alt.Axis(
        title=title,
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleBaseline="bottom",
        titleX=0,
        titleY=-10,
        tickMinStep=0.5 if is_share else 1,
        tickCount=4 if is_share else 5,
        format=".0%" if is_share else ",.0f",
        domain=False,
        ticks=False,
        aria=False,
    )


def _place_axis(at: Sequence[float], label: str) -> alt.Axis:
    return alt.Axis(title=None, values=list(at), labelExpr=label, grid=False, aria=False, labelOverlap="parity")


def interval_bands(axes: Axes) -> list[alt.Chart]:
    """The 80% interval, the 50% interval in it, and the expectation, an hour each."""
    outer = alt.Chart().mark_rect(color=BAND, cornerRadius=2, aria=False)
    inner = alt.Chart().mark_rect(color=INNER_BAND, cornerRadius=2, aria=False)
    return [
        outer.encode(x=axes.x("left"), x2="right", y=axes.y("q10"), y2="q90"),
        inner.encode(x=axes.x("left"), x2="right", y=axes.y("q25"), y2="q75"),
        level(axes, "expected", EXPECTED),
    ]


def bars(axes: Axes, name: str, *, opacity: float = 1.0) -> alt.Chart:
    """A bar from 0 up at each place."""
    drawn: alt.Chart = (
        alt.Chart()
        .mark_rect(color=COUNT, opacity=opacity, aria=False)
        .encode(x=axes.x("left"), x2="right", y=axes.y(name), y2=alt.datum(0))
    )
    return drawn


def level(axes: Axes, name: str, colour: str) -> alt.Chart:
    """A short horizontal line at a height."""
    line = alt.Chart().mark_rule(color=colour, strokeWidth=2.5, strokeCap="round", aria=False)
    encoded: alt.Chart = line.encode(x=axes.x("left"), x2="right", y=axes.y(name))
    return encoded


def dots(axes: Axes, name: str, colour: str, *, is_hollow: bool = False) -> alt.Chart:
    """A dot in the middle of each place."""
    fill = "transparent" if is_hollow else colour
    drawn = alt.Chart().mark_point(stroke=colour, fill=fill, size=34, strokeWidth=1.6, opacity=1, aria=False)
    encoded: alt.Chart = drawn.encode(x=axes.x("middle"), y=axes.y(name))
    return encoded


def hover(axes: Axes, shown: list[alt.Tooltip]) -> alt.Chart:
    """Shade what the pointer is on, from top to bottom, and show its figures."""
    opacity = alt.condition(hovered(), alt.value(1), alt.value(0), empty=False)
    shade = alt.Chart().mark_rect(color=HOVER, aria=False)
    encoded: alt.Chart = shade.encode(x=axes.x("from"), x2="to", tooltip=shown, opacity=opacity)
    return encoded.add_params(hovered())


def hovered() -> alt.Parameter:
    """What the pointer is on."""
    return alt.selection_point(name="hovered", on="pointerover", clear="pointerout")


def tooltips(phrases: Phrases, fields: dict[str, str]) -> list[alt.Tooltip]:
    """What the pointer shows: field of the rows -> key of its name, in the table ``hour`` if none is given."""
    keys = {name: key if "." in key else f"hour.{key}" for name, key in fields.items()}
    return [alt.Tooltip(f"{name}:N", title=phrases(key)) for name, key in keys.items()]


def over_places(axes: Axes, layers: Sequence[alt.Chart], rows: list[Spec], *, height: int) -> Spec:
    """A chart of layers over numbered places, with a little air between them."""
    air = 0.07 if axes.places > 7 else 0.15
    for row in rows:
        row |= {"left": row["from"] + air, "right": row["to"] - air, "middle": row["from"] + 0.5}
    chart = alt.layer(*layers).add_params(alt.param(name="labels", value=axes.labels))
    return specification(chart, rows, height=height)


def specification(chart: "alt.Chart | alt.LayerChart | alt.FacetChart", rows: list[Spec], *, height: int) -> Spec:
    """A chart as a specification with its rows, in the page's colours and type."""
    made = chart.properties(data=alt.NamedData("rows"), width="container", height=height).configure(
        background="transparent",
        font="system-ui, sans-serif",
        padding={"left": 2, "right": 8, "top": 6, "bottom": 2},
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        axis=alt.AxisConfig(
            labelColor="var(--ink-2)",
            titleColor="var(--ink-2)",
            gridColor="var(--rule)",
            domainColor="var(--rule)",
            tickColor="var(--rule)",
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        ),
        view=alt.ViewConfig(stroke=None),
    )
    spec: Spec = made.to_dict(validate=schemapi.DEBUG_MODE)
    # Put in afterwards: Altair would copy and check every row many times over.
    return {**spec, "datasets": {**spec.get("datasets", {}), "rows": rows}}

"""What the charts over hours and days share: numbered places, counts upwards, and marks that several charts have.

Belongs here: axes of numbered places and of counts, and what is drawn at a place.
Does not belong here: any one chart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.grammar import (
    BAND,
    COUNT,
    EXPECTED,
    INNER_BAND,
    POINTED_AT,
    ZERO,
    Spec,
    field,
    hover,
    layer,
    layered,
    mark,
)

HEADROOM = 1.04
LOWEST_SKILL = -1.0
"""Bars of worse days end here; the figure itself is in their tooltip."""


@dataclass(frozen=True)
class Axes:
    """What all layers of a chart share: numbered places from left to right, and a height."""

    places: int
    labels: list[str]
    """Beside each place's left edge; the axis looks them up."""
    x_axis: Spec
    y_axis: Spec
    y_scale: Spec

    def x(self, name: str) -> Spec:
        """The places from left to right, by a field of the rows."""
        return field(name, axis=self.x_axis, scale={"domain": [0, self.places], "nice": False})

    def y(self, name: str) -> Spec:
        """The height, by a field of the rows."""
        return field(name, axis=self.y_axis, scale=self.y_scale)


def hour_axes(phrases: Phrases, hours: "pd.Series[pd.Timestamp]", highest: float) -> Axes:
    """The hours of a day, numbered, with what the clocks show as labels; and counts up to the highest that is drawn."""
    labels = [f"{hour:%H:%M}" for hour in hours] + ["24:00"]
    # Every third full hour, also where a clock change moves them.
    at = [place for place, label in enumerate(labels) if int(label[:2]) % 3 == 0 and label not in labels[:place]]
    axis = _place_axis(at, "labels[datum.value]")
    return Axes(len(hours), labels, axis, count_axis(phrases("hour.axis")), count_scale(highest))


def day_axes(phrases: Phrases, scores: pd.DataFrame, title: str, y_scale: Spec, *, is_share: bool = False) -> Axes:
    """Scored days, numbered; the newest one and every seventh before it are labelled, or all of a few."""
    labels = [phrases.date(date.fromisoformat(day), "short") for day in scores["day"]]
    at = [place + 0.5 for place in range(len(labels) - 1, -1, -1 if len(labels) < 8 else -7)]
    axis = _place_axis(at[::-1], "labels[floor(datum.value)]")
    return Axes(len(labels), labels, axis, count_axis(title, is_share=is_share), y_scale)


def count_scale(highest: float) -> Spec:
    """A scale of counts from 0 up.

    Its end is given: found from the rows it would be infinite until they are there, of which Vega warns in the console.
    """
    return {"domain": [0, max(1.0, highest) * HEADROOM], "nice": True}


def count_axis(title: str, *, is_share: bool = False) -> Spec:
    """A height's axis, with its title above it: beside it there is no room on a phone."""
    return {
        "aria": False,
        "domain": False,
        "format": ".0%" if is_share else ",.0f",
        "tickCount": 4 if is_share else 5,
        "tickMinStep": 0.5 if is_share else 1,
        "ticks": False,
        "title": title,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleAngle": 0,
        "titleBaseline": "bottom",
        "titleX": 0,
        "titleY": -10,
    }


def _place_axis(at: Sequence[float], label: str) -> Spec:
    return {
        "aria": False,
        "grid": False,
        "labelExpr": label,
        "labelOverlap": "parity",
        "title": None,
        "values": list(at),
    }


def interval_bands(axes: Axes) -> list[Spec]:
    """The 80% interval, the 50% interval in it, and the expectation, an hour each."""
    outer, inner = (mark("rect", color=colour, cornerRadius=2) for colour in (BAND, INNER_BAND))
    left, right = axes.x("left"), {"field": "right"}
    return [
        layer(outer, x=left, x2=right, y=axes.y("q10"), y2={"field": "q90"}),
        layer(inner, x=left, x2=right, y=axes.y("q25"), y2={"field": "q75"}),
        level(axes, "expected", EXPECTED),
    ]


def bars(axes: Axes, name: str, *, opacity: float = 1.0) -> Spec:
    """A bar from 0 up at each place."""
    return layer(
        mark("rect", color=COUNT, opacity=opacity), x=axes.x("left"), x2={"field": "right"}, y=axes.y(name), y2=ZERO
    )


def level(axes: Axes, name: str, colour: str) -> Spec:
    """A short horizontal line at a height."""
    line = mark("rule", color=colour, strokeCap="round", strokeWidth=2.5)
    return layer(line, x=axes.x("left"), x2={"field": "right"}, y=axes.y(name))


def dots(axes: Axes, name: str, colour: str, *, is_hollow: bool = False) -> Spec:
    """A dot in the middle of each place."""
    fill = "transparent" if is_hollow else colour
    drawn = mark("point", fill=fill, opacity=1, size=34, stroke=colour, strokeWidth=1.6)
    return layer(drawn, x=axes.x("middle"), y=axes.y(name))


def over_places(axes: Axes, layers: Sequence[Spec], shown: list[Spec], rows: list[Spec], *, height: int) -> Spec:
    """A chart of layers over numbered places, with a little air between them; the pointer shows what is ``shown``."""
    air = 0.07 if axes.places > 7 else 0.15
    for row in rows:
        row |= {"left": row["from"] + air, "right": row["to"] - air, "middle": row["from"] + 0.5}
    parameters = [POINTED_AT, {"name": "labels", "value": axes.labels}]
    return layered([*layers, hover(shown, axes.x("from"), "to")], rows, height=height, parameters=parameters)

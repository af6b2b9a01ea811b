"""The page's charts as Vega-Lite specifications, made with Altair.

Belongs here: what is drawn, and how.
Does not belong here: the numbers (:mod:`.facts`), the page around a chart (:mod:`.page`).

Colours are the page's own CSS variables, so that a chart follows the page into the dark theme and onto paper without
being drawn again. Times are drawn as what the chat's clocks show, whatever zone the reader is in. Marks are hidden from
screen readers, which get the chart's description and the table below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.reports.facts import Facts, Tomorrow, Yesterday
from chat_forecast.presentation.reports.phrases import Words

Spec = dict[str, Any]

BAND = "var(--band)"
INNER_BAND = "var(--band-inner)"
EXPECTED = "var(--expected)"
ACTUAL = "var(--actual)"
BEFORE = "var(--before)"
COUNT = "var(--count)"
MEAN = "var(--expected)"
MISSING = "var(--missing)"
BETTER = "var(--better)"
WORSE = "var(--worse)"
HOVER = "var(--hover)"

HISTORY_SHOWN_DAYS = 90
DAY_MS = 86_400_000
OVERVIEW_FROM_DAYS = 45
"""A shorter history is shown whole, without an overview to choose from."""
LOWEST_SKILL = -1.0
"""Bars of worse days end here; the figure itself is in their tooltip."""


def tomorrow(words: Words, facts: Tomorrow) -> Spec:
    """The forecast of a day: intervals, expectation, the same hours a week before."""
    rows = [
        {
            "from": place,
            "to": place + 1,
            "label": clock_hour(facts.hours["hour"], facts.day, place),
            "expected": round(row["expected"], 2),
            **{name: row[name] for name in ("q10", "q25", "q75", "q90")},
            "before": None if pd.isna(row["week_before"]) else int(row["week_before"]),
            "said": words.about(row["expected"]),
            "half": words("hour.interval", low=row["q25"], high=row["q75"]),
            "most": words("hour.interval", low=row["q10"], high=row["q90"]),
        }
        for place, row in enumerate(facts.hours.to_dict("records"))
    ]
    axes = _hour_axes(words, facts.hours["hour"])
    said = {"label": "name", "said": "expected", "half": "half", "most": "most", "before": "week_before"}
    layers = [*_bands(axes), _dots(axes, "before", BEFORE, is_hollow=True), _hover(axes, _tooltips(words, said))]
    return _drawn(axes, layers, rows, height=280)


def yesterday(words: Words, facts: Yesterday) -> Spec:
    """A day's counts, over the forecast made for it if there was one."""
    rows = []
    for place, row in enumerate(facts.hours.to_dict("records")):
        is_known = not pd.isna(row["messages"])
        entry: dict[str, object] = {
            "from": place,
            "to": place + 1,
            "label": clock_hour(facts.hours["hour"], facts.day, place),
            "actual": int(row["messages"]) if is_known else None,
            "came": words.number(row["messages"]) if is_known else words("hour.missing"),
            "is_missing": not is_known,
        }
        if facts.has_forecast:
            is_unusual = is_known and not row["q01"] <= row["messages"] <= row["q99"]
            entry |= {name: row[name] for name in ("q10", "q25", "q75", "q90")}
            entry |= {
                "expected": round(row["expected"], 2),
                "unusual": int(row["messages"]) if is_unusual else None,
                "said": words.about(row["expected"]),
                "most": words("hour.interval", low=row["q10"], high=row["q90"]),
                "widest": words("hour.interval", low=row["q01"], high=row["q99"]),
            }
        rows.append(entry)
    axes = _hour_axes(words, facts.hours["hour"])
    said = {"label": "name", "came": "actual"}
    missing = alt.Chart().transform_filter("datum.is_missing").mark_rect(color=MISSING, aria=False)
    layers = [missing.encode(x=axes.x("from"), x2="to")]
    if facts.has_forecast:
        said |= {"said": "expected", "most": "most", "widest": "widest"}
        layers += [*_bands(axes), _dots(axes, "actual", ACTUAL)]
        if len(facts.unusual):
            ring = alt.Chart().mark_point(color=WORSE, size=170, strokeWidth=2, opacity=1, aria=False)
            layers.append(ring.encode(x=axes.x("middle"), y=axes.y("unusual")))
    else:
        bars = alt.Chart().mark_rect(color=COUNT, aria=False)
        layers.append(bars.encode(x=axes.x("left"), x2="right", y=axes.y("actual"), y2=alt.datum(0)))
    return _drawn(axes, [*layers, _hover(axes, _tooltips(words, said))], rows, height=280)


def month_totals(words: Words, scores: pd.DataFrame) -> Spec:
    """Messages a day beside what was expected."""
    rows = [
        {
            "from": place,
            "to": place + 1,
            "label": words.date(date.fromisoformat(row["day"]), "full"),
            "actual": int(row["messages"]),
            "expected": round(row["expected_total"], 1),
            "said": words.about(row["expected_total"]),
        }
        for place, row in enumerate(scores.to_dict("records"))
    ]
    axes = _day_axes(words, scores, words("month.daily_axis"))
    bars = alt.Chart().mark_rect(color=COUNT, opacity=0.75, aria=False)
    layers = [
        bars.encode(x=axes.x("left"), x2="right", y=axes.y("actual"), y2=alt.datum(0)),
        _level(axes, "expected", EXPECTED),
        _hover(axes, _tooltips(words, {"label": "month.day", "actual": "actual", "said": "expected"})),
    ]
    return _drawn(axes, layers, rows, height=200)


def month_skill(words: Words, scores: pd.DataFrame) -> Spec:
    """The skill of each day, above or below zero."""
    rows = [
        {
            "from": place,
            "to": place + 1,
            "label": words.date(date.fromisoformat(row["day"]), "full"),
            "skill": None if pd.isna(row["skill"]) else max(LOWEST_SKILL, round(row["skill"], 3)),
            "said": "–" if pd.isna(row["skill"]) else words.percent(row["skill"], signed=True),
            "inside": words.percent(row["coverage_80"]),
        }
        for place, row in enumerate(scores.to_dict("records"))
    ]
    axes = _day_axes(words, scores, words("month.skill_axis"), is_share=True)
    colour = alt.condition("datum.skill < 0", alt.value(WORSE), alt.value(BETTER))
    bars = alt.Chart().mark_rect(aria=False)
    zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(color="var(--ink-2)", aria=False)
    said = {"label": "month.day", "said": "month.skill", "inside": "month.coverage"}
    layers = [
        bars.encode(x=axes.x("left"), x2="right", y=axes.y("skill"), y2=alt.datum(0), color=colour),
        zero.encode(y=axes.y("zero")),
        _hover(axes, _tooltips(words, said)),
    ]
    return _drawn(axes, layers, rows, height=150)


def history(words: Words, days: pd.DataFrame) -> Spec:
    """Messages of each day with their mean over 7 days, between the instants ``shown_from`` and ``shown_to``."""
    rows = _daily_rows(words, days)
    end = _instant(days["day"].iloc[-1]) + DAY_MS
    begin = max(rows[0]["day"], end - HISTORY_SHOWN_DAYS * DAY_MS)
    parameters = [alt.param(name="shown_from", value=begin), alt.param(name="shown_to", value=end)]
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", domain=alt.ExprRef("[shown_from, shown_to]"), nice=False),
        axis=_time_axis(words),
    )
    y_axis = _count_axis(words("month.daily_axis"))
    y = alt.Y("messages:Q", axis=y_axis)
    said = [alt.Tooltip("label:N", title=words("month.day")), alt.Tooltip("said:N", title=words("hour.messages"))]
    layers = [
        alt.Chart()
        .transform_filter("datum.messages === null")
        .mark_rect(color=MISSING, clip=True, aria=False)
        .encode(x=x, x2="end"),
        alt.Chart().mark_rect(color=COUNT, opacity=0.55, clip=True, aria=False).encode(x=x, x2="end", y=y, y2=alt.datum(0)),
        alt.Chart()
        .mark_line(color=MEAN, strokeWidth=2, clip=True, aria=False, invalid="break-paths-show-path-domains")
        .encode(x=x, y=alt.Y("mean:Q", axis=y_axis)),
        alt.Chart()
        .mark_rect(color=HOVER, clip=True, aria=False)
        .encode(x=x, x2="end", tooltip=said, opacity=alt.condition(_hovered(), alt.value(1), alt.value(0), empty=False))
        .add_params(_hovered()),
    ]
    # Only what is shown decides the height of the scale.
    shown = alt.layer(*layers).transform_filter("datum.end > shown_from && datum.day < shown_to")
    return _spec(shown.add_params(*parameters), rows, height=260)


def overview(words: Words, days: pd.DataFrame) -> Spec:
    """The whole history, small; the interval ``range`` chosen on it is what :func:`history` shows."""
    rows = [{name: row[name] for name in ("day", "messages")} for row in _daily_rows(words, days)]
    end = rows[-1]["day"] + DAY_MS
    begin = max(rows[0]["day"], end - HISTORY_SHOWN_DAYS * DAY_MS)
    brush = alt.selection_interval(
        name="range",
        encodings=["x"],
        value={"x": [begin, end]},
        mark=alt.BrushConfig(fill=EXPECTED, fillOpacity=0.18, stroke=EXPECTED, strokeOpacity=0.9),
        zoom=False,
    )
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", domain=alt.ExprRef(f"[{rows[0]['day']}, {end}]"), nice=False),
        axis=_time_axis(words),
    )
    area = alt.Chart().mark_area(
        color=COUNT, opacity=0.7, interpolate="step-after", aria=False, invalid="break-paths-show-path-domains"
    )
    y = alt.Y("messages:Q", axis=None, stack=False)
    return _spec(area.encode(x=x, y=y).add_params(brush), rows, height=56)


def heat(words: Words, facts: Facts) -> Spec:
    """Mean messages by weekday and hour: the darker, the more."""
    names = words.weekdays()
    rows = [
        {
            "weekday": names[int(row["weekday"])],
            "hour": int(row["hour"]),
            "mean": round(row["mean"], 3),
            "label": f"{row['hour']:02.0f}:00",
            "said": words.about(row["mean"]),
        }
        for row in facts.heat.to_dict("records")
    ]
    said = {"weekday": "heat.weekday", "label": "name", "said": "heat.mean"}
    axis = alt.Axis(
        title=None, values=list(range(0, 24, 3)), labelExpr="(datum.value < 10 ? '0' : '') + datum.value + ':00'",
        labelAngle=0, labelAlign="center", ticks=False, domain=False, aria=False,
    )  # fmt: skip
    chart = (
        alt.Chart()
        .mark_rect(color=COUNT, stroke="var(--page)", strokeWidth=1, aria=False)
        .encode(
            x=alt.X("hour:O", scale=alt.Scale(domain=list(range(24))), axis=axis),
            y=alt.Y(
                "weekday:O",
                sort=list(names.values()),
                scale=alt.Scale(domain=list(names.values())),
                axis=alt.Axis(title=None, ticks=False, domain=False, aria=False),
            ),
            fillOpacity=alt.FillOpacity("mean:Q", scale=alt.Scale(type="sqrt", range=[0.04, 1], domainMin=0), legend=None),
            tooltip=_tooltips(words, said),
        )
    )
    return _spec(chart, rows, height=7 * 26)


def clock_hour(hours: "pd.Series[pd.Timestamp]", day: LocalDay, place: int) -> str:
    """When an hour of a day begins and ends, as the chat's clocks show it; 24:00 is the end of the day."""
    end = hours.iloc[place + 1] if place + 1 < len(hours) else day.end.tz_convert(day.timezone)
    return f"{hours.iloc[place]:%H:%M}–{'24:00' if place + 1 == len(hours) else format(end, '%H:%M')}"


@dataclass(frozen=True)
class _Axes:
    """What all layers of a chart share: numbered places from left to right, and a height."""

    places: int
    labels: list[str]
    """Beside each place's left edge; the axis looks them up."""
    x_axis: alt.Axis
    y_axis: alt.Axis
    y_scale: alt.Scale

    def x(self, name: str) -> alt.X:
        return alt.X(f"{name}:Q", axis=self.x_axis, scale=alt.Scale(domain=[0, self.places], nice=False))

    def y(self, name: str) -> alt.Y:
        return alt.Y(f"{name}:Q", axis=self.y_axis, scale=self.y_scale)


def _hour_axes(words: Words, hours: "pd.Series[pd.Timestamp]") -> _Axes:
    """The hours of a day, numbered; their labels are what the clocks show."""
    labels = [f"{hour:%H:%M}" for hour in hours] + ["24:00"]
    # Every third full hour, also where a clock change moves them.
    at = [place for place, label in enumerate(labels) if int(label[:2]) % 3 == 0 and label not in labels[:place]]
    axis = _place_axis(at, "labels[datum.value]")
    return _Axes(len(hours), labels, axis, _count_axis(words("hour.axis")), alt.Scale(domainMin=0))


def _day_axes(words: Words, scores: pd.DataFrame, title: str, *, is_share: bool = False) -> _Axes:
    """Scored days, numbered; the newest one and every seventh before it are labelled, or all of a few."""
    labels = [words.date(date.fromisoformat(day), "short") for day in scores["day"]]
    at = [place + 0.5 for place in range(len(labels) - 1, -1, -1 if len(labels) < 8 else -7)]
    axis = _place_axis(at[::-1], "labels[floor(datum.value)]")
    scale = alt.Scale(domain=[LOWEST_SKILL, 1.0]) if is_share else alt.Scale(domainMin=0)
    return _Axes(len(labels), labels, axis, _count_axis(title, is_share=is_share), scale)


def _place_axis(at: Sequence[float], label: str) -> alt.Axis:
    return alt.Axis(title=None, values=list(at), labelExpr=label, grid=False, aria=False, labelOverlap="parity")


def _count_axis(title: str, *, is_share: bool = False) -> alt.Axis:
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


def _bands(axes: _Axes) -> list[alt.Chart]:
    """The 80 % interval, the 50 % interval in it, and the expectation, an hour each."""
    outer = alt.Chart().mark_rect(color=BAND, cornerRadius=2, aria=False)
    inner = alt.Chart().mark_rect(color=INNER_BAND, cornerRadius=2, aria=False)
    return [
        outer.encode(x=axes.x("left"), x2="right", y=axes.y("q10"), y2="q90"),
        inner.encode(x=axes.x("left"), x2="right", y=axes.y("q25"), y2="q75"),
        _level(axes, "expected", EXPECTED),
    ]


def _level(axes: _Axes, name: str, colour: str) -> alt.Chart:
    """A short horizontal line at a height."""
    line = alt.Chart().mark_rule(color=colour, strokeWidth=2.5, strokeCap="round", aria=False)
    encoded: alt.Chart = line.encode(x=axes.x("left"), x2="right", y=axes.y(name))
    return encoded


def _dots(axes: _Axes, name: str, colour: str, *, is_hollow: bool = False) -> alt.Chart:
    fill = "transparent" if is_hollow else colour
    dots = alt.Chart().mark_point(stroke=colour, fill=fill, size=34, strokeWidth=1.6, opacity=1, aria=False)
    encoded: alt.Chart = dots.encode(x=axes.x("middle"), y=axes.y(name))
    return encoded


def _hover(axes: _Axes, tooltips: list[alt.Tooltip]) -> alt.Chart:
    """Shade what the pointer is on, from top to bottom, and tell its figures."""
    hovered = _hovered()
    opacity = alt.condition(hovered, alt.value(1), alt.value(0), empty=False)
    shade = alt.Chart().mark_rect(color=HOVER, aria=False)
    encoded: alt.Chart = shade.encode(x=axes.x("from"), x2="to", tooltip=tooltips, opacity=opacity)
    return encoded.add_params(hovered)


def _hovered() -> alt.Parameter:
    return alt.selection_point(name="hovered", on="pointerover", clear="pointerout")


def _tooltips(words: Words, fields: dict[str, str]) -> list[alt.Tooltip]:
    keys = {name: key if "." in key else f"hour.{key}" for name, key in fields.items()}
    return [alt.Tooltip(f"{name}:N", title=words(key)) for name, key in keys.items()]


def _time_axis(words: Words) -> alt.Axis:
    day = "%-d %b" if words.is_day_first else "%b %-d"
    formats = {"year": "%Y", "quarter": "%B", "month": "%B", "week": day, "date": day, "hours": "%H:%M", "minutes": "%H:%M"}
    return alt.Axis(title=None, format=formats, labelOverlap="parity", labelBound=True, grid=False, tickCount=6, aria=False)


def _daily_rows(words: Words, days: pd.DataFrame) -> list[Spec]:
    means = days["messages"].astype("Float64").astype(float).rolling(7, min_periods=4).mean()
    return [
        {
            "day": _instant(day),
            "end": _instant(day) + DAY_MS,
            "messages": None if pd.isna(count) else int(count),
            "mean": None if pd.isna(mean) or pd.isna(count) else round(mean, 1),
            "label": words.date(day, "full"),
            "said": words("hour.missing") if pd.isna(count) else words.number(count),
        }
        for day, count, mean in zip(days["day"], days["messages"], means, strict=True)
    ]


def _instant(day: date) -> int:
    """Milliseconds since 1970 of a date's midnight, as if it were in UTC: the charts' scales are."""
    return int(pd.Timestamp(day).timestamp() * 1000)


def _drawn(axes: _Axes, layers: Sequence[alt.Chart], rows: list[Spec], *, height: int) -> Spec:
    """A chart of layers over numbered places, with a little air between them."""
    air = 0.07 if axes.places > 7 else 0.15
    for row in rows:
        row |= {"left": row["from"] + air, "right": row["to"] - air, "middle": row["from"] + 0.5}
    chart = alt.layer(*layers).add_params(alt.param(name="labels", value=axes.labels))
    return _spec(chart, rows, height=height)


def _spec(chart: "alt.Chart | alt.LayerChart | alt.FacetChart", rows: list[Spec], *, height: int) -> Spec:
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
    spec: Spec = made.to_dict()
    # Put in afterwards: Altair would copy and check every row many times over.
    return {**spec, "datasets": {**spec.get("datasets", {}), "rows": rows}}

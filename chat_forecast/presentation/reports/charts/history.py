"""The charts of a chat's history: its days, an overview to choose a range from, and the week by the hour."""

from collections.abc import Collection
from datetime import date

import altair as alt
import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.axes import (
    CHANGED,
    COUNT,
    EXPECTED,
    HOVER,
    MISSING,
    Spec,
    count_axis,
    hovered,
    specification,
    tooltips,
)

HISTORY_SHOWN_DAYS = 90
DAY_MS = 86_400_000
OVERVIEW_FROM_DAYS = 45
"""A shorter history is shown whole, without an overview to choose from."""


def draw_history(phrases: Phrases, days: pd.DataFrame, changed: Collection[date] = ()) -> Spec:
    """Messages of each day with their mean over 7 days, between the instants ``shown_from`` and ``shown_to``.

    A line stands at the beginning of each day of ``changed``.

    The counts' scale ends at ``highest``, which the page sets together with the range: left to find it, Vega warns in the
    console of ranges in which no day was read.
    """
    rows = _daily_rows(phrases, days)
    for row in rows:
        row |= {"changed": 1} if row["day"] in {_instant(day) for day in changed} else {}
    begin, end = _shown_at_first(rows)
    highest = max([1, *(row["messages"] or 0 for row in rows if row["end"] > begin)])
    shown_range = {"shown_from": begin, "shown_to": end, "highest": highest}
    parameters = [alt.param(name=name, value=value) for name, value in shown_range.items()]
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", domain=alt.ExprRef("[shown_from, shown_to]"), nice=False),
        axis=_time_axis(phrases),
    )
    y_axis = count_axis(phrases("month.daily_axis"))
    y_scale = alt.Scale(domain=alt.ExprRef("[0, highest]"), nice=True)
    y = alt.Y("messages:Q", axis=y_axis, scale=y_scale)
    said = [alt.Tooltip("label:N", title=phrases("month.day")), alt.Tooltip("said:N", title=phrases("hour.messages"))]
    layers = [
        alt.Chart()
        .transform_filter("datum.messages === null")
        .mark_rect(color=MISSING, clip=True, aria=False)
        .encode(x=x, x2="end"),
        alt.Chart().mark_rect(color=COUNT, opacity=0.55, clip=True, aria=False).encode(x=x, x2="end", y=y, y2=alt.datum(0)),
        alt.Chart()
        .mark_line(color=EXPECTED, strokeWidth=2, clip=True, aria=False, invalid="break-paths-show-path-domains")
        .encode(x=x, y=alt.Y("mean:Q", axis=y_axis, scale=y_scale)),
        *([_changes(x)] if changed else []),
        alt.Chart()
        .mark_rect(color=HOVER, clip=True, aria=False)
        .encode(x=x, x2="end", tooltip=said, opacity=alt.condition(hovered(), alt.value(1), alt.value(0), empty=False))
        .add_params(hovered()),
    ]
    shown = alt.layer(*layers).transform_filter("datum.end > shown_from && datum.day < shown_to")
    return specification(shown.add_params(*parameters), rows, height=260)


def _changes(x: alt.X) -> alt.Chart:
    marked: alt.Chart = alt.Chart().transform_filter("datum.changed")
    lines: alt.Chart = marked.mark_rule(color=CHANGED, clip=True, aria=False, strokeDash=[4, 3], strokeWidth=1.5)
    return lines.encode(x=x)


def draw_overview(phrases: Phrases, days: pd.DataFrame) -> Spec:
    """The whole history, small; the interval ``range`` chosen on it is what :func:`draw_history` shows."""
    rows = [{"day": _instant(day), "messages": _number(count)} for day, count in days[["day", "messages"]].to_numpy()]
    begin, end = _shown_at_first(rows)
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
        axis=_time_axis(phrases),
    )
    area = alt.Chart().mark_area(
        color=COUNT, opacity=0.7, interpolate="step-after", aria=False, invalid="break-paths-show-path-domains"
    )
    y = alt.Y("messages:Q", axis=None, stack=False)
    return specification(area.encode(x=x, y=y).add_params(brush), rows, height=56)


def draw_week(phrases: Phrases, heat: pd.DataFrame) -> Spec:
    """Mean messages by weekday and hour: the darker, the more. ``heat`` has ``weekday``, ``hour`` and ``mean``."""
    names = phrases.weekdays()
    rows: list[Spec] = [
        {
            "weekday": names[int(row["weekday"])],
            "hour": int(row["hour"]),
            "mean": round(row["mean"], 3),
            "label": f"{row['hour']:02.0f}:00",
            "said": phrases.about(row["mean"]),
        }
        for row in heat.to_dict("records")
    ]
    axis = alt.Axis(
        title=None, values=list(range(0, 24, 3)), labelExpr="(datum.value < 10 ? '0' : '') + datum.value + ':00'",
        labelAngle=0, labelAlign="center", ticks=False, domain=False, aria=False,
    )  # fmt: skip
    highest = float(heat["mean"].max())
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
            fillOpacity=alt.FillOpacity(
                "mean:Q", scale=alt.Scale(type="sqrt", range=[0.04, 1], domain=[0, highest]), legend=None
            ),
            tooltip=tooltips(phrases, {"weekday": "week.weekday", "label": "name", "said": "week.mean"}),
        )
    )
    return specification(chart, rows, height=7 * 26)


def _time_axis(phrases: Phrases) -> alt.Axis:
    day = "%-d %b" if phrases.is_day_first else "%b %-d"
    formats = {"year": "%Y", "quarter": "%B", "month": "%B", "week": day, "date": day, "hours": "%H:%M", "minutes": "%H:%M"}
    return alt.Axis(title=None, format=formats, labelOverlap="parity", labelBound=True, grid=False, tickCount=6, aria=False)


def _daily_rows(phrases: Phrases, days: pd.DataFrame) -> list[Spec]:
    means = days["messages"].astype("Float64").astype(float).rolling(7, min_periods=4).mean()
    return [
        {
            "day": _instant(day),
            "end": _instant(day) + DAY_MS,
            "messages": _number(count),
            "mean": None if pd.isna(mean) or pd.isna(count) else round(mean, 1),
            "label": phrases.date(day, "full"),
            "said": phrases("hour.missing") if pd.isna(count) else phrases.number(count),
        }
        for day, count, mean in zip(days["day"], days["messages"], means, strict=True)
    ]


def _number(count: float | None) -> int | None:
    return None if pd.isna(count) else int(count)


def _shown_at_first(rows: list[Spec]) -> tuple[int, int]:
    """The instants from which and to which the history is shown before a range is chosen."""
    end = int(rows[-1]["day"]) + DAY_MS
    return max(int(rows[0]["day"]), end - HISTORY_SHOWN_DAYS * DAY_MS), end


def _instant(day: date) -> int:
    """Milliseconds since 1970 of a date's midnight, as if it were in UTC: the charts' scales are."""
    return int(pd.Timestamp(day).timestamp() * 1000)

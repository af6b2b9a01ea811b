"""The charts of a chat's history: its days, an overview to choose a range from, and the week by the hour."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.axes import count_axis
from chat_forecast.presentation.reports.charts.grammar import (
    CHANGED,
    COUNT,
    EXPECTED,
    MISSING,
    POINTED_AT,
    ZERO,
    Spec,
    field,
    hover,
    layer,
    layered,
    mark,
    single,
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
    rows, marked = _daily_rows(phrases, days), {_instant(day) for day in changed}
    for row in rows:
        row |= {"changed": 1} if row["day"] in marked else {}
    begin, end = _shown_at_first(rows)
    highest = max([1, *(row["messages"] or 0 for row in rows if row["end"] > begin)])
    shown_range = {"shown_from": begin, "shown_to": end, "highest": highest}
    x, until = _time(phrases, "[shown_from, shown_to]"), {"field": "end"}
    axis = count_axis(phrases("month.daily_axis"))
    height: Spec = {"axis": axis, "scale": {"domain": {"expr": "[0, highest]"}, "nice": True}}
    bar = mark("rect", clip=True, color=COUNT, opacity=0.55)
    line = mark("line", clip=True, color=EXPECTED, invalid="break-paths-show-path-domains", strokeWidth=2)
    change = mark("rule", clip=True, color=CHANGED, strokeDash=[4, 3], strokeWidth=1.5)
    layers = [
        layer(mark("rect", clip=True, color=MISSING), where="datum.messages === null", x=x, x2=until),
        layer(bar, x=x, x2=until, y=field("messages", **height), y2=ZERO),
        layer(line, x=x, y=field("mean", **height)),
        *([layer(change, where="datum.changed", x=x)] if changed else []),
        hover(tooltips(phrases, {"label": "month.day", "said": "messages"}), x, "end", clip=True),
    ]
    parameters = [POINTED_AT, *({"name": name, "value": value} for name, value in shown_range.items())]
    is_shown = "datum.end > shown_from && datum.day < shown_to"
    return layered(layers, rows, height=260, parameters=parameters, where=is_shown)


def draw_overview(phrases: Phrases, days: pd.DataFrame) -> Spec:
    """The whole history, small; the interval ``range`` chosen on it is what :func:`draw_history` shows."""
    rows = [{"day": _instant(day), "messages": _number(count)} for day, count in days[["day", "messages"]].to_numpy()]
    begin, end = _shown_at_first(rows)
    chosen = {"fill": EXPECTED, "fillOpacity": 0.18, "stroke": EXPECTED, "strokeOpacity": 0.9}
    brush = {
        "name": "range",
        "select": {"type": "interval", "encodings": ["x"], "mark": chosen, "zoom": False},
        "value": {"x": [begin, end]},
    }
    area = mark("area", color=COUNT, interpolate="step-after", invalid="break-paths-show-path-domains", opacity=0.7)
    y = field("messages", axis=None, stack=False)
    drawn = layer(area, x=_time(phrases, f"[{rows[0]['day']}, {end}]"), y=y)
    return single(drawn, rows, height=56, parameters=[brush])


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
    hours = {
        "aria": False,
        "domain": False,
        "labelAlign": "center",
        "labelAngle": 0,
        "labelExpr": "(datum.value < 10 ? '0' : '') + datum.value + ':00'",
        "ticks": False,
        "title": None,
        "values": list(range(0, 24, 3)),
    }
    weekdays, order = {"aria": False, "domain": False, "ticks": False, "title": None}, list(names.values())
    strength = {"domain": [0, float(heat["mean"].max())], "range": [0.04, 1], "type": "sqrt"}
    drawn = layer(
        mark("rect", color=COUNT, stroke="var(--page)", strokeWidth=1),
        fillOpacity=field("mean", legend=None, scale=strength),
        tooltip=tooltips(phrases, {"weekday": "week.weekday", "label": "name", "said": "week.mean"}),
        x=field("hour", "ordinal", axis=hours, scale={"domain": list(range(24))}),
        y=field("weekday", "ordinal", axis=weekdays, scale={"domain": order}, sort=order),
    )
    return single(drawn, rows, height=7 * 26)


def _time(phrases: Phrases, domain: str) -> Spec:
    """Days from left to right, by the field ``day`` of the rows; ``domain`` is an expression of the two ends."""
    day = "%-d %b" if phrases.is_day_first else "%b %-d"
    formats = {"year": "%Y", "quarter": "%B", "month": "%B", "week": day, "date": day, "hours": "%H:%M", "minutes": "%H:%M"}
    axis = {
        "aria": False,
        "format": formats,
        "grid": False,
        "labelBound": True,
        "labelOverlap": "parity",
        "tickCount": 6,
        "title": None,
    }
    return field("day", "temporal", axis=axis, scale={"domain": {"expr": domain}, "nice": False, "type": "utc"})


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

"""The charts of single days: the one that is forecast, and the last one read."""

from typing import Any

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.axes import bars, dots, hour_axes, interval_bands, over_places
from chat_forecast.presentation.reports.charts.grammar import ACTUAL, BEFORE, MISSING, WORSE, Spec, layer, mark, tooltips
from chat_forecast.presentation.reports.facts.newest_days import Tomorrow, Yesterday

HEIGHT = 280
DRAWN = ("q10", "q25", "q75", "q90")


def draw_tomorrow(phrases: Phrases, coming: Tomorrow) -> Spec:
    """The forecast of a day: intervals, expectation, the same hours a week before."""
    rows = [
        {
            **_place(coming.hours, coming.day, place),
            **_forecast(phrases, row),
            "before": None if pd.isna(row["week_before"]) else int(row["week_before"]),
            "half": phrases("hour.interval", low=row["q25"], high=row["q75"]),
        }
        for place, row in enumerate(coming.hours.to_dict("records"))
    ]
    axes = hour_axes(phrases, coming.hours["hour"], _highest(coming.hours, "q90", "expected", "week_before"))
    said = {"label": "name", "said": "expected", "half": "half", "most": "most", "before": "week_before"}
    layers = [*interval_bands(axes), dots(axes, "before", BEFORE, is_hollow=True)]
    return over_places(axes, layers, tooltips(phrases, said), rows, height=HEIGHT)


def draw_yesterday(phrases: Phrases, day: Yesterday) -> Spec:
    """A day's counts, over the forecast made for it if there was one."""
    rows = [_day_row(phrases, day, place, row) for place, row in enumerate(day.hours.to_dict("records"))]
    drawn = ("messages", "q90", "expected") if day.has_forecast else ("messages",)
    axes = hour_axes(phrases, day.hours["hour"], _highest(day.hours, *drawn))
    said = {"label": "name", "came": "actual"}
    layers = [layer(mark("rect", color=MISSING), where="datum.is_missing", x=axes.x("from"), x2={"field": "to"})]
    if day.has_forecast:
        said |= {"said": "expected", "most": "most", "widest": "widest"}
        layers += [*interval_bands(axes), dots(axes, "actual", ACTUAL)]
        if len(day.unusual):
            ring = mark("point", color=WORSE, opacity=1, size=170, strokeWidth=2)
            layers.append(layer(ring, x=axes.x("middle"), y=axes.y("unusual")))
    else:
        layers.append(bars(axes, "actual"))
    return over_places(axes, layers, tooltips(phrases, said), rows, height=HEIGHT)


def _day_row(phrases: Phrases, day: Yesterday, place: int, row: dict[Any, Any]) -> Spec:
    is_known = not pd.isna(row["messages"])
    drawn: Spec = {
        **_place(day.hours, day.day, place),
        "actual": int(row["messages"]) if is_known else None,
        "came": phrases.number(row["messages"]) if is_known else phrases("hour.missing"),
        "is_missing": not is_known,
    }
    if day.has_forecast:
        is_unusual = is_known and not row["q01"] <= row["messages"] <= row["q99"]
        drawn |= _forecast(phrases, row) | {
            "unusual": int(row["messages"]) if is_unusual else None,
            "widest": phrases("hour.interval", low=row["q01"], high=row["q99"]),
        }
    return drawn


def _place(hours: pd.DataFrame, day: LocalDay, place: int) -> Spec:
    return {"from": place, "to": place + 1, "label": clock_hour(hours["hour"], day, place)}


def _forecast(phrases: Phrases, row: dict[Any, Any]) -> Spec:
    return {
        "expected": round(row["expected"], 2),
        **{name: row[name] for name in DRAWN},
        "said": phrases.about(row["expected"]),
        "most": phrases("hour.interval", low=row["q10"], high=row["q90"]),
    }


def _highest(hours: pd.DataFrame, *columns: str) -> float:
    """The greatest known number of some columns; 0 where none is known."""
    return float(hours[list(columns)].max().max(skipna=True) or 0)


def clock_hour(hours: "pd.Series[pd.Timestamp]", day: LocalDay, place: int) -> str:
    """When an hour of a day begins and ends, as the chat's clocks show it; 24:00 is the end of the day."""
    end = hours.iloc[place + 1] if place + 1 < len(hours) else day.end.tz_convert(day.timezone)
    return f"{hours.iloc[place]:%H:%M}–{'24:00' if place + 1 == len(hours) else format(end, '%H:%M')}"

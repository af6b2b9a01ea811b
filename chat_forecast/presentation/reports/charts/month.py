"""The charts of the last 30 days: totals, and the skill of each day."""

from datetime import date

import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.axes import (
    LOWEST_SKILL,
    bars,
    count_scale,
    day_axes,
    level,
    over_places,
)
from chat_forecast.presentation.reports.charts.grammar import (
    BETTER,
    EXPECTED,
    WORSE,
    ZERO,
    Spec,
    layer,
    mark,
    tooltips,
)

ZERO_ROWS = "zero"
"""A data set of one row, for the one line at zero."""


def draw_totals(phrases: Phrases, scores: pd.DataFrame) -> Spec:
    """Messages a day beside what was expected."""
    rows: list[Spec] = [
        {
            "from": place,
            "to": place + 1,
            "label": phrases.date(date.fromisoformat(row["day"]), "full"),
            "actual": int(row["messages"]),
            "expected": round(row["expected_total"], 1),
            "said": phrases.about(row["expected_total"]),
        }
        for place, row in enumerate(scores.to_dict("records"))
    ]
    highest = max(float(scores["messages"].max()), float(scores["expected_total"].max()))
    axes = day_axes(phrases, scores, phrases("month.daily_axis"), count_scale(highest))
    layers = [bars(axes, "actual", opacity=0.75), level(axes, "expected", EXPECTED)]
    said = {"label": "month.day", "actual": "actual", "said": "expected"}
    return over_places(axes, layers, tooltips(phrases, said), rows, height=200)


def draw_skill(phrases: Phrases, scores: pd.DataFrame) -> Spec:
    """The skill of each day, above or below zero."""
    rows: list[Spec] = [
        {
            "from": place,
            "to": place + 1,
            "label": phrases.date(date.fromisoformat(row["day"]), "full"),
            "skill": None if pd.isna(row["skill"]) else max(LOWEST_SKILL, round(row["skill"], 3)),
            "said": phrases.percent(row["skill"], signed=True),
            "inside": phrases.percent(row["coverage_80"]),
        }
        for place, row in enumerate(scores.to_dict("records"))
    ]
    axes = day_axes(phrases, scores, phrases("month.skill_axis"), {"domain": [LOWEST_SKILL, 1.0]}, is_share=True)
    colour = {"condition": {"test": "datum.skill < 0", "value": WORSE}, "value": BETTER}
    said = {"label": "month.day", "said": "month.skill", "inside": "month.coverage"}
    zero = layer(mark("rule", color="var(--ink-2)"), y=axes.y("zero"))
    layers = [
        layer(mark("rect"), color=colour, x=axes.x("left"), x2={"field": "right"}, y=axes.y("skill"), y2=ZERO),
        {"data": {"name": ZERO_ROWS}, **zero},
    ]
    chart = over_places(axes, layers, tooltips(phrases, said), rows, height=150)
    return {**chart, "datasets": {ZERO_ROWS: [{"zero": 0}], **chart["datasets"]}}

"""The charts of the last 30 days: totals, and the skill of each day."""

from datetime import date

import altair as alt
import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.axes import (
    BETTER,
    EXPECTED,
    LOWEST_SKILL,
    WORSE,
    Spec,
    bars,
    count_scale,
    day_axes,
    hover,
    level,
    over_places,
    tooltips,
)


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
    layers = [
        bars(axes, "actual", opacity=0.75),
        level(axes, "expected", EXPECTED),
        hover(axes, tooltips(phrases, {"label": "month.day", "actual": "actual", "said": "expected"})),
    ]
    return over_places(axes, layers, rows, height=200)


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
    scale = alt.Scale(domain=[LOWEST_SKILL, 1.0])
    axes = day_axes(phrases, scores, phrases("month.skill_axis"), scale, is_share=True)
    colour = alt.condition("datum.skill < 0", alt.value(WORSE), alt.value(BETTER))
    drawn = alt.Chart().mark_rect(aria=False)
    zero = alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(color="var(--ink-2)", aria=False)
    said = {"label": "month.day", "said": "month.skill", "inside": "month.coverage"}
    layers = [
        drawn.encode(x=axes.x("left"), x2="right", y=axes.y("skill"), y2=alt.datum(0), color=colour),
        zero.encode(y=axes.y("zero")),
        hover(axes, tooltips(phrases, said)),
    ]
    return over_places(axes, layers, rows, height=150)

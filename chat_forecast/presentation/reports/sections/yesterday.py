"""The section about the newest day that was to be read: what came, beside what was expected."""

from typing import Any

import pandas as pd

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.days import clock_hour, draw_yesterday
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.facts.newest_days import Yesterday
from chat_forecast.presentation.reports.sections import LEAST_DRAWN, Context, Drawn, Row
from chat_forecast.presentation.reports.sections.verdicts import verdict_sentence


def yesterday_section(facts: Facts, phrases: Phrases) -> Context | None:
    """The day in sentences and as a table, and its unusual hours; None while there is no day."""
    day = facts.yesterday
    if day is None:
        return None
    unusual = None
    if day.is_read and day.has_forecast:
        unusual = [
            phrases.count(
                "yesterday.unusual_hour",
                int(row["messages"]),
                hour=f"{row['hour']:%H:%M}",
                expected=phrases.about(row["expected"]),
            )
            for row in day.unusual.to_dict("records")
        ]
    return {
        "title": phrases("yesterday.title", day=phrases.date(day.day.date, "full")),
        "sentences": _sentences(day, phrases),
        "verdict": _verdict(day, phrases),
        "legend": _legend(day, phrases),
        "headings": _headings(day, phrases),
        "rows": _rows(day, phrases) if day.is_read else [],
        "unusual": unusual,
    }


def yesterday_charts(facts: Facts, phrases: Phrases) -> Drawn:
    """The day's counts over its forecast, if there is anything to see."""
    day = facts.yesterday
    if day is None or not _is_worth_drawing(day):
        return {}
    key = "yesterday.chart" if day.has_forecast else "yesterday.chart_counts"
    description = phrases(key, day=day.day.date, summary=" ".join(_sentences(day, phrases)))
    return {"yesterday": (draw_yesterday(phrases, day), description)}


def _sentences(day: Yesterday, phrases: Phrases) -> list[str]:
    if not day.is_read:
        return [phrases("yesterday.not_read")]
    score, messages = day.score, int(day.hours["messages"].sum())
    missing = int(day.hours["messages"].isna().sum())
    partly = [phrases.count("yesterday.partly", missing)] if missing else []
    if not day.has_forecast or score["expected_total"] is None:
        key = "yesterday.withheld" if day.is_withheld else "yesterday.no_forecast"
        return [phrases.count("yesterday.lead", messages), *partly, phrases(key)]
    expected = phrases.about(score["expected_total"])
    said = [phrases.count("yesterday.lead_expected", messages, expected=expected), *partly]
    if not _is_worth_drawing(day):
        return [*said, phrases("yesterday.silent")]
    said.append(phrases("yesterday.in_band", share=phrases.percent(score["coverage_80"])))
    if score["skill"] is not None:
        skill = round(score["skill"], 2)
        key = "better" if skill > 0 else "worse" if skill < 0 else "equal"
        values = {"percent": phrases.percent(abs(skill))} if skill else {}
        said.append(phrases(f"yesterday.{key}", **values))
    return said


def _verdict(day: Yesterday, phrases: Phrases) -> str | None:
    """The verdict that is stored with the day's score, or that none is; None where it says no more than the sentences."""
    if not day.is_read:
        return None
    if day.verdict is None:
        return phrases("verdict.not_judged" if day.is_score_computed else "verdict.none")
    return verdict_sentence(day.verdict, phrases) if day.verdict.figures else None


def _legend(day: Yesterday, phrases: Phrases) -> list[tuple[str, str]]:
    """Kind of swatch, and what it stands for."""
    legend = [("count", phrases("hour.messages"))]
    if day.has_forecast:
        legend = [("actual", phrases("hour.actual")), ("expected", phrases("hour.expected"))]
        legend += [("inner", phrases("hour.half")), ("band", phrases("hour.most"))]
        if len(day.unusual):
            legend.append(("unusual", phrases("yesterday.unusual")))
    if day.is_read and day.hours["messages"].isna().any():
        legend.append(("missing", phrases("hour.missing")))
    return legend


def _headings(day: Yesterday, phrases: Phrases) -> Row:
    forecast = ("expected", "most", "widest") if day.has_forecast else ()
    return [phrases(f"hour.{name}") for name in ("name", "actual", *forecast)]


def _rows(day: Yesterday, phrases: Phrases) -> list[Row]:
    return [
        [
            clock_hour(day.hours["hour"], day.day, place),
            phrases("hour.missing") if pd.isna(row["messages"]) else phrases.number(row["messages"]),
            *(_forecast_cells(row, phrases) if day.has_forecast else []),
        ]
        for place, row in enumerate(day.hours.to_dict("records"))
    ]


def _forecast_cells(row: dict[Any, Any], phrases: Phrases) -> Row:
    return [
        phrases.about(row["expected"]),
        phrases("hour.interval", low=row["q10"], high=row["q90"]),
        phrases("hour.interval", low=row["q01"], high=row["q99"]),
    ]


def _is_worth_drawing(day: Yesterday) -> bool:
    expected = float(day.hours["expected"].sum()) if day.has_forecast else 0.0
    return day.is_read and (bool(day.hours["messages"].sum()) or expected >= LEAST_DRAWN)

"""The section about the day that is forecast."""

from datetime import date

import pandas as pd

from chat_forecast.domain.forecast_limits import LONGEST_GAP_DAYS
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.days import clock_hour, draw_tomorrow
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.facts.newest_days import Tomorrow, quietest_hours
from chat_forecast.presentation.reports.sections import LEAST_DRAWN, Context, Drawn

SAME = 0.03
"""A smaller change from a week before is called none."""


def tomorrow_section(facts: Facts, phrases: Phrases) -> Context:
    """The forecast in sentences and as a table, or why there is none."""
    coming = facts.tomorrow
    if coming is None:
        return {"title": phrases("contents.tomorrow"), "sentences": [_why_none(facts, phrases)], "rows": [], "detail": ""}
    title = phrases("tomorrow.title", day=phrases.date(coming.day.date, "full"))
    if coming.withheld:
        return {"title": title, "sentences": [phrases("tomorrow.withheld")], "rows": [], "detail": coming.withheld}
    hours = coming.hours
    rows = [
        [
            clock_hour(hours["hour"], coming.day, place),
            phrases.about(row["expected"]),
            phrases("hour.interval", low=row["q25"], high=row["q75"]),
            phrases("hour.interval", low=row["q10"], high=row["q90"]),
            phrases.number(row["week_before"]),
        ]
        for place, row in enumerate(hours.to_dict("records"))
    ]
    return {
        "title": title,
        "sentences": _sentences(coming, phrases),
        "detail": "",
        "headings": [phrases(f"hour.{name}") for name in ("name", "expected", "half", "most", "week_before")],
        "rows": rows,
        "model": _made_by(coming, phrases),
    }


def _why_none(facts: Facts, phrases: Phrases) -> str:
    if facts.last_day is None:
        return phrases("page.no_data")
    if facts.days_unknown is None:
        return phrases("tomorrow.unknown")
    if facts.days_unknown > LONGEST_GAP_DAYS:
        return phrases.count("tomorrow.gap", facts.days_unknown)
    return phrases("tomorrow.none")


def _made_by(coming: Tomorrow, phrases: Phrases) -> str:
    """The method of the forecast, and through which day its model was trained, if one was used."""
    method, through = (coming.hours[name].iloc[0] for name in ("forecaster", "trained_through"))
    method = phrases.method(str(method))
    if pd.isna(through):
        return phrases("tomorrow.without_model", method=method)
    return phrases("tomorrow.model", method=method, day=date.fromisoformat(through))


def tomorrow_charts(facts: Facts, phrases: Phrases) -> Drawn:
    """The forecast, if messages are expected."""
    coming = facts.tomorrow
    if coming is None or coming.withheld or coming.expected < LEAST_DRAWN:
        return {}
    description = phrases("tomorrow.chart", day=coming.day.date, summary=_lead(coming, phrases))
    return {"tomorrow": (draw_tomorrow(phrases, coming), description)}


def _sentences(coming: Tomorrow, phrases: Phrases) -> list[str]:
    said = [_lead(coming, phrases)]
    if coming.expected < LEAST_DRAWN:
        return [*said, phrases("tomorrow.silent")]
    hours = coming.hours
    spans = [clock_hour(hours["hour"], coming.day, place).split("–") for place in range(len(hours))]
    place = int(hours["expected"].to_numpy().argmax())
    busiest, (begin, end) = hours.iloc[place], spans[place]
    low, high = float(busiest["q10"]), float(busiest["q90"])
    expected = phrases.about(busiest["expected"])
    said.append(phrases("tomorrow.busiest", **{"from": begin}, to=end, expected=expected, low=low, high=high))
    place = quietest_hours(hours["expected"].tolist())
    quiet = phrases.about(float(hours["expected"].iloc[place : place + 4].sum()))
    said.append(phrases("tomorrow.quietest", **{"from": spans[place][0]}, to=spans[place + 3][1], expected=quiet))
    if coming.week_before:
        change = coming.expected / coming.week_before - 1
        key = "same" if abs(change) < SAME else "more" if change > 0 else "fewer"
        day = phrases.date(coming.day.plus(-7).date, "day")
        said.append(phrases(f"tomorrow.{key}", percent=phrases.percent(abs(change)), messages=coming.week_before, day=day))
    return said


def _lead(coming: Tomorrow, phrases: Phrases) -> str:
    return phrases.count("tomorrow.lead", round(coming.expected))

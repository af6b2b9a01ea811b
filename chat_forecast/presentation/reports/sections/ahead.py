"""The sections about the coming week and the past year."""

from datetime import date, timedelta

import pandas as pd

from chat_forecast.forecasting.posting_times import Window
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.drawings import calendar
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.sections import Context

YEAR_DAYS = 365
LEAST_DAYS = 14
"""Fewer days make no calendar."""


def ahead_section(facts: Facts, phrases: Phrases) -> Context | None:
    """The seven days from the day forecast on, with the best times to post; None where there is no forecast of them."""
    week = facts.week
    if week is None or week.days.empty:
        return None
    expected, low, high = week.total
    said = [phrases.count("ahead.lead", round(expected), low=round(low), high=round(high))]
    if week.busiest:
        first, *others = week.busiest
        said.append(phrases("ahead.post", window=_window(first, phrases), expected=phrases.about(first.expected)))
        if others:
            said.append(phrases("ahead.others", windows="; ".join(_window(window, phrases) for window in others)))
    if week.quietest is not None:
        said.append(phrases("ahead.quietest", **{"from": f"{week.quietest[0]:02d}:00"}, to=f"{week.quietest[1]:02d}:00"))
    rows = [
        [
            _day(date.fromisoformat(row["day"]), phrases) + (f" ({row['holiday']})" if row["holiday"] else ""),
            phrases.about(row["expected"]),
            phrases("hour.interval", low=row["low"], high=row["high"]),
        ]
        for row in week.days.to_dict("records")
    ]
    headings = [phrases("month.day"), phrases("hour.expected"), phrases("hour.most")]
    return {"title": phrases("ahead.title"), "sentences": said, "headings": headings, "rows": rows}


def year_section(facts: Facts, phrases: Phrases) -> Context | None:
    """The past year as a calendar; None for a chat that is known for less than two weeks."""
    if len(facts.read) < LEAST_DAYS or facts.last_day is None:
        return None
    first = facts.last_day - timedelta(days=YEAR_DAYS - 1)
    shown = facts.days[facts.days["day"] >= first]
    counts = {row["day"]: None if pd.isna(row["messages"]) else int(row["messages"]) for row in shown.to_dict("records")}
    said = {
        day: f"{phrases.date(day, 'full')}: {phrases('hour.missing') if count is None else phrases.number(count)}"
        for day, count in counts.items()
    }
    total = sum(count or 0 for count in counts.values())
    lead = phrases("year.lead", messages=total, **{"from": min(counts)}, to=max(counts))
    months = dict(enumerate(phrases.time_locale["months"], start=1))
    return {"lead": lead, "drawing": calendar(counts, months, lead, said)}


def _day(day: date, phrases: Phrases) -> str:
    return f"{phrases.weekdays()[day.weekday()]}, {phrases.date(day, 'short')}"


def _window(window: Window, phrases: Phrases) -> str:
    day = phrases.date(window.start.date(), "day_with_weekday")
    return phrases("ahead.window", day=day, **{"from": f"{window.start:%H:%M}"}, to=f"{window.end:%H:%M}")

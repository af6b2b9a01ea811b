"""The sections about the chat's days: the full history, the week by the hour, the busiest and the missing days."""

import math
from itertools import groupby

import pandas as pd

from chat_forecast.domain.changes import Change, is_other_hour
from chat_forecast.presentation.phrases.catalogue import UNKNOWN, Phrases
from chat_forecast.presentation.reports.charts.history import (
    OVERVIEW_FROM_DAYS,
    draw_history,
    draw_overview,
    draw_week,
)
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.facts.history import HEAT_WEEKS, DayRange
from chat_forecast.presentation.reports.sections import Context, Drawn, Row

MISSING_RANGES = 12
"""The newest ranges of missing days are listed; of the others only their number is given."""
RANGES = (30, 90, 365)
"""Days of the buttons that choose a range."""


def history_section(facts: Facts, phrases: Phrases) -> Context:
    """All days, and a table of months."""
    if not facts.has_history:
        return {"lead": phrases("history.none"), "changes": []}
    days = facts.days
    rows: list[Row] = []
    for _, group in groupby(zip(days["day"], days["messages"], strict=True), lambda row: row[0].timetuple()[:2]):
        (first, _), *_ = month = list(group)
        read = [int(messages) for _, messages in month if not pd.isna(messages)]
        mean = phrases.about(sum(read) / len(read)) if read else UNKNOWN
        rows.append([phrases.month(first), phrases.number(sum(read)), mean, phrases.number(len(month) - len(read))])
    legend = [("count", phrases("history.daily")), ("expected", phrases("history.mean"))]
    if facts.missing:
        legend.append(("missing", phrases("history.missing")))
    if facts.changes:
        legend.append(("changed", phrases("history.changed")))
    names = ("history.month", "hour.messages", "history.per_day", "history.days_missing")
    return {
        "lead": phrases.count("history.lead", facts.messages, first=days["day"].iloc[0], last=days["day"].iloc[-1]),
        "changes": [_change(each, phrases) for each in facts.changes],
        "legend": legend,
        "ranges": [
            *((number, phrases.count("history.days", number)) for number in RANGES if number < len(days)),
            ("", phrases("history.all")),
        ],
        "headings": [phrases(name) for name in names],
        "rows": rows,
    }


def _change(change: Change, phrases: Phrases) -> str:
    since = change.since
    if change.kind == "level":
        before, after = (phrases.about(number) for number in (change.before, change.after))
        return phrases("history.changed_level", since=since, before=before, after=after)
    if change.weekday is not None:
        weekday = phrases.locale.days["stand-alone"]["wide"][change.weekday]
        before, after = (phrases.percent(number) for number in (change.before, change.after))
        return phrases("history.changed_weekdays", since=since, weekday=weekday, before=before, after=after)
    if not is_other_hour(change):
        return phrases("history.changed_hours", since=since)
    before, after = (f"{number:02.0f}:00" for number in (change.before, change.after))
    return phrases("history.changed_busiest", since=since, before=before, after=after)


def history_charts(facts: Facts, phrases: Phrases) -> Drawn:
    """All days, and an overview of them where they are too many for one look."""
    if not facts.has_history:
        return {}
    first, last = facts.days["day"].iloc[0], facts.days["day"].iloc[-1]
    summary = phrases("history.summary", mean=phrases.about(float(facts.read["messages"].mean())))
    drawn = {
        "history": (
            draw_history(phrases, facts.days, [change.since for change in facts.changes]),
            phrases("history.chart", first=first, last=last, summary=summary),
        )
    }
    if len(facts.days) > OVERVIEW_FROM_DAYS:
        drawn["overview"] = draw_overview(phrases, facts.days), phrases("history.overview")
    return drawn


def week_section(facts: Facts, phrases: Phrases) -> Context:
    """The mean of each hour of the week, as a table."""
    if not facts.has_week:
        return {"lead": phrases.count("week.none", HEAT_WEEKS)}
    table = facts.heat.pivot_table(index="hour", columns="weekday", values="mean")
    names = {number: name for number, name in phrases.weekdays().items() if number in table.columns}
    rows = [
        [f"{hour:02d}:00", *(UNKNOWN if math.isnan(mean) else phrases.about(mean) for mean in means)]
        for hour, means in zip(table.index, table[list(names)].to_numpy().tolist(), strict=True)
    ]
    return {
        "lead": f"{phrases.count('week.lead', HEAT_WEEKS)} {_busiest_hour(facts, phrases)}",
        "ramp": f"{phrases('week.least')} – {phrases.about(float(facts.heat['mean'].max()))}",
        "headings": [phrases("hour.name"), *names.values()],
        "rows": rows,
    }


def week_charts(facts: Facts, phrases: Phrases) -> Drawn:
    """The mean of each hour of the week, by strength of colour."""
    if not facts.has_week:
        return {}
    return {"week": (draw_week(phrases, facts.heat), phrases("week.chart", summary=_busiest_hour(facts, phrases)))}


def _busiest_hour(facts: Facts, phrases: Phrases) -> str:
    row = facts.heat.iloc[int(facts.heat["mean"].to_numpy().argmax())]
    hour = int(row["hour"])
    span = phrases("hour.interval", low=f"{hour:02d}:00", high=f"{hour + 1:02d}:00")
    return phrases("week.summary", weekday=phrases.weekday(int(row["weekday"])), hour=span, mean=phrases.about(row["mean"]))


def busiest_section(facts: Facts, phrases: Phrases) -> list[Row]:
    """The days with the most messages, beside what is usual."""
    return [
        [
            phrases.date(row["day"], "full"),
            phrases.number(row["messages"]),
            UNKNOWN if pd.isna(row["usual"]) else phrases.about(row["usual"]),
        ]
        for row in facts.busiest.to_dict("records")
    ]


def missing_section(facts: Facts, phrases: Phrases) -> Context:
    """The days of which no hour was read."""
    ranges = facts.missing[::-1]
    days = int(facts.days["messages"].isna().sum())
    partly = int((facts.read["hours_missing"] > 0).sum())
    listed = [_range(each, phrases) for each in ranges[:MISSING_RANGES]]
    if len(ranges) > MISSING_RANGES:
        listed.append(phrases.count("missing.more", len(ranges) - MISSING_RANGES))
    none = phrases("missing.none") if facts.last_day else phrases("page.no_data")
    return {
        "lead": phrases.count("missing.lead", days) if days else none,
        "ranges": listed,
        "partly": phrases.count("missing.partly", partly) if partly else None,
    }


def _range(days: DayRange, phrases: Phrases) -> str:
    first, last = days
    return phrases.date(first) if first == last else phrases("missing.range", first=first, last=last)

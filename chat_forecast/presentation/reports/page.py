"""The page about a chat: facts, phrases and charts put together into one HTML file.

Belongs here: which sections and charts there are, in which order.
Does not belong here: what stands in a section (:mod:`.sections`), making HTML (:mod:`.html`), files (:mod:`.publish`).
"""

from importlib.metadata import version

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.grammar import Spec
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.html import in_script, raw, render, resource
from chat_forecast.presentation.reports.sections import Context, Row
from chat_forecast.presentation.reports.sections.ahead import ahead_section, year_section
from chat_forecast.presentation.reports.sections.history import (
    busiest_section,
    history_charts,
    history_section,
    missing_section,
    week_charts,
    week_section,
)
from chat_forecast.presentation.reports.sections.month import month_charts, month_section
from chat_forecast.presentation.reports.sections.tomorrow import tomorrow_charts, tomorrow_section
from chat_forecast.presentation.reports.sections.trainings import trainings_section
from chat_forecast.presentation.reports.sections.yesterday import yesterday_charts, yesterday_section

CHARTS = (tomorrow_charts, yesterday_charts, month_charts, history_charts, week_charts)


def report_page(facts: Facts, phrases: Phrases, *, library: str, state: str) -> str:
    """The page of a chat; ``library`` is the charts' JavaScript, ``state`` names what the page was made from."""
    drawn, coming = _charts(facts, phrases), facts.tomorrow
    data = {
        "charts": drawn,
        "numbers": phrases.number_locale,
        "times": phrases.time_locale,
        "day": coming.day.key if coming else None,
        "zone": facts.chat.timezone,
    }
    script = resource("page.js")
    sections: Context = {
        "tomorrow": tomorrow_section(facts, phrases),
        "ahead": ahead_section(facts, phrases),
        "yesterday": yesterday_section(facts, phrases),
        "month": month_section(facts, phrases),
        "history": history_section(facts, phrases),
        "year": year_section(facts, phrases),
        "week": week_section(facts, phrases),
        "busiest": busiest_section(facts, phrases),
        "trainings": trainings_section(facts, phrases),
        "missing": missing_section(facts, phrases),
        "about": _about(facts, phrases),
    }
    return render(
        "report.html.jinja",
        phrases,
        [library, script] if drawn else [script],
        chat=facts.chat,
        is_simulated=facts.chat.source == "simulated",
        state=state,
        forecast=f"{coming.day.key} {round(coming.expected)}" if coming and not coming.withheld else "",
        contents=[(name, phrases(f"contents.{name}")) for name, section in sections.items() if section is not None],
        drawn=set(drawn),
        charts=in_script(data),
        library=raw(library),
        script=raw(script),
        made_by=_made_by(facts, phrases),
        **sections,
    )


def _charts(facts: Facts, phrases: Phrases) -> dict[str, Spec]:
    """The charts that have something to show, by name, each with its description."""
    drawn = {name: chart for charts in CHARTS for name, chart in charts(facts, phrases).items()}
    return {name: {**spec, "description": description} for name, (spec, description) in drawn.items()}


def _about(facts: Facts, phrases: Phrases) -> list[Row]:
    rows = [
        [phrases("about.chat"), facts.chat.slug],
        [phrases("about.source"), phrases(f"about.source_{facts.chat.source}")],
        [phrases("about.timezone"), facts.chat.timezone],
    ]
    if facts.last_day:
        span = phrases("about.span_value", first=facts.days["day"].iloc[0], last=facts.last_day)
        rows += [
            [phrases("about.span"), span],
            [phrases("about.messages"), phrases.number(facts.messages)],
            [phrases("about.days_read"), phrases.number(len(facts.read))],
        ]
    return rows


def _made_by(facts: Facts, phrases: Phrases) -> str | None:
    if facts.last_day is None:
        return None
    return phrases("page.made_by", version=version("chat_forecast"), day=facts.last_day, timezone=facts.chat.timezone)

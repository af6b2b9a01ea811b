"""The section about the last 30 days: how the forecasts did."""

from datetime import date

from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import pooled_skill
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.charts.month import draw_skill, draw_totals
from chat_forecast.presentation.reports.facts import Facts
from chat_forecast.presentation.reports.facts.history import pooled_coverage
from chat_forecast.presentation.reports.sections import LEAST_DRAWN, Context, Drawn, Row
from chat_forecast.presentation.reports.sections.verdicts import verdict_mark


def month_section(facts: Facts, phrases: Phrases) -> Context:
    """Three figures over the scored days, and a table of them."""
    scores = facts.scores
    if scores.empty:
        return {"lead": phrases("month.none"), "figures": None}
    came, expected = int(scores["messages"].sum()), float(scores["expected_total"].sum())
    skill, coverage = _skill_and_coverage(facts, phrases)
    names = ("month.day", "hour.messages", "hour.expected", "month.skill", "month.coverage", "verdict.name")
    return {
        "lead": phrases.count("month.lead", len(scores)),
        "figures": [
            (phrases("month.skill"), skill, phrases("month.skill_note")),
            (phrases("month.coverage"), coverage, phrases("month.coverage_note")),
            (phrases("month.total"), phrases.about(expected), phrases.count("month.total_note", came)),
        ],
        "headings": [phrases(name) for name in names],
        "rows": _rows(facts, phrases),
    }


def month_charts(facts: Facts, phrases: Phrases) -> Drawn:
    """The totals and the skill of the scored days, if there is anything to see."""
    scores = facts.scores
    if scores.empty or not (scores["messages"].sum() or scores["expected_total"].sum() >= LEAST_DRAWN):
        return {}
    skill, coverage = _skill_and_coverage(facts, phrases)
    summary = phrases("month.summary", skill=skill, coverage=coverage)
    return {
        "month-totals": (draw_totals(phrases, scores), phrases("month.daily_chart", summary=summary)),
        "month-skill": (draw_skill(phrases, scores), phrases("month.skill_chart", summary=summary)),
    }


def _skill_and_coverage(facts: Facts, phrases: Phrases) -> tuple[str, str]:
    skill, coverage = pooled_skill(facts.scores), pooled_coverage(facts.scores)
    return phrases.percent(skill, signed=True), phrases.percent(coverage)


def _rows(facts: Facts, phrases: Phrases) -> list[Row]:
    return [
        [
            phrases.date(date.fromisoformat(row["day"])),
            phrases.number(row["messages"]),
            phrases.about(row["expected_total"]),
            phrases.percent(row["skill"], signed=True),
            phrases.percent(row["coverage_80"]),
            verdict_mark(Verdict.from_row({str(name): value for name, value in row.items()}), phrases),
        ]
        for row in facts.scores.to_dict("records")
    ]

"""A chat at the end of a day: what ``show``, ``run``, ``backfill`` and ``demo`` print.

Belongs here: the parts of it and their order, and the same as figures.
Does not belong here: the tables (:mod:`.forecasts`, :mod:`.scores`), and gathering what they show
(:mod:`chat_forecast.app.overview`).
"""

import json
from collections.abc import Hashable, Mapping
from dataclasses import asdict

from rich.console import Console

from chat_forecast.app.overview import Overview
from chat_forecast.cli.output.forecasts import forecast_table
from chat_forecast.cli.output.lines import print_line, print_sentence
from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.scores import score_table
from chat_forecast.domain.changes import Change
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.presentation.phrases import change_in_words, unusual_hours

MODEL_COLUMNS = ["forecaster", "trained_through"]
"""Columns of a forecast that are the same in each of its hours."""


def print_overview(console: Console, overview: Overview) -> None:
    """Print the forecast, the scores of the week, the verdict on the newest, unusual hours, and unusable files."""
    chat, coming = overview.chat, overview.day.plus(1)
    if overview.forecast is not None:
        console.print(forecast_table(console, chat, coming, overview.forecast))
        if overview.not_by_model:
            print_sentence(console, "yellow", "–", f"not made by the model: {overview.not_by_model}")
    elif overview.no_forecast:
        text = f"{shown_name(chat)}: no forecast for {coming.key}: {overview.no_forecast}"
        console.print(text, markup=False, highlight=False)
    if len(overview.scores):
        console.print(score_table(console, chat, overview.scores))
    if overview.verdict is not None:
        mark, colour = ("✓", "green") if overview.verdict.passed else ("✗", "red")
        judgement = "good enough: " if overview.verdict.passed else "not good enough: "
        if overview.verdict.passed and not overview.verdict.figures:  # nothing was judged
            judgement = ""
        print_sentence(console, colour, mark, f"{judgement}{overview.verdict.reason}")
    elif overview.missing_verdict is not None:
        print_line(console, "yellow", "–", overview.missing_verdict)
    if len(overview.unusual):
        unusual = "; ".join(unusual_hours(overview.unusual))
        console.print(f"Unusual on {overview.day.key}: {unusual}", highlight=False)
    for change in overview.changes:
        print_sentence(console, "yellow", "→", f"the chat changed: {change_in_words(change)}")
    for fault in overview.faults:
        print_line(console, "red", "✗", fault)


def overview_figures(overview: Overview, retrained: LocalDay | None = None) -> dict[str, object]:
    """What :func:`print_overview` shows, as figures; ``retrained`` is the day through which the model was just trained."""
    return {
        "chat": overview.chat.slug,
        "is_simulated": overview.chat.is_simulated,
        "timezone": overview.chat.timezone,
        "forecast": _forecast_figures(overview),
        "no_forecast": overview.no_forecast or None,
        "not_by_model": overview.not_by_model or None,
        "scores": [_score_figures(row) for row in overview.scores.to_dict("records")],
        "check": _verdict_figures(overview),
        "unusual_hours": overview.unusual,
        "changes": [change_figures(change) for change in overview.changes],
        "retrained_through": retrained and retrained.key,
        "faults": overview.faults,
    }


def change_figures(change: Change) -> dict[str, object]:
    """A change of a chat, as figures; its days as ISO 8601."""
    return asdict(change) | {"since": str(change.since), "found": str(change.found)}


def print_retraining(console: Console, day: LocalDay | None) -> None:
    """Say whether the model was retrained."""
    if day is None:
        console.print("The score passed its check, or a model covers its day already: not retrained.")
    else:
        console.print(f"The score failed its check: the model was retrained, through {day.key}.")


def _forecast_figures(overview: Overview) -> dict[str, object] | None:
    forecast = overview.forecast
    if forecast is None:
        return None
    return {
        "day": overview.day.plus(1).key,
        "expected": round(float(forecast["expected"].sum()), 3),
        **{name: forecast[name].iloc[0] for name in MODEL_COLUMNS},
        "hours": forecast.drop(columns=MODEL_COLUMNS),
    }


def _score_figures(row: Mapping[Hashable, object]) -> dict[Hashable, object]:
    stored = row["verdict_figures"]
    return {**row, "verdict_figures": json.loads(stored) if isinstance(stored, str) else None}


def _verdict_figures(overview: Overview) -> dict[str, object] | None:
    if overview.missing_verdict is not None:
        return {"passed": None, "rule": None, "reason": overview.missing_verdict}
    verdict = overview.verdict
    if verdict is None:
        return None
    return {"passed": verdict.passed, "rule": verdict.rule, "reason": verdict.reason, **verdict.figures}

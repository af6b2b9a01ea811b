"""Scores: a table of some days, and what ``rescore`` did to them.

Belongs here: laying out scores and verdicts.
Does not belong here: computing either.
"""

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.app.rescoring import Rescoring
from chat_forecast.cli.output.lines import print_line, print_sentence
from chat_forecast.cli.output.names import shown_name
from chat_forecast.cli.output.tables import fitting_table
from chat_forecast.plain_text import counted
from chat_forecast.settings.models import Chat

COLUMNS = {
    "day": "day", "messages": "messages", "expected_total": "expected", "rmse": "RMSE", "smape": "sMAPE",
    "pinball": "pinball", "coverage_80": "in 80%", "skill": "skill",
}  # fmt: skip
"""Column of a score -> its heading."""
SPARABLE = ("pinball", "coverage_80", "expected_total", "smape", "rmse")
FORMATS = {"messages": ".0f", "expected_total": ".0f", "coverage_80": ".0%", "skill": "+.0%"}


def score_table(console: Console, chat: Chat, scores: pd.DataFrame) -> Table:
    """A line for each scored day, with the columns that fit the console."""

    def build(headings: Mapping[str, str]) -> Table:
        table = Table(
            title=f"{shown_name(chat)}: scores",
            caption="skill: 1 − error ÷ error of the same hour a week before; above 0 is better than that. "
            "sMAPE from 0 to 2.",
            title_justify="left",
            caption_justify="left",
        )
        for heading in headings.values():
            table.add_column(heading, justify="left" if heading == "day" else "right", no_wrap=True)
        for row in scores[list(headings)].to_dict("records"):
            table.add_row(*(_cell(str(name), value) for name, value in row.items()))
        return table

    return fitting_table(console, COLUMNS, SPARABLE, build)


def print_rescoring(console: Console, chat: Chat, done: Rescoring) -> None:
    """Print how many verdicts changed, each day that passes now and failed before or the other way round, and bad files."""
    judged = done.judged
    for fault in done.faults:
        print_line(console, "red", "✗", fault)
    if not judged:
        console.print(f"{chat.slug}: no score is stored for these days.", highlight=False)
        return
    flipped = [each for each in judged if each.is_changed and each.before is not None]
    first = sum(each.before is None for each in judged)
    for each in flipped:
        mark, colour = ("✓", "green") if each.after.passed else ("✗", "red")
        words = "passes now" if each.after.passed else "fails now"
        print_sentence(console, colour, mark, f"{each.day.key} {words}: {each.after.reason}")
    made = f", {first} had no verdict before" if first else ""
    scores, changed = counted(len(judged), "scores"), counted(len(flipped), "verdicts")
    console.print(f"{chat.slug}: {scores} judged by the rule {chat.check.rule}: {changed} changed{made}.", highlight=False)


def rescoring_figures(chat: Chat, done: Rescoring) -> dict[str, object]:
    """What :func:`print_rescoring` says, as figures, with every score that was judged."""
    return {
        "chat": chat.slug,
        "rule": chat.check.rule,
        "changed": sum(each.is_changed and each.before is not None for each in done.judged),
        "without_verdict_before": sum(each.before is None for each in done.judged),
        "faults": done.faults,
        "scores": [
            {
                "day": each.day.key,
                "passed_before": each.before and each.before.passed,
                "passed": each.after.passed,
                "reason": each.after.reason,
            }
            for each in done.judged
        ],
    }


def _cell(name: str, value: float | str | None) -> Text:
    """A score, in colour where it tells good from bad."""
    if value is None or pd.isna(value):
        return Text("–", "dim")
    shown = value if isinstance(value, str) else format(value, FORMATS.get(name, ".2f"))
    colour = ("green" if float(value) > 0 else "red") if name == "skill" else ""
    return Text(shown, colour)

"""How the chats are doing, as a table and what needs a person.

Belongs here: laying out ``status``.
Does not belong here: finding out (:mod:`chat_forecast.app.health`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.app.health import ChatHealth
from chat_forecast.cli.output.lines import print_line
from chat_forecast.cli.output.tables import fitting_table
from chat_forecast.plain_text import counted
from chat_forecast.settings.mistakes import shown_name

HEADINGS = {
    "chat": "chat", "last_read": "last read", "missing": "missing", "skill": "skill", "check": "check",
    "model_age": "model age", "next_tick": "next run",
}  # fmt: skip
SPARABLE = ("next_tick", "model_age", "skill", "missing")
VERDICTS = {True: "passed", False: "failed", None: "none"}


def print_health(console: Console, found: Sequence[ChatHealth]) -> None:
    """Print a line for each chat; below them what needs a person, which scores have no verdict, what MLflow lacks."""
    console.print(health_table(console, found))
    for health in found:
        for concern in health.concerns:
            print_line(console, "red", "✗", f"{shown_name(health.chat)}: {concern}")
        if health.note is not None:
            print_line(console, "yellow", "–", f"{health.chat}: {health.note}")
        if health.score is not None and health.score["check_passed"] is None:
            print_line(console, "yellow", "–", f"{health.chat}: {health.score['check']}")
        if any(health.owed_to_mlflow.values()):
            owed = " and ".join(counted(number, name) for name, number in health.owed_to_mlflow.items() if number)
            print_line(console, "yellow", "–", f"{health.chat}: not in MLflow until the chat's next run: {owed}")


def health_table(console: Console, found: Sequence[ChatHealth]) -> Table:
    """A line for each chat, with the columns that fit the console."""

    def build(headings: Mapping[str, str]) -> Table:
        table = Table()
        for column, heading in headings.items():
            is_number = column in ("missing", "skill", "model_age")
            table.add_column(heading, justify="right" if is_number else "left", overflow="fold", no_wrap=column != "chat")
        for health in found:
            cells = _cells(health)
            table.add_row(*(cells[column] for column in headings))
        return table

    return fitting_table(console, HEADINGS, SPARABLE, build)


def _cells(health: ChatHealth) -> dict[str, str | Text]:
    score, age = health.score, health.model_age_days
    return {
        "chat": Text(shown_name(health.chat), "red" if health.concerns else "green"),
        "last_read": "put aside" if health.is_put_aside else health.last_day_read or "never",
        "missing": f"{len(health.missing_days)} d" if health.missing_days else "–",
        "skill": "–" if score is None or score["skill"] is None else f"{score['skill']:+.0%}",
        "check": "–" if score is None else _check(score, health.model_trained_through),
        "model_age": "–" if age is None else f"{age} d",
        "next_tick": "–" if health.next_tick is None else health.next_tick[5:16].replace("T", " "),
    }


def _check(score: Mapping[str, Any], trained_through: str | None) -> str:
    """How the newest check ended; where it failed and the model was trained since, that: nothing is left to be done."""
    passed = score["check_passed"]
    is_mended = passed is False and trained_through is not None and trained_through >= score["day"]
    return "retrained" if is_mended else VERDICTS[passed]

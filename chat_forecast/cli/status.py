"""How the chats are doing: ``status``."""

from dataclasses import asdict

import click
from rich.table import Table

from chat_forecast.app.health import ChatHealth
from chat_forecast.cli.base import Workplace, console, examples, json_option, pass_workplace, print_json


@click.command(epilog=examples("chat-forecast status", "chat-forecast status --json"))
@json_option
@pass_workplace
def status(workplace: Workplace, as_json: bool) -> None:
    """Tell how every chat is doing; the exit code is 1 if something needs a person."""
    from chat_forecast.app.health import examine

    resources = workplace.resources
    found = [examine(chat, resources.storages.of(chat), resources.sources, workplace.now) for chat in workplace.chats]
    if as_json:
        print_json([asdict(health) for health in found])
    else:
        console.print(status_table(found))
        for health in found:
            for concern in health.concerns:
                console.print(f"[red]✗[/] {health.chat}: ", end="")
                console.print(concern, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1 if any(health.concerns for health in found) else 0)


def status_table(found: list[ChatHealth]) -> Table:
    """A line for each chat."""
    table = Table("chat", "last day read", "missing", "last score", "check", "model", "next tick")
    for column in (2, 3):
        table.columns[column].justify = "right"
    for health in found:
        score = health.score
        table.add_row(
            f"[{'red' if health.concerns else 'green'}]{health.chat}[/]",
            health.last_day_read or "never",
            str(len(health.missing_days) or "–"),
            "–" if score is None or score["skill"] is None else f"{score['day']}: skill {score['skill']:+.0%}",
            "–" if score is None else "passed" if score["check_passed"] else "failed",
            "none" if health.model_age_days is None else f"{health.model_age_days} days old",
            health.next_tick[:16].replace("T", " "),
        )
    return table

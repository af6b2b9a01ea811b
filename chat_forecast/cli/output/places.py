"""Where things are: files, plot, report, settings.

Belongs here: printing places, shortened where they lie below the folder that the person is in.
Does not belong here: where things lie (:mod:`chat_forecast.settings.paths`).
"""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from chat_forecast.cli.output.lines import print_next


def print_places(console: Console, places: Mapping[str, str | Path | None]) -> None:
    """Print where each thing is, those that are not there left out, and how to open the UIs."""
    for name, place in places.items():
        if place is not None:
            shown = str(place).removeprefix(f"{Path.cwd()}/")
            console.print(f"{name + ':':<10}{shown}", markup=False, highlight=False, soft_wrap=True)
    print_next(console, "chat-forecast up", "Open the Dagster and MLflow UIs and the report")

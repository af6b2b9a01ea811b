"""An import: what it took and what it passed over.

Belongs here: laying out an import's report.
Does not belong here: the report (:mod:`chat_forecast.app.importing`).
"""

from dataclasses import fields

from rich.console import Console

from chat_forecast.app.importing import ImportReport
from chat_forecast.domain.local_day import LocalDay


def print_import(console: Console, chat: str, report: ImportReport) -> None:
    """Print what an import took and what it passed over."""
    for line in report.lines():
        console.print(line, highlight=False)
    console.print(f"Next: [bold]chat-forecast backfill {chat}[/]")


def import_figures(report: ImportReport) -> dict[str, object]:
    """What :func:`print_import` says, as figures; days as lists of their first and last ones."""

    def keys(ranges: tuple[tuple[LocalDay, LocalDay], ...]) -> list[tuple[str, str]]:
        return [(first.key, last.key) for first, last in ranges]

    days = ("covered", "partly_covered", "not_covered")
    figures = {each.name: getattr(report, each.name) for each in fields(report)}
    return figures | {name: keys(figures[name]) for name in days}

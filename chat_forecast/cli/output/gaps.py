"""The stretches of an archive of which nothing is known, and silences that are trusted.

Belongs here: laying them out. Does not belong here: finding them (:mod:`chat_forecast.app.archive_gaps`).
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from chat_forecast.app.archive_gaps import Gap
from chat_forecast.settings.models import Chat

REASONS = {
    "ids jump": "nothing is there, and message ids jump across it",
    "said to be missing": "somebody said that messages are missing",
    "said of no import": "somebody said that messages are missing; nothing that was imported reaches there",
    "between files": "no imported file reaches there",
    "trusted": "message ids jump across it, but somebody said that it was quiet",
}


def print_gaps(console: Console, chat: Chat, gaps: Sequence[Gap]) -> None:
    """Print a line for each stretch, and how to change what is known of it."""
    if not gaps:
        console.print(f"{chat.slug}: everything between the first and the last imported message is known.", highlight=False)
        return
    table = Table("from", "to", "hours", "", "why", title=f"{chat.slug} ({chat.timezone})", title_justify="left")
    table.columns[2].justify = "right"
    for column, width in zip(table.columns, (10, 10, 5, 7, 10), strict=True):  # a time may stand below its date
        column.min_width = width
    for gap in gaps:
        start, end = (instant.tz_convert(chat.timezone) for instant in (gap.start, gap.end))
        taken = "quiet" if gap.reason == "trusted" else "missing"
        table.add_row(f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}", f"{gap.hours:.0f}", taken, REASONS[gap.reason])
    console.print(table)


def gaps_figures(gaps: Sequence[Gap]) -> list[dict[str, object]]:
    """The list of :func:`print_gaps` as figures."""
    return [{"from": gap.start, "to": gap.end, "hours": round(gap.hours, 2), "reason": gap.reason} for gap in gaps]

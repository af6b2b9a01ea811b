"""Imports: what one took and passed over, and which imports filled an archive.

Belongs here: laying out an import's report, the list of imports, and what taking one out changed. Titles of chats are other
people's text: nothing in them is read as markup.
Does not belong here: the report (:mod:`chat_forecast.app.import_report`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_forecast.app.import_report import DayRange, ImportReport, listed_days
from chat_forecast.cli.output.lines import print_next
from chat_forecast.cli.output.tables import fitting_table
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.plain_text import counted, one_line
from chat_forecast.settings.models import Chat
from chat_forecast.storage.archive_ledger import ImportRecord, Ledger

if TYPE_CHECKING:  # it imports Dagster, for which a first import need not wait
    from chat_forecast.app.archive_changes import Remade


COLUMNS = ("#", "when", "file", "chat", "messages", "new", "days")
SPARABLE = ("messages", "chat", "when")
LONGEST_NAME = 24
"""Characters of a file's or a chat's name in a line; longer ones go on in the next."""


def print_import(console: Console, chat: str, report: ImportReport, remade: "Remade | None") -> None:
    """Print what an import took and what it passed over, and what was made again."""
    for line in report.lines(chat):
        console.print(line, highlight=False, markup=False)
    print_remade(console, chat, remade)
    print_next(console, f"chat-forecast backfill {chat}")


def import_figures(report: ImportReport, remade: "Remade | None") -> dict[str, object]:
    """What :func:`print_import` says, as figures; days as lists of their first and last ones."""
    covered = ("covered", "partly_covered", "not_covered")
    figures = {each.name: getattr(report, each.name) for each in fields(report)}
    return figures | {
        **{name: [(first.key, last.key) for first, last in figures[name]] for name in covered},
        "unread": report.unread.intervals,
        "changed_days": keys(report.changed_days),
        **remade_figures(remade),
    }


def print_imports(console: Console, chat: Chat, ledger: Ledger) -> None:
    """Print a line for each import."""
    if not ledger.imports:
        console.print(f"{chat.slug}: nothing was imported.", highlight=False)
        return

    def build(headings: Mapping[str, str]) -> Table:
        table = Table(title="Imports", title_justify="left")
        for column in headings:
            justify: Literal["left", "right"] = "right" if column in ("#", "messages", "new") else "left"
            is_long = column in ("file", "chat")
            longest = LONGEST_NAME if is_long else None
            table.add_column(column, justify=justify, no_wrap=not is_long, overflow="fold", max_width=longest)
        for record in ledger.imports:
            cells = _cells(record, chat)
            table.add_row(*(cells[column] for column in headings))
        return table

    console.print(fitting_table(console, {name: name for name in COLUMNS}, SPARABLE, build))


def imports_figures(chat: Chat, ledger: Ledger) -> list[dict[str, object]]:
    """The list of :func:`print_imports` as figures."""
    return [
        {
            "number": record.number,
            "imported_at": record.imported_at,
            "file": record.file,
            "program": record.chat.program,
            "chat_id": record.chat.chat_id,
            "title": record.chat.title,
            "kind": record.chat.kind,
            "written_id": record.chat.written_id,
            "messages": record.messages,
            "new": record.new,
            "first_day": _days_of(record, chat)[0].key if not record.spans.is_empty else None,
            "last_day": _days_of(record, chat)[1].key if not record.spans.is_empty else None,
        }
        for record in ledger.imports
    ]


def print_removal(console: Console, chat: str, number: int, changed: Sequence[LocalDay], remade: "Remade | None") -> None:
    """Print what taking an import out changed."""
    console.print(f"Import {number} is out. Days that changed: {listed_days(ranges(changed))}", highlight=False)
    print_remade(console, chat, remade)


def print_remade(console: Console, chat: str, remade: "Remade | None") -> None:
    """Print in one line what was made again, and what was not; nothing if no day that changed was ever made."""
    if remade is None or remade.newest is None:
        return
    line = (
        f"days made again: {listed_days(ranges(remade.days))}, with the {counted(remade.forecasts, 'forecasts')} and "
        f"{counted(remade.scores, 'scores')} that look back to them"
    )
    if remade.models:
        newest = remade.newest.key
        line += (
            f"; not trained again: {counted(remade.models, 'models')}. To train one now: chat-forecast backfill {chat} "
            f"--from {newest} --to {newest}"
        )
    console.print(line, highlight=False, soft_wrap=True)


def remade_figures(remade: "Remade | None") -> dict[str, object]:
    """What :func:`print_remade` says, as figures."""
    return {
        "days_made_again": keys(remade.days) if remade else [],
        "forecasts_made_again": remade.forecasts if remade else 0,
        "scores_made_again": remade.scores if remade else 0,
        "models_not_trained_again": remade.models if remade else 0,
    }


def keys(days: Iterable[LocalDay]) -> list[str]:
    """The keys of some days."""
    return [day.key for day in days]


def ranges(days: Sequence[LocalDay]) -> list[DayRange]:
    """Days in ascending order as ranges without a gap."""
    found: list[DayRange] = []
    for day in days:
        if found and found[-1][1].plus(1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _cells(record: ImportRecord, chat: Chat) -> dict[str, str | Text]:
    return {
        "#": str(record.number),
        "when": f"{record.imported_at:%Y-%m-%d}" if record.imported_at else "unknown",
        "file": Text(one_line(record.file or "unknown")),
        "chat": Text(_chat_of(record)),
        "messages": f"{record.messages:,}",
        "new": f"{record.new:,}",
        "days": "\nto ".join(keys(_days_of(record, chat))) if not record.spans.is_empty else "–",
    }


def _chat_of(record: ImportRecord) -> str:
    parts = [part for part in (record.chat.program, record.chat.shown_id, record.chat.title) if part is not None]
    return one_line(" ".join(parts)) or "–"


def _days_of(record: ImportRecord, chat: Chat) -> DayRange:
    spans = record.spans.intervals
    return LocalDay.containing(spans[0][0], chat.timezone), LocalDay.containing(spans[-1][1], chat.timezone)

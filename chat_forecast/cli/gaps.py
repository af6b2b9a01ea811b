"""What is missing in an archive: ``gaps``."""

from pathlib import Path

import click

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.output.gaps import gaps_figures, print_gaps
from chat_forecast.cli.output.imports import print_remade, remade_figures
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.cli.remaking import remake_days
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.topics import topics_of
from chat_forecast.storage.archive_ledger import Ledger


class NothingImportedError(ChatForecastError):
    """A chat has no archive; the message says how it gets one."""


@click.command(
    epilog=examples(
        "chat-forecast gaps my-chat",
        "chat-forecast gaps my-chat --missing 2026-05-01..2026-05-03",
        "chat-forecast gaps my-chat --quiet 2026-05-01T18:00..2026-05-02T06:30",
    )
)
@chat_argument
@click.option(
    "--missing", metavar="FROM..TO", multiple=True, help="Mark a stretch as missing: days, both included, or times."
)
@click.option(
    "--gaps", "file", type=click.Path(path_type=Path), help="A CSV file of missing stretches, with the columns from and to."
)
@click.option(
    "--quiet", metavar="FROM..TO", multiple=True, help="Mark a stretch as quiet, even if message ids jump across it."
)
@click.option("--trust-silence", is_flag=True, help="Mark every silence as quiet.")
@click.option("--forget", metavar="FROM..TO", multiple=True, help="Remove the marks of a stretch.")
@json_option
@pass_workplace
def gaps(
    workplace: Workplace,
    chat_slug: str,
    missing: tuple[str, ...],
    file: Path | None,
    quiet: tuple[str, ...],
    trust_silence: bool,
    forget: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show or change what is missing in a chat's archive.

    A missing stretch is not used for training and not scored; a quiet stretch counts as hours with no messages. The days
    that change are recomputed.
    """
    from chat_forecast.app.archive_changes import change_statements
    from chat_forecast.app.archive_gaps import list_gaps
    from chat_forecast.app.time_ranges import parse_time_ranges, read_time_ranges_file
    from chat_forecast.storage.archive import Archive

    chat, console = workplace.chat(chat_slug), console_for(as_json)
    storage, remade = workplace.storage(chat), None
    archive = Archive(storage.root, chat_slug, storage.locks)
    if not archive.is_there:
        raise NothingImportedError(f"{chat_slug}: nothing was imported. First: chat-forecast import {chat_slug} FILE")
    forgotten, trusted, said = (parse_time_ranges(texts, chat.timezone) for texts in (forget, quiet, missing))
    if file is not None:
        said = said.union(read_time_ranges_file(file, chat_slug, chat.timezone))

    def change(ledger: Ledger) -> Ledger:
        silences = trusted.union(ledger.unread) if trust_silence else trusted
        return ledger.forgetting(forgotten).trusting(silences).missing_in(said)

    if trust_silence or not all(stretches.is_empty for stretches in (forgotten, trusted, said)):
        topics = [workplace.storage(each) for each in topics_of(chat, workplace.chats)]
        changed = change_statements(archive, change, storage, topics)
        remade = remake_days(workplace, chat, changed, console)
    found = list_gaps(archive)
    print_gaps(console, chat, found)
    print_remade(console, chat_slug, remade)
    if as_json:
        print_json({"chat": chat_slug, "gaps": gaps_figures(found), **remade_figures(remade)})

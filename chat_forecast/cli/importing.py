"""Taking in message files: ``import``."""

from pathlib import Path

import click

from chat_forecast.cli.base import (
    Workplace,
    chat_argument,
    console_for,
    examples,
    json_option,
    pass_workplace,
    print_json,
)
from chat_forecast.cli.output.imports import import_figures, print_import
from chat_forecast.cli.output.progress import byte_progress
from chat_forecast.settings.editing import add_chat, expect_addable, update_first_day
from chat_forecast.settings.models import Chat


@click.command(
    "import",
    epilog=examples(
        "chat-forecast import my-chat result.json --timezone Europe/Moscow",
        "chat-forecast import my-chat january.json february.json",
        "chat-forecast import my-chat account/result.json --chat-id 1234567890",
    ),
)
@chat_argument
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--timezone", help="The chat's time zone, such as Europe/Moscow. Needed for a chat not yet configured.")
@click.option("--chat-id", type=int, help="Which chat to take from an export of a whole account.")
@json_option
@pass_workplace
def import_(
    workplace: Workplace,
    chat_slug: str,
    files: tuple[Path, ...],
    timezone: str | None,
    chat_id: int | None,
    as_json: bool,
) -> None:
    """Take messages from Telegram Desktop exports (JSON), CSV or Parquet files into a chat's archive."""
    from chat_forecast.app.importing import import_files
    from chat_forecast.sources.pseudonyms import Pseudonyms
    from chat_forecast.storage.archive import Archive

    home = workplace.home
    home.prepare()
    configured = {chat.slug: chat for chat in workplace.chats} if home.chats_file.exists() else {}
    zone = _zone_of_import(configured.get(chat_slug), chat_slug, timezone)
    if chat_slug not in configured:
        # A name or a zone that cannot be used is refused before anything is read.
        expect_addable(home.chats_file, chat_slug, source="export", timezone=zone, first_day=workplace.now.date())
    console = console_for(as_json)
    with byte_progress(console, "reading") as progress:
        report = import_files(
            Archive(home.storage_url, chat_slug),
            files,
            timezone=zone,
            pseudonyms=Pseudonyms.load(home.root),
            chat_id=chat_id,
            today=workplace.now.date(),
            progress=progress,
        )
    first_day = report.first_day.date
    if chat_slug in configured:
        update_first_day(home.chats_file, chat_slug, first_day)
    else:
        add_chat(home.chats_file, chat_slug, source="export", timezone=zone, first_day=first_day)
    print_import(console, chat_slug, report)
    if as_json:
        print_json({"chat": chat_slug, **import_figures(report)})


def _zone_of_import(configured: Chat | None, slug: str, timezone: str | None) -> str:
    """The time zone of an import: the chat's own, or for a new chat the one given."""
    if configured is None and timezone is None:
        raise click.UsageError(f"{slug} is a new chat: give its time zone, such as --timezone Europe/Moscow")
    if configured is None:
        return str(timezone)
    if configured.source == "simulated":
        raise click.UsageError(f"{slug} is a {configured.source} chat: choose another name for an imported one")
    if timezone not in (None, configured.timezone):
        raise click.UsageError(f"{slug} is configured with the time zone {configured.timezone}, not {timezone}")
    return configured.timezone

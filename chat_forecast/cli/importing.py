"""Taking in message files, and taking them back: ``import``, ``imports``."""

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from chat_forecast.cli.base import Workplace, chat_argument, examples, pass_workplace
from chat_forecast.cli.output.imports import (
    import_figures,
    imports_figures,
    print_import,
    print_imports,
    print_removal,
    remade_figures,
)
from chat_forecast.cli.output.progress import byte_progress
from chat_forecast.cli.printing import console_for, json_option, print_json
from chat_forecast.cli.remaking import remake_days
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.settings.editing import add_imported_chat, expect_addable, update_first_day
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic, topics_of

if TYPE_CHECKING:  # `--help` need not wait for them
    from chat_forecast.app.importing import Change
    from chat_forecast.app.reading_files import ImportOptions
    from chat_forecast.storage.archive_contents import ArchiveContents


class _Said(TypedDict):
    """What options say about the files."""

    file_timezone: str | None
    chat_id: str | None
    date_order: str | None
    same_chat: bool
    accept_partial: bool
    trust_silence: bool
    missing: tuple[str, ...]
    gaps: Path | None


@click.command(
    "import",
    epilog=examples(
        "chat-forecast import my-chat result.json --timezone Europe/Moscow",
        "chat-forecast import my-chat january.json february.json",
        "chat-forecast import my-chat account/result.json --chat-id 1234567890",
        'chat-forecast import our-group "WhatsApp Chat with Us.zip" --timezone Europe/Berlin',
        "chat-forecast import my-chat slack.zip --chat-id general",
        "chat-forecast import my-chat table.csv --file-timezone UTC --missing 2026-05-01..2026-05-03",
    ),
)
@chat_argument
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--timezone", help="The chat's time zone, such as Europe/Moscow. Required for a new chat.")
@click.option("--file-timezone", metavar="ZONE", help="The time zone of times without an offset.  [default: the chat's]")
@click.option("--chat-id", metavar="ID", help="The id or title of the chat to import from an export with several chats.")
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help="The order of day, month and year in dates that are ambiguous.",
)
@click.option(
    "--same-chat", is_flag=True, help="The files contain the same chat under another id, or with ids that start over."
)
@click.option("--accept-partial", is_flag=True, help="Import a file even if it contains only part of the chat's messages.")
@click.option("--trust-silence", is_flag=True, help="Treat every silence as quiet, even if message ids jump across it.")
@click.option(
    "--missing",
    metavar="FROM..TO",
    multiple=True,
    help="Mark a stretch as missing: days (2026-05-01..2026-05-03) or times.",
)
@click.option(
    "--gaps", type=click.Path(path_type=Path), help="A CSV file of missing stretches, with the columns from and to."
)
@json_option
@pass_workplace
def import_(
    workplace: Workplace,
    chat_slug: str,
    files: tuple[Path, ...],
    timezone: str | None,
    as_json: bool,
    **said: Unpack[_Said],
) -> None:
    """Import exported messages of a chat.

    Reads exports of Telegram, WhatsApp, Discord, Slack, Signal, Matrix and Google Chat, and CSV and Parquet files. Folders
    and zip archives are read directly. To learn how to export from each program, see chat_forecast/docs/formats.md.

    Days that are already processed and that change are recomputed.
    """
    from chat_forecast.app.importing import import_files
    from chat_forecast.app.leftover_files import remove_leftover_files
    from chat_forecast.sources.pseudonyms import Pseudonyms
    from chat_forecast.storage.archive import Archive

    home, console = workplace.home, console_for(as_json)
    home.prepare()
    known = workplace.chats_file.find(chat_slug) if home.chats_file.exists() else None
    zone = _zone_of_import(known, chat_slug, timezone)
    _expect_usable(workplace, known, chat_slug, zone)
    remove_leftover_files(home, [chat_slug])
    with byte_progress(console, "reading") as progress:
        report = import_files(
            Archive(home.storage_url, chat_slug, workplace.resources.storages.locks),
            files,
            timezone=zone,
            pseudonyms=Pseudonyms.load(home.root),
            options=_options(said, chat_slug, zone, is_forum=bool(known and known.topics)),
            live=_live(workplace, known),
            now=workplace.now,
            before_writing=_withdraw_from_days(workplace, known),
            progress=progress,
        )
    if known is None:
        add_imported_chat(home.chats_file, chat_slug, timezone=zone, first_day=report.first_day.date)
    else:
        update_first_day(home.chats_file, chat_slug, report.first_day.date)
    remade = remake_days(workplace, known, report.changed_days, console) if known else None
    print_import(console, chat_slug, report, remade)
    if as_json:
        print_json({"chat": chat_slug, **import_figures(report, remade)})


@click.command(epilog=examples("chat-forecast imports my-chat", "chat-forecast imports my-chat --remove 3"))
@chat_argument
@click.option(
    "--remove",
    "number",
    type=int,
    metavar="N",
    help="Remove the import with this number and the messages that only it contains.",
)
@json_option
@pass_workplace
def imports(workplace: Workplace, chat_slug: str, number: int | None, as_json: bool) -> None:
    """List a chat's imports, or remove one.

    The days that change are recomputed.
    """
    from chat_forecast.app.archive_changes import NoSuchImportError, remove_import
    from chat_forecast.storage.archive import Archive

    chat, console = workplace.chat(chat_slug), console_for(as_json)
    storage, remade = workplace.storage(chat), None
    archive = Archive(storage.root, chat_slug, storage.locks)
    if number is not None:
        try:
            topics = [workplace.storage(each) for each in topics_of(chat, workplace.chats)]
            changed = remove_import(archive, number, storage, topics)
        except NoSuchImportError:  # a command that was killed may have taken it out, and not have made its days again
            remake_days(workplace, chat, (), console)
            raise
        remade = remake_days(workplace, chat, changed, console)
        print_removal(console, chat_slug, number, changed, remade)
    print_imports(console, chat, archive.ledger)
    if as_json:
        print_json({"chat": chat_slug, "imports": imports_figures(chat, archive.ledger), **remade_figures(remade)})


def _expect_usable(workplace: Workplace, known: Chat | None, slug: str, timezone: str) -> None:
    """Refuse, before anything is read, a chat that is put aside, and a name or a zone that cannot be used."""
    if known is not None:
        workplace.storage(known)
    else:
        first_day = workplace.now.date()
        expect_addable(workplace.home.chats_file, slug, source="export", timezone=timezone, first_day=first_day)


def _options(said: _Said, slug: str, timezone: str, *, is_forum: bool) -> "ImportOptions":
    """What a person says about the files."""
    from chat_forecast.app.reading_files import ImportOptions
    from chat_forecast.app.time_ranges import parse_time_ranges, read_time_ranges_file

    missing = parse_time_ranges(said["missing"], timezone)
    if said["gaps"] is not None:
        missing = missing.union(read_time_ranges_file(said["gaps"], slug, timezone))
    return ImportOptions(
        file_timezone=said["file_timezone"],
        chat_id=said["chat_id"],
        date_order=said["date_order"],
        is_partial_accepted=said["accept_partial"],
        is_same_chat=said["same_chat"],
        is_silence_trusted=said["trust_silence"],
        missing=missing,
        is_forum=is_forum,
    )


def _live(workplace: Workplace, chat: Chat | None) -> list[HeldChat]:
    """The chat as it is read live from Telegram, if it is."""
    if chat is None or chat.source != "telegram":
        return []
    from chat_forecast.sources.telegram.peers import Peers, held_chats

    return held_chats(Peers(workplace.home.root).get(chat.slug))


def _withdraw_from_days(workplace: Workplace, chat: Chat | None) -> "Change":
    """What to do before the archive of a chat changes: remove from stored days what it will not hold any more."""
    from chat_forecast.app.importing import no_change

    if chat is None:
        return no_change
    from chat_forecast.app.archive_changes import remove_withdrawn

    storages = [workplace.resources.storages.of(each) for each in (chat, *topics_of(chat, workplace.chats))]

    def withdraw_from_all(before: "ArchiveContents", after: "ArchiveContents") -> None:
        for storage in storages:
            remove_withdrawn(storage, before, after)

    return withdraw_from_all


def _zone_of_import(configured: Chat | None, slug: str, timezone: str | None) -> str:
    """The time zone of an import: the chat's own, or for a new chat the one given."""
    if configured is None and timezone is None:
        raise click.UsageError(f"{slug} is a new chat: give its time zone, such as --timezone Europe/Moscow")
    if configured is None:
        return str(timezone)
    if isinstance(configured, Topic):
        forum = configured.forum.slug
        raise click.UsageError(f"{slug} is a topic of {forum}, whose messages it has: chat-forecast import {forum} FILE")
    if configured.source == "simulated":
        raise click.UsageError(f"{slug} is a {configured.source} chat: choose another name for an imported one")
    if timezone not in (None, configured.timezone):
        raise click.UsageError(f"{slug} is configured with the time zone {configured.timezone}, not {timezone}")
    return configured.timezone

"""The readers of other programs' exports, in the order in which they are asked.

Belongs here: the list. Does not belong here: how each recognises and reads its files.
"""

from chat_forecast.sources.exports import (
    discord,
    discord_csv,
    google_chat,
    matrix,
    signal_backup,
    signal_export,
    sigtop,
    slack,
    tdl,
    telegram_html,
    telegram_scraper,
    telegram_zipped,
    telethon_dump,
    whatsapp,
)
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import ExportFormat

FORMATS: tuple[ExportFormat, ...] = (
    telegram_zipped.FORMAT,
    slack.FORMAT,
    google_chat.FORMAT,
    telegram_html.FORMAT,
    signal_backup.FORMAT,
    signal_export.FORMAT,
    discord.FORMAT,
    discord_csv.FORMAT,
    tdl.FORMAT,
    telethon_dump.FORMAT,
    telegram_scraper.FORMAT,
    matrix.FORMAT,
    sigtop.JSON,
    sigtop.TEXT,
    whatsapp.FORMAT,
)


def find_format(bundle: Bundle) -> tuple[ExportFormat, list[str]] | None:
    """The format of a file, folder or archive, and its parts; None if no reader knows it."""
    return next(((each, parts) for each in FORMATS if (parts := list(each.find(bundle)))), None)

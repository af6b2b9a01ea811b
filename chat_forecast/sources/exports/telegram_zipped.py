"""Exports of Telegram Desktop as JSON, in a zip archive.

Belongs here: finding ``result.json`` in an archive. Does not belong here: reading it (:mod:`.telegram_desktop`).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat
from chat_forecast.sources.exports.telegram_desktop import read_telegram_desktop
from chat_forecast.sources.exports.telegram_peers import PROGRAM

_NAME = "result.json"


def find(bundle: Bundle) -> list[str]:
    """The exports in the archive."""
    return [] if bundle.is_file else [name for name in bundle.names if PurePosixPath(name).name == _NAME]


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    if len(parts) > 1:
        first = "Import" if asked.path.is_dir() else "Unpack it, and import"
        raise asked.refusal(f"it holds {len(parts)} exports. {first} one {_NAME}.")
    return read_telegram_desktop(
        asked.path,
        timezone=asked.timezone,
        chat_id=asked.chat_number(),
        tally=asked.tally,
        progress=asked.progress,
        open_file=partial(bundle.open, parts[0]),
    )


FORMAT = ExportFormat(f"{PROGRAM} (JSON in a zip archive)", find, read)

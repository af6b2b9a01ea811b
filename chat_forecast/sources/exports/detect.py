"""What a file is, by its first bytes and its name.

Belongs here: finding the reader for a file, and saying why there is none.
Does not belong here: reading it, and whose export it is otherwise (:mod:`.unsupported`).
"""

import re
from collections.abc import Sequence
from pathlib import Path

from chat_forecast.sources.exports.base import FileChat, Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.bundle import HEAD_BYTES, open_bundle
from chat_forecast.sources.exports.export_format import Asked
from chat_forecast.sources.exports.formats import find_format
from chat_forecast.sources.exports.unsupported import recognise, recognise_folder

EXPORT_NAME = "result.json"
_TABLES = (".csv", ".tsv", ".txt")
_UTF_16_UNSIGNED = re.compile(rb"(?:\0[\t\n\r -~]){2}|(?:[\t\n\r -~]\0){2}")
_UTF_16 = "its text is UTF-16. Save it as UTF-8."
_FOREIGN_HEADS = {
    b"\x1f\x8b": "it is compressed with gzip. Unpack it first: gunzip FILE.",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"version https://git-lfs": (
        "it is a Git LFS pointer, which only stands for the real file. Fetch that one (git lfs pull) and import it."
    ),
}


def resolve(path: Path) -> Path:
    """Find the file to read: itself, or the ``result.json`` in a folder.

    Raises:
        RefusedFileError: there is nothing, or a folder without an export.
    """
    if path.is_dir():
        if (path / EXPORT_NAME).is_file():
            return path / EXPORT_NAME
        with open_bundle(path) as bundle:
            if find_format(bundle):
                return path
        if program := recognise_folder(path):
            raise RefusedFileError(path, f"{program.found} {program.remedy}")
        raise RefusedFileError(path, f"it is a folder without a {EXPORT_NAME}. Name the file itself.")
    if not path.is_file():
        raise RefusedFileError(path, "there is no such file.")
    return path


def read_file(
    path: Path,
    *,
    timezone: str | None,
    chat_id: int | str | None,
    tally: Tally,
    progress: Progress,
    date_order: str | None = None,
    together: Sequence[Path] = (),
) -> list[FileChat]:
    """Read a file of any known format: one chat, or the two halves of one that became a supergroup.

    ``chat_id`` is the id, or the title, of one of several chats; ``together`` are all files of the import.

    Raises:
        RefusedFileError: it has no known format, or is damaged, or is not one to import.
    """
    from chat_forecast.sources.exports.parquet_tables import read_parquet_messages
    from chat_forecast.sources.exports.tables import read_csv
    from chat_forecast.sources.exports.telegram_desktop import read_telegram_desktop

    asked = Asked(path, timezone, None if chat_id is None else str(chat_id), date_order, tally, progress, tuple(together))
    if path.is_dir():
        return _read_other(asked) or []
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    _refuse_unreadable(path, head)
    if (chats := _read_other(asked)) is not None:
        return chats
    if program := recognise(path, head):
        raise RefusedFileError(path, f"{program.found} {program.remedy}")
    if head.startswith(b"PAR1"):
        return [FileChat(read_parquet_messages(path, timezone=timezone, tally=tally, progress=progress))]
    if _text_of(head).startswith(b"{") or path.suffix.lower() == ".json":
        number = asked.chat_number()
        return read_telegram_desktop(path, timezone=timezone, chat_id=number, tally=tally, progress=progress)
    if path.suffix.lower() in _TABLES:
        return [FileChat(read_csv(path, timezone=timezone, tally=tally, progress=progress))]
    raise RefusedFileError(
        path,
        "it has no known format. Expected an export of Telegram, WhatsApp, Discord, Slack, Signal, Matrix or Google Chat as "
        f"its program makes it, or a table ({', '.join(_TABLES)} or .parquet).",
    )


def _text_of(head: bytes) -> bytes:
    """The beginning of a file without a byte order mark and blank lines."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _refuse_unreadable(path: Path, head: bytes) -> None:
    """Refuse a file that is empty, packed, in UTF-16, or stands for another one."""
    if not _text_of(head):
        raise RefusedFileError(path, "it is empty. Export or copy it again.")
    if _UTF_16_UNSIGNED.match(head):
        raise RefusedFileError(path, _UTF_16)
    for beginning, found in _FOREIGN_HEADS.items():
        if head.startswith(beginning):
            raise RefusedFileError(path, found)


def _read_other(asked: Asked) -> list[FileChat] | None:
    """Read an export of another program; None if it is none."""
    with open_bundle(asked.path) as bundle:
        found = find_format(bundle)
        return None if found is None else found[0].read(bundle, found[1], asked)

"""Changing ``chats.toml`` without disturbing what stands in it: comments, order and line ends stay.

Belongs here: the changes that commands make, each whole or not at all.
Does not belong here: reading the file (:mod:`.reading`).
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import tomlkit
from filelock import FileLock
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from chat_forecast.settings.mistakes import CHATS, ConfigError, shown
from chat_forecast.settings.models import Chat, SourceName
from chat_forecast.settings.reading import expect_place, parse_chats, read_text
from chat_forecast.whole_files import replace_file


def add_chat(path: Path, slug: str, *, source: SourceName, timezone: str, first_day: date) -> None:
    """Add a chat at the end of the file, which is made if there is none; the rest of the file stays as it is.

    A chat that is there already with the same settings is left alone.

    Raises:
        ConfigError: the chat would have mistakes, or the file has some that are no chat's, or the slug has other settings.
    """
    with _locked(path):
        text = _with_chat(path, slug, {"source": source, "timezone": timezone, "first_day": first_day})
        if text is not None:
            _replace(path, slug, text)


def add_imported_chat(path: Path, slug: str, *, timezone: str, first_day: date) -> None:
    """Add the chat of an archive; where another import has added it meanwhile, the earlier of the first days holds.

    Raises:
        ConfigError: as :func:`add_chat`.
    """
    with _locked(path):
        present = parse_chats(path, read_text(path)).find(slug) if path.exists() else None
        begun = first_day if present is None else present.first_day
        text = _with_chat(path, slug, {"source": "export", "timezone": timezone, "first_day": begun})
        if text is not None:
            _replace(path, slug, text)
    update_first_day(path, slug, first_day)


def expect_addable(path: Path, slug: str, *, source: SourceName, timezone: str, first_day: date) -> None:
    """Find out whether :func:`add_chat` could add a chat, without changing anything.

    Raises:
        ConfigError: it could not.
    """
    _with_chat(path, slug, {"source": source, "timezone": timezone, "first_day": first_day})


def update_first_day(path: Path, slug: str, first_day: date) -> bool:
    """Move a chat's first day back if ``first_day`` is earlier; returns whether the file was changed.

    Raises:
        ConfigError: the chat has mistakes, or is not there.
    """
    with _locked(path):
        text = read_text(path)
        file = parse_chats(path, text)
        chat = file.find(slug)
        if chat is None:
            known = ", ".join(chat.slug for chat in file.chats)
            raise ConfigError(f"{path}: chat {slug}: missing, expected one of: {known}")
        if first_day >= chat.first_day:
            return False
        document = _editable(path, text)
        document[CHATS][slug]["first_day"] = first_day
        _replace(path, slug, tomlkit.dumps(document))
        return True


def update_timezone(path: Path, slug: str, timezone: str, first_day: date) -> None:
    """Change a chat's time zone, and its first day if that is another one in it.

    Raises:
        ConfigError: the chat has mistakes, or is not there, or there is no such zone.
    """
    with _locked(path):
        text = read_text(path)
        parse_chats(path, text)
        document = _editable(path, text)
        table = document.get(CHATS, {}).get(slug)
        if table is None:
            raise ConfigError(f"{path}: chat {slug}: missing, expected a table [{CHATS}.{slug}]")
        for name, value in {"timezone": timezone, "first_day": first_day}.items():
            if table.get(name) != value:
                table[name] = value
        _replace(path, slug, tomlkit.dumps(document))


def remove_chat(path: Path, slug: str) -> bool:
    """Take a chat's tables, or a topic's line, out of the file, and the file away if nothing is left in it.

    Returns whether they were there.

    Raises:
        ConfigError: the file cannot be changed by the program.
    """
    if not path.exists():
        return False
    with _locked(path):
        text = read_text(path)
        document = _editable(path, text)
        tables = document.get(CHATS, {})
        forum = next((table for table in tables.values() if slug in (table.get("topics") or {})), None)
        if slug in tables:
            del tables[slug]
        elif forum is not None:
            _remove_topic(forum, slug)
        else:
            return False
        if not tables and len(document) == 1:
            path.resolve().unlink()  # without the file there is the simulated chat
            return True
        changed = tomlkit.dumps(document)
        target = path.resolve()
        replace_file(target, changed.encode(), mode=target.stat().st_mode)
        return True


def _remove_topic(forum: Table, slug: str) -> None:
    """Take a topic out of its forum's table; the table of topics goes with the last one."""
    del forum["topics"][slug]
    if not forum["topics"]:
        del forum["topics"]


def _editable(path: Path, text: str) -> TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError(
            f"{path}: cannot be changed by the program ({error}), expected simple tables. Change it by hand"
        ) from error


def _with_chat(path: Path, slug: str, wanted: Mapping[str, object]) -> str | None:
    """The file's text with one more chat; None if the chat is there already with the same settings."""
    text = read_text(path) if path.exists() else ""
    present = parse_chats(path, text).find(slug) if path.exists() else None
    if present is not None:
        _expect_same(path, present, wanted)
        return None
    expect_place(slug, wanted["timezone"])
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    added = text + gap + tomlkit.dumps({CHATS: {slug: wanted}})
    _expect_valid(path, slug, added)
    return added


def _expect_same(path: Path, present: Chat, wanted: Mapping[str, object]) -> None:
    differing = [
        f"{path}: chat {present.slug}: {name}: found {shown(getattr(present, name))} in the file, expected {shown(value)}. "
        "Choose another name for the other chat, or change the file."
        for name, value in wanted.items()
        if getattr(present, name) != value
    ]
    if differing:
        raise ConfigError("\n".join(differing))


def _expect_valid(path: Path, slug: str, text: str) -> None:
    """Refuse a text that the program made of the file for a chat, if it holds a mistake of that chat's or of the file."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path}: cannot be added to by the program, expected each chat in a table [{CHATS}.<slug>] of its own"
        ) from error
    parse_chats(path, text).find(slug)


def _replace(path: Path, slug: str, text: str) -> None:
    """Put a text in the file's place, once its chat is known to have no mistake."""
    _expect_valid(path, slug, text)
    target = path.resolve()  # a link to the file stays a link
    mode = target.stat().st_mode if target.exists() else None
    replace_file(target, text.encode(), mode=mode)


def _locked(path: Path) -> FileLock:
    """Hold the file against another command that changes it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"))

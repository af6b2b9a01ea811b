"""Exports of other programs: recognised by their content, to be named together with what to do.

Belongs here: recognising a file by its first bytes, and what to say about it.
Does not belong here: reading one. Nothing that somebody wrote is ever part of the words.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from lzma import LZMAError
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import Any

HEAD_BYTES = 1 << 16
"""A format is recognised by this much of a file."""
_FIRST_LINES = 20
_LARGEST_LIST, _LONGEST_END = 1 << 22, (1 << 16) + 22
"""Bytes of a zip archive's list of files, which is held whole; and where the list's end can stand."""
_ENOUGH_HEADERS = 3
_INVISIBLE = re.compile("[\u200e\u200f\u202a-\u202c\u2066-\u2069\ufeff]")
_WIDE_SPACE = re.compile("[\u00a0\u2009\u202f]")
_WHATSAPP = re.compile(
    r"\[?\d{1,4}([./-]) ?\d{1,2}\1 ?\d{1,4}\.?,? +(?:\D{0,3} ?)\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: *[ap]\.? ?m\.?)?\D{0,3}"
    r"(?:\] *| +- +)(?P<rest>.*)",
    re.IGNORECASE,
)
_SIGNAL_MARKDOWN = re.compile(r"\[\d{4}-\d\d-\d\d,? \d\d:\d\d(?::\d\d)?\] (?:Me|No-Sender): ")
_TELEGRAM_PAGE = re.compile(r"<title>Exported Data</title>|class=\"page_(?:header|wrap)|chat_page")
_AS_TABLE = "This program does not read it. Make a CSV file of it with the columns sent_at and sender, and import that."
_DISCORD_COLUMNS = ["AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"]
JSON_WANTED = 'In Telegram Desktop choose "Export chat history", format "Machine-readable JSON", and import the result.json.'


@dataclass(frozen=True)
class Program:
    """Whose export a file is."""

    found: str
    """What it is, as the continuation of a file's name and a colon."""
    remedy: str = _AS_TABLE


WHATSAPP = Program("it is a chat exported from WhatsApp.")
DISCORD = Program("it is an export of Discord, made by DiscordChatExporter.")
SLACK = Program("it is an export of a Slack workspace.")
SIGNAL = Program("it is an export of Signal.")
MATRIX = Program("it is a room exported from Matrix (Element).")
GOOGLE_CHAT = Program("it is an export of Google Chat.")
SKYPE = Program("it is an export of Skype.")
TDL = Program("it is an export of Telegram made by tdl.", f"This program does not read it. {JSON_WANTED}")
TELETHON = Program("it is a dump of Telegram made with Telethon.", f"This program does not read it. {JSON_WANTED}")
SCRAPER = Program("it is an export of Telegram made by telegram-scraper.", f"This program does not read it. {JSON_WANTED}")
TELEGRAM_HTML = Program("it is an HTML export of Telegram Desktop, which does not tell enough.", JSON_WANTED)
HTML = Program("it is an HTML export, which does not tell enough.", JSON_WANTED)
ZIPPED_EXPORT = Program("it is a zip archive with an export of Telegram Desktop.", "Unpack it, and import the result.json.")
ZIP = Program("it is a zip archive (or an Excel file).", "Unpack it, or save it as CSV, and import what comes out.")


def recognise(path: Path, head: bytes) -> Program | None:
    """Whose export a file is, from its first :data:`HEAD_BYTES`; None if it may be one to import."""
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(path)
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("<") or path.suffix.lower() in (".html", ".htm"):
        return TELEGRAM_HTML if _TELEGRAM_PAGE.search(text) else HTML
    if text.startswith(("{", "[{", "[\n", "[\r", "[ ")):
        return _of_json(text)
    return _of_text(text)


def recognise_folder(path: Path) -> Program | None:
    """Whose export a folder holds, from the names of its files."""
    return _by_names(entry.name for entry in path.iterdir())


def _by_names(names: Iterable[str]) -> Program | None:
    there = set(names)
    rules: list[tuple[bool, Program]] = [
        ("channels.json" in there and bool({"users.json", "org_users.json"} & there), SLACK),
        ("main.jsonl" in there or {"data.json", "chat.md"} <= there, SIGNAL),
        ("_chat.txt" in there, WHATSAPP),
        ("export_results.html" in there or any(re.fullmatch(r"messages\d*\.html", name) for name in there), TELEGRAM_HTML),
    ]
    return next((program for is_so, program in rules if is_so), None)


def _in_zip(path: Path) -> Program:
    try:
        if path.stat().st_size > _LARGEST_LIST and _size_of_list(path) > _LARGEST_LIST:
            return ZIP
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")]
            if any("Google Chat" in name.parts for name in names):
                return GOOGLE_CHAT
            if found := _by_names(name.name for name in names):
                return found
            if any(name.name == "result.json" for name in names):
                return ZIPPED_EXPORT
            for name in names:
                if name.suffix in (".txt", ".json", ".csv"):
                    with archive.open(str(name)) as file:
                        if found := recognise(Path(name.name), file.read(HEAD_BYTES)):
                            return found
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error, LZMAError):
        pass  # cut, damaged, or encrypted: it is still a zip archive
    return ZIP


def _size_of_list(path: Path) -> int:
    """The bytes of a zip archive's list of files, which names each of them; as its end says."""
    with path.open("rb") as file:
        file.seek(-_LONGEST_END, SEEK_END)
        end = file.read()
    place = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[place + 12 : place + 16], "little") if place >= 0 else 0


def _of_json(text: str) -> Program | None:
    first = _first_value(text)
    if isinstance(first, dict):  # one document that is small, or one of many lines
        return _of_keys(list(first), first.get("messages")) or _of_entry(first)
    if isinstance(first, list):
        return _of_entry(first[0]) if first and isinstance(first[0], dict) else None
    if text.startswith("["):
        entry = _first_value(text[1:].lstrip())
        return _of_entry(entry) if isinstance(entry, dict) else None
    before, _, messages = text.partition('"messages"')
    entry = _first_value(messages.lstrip(" :[\r\n\t"))
    return _of_keys([*re.findall(r'"(\w+)"\s*:', before), "messages"], [entry])


def _first_value(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):  # a number of thousands of digits is no JSONDecodeError
        return None


def _of_keys(keys: list[str], messages: Any) -> Program | None:  # noqa: ANN401 - any JSON
    """By the keys of a document, and by the first of its messages."""
    there = set(keys)
    entry = messages[0] if isinstance(messages, list) and messages and isinstance(messages[0], dict) else {}
    is_tdl = keys == ["id", "messages"] and "file" in entry and not isinstance(entry.get("date"), str)
    rules: list[tuple[bool, Program]] = [
        ({"guild", "channel", "messages"} <= there, DISCORD),
        ({"room_name", "messages"} <= there or {"room_id", "event_id"} <= set(entry), MATRIX),
        ({"creator", "created_date"} <= set(entry), GOOGLE_CHAT),
        ({"conversations", "exportDate"} <= there, SKYPE),
        (is_tdl, TDL),
    ]
    return next((program for is_so, program in rules if is_so), None)


def _of_entry(entry: dict[str, Any]) -> Program | None:
    """By one entry of a list, or one line of many."""
    there = set(entry)
    rules: list[tuple[bool, Program]] = [
        (entry.get("_") in ("Message", "MessageService") and "peer_id" in there, TELETHON),
        ({"message_id", "sender_id", "media_type"} <= there, SCRAPER),
        ("backupTimeMs" in there or {"conversationId", "sent_at"} <= there, SIGNAL),
        ({"date", "sender", "body"} <= there, SIGNAL),
        ({"ts", "type"} <= there, SLACK),
        ({"room_id", "event_id"} <= there, MATRIX),
        ({"timestamp", "author", "channel_id"} <= there, DISCORD),
    ]
    return next((program for is_so, program in rules if is_so), None)


def _of_text(text: str) -> Program | None:
    lines = [line for line in text.splitlines()[:_FIRST_LINES] if line.strip()]
    columns = [name.strip('"') for name in lines[0].split(",")] if lines else []
    is_signal: Callable[[str], object] = _SIGNAL_MARKDOWN.match
    if columns == _DISCORD_COLUMNS:
        return DISCORD
    if {"message_id", "sender_id", "media_type"} <= set(columns):
        return SCRAPER
    if text.startswith("Conversation: ") or any(map(is_signal, lines)):
        return SIGNAL
    found = [_WHATSAPP.fullmatch(_WIDE_SPACE.sub(" ", _INVISIBLE.sub("", line)).strip()) for line in lines]
    headers = [match["rest"] for match in found if match]
    if len(headers) >= min(_ENOUGH_HEADERS, len(lines)) and any(": " in rest for rest in headers):
        return WHATSAPP
    return None

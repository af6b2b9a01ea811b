"""Exports that no reader supports: recognised by their content, so that the error names them and says what to do.

Belongs here: recognising a file by its first bytes, and what to say about it: a part of an export, a version that its reader
does not know, a program whose exports are not supported.
Does not belong here: reading one (:mod:`.formats`). No text that somebody wrote is ever part of an error.
"""

import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from chat_forecast.sources.exports.bundle import HEAD_BYTES
from chat_forecast.sources.exports.json_head import json_head

_FIRST_LINES = 20
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
JSON_WANTED = 'In Telegram Desktop choose "Export chat history", format "Machine-readable JSON", and import the result.json.'


@dataclass(frozen=True)
class Program:
    """Whose export a file is."""

    found: str
    """What it is, as the continuation of a file's name and a colon."""
    remedy: str = _AS_TABLE


WHATSAPP = Program(
    "it is a chat exported from WhatsApp, but its dates or times are in a language that this program cannot read.",
    "Set the phone's language to English, and export it again.",
)
DISCORD = Program("it is a list of Discord's messages.", "Export the channel with DiscordChatExporter, as JSON.")
SLACK = Program("it is a part of an export of a Slack workspace.", "Import the zip archive as Slack gave it.")
SIGNAL = Program(
    "it is an export of Signal, but not the part that tells most.",
    "Import main.jsonl (Signal's own export), data.json (signal-export), or the text (sigtop).",
)
GOOGLE_CHAT = Program(
    "it is an export of Google Chat without messages.", "Import the zip archive as Google Takeout gave it."
)
SKYPE = Program("it is an export of Skype.")
TELEGRAM_HTML = Program(
    "it is a part of an HTML export of Telegram Desktop, without messages.",
    f"Import the folder of the export. {JSON_WANTED.replace('In', 'Better: in', 1)}",
)
HTML = Program("it is an HTML export, which does not tell enough.", JSON_WANTED)
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
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")]
            if any("Google Chat" in name.parts for name in names):
                return GOOGLE_CHAT
            if found := _by_names(name.name for name in names):
                return found
            for name in names:
                if name.suffix in (".txt", ".json", ".csv"):
                    with archive.open(str(name)) as file:
                        if found := recognise(Path(name.name), file.read(HEAD_BYTES)):
                            return found
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zlib.error, LZMAError):
        pass  # cut, damaged, or encrypted: it is still a zip archive
    return ZIP


def _of_json(text: str) -> Program | None:
    head = json_head(text)
    if head is None:
        return None
    keys, entry = set(head.keys), set(head.entry)
    rules: list[tuple[bool, Program]] = [
        ({"conversations", "exportDate"} <= keys, SKYPE),
        ({"ts", "type"} <= entry, SLACK),
        ({"timestamp", "author", "channel_id"} <= entry, DISCORD),
    ]
    return next((program for is_so, program in rules if is_so), None)


def _of_text(text: str) -> Program | None:
    lines = [line for line in text.splitlines()[:_FIRST_LINES] if line.strip()]
    if any(map(_SIGNAL_MARKDOWN.match, lines)):
        return SIGNAL
    found = [_WHATSAPP.fullmatch(_WIDE_SPACE.sub(" ", _INVISIBLE.sub("", line)).strip()) for line in lines]
    headers = [match["rest"] for match in found if match]
    if len(headers) >= min(_ENOUGH_HEADERS, len(lines)) and any(": " in rest for rest in headers):
        return WHATSAPP
    return None

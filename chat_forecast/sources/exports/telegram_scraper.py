"""Telegram chats exported by telegram-scraper, as JSON or as CSV.

Belongs here: its columns. Does not belong here: other dumps of Telegram.

Times are UTC without saying so. Service entries have neither a text nor a kind of media. Which chat it is stands in no file.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import MessageCollector, iso_micros, whole
from chat_forecast.sources.exports.telegram_peers import PROGRAM

_KEYS = frozenset({"message_id", "date", "sender_id", "message", "media_type"})
_LONGEST_FIELD = 1 << 24


def find(bundle: Bundle) -> list[str]:
    """The parts with its columns."""
    found = []
    for name in bundle.texts(".json", ".csv"):
        text = bundle.head(name)
        head = json_head(text)
        keys = set(head.entry) if head else set(text.partition("\n")[0].strip().replace('"', "").split(","))
        found += [name] if keys >= _KEYS else []
    return found


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    if len({part.rpartition(".")[0] for part in parts}) > 1:
        raise asked.refusal(f"it holds {len(parts)} exports. Import one of the files.")
    found = MessageCollector()
    for entry in _entries(bundle, parts[0], asked):
        number, micros = whole(entry.get("message_id") or None), iso_micros(entry.get("date"), is_utc=True)
        if number is None:
            raise asked.refusal("one of its messages has no message_id. Export it again.")
        if not entry.get("message") and not entry.get("media_type"):
            asked.tally.service += 1
            found.add_other(number, micros)
        elif micros is None:
            asked.tally.unsupported += 1
            found.add_other(number)
        else:
            found.add(micros, str(entry.get("sender_id") or "") or None, number)
    return [FileChat([found.batch], HeldChat(program=PROGRAM), found.others)]


def _entries(bundle: Bundle, part: str, asked: Asked) -> Iterator[dict[str, Any]]:
    if not bundle.head(part).startswith("["):
        yield from _rows(bundle, part, asked)
        return
    with asked.json(bundle, part) as stream:
        for entry in stream.values(tuple(_KEYS)):
            if not isinstance(entry, dict):
                raise asked.refusal("it holds something else than messages. Export it again.")
            yield entry
        stream.expect_end()


def _rows(bundle: Bundle, part: str, asked: Asked) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(_LONGEST_FIELD)
    lines = (f"{line}\n" for line in bundle.lines(part, asked.progress, _LONGEST_FIELD))
    reader = csv.DictReader(lines, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise asked.refusal(f"its line {reader.line_num} does not have the columns of its header. Export it again.")
            yield row
    except csv.Error:
        raise asked.refusal(f"it ends in the middle or is damaged, near line {reader.line_num}. Export it again.") from None


FORMAT = ExportFormat(f"{PROGRAM} (telegram-scraper)", find, read)

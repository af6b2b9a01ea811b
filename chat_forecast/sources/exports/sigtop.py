"""Signal chats exported by sigtop, as text (its default) or as JSON.

Belongs here: the fields of its messages. Does not belong here: Signal's own export (:mod:`.signal_backup`).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import EPOCH, MICROSECOND, MessageCollector, id_of, text_of, whole
from chat_forecast.sources.exports.signal_backup import PROGRAM

_BEGINNING = "Conversation: "
_MESSAGES = frozenset({"incoming", "outgoing"})
_FIELD = re.compile(r"(From|Type|Sent|Received): (.*)")
_GROUP = " (group)"
_MEMBERS = ("conversationId", "sent_at", "type", "source", "sourceServiceId", "sourceUuid", "body")
_NO_TIMES = (
    "its messages have no time: newer versions of Signal Desktop keep it elsewhere. Export it again as text: sigtop "
    "export-messages -f text."
)


def find_text(bundle: Bundle) -> list[str]:
    """The parts that begin with the name of a conversation."""
    return [name for name in bundle.texts(".txt") if bundle.head(name).startswith(_BEGINNING)]


def find_json(bundle: Bundle) -> list[str]:
    """The lists of messages that name a conversation."""
    heads = ((name, json_head(bundle.head(name))) for name in bundle.texts(".json"))
    return [name for name, head in heads if head and head.is_list and {"conversationId", "type"} <= set(head.entry)]


def read_text(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    name = _only(parts, asked)
    asked.note_unless_ended(bundle, name)
    found, title = MessageCollector(), bundle.head(name).partition("\n")[0].strip().removeprefix(_BEGINNING)
    for sender, kind, sent in _messages(bundle.lines(name, asked.progress)):
        if kind not in _MESSAGES:
            asked.tally.service += 1
        elif sent is None:
            asked.tally.unsupported += 1
        else:
            found.add(_micros(sent), sender)
    kind = "group" if title.endswith(_GROUP) else "contact"
    return [FileChat([found.batch], HeldChat(title=title.removesuffix(_GROUP), kind=kind, program=PROGRAM))]


def _messages(lines: Iterator[str]) -> Iterator[tuple[str | None, str, str | None]]:
    """The sender, the type and the time of each message.

    A message begins after an empty line with its sender, if it has one, and its type; the time follows at once.
    """
    fields, is_head, was_empty = dict[str, str](), False, True
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found and (is_head or (was_empty and found[1] in ("From", "Type"))) and found[1] not in fields:
            fields[found[1]] = found[2]
            is_head = True
        elif is_head:
            if "Type" in fields:
                yield fields.get("From"), fields["Type"], fields.get("Sent")
            fields, is_head = {}, False
        was_empty = not line
    if "Type" in fields:
        yield fields.get("From"), fields["Type"], fields.get("Sent")


def _micros(text: str) -> int | None:
    try:
        found = parsedate_to_datetime(text)
        aware: datetime = found if found.tzinfo else found.replace(tzinfo=UTC)
        return (aware.astimezone(UTC).replace(tzinfo=None) - EPOCH) // MICROSECOND
    except (ValueError, TypeError, OverflowError):
        return None


def read_json(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    name, found, conversations = _only(parts, asked), MessageCollector(), set[str]()
    with asked.json(bundle, name) as stream:
        for entry in stream.values(_MEMBERS):
            kind = text_of(entry.get("type")) if isinstance(entry, dict) else None
            if kind not in _MESSAGES:
                asked.tally.service += 1
                continue
            sent = whole(entry.get("sent_at"))
            if sent is None:
                raise asked.refusal(_NO_TIMES)
            conversations.add(str(entry.get("conversationId")))
            senders = (entry.get(key) for key in ("sourceServiceId", "sourceUuid", "source"))
            sender = "You" if kind == "outgoing" else next((str(each) for each in senders if each), None)
            found.add(sent * 1000, sender)
        stream.expect_end()
    if len(conversations) > 1:
        raise asked.refusal("it holds several conversations. sigtop writes each into a file of its own: import one.")
    chat_id = id_of(f"sigtop {conversations.pop()}") if conversations else None
    return [FileChat([found.batch], HeldChat(chat_id, kind="chat", program=PROGRAM))]


def _only(parts: Sequence[str], asked: Asked) -> str:
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} conversations, each in a file of its own. Import one of the files.")
    return parts[0]


TEXT = ExportFormat(f"{PROGRAM} (sigtop, text)", find_text, read_text)
JSON = ExportFormat(f"{PROGRAM} (sigtop, JSON)", find_json, read_json)

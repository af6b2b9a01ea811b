"""Telegram chats exported by tdl.

Belongs here: what its exports hold, and refusing those that hold only files. Does not belong here: other dumps of Telegram.

By default tdl writes only messages with a file, without their times. With ``--all --with-content`` it writes all, and their
times; their senders only with ``--raw``. Service entries are never written.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import ACCEPT, Asked, ExportFormat
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import MessageCollector, whole
from chat_forecast.sources.exports.telegram_peers import PROGRAM, chat_of, peer_of, spelled

_AGAIN = "Export it again: tdl chat export -c CHAT --all --with-content --raw."
_RAW_IDS = {"channel": "ChannelID", "chat": "ChatID", "user": "UserID"}
_MEMBERS = ("id", "type", "file", "date", "raw")


def find(bundle: Bundle) -> list[str]:
    """The parts with nothing but an id and messages that name a file."""
    return [name for name in bundle.texts(".json") if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text)
    if head is None or head.keys != ("id", "messages"):
        return False
    return "file" in head.entry and not isinstance(head.entry.get("date"), str)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} exports. Import one of the files.")
    found, chat_id, peer, has_text = MessageCollector(), None, None, False
    with asked.json(bundle, parts[0]) as stream:
        for key in stream.members():
            if key == "messages" and stream.peek() == "[":
                for entry in stream.values(_MEMBERS):
                    peer = _take(entry, found, asked) or peer
                    has_text |= not entry.get("file")
            elif key == "id":
                chat_id = whole(stream.value())
            else:
                stream.skip()
        stream.expect_end()
    partial = None
    if len(found) and not has_text:
        partial = f"it holds only messages with a file: by default tdl leaves out the others. {_AGAIN} {ACCEPT}"
    chat = FileChat([found.batch], chat_of(peer, chat_id), partial=partial)
    return [replace(chat, is_forum=found.is_forum, replies=found.replies)]


def _take(entry: Any, found: MessageCollector, asked: Asked) -> tuple[str, int] | None:  # noqa: ANN401 - any JSON
    """Take a message; the chat that it says it is in, if it does."""
    if not isinstance(entry, dict):
        raise asked.refusal(f"it holds something else than messages. {_AGAIN}")
    raw = entry.get("raw")
    raw = raw if isinstance(raw, dict) else {}
    sent = whole(entry.get("date", raw.get("Date")))
    if sent is None or sent <= 0:
        raise asked.refusal(f"its messages have no time, and those without a file are left out. {_AGAIN}")
    if entry.get("type") != "message":
        asked.tally.service += 1
        return None
    peer = peer_of(raw.get("PeerID"), _RAW_IDS)
    sender = peer_of(raw.get("FromID"), _RAW_IDS) or (peer if raw else None)
    found.add(sent * 1_000_000, spelled(sender), whole(entry.get("id")))
    reply = raw.get("ReplyTo")
    header = reply if isinstance(reply, dict) and reply.get("ForumTopic") else {}
    found.note_topic(whole(header.get("ReplyToTopID")) or whole(header.get("ReplyToMsgID")))
    return peer


FORMAT = ExportFormat(f"{PROGRAM} (tdl)", find, read)

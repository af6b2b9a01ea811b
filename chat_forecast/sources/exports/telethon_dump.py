"""Telegram messages as Telethon writes them as JSON: one a line, or in a list.

Belongs here: what is a message, where it is from, and its time. Does not belong here: reading Telegram itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.json_lines import read_json_lines
from chat_forecast.sources.exports.message_collector import MessageCollector, iso_micros, text_of, whole
from chat_forecast.sources.exports.telegram_peers import PROGRAM, chat_of, peer_of, spelled

_IDS = {"channel": "channel_id", "chat": "chat_id", "user": "user_id"}
_KINDS = frozenset({"Message", "MessageService", "MessageEmpty"})
_MEMBERS = ("_", "id", "peer_id", "from_id", "date", "out", "reply_to")


@dataclass
class _Chat:
    peer: tuple[str, int]
    title: str | None = None
    found: MessageCollector = field(default_factory=MessageCollector)
    service: int = 0

    @property
    def id(self) -> str:
        return str(self.peer[1])

    @property
    def messages(self) -> int:
        return len(self.found)


def find(bundle: Bundle) -> list[str]:
    """The parts whose first entry is a message of Telethon."""
    return [name for name in bundle.texts(".json", ".jsonl") if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text if text.startswith("[") else text.partition("\n")[0])
    return head is not None and text_of(head.entry.get("_")) in _KINDS and {"id", "peer_id"} <= set(head.entry)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} exports. Import one of the files.")
    chats = dict[tuple[str, int], _Chat]()
    for entry in _entries(bundle, parts[0], asked):
        kind, number, peer = text_of(entry.get("_")), whole(entry.get("id")), peer_of(entry.get("peer_id"), _IDS)
        if kind not in _KINDS or peer is None or number is None:
            asked.tally.unsupported += 1
            continue
        chat = chats.setdefault(peer, _Chat(peer))
        micros = iso_micros(entry.get("date"), is_utc=True)
        if kind != "Message":
            chat.service += 1
            chat.found.add_other(number, micros)
        elif micros is None:
            asked.tally.unsupported += 1
            chat.found.add_other(number)
        else:
            chat.found.add(micros, _sender(entry, peer), number)
            chat.found.note_topic(_topic(entry.get("reply_to")))
    chosen = choose(asked.path, list(chats.values()), asked.chat)
    asked.tally.service += chosen.service
    found = chosen.found
    return [FileChat([found.batch], chat_of(chosen.peer), found.others, is_forum=found.is_forum, replies=found.replies)]


def _entries(bundle: Bundle, part: str, asked: Asked) -> Iterator[dict[str, Any]]:
    if not bundle.head(part).startswith("["):
        yield from read_json_lines(bundle, part, asked)
        return
    with asked.json(bundle, part) as stream:
        for entry in stream.values(_MEMBERS):
            if not isinstance(entry, dict):
                raise asked.refusal("it holds something else than messages. Export it again.")
            yield entry
        stream.expect_end()


def _sender(entry: dict[str, Any], peer: tuple[str, int]) -> str | None:
    """Who sent a message: the chat itself where it names nobody, but in a private chat that is the account's owner, too."""
    named = peer_of(entry.get("from_id"), _IDS)
    return spelled(named or (None if peer[0] == "user" and entry.get("out") else peer))


def _topic(reply: object) -> int | None:
    """The topic that a reply's header names."""
    header = reply if isinstance(reply, dict) and reply.get("forum_topic") else {}
    return whole(header.get("reply_to_top_id")) or whole(header.get("reply_to_msg_id"))


FORMAT = ExportFormat(f"{PROGRAM} (Telethon)", find, read)

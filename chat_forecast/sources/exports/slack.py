"""Slack workspaces exported as a zip archive (or unpacked).

Belongs here: the channels of an export, and which of their entries are messages. Does not belong here: what is done with
them.

A message's ``ts`` is its instant and its id. It may stand in the archive twice: a reply that was also sent to the channel.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.message_collector import MessageCollector, id_of, text_of

PROGRAM = "Slack"
_LISTS = {"channels.json": "name", "groups.json": "name", "mpims.json": "name", "dms.json": "id"}
"""Lists of conversations, and what their folders are named by."""
_USERS = frozenset({"users.json", "org_users.json"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json")
_MESSAGES = frozenset(
    {None, "thread_broadcast", "me_message", "file_share", "file_comment", "bot_message", "reply_broadcast"}
)
_TS = re.compile(r"(\d{9,10})\.(\d{1,6})")
_MEMBERS = ("type", "subtype", "user", "bot_id", "username", "ts")


@dataclass
class _Channel:
    id: str
    title: str | None
    kind: str
    days: list[str] = field(default_factory=list)
    """The parts that hold its days."""

    counted = "days"

    @property
    def messages(self) -> int:
        """Its days: who only lists channels does not read all of them."""
        return len(self.days)


def find(bundle: Bundle) -> list[str]:
    """The lists of conversations, where a list of users lies beside them."""
    there = set(bundle.names)
    return [name for name in _LISTS if name in there] if _USERS & there and not bundle.is_file else []


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one channel."""
    channels = _channels(bundle, parts, asked)
    chosen = choose(asked.path, channels, asked.chat)
    found, seen = MessageCollector(), set[str]()
    for name in chosen.days:
        with asked.json(bundle, name) as stream:
            for entry in stream.values(_MEMBERS):
                _take(entry, found, seen, asked)
            stream.expect_end()
    chat = HeldChat(id_of(f"slack {chosen.id}"), chosen.title, chosen.kind, program=PROGRAM, written_id=chosen.id)
    return [FileChat([found.batch], chat)]


def _channels(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[_Channel]:
    """The conversations of the export, with the parts that hold their days."""
    folders: dict[str, list[str]] = {}
    for name in sorted(bundle.names):
        folder, _, file = name.rpartition("/")
        if _DAY.fullmatch(file):
            folders.setdefault(folder, []).append(name)
    channels = []
    for part in parts:
        with asked.json(bundle, part) as stream:
            for entry in stream.values():
                if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
                    raise asked.refusal(f"its {part} lists conversations without an id. Export it again.")
                folder = str(entry.get(_LISTS[part]) or entry["id"])
                days = folders.get(folder) or folders.get(entry["id"]) or []
                title = text_of(entry.get("name")) if part in ("channels.json", "groups.json") else None
                channels.append(_Channel(entry["id"], title, "channel" if title else "direct", days))
    return channels


def _take(entry: Any, found: MessageCollector, seen: set[str], asked: Asked) -> None:  # noqa: ANN401 - any JSON
    if not isinstance(entry, dict):
        raise asked.refusal("one of its days holds something else than messages. Export it again.")
    subtype = entry.get("subtype")
    if entry.get("type") != "message" or not isinstance(subtype, str | None) or subtype not in _MESSAGES:
        asked.tally.service += 1
        return
    ts = str(entry.get("ts"))
    if ts in seen:
        return
    seen.add(ts)
    written = _TS.fullmatch(ts)
    if written is None:
        asked.tally.unsupported += 1
        return
    micros = int(written[1]) * 1_000_000 + int(written[2].ljust(6, "0"))
    found.add(micros, entry.get("user") or entry.get("bot_id") or entry.get("username"), micros)


FORMAT = ExportFormat(PROGRAM, find, read)

"""Discord channels exported by DiscordChatExporter as JSON, in one file or several parts.

Belongs here: which entries are messages, what a file covers, and whether all of its parts are there.
Does not belong here: its CSV files (:mod:`.discord_csv`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import ACCEPT, Asked, ExportFormat, choose
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import MessageCollector, iso_micros, text_of, whole

PROGRAM = "Discord"
_MESSAGES = frozenset({"Default", "Reply", "20", "23", "ChatInputCommand", "ContextMenuCommand"})
"""Kinds that people (or their bots, by command) wrote. Kinds that the exporter does not know are bare numbers."""
_MEMBERS = ("id", "type", "timestamp", "author")
_DISCORD_EPOCH_MS, _TIME_SHIFT = 1_420_070_400_000, 22
_PART = re.compile(r"^(?P<stem>.*) \[part (?P<number>\d+)\]$")
_DIRECT = "0"


@dataclass
class _Channel:
    id: str = ""
    title: str | None = None
    kind: str = "channel"
    after: str | None = None
    before: str | None = None
    exported: str | None = None
    count: int | None = None


def find(bundle: Bundle) -> list[str]:
    """The parts that begin with a guild, a channel and messages."""
    return [name for name in bundle.texts(".json") if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text)
    return head is not None and {"guild", "channel", "messages"} <= set(head.keys)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one channel, of a file or of the parts in a folder or archive."""
    chats = [_File(bundle, name, asked) for name in parts]
    chosen = choose(asked.path, _channels(chats), asked.chat)
    files = chosen.files
    missing = _missing_parts(asked, [file.name for file in files], is_file=bundle.is_file)
    partial = next((file.why_cut for file in files if file.why_cut), None) or missing
    afters, untils = ([getattr(file, name) for file in files] for name in ("since", "until"))
    first = files[0].channel
    return [
        FileChat(
            [file.found.batch for file in files],
            HeldChat(whole(first.id), first.title, first.kind, program=PROGRAM, written_id=first.id),
            since=None if None in afters else min(afters),
            until=None if partial or None in untils else max(untils),
            partial=partial,
        )
    ]


@dataclass
class _Chat:
    id: str
    title: str | None
    files: "list[_File]"

    @property
    def messages(self) -> int:
        return sum(len(file.found) for file in self.files)


def _channels(files: "list[_File]") -> list[_Chat]:
    chats: dict[str, _Chat] = {}
    for file in files:
        chats.setdefault(file.channel.id, _Chat(file.channel.id, file.channel.title, [])).files.append(file)
    return list(chats.values())


class _File:
    """One file: its channel and its messages."""

    def __init__(self, bundle: Bundle, name: str, asked: Asked) -> None:
        self.name, self.found, self.channel = name, MessageCollector(), _Channel()
        self._entries = 0
        with asked.json(bundle, name) as stream:
            for key in stream.members():
                if key == "messages" and stream.peek() == "[":
                    for entry in stream.values(_MEMBERS):
                        self._take(entry, asked)
                elif key in ("guild", "channel", "dateRange", "exportedAt", "messageCount"):
                    self._describe(key, stream.value())
                else:
                    stream.skip()
            stream.expect_end()
        if not self.channel.id.isdecimal():
            raise asked.refusal("its channel has no id. Export it again with DiscordChatExporter.")

    def _describe(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        channel, found = self.channel, value if isinstance(value, dict) else {}
        match key:
            case "guild":
                channel.kind = "direct" if str(found.get("id")) == _DIRECT else "channel"
            case "channel":
                channel.id, channel.title = str(found.get("id") or ""), text_of(found.get("name"))
            case "dateRange":
                channel.after, channel.before = found.get("after"), found.get("before")
            case "exportedAt":
                channel.exported = value
            case _:
                channel.count = whole(value)

    def _take(self, entry: Any, asked: Asked) -> None:  # noqa: ANN401 - any JSON
        self._entries += 1
        kind = entry.get("type") if isinstance(entry, dict) else None
        if str(kind) not in _MESSAGES:
            asked.tally.service += 1
            return
        author, number = entry.get("author"), whole(entry.get("id"))
        micros = iso_micros(entry.get("timestamp"))
        if micros is None and number is not None:
            micros = ((number >> _TIME_SHIFT) + _DISCORD_EPOCH_MS) * 1000  # the id itself tells when it was sent
        self.found.add(micros, author.get("id") if isinstance(author, dict) else None, number)

    @property
    def since(self) -> pd.Timestamp | None:
        """From when on it was asked for."""
        return _instant(self.channel.after)

    @property
    def until(self) -> pd.Timestamp | None:
        """Until when it was asked for, or made."""
        bounds = [each for each in (_instant(self.channel.before), _instant(self.channel.exported)) if each is not None]
        return min(bounds, default=None)

    @property
    def why_cut(self) -> str | None:
        """Why it lacks messages that were there when it was made."""
        count = self.channel.count
        if count is None:
            return f"it does not say how many messages it holds, as every whole export does. Export it again. {ACCEPT}"
        if count != self._entries:
            return f"it says that it holds {count} entries, but there are {self._entries}. Export it again. {ACCEPT}"
        return None


def _instant(text: str | None) -> pd.Timestamp | None:
    micros = iso_micros(text) if text else None
    return None if micros is None else pd.Timestamp(micros, unit="us", tz="UTC")


def part_of(path: Path) -> tuple[str, int]:
    """The name of an export that came in several parts, and which of them a file is; the first one has no number."""
    found = _PART.match(path.stem)
    return (found["stem"], int(found["number"])) if found else (path.stem, 1)


def _missing_parts(asked: Asked, names: Sequence[str], *, is_file: bool) -> str | None:
    """Which parts lie beside a file, or should be in a folder, but are not read together with it."""
    own = [part_of(Path(name)) for name in names]
    stems = {stem for stem, _ in own}
    read_too = [part_of(each) for each in asked.together if each.suffix == ".json"] if is_file else []
    beside = [part_of(each) for each in asked.path.parent.glob("*.json")] if is_file else []
    have = {number for stem, number in [*own, *read_too] if stem in stems}
    expected = set(range(1, max(have | {number for stem, number in beside if stem in stems}) + 1))
    if not expected - have:
        return None
    listed = ", ".join(str(number) for number in sorted(expected - have)[:5])
    return f"it is one of several parts of an export, and part {listed} is missing. Import all of them at once. {ACCEPT}"


FORMAT = ExportFormat(PROGRAM, find, read)

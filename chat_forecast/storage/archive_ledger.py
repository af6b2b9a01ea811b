"""The ledger of an archive: which imports filled it, and what people said about its silences.

Belongs here: what is remembered of an import, and how the ledger is written as JSON.
Does not belong here: the messages themselves (:mod:`.archive`).
"""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.replacing import Holding

LEDGER_KEY = b"ledger"
"""In the archive's metadata; files of version 1 have none."""


@dataclass(frozen=True)
class ImportRecord:
    """One import: one chat of one file."""

    number: int
    """From 1, never used again."""
    spans: ReadIntervals
    """From the first to the last message of the file."""
    messages: int
    """Messages of the file that are in the archive."""
    new: int
    """Those that were not in it before."""
    imported_at: datetime | None = None
    """None for what version 0.1.0 imported: it kept no ledger."""
    file: str | None = None
    """The file's name with its folder's."""
    chat: HeldChat = field(default_factory=HeldChat)
    unread: ReadIntervals = field(default_factory=ReadIntervals)
    """Silences across which the ids jump: taken as not read."""
    fingerprint: str | None = None
    """Of the file's messages: the same file again is no import of its own."""
    holding: Holding = field(default_factory=Holding)
    """What it holds beside other exports, if newer ones stand instead of older ones."""


@dataclass(frozen=True)
class Ledger:
    """What is known of an archive beside its messages."""

    imports: tuple[ImportRecord, ...] = ()
    sets: tuple[frozenset[int], ...] = ()
    """Numbers of imports; a message's column ``imports`` is the place of its set."""
    next_number: int = 1
    own_chat: HeldChat | None = None
    """The chat whose ids the messages keep; those of another one accepted as the same are an id space of their own."""
    trusted: ReadIntervals = field(default_factory=ReadIntervals)
    """Where people said that a silence is real."""
    missing: ReadIntervals = field(default_factory=ReadIntervals)
    """Where people said that messages are missing."""

    @property
    def chats(self) -> list[HeldChat]:
        """The chats of all imports that say which one they hold."""
        return [record.chat for record in self.imports if record.chat.chat_id is not None]

    @property
    def held_chats(self) -> list[HeldChat]:
        """The chats of all imports."""
        return [record.chat for record in self.imports]

    @property
    def spans(self) -> ReadIntervals:
        """What the imported files span."""
        return ReadIntervals.joined(record.spans for record in self.imports)

    @property
    def unread(self) -> ReadIntervals:
        """Silences that any import takes as not read."""
        return ReadIntervals.joined(record.unread for record in self.imports)

    def trusting(self, intervals: ReadIntervals) -> "Ledger":
        """The ledger after somebody said that the silences in some intervals are real."""
        return replace(self, trusted=self.trusted.union(intervals), missing=self.missing.without(intervals))

    def missing_in(self, intervals: ReadIntervals) -> "Ledger":
        """The ledger after somebody said that messages are missing in some intervals."""
        return replace(self, missing=self.missing.union(intervals), trusted=self.trusted.without(intervals))

    def forgetting(self, intervals: ReadIntervals) -> "Ledger":
        """The ledger after somebody took back what was said about some intervals."""
        return replace(self, missing=self.missing.without(intervals), trusted=self.trusted.without(intervals))

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                "imports": [_record_to_plain(record) for record in self.imports],
                "sets": [sorted(numbers) for numbers in self.sets],
                "next_number": self.next_number,
                "own_chat": None if self.own_chat is None else _chat_to_plain(self.own_chat),
                "trusted": json.loads(self.trusted.to_json()),
                "missing": json.loads(self.missing.to_json()),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Ledger":
        """Read what :meth:`to_json` wrote."""
        stored = json.loads(text)
        return cls(
            imports=tuple(_record_from_plain(record) for record in stored["imports"]),
            sets=tuple(frozenset(numbers) for numbers in stored["sets"]),
            next_number=stored["next_number"],
            own_chat=None if stored["own_chat"] is None else _chat_from_plain(stored["own_chat"]),
            trusted=ReadIntervals.from_json(json.dumps(stored["trusted"])),
            missing=ReadIntervals.from_json(json.dumps(stored["missing"])),
        )

    @classmethod
    def of_version_1(cls, spans: ReadIntervals, messages: int) -> "Ledger":
        """The ledger of an archive that has none: one import of unknown origin."""
        return cls((ImportRecord(1, spans, messages, messages),), (frozenset({1}),), next_number=2)


def _record_to_plain(record: ImportRecord) -> dict[str, Any]:
    return {
        "number": record.number,
        "imported_at": record.imported_at and record.imported_at.isoformat(),
        "file": record.file,
        "chat": _chat_to_plain(record.chat),
        "messages": record.messages,
        "new": record.new,
        "spans": json.loads(record.spans.to_json()),
        "unread": json.loads(record.unread.to_json()),
        "fingerprint": record.fingerprint,
        "holding": record.holding.to_plain(),
    }


def _record_from_plain(stored: dict[str, Any]) -> ImportRecord:
    at = stored["imported_at"]
    return ImportRecord(
        number=stored["number"],
        spans=ReadIntervals.from_json(json.dumps(stored["spans"])),
        messages=stored["messages"],
        new=stored["new"],
        imported_at=None if at is None else datetime.fromisoformat(at),
        file=stored["file"],
        chat=_chat_from_plain(stored["chat"]),
        unread=ReadIntervals.from_json(json.dumps(stored["unread"])),
        fingerprint=stored["fingerprint"],
        holding=Holding.from_plain(stored.get("holding")),
    )


def _chat_to_plain(chat: HeldChat) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(chat).items()}


def _chat_from_plain(stored: dict[str, Any]) -> HeldChat:
    instants = ("became_supergroup", "was_group", "first_message", "last_message")
    read = {name: datetime.fromisoformat(stored[name]) for name in instants if stored.get(name) is not None}
    return HeldChat(**{**stored, **read})

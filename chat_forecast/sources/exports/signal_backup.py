"""Signal's own plaintext export: ``main.jsonl``, in which all chats of an account stand.

Belongs here: recipients, chats, and which items are messages.
Does not belong here: exports by other programs (:mod:`.signal_export`, :mod:`.sigtop`).

The file holds keys that open the account's groups and its media. Nothing of them is kept but a hash of a group's key, by
which the group is known again. Ids mean something inside the file alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.json_lines import read_json_lines
from chat_forecast.sources.exports.message_collector import MessageCollector, id_of, whole

PROGRAM = "Signal"
_DISAPPEARING = "Signal leaves disappearing messages out of its export: chats that have them come out thinner than they are."


_DELETE_IT = "Signal's export holds keys of the account and all of its chats. Nothing of that was kept: delete the file."


@dataclass(frozen=True)
class _Recipient:
    identity: str
    """Of a person, as a sender; of a group a hash of its key."""
    title: str | None
    kind: str


@dataclass
class _Chat:
    id: str
    recipient: _Recipient
    found: MessageCollector = field(default_factory=MessageCollector)
    service: int = 0

    @property
    def title(self) -> str | None:
        return self.recipient.title

    @property
    def messages(self) -> int:
        return len(self.found)


def find(bundle: Bundle) -> list[str]:
    """The parts whose first line tells the time of a backup."""
    return [name for name in bundle.texts(".jsonl", ".json") if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text)
    return head is not None and {"backupTimeMs", "version"} <= set(head.keys)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat of the account."""
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} exports. Import one main.jsonl by itself.")
    made, recipients, chats = None, dict[str, _Recipient](), dict[str, _Chat]()
    for line in read_json_lines(bundle, parts[0], asked):
        match line:
            case {"backupTimeMs": at}:
                made = whole(at)
            case {"recipient": dict(found)}:
                recipients[str(found.get("id"))] = _recipient(found)
            case {"chat": dict(found)}:
                recipient = recipients.get(str(found.get("recipientId")), _Recipient("", None, "contact"))
                chats[str(found.get("id"))] = _Chat(str(found.get("id")), recipient)
            case {"chatItem": dict(found)}:
                _take(found, chats, recipients, asked)
    chosen = choose(asked.path, list(chats.values()), asked.chat)
    asked.tally.service += chosen.service
    asked.tally.notes += [_DISAPPEARING, _DELETE_IT]
    recipient = chosen.recipient
    chat_id = id_of(f"signal {recipient.identity}") if recipient.identity else None
    until = None if made is None else pd.Timestamp(made, unit="ms", tz="UTC")
    return [FileChat([chosen.found.batch], HeldChat(chat_id, recipient.title, recipient.kind, program=PROGRAM), until=until)]


def _recipient(found: dict[str, Any]) -> _Recipient:
    """What is kept of a person or a group."""
    match found:
        case {"group": {"masterKey": str(key)} as group}:
            title = group.get("snapshot")
            for name in ("title", "title"):
                title = title.get(name) if isinstance(title, dict) else None
            return _Recipient(f"group {id_of(key)}", title if isinstance(title, str) else None, "group")
        case {"contact": dict(contact)}:
            names = (contact.get(f"{of}GivenName") or contact.get(f"{of}FamilyName") for of in ("system", "profile"))
            identity = next(
                (str(contact[key]) for key in ("aci", "pni", "e164") if contact.get(key)), f"contact {found.get('id')}"
            )
            return _Recipient(identity, next((str(name) for name in names if name), None), "contact")
        case {"self": _}:
            return _Recipient("self", "Note to Self", "contact")
    return _Recipient("", None, "contact")


def _take(item: dict[str, Any], chats: dict[str, _Chat], recipients: dict[str, _Recipient], asked: Asked) -> None:
    chat = chats.get(str(item.get("chatId")))
    if chat is None:
        raise asked.refusal("it holds messages of a chat that it does not describe: it was cut, or changed by hand.")
    if "updateMessage" in item:
        chat.service += 1
        return
    sent, author = whole(item.get("dateSent")), recipients.get(str(item.get("authorId")))
    chat.found.add(None if sent is None else sent * 1000, author.identity if author else None)


FORMAT = ExportFormat(f"{PROGRAM} (main.jsonl)", find, read)

"""Matrix rooms exported by Element as JSON.

Belongs here: which events are messages. Does not belong here: other exports.

An export of "the last messages" or of what was loaded covers only the end of the room.
"""

from collections.abc import Sequence
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import MessageCollector, id_of, text_of, whole

PROGRAM = "Matrix"
_POLLS = ("m.poll.start", "org.matrix.msc3381.poll.start", "org.matrix.msc3381.v2.poll.start")
_MESSAGES = frozenset({"m.room.message", "m.sticker", "m.room.encrypted", "m.bad.encrypted", *_POLLS})
"""What nobody could decrypt was sent all the same."""
_BEGINNING = "m.room.create"
_ONLY_THE_END = (
    "it does not begin with the room, as an export from the beginning does: what was sent before its first message is not "
    "in it."
)
_MEMBERS = ("type", "room_id", "sender", "content", "origin_server_ts", "event_id", "state_key")


def find(bundle: Bundle) -> list[str]:
    """The parts with a room's name and its messages."""
    return [name for name in bundle.texts(".json") if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text)
    if head is None:
        return False
    return {"room_name", "messages"} <= set(head.keys) or {"room_id", "event_id", "origin_server_ts"} <= set(head.entry)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one room."""
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} rooms, each in a file of its own. Import one of the files.")
    found, rooms, title = _Events(), set[str](), None
    with asked.json(bundle, parts[0]) as stream:
        if stream.peek() == "[":
            for entry in stream.values(_MEMBERS):
                _take(entry, found, rooms, asked)
        else:
            for key in stream.members():
                if key == "messages" and stream.peek() == "[":
                    for entry in stream.values(_MEMBERS):
                        _take(entry, found, rooms, asked)
                elif key == "room_name":
                    title = stream.value()
                else:
                    stream.skip()
        stream.expect_end()
    if found.first_kind != _BEGINNING:
        asked.tally.notes.append(_ONLY_THE_END)
    if len(rooms) > 1:
        raise asked.refusal("it holds several rooms. Export one of them by itself.")
    room = rooms.pop() if rooms else None
    chat_id = None if room is None else id_of(f"matrix {room}")
    title = title if isinstance(title, str) else None
    return [FileChat([found.batch], HeldChat(chat_id, title, "room", program=PROGRAM, written_id=room))]


class _Events(MessageCollector):
    """The messages of a room, and the kind of its first event."""

    first_kind: str | None = None


def _take(event: Any, found: _Events, rooms: set[str], asked: Asked) -> None:  # noqa: ANN401 - any JSON
    if not isinstance(event, dict):
        raise asked.refusal("it holds something else than events. Export it again.")
    found.first_kind = found.first_kind or text_of(event.get("type"))
    if isinstance(event.get("room_id"), str):
        rooms.add(event["room_id"])
    if text_of(event.get("type")) not in _MESSAGES or event.get("state_key") is not None or _is_edit(event.get("content")):
        asked.tally.service += 1
        return
    sent, name = whole(event.get("origin_server_ts")), event.get("event_id")
    if sent is None:
        asked.tally.unsupported += 1
        return
    found.add(sent * 1000, event.get("sender"), id_of(name) if isinstance(name, str) else None)


def _is_edit(content: Any) -> bool:  # noqa: ANN401 - any JSON
    relation = content.get("m.relates_to") if isinstance(content, dict) else None
    return isinstance(relation, dict) and relation.get("rel_type") == "m.replace"


FORMAT = ExportFormat(PROGRAM, find, read)

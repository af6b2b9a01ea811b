"""Signal chats exported by signal-export: ``data.json``, which has one JSON document a line.

Belongs here: which lines are messages, and lines that stand there twice.
Does not belong here: Signal's own export (:mod:`.signal_backup`).

Times are those of the exporting computer's clock. Run twice into one folder, signal-export appends the whole chat again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.json_lines import read_json_lines
from chat_forecast.sources.exports.message_collector import MessageCollector, wall_micros
from chat_forecast.sources.exports.signal_backup import PROGRAM

_NAME = "data.json"
_KEYS = frozenset({"date", "sender", "body"})
_NOBODY = "No-Sender"
_RESTART_MICROS = 3_600_000_000
"""So far back in time the next line goes only where the chat begins again."""


def find(bundle: Bundle) -> list[str]:
    """The parts whose first line is a message of it."""
    names = bundle.texts(".json") if bundle.is_file else [name for name in bundle.names if Path(name).name == _NAME]
    return [name for name in names if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    head = json_head(text.partition("\n")[0])
    return head is not None and set(head.keys) >= _KEYS


@dataclass
class _Chat:
    id: str
    size: int
    part: str
    counted = "bytes"

    @property
    def title(self) -> str | None:
        return self.id

    @property
    def messages(self) -> int:
        return self.size


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat; its folder's name is all that says which one it is."""
    chats = [_Chat(_folder(bundle, part), bundle.size(part), part) for part in parts]
    chosen = choose(asked.path, chats, asked.chat)
    found, known, run = MessageCollector(asked.clock()), dict[tuple[int, str], int](), dict[tuple[int, str], int]()
    latest = 0
    for line in read_json_lines(bundle, chosen.part, asked):
        if _is_notice(line):
            asked.tally.service += 1
            continue
        micros, sender = wall_micros(line.get("date")), str(line.get("sender") or "")
        if micros is None:
            asked.tally.unsupported += 1
            continue
        if micros < latest - _RESTART_MICROS:
            run, latest = {}, micros
        latest = max(latest, micros)
        place = (micros, sender)
        run[place] = run.get(place, 0) + 1
        if run[place] > known.get(place, 0):
            known[place] = run[place]
            found.add(micros, sender or None)
    title = chosen.id if chosen.id else None
    return [FileChat([found.batch], HeldChat(title=title, kind="chat", program=PROGRAM))]


def _folder(bundle: Bundle, part: str) -> str:
    folder = part.rpartition("/")[0].rpartition("/")[2]
    return folder or (bundle.path.parent.name if bundle.is_file else bundle.path.stem)


def _is_notice(line: dict[str, Any]) -> bool:
    is_blank = not str(line.get("body") or "").strip()
    return line.get("call") is True or (line.get("sender") == _NOBODY and is_blank)


FORMAT = ExportFormat(f"{PROGRAM} (signal-export)", find, read)

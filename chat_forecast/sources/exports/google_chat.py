"""Google Chat, as Google Takeout gives it.

Belongs here: its spaces, and its English dates. Does not belong here: other programs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.json_head import json_head
from chat_forecast.sources.exports.message_collector import MessageCollector, id_of, micros_at

PROGRAM = "Google Chat"
_GROUP = re.compile(r"(?:^|/)Groups/([^/]+)/messages\.json$")
_FOLDER = re.compile(r"(?:Space|DM) \S+")
_WIDE = re.compile("[\u00a0\u2009\u202f]")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DATE = re.compile(
    rf"(?:[A-Za-z]+, )?({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}})(?:,| at) (\d{{1,2}}):(\d\d):(\d\d) ([AP])M UTC"
)
_MEMBERS = ("creator", "created_date", "message_id")


@dataclass
class _Space:
    id: str
    part: str
    size: int
    title: str | None
    counted = "bytes"

    @property
    def messages(self) -> int:
        return self.size


def find(bundle: Bundle) -> list[str]:
    """The messages of each space; or a file of such messages by itself."""
    if bundle.is_file:
        head = json_head(bundle.head(bundle.names[0]))
        return [bundle.names[0]] if head and {"creator", "created_date"} <= set(head.entry) else []
    return [name for name in bundle.names if _GROUP.search(name)]


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one space, or one chat of two."""
    spaces = [_space(bundle, part, asked) for part in parts]
    chosen = choose(asked.path, spaces, asked.chat)
    found = MessageCollector()
    with asked.json(bundle, chosen.part) as stream:
        for key in stream.members():
            if key == "messages" and stream.peek() == "[":
                for entry in stream.values(_MEMBERS):
                    _take(entry, found, asked)
            else:
                stream.skip()
        stream.expect_end()
    is_known = _FOLDER.fullmatch(chosen.id) is not None
    return [
        FileChat(
            [found.batch],
            HeldChat(
                id_of(f"google {chosen.id}") if is_known else None,
                chosen.title,
                "direct" if chosen.id.startswith("DM ") else "space",
                program=PROGRAM,
                written_id=chosen.id if is_known else None,
            ),
        )
    ]


def _space(bundle: Bundle, part: str, asked: Asked) -> _Space:
    grouped = _GROUP.search(part)
    if not grouped:
        return _Space(bundle.path.parent.name, part, bundle.size(part), None)
    described = f"{part.rpartition('/')[0]}/group_info.json"
    title = None
    if described in bundle.names:
        with asked.json(bundle, described) as stream:
            for key in stream.members():
                value = stream.value()
                title = value if key == "name" and isinstance(value, str) else title
    return _Space(grouped[1], part, bundle.size(part), title)


def _take(entry: Any, found: MessageCollector, asked: Asked) -> None:  # noqa: ANN401 - any JSON
    if not isinstance(entry, dict):
        raise asked.refusal("it holds something else than messages. Export it again.")
    written, creator = entry.get("created_date"), entry.get("creator")
    if written is None:
        asked.tally.unsupported += 1
        return
    date = _DATE.fullmatch(_WIDE.sub(" ", str(written)))
    if date is None:
        raise asked.refusal(
            "its dates are not English. Set the language of the Google account to English (United States), and export it "
            "again."
        )
    name = entry.get("message_id")
    known = creator if isinstance(creator, dict) else {}
    sender = known.get("email") or known.get("name")
    found.add(_micros(date), sender, id_of(name) if isinstance(name, str) else None)


def _micros(date: re.Match[str]) -> int | None:
    month, day, year, hour, minute, second, half = date.groups()
    hours = int(hour) % 12 + 12 * (half == "P")
    return micros_at(int(year), _MONTHS.index(month) + 1, int(day), (hours * 60 + int(minute)) * 60 + int(second))


FORMAT = ExportFormat(PROGRAM, find, read)

"""Chats exported from WhatsApp, as a text or a zip archive of one.

Belongs here: the entries of a file in their order, which of them are messages, and what the file covers.
Does not belong here: how a line begins (:mod:`.whatsapp_lines`), and notices that look like messages
(:mod:`.whatsapp_notices`).

A file has neither ids nor a zone nor the chat's id; names are those of the phone's address book, and change. So a newer
export replaces an older one in the hours that it covers. It ends with the latest message, and begins with the
chat, unless WhatsApp cut it: it exports at most 40,000 entries without media, and 10,000 with them.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

import pandas as pd

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.date_order import WrittenDates
from chat_forecast.sources.exports.export_format import Asked, ExportFormat, choose
from chat_forecast.sources.exports.message_collector import MessageCollector
from chat_forecast.sources.exports.whatsapp_lines import MARK, Beginning, Entry, read_entry, sender_and_text
from chat_forecast.sources.exports.whatsapp_notices import is_notice

PROGRAM = "WhatsApp"
IOS_NAME = "_chat.txt"
_MOST_ENTRIES, _MOST_WITH_MEDIA = 39_500, 9_900
"""An export with at least this many entries is taken to be cut: WhatsApp exports 40,000, or 10,000 with media."""
_ENOUGH_MAYBE = 10
_MOST_OF_CHAT, _MOST_SHARE_OF_CHAT = 5, 0.02
"""The chat itself may be the sender of up to this many entries, or of up to this share of all."""
_CUT = (
    "WhatsApp exports no more than 40,000 entries (10,000 with media), and this file has about as many: what was sent "
    "before its first whole hour is taken as not read. Export without media to reach further back."
)
_TITLE = re.compile(
    r".*whatsapp.*?(?: - |[ _](?:with|mit|con|avec|com|met|med|dengan|cu|s|z|с контактом|с|з|со|із)[ _])(?P<title>.+)",
    re.IGNORECASE,
)
_COPY = re.compile(r"(?: ?\(\d+\)|-\d)$")
_ATTACHED = re.compile(
    r"(?:<[^<>]*?(\d{4})-(\d\d)-(\d\d)-\d\d-\d\d-\d\d[^<>]*>)|(?:\b[A-Z]{3}-(\d{4})(\d\d)(\d\d)-WA\d+\.\w{2,5} \()"
)
_LONGEST_NOTICE = 300
_MAYBE_ATTACHED = re.compile(r"^\u200e?<[^<>:]{1,40}: [^<>]+\.\w{2,5}>|\.\w{2,5} \([^()]{3,40}\)$")
_NOBODY = -1
_FEWEST_SENDERS_OF_GROUP = 3
"""The group and two members: in a chat of two the title is the partner's name."""
_OTHER_LOGS = re.compile(r"\[\d{4}-\d\d-\d\d,? \d\d:\d\d(?::\d\d)?\] (?:Me|No-Sender): ")


@dataclass(frozen=True)
class _Text:
    """One of several chats in a folder or an archive."""

    id: str
    title: str | None
    messages: int
    counted = "bytes"


def find(bundle: Bundle) -> list[str]:
    """The parts that begin as such an export does."""
    names = [name for name in bundle.names if PurePosixPath(name).name == IOS_NAME and name.count("/") <= 1]
    names = names or bundle.texts(".txt")
    return [name for name in names if _is_one(bundle.head(name))]


def _is_one(text: str) -> bool:
    first, _, _ = text.partition("\n")
    begun = read_entry(first)
    if begun is None:
        return False
    entries = [entry for line in text.split("\n") if (entry := read_entry(line)) and entry.beginning == begun.beginning]
    is_other = any(_OTHER_LOGS.match(line) for line in text.split("\n")[:20])
    return not is_other and any(sender_and_text(entry.rest) for entry in entries)


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat."""
    texts = [_Text(name, _title(bundle, name), bundle.size(name)) for name in parts]
    part = choose(asked.path, texts, asked.chat if len(texts) > 1 else None).id
    asked.note_unless_ended(bundle, part)
    entries = _Entries(asked)
    for line in _beginnings(bundle, part, asked):
        entries.take(line)
    named = _title(bundle, part)
    found = entries.collected(named)
    title = named or entries.chat_itself
    chat = HeldChat(title=title, kind="chat", program=PROGRAM)
    since = None
    if len(entries) >= (_MOST_WITH_MEDIA if entries.has_media else _MOST_ENTRIES):
        since = _next_hour(entries.first, asked)
        asked.tally.notes.append(_CUT)
    return [FileChat([found], chat, since=since, is_replacing=True)]


def _beginnings(bundle: Bundle, name: str, asked: Asked) -> Iterator[Entry]:
    """The entries of a part: lines that begin as the first one does."""
    begun: Beginning | None = None
    for line in bundle.lines(name, asked.progress):
        entry = read_entry(line)
        if entry is not None and begun in (None, entry.beginning):
            begun = entry.beginning
            yield entry


def _title(bundle: Bundle, part: str) -> str | None:
    """What a file's name says of the chat."""
    path = bundle.path.parent if bundle.path.name == IOS_NAME else bundle.path
    for name in (PurePosixPath(part).stem, path.stem if path.is_file() else path.name):
        if found := _TITLE.fullmatch(name):
            return _COPY.sub("", found["title"]).strip() or None
    return None


def _next_hour(first: pd.Timestamp, asked: Asked) -> pd.Timestamp:
    local = first.tz_convert(asked.timezone).tz_localize(None).ceil("h")
    return local.tz_localize(asked.timezone, ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")


class _Entries:
    """The entries of one file, in its order."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._dates = asked, WrittenDates(asked)
        self._seconds, self._senders = array("i"), array("i")
        self._names: dict[str, int] = {}
        self._marked: dict[int, str] = {}
        """The texts of those that begin with the mark, by their places."""
        self.attached = self.maybe_attached = 0
        self.first = pd.Timestamp(0, tz="UTC")

    def __len__(self) -> int:
        return len(self._seconds)

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        self._dates.add(entry.date)
        self._seconds.append(entry.second)
        said = sender_and_text(entry.rest)
        if said is None:
            self._senders.append(_NOBODY)
            return
        sender, text = said
        self._senders.append(self._names.setdefault(sender, len(self._names)))
        self.maybe_attached += _MAYBE_ATTACHED.search(text[:_LONGEST_NOTICE]) is not None
        if found := _ATTACHED.search(text[:_LONGEST_NOTICE]):
            self.attached += 1
            self._prove(entry, [int(each) for each in found.groups() if each])
        if text.startswith(MARK):
            self._marked[len(self._senders) - 1] = text[:_LONGEST_NOTICE].replace(MARK, "")

    def _prove(self, entry: Entry, named: list[int]) -> None:
        """The name of an attached file says the day on which it was sent."""
        try:
            self._dates.add_proof(entry.date, date(*named))
        except ValueError:
            return

    @property
    def has_media(self) -> bool:
        """Whether it was exported with its media."""
        return self.attached > 0 or self.maybe_attached >= _ENOUGH_MAYBE

    @property
    def chat_itself(self) -> str | None:
        """The group, where it is a sender itself: the first one, if all that it wrote begins with the mark."""
        if not len(self._senders) or self._senders[0] == _NOBODY or 0 not in self._marked:
            return None
        first = self._senders[0]
        if any(sender == first and place not in self._marked for place, sender in enumerate(self._senders)):
            return None
        return next(name for name, place in self._names.items() if place == first)

    def collected(self, title: str | None) -> pd.DataFrame:
        """The messages; ``title`` is what the file's name says of the chat.

        Raises:
            RefusedFileError: nothing tells the order of day and month, or the zone.
        """
        notices, found = self._notices() | self._of_group(title), MessageCollector(self._asked.clock())
        names = [*self._names, ""]
        days = self._dates.days()
        for place, (day, second, sender) in enumerate(zip(days, self._seconds, self._senders, strict=True)):
            micros = (day * 86_400 + second) * 1_000_000
            if place == 0:
                local = pd.Timestamp(micros, unit="us")
                zoned = local.tz_localize(self._asked.timezone, ambiguous=True, nonexistent="shift_forward")
                self.first = zoned.tz_convert("UTC")
            if sender == _NOBODY or place in notices:
                self._asked.tally.service += 1
            else:
                found.add(micros, names[sender] or None)
        return found.batch

    def _notices(self) -> set[int]:
        chat = self._names.get(self.chat_itself or "", _NOBODY)
        marked = self._marked.items()
        return {place for place, text in marked if is_notice(text, self._names, is_of_chat=self._senders[place] == chat)}

    def _of_group(self, title: str | None) -> set[int]:
        """The entries whose sender is the group, known by the title: notices, also where the marks are lost."""
        group = self._names.get(title or "", _NOBODY)
        if group == _NOBODY or len(self._names) < _FEWEST_SENDERS_OF_GROUP:
            return set()
        places = {place for place, sender in enumerate(self._senders) if sender == group}
        return places if len(places) <= max(_MOST_OF_CHAT, _MOST_SHARE_OF_CHAT * len(self)) else set()


FORMAT = ExportFormat(PROGRAM, find, read)

"""Chats exported by Telegram Desktop as HTML, in pages of a thousand entries.

Belongs here: the parts of a page, and whether all pages are there. Does not belong here: its JSON
(:mod:`.telegram_desktop`).

A page names neither the chat's id nor its senders', and service entries have no time. The offset that it writes after a
time is that of the zone's standard time, also in summer: the wall time is right, and the offset only shows which zone it may
be.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.export_format import ACCEPT, Asked, ExportFormat, choose
from chat_forecast.sources.exports.message_collector import EPOCH, MICROSECOND, MessageCollector, micros_at
from chat_forecast.sources.exports.telegram_peers import PROGRAM

_PAGE = re.compile(r"(?:^|/)messages(\d*)\.html$")
_TITLE = re.compile(r'class="page_header">.*?class="text bold">\s*(.*?)\s*</div>', re.DOTALL)
_ENTRY = re.compile(r'<div class="message (default|service)([^"]*)" id="message(-?\d+)"')
_DATE = re.compile(
    r'class="[^"]*\bdate details"[^>]*title="(\d\d)\.(\d\d)\.(\d{4}) (\d\d):(\d\d):(\d\d)(?: UTC([+-])(\d\d):(\d\d))?"'
)
_NAME = re.compile(r'<div class="from_name">\s*(.*?)\s*</div>', re.DOTALL)
_VIA = re.compile(r" via @\w+$")
_NEXT = re.compile(r'class="pagination block_link" href="messages(\d*)\.html"')
_TAG = re.compile("<[^>]*>")
_CALL = re.compile(r'class="media clearfix pull_left (?:block_link )?media_call"')
_FORWARDED = '<div class="forwarded body">'
_LARGEST_PAGE = 1 << 28
_TODAYS_RULES = 2037
"""The last year for which time zones have rules written out: by its rules they are as of today."""
_FEWEST_COUNTED, _THIN = 10, 3.0


@dataclass
class _Chat:
    id: str
    title: str | None
    pages: dict[int, str]
    counted = "pages"

    @property
    def messages(self) -> int:
        return len(self.pages)


def find(bundle: Bundle) -> list[str]:
    """The pages of messages."""
    if bundle.is_file:
        return [bundle.names[0]] if _is_page(bundle.head(bundle.names[0])) else []
    return [name for name in bundle.names if _PAGE.search(name) and _is_page(bundle.head(name))]


def _is_page(text: str) -> bool:
    return text.startswith("<") and "<title>Exported Data</title>" in text and "chat_page" in text


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one chat, all its pages in their order."""
    folders: dict[str, dict[int, str]] = {}
    for part in parts:
        page = _PAGE.search(part)
        folders.setdefault(part.rpartition("/")[0], {})[int(page[1] or 1) if page else 1] = part
    chats = [
        _Chat(folder.rpartition("/")[2], _title(bundle.head(min(pages.values()))), pages)
        for folder, pages in folders.items()
    ]
    chosen = choose(asked.path, chats, asked.chat)
    pages = _Pages(asked)
    for number in sorted(chosen.pages):
        name = chosen.pages[number]
        if bundle.size(name) > _LARGEST_PAGE:
            raise asked.refusal(f"one of its pages has {bundle.size(name) >> 20} MB: Telegram Desktop writes none so great.")
        with bundle.open(name) as file:
            pages.take(file.read().decode("utf-8-sig", "replace"))
    chat = HeldChat(title=chosen.title, kind=pages.kind, program=PROGRAM)
    partial = _why_partial(chosen.pages, pages, asked, is_file=bundle.is_file)
    return [FileChat([pages.found.batch], chat, pages.found.others, partial=partial)]


def _title(text: str) -> str | None:
    found = _TITLE.search(text)
    return html.unescape(_TAG.sub("", found[1])).strip() or None if found else None


class _Pages:
    """The entries of a chat, page after page."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.found = MessageCollector(asked.clock())
        self.next_page: int | None = None
        self._ids: list[int] = []
        self._offsets: dict[tuple[int, int], None] = {}

    def take(self, page: str) -> None:
        """Take the entries of a page. One that was sent at once after another has no name: it is of the same sender."""
        entries = list(_ENTRY.finditer(page))
        sender: str | None = None
        for entry, end in zip(entries, [*(each.start() for each in entries[1:]), len(page)], strict=True):
            kind, more, number = entry[1], entry[2], int(entry[3])
            inside = page[entry.end() : end]
            if kind == "service" or _CALL.search(inside):
                self._pass_over(number, is_divider=kind == "service" and number < 0)
                continue
            own = inside.partition(_FORWARDED)[0]
            date, name = _DATE.search(own), _NAME.search(own)
            if date is None:
                self._asked.tally.unsupported += 1
                self.found.add_other(number)
                continue
            if name is not None:
                sender = _VIA.sub("", html.unescape(_TAG.sub("", name[1]).strip())) or None
            elif "joined" not in more:
                sender = None
            self._ids.append(number)
            self.found.add(self._wall(date), sender, number)
        following = _NEXT.findall(page[entries[-1].end() :]) if entries else []
        self.next_page = max((int(each or 1) for each in following), default=None)

    def _pass_over(self, number: int, *, is_divider: bool) -> None:
        if is_divider:
            return
        self._asked.tally.service += 1
        self.found.add_other(number)

    def _wall(self, date: re.Match[str]) -> int | None:
        day, month, year, hour, minute, second = (int(each) for each in date.groups()[:6])
        wall = micros_at(year, month, day, (hour * 60 + minute) * 60 + second)
        if wall is None:
            return None
        if date[7]:
            minutes = (1 if date[7] == "+" else -1) * (60 * int(date[8]) + int(date[9]))
            if (year, minutes) not in self._offsets:
                self._expect_zone(EPOCH + wall * MICROSECOND, minutes)
                self._offsets[year, minutes] = None
        return wall

    def _expect_zone(self, wall: datetime, minutes: int) -> None:
        """See that an offset is the standard one of the zone, then or by today's rules."""
        zone = ZoneInfo(str(self._asked.timezone))
        dates = [[wall.replace(year=year, month=month, day=1) for month in (1, 7)] for year in (wall.year, _TODAYS_RULES)]
        standard = {min(_offset(zone, date) for date in both) for both in dates}
        if timedelta(minutes=minutes) in standard | {_offset(zone, wall)}:
            return
        written = f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        raise self._asked.refusal(
            f"it was made in a time zone whose standard time is {written}, which {self._asked.timezone} is not. Say in "
            "which one: --file-timezone ZONE."
        )

    @property
    def kind(self) -> str | None:
        """That of a private chat where most ids between those of the chat are not there: then an account numbers them."""
        ids = sorted(set(self._ids))
        if len(ids) < _FEWEST_COUNTED or (ids[-1] - ids[0]) / (len(ids) - 1) <= _THIN:
            return None
        return "personal_chat"


def _offset(zone: ZoneInfo, wall: datetime) -> timedelta:
    return wall.replace(tzinfo=zone).utcoffset() or timedelta()


def _why_partial(numbers: dict[int, str], pages: _Pages, asked: Asked, *, is_file: bool) -> str | None:
    """Which pages are not there: those between others, and the one after the last."""
    have = set(numbers)
    if is_file:
        have |= {int(found[1] or 1) for each in asked.together if (found := _PAGE.search(each.name))}
    expected = set(range(1, max(have) + 1)) | ({pages.next_page} if pages.next_page else set())
    if not expected - have:
        return None
    listed = ", ".join(f"messages{number if number > 1 else ''}.html" for number in sorted(expected - have)[:5])
    return f"it is not whole: {listed} is missing. Import the folder of the export itself. {ACCEPT}"


FORMAT = ExportFormat(f"{PROGRAM} (HTML)", find, read)

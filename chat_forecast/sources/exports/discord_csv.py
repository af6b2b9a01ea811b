"""Discord channels exported by DiscordChatExporter as CSV.

Belongs here: telling messages from notices by their texts, and the dates of each version.
Does not belong here: its JSON files (:mod:`.discord`).

A row has no id and no kind, and its date may be of the exporter's language: JSON tells more.
"""

import csv
import re
from collections.abc import Iterator, Sequence

from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.date_order import DIGITS_OF_A_YEAR, Triple, WrittenDates
from chat_forecast.sources.exports.discord import PROGRAM
from chat_forecast.sources.exports.export_format import Asked, ExportFormat
from chat_forecast.sources.exports.message_collector import MessageCollector, iso_micros, whole

_COLUMNS = ["AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"]
_NOTICE = re.compile(
    r"Joined the server\.|Pinned a message\.|Started a thread\.|Left the group\.|Added a recipient\.|Removed a recipient\."
    r"|Added .{1,100} to the group\.|Removed .{1,100} from the group\.|Changed the channel (?:name|icon)(?:: .*)?\.?"
    r"|Started a call that lasted [\d,.\u00a0\u202f]+ minutes\.",
    re.DOTALL,
)
_CHANNEL = re.compile(r"\[(\d{15,20})\](?: \[part \d+\])?$")
_WRITTEN = re.compile(
    r"(\d{1,4})([-/. ])(\d{1,2}|[A-Za-z]{3})\.?\2 ?(\d{1,4})\.?,? (\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?: ?([AP])\.?M\.?)?",
    re.IGNORECASE,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_LONGEST_FIELD = 1 << 24


def find(bundle: Bundle) -> list[str]:
    """The parts whose header is exactly the exporter's."""
    return [name for name in bundle.texts(".csv") if _header(bundle.head(name)) == _COLUMNS]


def _header(text: str) -> list[str]:
    return next(csv.reader([text.splitlines()[0]]), []) if text else []


def read(bundle: Bundle, parts: Sequence[str], asked: Asked) -> list[FileChat]:
    """Read one channel."""
    if len(parts) > 1:
        raise asked.refusal(f"it holds {len(parts)} exports. Import the files of one channel by themselves.")
    name = parts[0]
    stem = name.rpartition("/")[2].rpartition(".")[0]
    channel = _CHANNEL.search(stem)
    channel_id = channel[1] if channel else None
    chat = HeldChat(whole(channel_id), program=PROGRAM, written_id=channel_id)
    rows = _Rows(asked)
    for row in _rows(bundle, name, asked):
        rows.take(row)
    return [FileChat([rows.collected().batch], chat)]


def _rows(bundle: Bundle, name: str, asked: Asked) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(_lines(bundle, name, asked), strict=True)
    try:
        next(reader)
        for row in reader:
            if len(row) != len(_COLUMNS):
                raise asked.refusal(
                    f"its row {reader.line_num} has {len(row)} columns instead of {len(_COLUMNS)}: it was cut, or changed "
                    "by hand. Export it again, better as JSON."
                )
            yield row
    except csv.Error:
        raise asked.refusal(
            f"it ends in the middle or is damaged, near line {reader.line_num}. Export it again, better as JSON."
        ) from None


def _lines(bundle: Bundle, name: str, asked: Asked) -> Iterator[str]:
    return (f"{line}\n" for line in bundle.lines(name, asked.progress, _LONGEST_FIELD))


class _Rows:
    """The rows of one file; dates of a language are kept until all of them have shown how they are written."""

    def __init__(self, asked: Asked) -> None:
        self._asked, self._dates = asked, WrittenDates(asked)
        self._dated = MessageCollector()
        self._senders: list[str] = []
        self._seconds: list[int] = []

    def take(self, row: list[str]) -> None:
        """Take a row, unless it is a notice. One without any content is a notice of an unknown kind."""
        sender, _, date, content, attachments, _ = row
        if _NOTICE.fullmatch(content) or not (content.strip() or attachments.strip()):
            self._asked.tally.service += 1
            return
        micros = iso_micros(date)
        if micros is not None:
            self._dated.add(micros, sender)
            return
        triple, seconds = _written(date, self._asked)
        self._dates.add(triple)
        self._senders.append(sender)
        self._seconds.append(seconds)

    def collected(self) -> MessageCollector:
        """All messages."""
        if not self._senders:
            return self._dated
        if len(self._dated):
            raise self._asked.refusal("some of its dates have an offset, and others have none. Export it again, as JSON.")
        found = MessageCollector(self._asked.clock())
        for sender, day, second in zip(self._senders, self._dates.days(), self._seconds, strict=True):
            found.add((day * 86_400 + second) * 1_000_000, sender)
        return found


def _written(date: str, asked: Asked) -> tuple[Triple, int]:
    """A date as its parts, and its second of the day."""
    found = _WRITTEN.fullmatch(date.strip().replace("\u202f", " ").replace("\u00a0", " "))
    if found is None:
        raise asked.refusal("its dates are in a language that this program cannot read. Export it again as JSON.")
    first, _, second, third, hour, minute, seconds, half = found.groups()
    month = second if second.isdecimal() else _MONTHS.get(second.lower(), 0)
    hours = int(hour) % 12 + 12 * (half.lower() == "p") if half else int(hour)
    if hours > 23 or int(minute) > 59 or int(seconds or 0) > 59:
        raise asked.refusal("one of its times is none. Export it again, as JSON.")
    triple = Triple(int(first), int(month), int(third), is_year_first=len(first) == DIGITS_OF_A_YEAR)
    return triple if second.isdecimal() else triple.with_named_month, (hours * 60 + int(minute)) * 60 + int(seconds or 0)


FORMAT = ExportFormat(f"{PROGRAM} (CSV)", find, read)

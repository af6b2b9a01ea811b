"""What an import took, what it passed over, and what of the chat is known after it.

Belongs here: the figures, and the days covered. Does not belong here: importing (:mod:`.importing`), and tables of a
terminal (:mod:`chat_forecast.cli`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chat_forecast.domain.deduplication import only_in
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.large_columns import in_parts
from chat_forecast.plain_text import counted
from chat_forecast.sources.exports.base import Tally
from chat_forecast.storage.archive_contents import ArchiveContents

DayRange = tuple[LocalDay, LocalDay]
"""The first and the last of some days that follow one another."""
SHOWN_RANGES = 5
SHOWN_TIMES = 3


@dataclass(frozen=True)
class ImportReport:
    """What an import took, what it passed over, and what of the chat is known after it."""

    replaced: int
    """Messages of older exports, in hours that newer ones stand for."""
    notes: tuple[str, ...]
    """What else there is to know of the files."""
    new: int
    """Messages that were not in the archive before."""
    duplicates: int
    """Messages that were there already, or stood in several of the files."""
    service: int
    """Service entries, passed over."""
    unsupported: int
    """Entries of an unknown kind or without a date, passed over."""
    ambiguous_times: int
    """Local times that a clock change repeats, taken in the order of the file."""
    shifted_times: int
    """Local times that a clock change skips, moved to the end of the skipped hour."""
    impossible_times: int
    """Messages whose time cannot be one, such as 1970, passed over."""
    impossible_shown: tuple[str, ...]
    """A few of those times."""
    clock_times: int
    """Times without an offset, read as wall times of ``file_timezone``."""
    file_timezone: str
    bytes_read: int
    first_message: pd.Timestamp
    last_message: pd.Timestamp
    """Of the imported files, in UTC."""
    unread: ReadIntervals
    """Silences in the imported files that are taken as not read, because ids jump across them."""
    covered: tuple[DayRange, ...]
    partly_covered: tuple[DayRange, ...]
    not_covered: tuple[DayRange, ...]
    """Local days in ``timezone``, from the first one of which the archive knows anything to the last."""
    changed_days: tuple[LocalDay, ...]
    """Local days of which the archive knows something else than before, ascending."""
    timezone: str

    @property
    def first_day(self) -> LocalDay:
        """The first local day of which the archive knows anything."""
        return min(first for ranges in (self.covered, self.partly_covered, self.not_covered) for first, _ in ranges)

    def lines(self, chat: str) -> list[str]:
        """The report as text, one fact a line; ``chat`` is the chat's slug."""
        return [
            f"{counted(self.new, 'new messages')}, {self.duplicates:,} already known",
            *self._replaced(),
            f"from {_shown(self.first_message, self.timezone)} to {_shown(self.last_message, self.timezone)} "
            f"({self.timezone})",
            f"passed over: {counted(self.service, 'service entries')}, "
            f"{self.unsupported:,} without a date or of an unknown kind",
            *self._impossible_times(),
            *self._clocks(),
            f"days covered: {listed_days(self.covered)}",
            f"days covered in part: {listed_days(self.partly_covered)}",
            f"days not covered: {listed_days(self.not_covered)}",
            *self._unread_silences(chat),
            *(f"note: {note}" for note in self.notes),
        ]

    def _replaced(self) -> list[str]:
        if not self.replaced:
            return []
        older = counted(self.replaced, "messages")
        return [f"{older} of older exports left out: a newer one stands for the hours that it covers"]

    def _impossible_times(self) -> list[str]:
        if not self.impossible_times:
            return []
        shown = ", ".join(self.impossible_shown)
        return [f"passed over: {self.impossible_times} with a time that cannot be right ({shown})"]

    def _clocks(self) -> list[str]:
        if not self.clock_times:
            return []
        read = [
            f"clock times without an offset: {self.clock_times}, read in the zone {self.file_timezone}. If they were "
            "written in another one: --file-timezone ZONE"
        ]
        if not self.ambiguous_times and not self.shifted_times:
            return read
        return [
            *read,
            f"clock changes: {counted(self.ambiguous_times, 'messages')} in an hour that comes twice, taken in the file's "
            f"order; {self.shifted_times} in an hour that never was, taken as its end",
        ]

    def _unread_silences(self, chat: str) -> list[str]:
        if self.unread.is_empty:
            return []
        number = len(self.unread.intervals)
        shown = ", ".join(
            f"{_shown(start, self.timezone)} to {_shown(end, self.timezone)}"
            for start, end in self.unread.intervals[:SHOWN_RANGES]
        )
        more = ", …" if number > SHOWN_RANGES else ""
        return [
            f"taken as not read: {counted(number, 'silences')} across which message ids jump ({shown}{more}). "
            f"If the chat was silent then: chat-forecast gaps {chat} --quiet FROM..TO"
        ]


def report_of(
    before: ArchiveContents,
    after: ArchiveContents,
    *,
    taken: int,
    tally: Tally,
    bytes_read: int,
    timezone: str,
    file_timezone: str,
    first_message: pd.Timestamp,
    last_message: pd.Timestamp,
) -> ImportReport:
    """The report of an import that changed an archive; ``taken`` counts the messages of its files."""
    read, new, replaced = after.read_intervals, len(after.messages) - len(before.messages), 0
    if any(not record.holding.covers.is_empty for record in after.ledger.imports):
        new, replaced = len(only_in(after.messages, before.messages)), len(only_in(before.messages, after.messages))
    days = days_by_coverage(read, after.messages["sent_at"], timezone)
    unread = after.ledger.unread.clip(first_message, last_message)
    return ImportReport(
        replaced=replaced,
        notes=tuple(dict.fromkeys(tally.notes)),
        new=new,
        duplicates=taken - new,
        service=tally.service,
        unsupported=tally.unsupported,
        ambiguous_times=tally.ambiguous,
        shifted_times=tally.shifted,
        impossible_times=tally.impossible,
        impossible_shown=tuple(tally.impossible_shown[:SHOWN_TIMES]),
        clock_times=tally.clock_times,
        file_timezone=file_timezone,
        bytes_read=bytes_read,
        first_message=first_message,
        last_message=last_message,
        unread=unread.without(read),
        covered=days[0],
        partly_covered=days[1],
        not_covered=days[2],
        changed_days=tuple(changed_days(before, after, timezone)),
        timezone=timezone,
    )


def changed_days(before: ArchiveContents, after: ArchiveContents, timezone: str) -> list[LocalDay]:
    """The local days of which two states of an archive know different things, ascending: other messages, or other hours."""
    changed = [
        only_in(before.messages, after.messages)["sent_at"],
        only_in(after.messages, before.messages)["sent_at"],
        _in_other_topics(before.messages, after.messages),
    ]
    days = {LocalDay(day, timezone) for sent_at in changed for day in _local_dates(sent_at, timezone)}
    old, new = before.read_intervals, after.read_intervals
    for start, end in [*old.without(new).intervals, *new.without(old).intervals]:
        last = LocalDay.containing(end - pd.Timedelta("1us"), timezone)
        days |= set(LocalDay.containing(start, timezone).until(last))
    return sorted(days)


def _in_other_topics(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """When the messages were sent that both have, and of which the topic is another one."""
    if "topic_id" not in after.columns or before.empty:
        return after["sent_at"].iloc[:0]
    old = before.reindex(columns=["message_id", "topic_id"]).set_index("message_id")["topic_id"]
    was = old.reindex(after["message_id"]).fillna(0).to_numpy(dtype="int64")
    is_other = (was != after["topic_id"].fillna(0).to_numpy(dtype="int64")) & after["message_id"].isin(old.index).to_numpy()
    changed: pd.Series = after.loc[is_other, "sent_at"]
    return changed


def _local_dates(sent_at: pd.Series, timezone: str) -> set[date]:
    """The local dates of some instants, of millions a part at a time."""
    dates = set[date]()
    for rows in in_parts(len(sent_at)):
        local = pd.DatetimeIndex(sent_at.iloc[rows]).tz_convert(timezone).tz_localize(None)
        dates |= set(local.normalize().unique().date)
    return dates


def days_by_coverage(read: ReadIntervals, sent_at: pd.Series, timezone: str) -> tuple[tuple[DayRange, ...], ...]:
    """Find the days covered, covered in part, and not covered, from the first one known to the last."""
    bounds = [instant for interval in read.intervals for instant in interval]
    bounds += [sent_at.iloc[0], sent_at.iloc[-1]] if len(sent_at) else []
    kinds: tuple[list[DayRange], ...] = ([], [], [])
    first, last = (LocalDay.containing(instant, timezone) for instant in (min(bounds), max(bounds)))
    for day in first.until(last):
        known = read.clip(day.start, day.end)
        ranges = kinds[2 if known.is_empty else 0 if known.covers(day.start, day.end) else 1]
        if ranges and ranges[-1][1].plus(1) == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return tuple(tuple(ranges) for ranges in kinds)


def listed_days(ranges: Sequence[DayRange]) -> str:
    """Some ranges of days as text, after the number of days.

    >>> first = LocalDay.parse("2026-01-01", "UTC")
    >>> listed_days([(first, first.plus(2))])
    '3 (2026-01-01 to 2026-01-03)'
    """
    days = sum(1 for first, last in ranges for _ in first.until(last))
    shown = ", ".join(first.key if first == last else f"{first.key} to {last.key}" for first, last in ranges[:SHOWN_RANGES])
    return f"{days} ({shown}{', …' if len(ranges) > SHOWN_RANGES else ''})" if ranges else "none"


def _shown(instant: pd.Timestamp, timezone: str) -> str:
    return f"{instant.tz_convert(timezone):%Y-%m-%d %H:%M}"

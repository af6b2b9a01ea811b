"""Importing message files into a chat's archive.

Belongs here: reading all files, giving every message a pseudonym and an id, and the report of it.
Does not belong here: file formats (:mod:`.readers`), and how the archive is stored (:mod:`.archive`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import available_timezones

import pandas as pd

from chat_forecast.domain.deduplication import identify, merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.exports.base import Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.detect import read_batches, resolve
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive

EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
"""Older than any chat that there is: an earlier time is a fault of the file."""

DayRange = tuple[LocalDay, LocalDay]
"""The first and the last of some days that follow one another."""


@dataclass(frozen=True)
class ImportReport:
    """What an import took, what it passed over, and what of the chat is known after it."""

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
    bytes_read: int
    first_message: pd.Timestamp
    last_message: pd.Timestamp
    """Of the imported files, in UTC."""
    covered: tuple[DayRange, ...]
    partly_covered: tuple[DayRange, ...]
    not_covered: tuple[DayRange, ...]
    """Local days in ``timezone``, from the first one of which the archive knows anything to the last."""
    timezone: str

    @property
    def first_day(self) -> LocalDay:
        """The first local day of which the archive knows anything."""
        return min(first for ranges in (self.covered, self.partly_covered, self.not_covered) for first, _ in ranges)

    def lines(self) -> list[str]:
        """Say it in words, a fact a line."""
        return [
            f"{self.new} new messages, {self.duplicates} already known",
            f"from {_shown(self.first_message, self.timezone)} to {_shown(self.last_message, self.timezone)} "
            f"({self.timezone})",
            f"passed over: {self.service} service entries, {self.unsupported} without a date or of an unknown kind",
            *self._clock_changes(),
            f"days covered: {_listed(self.covered)}",
            f"days covered in part: {_listed(self.partly_covered)}",
            f"days not covered: {_listed(self.not_covered)}",
        ]

    def _clock_changes(self) -> list[str]:
        if not self.ambiguous_times and not self.shifted_times:
            return []
        return [
            f"clock changes: {self.ambiguous_times} messages in an hour that comes twice, taken in the file's order; "
            f"{self.shifted_times} in an hour that never was, taken as its end"
        ]


def import_files(
    archive: Archive,
    files: Sequence[Path],
    *,
    timezone: str | None,
    pseudonyms: Pseudonyms,
    chat_id: int | None = None,
    today: date | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Add the messages of all the files to the archive, or of none if one of them is refused.

    Order and repetition of files do not matter, and what is in the archive already is not added again.

    Args:
        archive: where to add them.
        files: Telegram Desktop exports (or their folders), CSV or Parquet files.
        timezone: the zone of times that do not tell theirs, and of the days in the report (UTC if None).
        pseudonyms: what replaces the senders.
        chat_id: which chat to take from an export of several.
        today: the current date (UTC); if given, messages from after tomorrow are refused.
        progress: called with the bytes read so far and the bytes of all files.

    Raises:
        RefusedFileError: a file cannot be read as one of messages. Nothing was changed.
        SourceError: there is no such time zone.
        StoredFileError: the archive is damaged.
    """
    if timezone and timezone not in available_timezones():
        raise SourceError(f"there is no time zone {timezone}. Expected an IANA name such as Europe/Moscow.")
    paths = [resolve(path) for path in files]
    sizes = [path.stat().st_size for path in paths]
    tally, readings, taken = Tally(), [], 0
    for number, path in enumerate(paths):
        before = sum(sizes[:number])

        def file_progress(done: int, before: int = before) -> None:
            if progress:
                progress(before + done, sum(sizes))

        try:
            messages = _read(path, timezone, chat_id, tally, pseudonyms, file_progress)
        except OSError as error:
            raise RefusedFileError(path, f"it cannot be read: {error.strerror or error}.") from error
        _check_times(path, messages["sent_at"], today)
        taken += len(messages)
        readings.append(MessageBatch(identify(messages), _coverage(messages)))
    read = merge_batches(readings)
    new = archive.add(read)
    sent_at = read.messages["sent_at"]
    days = _days(archive.read_intervals, sent_at, timezone or "UTC")
    return ImportReport(
        new=new,
        duplicates=taken - new,
        service=tally.service,
        unsupported=tally.unsupported,
        ambiguous_times=tally.ambiguous,
        shifted_times=tally.shifted,
        bytes_read=sum(sizes),
        first_message=sent_at.iloc[0],
        last_message=sent_at.iloc[-1],
        covered=days[0],
        partly_covered=days[1],
        not_covered=days[2],
        timezone=timezone or "UTC",
    )


def _read(
    path: Path, timezone: str | None, chat_id: int | None, tally: Tally, pseudonyms: Pseudonyms, progress: Progress
) -> pd.DataFrame:
    """All messages of a file, with pseudonyms, ``message_id`` still NA where the file has none."""
    known: dict[object, str | None] = {}
    batches = []
    for batch in read_batches(path, timezone=timezone, chat_id=chat_id, tally=tally, progress=progress):
        codes, found = pd.factorize(batch["sender"])
        for sender in found:
            if sender not in known:
                known[sender] = pseudonyms.of(sender)
        names = pd.Series([*(known[sender] for sender in found), None], dtype="str")
        batch["sender"] = names.take(codes).array  # the code of an unknown sender is -1: the last
        batches.append(batch)
    if not sum(map(len, batches)):
        raise RefusedFileError(
            path, "it holds no message with a date: only service entries, or nothing. Is it the right chat?"
        )
    return pd.concat(batches, ignore_index=True)


def _check_times(path: Path, sent_at: pd.Series, today: date | None) -> None:
    first, last = sent_at.min(), sent_at.max()
    if first < EARLIEST:
        raise RefusedFileError(path, f"it holds a message of {first:%Y-%m-%d}, before any chat. Correct its time.")
    if today and last >= pd.Timestamp(today, tz="UTC") + pd.Timedelta(days=2):
        raise RefusedFileError(
            path, f"it holds a message of {last:%Y-%m-%d}, in the future. Correct its time, or this computer's clock."
        )


def _coverage(messages: pd.DataFrame) -> ReadIntervals:
    """From the file's first message to its last: before and after them nothing is known."""
    return ReadIntervals.of((messages["sent_at"].min(), messages["sent_at"].max()))


def _days(coverage: ReadIntervals, sent_at: pd.Series, timezone: str) -> tuple[tuple[DayRange, ...], ...]:
    """Find the days covered, covered in part, and not covered, from the first one known to the last."""
    bounds = [instant for interval in coverage.intervals for instant in interval] + [sent_at.iloc[0], sent_at.iloc[-1]]
    kinds: tuple[list[DayRange], ...] = ([], [], [])
    first, last = (LocalDay.containing(instant, timezone) for instant in (min(bounds), max(bounds)))
    for day in first.until(last):
        ranges = kinds[0 if coverage.covers(day.start, day.end) else 2 if coverage.clip(day.start, day.end).is_empty else 1]
        if ranges and ranges[-1][1].plus(1) == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return tuple(tuple(ranges) for ranges in kinds)


def _shown(instant: pd.Timestamp, timezone: str) -> str:
    return f"{instant.tz_convert(timezone):%Y-%m-%d %H:%M}"


def _listed(ranges: tuple[DayRange, ...]) -> str:
    days = sum((last.date - first.date).days + 1 for first, last in ranges)
    shown = ", ".join(first.key if first == last else f"{first.key} to {last.key}" for first, last in ranges[:5])
    return f"{days} ({shown}{', …' if len(ranges) > 5 else ''})" if ranges else "none"

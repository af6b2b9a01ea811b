"""Importing message files into a chat's archive.

Belongs here: reading all files, giving every message a pseudonym and an id, and what of its file was really read.
Does not belong here: file formats (:mod:`chat_forecast.sources.exports`), which files may join (:mod:`.admission`), how the
archive is stored (:mod:`chat_forecast.storage.archive`), and the words of the report (:mod:`.import_report`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypedDict
from zoneinfo import available_timezones

import pandas as pd

from chat_forecast.app.admission import expect_same_chat, expect_same_messages, settle_ids
from chat_forecast.app.import_report import ImportReport, report_of
from chat_forecast.domain.deduplication import identify
from chat_forecast.domain.id_spaces import MIGRATION_SECONDS, HeldChat, have_one_id, without_account_ids
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.unread_silences import find_unread_silences
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.exports.base import FileChat, Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.detect import read_file, resolve
from chat_forecast.sources.exports.partial import why_partial
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents, NewImport

EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
"""Older than any chat that there is: an earlier time is a fault of the file."""
HIGHEST_SHARE_IMPOSSIBLE = 0.01
"""A file with more messages of impossible times than that, rounded up, is refused: its times are read wrongly."""
FEWEST_FOR_A_SHARE = 20
"""In a file of fewer messages, no time may be impossible."""
SHOWN_TIMES = 3


@dataclass(frozen=True)
class ImportOptions:
    """What a person says about the files of one import."""

    file_timezone: str | None = None
    """The zone of times that do not tell theirs; the chat's by default."""
    chat_id: int | None = None
    """Which chat to take from an export of several."""
    is_partial_accepted: bool = False
    """Whether a file that holds only a part of its chat is taken."""
    is_same_chat: bool = False
    """Whether a file of another chat id holds the same chat."""
    is_silence_trusted: bool = False
    """Whether silences across which ids jump were really silent."""
    missing: ReadIntervals = field(default_factory=ReadIntervals)
    """Where messages are missing, whatever the files show."""


Change = Callable[[ArchiveContents, ArchiveContents], object]
"""Called with what an archive holds before and after a change."""


def no_change(_before: ArchiveContents, _after: ArchiveContents) -> None:
    """Nothing depends on the archive yet."""


class FileFigures(TypedDict):
    """What the report says of the files as a whole."""

    taken: int
    first_message: pd.Timestamp
    last_message: pd.Timestamp


@dataclass(frozen=True)
class _Reading:
    """One chat of one file, as read: ids as written, senders as pseudonyms."""

    path: Path
    found: FileChat
    messages: pd.DataFrame


def import_files(
    archive: Archive,
    files: Sequence[Path],
    *,
    timezone: str | None,
    pseudonyms: Pseudonyms,
    options: ImportOptions | None = None,
    live: Sequence[HeldChat] = (),
    now: datetime | None = None,
    before_writing: Change = no_change,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Add the messages of all the files to the archive, or of none if one of them is refused.

    Order and repetition of files do not matter, and what is in the archive already is not added again.

    Args:
        archive: where to add them.
        files: Telegram Desktop exports (or their folders), CSV or Parquet files.
        timezone: the chat's zone: that of the days in the report (UTC if None).
        pseudonyms: what replaces the senders.
        options: what a person says about the files.
        live: the chat that is also read live from Telegram, and the group that it once was.
        now: the present instant; if given, a message from after tomorrow has an impossible time.
        before_writing: called with what the archive holds and will hold, before it does.
        progress: called with the bytes read so far and the bytes of all files.

    Raises:
        RefusedFileError: a file cannot be read as one of messages, holds another chat, or only a part. Nothing was changed.
        SourceError: there is no such time zone.
        StoredFileError: the archive is damaged.
    """
    chosen = options or ImportOptions()
    _expect_zones(timezone, chosen.file_timezone)
    paths = [resolve(path) for path in files]
    sizes = [path.stat().st_size for path in paths]
    tally, readings = Tally(), list[_Reading]()
    for number, path in enumerate(paths):

        def file_progress(done: int, before: int = sum(sizes[:number])) -> None:
            if progress:
                progress(before + done, sum(sizes))

        readings += _read(path, timezone, chosen, pseudonyms, now, tally, file_progress)
    figures = _figures(readings)

    def change(contents: ArchiveContents) -> ArchiveContents:
        joined = _joined(contents, readings, archive.chat, chosen, live, now)
        before_writing(contents, joined)
        return joined

    earlier, later = archive.change(change)
    zones = {"timezone": timezone or "UTC", "file_timezone": chosen.file_timezone or timezone or "UTC"}
    return report_of(earlier, later, tally=tally, bytes_read=sum(sizes), **figures, **zones)


def _expect_zones(*zones: str | None) -> None:
    for zone in filter(None, zones):
        if zone not in available_timezones():
            raise SourceError(f"there is no time zone {zone}. Expected an IANA name such as Europe/Moscow.")


def _figures(readings: Sequence[_Reading]) -> FileFigures:
    """What the report says of the files."""
    return {
        "taken": sum(len(reading.messages) for reading in readings),
        "first_message": min(reading.messages["sent_at"].min() for reading in readings),
        "last_message": max(reading.messages["sent_at"].max() for reading in readings),
    }


def _read(
    path: Path,
    timezone: str | None,
    options: ImportOptions,
    pseudonyms: Pseudonyms,
    now: datetime | None,
    tally: Tally,
    progress: Progress,
) -> list[_Reading]:
    """The chat of a file, perhaps in two halves, as far as it has messages."""
    readings = []
    zone = options.file_timezone or timezone
    try:
        for found in read_file(path, timezone=zone, chat_id=options.chat_id, tally=tally, progress=progress):
            read = _with_pseudonyms(found, pseudonyms)
            if not read.empty:
                messages = _without_impossible_times(path, read, now, tally)
                readings.append(_Reading(path, found, messages))
    except OSError as error:
        raise RefusedFileError(path, f"it cannot be read: {error.strerror or error}.") from error
    if not readings:
        raise RefusedFileError(
            path, "it holds no message with a date: only service entries, or nothing. Is it the right chat?"
        )
    for reading in readings if not options.is_partial_accepted else ():
        owner = pseudonyms.of(reading.found.exporter)
        if why := why_partial(reading.found, reading.messages, owner):
            raise RefusedFileError(path, why)
    return readings


def _with_pseudonyms(found: FileChat, pseudonyms: Pseudonyms) -> pd.DataFrame:
    """All messages of a chat, with pseudonyms, ``message_id`` still NA where the file has none."""
    known: dict[object, str | None] = {}
    batches = []
    for batch in found.batches:
        codes, senders = pd.factorize(batch["sender"])
        for sender in senders:
            if sender not in known:
                known[sender] = pseudonyms.of(sender)
        names = pd.Series([*(known[sender] for sender in senders), None], dtype="str")
        batch["sender"] = names.take(codes).array  # the code of an unknown sender is -1: the last
        batches.append(batch)
    return pd.concat(batches, ignore_index=True) if batches else pd.DataFrame()


def _without_impossible_times(path: Path, messages: pd.DataFrame, now: datetime | None, tally: Tally) -> pd.DataFrame:
    """The messages whose times can be right; the tally counts the others.

    Raises:
        RefusedFileError: there are more than a few others.
    """
    sent_at = messages["sent_at"]
    is_possible = sent_at >= EARLIEST
    if now:
        is_possible &= sent_at < pd.Timestamp(now).tz_convert("UTC").normalize() + pd.Timedelta(days=2)
    count = int((~is_possible).sum())
    if not count:
        return messages
    wrong = sent_at[~is_possible].dropna()
    tally.impossible += count
    tally.impossible_shown += [f"{instant:%Y-%m-%d %H:%M}" for instant in wrong.head(SHOWN_TIMES)]
    allowed = math.ceil(HIGHEST_SHARE_IMPOSSIBLE * len(messages)) if len(messages) >= FEWEST_FOR_A_SHARE else 0
    if count > allowed:
        what = "in the future" if len(wrong) and wrong.iloc[0] >= EARLIEST else "before any chat, or no time at all"
        raise RefusedFileError(
            path,
            f"{count} of its {len(messages)} messages have a time that cannot be right ({tally.impossible_shown[0]}: "
            f"{what}). Correct the times, or this computer's clock.",
        )
    return messages[is_possible].reset_index(drop=True)


def _joined(
    contents: ArchiveContents,
    readings: list[_Reading],
    slug: str,
    options: ImportOptions,
    live: Sequence[HeldChat],
    now: datetime | None,
) -> ArchiveContents:
    """The archive with the chats of some files, if they may join it."""
    own_live = next((chat for chat in live if not chat.has_account_ids), None)
    own, known = contents.ledger.own_chat or own_live, [*live, *contents.ledger.chats]
    archived, imports = [contents.messages], list[NewImport]()
    while readings:
        reading = readings.pop(0)  # and its memory with it
        last = reading.messages["sent_at"].max()
        chat = replace(reading.found.chat, last_message=last.to_pydatetime())
        expect_same_chat(reading.path, chat, known, slug, is_same=options.is_same_chat)
        if own is None and chat.chat_id is not None and not chat.has_account_ids:
            own = chat
        settled = settle_ids(reading.messages, chat, has_own_ids=own is None or have_one_id(chat, own))
        settled = expect_same_messages(reading.path, settled, archived, is_same_chat=options.is_same_chat)
        file, unread = f"{reading.path.parent.name}/{reading.path.name}", _unread(reading, chat)
        del reading
        messages = identify(settled)
        del settled
        imports.append(NewImport(MessageBatch(messages, _span(messages, chat)), unread, chat, file))
        known += [chat] if chat.chat_id is not None else []
        archived.append(messages)
    joined = contents.with_imports(imports, now)
    if own is not None:
        joined = joined.with_ledger(lambda ledger: replace(ledger, own_chat=own.without_names))
    silences = ReadIntervals.joined(each.unread for each in imports)
    if options.is_silence_trusted and not silences.is_empty:
        joined = joined.with_ledger(lambda ledger: ledger.trusting(silences))
    if not options.missing.is_empty:
        joined = joined.with_ledger(lambda ledger: ledger.missing_in(options.missing))
    return joined if joined.ledger != contents.ledger else contents


def _span(messages: pd.DataFrame, chat: HeldChat) -> ReadIntervals:
    """From a file's first message to its last: before and after them nothing is known.

    A group ends where it became a supergroup, which begins there.
    """
    first, last = messages["sent_at"].min(), messages["sent_at"].max()
    around = pd.Timedelta(seconds=MIGRATION_SECONDS)
    if chat.was_group is not None:
        first = min(first, pd.Timestamp(chat.was_group) - around)
    if chat.became_supergroup is not None:
        last = max(last, pd.Timestamp(chat.became_supergroup) + around)
    return ReadIntervals.of((first, last))


def _unread(reading: _Reading, chat: HeldChat) -> ReadIntervals:
    """The silences of a file across which the chat's own ids jump."""
    if chat.has_account_ids:
        return ReadIntervals()
    others = reading.found.others
    return find_unread_silences(without_account_ids(reading.messages, chat), without_account_ids(others, chat))

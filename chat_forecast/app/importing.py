"""Importing message files into a chat's archive.

Belongs here: giving every message its id, and what of its file was really read.
Does not belong here: reading files (:mod:`.reading_files`), which of them may join (:mod:`.admission`), how the archive is
stored (:mod:`chat_forecast.storage.archive`), and the words of the report (:mod:`.import_report`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypedDict
from zoneinfo import available_timezones

import pandas as pd

from chat_forecast.app.admission import expect_known_chat, expect_same_chat, expect_same_messages, settle_ids
from chat_forecast.app.import_report import ImportReport, report_of
from chat_forecast.app.reading_files import ImportOptions, Reading, read_chats
from chat_forecast.domain.arrays import bounds
from chat_forecast.domain.deduplication import identify
from chat_forecast.domain.id_spaces import MIGRATION_SECONDS, HeldChat, have_one_id, without_account_ids
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.unread_silences import find_unread_silences
from chat_forecast.large_columns import large_columns_in
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.exports.base import FileChat, Progress, Tally
from chat_forecast.sources.exports.detect import resolve
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents, NewImport
from chat_forecast.storage.replacing import Holding

Change = Callable[[ArchiveContents, ArchiveContents], object]
"""Called with what an archive holds before and after a change."""


def no_change(_before: ArchiveContents, _after: ArchiveContents) -> None:
    """Nothing depends on the archive yet."""


class FileFigures(TypedDict):
    """What the report says of the files as a whole."""

    taken: int
    first_message: pd.Timestamp
    last_message: pd.Timestamp


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
        files: exports of any program that is read (or their folders), CSV or Parquet files.
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
        NoRoomAsideError: of a large file there is no room for its columns beside the archive. Nothing was changed.
    """
    chosen = options or ImportOptions()
    _expect_zones(timezone, chosen.file_timezone)
    paths, tally, readings = [resolve(path) for path in files], Tally(), list[Reading]()
    sizes = [path.stat().st_size for path in paths]

    def change(contents: ArchiveContents) -> ArchiveContents:
        joined = _joined(contents, readings, archive.chat, chosen, live, now, timezone or "UTC")
        before_writing(contents, joined)
        return joined

    with large_columns_in(archive.folder_aside):
        for path, done in zip(paths, _shares(progress, sizes), strict=True):
            readings += read_chats(path, timezone, chosen, pseudonyms, now, tally, done, paths)
        figures = _figures(readings)
        earlier, later = archive.change(change)
    zones = {"timezone": timezone or "UTC", "file_timezone": chosen.file_timezone or timezone or "UTC"}
    return report_of(earlier, later, tally=tally, bytes_read=sum(sizes), **figures, **zones)


def _shares(progress: Callable[[int, int], None] | None, sizes: Sequence[int]) -> list[Progress]:
    """For each file what to call with the bytes that were read of it."""
    return [partial(_progress, progress, sum(sizes[:place]), size, sum(sizes)) for place, size in enumerate(sizes)]


def _progress(progress: Callable[[int, int], None] | None, before: int, size: int, total: int, done: int) -> None:
    if progress:
        progress(before + min(done, size), total)  # what is unpacked is more than the file


def _expect_zones(*zones: str | None) -> None:
    for zone in filter(None, zones):
        if zone not in available_timezones():
            raise SourceError(f"there is no time zone {zone}. Expected an IANA name such as Europe/Moscow.")


def _figures(readings: Sequence[Reading]) -> FileFigures:
    """What the report says of the files."""
    return {
        "taken": sum(len(reading.messages) for reading in readings),
        "first_message": min(bounds(reading.messages["sent_at"])[0] for reading in readings),
        "last_message": max(bounds(reading.messages["sent_at"])[1] for reading in readings),
    }


def _joined(
    contents: ArchiveContents,
    readings: list[Reading],
    slug: str,
    options: ImportOptions,
    live: Sequence[HeldChat],
    now: datetime | None,
    zone: str,
) -> ArchiveContents:
    """The archive with the chats of some files, if they may join it; ``zone``: whose hours are whole."""
    own_live = next((chat for chat in live if not chat.has_account_ids), None)
    own, known = contents.ledger.own_chat or own_live, [*live, *contents.ledger.chats]
    held, archived, imports = contents.ledger.held_chats, [contents.messages], list[NewImport]()
    while readings:
        reading = readings.pop(0)  # and its memory with it
        _, last = bounds(reading.messages["sent_at"])
        chat = replace(reading.found.chat, last_message=last.to_pydatetime())
        same = {"is_same": options.is_same_chat}
        expect_known_chat(reading.path, chat, reading.messages, [*held, *known], archived, slug, **same)
        expect_same_chat(reading.path, chat, known, slug, **same)
        if own is None and chat.chat_id is not None and not chat.has_account_ids:
            own = chat
        settled = settle_ids(reading.messages, chat, has_own_ids=own is None or have_one_id(chat, own))
        settled = expect_same_messages(reading.path, settled, archived, is_same_chat=options.is_same_chat)
        file, unread, found = _file_name(reading), _unread(reading, chat), reading.found
        del reading
        messages = identify(settled)
        del settled
        batch = MessageBatch(messages, _span(messages, chat, found))
        imports.append(NewImport(batch, unread, chat, file, _holding(messages, zone) if found.is_replacing else Holding()))
        known += [chat] if chat.chat_id is not None else []
        held.append(chat)
        archived.append(messages)
    joined = contents.with_imports(imports, now)
    if own is not None:
        joined = joined.with_ledger(lambda ledger: replace(ledger, own_chat=own.without_names))
    silences = ReadIntervals.joined(each.unread for each in imports)
    if options.is_silence_trusted and not silences.is_empty:
        joined = joined.with_ledger(lambda ledger: ledger.trusting(silences))
    if not options.missing.is_empty:
        joined = joined.with_ledger(lambda ledger: ledger.missing_in(options.missing))
    is_same = joined.ledger == contents.ledger and joined.messages is contents.messages
    return contents if is_same else joined


def _file_name(reading: Reading) -> str:
    """The file's name with its folder's; without the title of a chat that may be a person."""
    chat, name = reading.found.chat, f"{reading.path.parent.name}/{reading.path.name}"
    is_named = chat.program is not None and chat.title and chat.without_names.title is None
    return name.replace(chat.title, "…") if is_named and chat.title else name


def _holding(messages: pd.DataFrame, timezone: str) -> Holding:
    """What an export stands instead of: all from the minute of its first message to that of its last one.

    Of minutes, since some phones write no seconds.
    """
    first, last = bounds(messages["sent_at"])
    first = first.floor("min")
    local = first.tz_convert(timezone).tz_localize(None).ceil("h")
    whole_from = local.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")
    return Holding.of(first, last.floor("min") + pd.Timedelta(minutes=1), whole_from)


def _span(messages: pd.DataFrame, chat: HeldChat, found: FileChat) -> ReadIntervals:
    """From a file's first message to its last: before and after them nothing is known, unless the file says so.

    A group ends where it became a supergroup, which begins there.
    """
    first, last = bounds(messages["sent_at"])
    if found.until is not None:
        last = max(last, found.until)
    if found.since is not None:
        first = found.since
    around = pd.Timedelta(seconds=MIGRATION_SECONDS)
    if chat.was_group is not None:
        first = min(first, pd.Timestamp(chat.was_group) - around)
    if chat.became_supergroup is not None:
        last = max(last, pd.Timestamp(chat.became_supergroup) + around)
    return ReadIntervals.of((first, last))


def _unread(reading: Reading, chat: HeldChat) -> ReadIntervals:
    """The silences of a file across which the chat's own ids jump; in a part of a chat they jump everywhere."""
    if not chat.has_counting_ids or reading.is_partial:
        return ReadIntervals()
    others = reading.found.others
    return find_unread_silences(without_account_ids(reading.messages, chat), without_account_ids(others, chat))

"""Importing message files into a chat's archive.

Belongs here: the steps of an import. All files are read, each is admitted, and the archive is changed once.
Does not belong here: reading files (:mod:`.reading_files`), admitting one (:mod:`.new_imports`), how the archive is stored
(:mod:`chat_forecast.storage.archive`), and the words of the report (:mod:`.import_report`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypedDict
from zoneinfo import available_timezones

import pandas as pd

from chat_forecast.app.import_report import ImportReport, report_of
from chat_forecast.app.new_imports import Admission
from chat_forecast.app.reading_files import ImportOptions, Reading, read_chats
from chat_forecast.domain.arrays import bounds
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.large_columns import large_columns_in
from chat_forecast.sources.base import SourceError
from chat_forecast.sources.exports.base import Progress, Tally
from chat_forecast.sources.exports.detect import resolve
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents, NewImport
from chat_forecast.storage.archive_ledger import Ledger

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
    """For each file, a callback that takes the bytes read of it, and reports those of all files."""
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
    """The archive with the chats of some files, if all may join it; ``zone``: whose hours are whole."""
    admission, imports = Admission.to(contents, slug, options, live), list[NewImport]()
    while readings:
        imports.append(admission.take_next(readings, zone))
    silences = ReadIntervals.joined(each.unread for each in imports)
    joined = contents.with_imports(imports, now)
    joined = joined.with_ledger(lambda ledger: _as_told(ledger, admission.own, silences, options))
    is_same = joined.ledger == contents.ledger and joined.messages is contents.messages
    return contents if is_same else joined


def _as_told(ledger: Ledger, own: HeldChat | None, silences: ReadIntervals, options: ImportOptions) -> Ledger:
    """The ledger with the chat whose ids are kept, and with what a person says about silences and missing messages."""
    if own is not None:
        ledger = replace(ledger, own_chat=own.without_names)
    if options.is_silence_trusted and not silences.is_empty:
        ledger = ledger.trusting(silences)
    if not options.missing.is_empty:
        ledger = ledger.missing_in(options.missing)
    return ledger

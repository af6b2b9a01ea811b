"""Retention: of messages older than a chat's ``retention_days``, only what is counted is kept.

Belongs here: going through a chat's stored messages. The process may be killed at any moment: each file is the whole old one
or the whole new one, and the next call goes on from there.
Does not belong here: what stays of a day (:mod:`chat_forecast.domain.placeholder_messages`).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch, empty_messages
from chat_forecast.domain.placeholder_messages import are_placeholders, to_placeholders
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents
from chat_forecast.storage.atomic_files import join_url, list_names, read_file, write_file
from chat_forecast.storage.partition_files import MESSAGE_ASSETS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError

PROGRESS_FILE = "thinned.json"
"""Which days are done, so that each night looks at the new ones only. It may be deleted at any time."""
Progress = dict[str, list[str | None]]
"""Folder and day -> the versions of its files when no message of it had to stay any more."""
RETIRED = "retired-"
"""The names of folders with partitions of an earlier time zone begin with this."""


def forget_old_messages(storage: ChatStorage, first_kept: LocalDay) -> list[str]:
    """Keep only what is counted of each day before ``first_kept``; returns what is wrong with files that cannot be read.

    A day keeps all of its messages as long as some of them, read or imported, are not counted yet. The caller holds the
    chat's lock, or nobody else writes.
    """
    faults: list[str] = []
    folder = join_url(storage.root, storage.chat)
    retired = [name for name in list_names(folder) if name.startswith(RETIRED)]
    progress, archive = _load_progress(folder), Archive(storage.root, storage.chat, storage.locks)
    for name in retired:
        _go_through(replace(storage, root=folder, chat=name), None, first_kept, progress, faults)
    try:
        settled = _go_through(storage, archive, first_kept, progress, faults)
        _thin_archive(archive, settled)
    except StoredFileError as error:
        faults.append(str(error))
    with suppress(StoredFileError, OSError):
        write_file(join_url(folder, PROGRESS_FILE), json.dumps(progress).encode())
    return faults


def _go_through(
    storage: ChatStorage, archive: Archive | None, first_kept: LocalDay, progress: Progress, faults: list[str]
) -> list[LocalDay]:
    """Go through the old days; returns those of which no message has to stay, here or in the archive."""
    old = [day for day in storage.days("merged_history") if day < first_kept]
    settled = {day for day in old if progress.get(_key(storage, day)) == _versions(storage, day)}
    new = [day for day in old if day not in settled]
    for day, imported in zip(new, _imported(archive, new), strict=True):
        try:
            if _thin(storage, day, imported, faults):
                settled.add(day)
                progress[_key(storage, day)] = _versions(storage, day)
        except StoredFileError as error:
            faults.append(str(error))
    return sorted(settled)


def _imported(archive: Archive | None, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
    """What an archive has of each day."""
    if archive is None or not archive.is_there:
        return iter([MessageBatch()] * len(days))
    return archive.read_windows((day.start, day.end) for day in days)


def _thin(storage: ChatStorage, day: LocalDay, imported: MessageBatch, faults: list[str]) -> bool:
    """Leave of a day what is counted; returns whether it was done, which it is not while something waits to be merged."""
    history = storage.messages("merged_history", day)
    try:
        raw = storage.messages("raw_messages", day)
    except StoredFileError as error:
        faults.append(str(error))
        raw = MessageBatch()
    if not are_placeholders(history.messages):
        if len(merge_batches([history, raw, imported]).messages) > len(history.messages):
            return False
        if not history.messages.empty:
            left = to_placeholders(history.messages, day)
            storage.write("merged_history", day, MessageBatch(left, history.read_intervals))
    if not raw.messages.empty:
        storage.write("raw_messages", day, MessageBatch(empty_messages(), raw.read_intervals))
    return True


def _thin_archive(archive: Archive, settled: Sequence[LocalDay]) -> None:
    """Take the messages of some days out of the archive."""

    def without_old(contents: ArchiveContents) -> ArchiveContents:
        sent_at = contents.messages["sent_at"]
        bounds = [sent_at.searchsorted([pd.Timestamp(day.start), pd.Timestamp(day.end)]) for day in settled]
        is_kept = np.ones(len(sent_at), dtype=bool)
        for low, high in bounds:
            is_kept[low:high] = False
        if is_kept.all():
            return contents
        messages = contents.messages[is_kept].reset_index(drop=True)
        return replace(contents, messages=messages, set_codes=np.asarray(contents.set_codes[is_kept]))

    first = archive.first_message
    if settled and first is not None and first < settled[-1].end:
        archive.change(without_old)


def _key(storage: ChatStorage, day: LocalDay) -> str:
    return f"{storage.chat}/{day.key}"


def _versions(storage: ChatStorage, day: LocalDay) -> list[str | None]:
    return [storage.version(asset, day) for asset in MESSAGE_ASSETS]


def _load_progress(folder: str) -> Progress:
    try:
        found = json.loads(read_file(join_url(folder, PROGRESS_FILE)) or b"{}")
        return found if isinstance(found, dict) else {}
    except (StoredFileError, OSError, ValueError, RecursionError):
        return {}

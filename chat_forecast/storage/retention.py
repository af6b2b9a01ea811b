"""Old messages: of those older than a chat's ``retention_days`` only what is counted stays.

Belongs here: going through a chat's stored messages. It may be killed at any moment: each file is whole, the old one or the
new one, and the next time goes on.
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

MEMORY_FILE = "thinned.json"
"""Which files were gone through, so that each night looks at the new ones alone. It may be deleted at any time."""
Memory = dict[str, list[str | None]]
"""Folder and day -> the versions of its files when nothing of it had to stay any more."""
RETIRED = "retired-"
"""What the folders of partitions of an earlier time zone begin with."""


def forget_old_messages(storage: ChatStorage, first_kept: LocalDay) -> list[str]:
    """Leave of each day before ``first_kept`` only what is counted; returns what is wrong with files that cannot be read.

    A day of which something was read or imported and is not counted yet keeps all of its messages until it is. The chat's
    lock is held by the caller, or nobody else writes.
    """
    faults: list[str] = []
    folder = join_url(storage.root, storage.chat)
    retired = [name for name in list_names(folder) if name.startswith(RETIRED)]
    memory, archive = _memory(folder), Archive(storage.root, storage.chat, storage.locks)
    for name in retired:
        _go_through(replace(storage, root=folder, chat=name), None, first_kept, memory, faults)
    try:
        settled = _go_through(storage, archive, first_kept, memory, faults)
        _thin_archive(archive, settled)
    except StoredFileError as error:
        faults.append(str(error))
    with suppress(StoredFileError, OSError):
        write_file(join_url(folder, MEMORY_FILE), json.dumps(memory).encode())
    return faults


def _go_through(
    storage: ChatStorage, archive: Archive | None, first_kept: LocalDay, memory: Memory, faults: list[str]
) -> list[LocalDay]:
    """Go through the old days; returns those of which no message has to stay anywhere."""
    old = [day for day in storage.days("merged_history") if day < first_kept]
    settled = {day for day in old if memory.get(_place(storage, day)) == _marks(storage, day)}
    new = [day for day in old if day not in settled]
    for day, imported in zip(new, _imported(archive, new), strict=True):
        try:
            if _thin(storage, day, imported, faults):
                settled.add(day)
                memory[_place(storage, day)] = _marks(storage, day)
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


def _place(storage: ChatStorage, day: LocalDay) -> str:
    return f"{storage.chat}/{day.key}"


def _marks(storage: ChatStorage, day: LocalDay) -> list[str | None]:
    return [storage.version(asset, day) for asset in MESSAGE_ASSETS]


def _memory(folder: str) -> Memory:
    try:
        found = json.loads(read_file(join_url(folder, MEMORY_FILE)) or b"{}")
        return found if isinstance(found, dict) else {}
    except (StoredFileError, OSError, ValueError, RecursionError):
        return {}

"""Old messages: of those older than a chat's ``retention_days`` only what is counted stays.

Belongs here: going through a chat's stored messages. It may be killed at any moment: each file is whole, the old one or the
new one, and the next time goes on.
Does not belong here: what stays of a day (:mod:`chat_forecast.domain.thinned`).
"""

import json
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch, empty_messages
from chat_forecast.domain.thinned import is_thinned, thinned
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents
from chat_forecast.storage.atomic_files import join_url, list_names, read_file, write_file
from chat_forecast.storage.partition_files import MESSAGE_ASSETS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError

MEMORY_FILE = "thinned.json"
"""Which files were gone through, so that each night looks at the new ones alone. It may be deleted at any time."""
RETIRED = "retired-"
"""What the folders of partitions of an earlier time zone begin with."""


def forget_old_messages(storage: ChatStorage, first_kept: LocalDay) -> list[str]:
    """Leave of each day before ``first_kept`` only what is counted; returns what is wrong with files that cannot be read.

    The chat's lock is held by the caller, or nobody else writes.
    """
    faults = []
    folder = join_url(storage.root, storage.chat)
    retired = [name for name in list_names(folder) if name.startswith(RETIRED)]
    memory = _memory(folder)
    for each in [storage, *(replace(storage, root=folder, chat=name) for name in retired)]:
        for asset in MESSAGE_ASSETS:
            for day in each.days(asset):
                place = f"{each.chat}/{asset}/{day.key}"
                if day >= first_kept or memory.get(place) == each.version(asset, day):
                    continue
                try:
                    _thin(each, asset, day)
                except StoredFileError as error:
                    faults.append(str(error))
                    continue
                memory[place] = each.version(asset, day)
    with suppress(StoredFileError, OSError):
        write_file(join_url(folder, MEMORY_FILE), json.dumps(memory).encode())
    try:
        _thin_archive(Archive(storage.root, storage.chat, storage.locks), first_kept)
    except StoredFileError as error:
        faults.append(str(error))
    return faults


def _thin(storage: ChatStorage, asset: str, day: LocalDay) -> None:
    batch = storage.messages(asset, day)
    if batch.messages.empty or is_thinned(batch.messages):
        return
    left = thinned(batch.messages, day) if asset == "merged_history" else empty_messages()
    storage.write(asset, day, MessageBatch(left, batch.read_intervals))


def _thin_archive(archive: Archive, first_kept: LocalDay) -> None:
    start = pd.Timestamp(first_kept.start)

    def without_old(contents: ArchiveContents) -> ArchiveContents:
        is_kept = (contents.messages["sent_at"] >= start).to_numpy(dtype=bool)
        if is_kept.all():
            return contents
        messages = contents.messages[is_kept].reset_index(drop=True)
        return replace(contents, messages=messages, sets=np.asarray(contents.sets[is_kept]))

    first = archive.first_message
    if first is not None and first < start:
        archive.change(without_old)


def _memory(folder: str) -> dict[str, str | None]:
    try:
        found = json.loads(read_file(join_url(folder, MEMORY_FILE)) or b"{}")
        return found if isinstance(found, dict) else {}
    except (StoredFileError, OSError, ValueError, RecursionError):
        return {}

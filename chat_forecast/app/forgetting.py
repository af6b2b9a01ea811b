"""Forgetting a member: no stored file of a chat names them any more, and the counts stay.

Belongs here: going through everything that is stored of a chat's messages.
Does not belong here: what becomes of a message (:mod:`chat_forecast.storage.forgotten`).
"""

import re
from dataclasses import dataclass, replace

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.sources.pseudonyms import PSEUDONYM_BYTES, Pseudonyms
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.atomic_files import join_url, list_names
from chat_forecast.storage.forgotten import forget, without_forgotten
from chat_forecast.storage.partition_files import MESSAGE_ASSETS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.retention import RETIRED
from chat_forecast.storage.schemas import StoredFileError

PSEUDONYM = re.compile(rf"[0-9a-f]{{{2 * PSEUDONYM_BYTES}}}")


@dataclass(frozen=True)
class Forgotten:
    """What forgetting a member changed."""

    messages: int
    """How many stored messages named them, each counted once."""
    files: int
    """Files that were rewritten."""
    faults: tuple[str, ...]
    """Files that could not be gone through, with what to do."""


def pseudonym_of(sender: str, pseudonyms: Pseudonyms) -> str | None:
    """The pseudonym that somebody means, by itself or by the name or id that it is made from; None for an empty text."""
    wanted = sender.strip()
    return wanted if PSEUDONYM.fullmatch(wanted) else pseudonyms.of(wanted)


def forget_sender(storage: ChatStorage, pseudonym: str) -> Forgotten:
    """Let no stored message of a chat name a member; those that are stored later name them neither, in any chat.

    The list is written first: interrupted at any moment, the same call finishes it. A file that cannot be read is named and
    keeps no other one from being gone through.
    """
    forget(storage.root, pseudonym)
    found: set[int] = set()
    files = 0
    faults: list[str] = []
    for each in _all_partitions(storage):
        with storage.lock():
            for asset, day in ((name, day) for name in MESSAGE_ASSETS for day in each.days(name)):
                try:
                    named = _forget_on_day(each, storage.root, asset, day, pseudonym)
                except StoredFileError as error:
                    faults.append(str(error))
                    continue
                found, files = found | named, files + bool(named)
    try:
        named = _forget_in_archive(Archive(storage.root, storage.chat, storage.locks), pseudonym)
    except StoredFileError as error:
        faults.append(str(error))
    else:
        found, files = found | named, files + bool(named)
    return Forgotten(len(found), files, tuple(faults))


def _all_partitions(storage: ChatStorage) -> list[ChatStorage]:
    """The chat's partitions, and those of its earlier time zones."""
    folder = join_url(storage.root, storage.chat)
    retired = [name for name in list_names(folder) if name.startswith(RETIRED)]
    return [storage, *(ChatStorage(folder, name, storage.timezone, storage.locks) for name in retired)]


def _forget_on_day(storage: ChatStorage, root: str, asset: str, day: LocalDay, pseudonym: str) -> set[int]:
    """Store a day's messages again, if one of them names a member; returns the ids of those that did."""
    batch = storage.messages(asset, day)
    named = _naming(batch.messages, pseudonym)
    if named:
        storage.write(asset, day, MessageBatch(without_forgotten(root, batch.messages), batch.read_intervals))
    return named


def _forget_in_archive(archive: Archive, pseudonym: str) -> set[int]:
    named = _naming(archive.read().messages, pseudonym)
    if named:  # the archive looks at the list before it stores anything
        archive.change(lambda contents: replace(contents, messages=contents.messages.copy()))
    return named


def _naming(messages: pd.DataFrame, pseudonym: str) -> set[int]:
    return set(messages.loc[messages["sender"] == pseudonym, "message_id"])

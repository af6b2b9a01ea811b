"""How a chat is doing, remembered beside its files until one of them changes.

Belongs here: telling whether what was found the last time still holds, and keeping it.
Does not belong here: finding it out (:mod:`.health`).

Years of hundreds of chats are a million files, and looking at each takes longer than a person waits. A file is replaced and
never changed in place, which changes the time of its folder: the folders and the newest days tell enough. For what else may
happen to an old file, all are looked at again after :data:`HOLDS`, and always while one of them is damaged; where each is as
it was, so is what was found.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import chain
from typing import Any

from chat_forecast.app import concerns
from chat_forecast.app.health import ChatHealth, examine, is_early, next_tick, put_aside_for, yesterday_of
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.side_process import forked_beside
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.partitions import ChatStorage, Storages
from chat_forecast.storage.remembered_files import MEMORY_FILE, Memory, Remembered, load_memory
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.second_looks import SecondLook, newest_names
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.owed import owed

FILE = "health.json"
VERSION = version("chat_forecast")
HOLDS = timedelta(hours=1)
CHATS_AT_ONCE, PARTS = 25, 8
"""Of more chats not all files are looked at each time that this is due, down to an eighth of them (:mod:`.second_looks`)."""
SETTLED = timedelta(minutes=1)
"""A chat whose files changed less than that ago is likely to change again."""
AHEAD = timedelta(minutes=10)
Mark = list[int]


@dataclass(frozen=True)
class _Found:
    """How a chat is doing."""

    at: datetime
    """When that was found, or found to hold still."""
    marks: dict[str, Mark]
    """What lay beside the days' files, and the newest of these (:func:`_marks`)."""
    files: dict[str, str]
    """Asset -> what of its folder changes when any file does (:attr:`.Listing.digest`)."""
    health: ChatHealth
    part: int = 0
    """Which part of the old files was looked at."""


@dataclass(frozen=True)
class Examiner:
    """Finds out how chats are doing, from memory where that holds."""

    storages: Storages
    sources: Sources
    tracking: Tracking
    put_aside: Mapping[str, str] = field(default_factory=dict)
    """The slugs of the chats whose settings cannot be used, and why, a line each."""
    parts: int = 1
    """Of the old files one part of so many is looked at."""

    def examine_all(self, chats: Iterable[Chat], now: datetime) -> list[ChatHealth]:
        """Find out how every chat is doing; one of which it cannot be found out has the reasons as its only concerns.

        Where there are many of which nothing is remembered, other processes look at them.
        """
        known = [(chat, self._recall(chat, now, HOLDS)) for chat in chats]
        looking = replace(self, parts=min(max(len(known) // CHATS_AT_ONCE, 1), PARTS))
        unknown = [(looking, chat, now) for chat, health in known if health is None]
        with forked_beside(len(unknown) if "://" not in self.storages.root else 0) as beside:
            looked = (health for _, health in beside.ahead(Examiner._look_anew, unknown, len(unknown)))
            found = [next(looked) if health is None else self._told(chat, health, now) for chat, health in known]
        return [*found, *(put_aside_for(*each) for each in self.put_aside.items())]

    def look(self, chat: Chat, now: datetime, holds: timedelta = HOLDS) -> ChatHealth:
        """Find out how a chat is doing, and remember it; what is remembered and younger than ``holds`` is told again."""
        health = self._recall(chat, now, holds)
        return self._look_anew(chat, now) if health is None else self._told(chat, health, now)

    def _look_anew(self, chat: Chat, now: datetime) -> ChatHealth:
        """Find out how a chat is doing, and remember it."""
        try:
            return self._told(chat, self._find_out(chat, now), now)
        except (ChatForecastError, OSError) as error:
            return put_aside_for(chat.slug, str(error), chat.source)

    def _told(self, chat: Chat, health: ChatHealth, now: datetime) -> ChatHealth:
        """What was found, with what changes without a change of the chat's files: a session ends, and nights pass."""
        setup = concerns.about_setup(chat, self.sources)
        tick = None if health.next_tick is None else next_tick(chat, now)
        return replace(health, concerns=[*setup, *health.concerns], next_tick=tick)

    def _recall(self, chat: Chat, now: datetime, holds: timedelta) -> ChatHealth | None:
        """What was found the last time, where that is younger than ``holds`` and nothing has changed since."""
        storage = self.storages.of(chat)
        found = _recalled(storage, self._holds_for(chat, now))
        is_young = found is not None and now - holds < found.at <= now
        return found.health if found and is_young and found.marks == _marks(storage, _today(chat, now)) else None

    def _find_out(self, chat: Chat, now: datetime) -> ChatHealth:
        """What was found the last time, where each file that is looked at is as it was; else it is found out anew."""
        storage, holds_for, today = self.storages.of(chat), self._holds_for(chat, now), _today(chat, now)
        marks = _marks(storage, today)  # before the files themselves are looked at
        memory = load_memory(storage) if self.parts > 1 else {}
        look = SecondLook.of(storage, memory, today, _next_part(storage, now), self.parts)
        found = _recalled(storage, holds_for)
        if found is not None and found.marks == marks and found.files == _digests(storage, memory, look):
            found = replace(found, at=now, part=look.part)
        else:
            stored = StoredChat.inspect(storage, yesterday_of(chat, now), look, memory)
            found = replace(self._examined(chat, now, marks, stored), part=look.part)
        if marks and not found.health.damaged_files:
            _remember(storage, holds_for, found)
        return found.health

    def _examined(self, chat: Chat, now: datetime, marks: dict[str, Mark], stored: StoredChat) -> _Found:
        found = examine(chat, stored, self.sources, now)
        listings = {asset: each.listing for asset, each in stored.assets.items()}
        health = replace(found, owed_to_mlflow=asdict(owed(self.tracking, stored.storage, listings)))
        return _Found(now, marks, {asset: each.digest for asset, each in listings.items()}, health)

    def refresh(self, chat: Chat, now: datetime) -> None:
        """Look ahead of whoever asks next, if the chat's files have been left alone for a while.

        Where nothing can be remembered, as on an object store, there is nothing to look ahead for.
        """
        marks = _marks(self.storages.of(chat), _today(chat, now))
        if marks and all(modified / 1e9 < (now - SETTLED).timestamp() for _, modified, _, _ in marks.values()):
            self.look(chat, now, HOLDS - AHEAD)

    def _holds_for(self, chat: Chat, now: datetime) -> list[Any]:
        """What the answer depends on beside the files."""
        return [VERSION, chat.model_dump(mode="json"), _today(chat, now).key, is_early(chat, now), self.tracking.store]


def _today(chat: Chat, now: datetime) -> LocalDay:
    return LocalDay.containing(now, chat.timezone)


def _marks(storage: ChatStorage, today: LocalDay) -> dict[str, Mark]:
    """What changes when a file of the chat does, by name; nothing where the chat is not on a local disk, or has no files."""
    if "://" in storage.root:
        return {}
    folder = join_url(storage.root, storage.chat)
    newest = (f"{asset}/{name}" for name in newest_names(today) for asset in PARTITION_SCHEMAS)
    marks = {}
    with suppress(OSError):
        names = os.listdir(folder)  # noqa: PTH208 - of hundreds of chats: paths take twice as long
        found = (name for name in names if not name.startswith(".") and name not in (FILE, MEMORY_FILE))
        for name in chain(found, ["archive/messages.parquet"], newest):
            try:
                status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - likewise
            except OSError:
                continue
            marks[name] = [status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size]
    return marks


def _digests(storage: ChatStorage, memory: Memory, look: SecondLook) -> dict[str, str]:
    """Of each asset what changes when any file of it does, as far as it is seen. Nothing where a folder cannot be read."""
    urls = {asset: join_url(storage.root, storage.chat, asset) for asset in PARTITION_SCHEMAS}
    with suppress(StoredFileError):
        return {asset: look.list_folder(url, memory.get(asset, Remembered())).digest for asset, url in urls.items()}
    return {}


def _next_part(storage: ChatStorage, now: datetime) -> int:
    """Which part of the old files is looked at next; where it is not known which was the last one, any other."""
    with suppress(StoredFileError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return int(json.loads(read_file(join_url(storage.root, storage.chat, FILE)) or b"{}")["part"]) + 1
    return int(now.timestamp() / HOLDS.total_seconds())


def _recalled(storage: ChatStorage, holds_for: list[Any]) -> _Found | None:
    """What was found the last time; None where that was in another case, or cannot be told."""
    with suppress(StoredFileError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        stored = json.loads(read_file(join_url(storage.root, storage.chat, FILE)) or b"{}")
        if stored["holds_for"] == holds_for:
            health = ChatHealth(**stored["health"])
            at, part = datetime.fromisoformat(stored["at"]), int(stored["part"])
            return _Found(at, stored["marks"], stored["files"], health, part)
    return None


def _remember(storage: ChatStorage, holds_for: list[Any], found: _Found) -> None:
    stored = {"at": found.at.isoformat(), "holds_for": holds_for, "part": found.part}
    stored |= {"marks": found.marks, "files": found.files, "health": asdict(found.health)}
    with suppress(StoredFileError, OSError):  # where nothing can be written, the next look takes as long
        content = json.dumps(stored, separators=(",", ":")).encode()
        write_file(join_url(storage.root, storage.chat, FILE), content, is_lasting=False)

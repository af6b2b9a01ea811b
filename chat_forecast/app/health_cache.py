"""How each chat is doing, cached beside its files until one of them changes.

Belongs here: telling whether the cached answer still holds, and keeping it.
Does not belong here: finding the answer (:mod:`.health`).

Years of hundreds of chats are a million files, and looking at each takes longer than a person waits. So there are three
steps, each slower than the one before:

1. An answer younger than :data:`HOLDS` is given again while the chat's folders and its newest days are as they were. A file
   is replaced and never changed in place, which changes its folder's mtime.
2. Otherwise the files are looked at, of many chats a part of them (:mod:`chat_forecast.storage.spot_checks`). Where none
   has changed, the answer is given again too.
3. Otherwise the changed files are inspected and the answer is found again.

While a chat has a damaged file, no answer is cached, so that a mended one is seen at once.
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
from chat_forecast.pipeline.worker_processes import forked_workers
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.inspection_cache import CACHE_FILE, CachedFolder, InspectionCache, load_cache
from chat_forecast.storage.partitions import ChatStorage, Storages
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.spot_checks import SpotChecks, newest_names
from chat_forecast.tracking.backlog import count_backlog
from chat_forecast.tracking.client import Tracking

FILE = "health.json"
VERSION = version("chat_forecast")
HOLDS = timedelta(hours=1)
"""After this long the files themselves are looked at."""
CHATS_PER_PART, MOST_PARTS = 25, 8
"""The old files are divided into one part for every 25 chats, at most 8, of which one is looked at each time."""
SETTLED = timedelta(minutes=1)
"""A chat whose files changed less than this ago is likely to change again."""
AHEAD = timedelta(minutes=10)
"""How long before an answer runs out it is renewed ahead of whoever asks next."""
UNREADABLE = (StoredFileError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""Raised where the cache is damaged or was written by another version: then there is none."""
Stat = list[int]
"""Inode, mtime, ctime and size of a file."""


@dataclass(frozen=True)
class _Answer:
    """How a chat is doing, with what that depends on."""

    at: datetime
    """When it was found, or last found to hold still."""
    stats: dict[str, Stat]
    """Of what lies in the chat's folder and of the newest days' files (:func:`_stats`)."""
    files: dict[str, str]
    """Asset -> what changes when any file of its folder does (:attr:`.Listing.digest`)."""
    health: ChatHealth
    part: int = 0
    """Which part of the old files was looked at."""


@dataclass(frozen=True)
class Examiner:
    """Finds out how chats are doing, from the cache where it holds."""

    storages: Storages
    sources: Sources
    tracking: Tracking
    put_aside: Mapping[str, str] = field(default_factory=dict)
    """The slugs of the chats whose settings cannot be used, and why, a line each."""
    parts: int = 1
    """Into how many parts the old files are divided, of which one is looked at."""

    def examine_all(self, chats: Iterable[Chat], now: datetime) -> list[ChatHealth]:
        """Find out how every chat is doing; one that cannot be examined has the reasons as its only concerns.

        Where many have no cached answer, other processes examine them.
        """
        known = [(chat, self._cached(chat, now, HOLDS)) for chat in chats]
        checking = replace(self, parts=min(max(len(known) // CHATS_PER_PART, 1), MOST_PARTS))
        unknown = [(checking, chat, now) for chat, health in known if health is None]
        with forked_workers(len(unknown) if "://" not in self.storages.root else 0) as workers:
            examined = (health for _, health in workers.map_ahead(Examiner._examined, unknown, len(unknown)))
            found = [next(examined) if health is None else self._as_of(now, chat, health) for chat, health in known]
        return [*found, *(put_aside_for(*each) for each in self.put_aside.items())]

    def look(self, chat: Chat, now: datetime, holds: timedelta = HOLDS) -> ChatHealth:
        """Find out how a chat is doing; a cached answer younger than ``holds`` is given again."""
        health = self._cached(chat, now, holds)
        return self._examined(chat, now) if health is None else self._as_of(now, chat, health)

    def _examined(self, chat: Chat, now: datetime) -> ChatHealth:
        """Look at a chat's files, and cache the answer."""
        try:
            return self._as_of(now, chat, self._find_out(chat, now))
        except (ChatForecastError, OSError) as error:
            return put_aside_for(chat.slug, str(error), chat.source)

    def _as_of(self, now: datetime, chat: Chat, health: ChatHealth) -> ChatHealth:
        """An answer with what changes without a change of the chat's files: a session ends, and nights pass."""
        setup = concerns.about_setup(chat, self.sources)
        tick = None if health.next_tick is None else next_tick(chat, now)
        return replace(health, concerns=[*setup, *health.concerns], next_tick=tick)

    def _cached(self, chat: Chat, now: datetime, holds: timedelta) -> ChatHealth | None:
        """The cached answer, if it is younger than ``holds`` and no folder or newest day has changed since."""
        storage = self.storages.of(chat)
        answer = _load(storage, self._holds_for(chat, now))
        is_young = answer is not None and now - holds < answer.at <= now
        return answer.health if answer and is_young and answer.stats == _stats(storage, _today(chat, now)) else None

    def _find_out(self, chat: Chat, now: datetime) -> ChatHealth:
        """The cached answer, if each file that is looked at is unchanged; otherwise a new one. Either is cached."""
        storage, holds_for, today = self.storages.of(chat), self._holds_for(chat, now), _today(chat, now)
        stats = _stats(storage, today)  # before the files themselves are looked at
        cache = load_cache(storage) if self.parts > 1 else {}
        checks = SpotChecks.of(storage, cache, today, _next_part(storage, now), self.parts)
        answer = _load(storage, holds_for)
        if answer is not None and answer.stats == stats and answer.files == _digests(storage, cache, checks):
            answer = replace(answer, at=now, part=checks.part)
        else:
            stored = StoredChat.inspect(storage, yesterday_of(chat, now), checks, cache)
            answer = replace(self._new_answer(chat, now, stats, stored), part=checks.part)
        if stats and not answer.health.damaged_files:
            _save(storage, holds_for, answer)
        return answer.health

    def _new_answer(self, chat: Chat, now: datetime, stats: dict[str, Stat], stored: StoredChat) -> _Answer:
        found = examine(chat, stored, self.sources, now)
        listings = {asset: each.listing for asset, each in stored.assets.items()}
        health = replace(found, owed_to_mlflow=asdict(count_backlog(self.tracking, stored.storage, listings)))
        return _Answer(now, stats, {asset: each.digest for asset, each in listings.items()}, health)

    def refresh(self, chat: Chat, now: datetime) -> None:
        """Renew an answer that is about to run out, if the chat's files have been left alone for a while.

        Where nothing can be cached, as on an object store, there is nothing to renew.
        """
        stats = _stats(self.storages.of(chat), _today(chat, now))
        if stats and all(modified / 1e9 < (now - SETTLED).timestamp() for _, modified, _, _ in stats.values()):
            self.look(chat, now, HOLDS - AHEAD)

    def _holds_for(self, chat: Chat, now: datetime) -> list[Any]:
        """What an answer depends on beside the files."""
        return [VERSION, chat.model_dump(mode="json"), _today(chat, now).key, is_early(chat, now), self.tracking.store]


def _today(chat: Chat, now: datetime) -> LocalDay:
    return LocalDay.containing(now, chat.timezone)


def _stats(storage: ChatStorage, today: LocalDay) -> dict[str, Stat]:
    """What changes when a file of the chat is replaced: stats of its folders, of files beside them and of the newest days.

    Empty if the chat is not on a local disk, or has no files.
    """
    if "://" in storage.root:
        return {}
    folder = join_url(storage.root, storage.chat)
    newest = (f"{asset}/{name}" for name in newest_names(today) for asset in PARTITION_SCHEMAS)
    stats = {}
    with suppress(OSError):
        names = os.listdir(folder)  # noqa: PTH208 - of hundreds of chats: paths take twice as long
        found = (name for name in names if not name.startswith(".") and name not in (FILE, CACHE_FILE))
        for name in chain(found, ["archive/messages.parquet"], newest):
            try:
                status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - likewise
            except OSError:
                continue
            stats[name] = [status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size]
    return stats


def _digests(storage: ChatStorage, cache: InspectionCache, checks: SpotChecks) -> dict[str, str]:
    """Asset -> what changes when any of its files does, as far as it is looked at; empty where a folder cannot be read."""
    urls = {asset: join_url(storage.root, storage.chat, asset) for asset in PARTITION_SCHEMAS}
    with suppress(StoredFileError):
        return {asset: checks.list_folder(url, cache.get(asset, CachedFolder())).digest for asset, url in urls.items()}
    return {}


def _next_part(storage: ChatStorage, now: datetime) -> int:
    """Which part of the old files is looked at next; any, where it is not known which was the last one."""
    with suppress(*UNREADABLE):
        return int(json.loads(read_file(join_url(storage.root, storage.chat, FILE)) or b"{}")["part"]) + 1
    return int(now.timestamp() / HOLDS.total_seconds())


def _load(storage: ChatStorage, holds_for: list[Any]) -> _Answer | None:
    """The cached answer; None if it depends on something else than ``holds_for``, or cannot be read."""
    with suppress(*UNREADABLE):
        stored = json.loads(read_file(join_url(storage.root, storage.chat, FILE)) or b"{}")
        if stored["holds_for"] == holds_for:
            health = ChatHealth(**stored["health"])
            at, part = datetime.fromisoformat(stored["at"]), int(stored["part"])
            return _Answer(at, stored["marks"], stored["files"], health, part)
    return None


def _save(storage: ChatStorage, holds_for: list[Any], answer: _Answer) -> None:
    stored = {"at": answer.at.isoformat(), "holds_for": holds_for, "part": answer.part}
    stored |= {"marks": answer.stats, "files": answer.files, "health": asdict(answer.health)}
    with suppress(StoredFileError, OSError):  # if it cannot be written, the next look takes as long
        content = json.dumps(stored, separators=(",", ":")).encode()
        write_file(join_url(storage.root, storage.chat, FILE), content, is_lasting=False)

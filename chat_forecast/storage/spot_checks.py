"""Finding what changed in a chat's folders without a ``stat`` of every file, which for a million files takes seconds.

Belongs here: which files need a ``stat`` for a change to be found, and which may be taken from the cache.
Does not belong here: listing a whole folder (:mod:`.file_fingerprints`), or the cache (:mod:`.inspection_cache`).

This project replaces a file by renaming another one over it. That changes the folder's mtime and the inode behind the name,
and listing a folder tells both. So a folder is taken from the cache where

1. names and inodes are the cached ones, but for some files that are new or replaced, and these are looked at;
2. one of these files explains the folder's mtime. If none does, something else has changed, such as a file that was removed
   and made again under the inode that it had;
3. the spot checks find nothing: the files of the newest days, and one part of all others, another one each time.

Else every file of the folder is looked at. What may be missed for a while is an old file that was overwritten in place; the
spot checks find it once its part has its turn.
"""

import os
from array import array
from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import compress, count
from operator import ne
from pathlib import Path

import numpy as np

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.file_fingerprints import (
    UNSETTLED,
    FolderFingerprint,
    Listing,
    digest_of,
    fingerprint_in,
    list_folder,
    names_in,
    version_of,
)
from chat_forecast.storage.inspection_cache import CachedFolder, InspectionCache
from chat_forecast.storage.object_stores import local_path
from chat_forecast.storage.partition_files import ENDING, NEWEST_DAYS, REWRITTEN, PartitionFiles
from chat_forecast.storage.schemas import PARTITION_SCHEMAS

FEW = 16
"""Up to this many added files are found by comparing lists, which is faster than a dictionary of all files."""
CLOCK_TICK_NS = 50_000_000
"""A folder's mtime and that of the file that changed it may differ by this: the clock behind them ticks every 1 to 10 ms."""


@dataclass(frozen=True)
class SpotChecks:
    """Which files are looked at though nothing suggests that they changed: the newest, and one part of all others."""

    newest: Set[str] = frozenset()
    """File names."""
    part: int = 0
    """Which part of the files is looked at, from 0."""
    parts: int = 1
    """With 1, every file is looked at and nothing is taken from the cache."""

    @classmethod
    def of(cls, storage: PartitionFiles, cache: InspectionCache, today: LocalDay, part: int, parts: int) -> "SpotChecks":
        """Plan the checks of a chat: of all files if one of them was damaged the last time, or an old day was rewritten.

        With ``parts`` other than 1, the note that a day was rewritten is removed, since it is dealt with now.
        """
        is_cached = all(asset in cache and cache[asset].folder.inode for asset in PARTITION_SCHEMAS)
        if parts > 1 and (_take_rewritten_note(storage) or not is_cached):
            parts = 1
        return cls(newest_names(today), part % parts, parts)

    def list_folder(self, url: str, cached: CachedFolder) -> Listing:
        """List a folder as :func:`.list_folder` does, as far as possible from what is cached of it."""
        listing = None
        if self.parts > 1 and cached.inodes and (local := local_path(url)) is not None:
            with suppress(OSError):  # the full listing says what is wrong with the folder
                listing = self._list_from_cache(local, cached)
        return list_folder(url) if listing is None else listing

    def _list_from_cache(self, folder: Path, cached: CachedFolder) -> Listing | None:
        """List a folder with what is cached of its unchanged files; None if every file has to be looked at."""
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            now = FolderFingerprint.of(opened)
            if now.inode != cached.folder.inode:
                return None
            if now == cached.folder and now.times != UNSETTLED:
                listing = Listing(cached.all_names, [], cached.inodes, now, added=())
                return self._with_digests(opened, listing, cached.digests, [], cached)
            names, inodes = names_in(opened)
            if len(set(inodes)) < len(inodes):  # a file system without inode numbers
                return None
            digests, changed, is_only_added = _known_digests(names, inodes, cached)
            if not _explain_mtime(opened, [names[place] for place in changed]):
                return None
            listing = Listing(names, [], inodes, now, added=changed if is_only_added else None)
            return self._with_digests(opened, listing, digests, changed, cached)
        finally:
            os.close(opened)

    def _with_digests(
        self, opened: int, listing: Listing, digests: "array[int]", changed: list[int], cached: CachedFolder
    ) -> Listing | None:
        """The listing with digests and versions: those of changed files from disk; None if a spot check finds a change."""
        names, versions = listing.names, cached.all_versions
        for place in changed:
            fingerprint = fingerprint_in(opened, names[place])
            digests[place], versions[names[place]] = digest_of(fingerprint), version_of(fingerprint)
        checked = np.flatnonzero(np.array(digests) % self.parts == self.part).tolist()
        checked += compress(count(), map(self.newest.__contains__, names))
        found = [digest_of(fingerprint_in(opened, names[place])) for place in checked]
        if found != [digests[place] for place in checked]:
            return None
        if cached.versions and len(versions) > len(names):  # some files are gone
            versions = {name: versions[name] for name in names}
        return replace(listing, cached=(digests, versions))


def _known_digests(names: list[str], inodes: "array[int]", cached: CachedFolder) -> tuple["array[int]", list[int], bool]:
    """Find the files of a listing in the cache by name and inode.

    Returns the digest of each, 0 where the cache has no such file; the positions of these; and whether they are the only
    difference, with no cached file gone or replaced.
    """
    names_before, digests = cached.all_names, array("q", cached.digests)
    kept_names, kept_inodes, added = names.copy(), array("Q", inodes), list[int]()
    for number in range(min(len(names) - len(names_before), FEW)):
        place = next(compress(count(), map(ne, kept_names, names_before)), len(names_before))
        del kept_names[place], kept_inodes[place]
        added.append(place + number)
    if kept_names == names_before and kept_inodes == cached.inodes:  # the usual case: a few files came, nothing else
        for place in added:
            digests.insert(place, 0)
        return digests, added, True
    by_file = dict(zip(zip(names_before, cached.inodes, strict=True), digests, strict=True))
    found = list(map(by_file.get, zip(names, inodes, strict=True)))
    return array("q", [each or 0 for each in found]), [place for place, each in enumerate(found) if each is None], False


def _explain_mtime(opened: int, changed: list[str]) -> bool:
    """Whether one of the changed files was the folder's last change: a rename sets the ctime of the file, too."""
    last = max((fingerprint_in(opened, name)[2] for name in changed), default=0)
    return os.fstat(opened).st_mtime_ns <= last + CLOCK_TICK_NS


EVERY_FILE = SpotChecks()


def newest_names(today: LocalDay) -> frozenset[str]:
    """The names of the newest days' files."""
    return frozenset(f"{today.plus(-number).key}{ENDING}" for number in range(NEWEST_DAYS + 1))


def _take_rewritten_note(storage: PartitionFiles) -> bool:
    """Remove the note that an old day was rewritten; whether there was one."""
    with suppress(OSError):
        os.unlink(join_url(storage.root, storage.chat, REWRITTEN))  # noqa: PTH108 - of hundreds of chats
        return True
    return False

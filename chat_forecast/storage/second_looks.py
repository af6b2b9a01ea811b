"""Looking at a chat's folders again without looking at each file, since that is what takes the time.

Belongs here: what must be looked at for a change to be found, and what may wait for another look.
Does not belong here: looking at all files of a folder (:mod:`.file_marks`), or what is remembered of them
(:mod:`.remembered_files`).

A file is replaced by renaming, which changes the times of its folder and the inode behind the name: both are told without a
look at the file. What was changed last must be a file with another name or inode than before, or all are looked at. So what
may go unseen is a file that is overwritten where it lies, or that was removed and made again, got the inode that it had, and
was followed by another one in its folder. For that a part of the old files is looked at each time, and all of a folder where
one is found.
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
from chat_forecast.storage.file_marks import (
    UNSETTLED,
    FolderMark,
    Listing,
    digest_of,
    list_folder,
    mark_in,
    names_in,
    version_of,
)
from chat_forecast.storage.object_stores import local_path
from chat_forecast.storage.partition_files import ENDING, NEWEST_DAYS, REWRITTEN, PartitionFiles
from chat_forecast.storage.remembered_files import Memory, Remembered
from chat_forecast.storage.schemas import PARTITION_SCHEMAS

FEW = 16
"""So many files that came to a folder are told from those that were there in less time than more of them."""
TICK_NS = 50_000_000
"""The time of a folder and that of the file that changed it may be so far apart: a system's clock ticks by up to 10 ms."""


@dataclass(frozen=True)
class SecondLook:
    """Which files are looked at although nothing speaks for a change: the newest ones, and one part of all others."""

    newest: Set[str] = frozenset()
    part: int = 0
    parts: int = 1
    """Where it is 1, each file is looked at."""

    @classmethod
    def of(cls, storage: PartitionFiles, memory: Memory, today: LocalDay, part: int, parts: int) -> "SecondLook":
        """What is looked at of a chat: all where one of its files was damaged, or an old one was written again.

        With ``parts`` other than 1, what is noted of files that were written again is taken away: it is looked at now.
        """
        is_known = all(asset in memory and memory[asset].folder.inode for asset in PARTITION_SCHEMAS)
        if parts > 1 and (_take_away(storage) or not is_known):
            parts = 1
        return cls(newest_names(today), part % parts, parts)

    def list_folder(self, url: str, known: Remembered) -> Listing:
        """What lies in a folder of which something is remembered; as :func:`.list_folder`."""
        listing = None
        if self.parts > 1 and known.inodes and (local := local_path(url)) is not None:
            with suppress(OSError):  # what is wrong with the folder is said by who looks at all of it
                listing = self._list_again(local, known)
        return list_folder(url) if listing is None else listing

    def _list_again(self, folder: Path, known: Remembered) -> Listing | None:
        """What lies in a folder, as far as possible from memory; None where a file is found to be another one."""
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            mark = FolderMark.of(opened)
            if mark.inode != known.folder.inode:
                return None
            listing, digests, new = Listing(known.all_names, [], known.inodes, mark, added=()), known.marks, list[int]()
            if mark != known.folder or mark.times == UNSETTLED:
                names, inodes = names_in(opened)
                if len(set(inodes)) < len(inodes):  # a file system that does not tell them
                    return None
                digests, new, is_more = _compared(names, inodes, known)
                if not _are_last(opened, [names[place] for place in new]):
                    return None
                listing = Listing(names, [], inodes, mark, added=new if is_more else None)
            return self._with_marks(opened, listing, digests, new, known)
        finally:
            os.close(opened)

    def _with_marks(
        self, opened: int, listing: Listing, digests: "array[int]", new: list[int], known: Remembered
    ) -> Listing | None:
        """A listing with the marks that its files have by what is known of them, if those looked at do have them."""
        names, versions = listing.names, known.all_versions
        for place in new:
            mark = mark_in(opened, names[place])
            digests[place], versions[names[place]] = digest_of(mark), version_of(mark)
        chosen = np.flatnonzero(np.array(digests) % self.parts == self.part).tolist()
        chosen += compress(count(), map(self.newest.__contains__, names))
        marks = [mark_in(opened, names[place]) for place in chosen]
        if list(map(digest_of, marks)) != [digests[place] for place in chosen]:
            return None
        if known.versions and len(versions) > len(names):  # some are gone
            versions = {name: versions[name] for name in names}
        return replace(listing, remembered=(digests, versions))


def _compared(names: list[str], inodes: "array[int]", known: Remembered) -> tuple["array[int]", list[int], bool]:
    """What is known of a folder's files by name and inode.

    Their digests; the places of those that are not known, which have 0 there; and whether these came to all that are.
    """
    before, digests = known.all_names, array("q", known.marks)
    kept_names, kept_inodes, new = names.copy(), array("Q", inodes), list[int]()
    for number in range(min(len(names) - len(before), FEW)):
        place = next(compress(count(), map(ne, kept_names, before)), len(before))
        del kept_names[place], kept_inodes[place]
        new.append(place + number)
    if kept_names == before and kept_inodes == known.inodes:  # most often: a few came to the same files
        for place in new:
            digests.insert(place, 0)
        return digests, new, True
    of_file = dict(zip(zip(before, known.inodes, strict=True), digests, strict=True))
    found = list(map(of_file.get, zip(names, inodes, strict=True)))
    return array("q", [each or 0 for each in found]), [place for place, each in enumerate(found) if each is None], False


def _are_last(opened: int, new: list[str]) -> bool:
    """Whether one of the new files is what changed a folder last, since a file gets its time when it gets its name."""
    last = max((mark_in(opened, name)[2] for name in new), default=0)
    return os.fstat(opened).st_mtime_ns <= last + TICK_NS


EVERY_FILE = SecondLook()


def newest_names(today: LocalDay) -> frozenset[str]:
    """The names of the files of the newest days."""
    return frozenset(f"{today.plus(-number).key}{ENDING}" for number in range(NEWEST_DAYS + 1))


def _take_away(storage: PartitionFiles) -> bool:
    """Take away the note that an old file was written again; whether there was one."""
    with suppress(OSError):
        os.unlink(join_url(storage.root, storage.chat, REWRITTEN))  # noqa: PTH108 - of hundreds of chats
        return True
    return False

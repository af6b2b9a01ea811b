"""What changes when a file does, so that it is told without opening it whether it is as it was.

Belongs here: listing a folder with the marks and the versions of its files.
Does not belong here: what is remembered of a file by its mark (:mod:`.inspection`, :mod:`.remembered_days`), looking at a
part of a folder alone (:mod:`.second_looks`), or reading a file (:mod:`.atomic_files`).

Years of hundreds of chats are a million files: a folder is opened once, and its files are looked at from there, by their
names alone.
"""

import os
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from operator import attrgetter, itemgetter
from pathlib import Path

from chat_forecast.storage.atomic_files import readable_folder
from chat_forecast.storage.object_stores import local_path, open_store

STORE_MARKS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""What an object store may tell of a file that changes with it; the first one that it tells is taken."""


Mark = tuple[int, int, int, int] | str
"""What changes when a file does: on a local disk size, times and mode, so that a change in place or of the rights shows."""
_mark_of = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_mode")
SETTLED_NS = 3_000_000_000
"""A folder that changed less than that ago may change again without another time: disks tell it by steps of up to 2 s."""
UNSETTLED = "?"


@dataclass(frozen=True)
class FolderMark:
    """What tells whether any name in a folder stands for another file than before."""

    inode: str = ""
    """Another one is another folder; empty where more lies in the folder than is known."""
    times: str = UNSETTLED
    """They change with the names and what these stand for; :data:`UNSETTLED` where that cannot be told from them."""

    @classmethod
    def of(cls, opened: int) -> "FolderMark":
        """That of an open folder, before it is read."""
        status = os.fstat(opened)
        is_settled = status.st_mtime_ns + SETTLED_NS < time.time_ns()  # the clock of the disk, not the time of any chat
        times = f"{status.st_mtime_ns:x}-{status.st_ctime_ns:x}" if is_settled else UNSETTLED
        return cls(f"{status.st_ino:x}", times)


NO_FOLDER = FolderMark("none")


@dataclass(frozen=True)
class Listing:
    """What lies in a folder, but for hidden files, in the order in which the disk or the store tells it."""

    names: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    """One of each name."""
    inodes: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of each name the number that the disk has for its file; nothing in an object store."""
    folder: FolderMark = field(default_factory=FolderMark)
    remembered: "tuple[array[int], dict[str, str]] | None" = None
    """The digests, and the versions if anybody compares them, where they are remembered and there are no marks."""
    added: Sequence[int] | None = None
    """The places of the names that came to what is remembered, ascending, where nothing else has changed."""

    @cached_property
    def versions(self) -> dict[str, str]:
        """The names, each with a text that changes when the file is replaced: of a local file, its size and time."""
        return self.remembered[1] if self.remembered else dict(zip(self.names, map(version_of, self.marks), strict=True))

    @cached_property
    def digests(self) -> "array[int]":
        """Of each mark a number of 64 bits: it is the same in every process, as Python's hash of whole numbers is."""
        return self.remembered[0] if self.remembered else array("q", map(digest_of, self.marks))

    @property
    def digest(self) -> str:
        """A text that changes when anything in the folder does."""
        return blake2b(os.fsencode("/".join(self.names)) + self.digests.tobytes(), digest_size=16).hexdigest()


def list_folder(url: str) -> Listing:
    """Look at what lies in a folder; there is nothing without the folder. No file is opened.

    Raises:
        StoredFileError: the folder cannot be read.
    """
    with suppress(FileNotFoundError), readable_folder(url):
        return _in_store(url) if (local := local_path(url)) is None else _on_disk(local)
    return Listing(folder=NO_FOLDER)


def file_versions(url: str, ending: str) -> dict[str, str]:
    """The names of the files in a folder that end so, each with its version (:attr:`Listing.versions`).

    Raises:
        StoredFileError: the folder cannot be read.
    """
    return {name: version for name, version in list_folder(url).versions.items() if name.endswith(ending)}


def folder_marks(url: str) -> dict[str, str]:
    """The names of what lies in a folder, each with its mark as a text.

    Raises:
        StoredFileError: the folder cannot be read.
    """
    listing = list_folder(url)
    return dict(zip(listing.names, map(_in_words, listing.marks), strict=True))


def mark_in(opened: int, name: str) -> tuple[int, int, int, int]:
    """The mark of a file in an open folder; raises FileNotFoundError where there is none."""
    return _mark_of(os.stat(name, dir_fd=opened))


def version_of(mark: Mark) -> str:
    """The version of a file (:attr:`Listing.versions`)."""
    return mark if isinstance(mark, str) else f"{mark[0]:x}-{mark[1]:x}"


def digest_of(mark: Mark) -> int:
    """A number of 64 bits for a mark (:attr:`Listing.digests`)."""
    if not isinstance(mark, str):
        return hash(mark)
    return int.from_bytes(blake2b(mark.encode(), digest_size=8).digest(), signed=True)


def names_in(opened: int) -> tuple[list[str], "array[int]"]:
    """What lies in an open folder, but for hidden files, and the inode of each (:attr:`Listing.inodes`)."""
    with os.scandir(opened) as found:
        entries = list(found)
    names = list(map(attrgetter("name"), entries))
    if "." in map(itemgetter(0), names):
        entries = [entry for entry in entries if entry.name[0] != "."]
        names = [entry.name for entry in entries]
    return names, array("Q", map(os.DirEntry.inode, entries))


def _in_words(mark: Mark) -> str:
    if isinstance(mark, str):
        return mark
    size, modified, changed, mode = mark
    return f"{size:x}-{modified:x}-{changed:x}-{mode:x}"


def _on_disk(folder: Path) -> Listing:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        mark = FolderMark.of(opened)
        names, inodes = names_in(opened)
        try:  # a path a file takes twice as long
            return Listing(names, [_mark_of(os.stat(name, dir_fd=opened)) for name in names], inodes, mark)
        except FileNotFoundError:
            found = dict(_those_there(opened, names))
            left = array("Q", [inode for name, inode in zip(names, inodes, strict=True) if name in found])
            return Listing([*found], [*found.values()], left, FolderMark(mark.inode))
    finally:
        os.close(opened)


def _those_there(folder: int, names: Iterable[str]) -> Iterator[tuple[str, Mark]]:
    """The names of which there still is something, each with its mark: a link may lead nowhere."""
    for name in names:
        with suppress(FileNotFoundError):
            yield name, mark_in(folder, name)


def _in_store(url: str) -> Listing:
    filesystem, path = open_store(url)
    listing = Listing()
    for entry in filesystem.ls(path, detail=True):
        name = entry["name"].rstrip("/").rpartition("/")[2]
        if not name.startswith("."):
            listing.names.append(name)
            mark = next((entry[each] for each in STORE_MARKS if entry.get(each)), "")
            listing.marks.append(f"{entry['size']}-{mark}")
    return listing

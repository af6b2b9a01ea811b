"""What changes when a file does, so that it is told without opening it whether it is as it was.

Belongs here: listing a folder with the marks and the versions of its files.
Does not belong here: what is remembered of a file by its mark (:mod:`.inspection`, :mod:`.remembered_days`), or reading one
(:mod:`.atomic_files`).

Years of hundreds of chats are a million files: a folder is opened once, and its files are looked at from there, by their
names alone.
"""

import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path

from chat_forecast.storage.atomic_files import readable_folder
from chat_forecast.storage.object_stores import local_path, open_store

STORE_MARKS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""What an object store may tell of a file that changes with it; the first one that it tells is taken."""


Mark = tuple[int, int, int, int] | str
"""What changes when a file does: on a local disk size, times and mode, so that a change in place or of the rights shows."""
_mark_of = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_mode")


@dataclass(frozen=True)
class Listing:
    """What lies in a folder, but for hidden files, in the order in which the disk or the store tells it."""

    names: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    """One of each name."""

    @property
    def versions(self) -> dict[str, str]:
        """The names, each with a text that changes when the file is replaced: of a local file, its size and time."""
        marks = (mark if isinstance(mark, str) else f"{mark[0]:x}-{mark[1]:x}" for mark in self.marks)
        return dict(zip(self.names, marks, strict=True))

    @cached_property
    def digests(self) -> "array[int]":
        """Of each mark a number of 64 bits: it is the same in every process, as Python's hash of whole numbers is."""
        is_local = self.marks and not isinstance(self.marks[0], str)
        return array("q", map(hash, self.marks) if is_local else [_digest(str(mark)) for mark in self.marks])

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
    return Listing()


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


def _in_words(mark: Mark) -> str:
    if isinstance(mark, str):
        return mark
    size, modified, changed, mode = mark
    return f"{size:x}-{modified:x}-{changed:x}-{mode:x}"


def _digest(mark: str) -> int:
    return int.from_bytes(blake2b(mark.encode(), digest_size=8).digest(), signed=True)


def _on_disk(folder: Path) -> Listing:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = [name for name in os.listdir(opened) if name[0] != "."]  # noqa: PTH208 - a path a file takes twice as long
        try:
            return Listing(names, [_mark_of(os.stat(name, dir_fd=opened)) for name in names])
        except FileNotFoundError:
            found = dict(_those_there(opened, names))
            return Listing([*found], [*found.values()])
    finally:
        os.close(opened)


def _those_there(folder: int, names: Iterable[str]) -> Iterator[tuple[str, Mark]]:
    """The names of which there still is something, each with its mark: a link may lead nowhere."""
    for name in names:
        with suppress(FileNotFoundError):
            yield name, _mark_of(os.stat(name, dir_fd=folder))


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

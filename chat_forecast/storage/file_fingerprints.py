"""Fingerprints of files: values that change when a file does, so that a change is found without opening the file.

Belongs here: listing a folder with a fingerprint and a version of each file.
Does not belong here: what is cached by fingerprint (:mod:`.inspection_cache`, :mod:`.day_cache`), listing a folder without
a look at each file (:mod:`.spot_checks`), or reading a file (:mod:`.atomic_files`).

Years of hundreds of chats are a million files. So a folder is opened once, and its files are looked up from there by name
(``dir_fd``), which takes half the time of a full path each.
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

STORE_KEYS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""Keys under which object stores report something that changes with a file; the first one present is used."""


Fingerprint = tuple[int, int, int, int] | str
"""Changes when the file does. On a local disk: size, mtime, ctime and mode, so that a change in place or of the permissions
shows too. In an object store: a text of the size and the value of one of :data:`STORE_KEYS`."""
_fingerprint_of = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_mode")
SETTLED_NS = 3_000_000_000
"""A folder that changed less than this ago may change again without a new mtime: some file systems count in steps of 2 s."""
UNSETTLED = "?"


@dataclass(frozen=True)
class FolderFingerprint:
    """Changes when any name in a folder comes, goes or stands for another file."""

    inode: str = ""
    """Of the folder itself; empty where the folder holds files that are not in the cache."""
    times: str = UNSETTLED
    """The folder's mtime and ctime; :data:`UNSETTLED` while they are too recent to prove that nothing changed since."""

    @classmethod
    def of(cls, opened: int) -> "FolderFingerprint":
        """The fingerprint of an open folder; to be taken before the folder is read."""
        status = os.fstat(opened)
        is_settled = status.st_mtime_ns + SETTLED_NS < time.time_ns()  # the clock of the disk, not the time of any chat
        times = f"{status.st_mtime_ns:x}-{status.st_ctime_ns:x}" if is_settled else UNSETTLED
        return cls(f"{status.st_ino:x}", times)


NO_FOLDER = FolderFingerprint("none")


@dataclass(frozen=True)
class Listing:
    """The files in a folder, without hidden ones, in the order in which the disk or the store lists them."""

    names: list[str] = field(default_factory=list)
    fingerprints: list[Fingerprint] = field(default_factory=list)
    """One for each name; empty if ``cached`` is given instead."""
    inodes: "array[int]" = field(default_factory=lambda: array("Q"))
    """One for each name; empty for an object store."""
    folder: FolderFingerprint = field(default_factory=FolderFingerprint)
    cached: "tuple[array[int], dict[str, str]] | None" = None
    """:attr:`digests` and :attr:`versions` from the cache, in place of ``fingerprints``. The versions are empty for assets
    that nobody compares by version."""
    added: Sequence[int] | None = None
    """Positions of the names that are not in the cache, ascending, if nothing else differs from it; None if unknown."""

    @cached_property
    def versions(self) -> dict[str, str]:
        """Name -> a text that changes when the file is replaced: of a local file, its size and mtime."""
        if self.cached is not None:
            return self.cached[1]
        return dict(zip(self.names, map(version_of, self.fingerprints), strict=True))

    @cached_property
    def digests(self) -> "array[int]":
        """A 64-bit hash of each fingerprint, the same in every process."""
        return array("q", map(digest_of, self.fingerprints)) if self.cached is None else self.cached[0]

    @property
    def digest(self) -> str:
        """A text that changes when anything in the folder does."""
        return blake2b(os.fsencode("/".join(self.names)) + self.digests.tobytes(), digest_size=16).hexdigest()


def list_folder(url: str) -> Listing:
    """List a folder with the fingerprint of each file; empty if there is no such folder. No file is opened.

    Raises:
        StoredFileError: the folder cannot be read.
    """
    with suppress(FileNotFoundError), readable_folder(url):
        return _in_store(url) if (local := local_path(url)) is None else _on_disk(local)
    return Listing(folder=NO_FOLDER)


def file_versions(url: str, ending: str) -> dict[str, str]:
    """The files in a folder whose names end with ``ending``, each with its version (:attr:`Listing.versions`).

    Raises:
        StoredFileError: the folder cannot be read.
    """
    return {name: version for name, version in list_folder(url).versions.items() if name.endswith(ending)}


def folder_fingerprints(url: str) -> dict[str, str]:
    """The files in a folder, each with its fingerprint as a text.

    Raises:
        StoredFileError: the folder cannot be read.
    """
    listing = list_folder(url)
    return dict(zip(listing.names, map(_as_text, listing.fingerprints), strict=True))


def fingerprint_in(opened: int, name: str) -> tuple[int, int, int, int]:
    """The fingerprint of a file in an open folder; raises FileNotFoundError where there is none."""
    return _fingerprint_of(os.stat(name, dir_fd=opened))


def version_of(fingerprint: Fingerprint) -> str:
    """The version of a file (:attr:`Listing.versions`)."""
    return fingerprint if isinstance(fingerprint, str) else f"{fingerprint[0]:x}-{fingerprint[1]:x}"


def digest_of(fingerprint: Fingerprint) -> int:
    """The 64-bit hash of a fingerprint (:attr:`Listing.digests`)."""
    if not isinstance(fingerprint, str):
        return hash(fingerprint)  # of integers, which Python hashes without a random seed
    return int.from_bytes(blake2b(fingerprint.encode(), digest_size=8).digest(), signed=True)


def names_in(opened: int) -> tuple[list[str], "array[int]"]:
    """The names in an open folder, without hidden ones, and the inode of each (:attr:`Listing.inodes`)."""
    with os.scandir(opened) as found:
        entries = list(found)
    names = list(map(attrgetter("name"), entries))
    if "." in map(itemgetter(0), names):
        entries = [entry for entry in entries if entry.name[0] != "."]
        names = [entry.name for entry in entries]
    return names, array("Q", map(os.DirEntry.inode, entries))


def _as_text(fingerprint: Fingerprint) -> str:
    if isinstance(fingerprint, str):
        return fingerprint
    size, modified, changed, mode = fingerprint
    return f"{size:x}-{modified:x}-{changed:x}-{mode:x}"


def _on_disk(folder: Path) -> Listing:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        of_folder = FolderFingerprint.of(opened)
        names, inodes = names_in(opened)
        try:
            return Listing(names, [_fingerprint_of(os.stat(name, dir_fd=opened)) for name in names], inodes, of_folder)
        except FileNotFoundError:  # removed a moment ago, or a link that leads nowhere
            found = dict(_those_there(opened, names))
            left = array("Q", [inode for name, inode in zip(names, inodes, strict=True) if name in found])
            return Listing([*found], [*found.values()], left, FolderFingerprint(of_folder.inode))
    finally:
        os.close(opened)


def _those_there(opened: int, names: Iterable[str]) -> Iterator[tuple[str, Fingerprint]]:
    """The names that still stand for a file, each with its fingerprint."""
    for name in names:
        with suppress(FileNotFoundError):
            yield name, fingerprint_in(opened, name)


def _in_store(url: str) -> Listing:
    filesystem, path = open_store(url)
    listing = Listing()
    for entry in filesystem.ls(path, detail=True):
        name = entry["name"].rstrip("/").rpartition("/")[2]
        if not name.startswith("."):
            listing.names.append(name)
            told = next((entry[key] for key in STORE_KEYS if entry.get(key)), "")
            listing.fingerprints.append(f"{entry['size']}-{told}")
    return listing

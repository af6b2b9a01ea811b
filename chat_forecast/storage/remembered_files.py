"""What the ends of a chat's files told, in one file beside its folders: a thousand days are looked at once.

Belongs here: keeping that, and telling which files are as they were when they were looked at.
Does not belong here: looking at one (:mod:`.inspection`), or what changes when a file does (:mod:`.file_marks`).

It may be deleted at any time. Names and marks of an asset are kept, and compared, as a whole each: most often none of them
has changed.
"""

import json
from array import array
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.file_marks import FolderMark, Listing
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

MEMORY_FILE = "inspected.json"
VERSION = 3
BETWEEN = "|"
TRAITS = frozenset("01234567")
VERSIONED = ("trained_model", "daily_score")
"""The assets whose files' versions are remembered: the ledger of MLflow is compared with them."""


@dataclass(frozen=True)
class Remembered:
    """The usable files of an asset, in the order of the disk."""

    names: str = ""
    marks: "array[int]" = field(default_factory=lambda: array("q"))
    """Digests of what changes when a file does (:attr:`.Listing.digests`)."""
    traits: str = ""
    """What the end of each told: a digit a file."""
    inodes: "array[int]" = field(default_factory=lambda: array("Q"))
    """As in :attr:`.Listing.inodes`; nothing where they are not known."""
    versions: str = ""
    """As in :attr:`.Listing.versions`, of :data:`VERSIONED` alone."""
    folder: FolderMark = field(default_factory=FolderMark)
    """That of the folder; nothing of it where more lies in it, as a damaged file."""

    @classmethod
    def of(cls, listing: Listing, traits: list[str | None], *, is_versioned: bool = False) -> "Remembered":
        """Remember those files that have traits."""
        names, marks, inodes, folder = listing.names, listing.digests, listing.inodes, listing.folder
        if None in traits:
            is_found = [each is not None for each in traits]
            names, folder = list(compress(names, is_found)), FolderMark()
            marks, inodes = array("q", compress(marks, is_found)), array("Q", compress(inodes, is_found))
        versions = BETWEEN.join(map(listing.versions.__getitem__, names)) if is_versioned else ""
        return cls(BETWEEN.join(names), marks, "".join(filter(None, traits)), inodes, versions, folder)

    def are_all_of(self, listing: Listing) -> bool:
        """Whether these are the files of a folder as they are now, and no others."""
        return self.names == BETWEEN.join(listing.names) and self.marks == listing.digests

    def with_places_of(self, listing: Listing, *, is_versioned: bool = False) -> "Remembered":
        """The same of files that :meth:`are_all_of` a folder, with what may have changed of it and not of them."""
        if (self.folder, self.inodes) == (listing.folder, listing.inodes):
            return self
        versions = BETWEEN.join(map(listing.versions.__getitem__, listing.names)) if is_versioned else ""
        return replace(self, folder=listing.folder, inodes=listing.inodes, versions=versions)

    def traits_of(self, listing: Listing) -> list[str | None]:
        """The traits of each file of a folder that is as it was."""
        if listing.added is not None:
            traits: list[str | None] = [*self.traits]
            for place in listing.added:
                traits.insert(place, None)
            return traits
        known = dict(zip(zip(self.all_names, self.marks, strict=True), self.traits, strict=True))
        return list(map(known.get, zip(listing.names, listing.digests, strict=True)))

    @cached_property
    def all_names(self) -> list[str]:
        """The names, one by one."""
        return self.names.split(BETWEEN) if self.traits else []

    @property
    def all_versions(self) -> dict[str, str]:
        """As :attr:`.Listing.versions`; nothing where they are not remembered."""
        return dict(zip(self.all_names, self.versions.split(BETWEEN), strict=True)) if self.versions else {}

    @property
    def is_sound(self) -> bool:
        """Whether it is such as :meth:`of` makes."""
        number = len(self.traits)
        if not number:
            return not (self.names or self.marks or self.inodes or self.versions)
        is_versioned = not self.versions or self.versions.count(BETWEEN) + 1 == number
        told = {self.names.count(BETWEEN) + 1, len(self.marks), len(self.inodes) or number}
        return TRAITS.issuperset(self.traits) and told == {number} and is_versioned

    @classmethod
    def from_dict(cls, stored: dict[str, str]) -> "Remembered":
        """What :meth:`to_json` gave; raises ValueError, TypeError or KeyError where that cannot be."""
        marks = array("q", bytes.fromhex(stored["marks"]))
        if "inodes" not in stored:  # a file of before these were kept
            return cls(stored["names"], marks, stored["traits"])
        inodes = array("Q", bytes.fromhex(stored["inodes"]))
        folder = FolderMark(*stored["folder"].split(" "))
        return cls(stored["names"], marks, stored["traits"], inodes, stored["versions"], folder)

    def to_json(self) -> str:
        """It in texts, as JSON; numbers need none of the care that takes most of the time."""
        folder = f"{self.folder.inode} {self.folder.times}"
        texts = {"names": self.names, "traits": self.traits, "versions": self.versions, "folder": folder}
        marks, inodes = self.marks.tobytes().hex(), self.inodes.tobytes().hex()
        return f'{json.dumps(texts)[:-1]}, "marks": "{marks}", "inodes": "{inodes}"}}'


Memory = dict[str, Remembered]
"""Asset -> its files."""


def load_memory(storage: ChatStorage) -> Memory:
    """What is remembered of a chat; nothing where that is damaged, or of an asset that it was remembered of otherwise."""
    try:
        content = read_file(join_url(storage.root, storage.chat, MEMORY_FILE)) or b"{}"
        stored = json.loads(content.decode())  # given bytes, it takes twice as long
        kept = [asset for asset in stored["assets"] if stored["versions"][asset] == _version(storage, asset)]
        found = {asset: Remembered.from_dict(stored["assets"][asset]) for asset in kept}
        is_usable = all(each.is_sound for each in found.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return found if is_usable else {}


def save_memory(storage: ChatStorage, memory: Memory) -> None:
    """Remember it; where nothing can be written, the next look takes as long."""
    if not any(each.traits for each in memory.values()):
        return
    assets = ", ".join(f'"{asset}": {each.to_json()}' for asset, each in memory.items())
    versions = json.dumps({asset: _version(storage, asset) for asset in memory})
    content = f'{{"versions": {versions}, "assets": {{{assets}}}}}'
    with suppress(StoredFileError, OSError):
        write_file(join_url(storage.root, storage.chat, MEMORY_FILE), content.encode(), is_lasting=False)


def _version(storage: ChatStorage, asset: str) -> str:
    """What the memory of an asset holds for: with another schema or in another zone each file is looked at again."""
    return f"{VERSION} {asset}/{PARTITION_SCHEMAS[asset].version} {storage.timezone}"

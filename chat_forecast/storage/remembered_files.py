"""What the ends of a chat's files told, in one file beside its folders: a thousand days are looked at once.

Belongs here: keeping that, and telling which files are as they were when they were looked at.
Does not belong here: looking at one (:mod:`.inspection`), or what changes when a file does (:mod:`.file_marks`).

It may be deleted at any time. Names and marks of an asset are kept, and compared, as a whole each: most often none of them
has changed.
"""

import json
from array import array
from contextlib import suppress
from dataclasses import dataclass, field

from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.file_marks import Listing
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

MEMORY_FILE = "inspected.json"
VERSION = 3
BETWEEN = "|"
TRAITS = frozenset("01234567")


@dataclass(frozen=True)
class Remembered:
    """The usable files of an asset, in the order of the disk."""

    names: str = ""
    marks: "array[int]" = field(default_factory=lambda: array("q"))
    """Digests of what changes when a file does (:attr:`.Listing.digests`)."""
    traits: str = ""
    """What the end of each told: a digit a file."""

    @classmethod
    def of(cls, listing: Listing, traits: list[str | None]) -> "Remembered":
        """Remember those files that have traits."""
        found = [place for place, each in enumerate(traits) if each is not None]
        names, marks = map(listing.names.__getitem__, found), map(listing.digests.__getitem__, found)
        return cls(BETWEEN.join(names), array("q", marks), "".join(filter(None, traits)))

    def are_all_of(self, listing: Listing) -> bool:
        """Whether these are the files of a folder as they are now, and no others."""
        return self.names == BETWEEN.join(listing.names) and self.marks == listing.digests

    def traits_of(self, listing: Listing) -> list[str | None]:
        """The traits of each file of a folder that is as it was."""
        names = self.names.split(BETWEEN) if self.traits else []
        known = dict(zip(zip(names, self.marks, strict=True), self.traits, strict=True))
        return list(map(known.get, zip(listing.names, listing.digests, strict=True)))

    @property
    def is_sound(self) -> bool:
        """Whether it is such as :meth:`of` makes."""
        number = len(self.traits)
        return TRAITS.issuperset(self.traits) and (
            {self.names.count(BETWEEN) + 1, len(self.marks)} == {number} if number else self == Remembered()
        )

    @classmethod
    def from_dict(cls, stored: dict[str, str]) -> "Remembered":
        """What :meth:`to_dict` gave; raises ValueError, TypeError or KeyError where that cannot be."""
        return cls(stored["names"], array("q", bytes.fromhex(stored["marks"])), stored["traits"])

    def to_dict(self) -> dict[str, str]:
        """It in texts."""
        return {"names": self.names, "marks": self.marks.tobytes().hex(), "traits": self.traits}


Memory = dict[str, Remembered]
"""Asset -> its files."""


def load_memory(storage: ChatStorage) -> Memory:
    """What is remembered of a chat; nothing where that is damaged, or of an asset that it was remembered of otherwise."""
    try:
        stored = json.loads(read_file(join_url(storage.root, storage.chat, MEMORY_FILE)) or b"{}")
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
    assets = {asset: each.to_dict() for asset, each in memory.items()}
    versions = {asset: _version(storage, asset) for asset in memory}
    content = json.dumps({"versions": versions, "assets": assets}, separators=(",", ":"))
    with suppress(StoredFileError, OSError):
        write_file(join_url(storage.root, storage.chat, MEMORY_FILE), content.encode(), is_lasting=False)


def _version(storage: ChatStorage, asset: str) -> str:
    """What the memory of an asset holds for: with another schema or in another zone each file is looked at again."""
    return f"{VERSION} {asset}/{PARTITION_SCHEMAS[asset].version} {storage.timezone}"

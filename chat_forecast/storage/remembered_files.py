"""What the ends of a chat's files told, in one file beside its folders: a thousand days are looked at once.

Belongs here: keeping that, and telling which files are as they were when they were looked at.
Does not belong here: looking at one (:mod:`.inspection`), or what changes when a file does (:mod:`.file_marks`).

It may be deleted at any time. Names and marks of an asset are kept, and compared, as one text each: most often none of
them has changed.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.file_marks import Listing
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

MEMORY_FILE = "inspected.json"
VERSION = 2
BETWEEN = "|"
TRAITS = frozenset("01234567")


@dataclass(frozen=True)
class Remembered:
    """The usable files of an asset, in the order of the disk."""

    names: str = ""
    marks: str = ""
    traits: str = ""
    """What the end of each told: a digit a file."""

    @classmethod
    def of(cls, listing: Listing, traits: Iterable[str | None]) -> "Remembered":
        """Remember those files that have traits."""
        found = [each for each in zip(listing.names, listing.marks, traits, strict=True) if each[2] is not None]
        names, marks, digits = zip(*found, strict=True) if found else ((), (), ())
        return cls(BETWEEN.join(names), BETWEEN.join(marks), "".join(digits))

    def are_all_of(self, listing: Listing) -> bool:
        """Whether these are the files of a folder as they are now, and no others."""
        return self.names == BETWEEN.join(listing.names) and self.marks == BETWEEN.join(listing.marks)

    @property
    def by_file(self) -> dict[tuple[str, str], str]:
        """Name and mark of a file -> its traits."""
        files = zip(self.names.split(BETWEEN), self.marks.split(BETWEEN), strict=True)
        return dict(zip(files, self.traits, strict=True)) if self.traits else {}

    @property
    def is_sound(self) -> bool:
        """Whether it is such as :meth:`of` makes."""
        number = len(self.traits)
        return TRAITS.issuperset(self.traits) and (
            {self.names.count(BETWEEN) + 1, self.marks.count(BETWEEN) + 1} == {number} if number else self == Remembered()
        )


Memory = dict[str, Remembered]
"""Asset -> its files."""


def load_memory(storage: ChatStorage) -> Memory:
    """What is remembered of a chat; nothing where that is of another version, or damaged."""
    try:
        stored = json.loads(read_file(join_url(storage.root, storage.chat, MEMORY_FILE)) or b"{}")
        found = {asset: Remembered(**each) for asset, each in stored["assets"].items()}
        is_usable = stored["versions"] == _versions(storage) and all(each.is_sound for each in found.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return found if is_usable else {}


def save_memory(storage: ChatStorage, memory: Memory) -> None:
    """Remember it; where nothing can be written, the next look takes as long."""
    if not any(each.traits for each in memory.values()):
        return
    assets = {asset: asdict(each) for asset, each in memory.items()}
    content = json.dumps({"versions": _versions(storage), "assets": assets}, separators=(",", ":"))
    with suppress(StoredFileError, OSError):
        write_file(join_url(storage.root, storage.chat, MEMORY_FILE), content.encode(), is_lasting=False)


def _versions(storage: ChatStorage) -> list[Any]:
    """What the memory holds for: with other schemas or in another zone each file is looked at again."""
    schemas = [f"{name}/{schema.version}" for name, schema in PARTITION_SCHEMAS.items()]
    return [VERSION, storage.timezone, schemas]

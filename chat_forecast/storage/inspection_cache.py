"""The cache of inspections: what the footers of a chat's files said, in one file beside the chat's folders.

Belongs here: loading and saving the cache, and telling which files are still as they were inspected.
Does not belong here: inspecting a file (:mod:`.inspection`), or what changes when a file does (:mod:`.file_fingerprints`).

The cache may be deleted at any time. The names, fingerprints and traits of an asset's files are each kept, and compared, as
one value for all files, since most often none of a thousand has changed.
"""

import json
from array import array
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from chat_forecast.storage.atomic_files import join_url, read_file, write_file
from chat_forecast.storage.file_fingerprints import FolderFingerprint, Listing
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

CACHE_FILE = "inspected.json"
VERSION = 3
SEPARATOR = "|"
TRAITS = frozenset("01234567")
"""What a file's traits may be: :data:`.inspection.HAS_ROWS` and the bits above it, as a digit."""
VERSIONED = ("trained_model", "daily_score")
"""The assets whose files' versions are cached too: MLflow's ledger is compared with them."""


@dataclass(frozen=True)
class CachedFolder:
    """What is known of the usable files in an asset's folder, in the order of the disk."""

    names: str = ""
    """Joined by :data:`SEPARATOR`."""
    digests: "array[int]" = field(default_factory=lambda: array("q"))
    """As :attr:`.Listing.digests`: each file's fingerprint, hashed."""
    traits: str = ""
    """One digit a file: what its footer said."""
    inodes: "array[int]" = field(default_factory=lambda: array("Q"))
    """As :attr:`.Listing.inodes`; empty where they are not known."""
    versions: str = ""
    """As :attr:`.Listing.versions`, joined by :data:`SEPARATOR`; for assets in :data:`VERSIONED` only."""
    folder: FolderFingerprint = field(default_factory=FolderFingerprint)
    """Empty if the folder holds more than these files, such as a damaged one."""

    @classmethod
    def of(cls, listing: Listing, traits: list[str | None], *, is_versioned: bool = False) -> "CachedFolder":
        """Cache the files of a listing that have traits, which are the usable ones."""
        names, digests, inodes, folder = listing.names, listing.digests, listing.inodes, listing.folder
        if None in traits:
            is_usable = [each is not None for each in traits]
            names, folder = list(compress(names, is_usable)), FolderFingerprint()
            digests, inodes = array("q", compress(digests, is_usable)), array("Q", compress(inodes, is_usable))
        versions = _joined_versions(listing, names) if is_versioned else ""
        return cls(SEPARATOR.join(names), digests, "".join(filter(None, traits)), inodes, versions, folder)

    def matches(self, listing: Listing) -> bool:
        """Whether a listing has exactly these files, each unchanged."""
        return self.names == SEPARATOR.join(listing.names) and self.digests == listing.digests

    def refreshed(self, listing: Listing, *, is_versioned: bool = False) -> "CachedFolder":
        """The same files, with inodes and the folder's fingerprint from a listing that :meth:`matches`."""
        if (self.folder, self.inodes) == (listing.folder, listing.inodes):
            return self
        versions = _joined_versions(listing, listing.names) if is_versioned else ""
        return replace(self, folder=listing.folder, inodes=listing.inodes, versions=versions)

    def traits_of(self, listing: Listing) -> list[str | None]:
        """The traits of each file of a listing; None for those that are new or changed."""
        if listing.added is not None:
            traits: list[str | None] = [*self.traits]
            for place in listing.added:
                traits.insert(place, None)
            return traits
        known = dict(zip(zip(self.all_names, self.digests, strict=True), self.traits, strict=True))
        return list(map(known.get, zip(listing.names, listing.digests, strict=True)))

    @cached_property
    def all_names(self) -> list[str]:
        """The names, one by one."""
        return self.names.split(SEPARATOR) if self.traits else []

    @property
    def all_versions(self) -> dict[str, str]:
        """As :attr:`.Listing.versions`; empty where they are not cached."""
        return dict(zip(self.all_names, self.versions.split(SEPARATOR), strict=True)) if self.versions else {}

    @property
    def is_sound(self) -> bool:
        """Whether all parts are of the same number of files, and every trait is a known one."""
        number = len(self.traits)
        if not number:
            return not (self.names or self.digests or self.inodes or self.versions)
        is_versioned = not self.versions or self.versions.count(SEPARATOR) + 1 == number
        counts = {self.names.count(SEPARATOR) + 1, len(self.digests), len(self.inodes) or number}
        return TRAITS.issuperset(self.traits) and counts == {number} and is_versioned

    @classmethod
    def from_dict(cls, stored: dict[str, str]) -> "CachedFolder":
        """Read back what :meth:`to_json` wrote; raises ValueError, TypeError or KeyError for anything else."""
        digests = array("q", bytes.fromhex(stored["marks"]))
        if "inodes" not in stored:  # written before inodes were cached
            return cls(stored["names"], digests, stored["traits"])
        inodes = array("Q", bytes.fromhex(stored["inodes"]))
        folder = FolderFingerprint(*stored["folder"].split(" "))
        return cls(stored["names"], digests, stored["traits"], inodes, stored["versions"], folder)

    def to_json(self) -> str:
        """Write as JSON; the hexadecimal numbers are put in by hand, since ``json`` spends most of its time on escaping."""
        folder = f"{self.folder.inode} {self.folder.times}"
        texts = {"names": self.names, "traits": self.traits, "versions": self.versions, "folder": folder}
        digests, inodes = self.digests.tobytes().hex(), self.inodes.tobytes().hex()
        return f'{json.dumps(texts)[:-1]}, "marks": "{digests}", "inodes": "{inodes}"}}'


InspectionCache = dict[str, CachedFolder]
"""Asset -> what is known of its files."""


def load_cache(storage: ChatStorage) -> InspectionCache:
    """Load a chat's cache; without those assets whose schema or zone has changed since, and empty if it is damaged."""
    try:
        content = read_file(join_url(storage.root, storage.chat, CACHE_FILE)) or b"{}"
        stored = json.loads(content.decode())  # given bytes, it takes twice as long
        kept = [asset for asset in stored["assets"] if stored["versions"][asset] == _version(storage, asset)]
        found = {asset: CachedFolder.from_dict(stored["assets"][asset]) for asset in kept}
        is_usable = all(each.is_sound for each in found.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return found if is_usable else {}


def save_cache(storage: ChatStorage, cache: InspectionCache) -> None:
    """Save a chat's cache; if it cannot be written, the next inspection takes as long as this one."""
    if not any(each.traits for each in cache.values()):
        return
    assets = ", ".join(f'"{asset}": {each.to_json()}' for asset, each in cache.items())
    versions = json.dumps({asset: _version(storage, asset) for asset in cache})
    content = f'{{"versions": {versions}, "assets": {{{assets}}}}}'
    with suppress(StoredFileError, OSError):
        write_file(join_url(storage.root, storage.chat, CACHE_FILE), content.encode(), is_lasting=False)


def _joined_versions(listing: Listing, names: list[str]) -> str:
    return SEPARATOR.join(map(listing.versions.__getitem__, names))


def _version(storage: ChatStorage, asset: str) -> str:
    """What an asset's part of the cache is valid for: under another schema or zone each file is inspected again."""
    return f"{VERSION} {asset}/{PARTITION_SCHEMAS[asset].version} {storage.timezone}"

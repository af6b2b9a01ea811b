"""Looking through a chat's stored files without reading their rows: which days are there, and which files are unusable.

Belongs here: what can be told from the names in an asset's folder and from the end of each file, where Parquet keeps its
schema and statistics. It takes a small part of the time that reading takes, and one bad file hides no other.
Does not belong here: reading rows (:mod:`.partitions`).

What the end of a usable file told is remembered in a file beside the chat's folders, with the file's size, times and mode:
a thousand days are looked at once, and then only what changed. It may be deleted at any time.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import folder_marks, join_url, read_file, write_file
from chat_forecast.storage.object_stores import local_path
from chat_forecast.storage.parquet_files import footer_at_hand, read_footer
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

MEMORY_FILE = "inspected.json"
MEMORY_VERSION = 1
COUNTED = {
    asset: [column.name for column in schema.columns if column.is_counted] for asset, schema in PARTITION_SCHEMAS.items()
}
"""Asset -> its columns that are counted."""
Memory = dict[str, dict[str, list[Any]]]
"""Asset -> name of a usable file -> its mark, rows and counted columns that have a value."""


@dataclass(frozen=True)
class PartitionSummary:
    """What the end of a partition's file tells."""

    rows: int
    """How many rows it has."""
    filled: tuple[str, ...] = ()
    """The columns that are counted (:attr:`.Column.is_counted`) and have a value in any row."""

    @classmethod
    def of(cls, footer: pq.FileMetaData, asset: str) -> "PartitionSummary":
        """Take from a footer what is looked at."""
        names = footer.schema.names if COUNTED[asset] else ()
        counted = [name for name in COUNTED[asset] if name in names]
        return cls(footer.num_rows, tuple(name for name in counted if footer.num_rows > _nulls(footer, names.index(name))))

    def has_any(self, column: str) -> bool:
        """Whether a column that is counted has a value in any row."""
        return column in self.filled


def _nulls(footer: pq.FileMetaData, column: int) -> int:
    found = (footer.row_group(group).column(column).statistics for group in range(footer.num_row_groups))
    return sum(statistics.null_count for statistics in found if statistics is not None)


@dataclass(frozen=True)
class StoredAsset:
    """An asset's folder: the usable partitions by day, ascending, and what is wrong with the other files."""

    partitions: dict[LocalDay, PartitionSummary]
    faults: tuple[str, ...]
    """One sentence a file: its place, what was found, what to do."""
    days: tuple[LocalDay, ...] = ()
    """The days that have a file, usable or not, ascending."""


def inspect_asset(storage: ChatStorage, asset: str, memory: Memory | None = None) -> StoredAsset:
    """Look at every file of an asset that is not in the memory as it is now; the memory learns what was found.

    A file that is cut off, unreadable, of other columns or of a newer version is a fault, and so is whatever else lies in
    the folder. Damage in the middle of a file is only found by reading it.
    """
    partitions: dict[LocalDay, PartitionSummary] = {}
    folder = join_url(storage.root, storage.chat, asset)
    local, schema = local_path(folder), PARTITION_SCHEMAS[asset]
    try:
        marks = folder_marks(folder)
    except StoredFileError as error:  # the folder cannot be read
        return StoredAsset({}, (str(error),))
    known = {name: storage.day_of(name) for name in sorted(marks)}
    strays = (join_url(folder, name) for name, day in known.items() if day is None)
    faults = [f"{url} is not a partition: its name is not a day of the chat. Move it out of the folder." for url in strays]
    seen = {} if memory is None else memory.get(asset, {})
    now: dict[str, list[Any]] = {}
    for name, day in known.items():
        if day is None:
            continue
        if (found := seen.get(name)) is None or found[0] != marks[name]:
            try:
                footer = None if local is None else footer_at_hand(f"{local}/{name}", schema, storage.timezone)
                if footer is None:
                    footer = read_footer(storage.url(asset, day), storage.schema(asset, day), storage.timezone)
            except StoredFileError as error:
                faults.append(str(error))
                continue
            except FileNotFoundError:  # it was there a moment ago
                continue
            summary = PartitionSummary.of(footer, asset)
            found = [marks[name], summary.rows, summary.filled]
        now[name] = found
        partitions[day] = PartitionSummary(found[1], tuple(found[2]))
    if memory is not None:
        memory[asset] = now
    return StoredAsset(partitions, tuple(faults), tuple(day for day in known.values() if day is not None))


@dataclass(frozen=True)
class StoredChat:
    """What is stored of a chat up to a day, and which of its files cannot be used."""

    storage: ChatStorage
    assets: dict[str, StoredAsset]
    last: LocalDay

    @classmethod
    def inspect(cls, storage: ChatStorage, last: LocalDay) -> "StoredChat":
        """Look at every file of a chat that changed since the last look."""
        memory = _load(storage)
        before = {asset: dict(files) for asset, files in memory.items()}
        found = cls(storage, {asset: inspect_asset(storage, asset, memory) for asset in PARTITION_SCHEMAS}, last)
        if memory != before:
            _save(storage, memory)
        return found

    @property
    def faults(self) -> list[str]:
        """What is wrong with files of any asset, those of later days too."""
        return [fault for asset in self.assets.values() for fault in asset.faults]

    def days(self, asset: str) -> list[LocalDay]:
        """The days of which there are rows, ascending."""
        return [day for day, file in self.assets[asset].partitions.items() if file.rows and day <= self.last]

    @property
    def known_days(self) -> set[LocalDay]:
        """The days of which an hour was read."""
        series = self.assets["hourly_series"].partitions
        return {day for day in self.days("hourly_series") if series[day].has_any("messages")}


def _versions(storage: ChatStorage) -> list[Any]:
    """What the memory holds for: with other schemas or in another zone each file is looked at again."""
    schemas = [f"{name}/{schema.version}" for name, schema in PARTITION_SCHEMAS.items()]
    return [MEMORY_VERSION, storage.timezone, schemas]


def _load(storage: ChatStorage) -> Memory:
    try:
        stored = json.loads(read_file(join_url(storage.root, storage.chat, MEMORY_FILE)) or b"{}")
        assets: Memory = stored["assets"] if stored["versions"] == _versions(storage) else {}
        return assets if all(len(file) == 3 for files in assets.values() for file in files.values()) else {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _save(storage: ChatStorage, memory: Memory) -> None:
    if not any(memory.values()):
        return
    content = json.dumps({"versions": _versions(storage), "assets": memory}, separators=(",", ":"))
    with suppress(StoredFileError, OSError):  # where nothing can be written, the next look takes as long
        write_file(join_url(storage.root, storage.chat, MEMORY_FILE), content.encode())

"""Looking through a chat's stored files without reading their rows: which days are there, and which files are unusable.

Belongs here: what can be told from the names in an asset's folder and from the end of each file, where Parquet keeps its
schema and statistics. It takes a small part of the time that reading takes, and one bad file hides no other.
Does not belong here: reading rows (:mod:`.partitions`).
"""

from dataclasses import dataclass

import pyarrow.parquet as pq

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import read_footer
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError


@dataclass(frozen=True)
class PartitionSummary:
    """What the end of a partition's file tells."""

    footer: pq.FileMetaData

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.footer.num_rows)

    def has_any(self, column: str) -> bool:
        """Whether a column that is counted (:attr:`.Column.is_counted`) has a value in any row."""
        number = self.footer.schema.names.index(column)
        chunks = (self.footer.row_group(group).column(number) for group in range(self.footer.num_row_groups))
        nulls = sum(chunk.statistics.null_count for chunk in chunks if chunk.statistics is not None)
        return bool(self.rows > nulls)


@dataclass(frozen=True)
class StoredAsset:
    """An asset's folder: the usable partitions by day, ascending, and what is wrong with the other files."""

    partitions: dict[LocalDay, PartitionSummary]
    faults: tuple[str, ...]
    """One sentence a file: its place, what was found, what to do."""


def inspect_asset(storage: ChatStorage, asset: str) -> StoredAsset:
    """Look at every file of an asset.

    A file that is cut off, unreadable, of other columns or of a newer version is a fault, and so is whatever else lies in
    the folder. Damage in the middle of a file is only found by reading it.
    """
    partitions: dict[LocalDay, PartitionSummary] = {}
    try:
        days, strays = storage.days(asset), storage.strays(asset)
    except StoredFileError as error:  # the folder cannot be read
        return StoredAsset({}, (str(error),))
    faults = [f"{url} is not a partition: its name is not a day of the chat. Move it out of the folder." for url in strays]
    for day in days:
        try:
            footer = read_footer(storage.url(asset, day), storage.schema(asset, day), storage.timezone)
            partitions[day] = PartitionSummary(footer)
        except StoredFileError as error:
            faults.append(str(error))
        except FileNotFoundError:  # it was there a moment ago
            continue
    return StoredAsset(partitions, tuple(faults))


@dataclass(frozen=True)
class StoredChat:
    """What is stored of a chat up to a day, and which of its files cannot be used."""

    storage: ChatStorage
    assets: dict[str, StoredAsset]
    last: LocalDay

    @classmethod
    def inspect(cls, storage: ChatStorage, last: LocalDay) -> "StoredChat":
        """Look at every file of a chat."""
        return cls(storage, {asset: inspect_asset(storage, asset) for asset in PARTITION_SCHEMAS}, last)

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

"""Looking through a chat's stored files without reading their rows: which days are there, and which files are unusable.

Belongs here: what can be told from the names in an asset's folder and from the end of each file, where Parquet keeps its
schema and statistics. It takes a small part of the time that reading takes, and one bad file hides no other.
Does not belong here: reading rows (:mod:`.partitions`), or remembering what was found (:mod:`.remembered_files`).

Days are plain dates here, since all are of the chat's time zone: those of years are compared with each other in a moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import compress, repeat
from operator import eq

import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.file_marks import Listing
from chat_forecast.storage.parquet_files import footer_at_hand, read_footer
from chat_forecast.storage.partition_files import day_named
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.remembered_files import VERSIONED, Memory, Remembered, load_memory, save_memory
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.second_looks import EVERY_FILE, SecondLook
from chat_forecast.storage.zone_change import expect_not_moving

COUNTED = {
    asset: {column.name: schema.arrow().names.index(column.name) for column in schema.columns if column.is_counted}
    for asset, schema in PARTITION_SCHEMAS.items()
}
"""Asset -> its columns that are counted, each with its place in a file of the newest version."""
STRAY = "is not a partition: its name is not a day of the chat. Move it out of the folder."
HAS_ROWS = 1
"""The trait of a file that has a row; twice as much is that of a value in the first column that is counted, and so on."""


@dataclass(frozen=True)
class StoredAsset:
    """An asset's folder: the days that have a file, what the end of each usable file told, and what is wrong with others."""

    days: frozenset[date] = frozenset()
    """Those that have a file, usable or not."""
    usable: frozenset[date] = frozenset()
    """Those that have a usable file."""
    with_rows: frozenset[date] = frozenset()
    """Those of the usable ones that have a row."""
    filled: Mapping[str, frozenset[date]] = field(default_factory=dict)
    """Column that is counted (:attr:`.Column.is_counted`) -> see :meth:`having`."""
    faults: tuple[str, ...] = ()
    """One sentence a file: its place, what was found, what to do."""
    listing: Listing = field(default_factory=Listing, compare=False, repr=False)
    """What lies in the folder."""

    def having(self, column: str) -> frozenset[date]:
        """The usable days on which any row has a value in a column that is counted."""
        return self.filled.get(column, frozenset())


class _Dates(dict[str, date | None]):
    """Name of a file -> the day of a zone after which it is named, if any; the folders of all assets name the same ones."""

    def __init__(self, timezone: str) -> None:
        super().__init__()
        self._timezone = timezone

    def __missing__(self, name: str) -> date | None:
        day = day_named(name, self._timezone)
        return None if day is None else self.setdefault(name, day.date)


_dates_of = cache(_Dates)


def inspect_asset(
    storage: ChatStorage, asset: str, memory: Memory | None = None, look: SecondLook = EVERY_FILE
) -> StoredAsset:
    """Look at every file of an asset that is not in the memory as it is now; the memory learns what was found.

    A file that is cut off, unreadable, of other columns or of a newer version is a fault, and so is whatever else lies in
    the folder. Damage in the middle of a file is only found by reading it.
    """
    url = join_url(storage.root, storage.chat, asset)
    seen = Remembered() if memory is None else memory.get(asset, Remembered())
    try:
        listing = look.list_folder(url, seen)
    except StoredFileError as error:  # the folder cannot be read
        return StoredAsset(faults=(str(error),))
    days = list(map(_dates_of(storage.timezone).__getitem__, listing.names))
    if seen.are_all_of(listing):
        if memory is not None:
            memory[asset] = seen.with_places_of(listing, is_versioned=asset in VERSIONED)
        return _asset(asset, days, list(seen.traits), (), listing)
    traits = seen.traits_of(listing)
    unknown = [place for place, trait in enumerate(traits) if trait is None]
    strays = sorted(listing.names[place] for place in unknown if days[place] is None)
    faults = [f"{join_url(url, name)} {STRAY}" for name in strays]
    for day, place in sorted((day, place) for place in unknown if (day := days[place]) is not None):
        try:
            traits[place] = _look(storage, asset, LocalDay(day, storage.timezone))
        except StoredFileError as error:
            faults.append(str(error))
        except FileNotFoundError:  # it was there a moment ago
            continue
    if memory is not None:
        memory[asset] = Remembered.of(listing, traits, is_versioned=asset in VERSIONED)
    return _asset(asset, days, traits, tuple(faults), listing)


def _asset(
    asset: str, days: list[date | None], traits: list[str | None], faults: tuple[str, ...], listing: Listing
) -> StoredAsset:
    """Sort the days by the traits of their files, of which there are few different ones."""
    all_days = frozenset(filter(None, days))
    kinds = set(traits)
    by_traits = {
        int(each): all_days if kinds == {each} else frozenset(filter(None, compress(days, map(eq, traits, repeat(each)))))
        for each in kinds
        if each is not None
    }

    def with_trait(trait: int) -> frozenset[date]:
        return frozenset().union(*(found for each, found in by_traits.items() if each & trait))

    return StoredAsset(
        days=all_days,
        usable=frozenset().union(*by_traits.values()),
        with_rows=with_trait(HAS_ROWS),
        filled={column: with_trait(HAS_ROWS << number) for number, column in enumerate(COUNTED[asset], 1)},
        faults=faults,
        listing=listing,
    )


def _look(storage: ChatStorage, asset: str, day: LocalDay) -> str:
    """The traits of a file, from its end, as a digit.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it cannot be used.
    """
    url = storage.url(asset, day)
    footer = None if "://" in url else footer_at_hand(url, PARTITION_SCHEMAS[asset], storage.timezone)
    if footer is None:
        footer = read_footer(url, storage.schema(asset, day), storage.timezone)
    return _traits(footer, asset)


def _traits(footer: pq.FileMetaData, asset: str) -> str:
    traits = HAS_ROWS if footer.num_rows else 0
    for number, (column, usual) in enumerate(COUNTED[asset].items(), 1):
        place = _place(footer.schema, column, usual)
        if place is not None and footer.num_rows > _nulls(footer, place):
            traits |= HAS_ROWS << number
    return str(traits)


def _place(columns: pq.ParquetSchema, name: str, usual: int) -> int | None:
    """Which of a file's columns has a name; to ask for the names of all takes longer than to open the file."""
    if usual < len(columns) and columns.column(usual).path == name:
        return usual
    return columns.names.index(name) if name in columns.names else None


def _nulls(footer: pq.FileMetaData, column: int) -> int:
    found = (footer.row_group(group).column(column).statistics for group in range(footer.num_row_groups))
    return sum(statistics.null_count for statistics in found if statistics is not None)


@dataclass(frozen=True)
class StoredChat:
    """What is stored of a chat up to a day, and which of its files cannot be used."""

    storage: ChatStorage
    assets: dict[str, StoredAsset]
    last: LocalDay
    _tables: dict[tuple[str, date], pa.Table | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def inspect(
        cls, storage: ChatStorage, last: LocalDay, look: SecondLook = EVERY_FILE, memory: Memory | None = None
    ) -> "StoredChat":
        """Look at every file of a chat that changed since the last look, as far as ``look`` finds it.

        What is remembered is given where it has been loaded already.

        Raises:
            StoredFileError: the chat's days were counted in another zone (:meth:`.ChatStorage.expect_zone`), so that each of
                its files would be a fault of its own.
        """
        memory = memory or load_memory(storage)
        if not memory.get("hourly_series", Remembered()).traits:
            storage.expect_zone()
        expect_not_moving(storage.root, storage.chat, storage.timezone)
        before = dict(memory)
        found = cls(storage, {asset: inspect_asset(storage, asset, memory, look) for asset in PARTITION_SCHEMAS}, last)
        series = found.assets["hourly_series"]
        if series.days and not {min(series.days), max(series.days)} <= series.usable:
            storage.expect_zone()
        if memory != before:
            save_memory(storage, memory)
        return found

    @property
    def faults(self) -> list[str]:
        """What is wrong with files of any asset, those of later days too."""
        return [fault for asset in self.assets.values() for fault in asset.faults]

    def days(self, asset: str) -> list[date]:
        """The days of which there are rows, ascending."""
        return sorted(filter(self.last.date.__ge__, self.assets[asset].with_rows))

    @property
    def known_days(self) -> set[date]:
        """The days of which an hour was read."""
        return set(filter(self.last.date.__ge__, self.assets["hourly_series"].having("messages")))

    def day(self, day: date) -> LocalDay:
        """One of the chat's days."""
        return LocalDay(day, self.storage.timezone)

    def table(self, asset: str, day: date) -> pa.Table | None:
        """The stored table of a day, which is read once; None where the day is not stored.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        if (asset, day) not in self._tables:
            self._tables[asset, day] = self.storage.table(asset, self.day(day))
        return self._tables[asset, day]

"""Inspecting a chat's stored files without reading their rows: which days are stored, and which files are unusable.

Belongs here: what the names in an asset's folder say, and the footer of each file, where Parquet keeps its schema and
statistics. That takes a small part of the time that reading takes, and one bad file hides no other.
Does not belong here: reading rows (:mod:`.partitions`), or caching what was found (:mod:`.inspection_cache`).

Days are plain dates here, which compare faster than :class:`.LocalDay`: all are of the chat's time zone.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import compress, repeat
from operator import eq

import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.file_fingerprints import Listing
from chat_forecast.storage.inspection_cache import VERSIONED, CachedFolder, InspectionCache, load_cache, save_cache
from chat_forecast.storage.parquet_files import footer_at_hand, read_footer
from chat_forecast.storage.partition_files import day_named
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.spot_checks import EVERY_FILE, SpotChecks
from chat_forecast.storage.zone_change import expect_not_moving

COUNTED = {
    asset: {column.name: schema.arrow().names.index(column.name) for column in schema.columns if column.is_counted}
    for asset, schema in PARTITION_SCHEMAS.items()
}
"""Asset -> its counted columns (:attr:`.Column.is_counted`), each with its position in a file of the newest version."""
STRAY = "is not a partition: its name is not a day of the chat. Move it out of the folder."
HAS_ROWS = 1
"""A file's traits are a bit mask, cached as one digit: this bit if it has a row; the next bit if the asset's first counted
column has a value; then the second one's."""


@dataclass(frozen=True)
class StoredAsset:
    """An asset's folder: which days have a file, what the footer of each usable file says, and what is wrong with others."""

    days: frozenset[date] = frozenset()
    """Days with a file, usable or not."""
    usable: frozenset[date] = frozenset()
    """Days with a usable file."""
    with_rows: frozenset[date] = frozenset()
    """Days with a usable file that has a row."""
    filled: Mapping[str, frozenset[date]] = field(default_factory=dict)
    """Counted column -> the days of :meth:`having`."""
    faults: tuple[str, ...] = ()
    """One sentence a file: its place, what was found, what to do."""
    listing: Listing = field(default_factory=Listing, compare=False, repr=False)
    """The files in the folder."""

    def having(self, column: str) -> frozenset[date]:
        """The usable days on which any row has a value in a counted column."""
        return self.filled.get(column, frozenset())


class _Dates(dict[str, date | None]):
    """File name -> the day that it names, or None. Each name is parsed once: the folders of all assets share them."""

    def __init__(self, timezone: str) -> None:
        super().__init__()
        self._timezone = timezone

    def __missing__(self, name: str) -> date | None:
        day = day_named(name, self._timezone)
        return None if day is None else self.setdefault(name, day.date)


_dates_of = functools.cache(_Dates)


def inspect_asset(
    storage: ChatStorage, asset: str, cache: InspectionCache | None = None, checks: SpotChecks = EVERY_FILE
) -> StoredAsset:
    """Inspect the files of an asset that are new or changed since they were cached; ``cache`` is brought up to date.

    A file that is cut off, unreadable, of other columns or of a newer version is a fault, and so is anything else in the
    folder. Damage in the middle of a file is only found by reading it.
    """
    url = join_url(storage.root, storage.chat, asset)
    cached = CachedFolder() if cache is None else cache.get(asset, CachedFolder())
    try:
        listing = checks.list_folder(url, cached)
    except StoredFileError as error:  # the folder cannot be read
        return StoredAsset(faults=(str(error),))
    days = list(map(_dates_of(storage.timezone).__getitem__, listing.names))
    is_versioned = asset in VERSIONED
    if cached.matches(listing):
        if cache is not None:
            cache[asset] = cached.refreshed(listing, is_versioned=is_versioned)
        return _stored_asset(asset, days, list(cached.traits), (), listing)
    traits = cached.traits_of(listing)
    faults = _inspect_unknown(storage, asset, listing.names, days, traits)
    if cache is not None:
        cache[asset] = CachedFolder.of(listing, traits, is_versioned=is_versioned)
    return _stored_asset(asset, days, traits, faults, listing)


def _inspect_unknown(
    storage: ChatStorage, asset: str, names: list[str], days: list[date | None], traits: list[str | None]
) -> tuple[str, ...]:
    """Fill in the traits that are None, as far as the files are usable; returns the faults, strays first, then by day."""
    url = join_url(storage.root, storage.chat, asset)
    unknown = [place for place, trait in enumerate(traits) if trait is None]
    strays = sorted(names[place] for place in unknown if days[place] is None)
    faults = [f"{join_url(url, name)} {STRAY}" for name in strays]
    for day, place in sorted((day, place) for place in unknown if (day := days[place]) is not None):
        try:
            traits[place] = _traits_of_file(storage, asset, LocalDay(day, storage.timezone))
        except StoredFileError as error:
            faults.append(str(error))
        except FileNotFoundError:  # it was there a moment ago
            continue
    return tuple(faults)


def _stored_asset(
    asset: str, days: list[date | None], traits: list[str | None], faults: tuple[str, ...], listing: Listing
) -> StoredAsset:
    """Group the days by the traits of their files: thousands of days have a handful of different traits."""
    all_days = frozenset(filter(None, days))
    distinct = set(traits)
    by_traits = {
        int(each): all_days if distinct == {each} else frozenset(filter(None, compress(days, map(eq, traits, repeat(each)))))
        for each in distinct
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


def _traits_of_file(storage: ChatStorage, asset: str, day: LocalDay) -> str:
    """Read a file's traits (:data:`HAS_ROWS`) from its footer, as a digit.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it cannot be used.
    """
    url = storage.url(asset, day)
    footer = None if "://" in url else footer_at_hand(url, PARTITION_SCHEMAS[asset], storage.timezone)
    if footer is None:
        footer = read_footer(url, storage.schema(asset, day), storage.timezone)
    return _traits_in(footer, asset)


def _traits_in(footer: pq.FileMetaData, asset: str) -> str:
    traits = HAS_ROWS if footer.num_rows else 0
    for number, (column, usual) in enumerate(COUNTED[asset].items(), 1):
        position = _position(footer.schema, column, usual)
        if position is not None and footer.num_rows > _nulls(footer, position):
            traits |= HAS_ROWS << number
    return str(traits)


def _position(columns: pq.ParquetSchema, name: str, usual: int) -> int | None:
    """Where a file has a column, ``usual`` being tried first: asking for all names takes longer than opening the file."""
    if usual < len(columns) and columns.column(usual).path == name:
        return usual
    return columns.names.index(name) if name in columns.names else None


def _nulls(footer: pq.FileMetaData, column: int) -> int:
    found = (footer.row_group(group).column(column).statistics for group in range(footer.num_row_groups))
    return sum(statistics.null_count for statistics in found if statistics is not None)


@dataclass(frozen=True)
class StoredChat:
    """What is stored of a chat up to its day ``last``, and which of its files cannot be used."""

    storage: ChatStorage
    assets: dict[str, StoredAsset]
    last: LocalDay
    _tables: dict[tuple[str, date], pa.Table | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def inspect(
        cls,
        storage: ChatStorage,
        last: LocalDay,
        checks: SpotChecks = EVERY_FILE,
        cache: InspectionCache | None = None,
    ) -> "StoredChat":
        """Inspect every file of a chat that changed since the last time, as far as ``checks`` find it.

        ``cache`` is given if it has been loaded already; it is saved where anything in it changed.

        Raises:
            StoredFileError: the chat's days were counted in another zone (:meth:`.ChatStorage.expect_zone`), so that each of
                its files would be a fault of its own.
        """
        cache = cache or load_cache(storage)
        if not cache.get("hourly_series", CachedFolder()).traits:
            storage.expect_zone()
        expect_not_moving(storage.root, storage.chat, storage.timezone)
        before = dict(cache)
        found = cls(storage, {asset: inspect_asset(storage, asset, cache, checks) for asset in PARTITION_SCHEMAS}, last)
        series = found.assets["hourly_series"]
        if series.days and not {min(series.days), max(series.days)} <= series.usable:
            storage.expect_zone()
        if cache != before:
            save_cache(storage, cache)
        return found

    @property
    def faults(self) -> list[str]:
        """What is wrong with files of any asset, also of days after ``last``."""
        return [fault for asset in self.assets.values() for fault in asset.faults]

    def days(self, asset: str) -> list[date]:
        """The days of an asset that have rows, ascending."""
        return sorted(filter(self.last.date.__ge__, self.assets[asset].with_rows))

    @property
    def known_days(self) -> set[date]:
        """The days with at least one hour that was read."""
        return set(filter(self.last.date.__ge__, self.assets["hourly_series"].having("messages")))

    def day(self, day: date) -> LocalDay:
        """One of the chat's days."""
        return LocalDay(day, self.storage.timezone)

    def table(self, asset: str, day: date) -> pa.Table | None:
        """The stored table of a day, read once and kept; None where the day is not stored.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        if (asset, day) not in self._tables:
            self._tables[asset, day] = self.storage.table(asset, self.day(day))
        return self._tables[asset, day]

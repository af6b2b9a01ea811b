"""A cache of an asset's days in one file: a page about years opens that one instead of a thousand.

Belongs here: keeping the days, and telling which of them are still as they were read.
Does not belong here: the days' own files (:mod:`.partition_files`), which alone are the truth.

A day is taken from the cache only while its own file has the fingerprint (size, times, mode) that it had before it was
read. The cache lies beside the chat's folders, and may be deleted at any time.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import pandas as pd
import pyarrow as pa

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url, read_bytes
from chat_forecast.storage.file_fingerprints import folder_fingerprints
from chat_forecast.storage.parquet_files import DAMAGE, open_parquet, rows_of, write_row_groups
from chat_forecast.storage.partition_files import to_pandas
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

VERSION = 1
DAYS_KEY = b"days"
"""The key of the metadata that list the cached days: of each the name of its own file, its fingerprint and how many rows."""
RISING = {"hourly_series": ("hour",)}


@dataclass(frozen=True)
class _CachedDays:
    """The rows of an asset's days, one day below the other."""

    table: pa.Table
    days: dict[str, tuple[str, range]] = field(default_factory=dict)
    """Name of a day's own file -> its fingerprint, and which rows of the table are the day's."""


Rows: TypeAlias = range | pa.Table
"""A day's rows: their range in the cached table, or a table that was read just now."""


def cache_path(storage: ChatStorage, asset: str) -> str:
    """Where the days of an asset are cached."""
    return join_url(storage.root, storage.chat, f".{asset}.days.parquet")


def cached_frames(storage: ChatStorage, asset: str, first: LocalDay, last: LocalDay) -> pd.DataFrame:
    """What :meth:`.ChatStorage.frames` gives, opening only the files of days that are not cached. Raises as that."""
    fingerprints = folder_fingerprints(join_url(storage.root, storage.chat, asset))
    names = {day: name for name in sorted(fingerprints) if (day := storage.day_of(name)) is not None}
    cached = _load(storage, asset)
    known = {day for day, name in names.items() if name in cached.days and cached.days[name][0] == fingerprints[name]}
    read = dict(storage.tables(asset, [day for day in names if first <= day <= last and day not in known]))
    found = {day: cached.days[names[day]][1] if day in known else read.get(day) for day in names}
    rows = {day: each for day, each in found.items() if each is not None}
    if {names[day]: fingerprints[names[day]] for day in rows} != {name: each for name, (each, _) in cached.days.items()}:
        noted = [(names[day], fingerprints[names[day]], len(each)) for day, each in rows.items()]
        _save(storage, asset, noted, _pieces(cached, rows.values()))
    wanted = [each for day, each in rows.items() if first <= day <= last]
    return to_pandas(pa.concat_tables([_schema(storage, asset).empty_table(), *_pieces(cached, wanted)]))


def _pieces(cached: _CachedDays, days: Iterable[Rows]) -> Iterator[pa.Table]:
    """The rows of some days, in as few tables as possible: days that are neighbours in the cache are one slice of it."""
    begin = end = 0
    for rows in days:
        if isinstance(rows, pa.Table):
            yield cached.table.slice(begin, end - begin)
            begin = end
            yield rows
        elif rows.start == end:
            end = rows.stop
        else:
            yield cached.table.slice(begin, end - begin)
            begin, end = rows.start, rows.stop
    yield cached.table.slice(begin, end - begin)


def _schema(storage: ChatStorage, asset: str) -> pa.Schema:
    return PARTITION_SCHEMAS[asset].arrow(storage.timezone)


def _version(storage: ChatStorage, asset: str) -> str:
    return f"{VERSION} {asset}/{PARTITION_SCHEMAS[asset].version} {storage.timezone}"


def _load(storage: ChatStorage, asset: str) -> _CachedDays:
    """The cached days; none if another version cached them, or the file is damaged."""
    schema, url = _schema(storage, asset), cache_path(storage, asset)
    with suppress(*DAMAGE, StoredFileError, AttributeError, RecursionError):
        table = rows_of(open_parquet(read_bytes(url)))
        noted = json.loads((table.schema.metadata or {})[DAYS_KEY])
        days = dict(_spans(noted["days"]))
        is_whole = sum(rows for _, _, rows in noted["days"]) == len(table)
        if noted["version"] == _version(storage, asset) and is_whole:
            usable = PARTITION_SCHEMAS[asset].upgrade(table, url, storage.timezone)
            return _CachedDays(usable.replace_schema_metadata(schema.metadata), days)
    return _CachedDays(schema.empty_table())


def _spans(noted: list[tuple[str, str, int]]) -> Iterator[tuple[str, tuple[str, range]]]:
    begin = 0
    for name, fingerprint, rows in noted:
        yield name, (fingerprint, range(begin, begin + rows))
        begin += rows


def _save(storage: ChatStorage, asset: str, days: list[tuple[str, str, int]], pieces: Iterable[pa.Table]) -> None:
    """Cache the rows of days, which are noted as in :data:`DAYS_KEY`."""
    noted = {"version": _version(storage, asset), "days": days}
    schema = _schema(storage, asset)
    schema = schema.with_metadata({**(schema.metadata or {}), DAYS_KEY: json.dumps(noted).encode()})
    rows = pa.concat_tables([schema.empty_table(), *(each.replace_schema_metadata(schema.metadata) for each in pieces)])
    with suppress(StoredFileError, OSError):  # if it cannot be written, the next call reads the days again
        write_row_groups(cache_path(storage, asset), schema, [rows], RISING.get(asset, ()))

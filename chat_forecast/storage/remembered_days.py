"""The days of an asset that were read once, in one file: a page about years opens that one instead of a thousand.

Belongs here: keeping them, and telling which of them are as they were when they were read.
Does not belong here: the days' own files (:mod:`.partition_files`), which alone are the truth.

A day is taken from there only while its own file has the size, the times and the mode that it had before it was read. The
file lies beside the chat's folders, and may be deleted at any time.
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
from chat_forecast.storage.file_marks import folder_marks
from chat_forecast.storage.parquet_files import DAMAGE, open_parquet, rows_of, write_row_groups
from chat_forecast.storage.partition_files import to_pandas
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

VERSION = 1
DAYS_KEY = b"days"
RISING = {"hourly_series": ("hour",)}


@dataclass(frozen=True)
class _Kept:
    """The days of an asset, one below the other."""

    table: pa.Table
    days: dict[str, tuple[str, range]] = field(default_factory=dict)
    """Name of a day's file -> its mark, and which rows are its own."""


Rows: TypeAlias = range | pa.Table
"""Which rows of those kept are a day's; or its rows, where they were read."""


def kept_file(storage: ChatStorage, asset: str) -> str:
    """Where the days of an asset are kept."""
    return join_url(storage.root, storage.chat, f".{asset}.days.parquet")


def remembered_frames(storage: ChatStorage, asset: str, first: LocalDay, last: LocalDay) -> pd.DataFrame:
    """What :meth:`.ChatStorage.frames` gives; only the files that were not read before are opened. Raises as that."""
    marks = folder_marks(join_url(storage.root, storage.chat, asset))
    days = {day: name for name in sorted(marks) if (day := storage.day_of(name)) is not None}
    kept = _load(storage, asset)
    known = {day for day, name in days.items() if name in kept.days and kept.days[name][0] == marks[name]}
    read = dict(storage.tables(asset, [day for day in days if first <= day <= last and day not in known]))
    rows = {day: kept.days[days[day]][1] if day in known else read.get(day) for day in days}
    stored = {day: each for day, each in rows.items() if each is not None}
    if {days[day]: marks[days[day]] for day in stored} != {name: mark for name, (mark, _) in kept.days.items()}:
        noted = [(days[day], marks[days[day]], len(each)) for day, each in stored.items()]
        _save(storage, asset, noted, _pieces(kept, stored.values()))
    found = [each for day, each in stored.items() if first <= day <= last]
    return to_pandas(pa.concat_tables([_schema(storage, asset).empty_table(), *_pieces(kept, found)]))


def _pieces(kept: _Kept, days: Iterable[Rows]) -> Iterator[pa.Table]:
    """The rows of some days; those that are kept next to each other are one piece: a thousand take longer to be joined."""
    begin = end = 0
    for rows in days:
        if isinstance(rows, pa.Table):
            yield kept.table.slice(begin, end - begin)
            begin = end
            yield rows
        elif rows.start == end:
            end = rows.stop
        else:
            yield kept.table.slice(begin, end - begin)
            begin, end = rows.start, rows.stop
    yield kept.table.slice(begin, end - begin)


def _schema(storage: ChatStorage, asset: str) -> pa.Schema:
    return PARTITION_SCHEMAS[asset].arrow(storage.timezone)


def _version(storage: ChatStorage, asset: str) -> str:
    return f"{VERSION} {asset}/{PARTITION_SCHEMAS[asset].version} {storage.timezone}"


def _load(storage: ChatStorage, asset: str) -> _Kept:
    """What is kept; nothing if that was made by another version, or is damaged."""
    schema, url = _schema(storage, asset), kept_file(storage, asset)
    with suppress(*DAMAGE, StoredFileError, AttributeError, RecursionError):
        table = rows_of(open_parquet(read_bytes(url)))
        noted = json.loads((table.schema.metadata or {})[DAYS_KEY])
        days = dict(_spans(noted["days"]))
        is_whole = sum(rows for _, _, rows in noted["days"]) == len(table)
        if noted["version"] == _version(storage, asset) and is_whole:
            usable = PARTITION_SCHEMAS[asset].upgrade(table, url, storage.timezone)
            return _Kept(usable.replace_schema_metadata(schema.metadata), days)
    return _Kept(schema.empty_table())


def _spans(noted: list[tuple[str, str, int]]) -> Iterator[tuple[str, tuple[str, range]]]:
    begin = 0
    for name, mark, rows in noted:
        yield name, (mark, range(begin, begin + rows))
        begin += rows


def _save(storage: ChatStorage, asset: str, days: list[tuple[str, str, int]], pieces: Iterable[pa.Table]) -> None:
    """Keep the rows of days: of each the name, the mark, and how many rows it has."""
    noted = {"version": _version(storage, asset), "days": days}
    schema = _schema(storage, asset)
    schema = schema.with_metadata({**(schema.metadata or {}), DAYS_KEY: json.dumps(noted).encode()})
    rows = pa.concat_tables([schema.empty_table(), *(each.replace_schema_metadata(schema.metadata) for each in pieces)])
    with suppress(StoredFileError, OSError):  # where nothing can be written, the next look takes as long
        write_row_groups(kept_file(storage, asset), schema, [rows], RISING.get(asset, ()))

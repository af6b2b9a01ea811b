"""A chat's stored partitions, over many days.

Belongs here: tables and records of a range of days, and the storage of every chat.
Does not belong here: one file (:mod:`.partition_files`), or who asks for it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import pandas as pd
import pyarrow as pa

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import to_microseconds
from chat_forecast.settings.models import Chat
from chat_forecast.storage.atomic_files import read_many
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.parquet_files import read_footer
from chat_forecast.storage.partition_files import PartitionFiles, to_pandas
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, OtherZoneError, StoredFileError
from chat_forecast.storage.zone_change import expect_not_moving

READ_AHEAD_DAYS = 60
FETCHED_AT_ONCE = 60
"""A store that is far away answers them in the time of a few."""


@dataclass(frozen=True)
class ChatStorage(PartitionFiles):
    """The stored partitions of one chat, one day or many at a time."""

    def expect_zone(self) -> None:
        """See that what is stored was counted in the chat's time zone, or in one of which that is an alias.

        The oldest and the newest hourly series are looked at. What else is wrong with them is found where they are read.

        Raises:
            StoredFileError: it was counted in another zone, or a change of the zone is not finished.
        """
        expect_not_moving(self.root, self.chat, self.timezone)
        days = self.days("hourly_series")
        for day in days[:1] + days[1:][-1:]:
            try:
                read_footer(self.url("hourly_series", day), self.schema("hourly_series", day), self.timezone)
            except OtherZoneError:
                raise
            except (StoredFileError, FileNotFoundError):
                continue

    def frames(self, asset: str, first: LocalDay, last: LocalDay) -> pd.DataFrame:
        """The stored tables of the days from ``first`` to ``last``, one below the other; unstored days are left out.

        Raises:
            StoredFileError: a file is damaged or foreign.
        """
        return self._concatenated(asset, (table for _, table in self.tables(asset, self._stored(asset, first, last))))

    def frames_of(self, asset: str, days: Sequence[LocalDay]) -> Iterator[pd.DataFrame]:
        """For each of some days, what :meth:`frames` gives of it alone, in less time: a block of days is made one table.

        Raises:
            StoredFileError: a file is damaged or foreign; the days of its block that come before it are not given.
        """
        empty = PARTITION_SCHEMAS[asset].arrow(self.timezone).empty_table()
        for begin in range(0, len(days), READ_AHEAD_DAYS):
            found = [
                empty if table is None else table for _, table in self.tables(asset, days[begin : begin + READ_AHEAD_DAYS])
            ]
            frame = to_pandas(pa.concat_tables([empty, *found]))
            ends = list(accumulate(map(len, found)))
            for low, high in pairwise([0, *ends]):
                yield frame.iloc[low:high].reset_index(drop=True)

    def tables(self, asset: str, days: Sequence[LocalDay]) -> Iterator[tuple[LocalDay, pa.Table | None]]:
        """The stored tables of some days, each read when it is asked for; None for a day that is not stored.

        Raises:
            StoredFileError: a file is damaged or foreign.
        """
        return ((day, self.table(asset, day, content)) for day, content in self._fetched(asset, days))

    def usable_frames(self, asset: str, first: LocalDay, last: LocalDay) -> tuple[pd.DataFrame, list[str]]:
        """As :meth:`frames`, but without the files that cannot be used; what is wrong with each is given beside it."""
        tables: list[pa.Table | None] = []
        faults: list[str] = []
        for day, content in self._fetched(asset, self._stored(asset, first, last)):
            try:
                tables.append(self.table(asset, day, content))
            except StoredFileError as error:
                faults.append(str(error))
        return self._concatenated(asset, tables), faults

    def _fetched(self, asset: str, days: Sequence[LocalDay]) -> Iterator[tuple[LocalDay, bytes | None]]:
        """Days, each with the content of its file where many are fetched at once: from an object store."""
        for begin in range(0, len(days), FETCHED_AT_ONCE):
            block = {day: self.url(asset, day) for day in days[begin : begin + FETCHED_AT_ONCE]}
            contents = read_many(list(block.values())) if len(block) > 1 else {}
            yield from ((day, contents.get(url)) for day, url in block.items())

    def _concatenated(self, asset: str, tables: Iterable[pa.Table | None]) -> pd.DataFrame:
        found = [table for table in tables if table is not None]
        if len(found) == 1:
            return to_pandas(found[0])
        empty = PARTITION_SCHEMAS[asset].arrow(self.timezone).empty_table()
        return to_pandas(pa.concat_tables([empty, *found]))

    def series_before(self, ends: Sequence[LocalDay], *, days: int) -> Iterator[pd.DataFrame]:
        """For each of the ascending days, the hourly series of the ``days`` days that end with it.

        Files are read once each, in blocks, so that a range of years is neither held whole nor read many times.
        """
        for begin in range(0, len(ends), READ_AHEAD_DAYS):
            block = ends[begin : begin + READ_AHEAD_DAYS]
            series = self.frames("hourly_series", block[0].plus(1 - days), block[-1])
            starts = to_microseconds(series["hour"])
            for day in block:
                low, high = starts.searchsorted([day.plus(1 - days).bounds[0], day.bounds[-1]])
                yield series.iloc[low:high].reset_index(drop=True)

    def trained_days(self) -> list[LocalDay]:
        """The days through which a model was trained, ascending; those at either end that knew no hour have none."""
        days = self.days("trained_model")
        while days and not self._has_model(days[-1]):
            days.pop()
        while days and not self._has_model(days[0]):
            del days[0]
        return days

    def _has_model(self, day: LocalDay) -> bool:
        record = self.frame("trained_model", day)
        return record is not None and len(record) > 0

    def newest_model(self, through: LocalDay) -> pd.Series | None:
        """The record of the newest model trained through a day that is not after ``through``; None if there is none."""
        return next(self.newest_models([through]))

    def newest_models(self, through: Sequence[LocalDay]) -> Iterator[pd.Series | None]:
        """For each of the ascending days, what :meth:`newest_model` gives; each record is read once."""
        trained, newest = self.days("trained_model"), None
        taken = 0
        for day in through:
            known = bisect_right(trained, day)
            for candidate in reversed(trained[taken:known]):
                record = self.frame("trained_model", candidate)
                if record is not None and len(record):  # a day up to which nothing was known has none
                    newest = record.iloc[0]
                    break
            taken = known
            yield newest

    def _stored(self, asset: str, first: LocalDay, last: LocalDay) -> list[LocalDay]:
        # A folder of years is not listed for one day, which is left out later if it is not stored.
        return [first] if first == last else [day for day in self.days(asset) if first <= day <= last]


class RecentDays:
    """The last days of an asset, for a run that passes over ascending days: each file is read once."""

    def __init__(
        self,
        storage: ChatStorage,
        asset: str,
        days: int,
        faults: list[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> None:
        """Of the days only some ``columns`` are given, if they are named.

        With ``faults``, files that cannot be used are left out, and what is wrong with each is added to them, once.
        """
        self._storage = storage
        self._columns = columns
        self._asset = asset
        self._days = days
        self._faults = faults
        self._tables: dict[LocalDay, pa.Table] = {}

    def ending(self, day: LocalDay) -> pd.DataFrame:
        """The stored tables of the days that end with ``day``, one below the other; unstored days are left out.

        Raises:
            StoredFileError: a file cannot be used, and no faults are gathered.
        """
        wanted = list(day.plus(1 - self._days).until(day))
        stored = {each: self._tables.get(each) or self._table(each) for each in wanted}
        self._tables = {each: table for each, table in stored.items() if table is not None}
        empty = PARTITION_SCHEMAS[self._asset].arrow(self._storage.timezone).empty_table()
        return to_pandas(pa.concat_tables([self._chosen(empty), *self._tables.values()]))

    def _chosen(self, table: pa.Table) -> pa.Table:
        return table if self._columns is None else table.select(self._columns)

    def _table(self, day: LocalDay) -> pa.Table | None:
        try:
            table = self._storage.table(self._asset, day)
            return None if table is None else self._chosen(table)
        except StoredFileError as error:
            if self._faults is None:
                raise
            self._faults += [str(error)] if str(error) not in self._faults else []
            return None


@dataclass(frozen=True)
class Storages:
    """The storage of every chat: below ``root`` (a folder or an fsspec URL), with the locks of its writers."""

    root: str
    locks: Locks

    def of(self, chat: Chat) -> ChatStorage:
        """One chat's stored partitions."""
        return ChatStorage(self.root, chat.slug, chat.timezone, self.locks)

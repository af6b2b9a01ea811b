"""The files of stored partitions: ``<root>/<chat>/<asset>/<YYYY-MM-DD>.parquet``.

Belongs here: reading and writing one day of an asset.
Does not belong here: tables of many days (:mod:`.partitions`), what a file's columns are (:mod:`.schemas`), how one file is
replaced (:mod:`.atomic_files`).
"""

import json
import re
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.errors import ChatForecastError
from chat_forecast.storage.atomic_files import file_exists, file_version, join_url, list_names, write_file
from chat_forecast.storage.forgotten import has_forgotten, without_forgotten
from chat_forecast.storage.locks import Held, Locks
from chat_forecast.storage.message_table import MessageTable
from chat_forecast.storage.parquet_files import DAMAGE, read_parquet, without_empty_topics
from chat_forecast.storage.partition_content import NotedTable, Value, content_of
from chat_forecast.storage.schemas import NOTES_KEY, PARTITION_SCHEMAS, READ_INTERVALS_KEY, Schema, StoredFileError

MESSAGE_ASSETS = ("raw_messages", "merged_history")
"""The assets whose partitions hold messages."""
ENDING = ".parquet"
WHOLE = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
"""How whole numbers keep their NA in pandas."""
NEWEST_DAYS = 7
"""The files of this many days before today are looked at whenever it is asked how a chat is doing (:mod:`.spot_checks`)."""
REWRITTEN = ".rewritten"
"""A note in a chat's folder that an older day was written again, which its folder and its inode alone may not show."""
DAYS_KEPT = 1 << 14
"""How many file names have their day cached: forty years in one time zone."""
PARTITION_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.parquet", re.ASCII)


class NotStored(ChatForecastError):
    """A partition that is needed is not stored; the message names it and what to do."""


@dataclass(frozen=True)
class PartitionFiles:
    """The files of one chat's partitions, on a local path or below any fsspec URL, one at a time."""

    root: str
    chat: str
    timezone: str
    locks: Locks

    def url(self, asset: str, day: LocalDay) -> str:
        """Where a partition is stored."""
        return join_url(self.root, self.chat, asset, day.key + ENDING)

    def lock(self) -> AbstractContextManager[Held]:
        """Hold the chat: one process at a time writes its partitions; it is freed when its holder dies."""
        return self.locks.hold(self.chat)

    def days(self, asset: str) -> list[LocalDay]:
        """The days of an asset that are stored, ascending; a file that is not named after a day is none of them."""
        days = (self.day_of(name) for name in list_names(join_url(self.root, self.chat, asset)))
        return [day for day in days if day is not None]

    def strays(self, asset: str) -> list[str]:
        """What lies in an asset's folder without being one of its days, such as a copy that somebody made."""
        folder = join_url(self.root, self.chat, asset)
        return [join_url(folder, name) for name in list_names(folder) if self.day_of(name) is None]

    def day_of(self, name: str) -> LocalDay | None:
        """The day whose partition a file is, by its name."""
        return day_named(name, self.timezone)

    def has(self, asset: str, day: LocalDay) -> bool:
        """Whether a partition is stored."""
        return file_exists(self.url(asset, day))

    def version(self, asset: str, day: LocalDay) -> str | None:
        """What changes when a partition is stored again; None where it is not stored."""
        return file_version(self.url(asset, day))

    def write(self, asset: str, day: LocalDay, value: Value) -> None:
        """Store one partition, replacing what stood there as a whole.

        Raises:
            StoredFileError: the value lacks columns of the asset, or has others.
        """
        self.write_content(asset, day, self.content(asset, day, value))

    def write_content(self, asset: str, day: LocalDay, content: bytes) -> None:
        """Store one partition, of which :meth:`content` gave the file."""
        if "://" not in self.root and file_exists(self.url(asset, day.plus(NEWEST_DAYS + 1))):
            with suppress(OSError):  # where nothing can be written, that is said of the file itself
                Path(self.root, self.chat, REWRITTEN).touch()
        write_file(self.url(asset, day), content)

    def content(self, asset: str, day: LocalDay, value: Value) -> bytes:
        """The content of the file in which a value is stored; raises as :meth:`write`."""
        if isinstance(value, MessageTable) and has_forgotten(self.root):
            value = value.batch()
        if isinstance(value, MessageBatch):
            value = MessageBatch(without_forgotten(self.root, value.messages), value.read_intervals)
        return content_of(PARTITION_SCHEMAS[asset], self.timezone, self.url(asset, day), value)

    def messages(self, asset: str, day: LocalDay) -> MessageBatch:
        """The stored messages of a day; an empty reading that covers nothing where the day is not stored.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        found = self.message_table(asset, day)
        return MessageBatch() if found is None else self._batch(asset, day, found)

    def message_table(self, asset: str, day: LocalDay) -> MessageTable | None:
        """The stored messages of a day in Arrow, or None where the day is not stored; raises as :meth:`messages`."""
        table = self.table(asset, day)
        return None if table is None else self._message_table(asset, day, table)

    def _message_table(self, asset: str, day: LocalDay, table: pa.Table) -> MessageTable:
        intervals = (table.schema.metadata or {}).get(READ_INTERVALS_KEY)
        if intervals is None:
            raise StoredFileError(
                f"{self.url(asset, day)} is not what its place says: it does not say which hours were read. "
                f"{self.schema(asset, day).advice}"
            )
        try:
            return MessageTable(without_empty_topics(table), ReadIntervals.from_json(intervals.decode()))
        except DAMAGE as error:
            raise self._damaged(asset, day, error) from error

    def _batch(self, asset: str, day: LocalDay, found: MessageTable) -> MessageBatch:
        try:
            return found.batch()
        except DAMAGE as error:
            raise self._damaged(asset, day, error) from error

    def frame(self, asset: str, day: LocalDay) -> pd.DataFrame | None:
        """The stored table of a day, or None where the day is not stored.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        table = self.table(asset, day)
        return None if table is None else to_pandas(table)

    def noted(self, asset: str, day: LocalDay) -> NotedTable | None:
        """The stored table of a day and what its partition says of itself, or None where the day is not stored.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        table = self.table(asset, day)
        return None if table is None else NotedTable(to_pandas(table), self.notes_of(asset, day, table))

    def notes(self, asset: str, day: LocalDay) -> dict[str, str]:
        """What a partition says of itself as a whole; nothing where it is not stored, or was stored by version 0.1.0.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        table = self.table(asset, day)
        return {} if table is None else self.notes_of(asset, day, table)

    def notes_of(self, asset: str, day: LocalDay, table: pa.Table) -> dict[str, str]:
        """As :meth:`notes`, of a table that was read already."""
        stored = (table.schema.metadata or {}).get(NOTES_KEY)
        try:
            found = json.loads(stored) if stored else {}
            return {name: str(text) for name, text in found.items()}
        except (ValueError, AttributeError) as error:
            raise self._damaged(asset, day, error) from error

    def required_messages(self, asset: str, day: LocalDay) -> MessageBatch:
        """The stored messages of a day.

        Raises:
            NotStored: the day is not stored.
            StoredFileError: the file is damaged or foreign.
        """
        return self._batch(asset, day, self.required_message_table(asset, day))

    def required_message_table(self, asset: str, day: LocalDay) -> MessageTable:
        """The stored messages of a day in Arrow; raises as :meth:`required_messages`."""
        return self._message_table(asset, day, self.required_table(asset, day))

    def required_frame(self, asset: str, day: LocalDay) -> pd.DataFrame:
        """The stored table of a day.

        Raises:
            NotStored: the day is not stored.
            StoredFileError: the file is damaged or foreign.
        """
        return to_pandas(self.required_table(asset, day))

    def required_table(self, asset: str, day: LocalDay) -> pa.Table:
        """The stored table of a day in Arrow; raises as :meth:`required_frame`."""
        table = self.table(asset, day)
        if table is None:
            raise self._not_stored(asset, day)
        return table

    def _damaged(self, asset: str, day: LocalDay, error: Exception) -> StoredFileError:
        return StoredFileError(f"{self.url(asset, day)} is damaged ({error}). {self.schema(asset, day).advice}")

    def _not_stored(self, asset: str, day: LocalDay) -> NotStored:
        return NotStored(
            f"{self.chat}/{asset} of {day.key} is not stored ({self.url(asset, day)}). "
            f"Materialise it first: chat-forecast backfill {self.chat} --from {day.key} --to {day.key}"
        )

    def schema(self, asset: str, day: LocalDay) -> Schema:
        """The schema of one partition, whose advice for an unusable file names its chat and day."""
        schema = PARTITION_SCHEMAS[asset]
        return replace(schema, advice=schema.advice.format(chat=self.chat, day=day.key), chat=self.chat)

    def table(self, asset: str, day: LocalDay, content: bytes | None = None) -> pa.Table | None:
        """The stored table of a day in Arrow, or None where the day is not stored; from its content, if that is at hand."""
        try:
            return read_parquet(self.url(asset, day), self.schema(asset, day), self.timezone, content)
        except FileNotFoundError:
            return None


@lru_cache(DAYS_KEPT)
def day_named(name: str, timezone: str) -> LocalDay | None:
    """The day after which a partition's file is named; remembered, since the folders of all assets name the same ones."""
    if not PARTITION_NAME.fullmatch(name):
        return None
    try:
        return LocalDay.parse(name.removesuffix(ENDING), timezone)
    except ValueError:
        return None


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A table in pandas; whole numbers keep their NA instead of becoming floats."""
    # No stored table has metadata of pandas, which it would look for in every column.
    frame: pd.DataFrame = table.to_pandas(use_threads=False, ignore_metadata=True, types_mapper=WHOLE.get)
    return frame

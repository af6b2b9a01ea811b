"""The archive: a chat's imported messages, which imports brought them, and the stretches of time that those read.

Belongs here: storing it as one file, changing it under a lock, and reading days from it.
Does not belong here: what a change does to it (:mod:`.archive_contents`), the rows of its file (:mod:`.archive_writing`),
the formats of imported files (:mod:`chat_forecast.sources.exports`), and how files are replaced (:mod:`.atomic_files`).
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from chat_forecast.domain.arrays import in_few_bytes
from chat_forecast.domain.messages import MESSAGE_DTYPES, TOPIC_DTYPE, MessageBatch, empty_messages, with_message_types
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.large_columns import goes_aside
from chat_forecast.storage.archive_contents import ArchiveContents, NewImport
from chat_forecast.storage.archive_ledger import LEDGER_KEY, Ledger
from chat_forecast.storage.archive_reading import GreatArchive
from chat_forecast.storage.archive_writing import write_contents
from chat_forecast.storage.atomic_files import file_exists, join_url, remove_file
from chat_forecast.storage.forgotten import without_forgotten
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.object_stores import open_store, store_errors
from chat_forecast.storage.parquet_files import DAMAGE, open_parquet, rows_of, sound, without_empty_topics
from chat_forecast.storage.schemas import ARCHIVE, READ_INTERVALS_KEY, StoredFileError

BATCH_ROWS = 65_536
"""Rows that are read at a time where windows are read."""
Window = tuple[datetime, datetime]
"""``[start, end)``."""


class Archive:
    """One chat's imported messages: ``<root>/<chat>/archive/messages.parquet``, below a folder or an fsspec URL.

    The messages are ordered by ``sent_at`` and ``message_id``. What was read, and the ledger, are metadata of the same file,
    so that all of it changes at once or not at all.
    """

    def __init__(self, root: str, chat: str, locks: Locks | None = None) -> None:
        """``locks`` keep others out during a change; a local file has its own lock file, unless locks are in a database."""
        self.chat, self._root, self._locks = chat, root, locks
        self.url = join_url(root, chat, "archive", "messages.parquet")

    @property
    def is_there(self) -> bool:
        """Whether anything was imported."""
        return file_exists(self.url)

    @property
    def folder_aside(self) -> Path:
        """Where to put what is too much for memory: the nearest existing folder above the archive, or a temporary one."""
        filesystem, path = open_store(self.url)
        if not isinstance(filesystem, LocalFileSystem):
            return Path(tempfile.gettempdir())
        return next(folder for folder in Path(path).absolute().parents if folder.is_dir())

    @property
    def read_intervals(self) -> ReadIntervals:
        """What the imports have read, all together; empty without any."""
        if not self.is_there:
            return ReadIntervals()
        with self._opened() as file:
            return self._read_intervals(file)

    @property
    def ledger(self) -> Ledger:
        """The imports that it holds; empty without any."""
        if not self.is_there:
            return Ledger()
        with self._opened() as file:
            return self._ledger(file)

    @property
    def known_until(self) -> datetime | None:
        """The last instant of which anything is known: the end of what was read, or the last message."""
        if not self.is_there:
            return None
        with self._opened() as file:
            ends: list[datetime] = [end for _, end in self._read_intervals(file).intervals[-1:]]
            groups = file.metadata.num_row_groups
            if groups:
                last = file.read_row_group(groups - 1, columns=["sent_at"], use_threads=False).column("sent_at")
                ends += [pd.Timestamp(last[-1].as_py())] if len(last) else []
            return max(ends, default=None)

    @property
    def first_message(self) -> datetime | None:
        """When its first message was sent; reads one row group."""
        if not self.is_there:
            return None
        with self._opened() as file:
            if not file.metadata.num_rows:
                return None
            return pd.Timestamp(file.read_row_group(0, columns=["sent_at"], use_threads=False).column("sent_at")[0].as_py())

    def read(self) -> MessageBatch:
        """Everything; an empty batch where nothing was imported.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        if not self.is_there:
            return MessageBatch()
        with self._opened() as file:
            return MessageBatch(_to_frame(rows_of(file, _columns(file))), self._read_intervals(file))

    def contents(self) -> ArchiveContents:
        """Everything, with the imports of each message; raises as :meth:`read`."""
        if not self.is_there:
            return ArchiveContents()
        with self._opened() as file:
            ledger = self._ledger(file)
            if goes_aside(file.metadata.num_rows):
                return ArchiveContents(*GreatArchive(file, self.url).read(len(ledger.sets)), ledger)
            table = ARCHIVE.upgrade(rows_of(file), self.url)
            codes = in_few_bytes(table.column("imports").fill_null(0).to_numpy(), len(ledger.sets))
            return ArchiveContents(_to_frame(table.drop_columns("imports")), codes, ledger)

    def read_window(self, start: datetime, end: datetime) -> MessageBatch:
        """Read the messages sent in ``[start, end)``, and what of it is covered.

        Raises:
            FileNotFoundError: nothing was imported.
            StoredFileError: the file is damaged or foreign.
        """
        return next(self.read_windows([(start, end)]))

    def read_windows(self, windows: Iterable[Window]) -> Iterator[MessageBatch]:
        """Read windows that follow one another, such as the days of a range; one at a time is in memory.

        Raises:
            FileNotFoundError: nothing was imported.
            StoredFileError: the file is damaged or foreign.
        """
        with self._opened() as file:
            read = self._read_intervals(file)
            rows = file.iter_batches(BATCH_ROWS, columns=_columns(file), use_threads=False)
            batches = (_to_frame(sound(pa.Table.from_batches([batch]))) for batch in rows)
            for (start, end), messages in _cut(batches, windows):
                yield MessageBatch(messages, read.clip(start, end))

    def add(self, *imports: NewImport, at: datetime | None = None) -> int:
        """Add imports; returns how many of their messages were not in the archive before. Raises as :meth:`change`."""
        before, after = self.change(lambda contents: contents.with_imports(imports, at))
        return len(after.messages) - len(before.messages)

    def change(self, change: Callable[[ArchiveContents], ArchiveContents]) -> tuple[ArchiveContents, ArchiveContents]:
        """Replace what it holds; returns what it held before and what it holds now.

        Nothing is written if ``change`` returns what it was given; if no import is left, the file is removed. Two processes
        may call this at once on a local disk, and elsewhere if there are locks.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        with self._locked():
            before = self.contents()
            after = self._allowed(change(before))
            if after is not before and after.ledger.imports:
                write_contents(self.url, after)
            elif after is not before and self.is_there:
                remove_file(self.url)
            return before, after

    def _allowed(self, contents: ArchiveContents) -> ArchiveContents:
        messages = without_forgotten(self._root, contents.messages)
        return contents if messages is contents.messages else replace(contents, messages=messages)

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        filesystem, path = open_store(self.url)
        try:
            with store_errors(), filesystem.open(path, "rb") as content:
                file = open_parquet(content)
                ARCHIVE.expect(file.schema_arrow, self.url)
                yield file
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise StoredFileError(f"{self.url} cannot be read ({error.strerror}). Put it right, and try again.") from error
        except DAMAGE as error:
            raise StoredFileError(
                f"{self.url} is damaged or is no archive of messages ({error}). Restore it from a backup, or "
                f"delete it and import the files again: chat-forecast import {self.chat} FILE"
            ) from error

    def _read_intervals(self, file: pq.ParquetFile) -> ReadIntervals:
        stored = (file.schema_arrow.metadata or {}).get(READ_INTERVALS_KEY)
        if stored is None:
            raise pa.ArrowInvalid("it does not tell what was read")
        return ReadIntervals.from_json(stored.decode())

    def _ledger(self, file: pq.ParquetFile) -> Ledger:
        stored = (file.schema_arrow.metadata or {}).get(LEDGER_KEY)
        if stored is None:
            return Ledger.of_version_1(self._read_intervals(file), file.metadata.num_rows)
        return Ledger.from_json(stored.decode())

    def _locked(self) -> AbstractContextManager[object]:
        filesystem, path = open_store(self.url)
        is_local = isinstance(filesystem, LocalFileSystem)
        if self._locks is not None and (self._locks.database or not is_local):
            return self._locks.hold(f"{self.chat}.archive")
        if not is_local:
            return nullcontext()
        from filelock import FileLock

        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / ".messages.lock")


def _cut(batches: Iterator[pd.DataFrame], windows: Iterable[Window]) -> Iterator[tuple[Window, pd.DataFrame]]:
    """Cut messages into windows, where both ascend; one batch and one window at a time are in memory."""
    held, is_at_end = empty_messages(), False
    for start, end in windows:
        pieces = []
        while True:
            low, high = held["sent_at"].searchsorted([pd.Timestamp(start), pd.Timestamp(end)])
            pieces.append(held.iloc[low:high])
            held = held.iloc[high:]
            if len(held) or is_at_end:
                break
            held = next(batches, empty_messages())
            is_at_end = held.empty
        yield (start, end), pd.concat(pieces, ignore_index=True)


def _to_frame(table: pa.Table) -> pd.DataFrame:
    return with_message_types(without_empty_topics(table).to_pandas(use_threads=False))


def _columns(file: pq.ParquetFile) -> list[str]:
    """The columns of a message, as far as the file has them."""
    return [name for name in [*MESSAGE_DTYPES, *TOPIC_DTYPE] if name in file.schema_arrow.names]

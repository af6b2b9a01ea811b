"""The archive: a chat's imported messages, and what stretches of time the imported files covered.

Belongs here: storing it as one file, adding to it, and reading days from it.
Does not belong here: the formats of imported files (:mod:`.readers`), and how files are replaced
(:mod:`chat_forecast.storage.atomic_files`).
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch, empty_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.atomic_files import file_exists, join_url, write_parquet
from chat_forecast.storage.schemas import ARCHIVE, READ_INTERVALS_KEY, StoredFileError

BATCH_ROWS = 65_536


class Archive:
    """One chat's imported messages: ``<root>/<chat>/archive/messages.parquet``, below a folder or an fsspec URL.

    The messages are ordered by ``sent_at`` and ``message_id``. What was covered stands in the same file, so that both
    change at once.
    """

    def __init__(self, root: str, chat: str) -> None:
        self.chat = chat
        self.url = join_url(root, chat, "archive", "messages.parquet")

    @property
    def is_there(self) -> bool:
        """Whether anything was imported."""
        return file_exists(self.url)

    @property
    def read_intervals(self) -> ReadIntervals:
        """The union of the stretches from the first to the last message of every imported file; empty without any."""
        if not self.is_there:
            return ReadIntervals()
        with self._opened() as file:
            return self._coverage(file)

    @property
    def known_until(self) -> datetime | None:
        """The last instant of which anything is known: the end of what is covered, or a message that covers nothing."""
        reading = self.read()
        instants = [end for _, end in reading.read_intervals.intervals[-1:]] + list(reading.messages["sent_at"].tail(1))
        return max(instants, default=None)

    def read(self) -> MessageBatch:
        """Everything; an empty reading where nothing was imported.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        if not self.is_there:
            return MessageBatch()
        with self._opened() as file:
            return MessageBatch(_to_frame(file.read()), self._coverage(file))

    def read_window(self, start: datetime, end: datetime) -> MessageBatch:
        """Read the messages sent in ``[start, end)``, and what of it is covered.

        Raises:
            FileNotFoundError: nothing was imported.
            StoredFileError: the file is damaged or foreign.
        """
        return next(self.read_windows([(start, end)]))

    def read_windows(self, windows: Iterable[tuple[datetime, datetime]]) -> Iterator[MessageBatch]:
        """Read windows that follow one another; of a range of years, one window at a time is in memory.

        Raises:
            FileNotFoundError: nothing was imported.
            StoredFileError: the file is damaged or foreign.
        """
        with self._opened() as file:
            coverage = self._coverage(file)
            batches = (_to_frame(pa.Table.from_batches([batch])) for batch in file.iter_batches(BATCH_ROWS))
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
                yield MessageBatch(pd.concat(pieces, ignore_index=True), coverage.clip(start, end))

    def add(self, reading: MessageBatch) -> int:
        """Add a reading; returns how many of its messages were not in the archive before.

        Nothing is written if it tells nothing new. On a local disk two processes may add at once.

        Raises:
            StoredFileError: the file is damaged or foreign.
        """
        with self._locked():
            before = self.read()
            after = merge_batches([before, reading])
            if (
                not self.is_there
                or after.read_intervals != before.read_intervals
                or not after.messages.equals(before.messages)
            ):
                write_parquet(self.url, _to_table(after))
            return len(after.messages) - len(before.messages)

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        filesystem, path = fsspec.core.url_to_fs(self.url)
        with filesystem.open(path, "rb") as content:
            try:
                file = pq.ParquetFile(content)
                ARCHIVE.expect(file.schema_arrow, self.url)
                yield file
            except (pa.ArrowException, OSError) as error:
                raise StoredFileError(
                    f"{self.url} is damaged or is no archive of messages ({error}). Restore it from a backup, or "
                    f"delete it and import the files again: chat-forecast import {self.chat} FILE"
                ) from error

    def _coverage(self, file: pq.ParquetFile) -> ReadIntervals:
        stored = (file.schema_arrow.metadata or {}).get(READ_INTERVALS_KEY)
        if stored is None:
            raise pa.ArrowInvalid("it does not tell what was covered")
        return ReadIntervals.from_json(stored.decode())

    def _locked(self) -> AbstractContextManager[object]:
        filesystem, path = fsspec.core.url_to_fs(self.url)
        if not isinstance(filesystem, LocalFileSystem):
            return nullcontext()
        from filelock import FileLock

        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / ".messages.lock")


def _to_table(reading: MessageBatch) -> pa.Table:
    """Make the table to store; the same reading gives the same bytes."""
    # Not pa.Table.from_pandas: it uses what pandas deprecates, and adds metadata that differ by version.
    sent_at = pa.array(reading.messages["sent_at"].dt.tz_convert(None).to_numpy())
    columns = [
        pa.array(reading.messages["message_id"].to_numpy()),
        sent_at.cast(ARCHIVE.arrow().field("sent_at").type),
        pa.array(reading.messages["sender"].to_numpy(), pa.string(), from_pandas=True),
    ]
    schema = ARCHIVE.arrow()
    intervals = reading.read_intervals.to_json().encode()
    return pa.table(columns, schema.with_metadata({**schema.metadata, READ_INTERVALS_KEY: intervals}))


def _to_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype(MESSAGE_DTYPES)

"""The source of a chat that was imported from files: its archive.

Belongs here: reading days from the archive.
Does not belong here: filling it (:mod:`chat_forecast.app.importing`).
"""

from collections.abc import Iterator, Sequence

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.sources.base import SourceError
from chat_forecast.storage.archive import Archive


class ExportSource:
    """An archive as a :class:`~chat_forecast.sources.base.MessageSource`."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Read the days one by one; a day covers what the imported files covered of it.

        Raises:
            SourceError: nothing was imported yet.
            StoredFileError: the archive is damaged or foreign.
        """
        if not self._archive.is_there:
            chat = self._archive.chat
            raise SourceError(
                f"{chat} has no archive: expected {self._archive.url}. Import an export of the chat's program, a CSV "
                f"or a Parquet file: chat-forecast import {chat} FILE"
            )
        yield from self._archive.read_windows((day.start, day.end) for day in days)

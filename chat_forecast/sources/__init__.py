"""Where messages come from: one outside source a file.

Belongs here: reading a chat's messages from Telegram, from export files or from a simulation.
Does not belong here: what is done with them afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.topics import are_topics_known
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.sources.base import TRAITS, MessageSource, SourceError
from chat_forecast.sources.imported import ExportSource
from chat_forecast.sources.simulated import SimulatedSource
from chat_forecast.sources.telegram.connection import Limits
from chat_forecast.sources.telegram.peers import Peers, message_link
from chat_forecast.sources.telegram.source import TelegramSource, keep_nothing, nothing_stored, say_nothing
from chat_forecast.sources.topics import TopicSource
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage

UNUSED = Locks(Path())
"""Locks for storage that is only read; never taken."""


def read_as(chat: Chat) -> Chat:
    """The chat that is read for a chat: the forum for a topic, else itself."""
    return chat.forum if isinstance(chat, Topic) else chat


def computed_source(chat: Chat) -> MessageSource:
    """The source of a chat whose source computes its days: it needs nothing that is stored."""
    return SimulatedSource(chat.simulation.seed, chat.timezone)


def _with_topics_only(stored: Callable[[LocalDay], MessageBatch]) -> Callable[[LocalDay], MessageBatch]:
    """Wrap ``stored`` so that days which were read before topics were kept count as not read, and are read again."""

    def known(day: LocalDay) -> MessageBatch:
        batch = stored(day)
        return batch if are_topics_known(batch.messages) else replace(batch, read_intervals=ReadIntervals())

    return known


@dataclass(frozen=True)
class Sources:
    """The source of every chat; imported archives lie below ``root``, a folder or an fsspec URL."""

    root: str
    home: Path | None = None
    """Where Telegram's session and its chats are kept; only a chat of Telegram needs it."""
    limits: Limits = field(default=Limits())
    """How long Telegram may take."""

    def of(
        self,
        chat: Chat,
        stored: Callable[[LocalDay], MessageBatch] = nothing_stored,
        say: Callable[[str], object] = say_nothing,
        keep: Callable[[LocalDay, MessageBatch], object] = keep_nothing,
    ) -> MessageSource:
        """The source that the chat's configuration names.

        ``stored`` returns what earlier runs read of a day, so that a costly source need not be asked again. ``say`` is
        called with messages for the user, such as about a wait that Telegram asks for. ``keep`` is called with the parts of
        a very busy day as they are read.
        """
        if isinstance(chat, Topic):
            own, forum = (ChatStorage(self.root, slug, chat.timezone, UNUSED) for slug in (chat.slug, chat.forum.slug))
            return TopicSource(chat, forum, own, say)
        if chat.source == "simulated":
            return computed_source(chat)
        archive = Archive(self.root, chat.slug)
        if chat.source == "export":
            return ExportSource(archive)
        if self.home is None:
            raise SourceError(f"{chat.slug}: a chat of Telegram needs a home folder for its session, found none")
        wanted = _with_topics_only(stored) if chat.topics else stored
        return TelegramSource(chat.slug, self.home, archive, wanted, say, self.limits, keep)

    def offline(self, chat: Chat) -> MessageSource | None:
        """The part of the chat's source that can be read without a network; None where there is none."""
        archive = Archive(self.root, chat.slug)
        if chat.source == "simulated" or isinstance(chat, Topic):
            return self.of(chat)
        return ExportSource(archive) if archive.is_there else None

    def link(self, chat: Chat, message_id: int) -> str | None:
        """The address of one of the chat's messages; None where it has none."""
        if chat.source != "telegram" or self.home is None:
            return None
        try:
            return message_link(Peers(self.home).get(read_as(chat).slug), message_id)
        except SourceError:
            return None

    def expect_ready(self, chat: Chat) -> None:
        """Check that a chat can be read, as far as that is known without a network.

        Raises:
            SourceError: something is missing; the message says what to do.
        """
        source = self.of(chat)
        if isinstance(source, TelegramSource):
            source.expect_ready()

    def end_of(self, chat: Chat) -> LocalDay | None:
        """The last day that a chat will have unless more is imported; None for a chat that goes on.

        Raises:
            StoredFileError: the archive is damaged.
        """
        if chat.last_day is not None:
            return LocalDay(chat.last_day, chat.timezone)
        known_until = Archive(self.root, read_as(chat).slug).known_until if TRAITS[chat.source].has_end else None
        return None if known_until is None else LocalDay.containing(known_until, chat.timezone)

    def last_day(self, chat: Chat, yesterday: LocalDay) -> LocalDay:
        """The last day that is worth doing: yesterday, or the last day of a chat that has ended."""
        end = self.end_of(chat)
        return yesterday if end is None else min(yesterday, end)

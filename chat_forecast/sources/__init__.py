"""Where messages come from: one outside source a file.

Belongs here: reading a chat's messages from Telegram, from export files or from a simulation.
Does not belong here: what is done with them afterwards.
"""

from dataclasses import dataclass

from chat_forecast.config import Chat
from chat_forecast.core.days import LocalDay
from chat_forecast.sources.archive import Archive
from chat_forecast.sources.base import MessageSource
from chat_forecast.sources.export import ExportSource
from chat_forecast.sources.simulated import SimulatedSource


@dataclass(frozen=True)
class Sources:
    """The source of every chat; imported archives lie below ``root``, a folder or an fsspec URL."""

    root: str

    def of(self, chat: Chat) -> MessageSource:
        """The source that the chat's configuration names."""
        if chat.source == "simulated":
            return SimulatedSource(chat.simulation.seed, chat.timezone)
        return ExportSource(Archive(self.root, chat.slug))

    def offline(self, chat: Chat) -> MessageSource | None:
        """The part of the chat's source that can be read without a network; None where there is none."""
        if chat.source == "export" and not Archive(self.root, chat.slug).is_there:
            return None
        return self.of(chat)

    def last_day(self, chat: Chat, yesterday: LocalDay) -> LocalDay:
        """The last day that is worth doing: yesterday, or the last day of which an archive knows anything."""
        if chat.source == "simulated":
            return yesterday
        covered = Archive(self.root, chat.slug).coverage
        return (
            yesterday if covered.is_empty else min(yesterday, LocalDay.containing(covered.intervals[-1][1], chat.timezone))
        )

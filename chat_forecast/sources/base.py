"""The interface of a source of messages, and the traits in which sources differ.

Belongs here: the protocol, the traits, the errors. Does not belong here: any one source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.models import SourceName


@dataclass(frozen=True)
class Traits:
    """What a kind of source is like."""

    has_end: bool = False
    """It gets no new messages by itself: the chat's days end with what was imported."""
    needs_session: bool = False
    """It is read over a network, with a login that only one process may use at a time."""
    is_computed: bool = False
    """Each of its days is computed from its date alone, so in any order and in any process."""


TRAITS: dict[SourceName, Traits] = {
    "simulated": Traits(is_computed=True),
    "export": Traits(has_end=True),
    "telegram": Traits(needs_session=True),
}


class MessageSource(Protocol):
    """One chat's messages, read by local days."""

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Read consecutive days, oldest first, and yield a batch for each as soon as it is complete.

        A batch holds the messages of its day alone; its read intervals are what the source really knows: none for a day of
        which it knows nothing, which is not a quiet day.

        Raises:
            SourceError: the source cannot be read; the days already yielded are valid.
        """


class SourceError(ChatForecastError):
    """A source of messages could not be read; the message says what was found and what to do."""


class SourceAsksToWait(SourceError):
    """A source wants to be asked again after ``seconds``; the days already yielded are valid."""

    seconds: float

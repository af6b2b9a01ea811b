"""What every source of messages offers, and in what sources differ.

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
    """It has nothing newer than what it holds: its chat's days end there, until more is imported."""
    needs_session: bool = False
    """It is read through a login that one process may use at a time, and can be away."""
    is_computed: bool = False
    """Each of its days is computed from its date, in any order and in any process."""


TRAITS: dict[SourceName, Traits] = {
    "simulated": Traits(is_computed=True),
    "export": Traits(has_end=True),
    "telegram": Traits(needs_session=True),
}


class MessageSource(Protocol):
    """One chat's messages, read by local days."""

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Read the days, which follow one another, oldest first, and yield one reading for each as it is complete.

        A reading holds the messages of its day alone, and covers just what the source answers for: a day that the source
        knows nothing of gives an empty coverage, not a quiet day. A source that cannot be read raises
        :class:`SourceError`; days already yielded stand.
        """


class SourceError(ChatForecastError):
    """A source of messages could not be read; the message says what was found and what to do."""


class SourceAsksToWait(SourceError):
    """A source wants to be asked again later; what it gave until then stands."""

    seconds: float

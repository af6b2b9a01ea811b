"""What every source of messages offers."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.errors import ChatForecastError


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

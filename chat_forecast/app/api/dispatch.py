"""Dispatching a request for the JSON API or the metrics.

Belongs here: loading the chats and stores of a home as they are at the request, and calling what answers it.
Does not belong here: the answers (:mod:`.answers`, :mod:`.metrics`).
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from chat_forecast.app.api.answers import answer
from chat_forecast.app.api.metrics import exposition
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats

METRICS = "/metrics"
Answer = Callable[[str], bytes | None]
"""Answers a path of the API, or gives the metrics; None where there is nothing."""


def no_api(_path: str) -> bytes | None:
    """Serve no API: there is nothing at any path."""
    return None


class ApiDispatcher:
    """Answers requests for the API and the metrics of a home's chats."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._looking = threading.Lock()  # several programs that ask at once are answered one after the other

    def __call__(self, path: str) -> bytes | None:
        """See :data:`Answer`.

        Raises:
            ChatForecastError: the settings or the stored files cannot be used.
            LockTaken: another process is looking at the chat's day.
        """
        now, stores = datetime.now(UTC), resources_of(self._home)
        chats = load_chats(self._home.chats_file, now.date())
        with self._looking:
            if path == METRICS:
                return exposition(chats, stores, now)
            return answer(path, {chat.slug: chat for chat in chats}, stores, now)

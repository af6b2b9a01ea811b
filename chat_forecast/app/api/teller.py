"""Answering programs for one home.

Belongs here: the chats and stores that an answer is made from, at the moment of the question.
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
Tell = Callable[[str], bytes | None]
"""Answers a path of the API, or gives the metrics; None where there is nothing."""


def tell_nothing(_path: str) -> bytes | None:
    """Have no API."""
    return None


class Teller:
    """Answers the API, and gives the metrics, of a home's chats."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._looking = threading.Lock()  # several programs that ask at once are answered one after the other

    def __call__(self, path: str) -> bytes | None:
        """See :data:`Tell`.

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

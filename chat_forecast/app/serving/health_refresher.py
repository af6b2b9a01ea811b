"""Keeping the health of all chats up to date in the background, so that ``status`` answers at once.

Belongs here: when it is refreshed.
Does not belong here: what health is, and how long it is valid (:mod:`chat_forecast.app.health_cache`).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from chat_forecast.app.health_cache import Examiner
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats

REFRESH_SECONDS = 60.0


@contextmanager
def refresh_health(home: Home) -> Iterator[None]:
    """Refresh the health of every chat each minute, in a thread, while the block runs; an unchanged chat costs little."""
    ended = threading.Event()
    thread = threading.Thread(target=_refresh_regularly, args=(home, ended), name="health")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _refresh_regularly(home: Home, ended: threading.Event) -> None:
    while not ended.wait(REFRESH_SECONDS):
        try:
            refresh_all(home, ended)
        except (ChatForecastError, OSError):
            continue  # `status` reports it


def refresh_all(home: Home, ended: threading.Event) -> None:
    """Refresh the health of one chat after another, until all are done or ``ended`` is set.

    Raises:
        ChatForecastError: the settings cannot be used.
    """
    resources = resources_of(home)
    examiner = Examiner(resources.storages, resources.sources, resources.tracking)
    for chat in load_chats(home.chats_file, datetime.now(UTC).date()):
        if ended.is_set():
            return
        examiner.refresh(chat, datetime.now(UTC))

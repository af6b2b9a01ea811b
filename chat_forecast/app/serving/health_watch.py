"""Looking how the chats are doing before anybody asks, so that ``status`` answers at once.

Belongs here: when it is looked.
Does not belong here: what is found, and how long it holds (:mod:`chat_forecast.app.health_cache`).
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

LOOK_SECONDS = 60.0


@contextmanager
def looking_ahead(home: Home) -> Iterator[None]:
    """Look at every chat of a home each minute, beside what the block does; one that has not changed costs little."""
    ended = threading.Event()
    thread = threading.Thread(target=_look, args=(home, ended), name="health")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _look(home: Home, ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        try:
            look_once(home, ended)
        except (ChatForecastError, OSError):
            continue  # whoever asks for the status is told


def look_once(home: Home, ended: threading.Event) -> None:
    """Look at the chats one after another, until all are done or the end has come.

    Raises:
        ChatForecastError: the settings cannot be used.
    """
    resources = resources_of(home)
    examiner = Examiner(resources.storages, resources.sources, resources.tracking)
    for chat in load_chats(home.chats_file, datetime.now(UTC).date()):
        if ended.is_set():
            return
        examiner.refresh(chat, datetime.now(UTC))

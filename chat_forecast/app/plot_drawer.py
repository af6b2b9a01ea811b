"""Drawing what the report server shows as pictures, when somebody looks.

Belongs here: finding what a path's picture is of, and keeping drawn ones in memory.
Does not belong here: drawing (:mod:`chat_forecast.presentation.plots`), or serving (:mod:`.report_server`).
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.today_sensor import ASSET as TODAY
from chat_forecast.pipeline.watching import is_watchable, look
from chat_forecast.presentation.today import draw_look
from chat_forecast.settings.links import NEWEST
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError

PLOTS_KEPT = 256
"""In memory; one has about 20 kB."""
KEPT_SECONDS = 300
"""A plot shows days around its own, such as the skill of a month, and those may be stored again too."""
Draw = Callable[[str, str, str], bytes | None]
"""Draws the stored day (its key, or ``newest``) of an asset of a chat (its slug); None where there is nothing to draw."""


class PlotDrawer:
    """Draws the stored days of a home's chats, each once until it is stored again, or until some minutes are over."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic) -> None:
        self._home, self._clock = home, clock
        self._drawing = threading.Lock()  # drawing is not made for several threads at once
        self._drawn = lru_cache(PLOTS_KEPT)(self._draw)

    def __call__(self, slug: str, asset: str, day: str) -> bytes | None:
        """See :data:`Draw`.

        Raises:
            ChatForecastError: the settings or the stored files cannot be used.
        """
        chats = {chat.slug: chat for chat in load_chats(self._home.chats_file, datetime.now(UTC).date())}
        if slug in chats and asset == TODAY:
            return self._draw_today(chats[slug], day)
        if slug not in chats or asset not in PARTITION_SCHEMAS:
            return None
        stored = resources_of(self._home).storages.of(chats[slug])
        if day == NEWEST:
            day = max((each.key for each in stored.days(asset)), default="none")
        try:
            LocalDay.parse(day, chats[slug].timezone)
        except ValueError:
            return None
        version = stored.version(asset, LocalDay.parse(day, chats[slug].timezone))
        if version is None:
            return None
        with self._drawing:
            return self._drawn(slug, asset, day, version, int(self._clock() / KEPT_SECONDS))

    def _draw_today(self, chat: Chat, day: str) -> bytes | None:
        """The day that is not over, as far as it was read; None where it is another one, or is not looked at."""
        now = datetime.now(UTC)
        if not is_watchable(chat) or day not in (NEWEST, LocalDay.containing(now, chat.timezone).key):
            return None
        with self._drawing:
            return draw_look(look(chat, resources_of(self._home), now))

    def _draw(self, slug: str, asset: str, day: str, _version: str, _period: int) -> bytes | None:
        from chat_forecast.presentation.plots.stored_days import draw_stored_day

        chats = {chat.slug: chat for chat in load_chats(self._home.chats_file, datetime.now(UTC).date())}
        chat = chats[slug]
        stored = resources_of(self._home).storages.of(chat)
        try:
            return draw_stored_day(chat, stored, asset, LocalDay.parse(day, chat.timezone))
        except (ValueError, LookupError, TypeError, AttributeError) as error:  # whole files whose values are none of ours
            raise StoredFileError(
                f"No plot of {slug}/{asset} of {day} can be drawn from what is stored ({type(error).__name__}: {error}). "
                f"Make the day again: chat-forecast backfill {slug} --from {day} --to {day}"
            ) from error

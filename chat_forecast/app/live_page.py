"""Adding the day that is not over to a chat's page, when the report server serves it.

Belongs here: which page is of which chat, and examining its day at that moment.
Does not belong here: the section (:mod:`chat_forecast.presentation.reports.live`), or serving (:mod:`.report_server`).
"""

from collections.abc import Callable
from datetime import UTC, datetime

from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.resources import resources_of
from chat_forecast.pipeline.watching import is_watchable, look
from chat_forecast.settings.known_values import known_languages
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import load_chats

PageUpdate = Callable[[str, bytes], bytes]
"""Takes the file name and the content of a page, and returns the content to serve."""


def unchanged_page(_name: str, page: bytes) -> bytes:
    """Serve a page as it is."""
    return page


class LivePages:
    """Adds a section about the current day to the pages of a home's live chats."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __call__(self, name: str, page: bytes) -> bytes:
        """See :data:`PageUpdate`. A page whose day cannot be examined is served as it is; `status` says what is wrong."""
        slug, _, language = name.removesuffix(".html").partition(".")
        now, stores = datetime.now(UTC), resources_of(self._home)
        if language not in known_languages() or stores.reports.unavailable:
            return page
        from chat_forecast.presentation.phrases.catalogue import Phrases
        from chat_forecast.presentation.reports.live import with_live_section

        try:
            chats = {chat.slug: chat for chat in load_chats(self._home.chats_file, now.date())}
            if slug not in chats or not is_watchable(chats[slug]) or not chats[slug].watch_minutes:
                return page
            return with_live_section(page, look(chats[slug], stores, now), Phrases(language))
        except ChatForecastError:
            return page

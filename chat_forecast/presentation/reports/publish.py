"""The pages as files: ``<root>/reports/<chat>.<language>.html``, and the index that leads to them.

Belongs here: making a page, replacing its file as a whole, telling whether it is still up to date.
Does not belong here: what a page says (:mod:`.page`), or when it is made (:mod:`chat_forecast.pipeline.report_sensor`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage, Storages
from chat_forecast.whole_files import replace_file

STATE = re.compile(rb'<meta name="chat-forecast-state" content="([^"]*)">')
HEAD_BYTES = 4096
"""The state stands within so many first bytes of a page."""


@dataclass(frozen=True)
class Reports:
    """The pages of all chats in one local folder."""

    folder: Path
    storages: Storages

    def path(self, chat: Chat, language: str | None = None) -> Path:
        """Where a chat's page is kept; in the chat's own language by default."""
        return self.folder / f"{chat.slug}.{language or chat.language}.html"

    def make(self, chat: Chat, language: str | None = None, *, path: Path | None = None) -> Path:
        """Make a chat's page and put it in its place, or where ``path`` says.

        Raises:
            StoredFileError: what is stored of the chat is damaged.
            OSError: the file cannot be written.
        """
        from chat_forecast.presentation.reports.facts import gather
        from chat_forecast.presentation.reports.library import javascript
        from chat_forecast.presentation.reports.page import report_page
        from chat_forecast.presentation.reports.phrases import Words

        storage = self.storages.of(chat)
        # Taken before the data: what is stored meanwhile makes the page outdated, not wrong.
        state = _state(chat, storage)
        page = report_page(
            gather(chat, storage), Words(language or chat.language), library=javascript(self.folder), state=state
        )
        target = path or self.path(chat, language)
        replace_file(target, page.encode())
        return target

    def make_current(self, chat: Chat) -> list[Path]:
        """Make those of a chat's pages anew that are not up to date: in its own language and in any made before.

        A chat of which nothing was read gets none.

        Raises:
            StoredFileError: what is stored of the chat is damaged.
            OSError: a file cannot be written.
        """
        if not self.storages.of(chat).days("hourly_series"):
            return []
        state = self.state(chat)
        languages = [chat.language, *(language for language in self.languages(chat) if language != chat.language)]
        outdated = [language for language in languages if _stored_state(self.path(chat, language)) != state]
        return [self.make(chat, language) for language in outdated]

    def state(self, chat: Chat) -> str:
        """What a page made now would be made from, and by which version: pages of one state say the same."""
        return _state(chat, self.storages.of(chat))

    def languages(self, chat: Chat) -> list[str]:
        """The languages in which there is a page of the chat."""
        return sorted(path.name.split(".")[1] for path in self.folder.glob(f"{chat.slug}.*.html"))

    def make_index(self, chats: Sequence[Chat]) -> Path:
        """Make the page that leads to every chat's: in their language if they have one in common, else in English."""
        from chat_forecast.presentation.reports.facts import newest_forecast
        from chat_forecast.presentation.reports.page import IndexEntry, index_page
        from chat_forecast.presentation.reports.phrases import Words

        entries = []
        for chat in chats:
            made = self.languages(chat)
            made.sort(key=lambda language, own=chat.language: (language != own, language))  # type: ignore[misc]  # a default binds the loop's value
            pages = [
                {"file": f"{chat.slug}.{language}.html", "language": language, "name": Words(language)("language.name")}
                for language in made
            ]
            entries.append(IndexEntry(chat, newest_forecast(self.storages.of(chat)), pages))
        spoken = {chat.language for chat in chats}
        index = self.folder / "index.html"
        replace_file(index, index_page(entries, Words(spoken.pop() if len(spoken) == 1 else "en")).encode())
        return index


def _state(chat: Chat, storage: ChatStorage) -> str:
    stored = [storage.days(asset) for asset in ("hourly_series", "daily_score", "next_day_forecast")]
    newest = [days[-1] if days else None for days in stored]
    forecast = storage.frame("next_day_forecast", newest[2]) if newest[2] else None
    made_by = "none" if forecast is None or forecast.empty else str(forecast["trained_through"].iloc[0])
    days = [day.key if day else "none" for day in newest]
    return " ".join([version("chat_forecast"), chat.source, chat.timezone, *days, f"model-{made_by}"])


def _stored_state(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            found = STATE.search(file.read(HEAD_BYTES))
    except FileNotFoundError:
        return None
    return found[1].decode() if found else None

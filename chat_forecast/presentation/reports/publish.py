"""The pages as files: ``<root>/reports/<chat>.<language>.html``, and the index that leads to them.

Belongs here: making a page, replacing its file as a whole, telling whether it is still up to date.
Does not belong here: what a page says (:mod:`.page`), or when it is made (:mod:`chat_forecast.pipeline.report_sensor`).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.presentation.reports.requirements import expect_packages, what_is_missing
from chat_forecast.settings.models import Chat
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.file_fingerprints import folder_fingerprints
from chat_forecast.storage.partitions import ChatStorage, Storages
from chat_forecast.whole_files import replace_file

if TYPE_CHECKING:
    from chat_forecast.presentation.reports.index import IndexEntry

HEAD_BYTES = 4096
"""What the program itself reads of a page stands within this many first bytes of it."""
PAGE_NAME = re.compile(r"([^.]+)\.(.+)\.html")
STATE, FORECAST = "chat-forecast-state", "chat-forecast-forecast"
"""Names of the page's own notes: what it was made from; the day it forecasts and the messages expected, if any."""


@dataclass(frozen=True)
class Reports:
    """The pages of all chats in one local folder."""

    folder: Path
    storages: Storages

    @property
    def unavailable(self) -> str | None:
        """Why no page can be made by this installation, and what to do; None if pages can be made."""
        return what_is_missing()

    def path(self, chat: Chat, language: str | None = None) -> Path:
        """Where a chat's page is kept; in the chat's own language by default."""
        return self.folder / f"{chat.slug}.{language or chat.language}.html"

    def make(self, chat: Chat, language: str | None = None, *, path: Path | None = None) -> Path:
        """Make a chat's page and put it in its place, or where ``path`` says.

        Raises:
            ReportUnavailable: packages that a report needs are not installed.
            StoredFileError: what is stored of the chat is damaged.
            OSError: the file cannot be written.
        """
        # Taken before the data: what is stored meanwhile makes the page outdated, not wrong.
        return self._make(chat, language, path or self.path(chat, language), self.state(chat))

    def make_unless_current(self, chat: Chat, language: str | None = None) -> Path:
        """The chat's page in its place, made if there is none that would be made again as it is; raises as :meth:`make`."""
        state, path = self.state(chat), self.path(chat, language)
        return path if _noted(path, STATE) == state else self._make(chat, language, path, state)

    def _make(self, chat: Chat, language: str | None, path: Path, state: str) -> Path:
        expect_packages()
        from chat_forecast.presentation.phrases.catalogue import Phrases
        from chat_forecast.presentation.reports.facts import gather
        from chat_forecast.presentation.reports.library import javascript
        from chat_forecast.presentation.reports.page import report_page

        facts = gather(chat, self.storages.of(chat))
        page = report_page(facts, Phrases(language or chat.language), library=javascript(self.folder), state=state)
        replace_file(path, page.encode())
        return path

    def make_current(self, chat: Chat) -> list[Path]:
        """Make those of a chat's pages again that are not up to date: in its own language and in any made before.

        A chat of which nothing was read gets none.

        Raises:
            ReportUnavailable: packages that a report needs are not installed.
            StoredFileError: what is stored of the chat is damaged.
            OSError: a file cannot be written.
        """
        if not self.storages.of(chat).days("hourly_series"):
            return []
        state = self.state(chat)
        languages = [chat.language, *(language for language in self.languages(chat) if language != chat.language)]
        outdated = [language for language in languages if _noted(self.path(chat, language), STATE) != state]
        return [self._make(chat, language, self.path(chat, language), state) for language in outdated]

    def state(self, chat: Chat) -> str:
        """What a page made now would be made from, and by which version: pages of one state say the same.

        Raises:
            StoredFileError: what is stored of the chat is damaged.
        """
        return _state(chat, self.storages.of(chat))

    def languages(self, chat: Chat) -> list[str]:
        """The languages in which there is a page of the chat."""
        return self._all_languages().get(chat.slug, [])

    def _all_languages(self) -> dict[str, list[str]]:
        """The languages of the pages that there are, by chat: of a thousand chats the folder is listed once."""
        found: dict[str, list[str]] = {}
        for name in sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else ():
            if page := PAGE_NAME.fullmatch(name):
                found.setdefault(page[1], []).append(page[2])
        return found

    def make_index(self, chats: Sequence[Chat]) -> Path:
        """Make the page that leads to every chat's: in their language if they have one in common, else in English.

        Raises:
            ReportUnavailable: packages that a report needs are not installed.
            OSError: the file cannot be written.
        """
        expect_packages()
        from chat_forecast.presentation.phrases.catalogue import Phrases
        from chat_forecast.presentation.reports.index import index_page

        spoken = {chat.language for chat in chats}
        phrases = Phrases(spoken.pop() if len(spoken) == 1 else "en")
        index = self.folder / "index.html"
        made = self._all_languages()
        replace_file(index, index_page([self._entry(chat, made.get(chat.slug, [])) for chat in chats], phrases).encode())
        return index

    def _entry(self, chat: Chat, languages: list[str]) -> "IndexEntry":
        """A chat on the index, by its pages: reading what is stored of a thousand chats would take half a minute."""
        from chat_forecast.presentation.phrases.catalogue import Phrases
        from chat_forecast.presentation.reports.index import IndexEntry

        languages = sorted(languages, key=lambda language: (language != chat.language, language))
        pages = [
            {"file": self.path(chat, language).name, "language": language, "name": Phrases(language)("language.name")}
            for language in languages
        ]
        noted = (_noted(self.path(chat, languages[0]), FORECAST) if languages else None) or ""
        day, _, expected = noted.partition(" ")
        return IndexEntry(chat, pages, (date.fromisoformat(day), int(expected)) if expected else None)


def _state(chat: Chat, storage: ChatStorage) -> str:
    """The program's version, the chat's settings, and the partitions that a page is made from: which, and stored when."""
    stored = []
    for asset in ("hourly_series", "daily_score", "next_day_forecast", "trained_model"):
        files = sorted(folder_fingerprints(join_url(storage.root, storage.chat, asset)).items())
        stored.append(f"{files[-1][0].partition('.')[0]}-{_digest(repr(files))}" if files else "none")
    return " ".join([version("chat_forecast"), _digest(chat.model_dump_json()), *stored])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _noted(path: Path, name: str) -> str | None:
    """One of a page's own notes; None where there is no such page, or it was made before it had any."""
    try:
        with path.open("rb") as file:
            found = re.search(rf'<meta name="{name}" content="([^"]*)">'.encode(), file.read(HEAD_BYTES))
    except FileNotFoundError:
        return None
    return found[1].decode() if found else None

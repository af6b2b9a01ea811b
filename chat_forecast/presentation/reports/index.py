"""The page that leads to every chat's.

Belongs here: what it says about a chat.
Does not belong here: files (:mod:`.publish`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.html import render
from chat_forecast.settings.models import Chat


@dataclass(frozen=True)
class IndexEntry:
    """A chat on the index page."""

    chat: Chat
    pages: Sequence[Mapping[str, str]]
    """``file``, ``language`` and the language's ``name``; the chat's own language first."""
    forecast: tuple[date, int] | None
    """The day that the first of the pages forecasts, and the messages expected on it."""


def index_page(entries: Sequence[IndexEntry], phrases: Phrases) -> str:
    """The page that leads to every chat's, with the total of its newest forecast."""
    shown = [{"chat": entry.chat, "pages": entry.pages, "forecast": _forecast(entry, phrases)} for entry in entries]
    return render("index.html.jinja", phrases, [], entries=shown)


def _forecast(entry: IndexEntry, phrases: Phrases) -> str:
    if entry.forecast is None:
        return phrases("index.no_forecast" if entry.pages else "index.not_made")
    day, expected = entry.forecast
    return phrases.count("index.expected", expected, day=phrases.date(day, "full"))

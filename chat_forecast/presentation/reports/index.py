"""The page that leads to every chat's.

Belongs here: what it says about a chat.
Does not belong here: files (:mod:`.publish`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports.facts.newest_days import Tomorrow
from chat_forecast.presentation.reports.html import render
from chat_forecast.settings.models import Chat


@dataclass(frozen=True)
class IndexEntry:
    """A chat on the index page."""

    chat: Chat
    tomorrow: Tomorrow | None
    pages: Sequence[Mapping[str, str]]
    """``file``, ``language`` and the language's ``name``; the chat's own language first."""
    is_damaged: bool = False
    """Whether what is stored of the chat cannot be read."""


def index_page(entries: Sequence[IndexEntry], phrases: Phrases) -> str:
    """The page that leads to every chat's, with the total of its newest forecast."""
    shown = [{"chat": entry.chat, "pages": entry.pages, "forecast": _forecast(entry, phrases)} for entry in entries]
    return render("index.html.jinja", phrases, [], entries=shown)


def _forecast(entry: IndexEntry, phrases: Phrases) -> str:
    if entry.is_damaged:
        return phrases("index.damaged")
    if entry.tomorrow is None:
        return phrases("index.no_forecast")
    day = phrases.date(entry.tomorrow.day.date, "full")
    return phrases.count("index.expected", round(entry.tomorrow.expected), day=day)

"""A look at a chat's day that is not over, as plain facts and in words: for the terminal, the report, notices and the API.

Belongs here: what a look is, its figures, its sentences.
Does not belong here: looking (:mod:`chat_forecast.pipeline.watching`), drawing, or the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from chat_forecast.domain.messages import MessageBatch
from chat_forecast.forecasting.known_events import KnownEvent
from chat_forecast.forecasting.today import Today
from chat_forecast.presentation.phrases import count_messages, title
from chat_forecast.presentation.plots import draw_today
from chat_forecast.settings.models import Chat


@dataclass(frozen=True)
class Look:
    """What one look at a chat's day gave."""

    chat: Chat
    today: Today
    events: tuple[KnownEvent, ...]
    """Of the last days, oldest first."""
    messages: MessageBatch
    """Of the day."""
    at: pd.Timestamp
    """When it was looked; aware and local."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Key of an event -> the address of its first message, where the chat has addresses."""

    @property
    def read_until(self) -> pd.Timestamp | None:
        """Until when the day is known, in the chat's zone."""
        until = self.today.read_until
        return None if until is None else until.tz_convert(self.chat.timezone)

    @property
    def alarm(self) -> str:
        """The kind of the event that goes on, "busy" or "silent"; empty where none does."""
        return next((event.kind for event in reversed(self.events) if not event.is_over), "")

    @property
    def total(self) -> tuple[float, float, float] | None:
        """The day's expected total with its 80% interval; None where there is no forecast."""
        rest = self.today.rest
        return None if rest is None else (rest.expected, *_pair(rest.quantiles(0.1, 0.9)))

    @property
    def usual(self) -> float | None:
        """The day's total as it was expected at midnight."""
        return None if self.today.rest is None else float(self.today.table["midnight"].sum())


def now_figures(look: Look) -> dict[str, Any]:
    """A look as plain values, for JSON."""
    table = look.today.table
    return {
        "chat": look.chat.slug,
        "is_simulated": look.chat.is_simulated,
        "timezone": look.chat.timezone,
        "day": look.today.plan.day.key,
        "looked_at": look.at,
        "read_until": look.read_until,
        "messages": look.today.so_far,
        "alarm": look.alarm or None,
        "total": look.total and dict(zip(("expected", "low", "high", "midnight"), (*look.total, look.usual), strict=True)),
        "hours": table.assign(unusual=table["unusual"].where(table["unusual"] != "", None)),
        "events": [event_figures(event) for event in look.events],
        "has_thresholds": look.today.plan.thresholds is not None,
        "reason": look.today.plan.reason or None,
    }


def event_figures(event: KnownEvent) -> dict[str, object]:
    """An event as plain values."""
    return {
        "kind": event.kind,
        "begin": event.begin,
        "end": event.end if event.is_over else None,
        "is_over": event.is_over,
        "messages": event.messages,
        "expected": event.expected,
    }


def draw_look(look: Look) -> bytes:
    """The picture of the day so far."""
    day = look.today.plan.day
    heading = title(look.chat.slug, day, "so far", is_simulated=look.chat.is_simulated)
    return draw_today(look.today.table, heading, now_in_words(look))


def now_in_words(look: Look) -> str:
    """How the day goes, in a sentence or two."""
    if look.read_until is None:
        return "Nothing of today was read yet."
    said = f"{count_messages(look.today.so_far)} until {look.read_until:%H:%M}"
    if look.total is None or look.usual is None:
        return f"{said}. No forecast: {look.today.plan.reason}."
    expected, low, high = look.total
    return f"{said}; {expected:.0f} expected in all today ({low:.0f} to {high:.0f}; at midnight it was {look.usual:.0f})."


def event_in_words(event: KnownEvent) -> str:
    """What an event is: when, how much, and beside what was expected."""
    day = f"{event.begin:%A} {event.begin:%H:%M}"
    if event.kind == "silent":
        until = f"to {event.end:%H:%M}" if event.is_over else f"until {event.end:%H:%M} so far"
        what, came = ("Unusually silent", count_messages(event.messages)) if event.messages else ("Silence", "no messages")
        return f"{what} from {day} {until}: {came}, {event.expected:.0f} expected."
    until = f"to {event.end:%H:%M}" if event.is_over else "on"
    return f"Busy from {day} {until}: {count_messages(event.messages)}, {event.expected:.0f} expected."


def _pair(values: list[float]) -> tuple[float, float]:
    low, high = values
    return low, high

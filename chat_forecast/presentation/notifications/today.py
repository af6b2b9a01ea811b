"""Notices about a day that is not over: that something unusual goes on, and that it has ended.

Belongs here: which events are due when, and all texts of these notices.
Does not belong here: finding events (:mod:`chat_forecast.forecasting`), what was sent already (:mod:`.ledger`), sending.
"""

from collections.abc import Callable

import pandas as pd

from chat_forecast.forecasting.known_events import KnownEvent
from chat_forecast.presentation.notifications.notices import Notice
from chat_forecast.presentation.phrases import count_messages, name_chat
from chat_forecast.presentation.today import Look, event_in_words, now_in_words

TOLD_AFTERWARDS = pd.Timedelta(hours=14)
"""An event of the quiet hours is reported when they are over, unless it ended longer ago than this."""


def is_quiet(at: pd.Timestamp, quiet_hours: str | None) -> bool:
    """Whether alerts wait at a local instant.

    >>> [is_quiet(pd.Timestamp(f"2026-05-12T{hour:02d}:30"), "23-08") for hour in (22, 23, 3, 8)]
    [False, True, True, False]
    """
    if quiet_hours is None:
        return False
    begin, end = (int(part) for part in quiet_hours.split("-"))
    return begin <= at.hour < end if begin < end else at.hour >= begin or at.hour < end


def begun_cause(look: Look, event: KnownEvent) -> str:
    """What tells the notice that an event has begun from all others."""
    return f"today/{look.chat.slug}/{event.key}"


def due_notices(
    look: Look,
    quiet_hours: str | None,
    was_sent: Callable[[str], bool],
    draw: Callable[[], bytes],
    page: str,
) -> list[Notice]:
    """The notices that are due about a look, each of which is sent once.

    ``was_sent`` says of a cause whether a notice was. The end of an event is reported if its beginning was, or could not be
    in the quiet hours. ``draw`` gives the picture of the day so far; ``page`` is the address of the chat's report.
    """
    if is_quiet(look.at, quiet_hours):
        return []
    due = []
    for event in look.events:
        if not event.is_over:
            due.append(_notice(look, event, begun_cause(look, event), _begun_title(event), draw(), page))
            continue
        was_quiet = is_quiet(event.begin, quiet_hours) and look.at - event.end < TOLD_AFTERWARDS
        if was_sent(begun_cause(look, event)) or was_quiet:
            title = f"all clear, {'busy' if event.kind == 'busy' else 'silent'} {event.begin:%H:%M}–{event.end:%H:%M}"
            due.append(_notice(look, event, f"today-clear/{look.chat.slug}/{event.key}", title, draw(), page))
    return due


def _begun_title(event: KnownEvent) -> str:
    if event.kind == "silent":
        return f"silent since {event.begin:%H:%M}, {event.expected:.0f} expected"
    return f"{count_messages(event.messages)} since {event.begin:%H:%M}, {event.expected:.0f} expected"


def _notice(look: Look, event: KnownEvent, cause: str, title: str, plot: bytes, page: str) -> Notice:
    link = look.links.get(event.key)
    lines = [event_in_words(event), now_in_words(look), *([f"In the chat: {link}"] if link else []), page]
    name = name_chat(look.chat.slug, is_simulated=look.chat.is_simulated)
    return Notice(cause, f"{name}: {title}", "\n".join(lines), plot)

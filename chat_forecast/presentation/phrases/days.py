"""What plots and notices say about a day, in English.

Belongs here: English sentences made of a day's numbers.
Does not belong here: the report's texts, which are in several languages, or finding the numbers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from chat_forecast.domain.changes import Change, is_other_hour
from chat_forecast.domain.local_day import LocalDay

BUSIEST_HOURS = 3
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAMED_HOURS = 3


def title(chat: str, day: LocalDay, what: str, *, is_simulated: bool) -> str:
    """The title of a day's plot.

    >>> title("my-chat", LocalDay.parse("2026-05-12", "Europe/Moscow"), "forecast", is_simulated=True)
    'my-chat (simulated): forecast, Tuesday 2026-05-12'
    """
    return f"{name_chat(chat, is_simulated=is_simulated)}: {what}, {day.date:%A} {day.key}"


def name_chat(chat: str, *, is_simulated: bool) -> str:
    """The chat's name, with a word beside it where there is no real chat behind it."""
    return f"{chat} (simulated)" if is_simulated else chat


def forecast_in_words(forecast: pd.DataFrame, last_week: pd.DataFrame | None) -> str:
    """The total and the busiest hours of a forecast, beside the same day last week where it was wholly read."""
    total = float(forecast["expected"].sum())
    beside = ""
    if last_week is not None and len(last_week) and last_week["messages"].notna().all():
        beside = f"; {int(last_week['messages'].sum())} on the same day last week"
    return f"{_count(total)} {_messages(total)} expected{beside}. {busiest_in_words(forecast)}"


def busiest_in_words(forecast: pd.DataFrame) -> str:
    """The hours of which the most is expected, ascending by the clock."""
    expected = forecast["expected"].to_numpy()
    top = np.sort(np.argsort(-expected, kind="stable")[:BUSIEST_HOURS])  # the hours ascend
    if not expected[top].sum():
        return "No hour stands out."
    found = zip(forecast["hour"].iloc[top], expected[top], strict=True)
    hours = [f"{hour:%H:%M} ({_count(count)})" for hour, count in found]
    return f"Busiest hours: {join(hours)}."


def score_in_words(score: Mapping[str, object], unusual: Sequence[str]) -> str:
    """How a scored day went beside its forecast: totals, skill, and the hours outside the 98% interval.

    >>> score_in_words({"messages": 12, "expected_total": 9.3, "skill": -0.2}, ["7 messages at 03:00, 0.4 expected"])
    '12 messages, 9.3 expected; skill −20%. Outside the 98% interval: 7 messages at 03:00, 0.4 expected.'
    """
    said = f"{count_messages(int(str(score['messages'])))}, {_count(float(str(score['expected_total'])))} expected"
    if score["skill"] is not None:
        said += f"; skill {signed_percent(float(str(score['skill'])))}"
    return f"{said}. {unusual_in_words(unusual)}"


def unusual_hours(unusual: pd.DataFrame) -> list[str]:
    """Each unusual hour in words ("40 messages at 03:00, 2 expected").

    ``unusual`` is what :func:`~chat_forecast.domain.scoring.unusual_hours` found.
    """
    return [
        f"{count_messages(int(messages))} at {hour:%H:%M}, {expected:.{0 if expected >= 1 else 1}f} expected"
        for hour, messages, expected in zip(unusual["hour"], unusual["messages"], unusual["expected"], strict=True)
    ]


def change_in_words(change: Change) -> str:
    """What changed in a chat, since when, and what was before.

    >>> from datetime import date
    >>> change_in_words(Change("hours", date(2025, 10, 12), date(2025, 10, 14), 20, 23))
    'Since 2025-10-12 most is written around 23:00 instead of 20:00.'
    >>> change_in_words(Change("level", date(2025, 10, 12), date(2025, 10, 25), 97.4, 46.8))
    'Since 2025-10-12 there are 47 messages a day instead of 97.'
    """
    since = f"Since {change.since}"
    if change.kind == "level":
        return f"{since} there are {_count(change.after)} messages a day instead of {_count(change.before)}."
    if change.kind == "hours" and is_other_hour(change):
        return f"{since} most is written around {change.after:02.0f}:00 instead of {change.before:02.0f}:00."
    if change.weekday is None:
        return f"{since} people write at other hours of the day than before."
    return (
        f"{since} {WEEKDAYS[change.weekday]} has {change.after:.0%} of the week's messages instead of {change.before:.0%}."
    )


def unusual_in_words(unusual: Sequence[str]) -> str:
    """The first hours outside the 98% interval, and how many there are beyond them."""
    if not unusual:
        return "No hour outside the 98% interval."
    rest = len(unusual) - NAMED_HOURS
    more = [f"{rest} more hour{'s' * (rest != 1)}"] if rest > 0 else []
    return f"Outside the 98% interval: {'; '.join([*unusual[:NAMED_HOURS], *more])}."


def count_messages(number: int) -> str:
    """A number of messages in words.

    >>> count_messages(1), count_messages(28373)
    ('1 message', '28,373 messages')
    """
    return f"{number:,} message{'s' * (number != 1)}"


def signed_percent(share: float) -> str:
    """A share in per cent, with its sign.

    >>> signed_percent(0.187), signed_percent(-0.2)
    ('+19%', '−20%')
    """
    return f"{share:+.0%}".replace("-", "−")


def join(parts: Sequence[str]) -> str:
    """Parts in a row, with "and" before the last.

    >>> join(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _messages(value: float) -> str:
    return "message" if _count(value) == "1" else "messages"


def _count(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 or value < 0.05 else f"{value:.1f}"

"""What people read: sentences about a chat's days.

Belongs here: English sentences for plots and notices (:mod:`.days`), and the catalogue of the report's phrases in every
language (:mod:`.catalogue`, ``<language>.toml``).
Does not belong here: finding the numbers, or where a sentence stands.

:mod:`.catalogue` needs the extra ``report`` and is imported only where a report is made.
"""

from chat_forecast.presentation.phrases.days import (
    busiest_in_words,
    change_in_words,
    count_messages,
    forecast_in_words,
    join,
    name_chat,
    score_in_words,
    signed_percent,
    title,
    unusual_hours,
    unusual_in_words,
)

__all__ = [
    "busiest_in_words",
    "change_in_words",
    "count_messages",
    "forecast_in_words",
    "join",
    "name_chat",
    "score_in_words",
    "signed_percent",
    "title",
    "unusual_hours",
    "unusual_in_words",
]

"""What there is to see of a chat at the end of a day: the forecast, the week's scores, the verdict, unusual hours.

Belongs here: gathering it from what is stored, around any file that cannot be used.
Does not belong here: how it is printed (:mod:`chat_forecast.cli.output`).
"""

from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

SCORED_DAYS = 7


@dataclass(frozen=True)
class Overview:
    """What is stored of a chat at the end of ``day``."""

    chat: Chat
    day: LocalDay
    forecast: pd.DataFrame | None
    """Of the day after ``day``: no rows if there was no model, None if nothing usable is stored."""
    scores: pd.DataFrame
    """Of the :data:`SCORED_DAYS` days that end with ``day``, as far as they are stored."""
    verdict: Verdict | None
    """That of the newest of these scores; None if there is no score, or none stored with it."""
    unusual: pd.DataFrame
    """Hours of ``day`` as :func:`.scoring.unusual_hours` finds them."""
    faults: tuple[str, ...]
    """The files that cannot be used, and what to do with each."""

    @property
    def missing_verdict(self) -> str | None:
        """That there is no verdict where there is a score, and what to do; None otherwise."""
        return no_verdict(self.chat, str(self.scores["day"].iloc[-1])) if len(self.scores) and self.verdict is None else None


def gather_overview(chat: Chat, storage: ChatStorage, day: LocalDay) -> Overview:
    """Gather what is stored of a chat at the end of a day."""
    forecast, faults = storage.usable_frames("next_day_forecast", day, day)
    is_stored = storage.has("next_day_forecast", day) and not faults
    scores, more = storage.usable_frames("daily_score", day.plus(1 - SCORED_DAYS), day)
    faults += more
    actuals, more = storage.usable_frames("hourly_series", day, day)
    faults += more
    before, more = storage.usable_frames("next_day_forecast", day.plus(-1), day.plus(-1))
    faults += more
    return Overview(
        chat=chat,
        day=day,
        forecast=forecast if is_stored else None,
        scores=scores,
        verdict=Verdict.from_row(scores.iloc[-1]) if len(scores) else None,
        unusual=unusual_hours(actuals, before),
        faults=tuple(faults),
    )


def no_verdict(chat: Chat, day: str) -> str:
    """That a score has no verdict, and what to do."""
    return f"no verdict is stored with the score of {day}; make it: chat-forecast rescore {chat.slug}"

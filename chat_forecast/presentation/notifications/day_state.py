"""What is stored of a chat after its newest day: what notices are made of.

Belongs here: reading it.
Does not belong here: which of it is worth a notice (:mod:`.notices`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.changes import LOOKBACK_DAYS as CHANGE_DAYS
from chat_forecast.domain.changes import Change, changes_to_report
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.presentation.phrases import name_chat
from chat_forecast.settings.links import partition_url
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage

LOOKBACK_DAYS = 60
"""How far back the beginning of something that lasts is looked for."""


@dataclass(frozen=True)
class DayState:
    """What is known of a chat after its newest day: the last days of its stored tables."""

    chat: str
    is_simulated: bool
    day: LocalDay
    series: pd.DataFrame
    """The last 60 days, or as many as are stored."""
    scores: pd.DataFrame
    """The same days."""
    forecast: pd.DataFrame
    """Made at the end of the day; no rows while there is none."""
    notes: Mapping[str, str]
    """What is stored with the forecast: ``reason``, why no model made it, or why there is none; ``withheld``, why it is not
    shown to people. Each only where it is so."""
    unusual: pd.DataFrame
    """What :func:`~chat_forecast.domain.scoring.unusual_hours` found on the day."""
    training: "pd.Series[str] | None"
    """The record of the model trained through the day, if one was."""
    page: str
    """The address of the day's page."""
    changes: tuple[Change, ...] = ()
    """Of the chat itself, as known at the end of the day."""

    @property
    def name(self) -> str:
        """The chat's name, with "(simulated)" where it is."""
        return name_chat(self.chat, is_simulated=self.is_simulated)

    @property
    def score(self) -> dict[str, object]:
        """The day's score, with None for what is not known; empty where there is none."""
        row = self.scores[self.scores["day"] == self.day.key]
        known = row.iloc[-1].to_dict() if len(row) else {}
        return {str(name): None if pd.isna(value) else value for name, value in known.items()}

    @property
    def verdict(self) -> Verdict | None:
        """The verdict stored with the day's score; None where there is no score, or none is stored with it."""
        return Verdict.from_row(self.score) if self.score else None

    @property
    def awaits_retraining(self) -> bool:
        """Whether a failed verdict or a withheld forecast asks for a model that is not trained through the day yet."""
        is_failed = self.verdict is not None and not self.verdict.passed
        return (is_failed or "withheld" in self.notes) and self.training is None

    @property
    def last_week(self) -> pd.DataFrame:
        """The hours of the same weekday a week before the day that is forecast, as far as they are stored."""
        before, hours = self.day.plus(-6), self.series["hour"]
        return self.series[(hours >= before.start) & (hours < before.end)]


def read_day_state(chat: Chat, storage: ChatStorage, day: LocalDay, dagster_url: str) -> DayState | None:
    """Read what is stored of a chat after a day; None where the day's series is not stored.

    Raises:
        StoredFileError: a stored file is damaged.
    """
    if not storage.has("hourly_series", day):
        return None
    first = day.plus(1 - LOOKBACK_DAYS)
    history = storage.frames("hourly_series", day.plus(1 - CHANGE_DAYS), day)
    series = history[history["hour"] >= first.start].reset_index(drop=True)
    training = storage.frame("trained_model", day)
    before = storage.frame("next_day_forecast", day.plus(-1))
    if before is not None and "withheld" in storage.notes("next_day_forecast", day.plus(-1)):
        before = None
    return DayState(
        chat=chat.slug,
        is_simulated=chat.source == "simulated",
        day=day,
        series=series,
        scores=storage.frames("daily_score", first, day),
        forecast=storage.frames("next_day_forecast", day, day),
        notes=storage.notes("next_day_forecast", day),
        unusual=unusual_hours(series[series["hour"] >= day.start], before),
        training=None if training is None or training.empty else training.iloc[0],
        page=partition_url(dagster_url, chat.slug, "next_day_forecast", day.key),
        changes=tuple(changes_to_report(history, day.date)),
    )

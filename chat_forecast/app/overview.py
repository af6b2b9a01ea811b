"""What there is to see of a chat at the end of a day: the forecast, the week's scores, the verdict, unusual hours.

Belongs here: gathering it from what is stored, around any file that cannot be used.
Does not belong here: how it is printed (:mod:`chat_forecast.cli.output`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.changes import LOOKBACK_DAYS, Change, changes_to_report, is_news
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import unusual_hours
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources, read_as
from chat_forecast.storage.day_cache import cached_frames
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError

SCORED_DAYS = 7


@dataclass(frozen=True)
class Overview:
    """What is stored of a chat at the end of ``day``."""

    chat: Chat
    day: LocalDay
    forecast: pd.DataFrame | None
    """Of the day after ``day``; None if there is none, or none that may be shown."""
    no_forecast: str
    """Why there is no forecast to show, in words; empty if there is one, or nothing usable is stored."""
    not_by_model: str
    """Why the forecast was not made by the trained model, in words; empty where it was."""
    scores: pd.DataFrame
    """Of the :data:`SCORED_DAYS` days that end with ``day``, as far as they are stored."""
    verdict: Verdict | None
    """That of the newest of these scores; None if there is no score, or none stored with it."""
    unusual: pd.DataFrame
    """Hours of ``day`` as :func:`.scoring.unusual_hours` finds them."""
    changes: tuple[Change, ...]
    """Of the chat itself, those that are news."""
    faults: tuple[str, ...]
    """The files that cannot be used, and what to do with each."""

    @property
    def missing_verdict(self) -> str | None:
        """That there is no verdict where there is a score, and what to do; None otherwise."""
        return no_verdict(self.chat, str(self.scores["day"].iloc[-1])) if len(self.scores) and self.verdict is None else None


def gather_overview(chat: Chat, storage: ChatStorage, day: LocalDay) -> Overview:
    """Gather what is stored of a chat at the end of a day."""
    faults: list[str] = []
    forecast, notes = _forecast(storage, day, faults)
    before, notes_before = _forecast(storage, day.plus(-1), faults)
    scores, unusable = storage.usable_frames("daily_score", day.plus(1 - SCORED_DAYS), day)
    faults += unusable
    series = _series(storage, day, faults)
    actuals = series[series["hour"] >= day.start].reset_index(drop=True)
    return Overview(
        chat=chat,
        day=day,
        forecast=None if forecast is None or forecast.empty or "withheld" in notes else forecast,
        no_forecast="" if forecast is None else why_not_shown(forecast, notes),
        not_by_model="" if forecast is None or forecast.empty else notes.get("reason", ""),
        scores=scores,
        verdict=Verdict.from_row(scores.iloc[-1]) if len(scores) else None,
        unusual=unusual_hours(actuals, None if "withheld" in notes_before else before),
        changes=tuple(change for change in changes_to_report(series, day.date) if is_news(change, day.date)),
        faults=tuple(faults),
    )


def _forecast(storage: ChatStorage, day: LocalDay, faults: list[str]) -> tuple[pd.DataFrame | None, dict[str, str]]:
    """A stored forecast and its notes; None where it is not stored or cannot be used, which is added to ``faults``."""
    try:
        return storage.frame("next_day_forecast", day), storage.notes("next_day_forecast", day)
    except StoredFileError as error:
        faults.append(str(error))
        return None, {}


def _series(storage: ChatStorage, day: LocalDay, faults: list[str]) -> pd.DataFrame:
    """The hours in which a change of the chat would show, around files that cannot be used."""
    first = day.plus(1 - LOOKBACK_DAYS)
    try:
        return cached_frames(storage, "hourly_series", first, day)
    except StoredFileError:
        series, unusable = storage.usable_frames("hourly_series", first, day)
        faults += unusable
        return series


def why_not_shown(forecast: pd.DataFrame, notes: Mapping[str, str]) -> str:
    """Why a stored forecast is not shown to people; an empty string if it is."""
    if forecast.empty:
        return notes.get("reason") or "there was no model yet"  # version 0.1.0 noted nothing, and had this reason alone
    return notes.get("withheld", "")


def end_in_words(chat: Chat, last: LocalDay) -> str:
    """That a chat has ended, with its last day, and what to do."""
    if chat.last_day is not None:
        return f"ended on {last.key}, its last_day in chats.toml"
    return f"covered to {last.key}; import a newer export: chat-forecast import {read_as(chat).slug} FILE"


def where_it_ended(chat: Chat, sources: Sources, yesterday: LocalDay) -> str | None:
    """As :func:`end_in_words`; None for a chat that goes on, or whose archive cannot be used, which `status` says."""
    try:
        last = sources.last_day(chat, yesterday)
    except StoredFileError:
        return None
    return end_in_words(chat, last) if last < yesterday else None


def no_verdict(chat: Chat, day: str) -> str:
    """That a score has no verdict, and what to do."""
    return f"no verdict is stored with the score of {day}; make it: chat-forecast rescore {chat.slug}"

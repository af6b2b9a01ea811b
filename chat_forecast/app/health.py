"""How each chat is doing, from what is stored: what was read, forecast and scored, and what needs a person.

Belongs here: finding out, without a run and without asking anybody outside. What is wrong with one file or one chat hides
nothing of the others.
Does not belong here: wording what needs a person (:mod:`.concerns`), or printing it
(:mod:`chat_forecast.cli.output.health`).
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from chat_forecast.app import concerns
from chat_forecast.app.overview import end_in_words, no_verdict
from chat_forecast.domain.local_day import LocalDay, dates_between
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS, Verdict
from chat_forecast.domain.windows import LATE_AFTER
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.sources.base import TRAITS
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.tracking.backlog import Backlog

NIGHTLY = time(0, 1)
FIGURES = ("smape", "rmse", "skill")


@dataclass(frozen=True)
class ChatHealth:
    """What is known of a chat; days are keys such as ``2026-01-31``."""

    chat: str
    source: str | None = None
    """None for a chat whose settings cannot be used."""
    is_put_aside: bool = False
    """Whether nothing is known of it, for what is wrong with its settings or with what is stored."""
    next_tick: str | None = None
    """When the schedule does the next day, if the daemon runs; None for a chat that has ended or is put aside."""
    last_day_read: str | None = None
    missing_days: list[str] = field(default_factory=list)
    """From the first day to the last one expected: never read, or read without finding out anything about it."""
    score: dict[str, Any] | None = None
    """Of the newest scored day: ``day``, ``smape``, ``rmse``, ``skill``, and its stored verdict: ``check_passed`` (None
    where none is stored), ``check_rule`` and ``check``, the reason in words."""
    model_trained_through: str | None = None
    model_age_days: int | None = None
    """From the day trained through to the last day that has ended."""
    damaged_files: int = 0
    """How many stored files cannot be used; each is among the concerns."""
    concerns: list[str] = field(default_factory=list)
    """What needs a person, with what to do."""
    note: str | None = None
    """What needs nobody and is good to know: that the chat has ended, and where."""
    owed_to_mlflow: dict[str, int] = field(default_factory=lambda: asdict(Backlog()))
    """``scores`` and ``trainings`` that are stored and not yet in MLflow, which needs nobody: the next run logs them."""


def put_aside_for(slug: str, reasons: str, source: str | None = None) -> ChatHealth:
    """A chat of which nothing can be found out, for its settings or for what is stored of it; a line a reason."""
    return ChatHealth(
        slug, source, is_put_aside=True, concerns=[f"it is put aside: {reason}" for reason in reasons.splitlines()]
    )


def yesterday_of(chat: Chat, now: datetime) -> LocalDay:
    """The chat's last day that has ended."""
    return LocalDay.containing(now, chat.timezone).plus(-1)


def is_early(chat: Chat, now: datetime) -> bool:
    """Whether yesterday need not have been read yet."""
    return now < yesterday_of(chat, now).end + LATE_AFTER


def examine(chat: Chat, stored: StoredChat, sources: Sources, now: datetime) -> ChatHealth:
    """Find out how a chat is doing. A file that cannot be used is a concern, and the rest is found out without it.

    What is stored is given up to yesterday. What the chat's source lacks, and what MLflow lacks, is not looked at.
    """
    yesterday, early = stored.last, is_early(chat, now)
    known = stored.known_days
    last_read = stored.day(max(known)) if known else None
    last, archive_faults = _last_day(chat, sources, yesterday, last_read)
    due, has_ended = min(last, yesterday.plus(-1)) if early else last, last < yesterday and not archive_faults
    missing = [day for day in dates_between(LocalDay(chat.first_day, chat.timezone), due) if day not in known]
    attempted = stored.assets["hourly_series"].days  # a great day may be read in part, and not to its end
    never_read = [stored.day(day) for day in missing if day not in attempted]
    models = stored.days("trained_model")
    score, score_faults = _newest_score(chat, stored)
    about = [
        *stored.faults,
        *archive_faults,
        *score_faults,
        *concerns.about_vanished_files(chat, stored),
        *concerns.about_unmade_days(chat, stored.storage),
        *concerns.about_reading(chat, last_read, due, never_read, is_live=not has_ended and not TRAITS[chat.source].has_end),
    ]
    about_newest = [] if has_ended else concerns.about_newest_forecast(stored)
    about += about_newest
    if last_read is not None and not early and not has_ended:
        has_forecast = bool(about_newest) or last_read.date in stored.days("next_day_forecast")
        about += concerns.about_forecasting(chat, last_read, models, score, has_forecast=has_forecast)
    return ChatHealth(
        chat=chat.slug,
        source=chat.source,
        next_tick=None if has_ended else next_tick(chat, now),
        last_day_read=None if last_read is None else last_read.key,
        missing_days=[day.isoformat() for day in missing],
        score=score,
        model_trained_through=models[-1].isoformat() if models else None,
        model_age_days=(yesterday.date - models[-1]).days if models else None,
        damaged_files=len(stored.faults) + len(archive_faults) + len(score_faults),
        concerns=list(dict.fromkeys(about)),  # the same damaged file may be met twice
        note=end_in_words(chat, last) if has_ended else None,
    )


def _last_day(chat: Chat, sources: Sources, yesterday: LocalDay, last_read: LocalDay | None) -> tuple[LocalDay, list[str]]:
    """The last day worth reading; where the archive that ends with it cannot be used, the last one that was read, if any."""
    try:
        return sources.last_day(chat, yesterday), []
    except (StoredFileError, OSError) as error:
        return last_read or LocalDay(chat.first_day, chat.timezone).plus(-1), [str(error)]


def _newest_score(chat: Chat, stored: StoredChat) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest score that can be read, and what is wrong with those after it."""
    faults = []
    for day in reversed(stored.days("daily_score")):
        try:
            scores = stored.table("daily_score", day)
        except StoredFileError as error:
            faults.append(str(error))
            continue
        if not scores:
            continue
        row = scores.select([*FIGURES, *VERDICT_COLUMNS]).slice(len(scores) - 1).to_pylist()[0]
        verdict = Verdict.from_row(row)
        figures = {name: None if pd.isna(row[name]) else float(row[name]) for name in FIGURES}
        check = {
            "check_passed": verdict and verdict.passed,
            "check_rule": verdict and verdict.rule,
            "check": verdict.reason if verdict else no_verdict(chat, day.isoformat()),
        }
        return {"day": day.isoformat(), **figures, **check}, faults
    return None, faults


def next_tick(chat: Chat, now: datetime) -> str:
    """When the schedule does the next day, if the daemon runs."""
    zone = ZoneInfo(chat.timezone)
    local = now.astimezone(zone)
    tick = datetime.combine(local.date(), NIGHTLY, zone)
    return (tick if tick > local else datetime.combine(local.date() + timedelta(days=1), NIGHTLY, zone)).isoformat()

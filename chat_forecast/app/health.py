"""How each chat is doing, from what is stored: what was read, forecast and scored, and what needs a person.

Belongs here: finding out, without a run and without asking anybody outside.
Does not belong here: how it is printed (:mod:`chat_forecast.cli.status`).
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.settings.models import LATE_AFTER, Chat
from chat_forecast.sources import Sources
from chat_forecast.sources.base import SourceError
from chat_forecast.storage.partitions import ChatStorage

NIGHTLY = time(0, 1)


@dataclass(frozen=True)
class ChatHealth:
    """What is known of a chat; days are keys such as ``2026-01-31``."""

    chat: str
    source: str
    last_day_read: str | None
    missing_days: list[str]
    """From the first day to the last one expected: never read, or read and nothing known of them."""
    score: dict[str, Any] | None
    """Of the newest scored day: ``day``, ``smape``, ``rmse``, ``skill``, ``check_passed`` and ``check``, in words."""
    model_trained_through: str | None
    model_age_days: int | None
    """From the day trained through to the last day that has ended."""
    next_tick: str
    """When the schedule does the next day, if the daemon runs."""
    concerns: list[str]
    """What needs a person, with what to do."""


def examine(chat: Chat, storage: ChatStorage, sources: Sources, now: datetime) -> ChatHealth:
    """Find out how a chat is doing.

    Raises:
        StoredFileError: a stored file is damaged.
    """
    yesterday = LocalDay.containing(now, chat.timezone).plus(-1)
    is_early = now < yesterday.end + LATE_AFTER
    first, last = LocalDay(chat.first_day, chat.timezone), sources.last_day(chat, yesterday)
    due = min(last, yesterday.plus(-1)) if is_early else last
    known = _days_known(storage, first, yesterday)
    stored = set(storage.days("raw_messages"))
    missing = [day for day in first.until(due) if day not in known]
    never_read = [day for day in missing if day not in stored]
    last_read = max(known, default=None)
    models = [day for day in storage.trained_days() if day <= yesterday]
    score = _newest_score(chat, storage, yesterday)
    concerns = [*_setup_concerns(chat, sources), *_reading_concerns(chat, last_read, due, never_read)]
    if last_read is not None and not is_early:
        concerns += _forecast_concerns(chat, storage, last_read, models, score)
    return ChatHealth(
        chat=chat.slug,
        source=chat.source,
        last_day_read=None if last_read is None else last_read.key,
        missing_days=[day.key for day in missing],
        score=score,
        model_trained_through=models[-1].key if models else None,
        model_age_days=(yesterday.date - models[-1].date).days if models else None,
        next_tick=_next_tick(chat, now).isoformat(),
        concerns=concerns,
    )


def _days_known(storage: ChatStorage, first: LocalDay, last: LocalDay) -> set[LocalDay]:
    """The days of which an hour was read."""
    series = storage.frames("hourly_series", first, last)
    read = series.loc[series["messages"].notna(), "hour"]
    return {LocalDay(day, first.timezone) for day in set(pd.DatetimeIndex(read).date)}


def _newest_score(chat: Chat, storage: ChatStorage, last: LocalDay) -> dict[str, Any] | None:
    scored = [day for day in storage.days("daily_score") if day <= last]
    if not scored:
        return None
    scores = storage.frames("daily_score", scored[-1].plus(1 - chat.check.window_days), scored[-1])
    verdict, row = evaluate_rule(scores, chat.check), scores.iloc[-1]
    figures = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("smape", "rmse", "skill")}
    return {"day": scored[-1].key, **figures, "check_passed": verdict.passed, "check": verdict.reason}


def _setup_concerns(chat: Chat, sources: Sources) -> list[str]:
    """What a chat of Telegram lacks to be read at all."""
    if chat.source != "telegram":
        return []
    try:
        sources.expect_ready(chat)
    except SourceError as error:
        return [str(error)]
    return []


def _reading_concerns(chat: Chat, last_read: LocalDay | None, due: LocalDay, never_read: list[LocalDay]) -> list[str]:
    if last_read is None:
        return [f"nothing was read yet: chat-forecast backfill {chat.slug}"]
    concerns = []
    late = [day for day in never_read if day > last_read]
    if late:
        concerns.append(
            f"late: {due.key} should have been read by now, and {last_read.key} was the last. Is chat-forecast up running? "
            f"Then: chat-forecast backfill {chat.slug} --from {late[0].key} --to {due.key}"
        )
    # Between two files of an archive nobody knows anything, and no run can change that.
    gaps = [day for day in never_read if day < last_read] if chat.source != "export" else []
    if gaps:
        number = "1 day was" if len(gaps) == 1 else f"{len(gaps)} days were"
        concerns.append(f"{number} never read: chat-forecast backfill {chat.slug} --from {gaps[0].key} --to {gaps[-1].key}")
    return concerns


def _forecast_concerns(
    chat: Chat, storage: ChatStorage, last_read: LocalDay, models: list[LocalDay], score: dict[str, Any] | None
) -> list[str]:
    if not models:
        return [f"there is no model yet: chat-forecast run {chat.slug} --day {last_read.key}"]
    concerns = []
    if storage.frames("next_day_forecast", last_read, last_read).empty:
        concerns.append(
            f"there is no forecast for {last_read.plus(1).key}: chat-forecast run {chat.slug} --day {last_read.key}"
        )
    if score is not None and not score["check_passed"] and models[-1].key < score["day"]:
        concerns.append(
            f"the score of {score['day']} failed its check ({score['check']}), and no model was trained since: "
            f"chat-forecast run {chat.slug} --day {score['day']}"
        )
    return concerns


def _next_tick(chat: Chat, now: datetime) -> datetime:
    zone = ZoneInfo(chat.timezone)
    local = now.astimezone(zone)
    tick = datetime.combine(local.date(), NIGHTLY, zone)
    return tick if tick > local else datetime.combine(local.date() + timedelta(days=1), NIGHTLY, zone)

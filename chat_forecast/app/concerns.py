"""What of a chat needs a person, in words, each with what to do.

Belongs here: deciding from what was found whether a person is needed, and wording it.
Does not belong here: finding out (:mod:`.health`).
"""

from typing import Any

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast.sources import Sources
from chat_forecast.sources.base import SourceError
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError


def about_vanished_files(chat: Chat, storage: ChatStorage) -> list[str]:
    """That days have files which are made from others, and those others are gone."""
    history, series = set(storage.days("merged_history")), set(storage.days("hourly_series"))
    used = set(storage.days("daily_score")) | {day.plus(1) for day in storage.days("next_day_forecast")}
    concerns = []
    if gone := sorted(series - history):
        concerns.append(
            f"{_files(gone)} of merged_history {_are_gone(gone)}: restore from a backup. If there is none, read what the "
            f"source still has: {_backfill(chat, gone)}"
        )
    if gone := sorted(used & history - series):
        concerns.append(f"{_files(gone)} of hourly_series {_are_gone(gone)}; to make them again: {_backfill(chat, gone)}")
    return concerns


def about_setup(chat: Chat, sources: Sources) -> list[str]:
    """What a chat of Telegram lacks to be read at all."""
    if chat.source != "telegram":
        return []
    try:
        sources.expect_ready(chat)
    except SourceError as error:
        return [str(error)]
    return []


def about_reading(chat: Chat, last_read: LocalDay | None, due: LocalDay, never_read: list[LocalDay]) -> list[str]:
    """That the chat is late, or has days that were never read; ``due`` is the last day that should have been read by now."""
    if last_read is None:
        return [f"nothing has been read yet: chat-forecast backfill {chat.slug}"]
    concerns = []
    late = [day for day in never_read if day > last_read]
    if late:
        concerns.append(
            f"late: {due.key} should have been read by now, and the last day read is {last_read.key}. Is chat-forecast up "
            f"running? Then: chat-forecast backfill {chat.slug} --from {late[0].key} --to {due.key}"
        )
    # Between two files of an archive nothing is known, and no run can change that.
    gaps = [day for day in never_read if day < last_read] if chat.source != "export" else []
    if gaps:
        number = "1 day was" if len(gaps) == 1 else f"{len(gaps)} days were"
        concerns.append(f"{number} never read: chat-forecast backfill {chat.slug} --from {gaps[0].key} --to {gaps[-1].key}")
    return concerns


def about_newest_forecast(stored: StoredChat) -> list[str]:
    """That the newest forecast is withheld from people, was not made by the model there is, or could not be made."""
    made = [day for day in stored.assets["next_day_forecast"].partitions if day <= stored.last]
    if not made:
        return []
    coming, rows = made[-1].plus(1).key, stored.assets["next_day_forecast"].partitions[made[-1]].rows
    try:
        notes = stored.storage.notes("next_day_forecast", made[-1])
    except StoredFileError as error:
        return [str(error)]
    if "withheld" in notes:
        retrain = f"chat-forecast run {stored.storage.chat} --day {made[-1].key}"
        return [f"the forecast for {coming} is {notes['withheld']}. Unless chat-forecast up retrains the model: {retrain}"]
    if not rows and "reason" in notes:
        return [f"there is no forecast for {coming}: {notes['reason']}"]
    if "reason" in notes and stored.days("trained_model"):
        return [f"the forecast for {coming} was not made by the model: {notes['reason']}"]
    return []


def about_forecasting(
    chat: Chat, last_read: LocalDay, models: list[LocalDay], score: dict[str, Any] | None, *, has_forecast: bool
) -> list[str]:
    """That there is no model, no forecast for the day after the last one read, or a failed verdict without a retraining."""
    if not models:
        return [f"there is no model yet: chat-forecast run {chat.slug} --day {last_read.key}"]
    concerns = []
    if not has_forecast:
        concerns.append(
            f"there is no forecast for {last_read.plus(1).key}: chat-forecast run {chat.slug} --day {last_read.key}"
        )
    if score is not None and score["check_passed"] is False and models[-1].key < score["day"]:
        concerns.append(
            f"the score of {score['day']} failed its check ({score['check']}), and the model has not been retrained since: "
            f"chat-forecast run {chat.slug} --day {score['day']}"
        )
    return concerns


def _files(days: list[LocalDay]) -> str:
    return f"the file of {days[0].key}" if len(days) == 1 else f"{len(days)} files from {days[0].key} to {days[-1].key}"


def _are_gone(days: list[LocalDay]) -> str:
    return "is gone" if len(days) == 1 else "are gone"


def _backfill(chat: Chat, days: list[LocalDay]) -> str:
    return f"chat-forecast backfill {chat.slug} --from {days[0].key} --to {days[-1].key}"

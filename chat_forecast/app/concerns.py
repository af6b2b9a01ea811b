"""Concerns: what about a chat needs a person's attention, in words, each with what to do.

Belongs here: deciding from what was found whether a person is needed, and wording it.
Does not belong here: finding out (:mod:`.health`).
"""

from datetime import date
from typing import Any

from chat_forecast.domain.local_day import LocalDay, next_dates
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.sources import Sources
from chat_forecast.sources.base import SourceError
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.storage.unmade_days import unmade_days


def about_vanished_files(chat: Chat, stored: StoredChat) -> list[str]:
    """That days have files which are made from others, or stand between others, and those are gone."""
    raw, history, series, forecasts, scores = (
        stored.assets[asset].days
        for asset in ("raw_messages", "merged_history", "hourly_series", "next_day_forecast", "daily_score")
    )
    forecast_for = next_dates(forecasts, chat.timezone)
    used = scores | forecast_for
    concerns = []
    if gone := sorted(history - raw):
        concerns.append(
            f"{_files(gone)} of raw_messages {_are_gone(gone)}, and nothing is lost: merged_history has the messages. To "
            f"read them again: {_backfill(chat, gone)}"
        )
    if gone := sorted(series - history):
        concerns.append(
            f"{_files(gone)} of merged_history {_are_gone(gone)}: restore from a backup. If there is none, read what the "
            f"source still has: {_backfill(chat, gone)}"
        )
    if gone := sorted(used & history - series):
        concerns.append(_to_make_again(chat, "hourly_series", gone))
    if unforeseen := stored.assets["daily_score"].having("expected_total") - forecast_for:
        gone = [stored.day(day).plus(-1).date for day in sorted(unforeseen)]
        concerns.append(
            f"{_files(gone)} of next_day_forecast {_are_gone(gone)}; to make them again: {_backfill(chat, gone)}"
        )
    made = forecasts & series & forecast_for
    first, last = min(scores, default=date.max), max(scores, default=date.min)
    if gone := [day for day in sorted(made - scores) if first < day < last]:
        concerns.append(_to_make_again(chat, "daily_score", gone))
    return concerns + _about_vanished_model(chat, stored)


def _about_vanished_model(chat: Chat, stored: StoredChat) -> list[str]:
    """That the model by which the newest forecast was made is gone."""
    made = stored.assets["next_day_forecast"].with_rows
    try:
        newest = stored.table("next_day_forecast", max(made)) if made else None
    except StoredFileError as error:
        return [str(error)]
    through = newest.column("trained_through")[0].as_py() if newest else None
    if through is None:
        return []
    day = LocalDay.parse(through, chat.timezone).date
    if day in stored.assets["trained_model"].days:
        return []
    return [f"the file of {day.isoformat()} of trained_model is gone; to train it again: {_backfill(chat, [day])}"]


def about_unmade_days(chat: Chat, storage: ChatStorage) -> list[str]:
    """That days are not made again yet, since whoever changed the archive was interrupted, or is at it."""
    try:
        unmade = unmade_days(storage)
    except StoredFileError as error:
        return [str(error)]
    if not unmade:
        return []
    number = "1 day is" if len(unmade) == 1 else f"{len(unmade)} days are"
    return [f"{number} not counted again yet since the archive changed: {_backfill(chat, [day.date for day in unmade])}"]


def about_setup(chat: Chat, sources: Sources) -> list[str]:
    """What a chat of Telegram lacks to be read at all."""
    if chat.source != "telegram" or isinstance(chat, Topic):  # a topic's forum says it
        return []
    try:
        sources.expect_ready(chat)
    except SourceError as error:
        return [str(error)]
    return []


def about_reading(
    chat: Chat, last_read: LocalDay | None, due: LocalDay, never_read: list[LocalDay], *, is_live: bool
) -> list[str]:
    """That the chat is late, or has days that were never read; ``due`` is the last day that should have been read by now.

    Only a chat that ``is_live`` can be late: the days of another one are there to be made.
    """
    if last_read is None and chat.source == "export" and not never_read:
        return [f"no whole hour of it was read: chat-forecast import {chat.slug} FILE, with an export that covers more"]
    if last_read is None:
        return [f"nothing has been read yet: chat-forecast backfill {chat.slug}"]
    concerns = []
    late = [day for day in never_read if day > last_read]
    if late and not is_live:
        number = "1 day is" if len(late) == 1 else f"{len(late)} days are"
        concerns.append(f"{number} not made yet: chat-forecast backfill {chat.slug} --from {late[0].key} --to {due.key}")
    elif late:
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
    made = max(filter(stored.last.date.__ge__, stored.assets["next_day_forecast"].usable), default=None)
    if made is None:
        return []
    day, has_rows = stored.day(made), made in stored.assets["next_day_forecast"].with_rows
    coming = day.plus(1).key
    try:
        table = stored.table("next_day_forecast", made)
        notes = {} if table is None else stored.storage.notes_of("next_day_forecast", day, table)
    except StoredFileError as error:
        return [str(error)]
    if "withheld" in notes:
        retrain = f"chat-forecast run {stored.storage.chat} --day {day.key}"
        return [f"the forecast for {coming} is {notes['withheld']}. Unless chat-forecast up retrains the model: {retrain}"]
    if not has_rows and "reason" in notes:
        return [f"there is no forecast for {coming}: {notes['reason']}"]
    if "reason" in notes and stored.days("trained_model"):
        return [f"the forecast for {coming} was not made by the model: {notes['reason']}"]
    return []


def about_forecasting(
    chat: Chat, last_read: LocalDay, models: list[date], score: dict[str, Any] | None, *, has_forecast: bool
) -> list[str]:
    """That there is no model, no forecast for the day after the last one read, or a failed verdict without a retraining."""
    if not models:
        return [f"there is no model yet: chat-forecast run {chat.slug} --day {last_read.key}"]
    concerns = []
    if not has_forecast:
        concerns.append(
            f"there is no forecast for {last_read.plus(1).key}: chat-forecast run {chat.slug} --day {last_read.key}"
        )
    if score is not None and score["check_passed"] is False and models[-1].isoformat() < score["day"]:
        concerns.append(
            f"the score of {score['day']} failed its check ({score['check']}), and the model has not been retrained since: "
            f"chat-forecast run {chat.slug} --day {score['day']}"
        )
    return concerns


def _to_make_again(chat: Chat, asset: str, gone: list[date]) -> str:
    return f"{_files(gone)} of {asset} {_are_gone(gone)}; to make them again: {_backfill(chat, gone)}"


def _files(days: list[date]) -> str:
    first, last = days[0].isoformat(), days[-1].isoformat()
    return f"the file of {first}" if len(days) == 1 else f"{len(days)} files from {first} to {last}"


def _are_gone(days: list[date]) -> str:
    return "is gone" if len(days) == 1 else "are gone"


def _backfill(chat: Chat, days: list[date]) -> str:
    return f"chat-forecast backfill {chat.slug} --from {days[0].isoformat()} --to {days[-1].isoformat()}"

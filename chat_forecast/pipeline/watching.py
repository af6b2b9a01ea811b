"""One look at the day that is not over: read what is new, and examine it.

Belongs here: putting source, storage and rules together for one chat and one look.
Does not belong here: the rules (:mod:`chat_forecast.forecasting`), when to look (:mod:`.today_sensor`), whom to notify
(:mod:`chat_forecast.presentation.notifications`), or Dagster.

A look reads what the source has not given yet today, and keeps it apart from the partitions
(:mod:`chat_forecast.storage.today_files`): the night reads the whole day as if nobody had looked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pandas as pd

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.forecasting.base import HISTORY_DAYS
from chat_forecast.forecasting.day_plan import DayPlan, make_plan
from chat_forecast.forecasting.known_events import KnownEvent, events_of, remember
from chat_forecast.forecasting.today import examine
from chat_forecast.pipeline.resources import Resources
from chat_forecast.presentation.today import Look
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import Topic
from chat_forecast.sources.base import TRAITS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.today_files import TodayFiles


def is_watchable(chat: Chat) -> bool:
    """Whether there is anything new of a chat before its day is over. A topic follows its forum at night."""
    return not isinstance(chat, Topic) and not TRAITS[chat.source].has_end and chat.last_day is None


def files_of(chat: Chat, stores: Resources) -> TodayFiles:
    """Where the chat's day is kept."""
    return TodayFiles(stores.storages.root, chat.slug, chat.timezone, stores.storages.locks)


def watch(chat: Chat, stores: Resources, now: datetime, say: Callable[[str], object] = lambda _words: None) -> Look:
    """Read what is new of the day that is not over, keep it, and look at the day.

    Raises:
        SourceError: the source could not be read; what it gave before stays.
        LockTaken: another process is looking.
    """
    files, day = files_of(chat, stores), LocalDay.containing(now, chat.timezone)
    with files.lock():
        _read_new(chat, stores, files, day, now, say)
        seen = _look(chat, stores, files, now)
        files.keep_events(seen.events)
        return seen


def look(chat: Chat, stores: Resources, now: datetime) -> Look:
    """Look at what was read of the day before; nothing is read from the source, and no event is noted.

    Raises:
        StoredFileError: a stored file is damaged.
    """
    return _look(chat, stores, files_of(chat, stores), now)


def _look(chat: Chat, stores: Resources, files: TodayFiles, now: datetime) -> Look:
    day = LocalDay.containing(now, chat.timezone)
    plan, batch = plan_of(stores.storages.of(chat), files, day), files.messages(day)
    today = examine(plan, batch.messages["sent_at"], batch.read_intervals)
    events = remember(files.events(), events_of(today), today.read_until)
    links = {event.key: _link(chat, stores, batch, event) for event in events}
    known = {key: link for key, link in links.items() if link is not None}
    return Look(chat, today, tuple(events), batch, pd.Timestamp(now).tz_convert(chat.timezone), known)


def _link(chat: Chat, stores: Resources, batch: MessageBatch, event: KnownEvent) -> str | None:
    """The address of an event's first message; in a silence that of the last one before it."""
    place = int(batch.messages["sent_at"].searchsorted(event.begin)) - (event.kind == "silent")
    is_there = 0 <= place < len(batch.messages)
    return stores.sources.link(chat, int(batch.messages["message_id"].iloc[place])) if is_there else None


def _read_new(
    chat: Chat, stores: Resources, files: TodayFiles, day: LocalDay, now: datetime, say: Callable[[str], object]
) -> None:
    known = files.messages(day)

    def keep(_day: LocalDay, piece: MessageBatch) -> None:
        files.keep_messages(day, merge_batches([known, _until(piece, day, now)]))

    hurried = replace(stores.sources.limits, read_seconds=60, session_seconds=20, flood_seconds=20)
    source = replace(stores.sources, limits=hurried).of(chat, lambda _day: known, say, keep)
    for batch in source.read_days([day]):
        keep(day, batch)


def _until(batch: MessageBatch, day: LocalDay, now: datetime) -> MessageBatch:
    """What of a batch lies before now: a simulated chat knows its future."""
    messages = batch.messages[batch.messages["sent_at"] < pd.Timestamp(now)]
    return MessageBatch(
        messages.reset_index(drop=True), batch.read_intervals.clip(day.start, min(day.end, pd.Timestamp(now)))
    )


def plan_of(storage: ChatStorage, files: TodayFiles, day: LocalDay) -> DayPlan:
    """The plan of a day, made again if what it is made from has changed."""
    yesterday = day.plus(-1)
    models = [each for each in storage.days("trained_model") if each < day]
    newest = storage.days("hourly_series")
    version = " ".join(
        [
            day.key,
            str(storage.version("hourly_series", yesterday)),
            models[-1].key if models else "",
            newest[-1].key if newest else "",
        ]
    )
    kept = files.plan(day, version)
    if kept is not None:
        return kept
    series = storage.frames("hourly_series", day.plus(-HISTORY_DAYS - RECENT_DAYS), yesterday)
    recent = [storage.messages("merged_history", each).messages for each in day.plus(-RECENT_DAYS).until(yesterday)]
    sent_at = pd.concat([messages["sent_at"] for messages in recent], ignore_index=True)
    plan = make_plan(storage.newest_model(yesterday), series, sent_at, day)
    files.keep_plan(plan, version)
    return plan

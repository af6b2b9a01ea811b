"""Changing a chat's time zone: its messages are divided into other days, and what was made from them is made again.

Belongs here: the order of the steps, each of which can be done again after the process was killed in it.
Does not belong here: moving files (:mod:`chat_forecast.storage.zone_files`).

Nothing is read from the chat's source, and nothing that was stored is removed: all of the old zone's partitions are moved
to a folder beside the new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from chat_forecast.app.runs import Runner
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.editing import update_timezone
from chat_forecast.settings.known_values import is_same_timezone
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.settings.reading import check_chat
from chat_forecast.settings.topics import Topic
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.unmade_days import note_made, unmade_days
from chat_forecast.storage.zone_change import ZoneChange
from chat_forecast.storage.zone_files import counted_in, days_of_messages, free_name, stage, staged_days, swap

DERIVED_ASSETS = ("hourly_series", "next_day_forecast", "daily_score")


class ZoneError(ChatForecastError):
    """A chat's zone cannot be changed; the message says why and what to do."""


@dataclass(frozen=True)
class ChangedZone:
    """What a change of a chat's time zone did."""

    chat: Chat
    """With its new zone."""
    old: str
    retired: Path | None
    """Where everything of the old zone lies; None where nothing was counted in another zone."""
    days: tuple[LocalDay, ...] = ()
    """The days that were counted, forecast and scored again."""
    messages: int = 0
    """The messages of these days."""
    retrained: LocalDay | None = None
    """The day that a new model was trained through."""


def change_timezone(runner: Runner, home: Home, chat: Chat, zone: str, now: datetime) -> ChangedZone:
    """Change a chat's zone; done again after it was interrupted, it goes on where it was.

    Raises:
        ConfigError: there is no such zone, or ``chats.toml`` cannot be changed.
        ZoneError: the partitions do not lie on a local disk, or a change to another zone is under way.
        ChatIsBusy: a run of the chat is under way.
        StoredFileError: messages of the old zone cannot be read. Nothing was changed.
        RunFailed: the days could not be made again; doing the same again goes on.
    """
    if isinstance(chat, Topic) and chat.forum.timezone != zone:
        raise ZoneError(f"{chat.slug} is a topic, with its forum's zone: chat-forecast timezone {chat.forum.slug} {zone}")
    if "://" in home.storage_url:
        raise ZoneError(
            f"{chat.slug}: the zone can be changed on a local disk only, where folders are renamed in one step; found "
            f"{home.storage_url}. Copy the chat's folder to a local one, change the zone there, and copy it back"
        )
    check_chat(chat.slug, source=chat.source, timezone=zone, first_day=chat.first_day)
    moved = chat.model_copy(update={"timezone": zone})
    runner.expect_idle(chat)
    storage = runner.storage(moved)
    with storage.lock():
        change = _moved(home, chat, storage, now)
    if change is None:
        return ChangedZone(moved, chat.timezone, None)
    done = _rebuild(runner, moved, change, now)
    note_made(storage, unmade_days(storage))  # all of them are
    ZoneChange.end(storage.root, storage.chat)
    return done


def _moved(home: Home, chat: Chat, storage: ChatStorage, now: datetime) -> ZoneChange | None:
    """Put the messages into days of the new zone, and the zone into the settings; None if only the settings change."""
    change = ZoneChange.load(storage.root, storage.chat)
    if change is not None and change.new != storage.timezone:
        raise ZoneError(
            f"{chat.slug}: a change of its zone to {change.new} is under way, found {storage.timezone} asked for. Finish "
            f"the first one: chat-forecast timezone {chat.slug} {change.new}"
        )
    if change is None:
        others = [zone for zone in [*counted_in(storage), chat.timezone] if not is_same_timezone(zone, storage.timezone)]
        old = ChatStorage(storage.root, storage.chat, others[0] if others else chat.timezone, storage.locks)
        if not others or not days_of_messages(old):
            _set_zone(home, chat, storage.timezone, chat.first_day)
            return None
        stage(old, storage)
        day = LocalDay.containing(now, storage.timezone)
        retired = free_name(storage, f"retired-{old.timezone.replace('/', '-')}-{day.key}")
        change = ZoneChange(old.timezone, storage.timezone, retired, "moving", staged_days(storage)[0].key)
        change.save(storage.root, storage.chat)
    if change.phase == "moving":
        swap(storage, change)
        first_day = min(chat.first_day, LocalDay.parse(change.first_day, storage.timezone).date)
        _set_zone(home, chat, storage.timezone, first_day)
        change = ZoneChange(change.old, change.new, change.retired, "rebuilding", change.first_day)
        change.save(storage.root, storage.chat)
    return change


def _set_zone(home: Home, chat: Chat, zone: str, first_day: date) -> None:
    """Put a zone into the settings; those of a topic are its forum's, which has it already."""
    if not isinstance(chat, Topic):
        update_timezone(home.chats_file, chat.slug, zone, first_day)


def _rebuild(runner: Runner, chat: Chat, change: ZoneChange, now: datetime) -> ChangedZone:
    """Make every day again that is derived from the messages, and one model at the end."""
    storage, yesterday = runner.storage(chat), LocalDay.containing(now, chat.timezone).plus(-1)
    first_day = min(chat.first_day, LocalDay.parse(change.first_day, chat.timezone).date)
    chat = chat.model_copy(update={"first_day": first_day})
    last_day = runner.resources.sources.last_day(chat, yesterday)
    days = [day for day in storage.days("merged_history") if day <= last_day]
    for first, last in _without_gaps(days):
        runner.materialise(chat, DERIVED_ASSETS, first, last)
    retrained = runner.retrain_if_wanted(chat)
    messages = sum(len(storage.messages("merged_history", day).messages) for day in days)
    return ChangedZone(chat, change.old, Path(storage.root) / chat.slug / change.retired, tuple(days), messages, retrained)


def _without_gaps(days: Sequence[LocalDay]) -> list[tuple[LocalDay, LocalDay]]:
    """The first and the last of each row of days that follow one another: one, unless days were never read.

    Each is a run of its own. A run has one range, and to Dagster every day of it is made, also one that nobody read.
    """
    ranges: list[tuple[LocalDay, LocalDay]] = []
    for day in days:
        if ranges and ranges[-1][1].plus(1) == day:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges

"""Moving a chat's partitions from one time zone to another: its messages are divided into other days, the rest is retired.

Belongs here: the files, in an order in which nothing is lost whenever the process dies.
Does not belong here: the settings, and making again what is derived from messages (:mod:`chat_forecast.app.timezone`).

The new days of messages are first written aside, all of them. Then the file of :mod:`.zone_change` says so, the folders of
the old zone are moved aside, and the new ones take their place: renamings, each of which is found done or not done.
"""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.storage.atomic_files import join_url
from chat_forecast.storage.partition_files import ENDING, MESSAGE_ASSETS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.zone_change import ZoneChange

STAGING = ".new-zone"
REACH = 2
"""The days on either side of a day that the same date in another zone may touch: offsets differ by 26 hours at most."""


def stage(old: ChatStorage, new: ChatStorage) -> None:
    """Write the messages of all partitions aside, divided into the days of the new zone; what is stored stays as it is.

    Raises:
        StoredFileError: a partition is damaged, holds messages of another day, or the new ones could not be written.
    """
    staging = _staging(new)
    shutil.rmtree(_folder(old) / STAGING, ignore_errors=True)
    for asset in MESSAGE_ASSETS:
        for day, batch in _divided(old, asset, new.timezone):
            staging.write(asset, day, batch)


def swap(storage: ChatStorage, change: ZoneChange) -> None:
    """Move every asset of the old zone aside and the staged messages into place; what is moved already stays moved."""
    folder = _folder(storage)
    retired = folder / change.retired
    retired.mkdir(exist_ok=True)
    for asset in PARTITION_SCHEMAS:
        if (folder / asset).exists() and not (retired / asset).exists():
            (folder / asset).rename(retired / asset)
        elif not (retired / asset).exists():
            (retired / asset).mkdir()  # nothing was stored: what is put there later is not of the old zone
    for asset in MESSAGE_ASSETS:
        if (folder / STAGING / asset).exists():
            (folder / STAGING / asset).rename(folder / asset)
    shutil.rmtree(folder / STAGING, ignore_errors=True)


def free_name(storage: ChatStorage, wanted: str) -> str:
    """The name of a folder beside a chat's assets that is not taken yet."""
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, 1000))
    return next(name for name in names if not (_folder(storage) / name).exists())


def days_of_messages(storage: ChatStorage) -> list[LocalDay]:
    """The days of which messages are stored, read or merged, ascending."""
    return sorted({day for asset in MESSAGE_ASSETS for day in storage.days(asset)})


def staged_days(storage: ChatStorage) -> list[LocalDay]:
    """The days of the new zone that :func:`stage` has written."""
    return days_of_messages(_staging(storage))


def counted_in(storage: ChatStorage) -> list[str]:
    """The zones of the oldest and the newest hourly series that can be read; none where there is none."""
    days, zones = storage.days("hourly_series"), []
    for ordered in (days, days[::-1]):
        for day in ordered:
            try:
                zone = pq.read_schema(_folder(storage) / "hourly_series" / f"{day.key}{ENDING}").field("hour").type.tz
            except (pa.ArrowException, KeyError, AttributeError, OSError):
                continue  # it is moved aside with the others
            zones.append(str(zone))
            break
    return zones


def _divided(old: ChatStorage, asset: str, timezone: str) -> Iterator[tuple[LocalDay, MessageBatch]]:
    """The days of the new zone of which a stored day knows anything, ascending, each with what is known of it."""
    stored = {day.date: day for day in old.days(asset)}
    left: dict[date, int] = {}
    held: dict[date, MessageBatch] = {}
    for day in sorted({day for each in stored.values() for day in _touched(each, timezone)}):
        near = [near for near in (day.date + timedelta(number) for number in range(-REACH, REACH + 1)) if near in stored]
        held = {each: held[each] if each in held else old.messages(asset, stored[each]) for each in near}
        pieces = []
        for each, batch in held.items():
            sent_at = batch.messages["sent_at"]
            inside = batch.messages[((sent_at >= day.start) & (sent_at < day.end)).to_numpy()]
            left[each] = left.get(each, len(batch.messages)) - len(inside)
            pieces.append(MessageBatch(inside.reset_index(drop=True), batch.read_intervals.clip(day.start, day.end)))
        merged = merge_batches(pieces)
        if day.date in stored or len(merged.messages) or not merged.read_intervals.is_empty:
            yield day, merged  # a day beyond the first or the last one may be touched, and nothing be known of it
    for each, number in left.items():
        if number:
            raise StoredFileError(
                f"{old.url(asset, stored[each])} holds {number} messages of another day, expected only those of its own. "
                "The chat's zone was not changed. Restore the file from a backup, or move it out of the folder."
            )


def _touched(day: LocalDay, timezone: str) -> list[LocalDay]:
    """The days of a zone that share an instant with a day of another zone; and the same date, if the day is of this zone."""
    first, last = (LocalDay.containing(instant, timezone) for instant in (day.start, day.end - pd.Timedelta(1, "us")))
    same = LocalDay(day.date, timezone)
    return [*first.until(last), *([same] if same.exists else [])]


def _staging(storage: ChatStorage) -> ChatStorage:
    return ChatStorage(join_url(storage.root, storage.chat), STAGING, storage.timezone, storage.locks)


def _folder(storage: ChatStorage) -> Path:
    return Path(storage.root) / storage.chat

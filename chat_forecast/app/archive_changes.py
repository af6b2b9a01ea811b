"""Bringing stored days in line with an archive that changed: removing what is gone, and making the days again.

Belongs here: what a change removes from stored days, and which days are made again.
Does not belong here: the change itself (:mod:`.importing`, :mod:`chat_forecast.storage.archive`).

The stored history of a day only grows, so what an archive does not hold any more is removed from it explicitly, before the
archive changes: after a crash in between, the next run adds what the archive still holds. The days to be made again are
noted before anything changes, so that the next command can finish what a killed one left.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from chat_forecast.app.import_report import changed_days
from chat_forecast.app.runs import Runner
from chat_forecast.domain.deduplication import only_in
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.errors import ChatForecastError
from chat_forecast.forecasting import HISTORY_DAYS
from chat_forecast.pipeline.runs import ALL_ASSETS, HISTORY_ASSETS
from chat_forecast.settings.models import Chat
from chat_forecast.sources import read_as
from chat_forecast.sources.base import TRAITS
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents
from chat_forecast.storage.archive_ledger import Ledger
from chat_forecast.storage.atomic_files import remove_file
from chat_forecast.storage.partition_files import MESSAGE_ASSETS
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.unmade_days import note_made, note_unmade, unmade_days

ONE_RUN_DAYS = 62
"""Days at most this far apart are made in one run, together with those between them, since starting a run takes longer."""


@dataclass(frozen=True)
class Remade:
    """What was made again after an archive changed, and what was not."""

    days: tuple[LocalDay, ...] = ()
    """Those whose hours were counted again, ascending."""
    forecasts: int = 0
    scores: int = 0
    """Made again by the models that there are, since they look back to one of the days."""
    models: int = 0
    """Trained on one of the days, and not trained again."""
    newest: LocalDay | None = None
    """The last day that has a series: training through it gives the model that knows most."""


class NoSuchImportError(ChatForecastError):
    """An archive has no import of that number; the message lists those it has."""


def remove_import(archive: Archive, number: int, storage: ChatStorage, topics: Sequence[ChatStorage] = ()) -> list[LocalDay]:
    """Take an import out of an archive, with what it alone brought; returns the days that change, ascending.

    ``topics`` is what is stored of the chat's topics, which change with it.

    Raises:
        NoSuchImportError: there is none of that number.
        StoredFileError: the archive or a stored day is damaged.
    """
    numbers = [record.number for record in archive.ledger.imports]
    if number not in numbers:
        known = ", ".join(map(str, numbers)) or "none"
        chat = archive.chat
        raise NoSuchImportError(f"{chat} has no import {number}; it has: {known}. See chat-forecast imports {chat}")
    return _change(archive, lambda contents: contents.without_import(number), [storage, *topics])


def change_statements(
    archive: Archive, change: Callable[[Ledger], Ledger], storage: ChatStorage, topics: Sequence[ChatStorage] = ()
) -> list[LocalDay]:
    """Change what people said about an archive's silences; returns the days that change, ascending.

    ``topics`` is what is stored of the chat's topics, which change with it.

    Raises:
        StoredFileError: the archive or a stored day is damaged.
    """

    def changed(contents: ArchiveContents) -> ArchiveContents:
        after = contents.with_ledger(change)
        return after if after.ledger != contents.ledger else contents

    return _change(archive, changed, [storage, *topics])


def remove_withdrawn(storage: ChatStorage, before: ArchiveContents, after: ArchiveContents) -> None:
    """Remove from the stored days the messages and intervals that an archive holds ``before`` a change but not ``after``.

    A stretch that the chat's live source had read too then counts as not read, and is read again. The days to be made again
    are noted first.
    """
    if counted := storage.days("hourly_series"):
        note_unmade(storage, set(counted).intersection(changed_days(before, after, storage.timezone)))
    gone = only_in(before.messages, after.messages)
    lost = before.read_intervals.without(after.read_intervals)
    if gone.empty and lost.is_empty:
        return
    affected = set(changed_days(before, after, storage.timezone))
    with storage.lock():
        for asset in MESSAGE_ASSETS:
            for day in affected.intersection(storage.days(asset)):
                stored = storage.messages(asset, day)
                is_left = ~stored.messages["message_id"].isin(gone["message_id"])
                read = stored.read_intervals.without(lost)
                if not is_left.all() or read != stored.read_intervals:
                    storage.write(asset, day, MessageBatch(stored.messages[is_left].reset_index(drop=True), read))


def remake(runner: Runner, chat: Chat, changed: Sequence[LocalDay]) -> Remade:
    """Make the changed days again that are stored, and the days that an earlier, interrupted change left.

    Their hours are counted again, and every stored forecast and score that looks back to them is made again with the stored
    models. No model is trained: if the newest score then fails its check, the next run or the sensor retrains. Days
    that the archive of an ended chat does not reach any more are removed.

    Raises:
        RunFailed: a run failed; what was made before it stays.
        ChatIsBusy: another run of the chat is under way.
    """
    storage = runner.storage(chat)
    _remove_unreached(chat, storage)
    counted, wanted = storage.days("hourly_series"), {*changed, *unmade_days(storage)}
    affected = sorted(wanted.intersection(counted))
    if not affected:
        note_made(storage, wanted)
        return Remade()
    forecasts = _looking_back(storage.days("next_day_forecast"), HISTORY_DAYS, affected)
    scored = sorted(set(storage.days("daily_score")).intersection(counted))
    # A score is of the forecast made the day before, and its verdict of those of some days.
    scores = _looking_back(scored, HISTORY_DAYS + chat.check.window_days, affected)
    for assets, days, stored in (
        (HISTORY_ASSETS, affected, counted),
        (("next_day_forecast",), forecasts, storage.days("next_day_forecast")),
        (("daily_score",), scores, scored),
    ):
        for first, last in _ranges(days, set(stored)):
            runner.materialise(chat, assets, first, last)
    models = _looking_back(storage.trained_days(), chat.training.days, affected)
    note_made(storage, wanted)
    return Remade(tuple(affected), len(forecasts), len(scores), len(models), counted[-1])


def remake_unmade(runner: Runner, chat: Chat) -> None:
    """Make the days again that an interrupted change of the archive left; usually there are none.

    Raises:
        RunFailed: a run failed.
        ChatIsBusy: another run of the chat is under way.
    """
    if unmade_days(runner.storage(chat)):
        remake(runner, chat, ())


def _change(
    archive: Archive, change: Callable[[ArchiveContents], ArchiveContents], storages: Sequence[ChatStorage]
) -> list[LocalDay]:
    def with_days_first(before: ArchiveContents) -> ArchiveContents:
        after = change(before)
        for storage in storages:
            remove_withdrawn(storage, before, after)
        return after

    before, after = archive.change(with_days_first)
    return changed_days(before, after, storages[0].timezone)


def _remove_unreached(chat: Chat, storage: ChatStorage) -> None:
    """Remove what is stored of days after the end of an imported chat; of all days, if no import is left."""
    if not TRAITS[chat.source].has_end:
        return
    known_until = Archive(storage.root, read_as(chat).slug).known_until
    end = None if known_until is None else LocalDay.containing(known_until, chat.timezone)
    with storage.lock():
        for asset in ALL_ASSETS:
            for day in storage.days(asset):
                if end is None or day > end:
                    remove_file(storage.url(asset, day))


def _looking_back(days: Sequence[LocalDay], number: int, affected: Sequence[LocalDay]) -> list[LocalDay]:
    """The days that are affected themselves, or lie at most ``number`` days after an affected one."""
    reached = ReadIntervals.of(*((day.start, day.plus(number).end) for day in affected))
    return [day for day in days if not reached.clip(day.start, day.end).is_empty]


def _ranges(days: Sequence[LocalDay], stored: Collection[LocalDay]) -> list[tuple[LocalDay, LocalDay]]:
    """Group ascending days into ranges; days that are near each other share one if all days between them are stored."""
    ranges: list[tuple[LocalDay, LocalDay]] = []
    for day in days:
        first, last = ranges[-1] if ranges else (day, day)
        if ranges and day <= last.plus(ONE_RUN_DAYS) and all(each in stored for each in last.until(day)):
            ranges[-1] = (first, day)
        else:
            ranges.append((day, day))
    return ranges

"""Changes of an archive from which days were made already: taking back what is gone, and making those days again.

Belongs here: what of the stored days a change takes away, and which days are made again.
Does not belong here: the change itself (:mod:`.importing`, :mod:`chat_forecast.storage.archive`).

The stored history of a day only grows. So what an archive does not hold any more is taken out of it first; a crash after
that leaves days that lack what the archive still holds, and the next run puts it back.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from chat_forecast.app.import_report import changed_days
from chat_forecast.app.runs import Runner
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS, HISTORY_ASSETS
from chat_forecast.settings.models import Chat
from chat_forecast.sources.base import TRAITS
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import ArchiveContents
from chat_forecast.storage.archive_ledger import Ledger
from chat_forecast.storage.atomic_files import remove_file
from chat_forecast.storage.partitions import ChatStorage

MESSAGE_ASSETS = ("raw_messages", "merged_history")
ONE_RUN_DAYS = 62
"""Days nearer to each other than that are made in one run, with those between them: a run takes longer than they do."""


class NoSuchImportError(ChatForecastError):
    """An archive has no import of that number; the message lists those it has."""


def remove_import(archive: Archive, number: int, storage: ChatStorage) -> list[LocalDay]:
    """Take an import out of an archive, with what it alone brought; returns the days that change, ascending.

    Raises:
        NoSuchImportError: there is none of that number.
        StoredFileError: the archive or a stored day is damaged.
    """
    numbers = [record.number for record in archive.ledger.imports]
    if number not in numbers:
        known = ", ".join(map(str, numbers)) or "none"
        raise NoSuchImportError(f"{archive.chat} has no import {number}; it has: {known}. See chat-forecast imports CHAT")
    return _change(archive, lambda contents: contents.without_import(number), storage)


def change_statements(archive: Archive, change: Callable[[Ledger], Ledger], storage: ChatStorage) -> list[LocalDay]:
    """Change what people said about an archive's silences; returns the days that change, ascending.

    Raises:
        StoredFileError: the archive or a stored day is damaged.
    """

    def changed(contents: ArchiveContents) -> ArchiveContents:
        after = contents.with_ledger(change)
        return after if after.ledger != contents.ledger else contents

    return _change(archive, changed, storage)


def take_back(storage: ChatStorage, before: ArchiveContents, after: ArchiveContents) -> None:
    """Take out of the stored days what an archive holds ``before`` a change and not ``after`` it.

    What a source read beside the archive is asked for again: a stretch that both covered is not read any more.
    """
    gone = before.messages[~before.messages["message_id"].isin(after.messages["message_id"])]
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


def remake(runner: Runner, chat: Chat, changed: Sequence[LocalDay]) -> list[LocalDay]:
    """Make the stored days of those that changed again; returns them, ascending.

    Their hours are counted again, and the forecasts and scores of the days that look back to them are made again, by the
    models that there are. Days that the archive of an ended chat does not reach any more are none of the chat's: what was
    made of them goes.

    Raises:
        RunFailed: a run failed; what was made before it stands.
        ChatIsBusy: another run of the chat is under way.
    """
    storage = runner.storage(chat)
    _remove_unreached(chat, storage)
    stored = storage.days("hourly_series")
    affected = sorted(set(changed).intersection(stored))
    for first, last in _ranges(affected):
        runner.materialise(chat, HISTORY_ASSETS, first, last)
    for first, last in _ranges(_looking_back_to(affected, storage)):
        runner.materialise(chat, DAY_ASSETS[len(HISTORY_ASSETS) :], first, last)
    return affected


def _change(archive: Archive, change: Callable[[ArchiveContents], ArchiveContents], storage: ChatStorage) -> list[LocalDay]:
    def with_days_first(before: ArchiveContents) -> ArchiveContents:
        after = change(before)
        take_back(storage, before, after)
        return after

    before, after = archive.change(with_days_first)
    return changed_days(before, after, storage.timezone)


def _remove_unreached(chat: Chat, storage: ChatStorage) -> None:
    """Remove what is stored of days after the end of an imported chat; of all days, if no import is left."""
    if not TRAITS[chat.source].has_end:
        return
    known_until = Archive(storage.root, chat.slug).known_until
    end = None if known_until is None else LocalDay.containing(known_until, chat.timezone)
    with storage.lock():
        for asset in ALL_ASSETS:
            for day in storage.days(asset):
                if end is None or day > end:
                    remove_file(storage.url(asset, day))


def _looking_back_to(affected: Sequence[LocalDay], storage: ChatStorage) -> list[LocalDay]:
    """The stored forecasts' days from whose recent days some of the affected are not further away."""
    starts = ReadIntervals.of(*((day.start, day.plus(RECENT_DAYS).end) for day in affected))
    return [day for day in storage.days("next_day_forecast") if not starts.clip(day.start, day.end).is_empty]


def _ranges(days: Sequence[LocalDay]) -> list[tuple[LocalDay, LocalDay]]:
    """Ranges that hold the days, which ascend; near ones are one."""
    if not days:
        return []
    breaks = [(left, right) for left, right in pairwise(days) if right > left.plus(ONE_RUN_DAYS)]
    firsts, lasts = [days[0], *(right for _, right in breaks)], [*(left for left, _ in breaks), days[-1]]
    return list(zip(firsts, lasts, strict=True))

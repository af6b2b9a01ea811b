"""Making days again after their archive changed, as several commands do.

Belongs here: showing it, and what to do if it fails. Does not belong here: making them (:mod:`chat_forecast.app`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from chat_forecast.cli.base import Workplace
from chat_forecast.cli.output.progress import run_progress
from chat_forecast.cli.reports import refresh_report
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.models import Chat
from chat_forecast.settings.topics import topics_of
from chat_forecast.storage.unmade_days import unmade_days

if TYPE_CHECKING:  # it imports Dagster, for which a first import need not wait
    from chat_forecast.app.archive_changes import Remade


class NotRemadeError(ChatForecastError):
    """An archive changed, but days made from it were not made again; the message says how to do that."""


def remake_days(workplace: Workplace, chat: Chat, changed: Sequence[LocalDay], console: Console) -> "Remade | None":
    """Make those of the changed days again that were made before; None if none of them was.

    Those that a command was to make which was killed are among them. A forum's topics are made again after it.

    Raises:
        NotRemadeError: it did not succeed; the archive is changed all the same.
    """
    remade = _remake(workplace, chat, changed, console)
    for topic in topics_of(chat, workplace.chats):
        _remake(workplace, topic, changed, console)
    return remade


def _remake(workplace: Workplace, chat: Chat, changed: Sequence[LocalDay], console: Console) -> "Remade | None":
    storage = workplace.resources.storages.of(chat)
    made = sorted({*changed, *unmade_days(storage)}.intersection(storage.days("hourly_series")))
    if not made:
        return None
    from chat_forecast.app.archive_changes import remake
    from chat_forecast.app.runs import opened

    try:
        with run_progress(console) as progress, opened(workplace.home, workplace.chats, progress.update) as runner:
            progress.headline(f"{chat.slug}: making {'a day' if len(made) == 1 else f'{len(made)} days'} again")
            remade = remake(runner, chat, made)
    except ChatForecastError as error:
        raise NotRemadeError(
            f"{error} The archive has changed, but not the days made from it. Make them again: chat-forecast backfill "
            f"{chat.slug} --from {made[0].key} --to {made[-1].key}"
        ) from error
    refresh_report(workplace, chat, console)
    return remade

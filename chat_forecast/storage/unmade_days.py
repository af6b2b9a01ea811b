"""Days that an archive's change has made untrue, until they are made again: a command may be killed in between.

Belongs here: the file that names them.
Does not belong here: which days a change concerns, and making them again (:mod:`chat_forecast.app.archive_changes`).
"""

import json
from collections.abc import Iterable

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.atomic_files import join_url, read_file, remove_file, write_file
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError

FILE = "unmade_days.json"


def unmade_days(storage: ChatStorage) -> list[LocalDay]:
    """The days that are yet to be made again, ascending; none as a rule.

    Raises:
        StoredFileError: the file is damaged.
    """
    url = join_url(storage.root, storage.chat, FILE)
    content = read_file(url)
    if content is None:
        return []
    try:
        return sorted(LocalDay.parse(key, storage.timezone) for key in json.loads(content))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StoredFileError(
            f"{url}, the days that are to be made again since the archive has changed, is damaged ({error}). Delete it, and "
            f"make all days again: chat-forecast backfill {storage.chat}"
        ) from error


def note_unmade(storage: ChatStorage, days: Iterable[LocalDay]) -> None:
    """Note that days are to be made again, before what they are made from changes."""
    if new := set(days):
        with storage.lock():
            _replace(storage, {*unmade_days(storage), *new})


def note_made(storage: ChatStorage, days: Iterable[LocalDay]) -> None:
    """Note that days were made again."""
    made = set(days)
    with storage.lock():
        if made.intersection(unmade := unmade_days(storage)):
            _replace(storage, set(unmade) - made)


def _replace(storage: ChatStorage, days: set[LocalDay]) -> None:
    url = join_url(storage.root, storage.chat, FILE)
    if days:
        write_file(url, json.dumps(sorted(day.key for day in days)).encode())
    else:
        remove_file(url)

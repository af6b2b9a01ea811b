"""What was left over by a process that was killed while it wrote: files aside, which never became the file they were for.

Belongs here: in which folders of a home there may be some.
Does not belong here: removing them (:mod:`chat_forecast.whole_files`), and processes that are left over
(:mod:`chat_forecast.app.serving.leftovers`).
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chat_forecast.settings.paths import Home
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast.whole_files import remove_leftovers


def sweep(home: Home, slugs: Iterable[str]) -> int:
    """Remove the leftovers in a home and in the folders of chats; returns how many there were.

    On storage that is no disk of this machine there are none. What cannot be removed stays, and harms nothing.
    """
    folders = [home.root, home.dagster_home, home.mlflow_file.parent, home.locks, *home.reports.glob("**/")]
    if "://" not in home.storage_url:
        for slug in slugs:
            folder = Path(home.storage_url, slug)
            folders += [folder, folder / "archive", *(folder / asset for asset in PARTITION_SCHEMAS)]
    removed = 0
    for folder in folders:
        with suppress(OSError):
            removed += remove_leftovers(folder)
    return removed

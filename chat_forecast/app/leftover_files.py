"""Temporary files that a killed process left behind before it could rename them.

Belongs here: in which folders of a home there may be some.
Does not belong here: removing those of a folder (:mod:`chat_forecast.whole_files`), and servers that were left running
(:mod:`chat_forecast.app.serving.stale_servers`).
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chat_forecast.settings.paths import Home
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast.whole_files import remove_leftovers


def remove_leftover_files(home: Home, slugs: Iterable[str]) -> int:
    """Remove the leftover files in a home and in the folders of chats; returns how many were removed.

    Storage that is not a local disk has none. What cannot be removed stays, and does no harm.
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

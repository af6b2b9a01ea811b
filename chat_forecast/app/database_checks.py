"""Checking the SQLite files of Dagster and MLflow, so that damage is reported before it makes something fail.

Belongs here: which files these are, how long they may be checked, and what to do about each.
Does not belong here: how one is checked (:mod:`chat_forecast.storage.sqlite_files`).
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chat_forecast.pipeline.instance_settings import INDEX, LOST
from chat_forecast.settings.paths import Home
from chat_forecast.storage.sqlite_files import damaged, fault_of
from chat_forecast.tracking.client import LOST as LOST_IN_MLFLOW

STATUS_SECONDS = 0.5
"""How long ``status`` may check all files together: enough for half a gigabyte that is in memory."""
STARTING_SECONDS = 10.0
"""The same for ``up`` before it starts its servers."""


@dataclass(frozen=True)
class DatabaseFaults:
    """The result of :func:`check_databases`."""

    faults: list[str]
    """A sentence for each damaged file, with what to do."""
    unfinished: list[Path]
    """The files that were too large to be checked in the time given."""


def check_databases(
    home: Home, mlflow_file: Path | None = None, seconds: float = math.inf, *, has_runs: bool = False
) -> DatabaseFaults:
    """Check every page of Dagster's files, and of MLflow's if it has one, the small files first.

    With ``has_runs`` the file of each run's events is checked too: there may be tens of thousands.
    """
    faults, unfinished = [], []
    end = time.monotonic() + seconds
    files = {home.dagster_home / name: lost for name, lost in LOST.items()}
    if mlflow_file is not None:
        files[mlflow_file] = LOST_IN_MLFLOW
    for path in sorted(files, key=_size):
        try:
            if fault := fault_of(path, end - time.monotonic()):
                faults.append(damaged(path, fault, files[path]))
        except TimeoutError:
            unfinished.append(path)
    return DatabaseFaults([*faults, *(_damaged_run_files(home) if has_runs else ())], unfinished)


def _damaged_run_files(home: Home) -> Iterator[str]:
    for path in sorted((home.dagster_home / "history" / "runs").glob("*.db")):
        if path.stem != INDEX and (fault := fault_of(path)):
            yield (
                f"{path} is damaged ({fault}). It holds what one run told of itself, and nothing that is stored of a chat. "
                "Delete it: the run's page in the Dagster UI is empty then."
            )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

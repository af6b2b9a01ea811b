"""What a home may lose by age: the traces of old runs, of which nothing that is stored, shown or checked depends.

Belongs here: finding them, deleting them, and giving their place back to the disk.
Does not belong here: partitions, archives and scores, which are never deleted; which rows of Dagster's index are old traces
(:mod:`chat_forecast.pipeline.index_slimming`) and which models (:mod:`chat_forecast.tracking.superseded`).

Dagster keeps the events of each run in a file of its own, four fifths of what a night takes. What is stored of an asset, its
checks and its metadata stand in another one, the index, and stay. Deleting a *run* instead would take them along.

It may be killed at any moment: each step leaves all that stays as it is, and the next pruning finds what is left over.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from glob import iglob
from itertools import groupby
from pathlib import Path

import dagster as dg

from chat_forecast.app.runs import Runner
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.windows import TRACES_DAYS
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.compat import NOT_FINISHED_STATUSES, TickStatus
from chat_forecast.pipeline.index_slimming import slim
from chat_forecast.pipeline.instance_settings import LOST
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.storage.partitions import Storages
from chat_forecast.storage.retention import forget_old_messages
from chat_forecast.storage.sqlite_files import damaged
from chat_forecast.storage.vanishing_files import files_below, is_older, size_of
from chat_forecast.tracking.client import LOST as LOST_IN_MLFLOW
from chat_forecast.tracking.client import Tracking
from chat_forecast.tracking.superseded import SupersededModel, delete_superseded, find_superseded

RUNS_AT_ONCE = 500
RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SKIPPED_TICKS_STAY = timedelta(hours=1)
WORTH_COMPACTING = 100_000
"""A file of which nothing was deleted just now is written anew if this many bytes of it are free."""


class PruningError(ChatForecastError):
    """Something could not be deleted; the message names it and what to do."""


@dataclass(frozen=True)
class Prunable:
    """What may go."""

    now: datetime
    oldest: datetime
    """What is older than this may go."""
    runs: int
    """How many runs have traces older than the days kept."""
    files: tuple[Path, ...]
    """The files of their events and logs, and the plots and tables of MLflow's runs of that age."""
    models: tuple[SupersededModel, ...] = ()
    """Versions of models in MLflow."""
    unasked: str = ""
    """Why it is not known which models may go; empty where it is."""

    @property
    def size(self) -> int:
        """Bytes of what may go."""
        return sum(map(size_of, self.files)) + sum(model.size for model in self.models)


def find_prunable(home: Home, runner: Runner, now: datetime, keep_days: int = TRACES_DAYS) -> Prunable:
    """Find what is older than the days kept: traces of finished runs, superseded models; nothing is changed."""
    oldest = now - timedelta(days=keep_days)
    runs = _traces(home, oldest)
    finished = sorted(runs.keys() - _unfinished(runner.instance, sorted(runs)))
    files = [file for run in finished for file in runs[run]]
    files += [path for path in _mlflow_files(home) if is_older(path, oldest)]
    models, unasked = _superseded(home, runner, oldest)
    return Prunable(now, oldest, len(finished), tuple(files), models, unasked)


def prune(home: Home, tracking: Tracking, found: Prunable) -> int:
    """Delete what was found, slim what is old in the index, and give free space back to the disk.

    A file of Dagster's that somebody else is writing to is left as large as it is; the next pruning sees to it. Returns the
    bytes that were freed.

    Raises:
        PruningError: a file could not be deleted, or a database is damaged.
        TrackingUnavailable: a model, or files of runs that were never written, could not be deleted.
    """
    freed = found.size
    try:
        for file in found.files:
            is_empty_folder = file.is_dir()  # which a pruning that was killed left
            if not is_empty_folder:
                file.unlink(missing_ok=True)
            _remove_emptied(file if is_empty_folder else file.parent, home)
    except OSError as error:
        raise PruningError(f"{error.filename}: {error.strerror}. See that it can be deleted, then prune again.") from error
    slimming = {
        "history/runs/index.db": partial(slim, oldest=found.oldest),
        "schedules/schedules.db": partial(_delete_ticks, now=found.now),
    }
    for name, lost in LOST.items():
        freed += _compacted(home.dagster_home / name, lost, slimming.get(name, _nothing))
    tracking.remove_unwritten_artifacts()
    for storage, models in groupby(found.models, key=lambda model: model.storage):
        delete_superseded(tracking, storage, list(models))
    return freed + _compacted(home.mlflow_file, LOST_IN_MLFLOW)


def forget_old(chats: Sequence[Chat], storages: Storages, now: datetime) -> list[str]:
    """Leave of messages older than their chats' ``retention_days`` only what is counted; returns files that are damaged."""
    faults = []
    for chat in chats:
        if chat.retention_days is not None:
            storage = storages.of(chat)
            with storage.lock():
                first_kept = LocalDay.containing(now, chat.timezone).plus(-chat.retention_days)
                faults += forget_old_messages(storage, first_kept)
    return faults


def _traces(home: Home, oldest: datetime) -> dict[str, list[Path]]:
    """The files of runs whose events are older than ``oldest``, by run; also what a pruning that was killed left of them."""
    events: dict[str, list[Path]] = {}
    for path in sorted((home.dagster_home / "history" / "runs").glob("*.db*")):
        run = path.name.partition(".")[0]
        if RUN_ID.fullmatch(run):  # not the index, nor what somebody put beside it
            events.setdefault(run, []).append(path)
    storage = home.dagster_home / "storage"
    printed = {path.name for path in storage.glob("*") if RUN_ID.fullmatch(path.name) and is_older(path, oldest)}
    old = [run for run, files in events.items() if all(is_older(file, oldest) for file in files)]
    return {run: [*events.get(run, []), *files_below(storage / run)] for run in (*old, *(printed - events.keys()))}


def _unfinished(instance: dg.DagsterInstance, runs: Sequence[str]) -> set[str]:
    """Those of some runs that have not ended."""
    unfinished: set[str] = set()
    for start in range(0, len(runs), RUNS_AT_ONCE):
        chosen = dg.RunsFilter(run_ids=list(runs[start : start + RUNS_AT_ONCE]), statuses=list(NOT_FINISHED_STATUSES))
        unfinished.update(run.run_id for run in instance.get_runs(chosen))
    return unfinished


def _mlflow_files(home: Home) -> Iterator[Path]:
    """The plots and tables of MLflow's runs, where they lie in this home; not its models, and not its figures."""
    for kind in ("png", "json"):
        names = iglob(f"*/*/artifacts/*.{kind}", root_dir=home.mlflow_artifacts)  # noqa: PTH207 - pathlib fails if one goes
        yield from (home.mlflow_artifacts / name for name in names)


def _superseded(home: Home, runner: Runner, oldest: datetime) -> tuple[tuple[SupersededModel, ...], str]:
    """Which models may go; where MLflow cannot be asked, why not."""
    models: list[SupersededModel] = []
    try:
        for chat in runner.chats:
            models += find_superseded(runner.resources.tracking, runner.storage(chat), home.mlflow_artifacts, oldest)
    except ChatForecastError as error:
        return tuple(models), str(error)
    return tuple(models), ""


def _remove_emptied(folder: Path, home: Home) -> None:
    """Remove the folders that a deleted file has left empty: each takes a block of the disk."""
    kept = (home.dagster_home / "history" / "runs", home.dagster_home / "storage", home.mlflow_artifacts)
    with suppress(OSError):  # it is not empty, or somebody else was quicker
        while folder not in kept and folder.parent != folder:
            folder.rmdir()
            folder = folder.parent


def _delete_ticks(connection: sqlite3.Connection, now: datetime) -> int:
    """Delete the ticks of sensors that had nothing to do, of which there are nine a minute; returns how many."""
    before = (now - SKIPPED_TICKS_STAY).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    query = "DELETE FROM job_ticks WHERE status = ? AND timestamp < ?"
    return connection.execute(query, (TickStatus.SKIPPED.value, before)).rowcount


def _nothing(_connection: sqlite3.Connection) -> int:
    return 0


def _compacted(database: Path, lost: str, slimming: Callable[[sqlite3.Connection], int] = _nothing) -> int:
    """Take out of an SQLite file what ``slimming`` takes, and write it anew if that or else much of it is free.

    Returns by how many bytes it and its log became smaller.
    """
    if not database.exists():
        return 0
    if not database.is_file():
        raise PruningError(damaged(database, "it is a folder", lost))
    before = _size(database)
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            changed = slimming(connection)
            connection.execute("COMMIT")
            free, page = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
            if changed or free * page >= WORTH_COMPACTING:
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:  # somebody is writing to it, or the disk is full: it is as it was
            return 0
        except sqlite3.DatabaseError as error:
            raise PruningError(damaged(database, str(error), lost)) from error
    return max(0, before - _size(database))


def _size(database: Path) -> int:
    return sum(size_of(database.with_name(f"{database.name}{suffix}")) for suffix in ("", "-wal"))

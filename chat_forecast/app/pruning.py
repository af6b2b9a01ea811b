"""What a home may lose by age: the traces of old runs, of which nothing that is stored, shown or checked depends.

Belongs here: finding them, deleting them, and giving their place back to the disk.
Does not belong here: partitions, archives, models and scores, which are never deleted.

Dagster keeps the events of each run in a file of its own, four fifths of what a night takes. What is stored of an asset, its
checks and its metadata stand in another one, the index, and stay. Deleting a *run* instead would take them along.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from chat_forecast.domain.windows import TRACES_DAYS
from chat_forecast.errors import ChatForecastError
from chat_forecast.pipeline.compat import NOT_FINISHED_STATUSES
from chat_forecast.settings.paths import Home

INDEX = "index"
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
"""A picture in an event's metadata, as version 0.1.0 stored them; now they are drawn when they are looked at."""
NO_PICTURE = "data:,"
PLANS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
)
RUNS_AT_ONCE = 500
WORTH_COMPACTING = 100_000
"""A file is written anew if this many bytes of it are free."""


class PruningError(ChatForecastError):
    """Something could not be deleted; the message names it and what to do."""


@dataclass(frozen=True)
class Prunable:
    """What may go."""

    runs: int
    """How many runs have traces older than the days kept."""
    files: tuple[Path, ...]
    """The files of their events and logs, and the plots and tables of MLflow's runs of that age."""
    size: int
    """Bytes of these files."""
    oldest: datetime
    """What is older than this may go."""


def find_prunable(home: Home, instance: dg.DagsterInstance, now: datetime, keep_days: int = TRACES_DAYS) -> Prunable:
    """Find the traces of finished runs that are older than the days kept; nothing is changed."""
    oldest = now - timedelta(days=keep_days)
    events = home.dagster_home / "history" / "runs"
    old = [path for path in sorted(events.glob("*.db")) if path.stem != INDEX and _is_older(path, oldest)]
    going = _unfinished(instance, [path.stem for path in old])
    finished = [path for path in old if path.stem not in going]
    files = [file for path in finished for file in _files_of_run(home, path) if file.is_file()]
    files += [path for path in _mlflow_files(home) if _is_older(path, oldest)]
    return Prunable(len(finished), tuple(files), sum(file.stat().st_size for file in files), oldest)


def prune(home: Home, prunable: Prunable) -> int:
    """Delete what was found, slim what is old in the index, and give free space back to the disk.

    A file of Dagster's that somebody else is writing to is left as large as it is; the next pruning sees to it. Returns the
    bytes that were freed.

    Raises:
        PruningError: a file could not be deleted, or a database is damaged.
    """
    try:
        for file in prunable.files:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise PruningError(f"{error.filename}: {error.strerror}. See that it can be deleted, then prune again.") from error
    history = home.dagster_home / "history"
    databases = (history / "runs" / f"{INDEX}.db", history / "runs.db", home.dagster_home / "schedules" / "schedules.db")
    freed = sum(_compacted(database, prunable.oldest) for database in databases if database.exists())
    return prunable.size + freed


def _unfinished(instance: dg.DagsterInstance, runs: list[str]) -> set[str]:
    """Those of some runs that have not ended."""
    unfinished: set[str] = set()
    for start in range(0, len(runs), RUNS_AT_ONCE):
        chosen = dg.RunsFilter(run_ids=runs[start : start + RUNS_AT_ONCE], statuses=list(NOT_FINISHED_STATUSES))
        unfinished.update(run.run_id for run in instance.get_runs(chosen))
    return unfinished


def _files_of_run(home: Home, events: Path) -> Iterator[Path]:
    """The files of a run's events, which lie in ``events``, and of what its steps printed."""
    yield from (events.with_name(f"{events.name}{suffix}") for suffix in ("", "-wal", "-shm"))
    yield from (home.dagster_home / "storage" / events.stem).rglob("*")


def _mlflow_files(home: Home) -> Iterator[Path]:
    """The plots and tables of MLflow's runs, where they lie in this home; not its models, and not its figures."""
    yield from home.mlflow_artifacts.glob("*/*/artifacts/*.png")
    yield from home.mlflow_artifacts.glob("*/*/artifacts/*.json")


def _is_older(path: Path, oldest: datetime) -> bool:
    return path.stat().st_mtime < oldest.timestamp()


def _compacted(database: Path, oldest: datetime) -> int:
    """Write an SQLite file anew if much of it is free; returns by how many bytes it and its log became smaller."""
    before = _size(database)
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
        try:
            if database.stem == INDEX:
                connection.execute("BEGIN IMMEDIATE")
                _slim(connection, oldest)
                connection.execute("COMMIT")
            free, page = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
            if free * page >= WORTH_COMPACTING:
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:  # somebody is writing to it, or the disk is full: it is as it was
            return 0
        except sqlite3.DatabaseError as error:
            raise PruningError(f"{database} is damaged ({error}). Restore it from a backup, then prune again.") from error
    return max(0, before - _size(database))


def _slim(connection: sqlite3.Connection, oldest: datetime) -> None:
    """Take out of the index what nothing is shown from: plans that were carried out, and the bulk of old metadata.

    The tables of hours in it are for the newest days; those are kept, and so is the newest metadata of each asset.
    """
    before = oldest.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    connection.execute(
        "DELETE FROM event_logs WHERE timestamp < ? AND dagster_event_type IN (?, ?) AND run_id IN "
        "(SELECT run_id FROM event_logs WHERE dagster_event_type = ?)",
        (before, *PLANS, dg.DagsterEventType.RUN_SUCCESS.value),
    )
    old = connection.execute(
        "SELECT id, event FROM event_logs WHERE timestamp < ? AND dagster_event_type = ? AND id NOT IN "
        "(SELECT max(id) FROM event_logs WHERE dagster_event_type = ? GROUP BY asset_key) AND "
        "(instr(event, 'TableMetadataEntryData') OR instr(event, 'data:image/png;base64,'))",
        (before, *[dg.DagsterEventType.ASSET_MATERIALIZATION.value] * 2),
    )
    for number, event in old.fetchall():
        connection.execute("UPDATE event_logs SET event = ? WHERE id = ?", (_slimmed(event), number))


def _slimmed(event: str) -> str:
    """An event as Dagster stores it, without tables and pictures in its metadata."""
    content = json.loads(event)
    materialization = content["dagster_event"]["event_specific_data"]["materialization"]
    entries = materialization["metadata_entries"]
    kept = [entry for entry in entries if entry["entry_data"]["__class__"] != "TableMetadataEntryData"]
    materialization["metadata_entries"] = kept
    return PICTURE.sub(NO_PICTURE, json.dumps(content))


def _size(database: Path) -> int:
    files = (database.with_name(f"{database.name}{suffix}") for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())

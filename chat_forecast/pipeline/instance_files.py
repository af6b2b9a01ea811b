"""The SQLite files of Dagster's instance: small, and used so that a backfill of a year is not spent waiting for the disk.

Belongs here: how this process's connections to those files behave.
Does not belong here: what Dagster keeps in them, and other databases.

Dagster opens a connection for every event and closes it again. Of a file in WAL mode, the last connection that closes
copies the whole log into the file and waits for the disk, 5 ms each time, a quarter of a backfill's time. So one
connection to each of the files in use stays open, and a commit no longer waits for the disk: after a power cut the last
events may be gone, never half written. Stored partitions are flushed for themselves
(:mod:`chat_forecast.storage.atomic_files`).

Every run has a file of its own, whose 26 empty tables and indexes would take a page of 4 KB each, two thirds of the file.
So its pages are small.

Dagster also makes an engine for every connection, which knows no statement yet and compiles each anew. So the engines of
the last files are kept.
"""

import atexit
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from chat_forecast.pipeline.compat import SQLITE_STORAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine, Pool

INDEX = "index"
"""The name of the file, beside those of the runs, that holds what is known of assets across runs."""
KEPT_OPEN = 4
"""The index, the run's own events, runs, schedules."""
KEPT_ENGINES = 16
SMALL_PAGE = 1024
"""Bytes of a page in the file of a run."""

_kept: dict[str, sqlite3.Connection] = {}
_quick_folders: set[str] = set()
_small_folders: set[Path] = set()


def quicken(dagster_home: Path) -> None:
    """Let this process's coming connections to SQLite files below a folder be quick; calling it again changes nothing."""
    import sqlalchemy

    if not _quick_folders:
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _on_connect)
        for storage in SQLITE_STORAGES:
            vars(storage)["create_engine"] = _engine_of
    _quick_folders.add(f"{dagster_home}/")
    keep_small(dagster_home)


def keep_small(dagster_home: Path) -> None:
    """Let this process make the files of coming runs with small pages; calling it again changes nothing."""
    import sqlalchemy

    if not _small_folders:
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _on_new_file)
    _small_folders.add(dagster_home / "history" / "runs")


def _engine_of(url: str, *, poolclass: "Callable[..., Pool]", connect_args: dict[str, float] | None = None) -> "Engine":
    """As SQLAlchemy's ``create_engine``, but the engine of a file is made once."""
    return _kept_engine(url, poolclass, tuple((connect_args or {}).items()))


@lru_cache(maxsize=KEPT_ENGINES)
def _kept_engine(url: str, pool: "Callable[..., Pool]", connect_args: tuple[tuple[str, float], ...]) -> "Engine":
    from sqlalchemy import create_engine

    return create_engine(url, poolclass=pool, connect_args=dict(connect_args))


def _on_connect(connection: object, _record: object) -> None:
    """Do nothing unless it is a connection to a file in WAL mode below one of the folders."""
    if not isinstance(connection, sqlite3.Connection):
        return
    path = _path_of(connection)
    if not path.startswith(tuple(_quick_folders)):
        return
    with closing(connection.execute("PRAGMA journal_mode")) as found:
        is_wal = found.fetchone()[0] == "wal"
    if is_wal:
        connection.execute("PRAGMA synchronous=NORMAL").close()
        _keep_open(path)


def _on_new_file(connection: object, _record: object) -> None:
    """Do nothing unless it is a connection to the file of a run that is yet to be made."""
    if not isinstance(connection, sqlite3.Connection):
        return
    path = Path(_path_of(connection))
    if path.parent in _small_folders and path.stem != INDEX and not (path.exists() and path.stat().st_size):
        connection.execute(f"PRAGMA page_size={SMALL_PAGE}").close()


def _path_of(connection: sqlite3.Connection) -> str:
    with closing(connection.execute("PRAGMA database_list")) as found:
        return str(found.fetchone()[2])


def _keep_open(path: str) -> None:
    kept = _kept.pop(path, None)
    if kept is None:
        kept = sqlite3.connect(path, check_same_thread=False)
        kept.execute("SELECT count(*) FROM sqlite_master").fetchone()  # it counts as open only after its first reading
    _kept[path] = kept  # the newest is the last
    while len(_kept) > KEPT_OPEN:
        _kept.pop(next(iter(_kept))).close()


def _close_all() -> None:
    while _kept:
        _kept.popitem()[1].close()


atexit.register(_close_all)

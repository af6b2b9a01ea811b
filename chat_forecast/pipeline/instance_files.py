"""The SQLite files of Dagster's instance: small, and used so that a backfill of a year is not spent waiting for the disk.

Belongs here: how this process's connections to those files behave.
Does not belong here: what Dagster keeps in them, and other databases.

What Dagster does, and what is done here instead:

- It opens a connection for every event and closes it again. When the last connection to a file in WAL mode closes, SQLite
  copies the whole log into the file and waits for the disk: 5 ms each time, a quarter of a backfill. Here the connections to
  the last few files stay open.
- It makes an engine for every connection, and each compiles every statement again. Here one engine a file is kept.
- Every commit waits for the disk. Here it does not: a power cut may lose the last events and never leaves half of one.
  Stored partitions are flushed for themselves (:mod:`chat_forecast.storage.atomic_files`).
- Every run has a file of its own, in which 26 empty tables and indexes take a page of 4 KB each, two thirds of the file.
  Here its pages are small.
- It creates these tables one by one and waits for the disk after each, which takes longer than many a run. Here a process
  that needs several such files makes one and copies it.
"""

import atexit
import sqlite3
import tempfile
import threading
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from chat_forecast.pipeline.compat import SQLITE_STORAGES, SqliteEventLogStorage, sql
from chat_forecast.pipeline.event_batches import store_in_batches
from chat_forecast.pipeline.instance_settings import INDEX
from chat_forecast.whole_files import create_file

if TYPE_CHECKING:
    from sqlalchemy import Engine

SMALL_PAGE = 1024
"""Bytes of a page in the file of a run."""
KEPT_FILES = 6
"""How many files stay open: the index, runs, schedules, the run's own events, and those of other runs that are looked at."""

_kept: dict[Path, "tuple[int | None, Engine]"] = {}
"""The inode of each open file, which shows whether another file took its place, and its engine; the last used is last."""
_lock = threading.Lock()
"""For the code server, each of whose threads opens the instance."""
_quick_folders: set[Path] = set()
"""The instances whose files are kept open."""
_small_folders: set[Path] = set()
"""The folders in which new files of runs get small pages."""
_new_files: set[Path] = set()
"""The files of runs that this process has made."""


def speed_up(dagster_home: Path) -> None:
    """Let this process use the SQLite files of an instance as described above; calling it again changes nothing."""
    for storage in SQLITE_STORAGES:
        vars(storage)["create_engine"] = _create_engine
    vars(sql)["ScriptDirectory"] = CachedScripts
    store_in_batches()
    _quick_folders.add(dagster_home)
    use_small_pages(dagster_home)


class CachedScripts:
    """Alembic's ``ScriptDirectory``, read once: Dagster reads its ninety migrations for each file that it opens."""

    _alembics = vars(sql)["ScriptDirectory"]
    _read: ClassVar[dict[str, Any]] = {}

    @classmethod
    def from_config(cls, config: Any) -> Any:  # noqa: ANN401 - Alembic's own
        """The migrations that settings name."""
        place = config.get_main_option("script_location")
        if place not in cls._read:
            cls._read[place] = cls._alembics.from_config(config)
        return cls._read[place]


def use_small_pages(dagster_home: Path) -> None:
    """Let this process make the files of coming runs with small pages; calling it again changes nothing."""
    import sqlalchemy

    if not _small_folders:
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _on_new_file)
    _small_folders.add(dagster_home / "history" / "runs")


def _create_engine(url: str, **settings: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy takes settings of any type
    """As SQLAlchemy's ``create_engine``, but for a file of an instance one engine is kept, with its connections."""
    from sqlalchemy import create_engine, make_url

    path = Path(make_url(url).database or "")
    if _quick_folders.isdisjoint(path.parents):
        return create_engine(url, **settings)
    with _lock:
        _make_ready(path)
        file = path.stat().st_ino if path.exists() else None
        if path in _kept and _kept[path][0] not in (file, None):
            _close(path)
        engine = _kept.pop(path)[1] if path in _kept else _connected_engine(url, settings)
        _kept[path] = (file, engine)
        while len(_kept) > KEPT_FILES:
            _close(next(iter(_kept)))
    return engine


def _make_ready(path: Path) -> None:
    """Put a copy of an empty file where a run's file will be; the first one of a process is left to Dagster."""
    if path.parent not in _small_folders or path.stem == INDEX or path.exists():
        return
    _new_files.add(path)
    if len(_new_files) > 1:
        create_file(path, _empty_file())


@cache
def _empty_file() -> bytes:
    """The file of a run before its first event."""
    with tempfile.TemporaryDirectory() as folder:
        use_small_pages(Path(folder))
        storage = SqliteEventLogStorage(f"{folder}/history/runs")
        with storage.run_connection("a run"):
            pass
        _small_folders.discard(Path(folder) / "history" / "runs")
        return Path(storage.path_for_shard("a run")).read_bytes()


def _connected_engine(url: str, settings: dict[str, Any]) -> "Engine":
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import QueuePool

    class KeptPool(QueuePool):
        """A pool that stays when its engine is disposed of, which Dagster does after every event."""

        def dispose(self) -> None:
            """Close nothing."""

        def recreate(self) -> "KeptPool":
            """Keep the same connections."""
            return self

    engine = create_engine(url, **{**settings, "poolclass": KeptPool})
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    """Let commits to a file in WAL mode return without waiting for the disk."""
    with closing(connection.execute("PRAGMA journal_mode")) as found:
        is_wal = found.fetchone()[0] == "wal"
    if is_wal:
        connection.execute("PRAGMA synchronous=NORMAL").close()


def _on_new_file(connection: object, _record: object) -> None:
    """Set the page size, if this connection is about to create the file of a run."""
    if not isinstance(connection, sqlite3.Connection):
        return
    with closing(connection.execute("PRAGMA database_list")) as found:
        path = Path(found.fetchone()[2])
    if path.parent in _small_folders and path.stem != INDEX and not (path.exists() and path.stat().st_size):
        connection.execute(f"PRAGMA page_size={SMALL_PAGE}").close()


def _close(path: Path) -> None:
    from sqlalchemy.pool import QueuePool

    pool = _kept.pop(path)[1].pool
    if isinstance(pool, QueuePool):
        QueuePool.dispose(pool)


def _close_all() -> None:
    for path in list(_kept):
        _close(path)


atexit.register(_close_all)

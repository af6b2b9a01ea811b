"""The SQLite files of Dagster's instance: small, and used so that a backfill of a year is not spent waiting for the disk.

Belongs here: how this process's connections to those files behave.
Does not belong here: what Dagster keeps in them, and other databases.

Dagster opens a connection for every event and closes it again. Of a file in WAL mode, the last connection that closes
copies the whole log into the file and waits for the disk, 5 ms each time, a quarter of a backfill's time. It also makes an
engine for every connection, which knows no statement yet and compiles each anew. So the engines of the last files are kept,
each with its connections, and a commit no longer waits for the disk: after a power cut the last events may be gone, never
half written. Stored partitions are flushed for themselves (:mod:`chat_forecast.storage.atomic_files`).

Every run has a file of its own, whose 26 empty tables and indexes would take a page of 4 KB each, two thirds of the file.
So its pages are small. Dagster makes them one by one and waits for the disk after each, which takes longer than many a run:
a process that makes several such files makes one, and copies it.
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
"""The index, runs, schedules, the run's own events, and those of others that are looked at."""

_kept: dict[Path, "tuple[int | None, Engine]"] = {}
"""The number of each file, which another one in its place does not have, and its engine; the newest is the last."""
_lock = threading.Lock()
"""For the code server, whose threads open the instance each for itself."""
_quick_folders: set[Path] = set()
_small_folders: set[Path] = set()
_new_files: set[Path] = set()
"""The files of runs that this process has made."""


def quicken(dagster_home: Path) -> None:
    """Let this process use the SQLite files of the instance in a folder quickly; calling it again changes nothing."""
    for storage in SQLITE_STORAGES:
        vars(storage)["create_engine"] = _engine_of
    vars(sql)["ScriptDirectory"] = KeptScripts
    store_in_batches()
    _quick_folders.add(dagster_home)
    keep_small(dagster_home)


class KeptScripts:
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


def keep_small(dagster_home: Path) -> None:
    """Let this process make the files of coming runs with small pages; calling it again changes nothing."""
    import sqlalchemy

    if not _small_folders:
        sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _on_new_file)
    _small_folders.add(dagster_home / "history" / "runs")


def _engine_of(url: str, **settings: Any) -> "Engine":  # noqa: ANN401 - SQLAlchemy takes settings of any type
    """As SQLAlchemy's ``create_engine``, but that of a file in one of the folders is made once, and stays connected."""
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
    """Put an empty file where a run's file will be, unless there is one; the first one of a process is left to Dagster."""
    if path.parent not in _small_folders or path.stem == INDEX or path.exists():
        return
    _new_files.add(path)
    if len(_new_files) > 1:
        create_file(path, _empty_file())


@cache
def _empty_file() -> bytes:
    """The file of a run before its first event."""
    with tempfile.TemporaryDirectory() as folder:
        keep_small(Path(folder))
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
            """Go on with the same connections."""
            return self

    engine = create_engine(url, **{**settings, "poolclass": KeptPool})
    event.listen(engine, "connect", _on_connect)
    return engine


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    """Let commits to a file in WAL mode not wait for the disk."""
    with closing(connection.execute("PRAGMA journal_mode")) as found:
        is_wal = found.fetchone()[0] == "wal"
    if is_wal:
        connection.execute("PRAGMA synchronous=NORMAL").close()


def _on_new_file(connection: object, _record: object) -> None:
    """Do nothing unless it is a connection to the file of a run that is yet to be made."""
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

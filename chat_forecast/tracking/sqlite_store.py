"""MLflow's SQLite file: made under another name and then renamed, so that no half-made one is ever used.

Belongs here: making a new file, recognising one whose making was interrupted, and when writes reach the disk.
Does not belong here: a file that is damaged (:mod:`chat_forecast.storage.sqlite_files`), or opening it (:mod:`.client`).

MLflow makes its tables by some fifty migrations, in the file itself, for seconds. Interrupted among them, neither it nor
anybody else can go on: the next try finds tables that are half moved.
"""

import os
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

INCOMPLETE = ".incomplete"
"""What a file whose making was interrupted is called from then on."""
BESIDE = ("-wal", "-shm", "-journal")
"""SQLite's own files beside one."""


def make_store(path: Path) -> None:
    """Make a new store. An unfinished one in its place is kept under another name.

    The caller has imported MLflow and holds the lock of the file.
    """
    import mlflow.store.db.utils as databases
    from sqlalchemy import create_engine, event

    aside = path.with_name(f".{path.name}.new")
    for leftover in (aside, *_beside(aside)):
        leftover.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{aside.as_posix()}")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF").close())
    try:
        databases._initialize_tables(engine)  # type: ignore[no-untyped-call]  # MLflow's
    finally:
        engine.dispose()
    _wait_for_disk(aside)
    if path.exists():
        path.replace(path.with_name(f"{path.name}{INCOMPLETE}"))
        for beside in _beside(path):
            beside.unlink(missing_ok=True)
    aside.replace(path)


def is_unfinished(path: Path) -> bool:
    """Whether a file is a store of MLflow that has no run yet, and whose making was interrupted.

    The caller has imported MLflow.

    Raises:
        sqlite3.Error: it is no SQLite file, or a damaged one.
    """
    import mlflow.store.db.utils as databases

    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return True
        if "runs" in tables and connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone():
            return False
        if "experiments" not in tables and not any(name.startswith("_alembic_tmp_") for name in tables):
            return False  # somebody else's
        versions = [] if "alembic_version" not in tables else connection.execute("SELECT * FROM alembic_version").fetchall()
    newest = databases._get_latest_schema_revision()  # type: ignore[no-untyped-call]  # MLflow's
    return versions != [(newest,)]


def _beside(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}{ending}") for ending in BESIDE]


@cache
def defer_disk_sync(path: Path) -> None:
    """Let this process wait for the disk only in :func:`flush`, not with each of a dozen commits.

    A power cut may lose what was written since the last one, but leaves the file whole.
    """
    from sqlalchemy import Engine, event

    def on_connect(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            with closing(connection.execute("PRAGMA database_list")) as found:
                file = found.fetchone()[2]
            if file and Path(file) == path.resolve():
                connection.execute("PRAGMA synchronous = NORMAL").close()

    event.listen(Engine, "connect", on_connect)


def flush(path: Path) -> None:
    """Sync everything to the disk, and into the file itself unless somebody is reading it, so that a copy is complete."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        log = path.with_name(f"{path.name}-wal")
        if log.exists():  # somebody is reading
            _wait_for_disk(log)


def _wait_for_disk(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())

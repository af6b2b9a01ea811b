"""That Dagster's SQLite files are written quickly, and that no other database is touched."""

import sqlite3
from contextlib import closing

import dagster as dg
import pytest
import sqlalchemy
from sqlalchemy.pool import NullPool

from chat_forecast.pipeline import instance_files
from chat_forecast.pipeline.instance_files import INDEX, KEPT_OPEN, SMALL_PAGE, keep_small, quicken


@pytest.fixture
def engine_of(tmp_path):
    """Make an engine as Dagster makes one, for a file in WAL mode or not."""

    def make(name, *, is_wal=True):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA journal_mode={'wal' if is_wal else 'delete'}")
            connection.execute("CREATE TABLE events (event TEXT)")
        connection.close()
        return sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=NullPool)

    quicken(tmp_path / "dagster")
    return make


def store(engine):
    """Store an event through a connection of its own; returns how that one waits for the disk (1: not at each commit)."""
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("INSERT INTO events VALUES ('an event')"))
        return connection.execute(sqlalchemy.text("PRAGMA synchronous")).scalar()


def test_an_event_goes_to_the_log_that_is_kept_and_not_to_the_disk_each_time(engine_of, tmp_path):
    engine = engine_of("dagster/index.db")
    assert store(engine) == 1
    log = tmp_path / "dagster/index.db-wal"
    assert log.exists()  # closing the last connection would have removed it
    with sqlite3.connect(tmp_path / "dagster/index.db") as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)
    connection.close()


def test_only_the_files_last_used_are_kept_open(engine_of, tmp_path):
    engines = [engine_of(f"dagster/{number}.db") for number in range(KEPT_OPEN + 2)]
    for engine in engines:
        store(engine)
    kept = sorted(path.name for path in (tmp_path / "dagster").glob("*-wal"))
    assert kept == [f"{number}.db-wal" for number in range(2, KEPT_OPEN + 2)]


@pytest.mark.parametrize(
    ("name", "is_wal"), [("mlflow/mlflow.db", True), ("dagster/old.db", False), ("dagster-2/a.db", True)]
)
def test_other_databases_are_left_alone(engine_of, tmp_path, name, is_wal):
    assert store(engine_of(name, is_wal=is_wal)) == 2
    assert list(tmp_path.rglob("*-wal")) == []


def test_the_storages_of_an_instance_make_the_engine_of_a_file_once(tmp_path):
    quicken(tmp_path)
    observations = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_OBSERVATION)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        known = instance_files._kept_engine.cache_info()
        for _ in range(5):
            assert instance.get_runs() == []
            assert instance.event_log_storage.get_event_records(observations) == []
        now = instance_files._kept_engine.cache_info()
    assert now.misses == known.misses
    assert now.hits >= known.hits + 10


def test_the_file_of_a_run_has_small_pages_and_the_index_has_not(tmp_path):
    keep_small(tmp_path)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        log = instance.event_log_storage
        for name in ("a-run", INDEX):
            with log._connect(name) as connection:
                connection.execute(sqlalchemy.text("SELECT * FROM event_logs"))
    sizes = {}
    for path in (tmp_path / "history" / "runs").glob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            [[sizes[path.stem]]] = connection.execute("PRAGMA page_size").fetchall()
    assert sizes == {"a-run": SMALL_PAGE, INDEX: 4096}
    assert (tmp_path / "history" / "runs" / "a-run.db").stat().st_size < 40_000

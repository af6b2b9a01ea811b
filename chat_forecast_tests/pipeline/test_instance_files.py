"""That Dagster's SQLite files are used quickly, and that no other database is touched."""

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import dagster as dg
import pytest
import sqlalchemy
from sqlalchemy.pool import NullPool

from chat_forecast.pipeline import instance_files
from chat_forecast.pipeline.compat import SQLITE_STORAGES, SqliteEventLogStorage, sql
from chat_forecast.pipeline.instance_files import KEPT_FILES, SMALL_PAGE, speed_up, use_small_pages
from chat_forecast.pipeline.instance_settings import INDEX


def make_file(path, *, is_wal=True):
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={'wal' if is_wal else 'delete'}")
        connection.execute("CREATE TABLE events (event TEXT)")


@pytest.fixture
def store(tmp_path):
    """Store an event through an engine as Dagster makes it; returns how a commit waits for the disk."""
    speed_up(tmp_path / "dagster")

    def store(path):
        engine = vars(SQLITE_STORAGES[0])["create_engine"](f"sqlite:///{path}", poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("INSERT INTO events VALUES ('an event')"))
            synchronous = connection.execute(sqlalchemy.text("PRAGMA synchronous")).scalar()
        engine.dispose()
        return synchronous

    return store


def events(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM events").fetchone()[0]


def test_migrations_are_read_once_and_say_the_same(store):
    config = sql.get_alembic_config(sql.__file__)
    assert vars(sql)["ScriptDirectory"].from_config(config) is vars(sql)["ScriptDirectory"].from_config(config)
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        [newest] = instance_files.CachedScripts._alembics.from_config(config).get_heads()
        assert sql.check_alembic_revision(config, connection) == (None, newest)


def test_an_event_goes_to_the_log_that_is_kept_and_not_to_the_disk_each_time(store, tmp_path):
    file = tmp_path / "dagster/index.db"
    make_file(file)
    assert [store(file), store(file)] == [1, 1]
    assert file.with_name("index.db-wal").exists()  # closing the last connection would have removed it
    assert events(file) == 2


def test_only_the_files_last_used_are_kept_open(store, tmp_path):
    files = [tmp_path / f"dagster/{number}.db" for number in range(KEPT_FILES + 2)]
    for file in files:
        make_file(file)
        store(file)
    kept = sorted(path.name for path in (tmp_path / "dagster").glob("*-wal"))
    assert kept == [f"{number}.db-wal" for number in range(2, KEPT_FILES + 2)]


def test_a_file_that_is_deleted_and_made_again_is_another_one(store, tmp_path):
    file = tmp_path / "dagster/index.db"
    make_file(file)
    store(file)
    for path in file.parent.glob("index.db*"):
        path.unlink()
    make_file(file)
    store(file)
    assert events(file) == 1


def test_threads_may_use_more_files_at_once_than_are_kept_open(store, tmp_path):
    files = [tmp_path / f"dagster/{number}.db" for number in range(KEPT_FILES + 2)]
    for file in files:
        make_file(file)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet at every step
    try:
        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(store, files * 40)) == {1}
    finally:
        sys.setswitchinterval(usual)
    assert [events(file) for file in files] == [40] * len(files)


@pytest.mark.parametrize(
    ("name", "is_wal"), [("mlflow/mlflow.db", True), ("dagster/old.db", False), ("dagster-2/a.db", True)]
)
def test_other_databases_are_left_alone(store, tmp_path, name, is_wal):
    make_file(tmp_path / name, is_wal=is_wal)
    assert store(tmp_path / name) == 2
    assert list(tmp_path.rglob("*-wal")) == []


def test_the_storages_of_an_instance_connect_to_a_file_once(tmp_path, monkeypatch):
    speed_up(tmp_path)
    opened = []
    monkeypatch.setattr(instance_files, "_on_connect", lambda connection, _: opened.append(connection))
    observations = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_OBSERVATION)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.get_runs()
        before = len(opened)
        for _ in range(5):
            assert instance.get_runs() == []
            assert instance.event_log_storage.get_event_records(observations) == []
    assert len(opened) <= before + 1


def test_the_file_of_a_run_has_small_pages_and_the_index_has_not(tmp_path):
    use_small_pages(tmp_path)
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


def test_the_files_of_later_runs_are_copies_of_an_empty_one_and_no_file_is_written_over(tmp_path):
    runs = tmp_path / "history" / "runs"
    speed_up(tmp_path)
    storage = SqliteEventLogStorage(str(runs))
    made = {}
    for run in ("first", "second", "third"):
        with storage.run_connection(run) as connection:
            connection.execute(
                sqlalchemy.text("INSERT INTO event_logs (run_id, event, timestamp) VALUES ('', '', '2026-01-01')")
            )
        with closing(sqlite3.connect(runs / f"{run}.db")) as connection:
            tables = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
            pragmas = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "journal_mode")]
            made[run] = tables, pragmas, connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert made["first"] == made["second"] == made["third"]
    with SqliteEventLogStorage(str(runs)).run_connection("third") as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM event_logs")).scalar() == 1

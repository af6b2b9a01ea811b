"""MLflow's SQLite file when its making is interrupted, and files that are left alone."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text

from chat_forecast.tracking.client import Tracking, import_mlflow
from chat_forecast.tracking.sqlite_store import is_unfinished
from chat_forecast_tests import forked
from chat_forecast_tests.tracking.stored import make_store

NORMAL, FULL = 1, 2
INTERRUPTED = """
import os, sys
from pathlib import Path
from chat_forecast.tracking.client import Tracking, import_mlflow
import_mlflow()
import alembic.command
alembic.command.upgrade = lambda *_arguments: os._exit(9)
with Tracking(sys.argv[1]).open("make it"):
    pass
"""


@pytest.fixture
def path(tmp_path):
    import_mlflow()
    return tmp_path / "m.db"


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def half_made(path):
    """The file that a kill among MLflow's own migrations leaves."""
    from mlflow.store.tracking.dbmodels.initial_models import Base

    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE _alembic_tmp_experiments (experiment_id INTEGER)")
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('451aebb31d03')")
        connection.commit()


def test_a_store_whose_making_is_killed_is_made_by_the_next_one(path):
    uri = f"sqlite:///{path}"
    assert forked.run(INTERRUPTED, uri).returncode == 9
    assert not path.exists()
    make_store(Tracking(uri))
    assert not is_unfinished(path)
    assert not list(path.parent.glob(".*")), "what the killed one left is gone"


def test_a_store_that_is_half_made_is_kept_aside_and_made_again(path):
    half_made(path)
    assert is_unfinished(path)
    make_store(Tracking(f"sqlite:///{path}"))
    assert not is_unfinished(path)
    assert "_alembic_tmp_experiments" not in tables(path)
    assert "_alembic_tmp_experiments" in tables(path.with_name("m.db.incomplete"))


def test_a_store_with_a_run_is_never_replaced(path):
    half_made(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO runs (run_uuid, name) VALUES ('1', 'a run')")
        connection.commit()
    assert not is_unfinished(path)


def test_a_file_with_tables_of_somebody_else_is_never_replaced(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text VARCHAR)")
    assert not is_unfinished(path)


def test_what_mlflow_commits_waits_for_the_disk_once_when_all_is_written(tmp_path, with_mlflow):
    path = with_mlflow(tmp_path) / "mlflow" / "mlflow.db"
    log = path.with_name("mlflow.db-wal")
    with Tracking(f"sqlite:///{path}").open("log something") as client:
        client.create_experiment("book-club")
        assert synchronous(create_engine(f"sqlite:///{path}")) == NORMAL
        assert log.stat().st_size
    assert not log.exists() or not log.stat().st_size
    assert synchronous(create_engine(f"sqlite:///{tmp_path}/other.db")) == FULL


def synchronous(engine):
    """How a connection of an engine waits for the disk."""
    with engine.connect() as connection:
        found = connection.execute(text("PRAGMA synchronous")).scalar_one()
    engine.dispose()
    return found

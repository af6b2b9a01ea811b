"""The connection: settings, locks, files that cannot be used, and what is said of them."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chat_forecast.tracking.catch_up import catch_up
from chat_forecast.tracking.client import Tracking, TrackingUnavailable, import_mlflow
from chat_forecast_tests.tracking.stored import FIRST, store_scored_day

REPOSITORY = Path(__file__).parents[2]


def test_settings_of_the_user_stand(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "31")
    import_mlflow()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "31"


def test_a_locked_store_is_waited_for_and_then_named(chat, storage, tmp_path):
    store_scored_day(storage, FIRST)
    with closing(sqlite3.connect(tmp_path / "m.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            TrackingUnavailable, match=r"/m\.db could not .*: OperationalError: database is locked.*can be written"
        ):
            catch_up(Tracking(f"sqlite:///{tmp_path}/m.db", patience_seconds=0.05), chat, storage)


def test_a_file_that_is_no_store_is_named_and_kept(chat, storage, tmp_path):
    (tmp_path / "m.db").write_text("notes of mine " * 100)
    store_scored_day(storage, FIRST)
    with pytest.raises(TrackingUnavailable, match=r"m\.db could not be used to log .*: .* not a database"):
        catch_up(Tracking(f"sqlite:///{tmp_path}/m.db"), chat, storage)
    assert (tmp_path / "m.db").read_text() == "notes of mine " * 100


def test_a_store_in_a_place_that_cannot_be_written_is_named(chat, storage, tmp_path):
    (tmp_path / "file").touch()
    store_scored_day(storage, FIRST)
    with pytest.raises(TrackingUnavailable, match=r"file/m\.db could not be used to log .*: FileExistsError"):
        catch_up(Tracking(f"sqlite:///{tmp_path}/file/m.db"), chat, storage)


def test_two_processes_may_make_the_store_at_once_without_a_word(tmp_path):
    code = (
        "from chat_forecast.tracking.client import Tracking; from chat_forecast_tests.tracking.stored import make_store;"
        f"make_store(Tracking('sqlite:///{tmp_path}/new/m.db'))"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    both = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == [b"", b""]
    assert [process.returncode for process in both] == [0, 0]


def test_the_room_is_imported_without_mlflow_and_dagster():
    names = sorted(path.stem for path in (REPOSITORY / "chat_forecast" / "tracking").glob("*.py"))
    code = "; ".join(["import sys", *(f"import chat_forecast.tracking.{name}" for name in names if name != "__init__")])
    code += "; sys.exit(bool({'mlflow', 'dagster'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY).returncode == 0

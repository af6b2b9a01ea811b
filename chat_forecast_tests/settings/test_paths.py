import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chat_forecast
from chat_forecast.settings.paths import Home, HomeError, apply_environment

CHECKOUT = Path(chat_forecast.__file__).parents[1]
VARIABLES = (
    "CHAT_FORECAST_HOME",
    "DAGSTER_HOME",
    "MLFLOW_TRACKING_URI",
    "DAGSTER_DISABLE_TELEMETRY",
    "MLFLOW_DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
)


@pytest.fixture
def environ(monkeypatch):
    """The process's environment without our variables; restored afterwards whatever a test sets in it."""
    before = dict(os.environ)
    for variable in VARIABLES:
        os.environ.pop(variable, None)
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


def home_at(root, **others):
    return Home.from_environment({"CHAT_FORECAST_HOME": str(root), **others})


def test_everything_lies_below_the_root(tmp_path):
    home = home_at(tmp_path)
    assert home.root == tmp_path
    assert home.chats_file == tmp_path / "chats.toml"
    assert home.dagster_home == tmp_path / "dagster"
    assert home.mlflow_uri == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert home.mlflow_artifacts == tmp_path / "mlflow" / "artifacts"
    assert home.storage_url == str(tmp_path)
    assert home.locks == tmp_path / "locks"


@pytest.mark.parametrize("environ", [{}, {"CHAT_FORECAST_HOME": "", "DAGSTER_HOME": "", "MLFLOW_TRACKING_URI": ""}])
def test_root_is_by_default_the_data_folder_of_the_checkout(environ, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Home.from_environment(environ)
    assert home.root == CHECKOUT / "data"
    assert home.dagster_home == CHECKOUT / "data" / "dagster"


def test_root_is_the_data_folder_here_where_there_is_no_checkout(tmp_path):
    package = tmp_path / "site-packages" / "chat_forecast"
    shutil.copytree(CHECKOUT / "chat_forecast" / "settings", package / "settings")
    for module in ("__init__.py", "errors.py", "masking.py", "plain_text.py"):
        shutil.copy(CHECKOUT / "chat_forecast" / module, package)
    here = tmp_path / "here"
    here.mkdir()
    code = "from chat_forecast.settings.paths import Home; print(Home.from_environment({}).root)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.strip() == str(here / "data")


def test_relative_root_and_tilde_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert home_at("store").root == tmp_path / "store"
    assert home_at("~/store").root == tmp_path / "me" / "store"


def test_user_settings_move_parts_elsewhere(tmp_path):
    home = home_at(
        tmp_path,
        DAGSTER_HOME="/srv/dagster",
        MLFLOW_TRACKING_URI="http://127.0.0.1:5000",
        CHAT_FORECAST_STORAGE="s3://bucket/chats",
    )
    assert home.dagster_home == Path("/srv/dagster")
    assert home.mlflow_uri == "http://127.0.0.1:5000"
    assert home.storage_url == "s3://bucket/chats"
    assert home.root == tmp_path


def test_storage_on_a_local_path_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert home_at(tmp_path, CHAT_FORECAST_STORAGE="store").storage_url == str(tmp_path / "store")


def test_relative_dagster_home_is_refused():
    with pytest.raises(HomeError, match="DAGSTER_HOME: found some/where, expected an absolute path"):
        Home.from_environment({"DAGSTER_HOME": "some/where"})


def test_finding_the_home_touches_no_file(tmp_path):
    home_at(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_preparing_makes_every_folder(tmp_path):
    home = home_at(tmp_path / "a" / "b")
    home.prepare()
    home.prepare()
    assert {path.name for path in home.root.iterdir()} == {"dagster", "mlflow", "locks"}
    assert home.mlflow_artifacts.is_dir()
    assert list(home.dagster_home.iterdir()) == []


def test_root_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HomeError, match=r"file: expected a folder .*File exists.* set CHAT_FORECAST_HOME"):
        home_at(tmp_path / "file").prepare()


def test_root_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HomeError, match=r"file/root: expected a folder .*Not a directory"):
        home_at(tmp_path / "file" / "root").prepare()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even the superuser can write to")
def test_root_that_cannot_be_written_is_refused():
    with pytest.raises(HomeError, match="/proc: expected a folder that can be written to"):
        home_at("/proc").prepare()


def test_applying_sets_what_child_processes_need_and_keeps_the_users_choice(tmp_path, environ):
    environ["DO_NOT_TRACK"] = "1"
    apply_environment(home_at(tmp_path))
    assert {name: environ[name] for name in VARIABLES} == {
        "CHAT_FORECAST_HOME": str(tmp_path),
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow/mlflow.db",
        "DAGSTER_DISABLE_TELEMETRY": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
    }
    assert Home.from_environment(environ) == home_at(tmp_path)


def test_users_own_places_are_kept_when_applied(tmp_path, environ):
    home = home_at(tmp_path, DAGSTER_HOME="/srv/dagster", MLFLOW_TRACKING_URI="http://127.0.0.1:5000")
    apply_environment(home)
    assert environ["DAGSTER_HOME"] == "/srv/dagster"
    assert environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"

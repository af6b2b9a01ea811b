"""What lies in a home is its owner's alone."""

import os
import stat
import subprocess
import sys

import pytest
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast.settings.paths import Home
from chat_forecast.settings.privacy import close_to_others
from chat_forecast_tests.served import open_to_others


@pytest.fixture
def loose(tmp_path):
    """A home as earlier versions made it: everybody may read it."""
    root = tmp_path / "home"
    for name in ("my-chat/archive/messages.parquet", "dagster/history/runs/index.db", "mlflow/mlflow.db", "logs/mlflow.log"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("private")
    (root / "chats.toml").write_text("")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Home.from_environment({"CHAT_FORECAST_HOME": str(root)})


def mode(path):
    return oct(stat.S_IMODE(path.lstat().st_mode))


def test_a_loose_home_is_closed_at_the_start_of_a_command_which_says_so_once(loose, monkeypatch):
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(loose.root))
    number = 1 + len(list(loose.root.rglob("*")))
    said = f"{loose.root}: what was open to others ({number} files and folders) is yours alone now."
    assert said in CliRunner().invoke(main, ["status"]).output
    assert open_to_others(loose.root) == []
    assert mode(loose.root / "my-chat" / "archive" / "messages.parquet") == "0o600"
    assert mode(loose.root / "my-chat") == "0o700"
    assert "open to others" not in CliRunner().invoke(main, ["status"]).output


def test_where_a_link_leads_and_folders_of_others_stay_as_they_are(loose, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    for folder in (elsewhere, loose.root / "holiday"):
        folder.mkdir()
        folder.chmod(0o755)
    (loose.root / "logs" / "link").symlink_to(elsewhere)
    assert close_to_others(loose)
    assert mode(elsewhere) == mode(loose.root / "holiday") == "0o755"


def test_of_a_shared_folder_only_what_is_of_a_home_is_closed(loose):
    loose.root.chmod(0o1777)
    (loose.root / "of-somebody.txt").write_text("")
    (loose.root / "of-somebody.txt").chmod(0o644)
    assert close_to_others(loose)
    assert mode(loose.root) == "0o1777"
    assert open_to_others(loose.root) == [loose.root, loose.root / "of-somebody.txt"]


def test_a_file_system_without_modes_is_no_error_and_nothing_is_said(loose, monkeypatch):
    def refuse(path, _mode):
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    assert close_to_others(loose) == 0
    monkeypatch.setattr("pathlib.Path.chmod", lambda _path, _mode: None)
    assert close_to_others(loose) == 0


def test_storage_elsewhere_is_left_to_whoever_put_it_there(loose, tmp_path):
    (tmp_path / "share" / "my-chat" / "archive").mkdir(parents=True)
    for folder in (tmp_path / "share", tmp_path / "share" / "my-chat"):
        folder.chmod(0o755)
    for storage in (str(tmp_path / "share"), "memory://somewhere"):
        home = Home.from_environment({"CHAT_FORECAST_HOME": str(loose.root), "CHAT_FORECAST_STORAGE": storage})
        close_to_others(home)
    assert mode(tmp_path / "share") == mode(tmp_path / "share" / "my-chat") == "0o755"
    empty = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "not yet")})
    assert close_to_others(empty) == 0


def test_what_an_import_makes_is_its_owner_s_alone(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI")}
    export = tmp_path / "export.csv"
    export.write_text("id,time,sender\n1,2026-03-01T10:00:00Z,somebody\n")
    home = tmp_path / "home"
    command = [sys.executable, "-m", "chat_forecast.cli", "import", "my-chat", str(export), "--timezone", "UTC"]
    done = subprocess.run(command, env={**environment, "CHAT_FORECAST_HOME": str(home)}, umask=0o022, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (home / "my-chat" / "archive" / "messages.parquet").exists()
    assert (home / "chats.toml").exists()
    assert open_to_others(home) == []

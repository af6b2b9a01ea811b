"""Dagster's and MLflow's SQLite files, and Dagster's settings, damaged in each way: commands name the file and what to do.

Nothing that is stored of a chat is in them: what reads only that goes on, and nothing stored changes.
"""

import shutil
from pathlib import Path

import pytest

from chat_forecast.app.serving.up import _prepare_database
from chat_forecast.settings.paths import Home, HomeError, apply_environment
from chat_forecast_tests.damage import cut_in_half, empty, make_a_folder
from chat_forecast_tests.kills.processes import do
from chat_forecast_tests.kills.stages import Stage, write_exports

pytestmark = pytest.mark.sweep

OTHER = '\n[chats.other]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-01-01\n'
NIGHT = ("run", "club", "--day", "2026-05-27")


def fill_with_zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def garble_the_header(path):
    path.write_bytes(b"\xfe\x01garbage" + bytes(91) + path.read_bytes()[100:])


def flip_pages(path):
    """Every second page, as far as the header says how long one is."""
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    for at in range(size, len(content), 2 * size):
        content[at : at + size] = bytes(byte ^ 0xFF for byte in content[at : at + size])
    path.write_bytes(content)


def add_an_unknown_key(path):
    path.write_text(path.read_text() + "\ncolour: blue\n")


def break_the_yaml(path):
    path.write_text("storage: [sqlite\n run: }")


def give_wrong_types(path):
    path.write_text("storage: 5\nrun_launcher:\n  module: 7\n")


def make_a_list(path):
    path.write_text("- storage\n- sqlite\n")


def write_noise(path):
    path.write_bytes(b"\0\xff\xfe{[noise" * 50)


DATABASES = (
    "dagster/history/runs.db",
    "dagster/history/runs/index.db",
    "dagster/schedules/schedules.db",
    "mlflow/mlflow.db",
)
WAYS = (cut_in_half, fill_with_zeros, garble_the_header, flip_pages, make_a_folder)
SETTINGS = (
    add_an_unknown_key, break_the_yaml, give_wrong_types, make_a_list, write_noise, make_a_folder,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a home in which a chat had a night, and a copy of that home."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "home").mkdir()
    write_exports(folder)
    for command in (("import", "club", "first.csv", "--timezone", "UTC"), ("run", "club", "--day", "2026-05-26")):
        code, said = asked(folder, *command)
        assert code == 0, said
    with (folder / "home" / "chats.toml").open("a") as settings:
        settings.write(OTHER)
    shutil.copytree(folder / "home", folder / "whole")
    return folder


@pytest.fixture
def folder(made):
    shutil.rmtree(made / "home")
    shutil.copytree(made / "whole", made / "home")
    return made


def asked(folder, *command):
    """Do a command; gives its exit code and what it said, on one line."""
    code, said, _ = do(Stage("", command), folder, folder / "log")
    assert "Traceback" not in said, said
    return code, " ".join(said.split())


def stored(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (folder / "home" / "club").glob("*/*.parquet")}


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("damage", WAYS)
def test_a_damaged_database_is_named_with_what_to_do_and_what_is_stored_is_read(folder, name, damage):
    path, before = folder / "home" / name, stored(folder)
    damage(path)
    advice = f"move {path.name} away, with {path.name}-wal and {path.name}-shm if they are there; a new one is made"
    for command in (("prune",), *([NIGHT] if name != DATABASES[-1] else [])):
        code, said = asked(folder, *command)
        assert code == 1, (command, said)
        assert f"{path} is damaged (" in said, (command, said)
        assert advice in said, (command, said)
    code, said = asked(folder, "status")
    assert code == 1, said
    assert f"{path} is damaged" in said, said
    assert advice in said, said
    assert asked(folder, "show", "club")[0] == 0
    assert before.items() <= stored(folder).items()
    code, said = asked(folder, "forget", "club", "--yes")
    assert f"{path} is damaged" in said if code else damage is make_a_folder, said


@pytest.mark.parametrize("name", DATABASES)
def test_up_names_a_database_with_flipped_pages_before_it_starts(folder, name, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(folder / "home"))
    for variable in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(variable, "")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(folder / "home")})
    apply_environment(home)
    flip_pages(folder / "home" / name)
    said = []
    try:
        _prepare_database(home, said.append)
    except HomeError as error:  # what it needs itself is damaged
        said.append(str(error))
    assert f"{folder / 'home' / name} is damaged" in " ".join(said)


def test_the_file_of_a_run_is_looked_at_when_it_is_asked_for(folder):
    path = next(each for each in (folder / "home" / "dagster/history/runs").glob("*.db") if each.stem != "index")
    flip_pages(path)
    assert "is damaged" not in asked(folder, "status")[1]
    code, said = asked(folder, "status", "--thorough")
    assert code == 1
    assert f"{path} is damaged (" in said
    assert "Delete it: the run's page in the Dagster UI is empty then." in said
    path.unlink()
    assert "is damaged" not in asked(folder, "status", "--thorough")[1]
    assert asked(folder, *NIGHT)[0] == 0


@pytest.mark.parametrize("name", DATABASES)
def test_a_database_that_was_moved_away_or_emptied_is_made_anew(folder, name):
    path = folder / "home" / name
    empty(path)
    code, said = asked(folder, *NIGHT)
    assert code == 0, said
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    code, said = asked(folder, *NIGHT)
    assert code == 0, said
    assert path.stat().st_size
    code, said = asked(folder, "status")
    assert "is damaged" not in said
    assert "not in MLflow" not in said


@pytest.mark.parametrize("damage", SETTINGS)
def test_settings_that_dagster_cannot_use_are_named_with_what_is_wrong(folder, damage):
    path, before = folder / "home" / "dagster" / "dagster.yaml", stored(folder)
    damage(path)
    for command in (NIGHT, ("prune",), ("up", "--port", "1")):
        code, said = asked(folder, *command)
        assert code == 1, (command, said)
        assert str(path) in said, (command, said)
        assert "move it away, and a new one is written." in said.replace("Move", "move"), (command, said)
        assert len(said.rpartition("Error: ")[2]) < 600, said
    assert asked(folder, "show", "club")[0] == 0
    assert stored(folder) == before
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert asked(folder, "prune")[0] == 0

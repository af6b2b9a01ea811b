"""``run``, ``backfill`` and ``show`` where there is nothing to do yet, or what was asked for cannot be."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from chat_forecast.cli import main

CHATS = """
[chats.new-one]
source = "simulated"
timezone = "{zone}"
first_day = {today}

[chats.older]
source = "simulated"
timezone = "{zone}"
first_day = {first}

[chats.empty]
source = "export"
timezone = "{zone}"
first_day = {before}
"""


@pytest.fixture
def days(today):
    """What the tests' texts call the zone and its days."""
    names = {"today": 0, "yesterday": -1, "before": -2, "long_before": -3, "first": -5}
    return {"zone": today.timezone} | {name: today.plus(number).key for name, number in names.items()}


@pytest.fixture
def home(tmp_path, monkeypatch, days):
    """A home named by a relative path, with a chat that begins today, one of some days, and one without its archive."""
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT_FORECAST_HOME", "a home")
    (tmp_path / "a home").mkdir()
    (tmp_path / "a home" / "chats.toml").write_text(CHATS.format(**days))
    return tmp_path / "a home"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("show new-one", "new-one has no forecast yet. To make one: chat-forecast backfill new-one"),
        ("run new-one", "new-one begins on {today}, and no day of it has ended yet in {zone}"),
        ("backfill new-one", "new-one begins on {today}, and no day of it has ended yet"),
        ("run new-one --day {today}", "no day of it has ended yet"),
        ("run older --day {today}", "older has the days {first} to {yesterday}"),
        ("run older --day yesterday", "'yesterday' does not match the format"),
        ("run oldre", "has no chat 'oldre'; it has: new-one, older, empty"),
        ("backfill older --from {before} --to {long_before}", "is after --to"),
        ("backfill older --from 1999-01-01", "--from 1999-01-01: older has the days"),
        ("up --port 70000", "--port"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message_and_nothing_is_made(home, days, words, expected):
    before = sorted(path.name for path in home.iterdir())
    done = CliRunner().invoke(main, words.format(**days).split())
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code > 0
    assert expected.format(**days) in " ".join(done.output.split())
    assert sorted(path.name for path in home.iterdir()) == before


def test_a_day_of_a_chat_without_its_archive_says_how_to_import_one(home):
    done = CliRunner().invoke(main, ["run", "empty"])
    assert done.exit_code == 1
    assert "empty has no archive" in " ".join(done.output.split())
    assert "chat-forecast import empty FILE" in " ".join(done.output.split())


@pytest.mark.parametrize(
    "words", ["show", "run", "backfill", "report", "rescore", "gaps", "imports", "import a.csv", "timezone UTC", "backtest"]
)
def test_a_mistake_in_a_chats_settings_is_told_by_every_command_that_names_it(home, days, words):
    (home / "chats.toml").write_text(CHATS.format(**days).replace("timezone", "timezon", 1))
    command, *rest = words.split()
    done = CliRunner().invoke(main, [command, "new-one", *rest])
    assert done.exit_code == 1
    assert f"{home}/chats.toml: chat new-one: timezon: unknown key" in done.output.replace("\n", "")


def test_a_file_that_is_no_toml_stops_everything_in_one_sentence(home):
    (home / "chats.toml").write_text("[chats.a\n")
    for words in (["status"], ["show", "older"], ["up"]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 1
        assert done.output.replace("\n", "").startswith(f"Error: {home}/chats.toml: not TOML: ")


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("report older --out page.html", "chat_forecast.sources chat_forecast.cli.pipeline fsspec scipy altair"),
        ("status", "dagster mlflow sqlalchemy scipy"),
    ],
)
def test_a_command_waits_for_no_other_s_libraries(home, words, others):
    code = (
        "import sys, chat_forecast.cli as c\n"
        f"try: c.main({words.split()}, standalone_mode=False)\n"
        "except SystemExit: pass\n"
        f"print([name for name in {others.split()} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_commands_that_run_nothing_do_not_wait_for_heavy_libraries():
    heavy = "('dagster', 'mlflow', 'prophet', 'telethon', 'matplotlib', 'altair', 'apprise', 'sklearn', 'scipy')"
    code = f"import sys, chat_forecast.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_backfill_without_training_stores_all_but_models(home, days):
    (home / "chats.toml").write_text(
        f'[chats.demo]\nsource = "simulated"\ntimezone = "{days["zone"]}"\nfirst_day = {days["first"]}\n'
    )
    done = CliRunner().invoke(main, ["backfill", "demo", "--from", days["long_before"], "--no-training"])
    assert done.exit_code == 0, done.output
    stored = {folder.name: len(list(folder.glob("*.parquet"))) for folder in (home / "demo").iterdir() if folder.is_dir()}
    assert stored == dict.fromkeys(
        ["raw_messages", "merged_history", "hourly_series", "next_day_forecast", "daily_score"], 3
    )
    assert "same_hour" in " ".join(done.output.split())

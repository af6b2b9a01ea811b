"""What pruning deletes, and what is as it was afterwards."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from chat_forecast.app.pruning import PruningError, find_prunable, prune
from chat_forecast.app.runs import opened
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS, asset_keys
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment

CHAT = Chat(slug="my-chat", source="simulated", timezone="UTC", first_day=datetime(2026, 1, 1, tzinfo=UTC).date())
FIRST = LocalDay(CHAT.first_day, CHAT.timezone)
NIGHTS = 2
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = (NOW - timedelta(days=60)).timestamp()
PLACES = ("CHAT_FORECAST_HOME", "DAGSTER_HOME", "MLFLOW_TRACKING_URI")
PICTURE = "![hours](data:image/png;base64,iVBORw0KGgo=)"


MADE = """
from chat_forecast.app.runs import opened
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS
place = Workplace()
chat = place.chats[0]
first = LocalDay(chat.first_day, chat.timezone)
with opened(place.home, place.chats) as runner:
    runner.materialise(chat, ALL_ASSETS, first, first.plus(2))
    for night in range(3, 3 + {nights}):
        runner.materialise(chat, DAY_ASSETS, first.plus(night), first.plus(night))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a few nights of a chat."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "chats.toml").write_text(
        f'[chats.{CHAT.slug}]\nsource = "simulated"\ntimezone = "{CHAT.timezone}"\nfirst_day = {CHAT.first_day}\n'
    )
    environment = {name: value for name, value in os.environ.items() if name not in PLACES}
    code, environment = MADE.format(nights=NIGHTS), {**environment, "CHAT_FORECAST_HOME": str(folder)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=300)
    return folder


@pytest.fixture
def home(made, tmp_path, monkeypatch):
    """The same, in a place of its own, with files that are sixty days old."""
    for name in PLACES:
        monkeypatch.setenv(name, "")  # so that what is set below is taken back
        monkeypatch.delenv(name)
    shutil.copytree(made, tmp_path / "home")
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path / "home")})
    apply_environment(home)
    for path in home.root.rglob("*"):
        os.utime(path, (OLD, OLD))
    return home


def seen(instance):
    """What the UI shows of the chat: partitions, the newest metadata of each asset, a check of every day."""
    assets = asset_keys(CHAT, ALL_ASSETS)
    newest = {key: instance.get_latest_materialization_event(key) for key in assets}
    check = dg.AssetCheckKey(dg.AssetKey([CHAT.slug, "hourly_series"]), "day_read")
    checked = instance.event_log_storage.get_asset_check_execution_history(check, limit=100)
    return (
        {key: sorted(instance.get_materialized_partitions(key)) for key in assets},
        {key: event.asset_materialization.metadata for key, event in newest.items() if event},
        [(record.partition, record.status, record.run_id) for record in checked],
        len(instance.get_runs()),
    )


def test_traces_of_old_runs_go_and_what_is_shown_of_assets_stays(home):
    with dg.DagsterInstance.get() as instance:
        before, found = seen(instance), find_prunable(home, instance, NOW)
        assert found.runs == NIGHTS + 1
        events = home.dagster_home / "history" / "runs"
        assert prune(home, found) >= found.size > 400_000
        assert [path.name for path in events.glob("*.db")] == ["index.db"]
        assert seen(instance) == before
        assert find_prunable(home, instance, NOW).files == ()
    assert list(home.mlflow_artifacts.rglob("*.png")) == []
    assert list(home.mlflow_artifacts.rglob("MLmodel"))
    with opened(home, [CHAT]) as runner:
        night = FIRST.plus(3 + NIGHTS)
        runner.materialise(CHAT, DAY_ASSETS, night, night)
        assert runner.storage(CHAT).has("daily_score", night)


def test_what_is_young_or_not_finished_stays(home):
    with dg.DagsterInstance.get() as instance:
        assert find_prunable(home, instance, NOW, keep_days=61).files == ()
        first, *others = instance.get_runs()
        with closing(sqlite3.connect(home.dagster_home / "history" / "runs.db")) as connection, connection:
            connection.execute("UPDATE runs SET status = 'STARTED' WHERE run_id = ?", (first.run_id,))
        found = find_prunable(home, instance, NOW)
    assert found.runs == len(others)
    assert not any(first.run_id in path.name for path in found.files)


def test_tables_and_pictures_go_out_of_old_metadata_but_not_out_of_the_newest(home):
    index = home.dagster_home / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(index)) as connection, connection:
        connection.execute("UPDATE event_logs SET timestamp = '2026-03-01 00:00:00'")
        query = "SELECT event FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND partition = ? LIMIT 1"
        (event,) = connection.execute(query, (FIRST.key,)).fetchone()
        pictured = event.replace('"label": "stored file"', f'"label": "stored file {PICTURE}"')
        assert pictured != event
        connection.execute("UPDATE event_logs SET event = ? WHERE event = ?", (pictured, event))
    with dg.DagsterInstance.get() as instance:
        before = seen(instance)
        prune(home, find_prunable(home, instance, NOW))
        assert seen(instance) == before
    with closing(sqlite3.connect(index)) as connection:
        events = connection.execute("SELECT dagster_event_type, partition, event FROM event_logs").fetchall()
    with_tables = {day for kind, day, event in events if kind == "ASSET_MATERIALIZATION" and "TableMetadataEntry" in event}
    assert with_tables == {FIRST.plus(2).key, FIRST.plus(2 + NIGHTS).key}  # of the model, and of all others
    assert not any("base64" in event for *_, event in events)
    assert not any(kind.endswith("PLANNED") for kind, *_ in events)


def test_a_file_that_cannot_be_deleted_is_named(home, monkeypatch):
    with dg.DagsterInstance.get() as instance:
        found = find_prunable(home, instance, NOW)

    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refuse)
        with pytest.raises(PruningError, match=r"\.db: Permission denied\. See that it can"):
            prune(home, found)


def test_a_damaged_index_is_named_and_left_as_it_is(home):
    index = home.dagster_home / "history" / "runs" / "index.db"
    with dg.DagsterInstance.get() as instance:
        found = find_prunable(home, instance, NOW)
    damaged = b"not a database" * 1000
    index.write_bytes(damaged)
    with pytest.raises(PruningError, match=r"index\.db is damaged .* Restore it from a backup"):
        prune(home, found)
    assert index.read_bytes() == damaged

"""What pruning deletes, and what is as it was afterwards."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from chat_forecast.app.pruning import PruningError, find_prunable, prune
from chat_forecast.app.runs import opened
from chat_forecast.cli.base import Workplace
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.pipeline.runs import ALL_ASSETS, DAY_ASSETS, asset_keys
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home, apply_environment
from chat_forecast.tracking.artifact_journal import journal_path, record_artifacts
from chat_forecast_tests import forked
from chat_forecast_tests.app.many_nights import add_nights
from chat_forecast_tests.at_home import PLACES, at_home, command
from chat_forecast_tests.served import open_to_others

CHAT = Chat(slug="my-chat", source="simulated", timezone="UTC", first_day=datetime(2025, 1, 1, tzinfo=UTC).date())
FIRST = LocalDay(CHAT.first_day, CHAT.timezone)
NIGHTS = 2
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = (NOW - timedelta(days=60)).timestamp()
MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION
PICTURE = "![hours](data:image/png;base64,iVBORw0KGgo=)"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a few nights of a chat."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "chats.toml").write_text(
        f'[chats.{CHAT.slug}]\nsource = "simulated"\ntimezone = "{CHAT.timezone}"\nfirst_day = {CHAT.first_day}\n'
    )
    (folder / "chats.toml").chmod(0o600)
    before = os.umask(0o022)
    with at_home(folder):
        place = Workplace()
        with opened(place.home, [CHAT]) as runner:
            runner.materialise(CHAT, ALL_ASSETS, FIRST, FIRST.plus(2))
            for night in range(3, 3 + NIGHTS):
                runner.materialise(CHAT, DAY_ASSETS, FIRST.plus(night), FIRST.plus(night))
    os.umask(before)
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


@pytest.fixture
def runner(home):
    with opened(home, [CHAT]) as runner:
        yield runner


def pruned(home, runner, found=None):
    return prune(home, runner.resources.tracking, found or find_prunable(home, runner, NOW))


def seen(instance):
    """What the UI shows of the chat: partitions, every day's metadata, tags and checks, the newest of each asset, runs."""
    assets = asset_keys(CHAT, ALL_ASSETS)
    newest = {key: instance.get_latest_materialization_event(key) for key in assets}
    checks = [
        dg.AssetCheckKey(dg.AssetKey([CHAT.slug, asset]), name)
        for asset, name in (("hourly_series", "day_read"), ("next_day_forecast", "forecast_sane"))
    ]
    log = instance.event_log_storage
    found = log.get_latest_asset_check_execution_by_key(checks)
    return {
        "partitions": {key: sorted(instance.get_materialized_partitions(key)) for key in assets},
        "statuses": {key: log.get_latest_storage_id_by_partition(key, MATERIALIZATION) for key in assets},
        "newest": {key: event.asset_materialization for key, event in newest.items() if event},
        "days": [day_shown(record) for key in assets for record in instance.fetch_materializations(key, limit=1000).records],
        "checks": [check_shown(each) for key in checks for each in log.get_asset_check_execution_history(key, limit=1000)],
        "checked days": sorted(map(str, log.get_asset_check_partition_info(checks))),
        "newest checks": {key: check_shown(record) for key, record in found.items()},
        "runs": [(run.run_id, run.status, run.tags) for run in instance.get_runs()],
    }


def day_shown(record):
    made = record.asset_materialization
    metadata = {name: value for name, value in made.metadata.items() if not isinstance(value, dg.TableMetadataValue)}
    return (
        record.storage_id,
        record.run_id,
        record.timestamp,
        made.partition,
        metadata,
        made.tags,
        record.event_log_entry.message,
    )


def check_shown(record):
    """What a page about the check shows."""
    event = record.event
    place = (record.id, record.run_id, record.status, record.partition, event.timestamp, event.step_key)
    return *place, event.dagster_event.event_specific_data


def test_what_runs_make_is_their_owner_s_alone(made):
    assert open_to_others(made) == []


def test_traces_of_old_runs_go_and_what_is_shown_of_assets_stays(home, runner):
    before, found = seen(runner.instance), find_prunable(home, runner, NOW)
    assert found.runs == NIGHTS + 1
    events = home.dagster_home / "history" / "runs"
    size = found.size
    assert pruned(home, runner, found) >= size > 300_000
    assert [path.name for path in events.glob("*.db")] == ["index.db"]
    assert list((home.dagster_home / "storage").glob("*")) == []
    assert seen(runner.instance) == before
    assert find_prunable(home, runner, NOW).files == ()
    assert list(home.mlflow_artifacts.rglob("*.png")) == []
    assert list(home.mlflow_artifacts.rglob("MLmodel"))
    night = FIRST.plus(3 + NIGHTS)
    runner.materialise(CHAT, DAY_ASSETS, night, night)
    assert runner.storage(CHAT).has("daily_score", night)


def test_what_is_young_or_not_finished_stays(home, runner):
    assert find_prunable(home, runner, NOW, keep_days=61).files == ()
    first, *others = runner.instance.get_runs()
    with closing(sqlite3.connect(home.dagster_home / "history" / "runs.db")) as connection, connection:
        connection.execute("UPDATE runs SET status = 'STARTED' WHERE run_id = ?", (first.run_id,))
    found = find_prunable(home, runner, NOW)
    assert found.runs == len(others)
    assert not any(first.run_id in path.name for path in found.files)


def test_tables_and_pictures_go_out_of_old_metadata_but_not_out_of_the_newest(home, runner):
    index = index_of(home)
    with closing(sqlite3.connect(index)) as connection, connection:
        connection.execute("UPDATE event_logs SET timestamp = '2026-03-01 00:00:00'")
        query = "SELECT event FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND partition = ? LIMIT 1"
        (event,) = connection.execute(query, (FIRST.key,)).fetchone()
        pictured = event.replace('"label": "stored file"', f'"label": "stored file {PICTURE}"')
        assert pictured != event
        connection.execute("UPDATE event_logs SET event = ? WHERE event = ?", (pictured, event))
    before = seen(runner.instance)
    pruned(home, runner)
    after = seen(runner.instance)
    assert before.pop("days") != after.pop("days")  # the picture
    assert after == before
    with closing(sqlite3.connect(index)) as connection:
        events = connection.execute("SELECT dagster_event_type, partition, event FROM event_logs").fetchall()
    with_tables = {day for kind, day, event in events if kind == "ASSET_MATERIALIZATION" and "TableMetadataEntry" in event}
    assert with_tables == {FIRST.plus(2).key, FIRST.plus(2 + NIGHTS).key}  # of the model, and of all others
    assert not any("base64" in event for *_, event in events)
    assert not any(kind.endswith("PLANNED") for kind, *_ in events)


@pytest.mark.sweep
def test_400_nights_are_pruned_and_shown_as_before(home, runner):
    nights = with_many_nights(home, runner)
    before, size = seen(runner.instance), index_of(home).stat().st_size
    assert len(before["partitions"][dg.AssetKey([CHAT.slug, "daily_score"])]) == nights
    found = find_prunable(home, runner, NOW)
    assert found.runs == nights - 2  # the first three were one run
    pruned(home, runner, found)
    assert seen(runner.instance) == before
    assert index_of(home).stat().st_size < size / 2
    content = index_of(home).read_bytes()
    again = find_prunable(home, runner, NOW)
    assert (again.runs, again.files, again.models) == (0, (), ())
    assert pruned(home, runner, again) == 0
    assert index_of(home).read_bytes() == content
    key = dg.AssetKey([CHAT.slug, "daily_score"])
    runner.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=FIRST.plus(nights).key))
    [last] = runner.instance.fetch_materializations(key, limit=1).records
    assert last.storage_id > max(number for number, *_ in before["days"])


KILLED = """
import os, signal, sys
from datetime import datetime
from chat_forecast.app import pruning
from chat_forecast.app.runs import opened
from chat_forecast.cli.base import Workplace
from chat_forecast.cli.base import Workplace
from chat_forecast.pipeline import index_slimming
calls = 0
def killed(_event=None):
    global calls
    calls += 1
    if calls == 150:
        os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "while deleting":
    sys.addaudithook(lambda event, _: killed() if event == "os.remove" else None)
else:
    slimmed = index_slimming.slimmed
    index_slimming.slimmed = lambda event: killed() or slimmed(event)
place = Workplace()
with opened(place.home, place.chats) as runner:
    found = pruning.find_prunable(place.home, runner, datetime.fromisoformat(sys.argv[2]))
    pruning.prune(place.home, runner.resources.tracking, found)
"""


@pytest.mark.sweep
def test_a_pruning_that_is_killed_loses_nothing_and_the_next_one_finishes_it(home, runner):
    with_many_nights(home, runner, 100)
    before = seen(runner.instance)
    for moment in ("while deleting", "while slimming"):
        ended = forked.run(KILLED, moment, NOW.isoformat())
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert seen(runner.instance) == before
    pruned(home, runner)
    assert seen(runner.instance) == before
    assert find_prunable(home, runner, NOW).files == ()
    assert list((home.dagster_home / "storage").glob("*")) == []


def test_files_of_runs_that_were_never_written_go(home, runner):
    run = "a" * 32
    folder = home.mlflow_artifacts / CHAT.slug / run / "artifacts"
    folder.mkdir(parents=True)
    (folder / "hours.json").write_text("{}")
    record_artifacts(home.mlflow_file, {run: folder.as_uri()})
    pruned(home, runner)
    assert not folder.parent.exists()
    assert not journal_path(home.mlflow_file).exists()


def test_ticks_that_had_nothing_to_do_go(home, runner):
    schedules = home.dagster_home / "schedules" / "schedules.db"
    with closing(sqlite3.connect(schedules)) as connection, connection:
        add = "INSERT INTO job_ticks (job_origin_id, status, type, timestamp, tick_body) VALUES ('a', ?, 'SENSOR', ?, '{}')"
        old, young = (f"{NOW - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}" for hours in (3, 0.5))
        connection.executemany(add, [("SKIPPED", old), ("SKIPPED", young), ("SUCCESS", old), ("FAILURE", old)])
    pruned(home, runner)
    with closing(sqlite3.connect(schedules)) as connection:
        left = connection.execute("SELECT status, timestamp FROM job_ticks").fetchall()
    assert left == [("SKIPPED", young), ("SUCCESS", old), ("FAILURE", old)]


def test_a_file_that_cannot_be_deleted_is_named(home, runner, monkeypatch):
    found = find_prunable(home, runner, NOW)

    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", refuse)
        with pytest.raises(PruningError, match=r"\.db: Permission denied\. See that it can"):
            pruned(home, runner, found)


def test_a_damaged_index_is_named_and_left_as_it_is(home):
    with opened(home, [CHAT]) as runner:
        found = find_prunable(home, runner, NOW)
    damaged = b"not a database" * 1000
    for beside in index_of(home).parent.glob("index.db-*"):
        beside.unlink()  # from a log of what was written, SQLite would put the file right
    index_of(home).write_bytes(damaged)
    with pytest.raises(PruningError, match=r"index\.db is damaged .* move index\.db away"):
        pruned(home, runner, found)
    assert index_of(home).read_bytes() == damaged


@pytest.mark.parametrize("damage", ["substr(event, 1, 300) || char(7)", "CAST(x'7bff' || event AS TEXT)"])
def test_an_event_that_cannot_be_read_stays_and_all_others_are_slimmed(home, runner, damage):
    sizes = "SELECT id, length(CAST(event AS BLOB)) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
    fat = """ '"logging_tags"' """
    with closing(sqlite3.connect(index_of(home))) as connection, connection:
        connection.execute("UPDATE event_logs SET timestamp = '2026-03-01 00:00:00'")
        damaged = min(dict(connection.execute(sizes)))
        change = f"UPDATE event_logs SET event = {damage} || {fat} WHERE id = ?"  # noqa: S608 - one of two
        connection.execute(change, (damaged,))
        before = dict(connection.execute(sizes))
    pruned(home, runner)
    with closing(sqlite3.connect(index_of(home))) as connection:
        after = dict(connection.execute(sizes))
    assert after[damaged] == before[damaged]
    assert sum(after[number] == size for number, size in before.items()) == 1 + len(ALL_ASSETS)  # the newest of each


def test_what_disappears_while_it_is_looked_at_is_no_fault(home, runner, monkeypatch):
    looked = os.scandir

    def scandir(folder="."):
        if str(folder).endswith("/artifacts"):
            shutil.rmtree(folder)  # as if another process was quicker
        return looked(folder)

    (home.mlflow_artifacts / CHAT.slug / ("a" * 32) / "artifacts").mkdir(parents=True)
    monkeypatch.setattr(os, "scandir", scandir)
    found = find_prunable(home, runner, NOW)
    monkeypatch.undo()
    assert found.runs == NIGHTS + 1
    for file in found.files:
        file.unlink()
    assert found.size == 0


def test_a_copy_of_the_index_that_somebody_keeps_beside_it_stays(home, runner):
    copy = shutil.copy(index_of(home), index_of(home).with_name("index-of-may.db"))
    os.utime(copy, (OLD, OLD))
    pruned(home, runner)
    assert copy.exists()


def test_a_folder_of_a_run_that_a_killed_pruning_left_empty_goes(home, runner):
    pruned(home, runner)
    folder = home.dagster_home / "storage" / "00000000-0000-0000-0000-000000000001" / "compute_logs"
    folder.mkdir(parents=True)
    os.utime(folder.parent, (OLD, OLD))
    pruned(home, runner)
    assert not folder.parent.exists()
    assert find_prunable(home, runner, NOW).runs == 0


@pytest.mark.parametrize(("days", "code"), [(36_500, 0), (1_000_000, 2), (10**30, 2)])
def test_more_days_than_there_are_dates_are_refused(home, days, code):
    done = command(home.root, "prune", "--dry-run", "--keep-days", days)
    assert done.exit_code == code
    assert "36500" in done.output.replace(",", "")


def index_of(home):
    return home.dagster_home / "history" / "runs" / "index.db"


def with_many_nights(home, runner, nights=400):
    """Make the chat's nights many, all of them old; returns how many there are."""
    newest = max(runner.instance.get_runs(), key=lambda run: run.tags["dagster/asset_partition_range_end"])
    add_nights(home.dagster_home, newest, FIRST.plus(2 + NIGHTS), nights - NIGHTS - 3)
    for path in home.dagster_home.rglob("*"):
        os.utime(path, (OLD, OLD))
    return nights
